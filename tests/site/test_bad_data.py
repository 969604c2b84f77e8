"""Whatever lies in result files, all our pages are whole, say what is lacking, and run nothing."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import pytest
import synthetic
from fake_histories import HOSTILE, History
from outline import Outline
from playwright.sync_api import Browser
from synthetic import Plan
from watching import Watched, unfold

from ftbench.results import ResultTree, read_results
from ftbench.site import writer_of
from ftbench.site.menus import TABS

KEPT = ("Lifecycle.track_round", "SharedSet.track_op", "SingleThread.track_kernel")
RELEASES = ("3.13.15", "3.14.1", "3.14.2")
PLAIN = History(processes=2, between=0.01, noise=4)
EVIL_MACHINE = f"evil {HOSTILE}".replace("/", "")
EVIL = Plan(
    machine=EVIL_MACHINE,
    machine_fields=dict.fromkeys(("os", "arch", "cpu", "num_cpu", "ram"), HOSTILE),
    releases=RELEASES,
    flavour=f"build {HOSTILE}".replace("/", ""),
    profile=f"full {HOSTILE}".replace("/", ""),
    run=HOSTILE,
    history=History(
        processes=2,
        between=0.01,
        noise=4,
        text=HOSTILE,
        marked=lambda _group, params, process: params.get("mode") == "threads" and process == 1,
    ),
)


def files(folder: Path, ends: str = ".json") -> list[Path]:
    """Return asv's result files, or what lies beside them, in order."""
    every = folder.glob(f"*/31*{ends}")
    return sorted(each for each in every if ends != ".json" or each.name != "machine.json")


def edit(path: Path, change: Callable[[Any], None]) -> None:
    """Change a JSON document in its place."""
    document = json.loads(path.read_text("utf-8"))
    change(document)
    path.write_text(json.dumps(document), encoding="utf-8")


def name_hostile_benchmarks(folder: Path) -> None:
    """Give asv's list and each result file benchmarks whose values and unit are hostile.

    All but the first have a name that is hostile too.
    """
    group = synthetic.LIFECYCLE
    round_ = f"{group}.track_round"
    names = (f"{group}.track_evil", f"{group}.track_{HOSTILE}", f"{HOSTILE}.Lifecycle.track_round")
    lists: list[Any] = []

    def add_to_list(listed: Any) -> None:
        lists.append(listed[round_]["params"])
        _, start_method, _, *others = listed[round_]["param_names"]
        names_of_params = [HOSTILE, start_method, f"workers {HOSTILE}", *others]
        odd = {"param_names": names_of_params, "unit": HOSTILE}
        params = [*lists[0][:2], [repr(HOSTILE), *lists[0][2][1:]], *lists[0][3:]]
        for name in names:
            listed[name] = {**listed[round_], **odd, "name": name, "params": params}

    def add_to_results(document: Any) -> None:
        row = list(document["results"][round_])
        row[1] = [*row[1][:2], [repr(HOSTILE), *row[1][2][1:]], *row[1][3:]]
        document["results"] |= dict.fromkeys(names, row)

    edit(folder / "benchmarks.json", add_to_list)
    for path in files(folder):
        edit(path, add_to_results)


def written(folder: Path, html: Path) -> tuple[ResultTree, list[Path]]:
    """Write all pages of a results folder; return its results and the pages."""
    html.mkdir(exist_ok=True)
    tree = read_results(folder)
    pages = (path for tab in TABS for path in writer_of(tab.name)(tree, html))
    return tree, [path for path in pages if path.suffix == ".html"]


def faults(pages: Iterable[Path]) -> dict[str, list[str]]:
    """Return what is wrong with pages, a page's own scripts apart, which are files of the site."""
    found = {}
    for path in pages:
        outline = Outline(path)
        sources = re.findall(r"<script([^>]*)>([^<]*)</script>", outline.source)
        own = [not text and 'src="' in attributes for attributes, text in sources]
        wrong = [each for each in outline.faults(path) if each != "tag script" or not all(own)]
        if wrong or "{{" in outline.source.replace(HOSTILE, "").replace("{{7*7}}", ""):
            found[path.name] = wrong
    return found


