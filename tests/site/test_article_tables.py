"""The article's three tables on Choose: its numbers, ours, and the words for what there is none."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest
import synthetic
from fake_figures import rekeyed
from synthetic import Plan

from ftbench.analysis.claims.judge import AsvFigures
from ftbench.analysis.claims.rule import TIMES
from ftbench.analysis.claims.tables import ArticleTable, benchmarks, tables
from ftbench.report.choice import choice_of
from ftbench.results import ResultTree, State, read_results
from ftbench.results.selection import picks
from ftbench.site.choose import article_tables_of, write_choose

NAMES = ("overhead", "memory", "shared_set")


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> ResultTree:
    folder = tmp_path_factory.mktemp("article")
    memory = tuple(f"Footprint.track_{kind}" for kind in ("pss", "rss", "uss"))
    only = (*memory, "e.track_round", "Set.track_op", "Set.track_lock_wait")
    synthetic.write_tree(folder, Plan(releases=("3.14.2",)), only=only)
    return read_results(folder)


def shown(tree: ResultTree) -> tuple[ArticleTable, ...]:
    """Return the tables that the page has."""
    (pick,) = picks(tree)
    return article_tables_of(choice_of(pick, tree), tree)


@pytest.fixture(scope="module")
def page(tree: ResultTree, tmp_path_factory: pytest.TempPathFactory) -> str:
    """Return the article's section of the page."""
    text = article_page(tree, tmp_path_factory.mktemp("html")).read_text(encoding="utf-8")
    return text[text.index('<section class="scenario article"') :].partition("</section>")[0]


def article_page(tree: ResultTree, html: Path) -> Path:
    return next(each for each in write_choose(tree, html) if each.name == "article.html")


def filled(tree: ResultTree) -> Mapping[str, ArticleTable]:
    reading = AsvFigures.of(
        tree.figures, release=tree.sources[0].release, sources=tree.sources, machine=None
    )
    return {table.spec.name: table for table in tables(reading)}


def test_the_three_tables_have_the_articles_rows_and_numbers(tree: ResultTree, page: str) -> None:
    assert [table.spec.name for table in shown(tree)] == [*NAMES]
    assert re.findall(r'<h3 id="article-(\w+)"', page) == [*NAMES]
    overhead = page.partition("</table>")[0]
    assert re.findall(r'<th scope="row">([^<]*)', overhead) == [
        "threads",
        "processes, fork",
        "processes, forkserver",
        "processes, spawn",
    ]
    numbers = re.findall(r'<td class="first base">([^<]*)', overhead)
    assert numbers[::4] == ["1.832", "3.121", "4.474", "32.851"]
    assert numbers[5] == f"1.70{TIMES}"
    assert set(numbers[2::4]) == {"\N{EN DASH}"}


def test_our_figures_stand_beside_them_and_lead_to_their_series(page: str) -> None:
    ours = re.findall(r'<td class="first base">[^<]*</td><td>(.*?)</td>', page)
    # But for the shared set by fork and forkserver, for which spawned processes stand.
    assert len(ours) == page.count('<td class="first base">') - 2 * 3
    for cell in ours:
        assert cell.startswith('<a href="../../releases/') is (TIMES not in cell)


def test_the_articles_rounds_stand_beside_rounds_with_its_task(tree: ResultTree) -> None:
    round_, relative, empty, tax = filled(tree)["overhead"].cells["fork"]
    assert round_.figure is not None
    assert empty.figure is not None
    assert (round_.figure.params["task"], empty.figure.params["task"]) == ("article", "empty")
    assert relative.here.value is not None
    assert tax.here.value is not None
    assert tax.here.value > relative.here.value


def test_a_rate_is_one_over_a_cost_and_threads_are_the_base(tree: ResultTree) -> None:
    shared = filled(tree)["shared_set"].cells
    threads, (ops, slower, _) = shared["threads"], shared["spawn"]
    base = threads[0].here.value
    assert ops.figure is not None
    assert ops.figure.median is not None
    assert ops.here.value == pytest.approx(1 / ops.figure.median)
    assert base is not None
    assert slower.here.value == pytest.approx(base * ops.figure.median)
    assert threads[1].here.value == 1.0
    assert threads[1].here.spread is None


def test_what_failed_or_is_of_another_run_has_its_word(tree: ResultTree) -> None:
    def spoilt(mode: str, **fields: object) -> ResultTree:
        figures = tuple(
            rekeyed(each, **fields)
            if each.params.get("mode") == mode and each.arm.name == "gil"
            else each
            for each in tree.figures
        )
        return replace(tree, figures=figures)

    failed = spoilt("processes-fork", state=State.FAILED, median=None, reason="it broke")
    assert {place.here.word for place in filled(failed)["memory"].cells["fork"]} == {"failed"}
    other = spoilt("processes-fork", runs=frozenset({"another"}))
    assert filled(other)["overhead"].cells["fork"][1].here.word == "no run in common"


def test_a_table_of_which_nothing_was_measured_is_left_out(tree: ResultTree) -> None:
    memory = tuple(each for each in tree.figures if each.benchmark.startswith("footprint"))
    assert [table.spec.name for table in shown(replace(tree, figures=memory))] == ["memory"]
    assert shown(replace(tree, figures=())) == ()


def test_only_a_few_benchmarks_are_looked_at(tree: ResultTree) -> None:
    assert {each.benchmark for each in tree.figures} == benchmarks()


def test_choose_leads_to_it_also_from_where_it_used_to_be(tree: ResultTree, tmp_path: Path) -> None:
    path = article_page(tree, tmp_path)
    first = (tmp_path / "choose.html").read_text(encoding="utf-8")
    assert f'<div id="article"><a href="{path.relative_to(tmp_path)}">' in first
    assert "1.832" in path.read_text(encoding="utf-8")