@pytest.fixture(scope="module")
def evil(tmp_path_factory: pytest.TempPathFactory) -> tuple[ResultTree, list[Path]]:
    """Return the pages of results in which every text is hostile, with sound ones beside them."""
    folder = tmp_path_factory.mktemp("evil")
    synthetic.write_tree(folder, EVIL, Plan(releases=RELEASES, history=PLAIN), only=KEPT)
    name_hostile_benchmarks(folder)
    return written(folder, tmp_path_factory.mktemp("html"))


def test_hostile_texts_are_read_and_shown_as_texts(evil: tuple[ResultTree, list[Path]]) -> None:
    tree, pages = evil
    (warning,) = tree.warnings
    assert warning.path.name == "benchmarks.json"
    assert f"{HOSTILE}.Lifecycle.track_round, " in str(warning)
    assert f"track_{HOSTILE} cannot be read" in str(warning)
    assert {figure.machine for figure in tree.figures} == {EVIL_MACHINE, "quiet-vm"}
    evils = [each for each in tree.figures if each.benchmark.endswith(".track_evil")]
    assert any(HOSTILE in each.params for each in evils)
    assert any("<img src=x" in value for each in evils for value in each.params.values())
    assert {tab.file for tab in TABS} <= {path.name for path in pages}
    assert faults(pages) == {}
    assert any("<img src=x onerror=alert(1)>" in Outline(path).text for path in pages)
    assert not any("<img src=x" in path.read_text(encoding="utf-8") for path in pages)


def test_hostile_texts_run_nothing_in_a_browser(
    browser: Browser, evil: tuple[ResultTree, list[Path]]
) -> None:
    _, pages = evil
    context = browser.new_context()
    for path in pages:
        page = context.new_page()
        one = Watched(page, pages[0].parent.as_uri())
        page.goto(path.as_uri())
        unfold(page)
        page.wait_for_load_state("networkidle")
        assert page.locator("h1").count() == 1, path.name
        assert page.locator("img").count() == 0, path.name
        assert one.faults == [], path.name
        page.close()
    context.close()


def damage_files(folder: Path) -> list[str]:
    """Damage one file of each kind; return the names that pages must say."""
    result, schema, *_ = files(folder)
    records, noise = files(folder, ".records.jsonl")[3], files(folder, ".noise.jsonl")
    result.write_bytes(result.read_bytes()[:-100])
    edit(schema, lambda document: document.update(version=99))
    records.write_text('{"kind": "schema", "name": "of a later year"}\n', encoding="utf-8")
    noise[0].write_bytes(noise[0].read_bytes()[:-20])
    noise[1].write_text('{"kind": "schema", "name": "ftbench.noise", "version": 9}\n', "utf-8")
    other = folder / "other-vm" / "machine.json"
    edit(other, lambda machine: machine.pop("cpu"))
    duel = result.with_name("3.13.5-ft_3.14.2-ft.duel.jsonl")
    duel.write_text('{"kind": "schema", "name": "ftbench.noise", "version": 1}\n', "utf-8")
    return [path.name for path in (result, schema, records, *noise[:2], other, duel)]


def test_what_is_damaged_is_named_on_every_page_and_the_rest_is_shown(tmp_path: Path) -> None:
    folder = tmp_path / "tree"
    plans = [Plan(machine=name, releases=RELEASES, history=PLAIN) for name in ("a-vm", "other-vm")]
    synthetic.write_tree(folder, *plans, only=KEPT)
    names = damage_files(folder)
    tree, pages = written(folder, tmp_path / "html")
    assert sorted({warning.path.name for warning in tree.warnings}) == sorted(set(names))
    assert faults(pages) == {}
    for tab in TABS:
        text = Outline(tmp_path / "html" / tab.file).words
        assert [name for name in names if name not in text] == [], tab.name
        assert "3.14.2" in text


def twist(cells: list[Any], value: object) -> list[Any]:
    """Return cells of which every second is `value`, those without a number apart."""
    return [value if number % 2 and cell else cell for number, cell in enumerate(cells)]


ODD: Mapping[str, tuple[str, object]] = {
    "values are not finite": ("result", math.inf),
    "values are no numbers": ("result", math.nan),
    "values are zero": ("result", 0.0),
    "values are negative": ("result", -1.0),
    "values are tiny": ("result", 5e-324),
    "values are huge": ("result", 1.7e308),
    "values are whole and beyond all": ("result", 10**400),
    "samples are no numbers": ("samples", [math.nan, math.nan, math.inf]),
    "samples are zero": ("samples", [0.0] * 24),
    "samples are negative": ("samples", [-1.0] * 24),
    "samples are beyond all": ("samples", [10**400] * 24),
    "samples are one": ("samples", [1.0]),
    "samples are none": ("samples", []),
    "ends are no numbers": ("stats_ci_99_a", math.nan),
    "ends are infinite": ("stats_ci_99_b", math.inf),
    "ends are below zero": ("stats_ci_99_a", -1e30),
    "ends are beyond all": ("stats_ci_99_b", 10**400),
}


@pytest.mark.parametrize(("column", "value"), ODD.values(), ids=ODD)
@pytest.mark.filterwarnings("error")
def test_odd_numbers_break_no_page(tmp_path: Path, column: str, value: object) -> None:
    folder = tmp_path / "tree"
    plan = Plan(releases=("3.14.1", "3.14.2"), history=PLAIN)
    synthetic.write_tree(folder, plan, only=("Lifecycle.track_round", "SingleThread.track_kernel"))
    for path in files(folder)[-3:]:
        document = json.loads(path.read_text("utf-8"))
        place = document["result_columns"].index(column)
        for row in document["results"].values():
            row[place] = twist(row[place], value)
        path.write_text(json.dumps(document), encoding="utf-8")
    tree, pages = written(folder, tmp_path / "html")
    assert faults(pages) == {}
    said = {}
    for path in pages:
        words = Outline(path).words
        for warning in tree.warnings:  # they quote what they refuse
            words = words.replace(warning.why, "")
        said[path.name] = re.findall(r".{12}(?<![\w-])-?(?:nan|inf)(?![\w-])", words)
    assert {name: words for name, words in said.items() if words} == {}


def odd_records(cell: dict[str, Any]) -> list[dict[str, Any]]:
    """Return records that lack fields, or have them in another shape."""
    return [
        {**cell, "started_at": "yesterday", "load": "high", "gil": "on", "invariants": [1]},
        {**cell, "samples": {"round": -3}, "effort": [1], "interference": "some"},
        {**cell, "samples": 5, "effort": {"cpu_seconds": "x"}, "interference": {"marked": "no"}},
        {**cell, "build": 7, "machine": None, "run": {"a": 1}, "order": "last"},
        {"kind": "cell", "group": 5, "params": 7},
        {"kind": "failure", "group": cell["group"], "params": cell["params"]},
        {"kind": "what", "group": cell["group"], "params": cell["params"]},
    ]


def test_odd_records_break_no_page(tmp_path: Path) -> None:
    folder = tmp_path / "tree"
    synthetic.write_tree(folder, Plan(releases=RELEASES, history=PLAIN), only=KEPT)
    for path in files(folder, ".records.jsonl"):
        lines = path.read_text("utf-8").splitlines()
        cell = next(each for each in map(json.loads, lines) if each["kind"] == "cell")
        more = list(map(json.dumps, odd_records(cell)))
        path.write_text("\n".join([*lines, *more]) + "\n", encoding="utf-8")
    _, pages = written(folder, tmp_path / "html")
    assert faults(pages) == {}


@pytest.mark.parametrize("kind", ["build", "machine"])
def test_provenance_of_another_shape_breaks_no_page(tmp_path: Path, kind: str) -> None:
    folder = tmp_path / "tree"
    synthetic.write_tree(folder, Plan(releases=RELEASES, history=PLAIN), only=KEPT)
    shapes = (7, [1, {"a": 2}], {"a": HOSTILE}, None, HOSTILE, True)
    for path in files(folder, ".records.jsonl"):
        records = list(map(json.loads, path.read_text("utf-8").splitlines()))
        for record in (each for each in records if each["kind"] == kind):
            names = sorted(record.keys() - {"kind", "digest"})
            record.update({name: shapes[number % 6] for number, name in enumerate(names)})
        path.write_text("".join(f"{json.dumps(each)}\n" for each in records), encoding="utf-8")
    _, pages = written(folder, tmp_path / "html")
    assert faults(pages) == {}
