"""The claims against what the suite has: every series is tracked, every relation makes sense."""

from __future__ import annotations

import re
import tomllib
from collections import Counter
from collections.abc import Mapping
from importlib import resources
from typing import Any

import costs
import pytest
import synthetic

from ftbench.analysis.claims.data import (
    ARTICLE,
    SYSTEMS,
    Claim,
    Series,
    article,
    article_claims,
    claims,
    edges,
    sources,
)
from ftbench.analysis.claims.rule import UNITS, Relation
from ftbench.analysis.price import GUARDED
from ftbench.releases import Release

COUNTS = {
    Relation.RATIO: (1, 2),
    Relation.AT_LEAST: (1, 2),
    Relation.AT_MOST: (1, 2),
    Relation.ASCENDING: range(2, 9),
    Relation.ALIKE: range(2, 9),
}
TESTED = [claim for claim in claims() if claim.of]
BENCHMARKS = synthetic.benchmarks()
FILES = resources.files("ftbench.analysis.claims")


def titled(claim: Claim) -> str:
    return f"{claim.source}: {claim.quote} {claim.means}"


@pytest.mark.parametrize("claim", TESTED, ids=titled)
def test_a_claim_in_our_words_names_the_start_methods_that_it_measures(claim: Claim) -> None:
    said = re.findall(r"\b(?:fork|forkserver|spawn)\b", f"{claim.topic} {claim.means}")
    measured = {series.params.get("mode") for series in claim.of}
    assert {f"processes-{each}" for each in said} <= measured


def test_every_source_claims_something_and_every_claim_has_its_source() -> None:
    assert sources()[0].name == ARTICLE
    assert {source.name for source in sources()} == {claim.source for claim in claims()}
    assert len({titled(claim) for claim in claims()}) == len(claims())


def test_every_claim_of_the_articles_tables_is_here() -> None:
    quotes = {claim.quote for claim in claims() if claim.source == ARTICLE}
    assert {claim.quote for claim in article_claims()} <= quotes


@pytest.mark.parametrize("claim", TESTED, ids=titled)
def test_a_claim_names_series_that_are_tracked(claim: Claim) -> None:
    for series in claim.of:
        group = series.benchmark.rpartition(".")[0]
        assert series.benchmark in BENCHMARKS
        ladders = {name: list(map(str, values)) for name, values in costs.ladders()[group].items()}
        assert {*series.params} == set(ladders)
        assert [name for name, value in series.params.items() if value not in ladders[name]] == []


@pytest.mark.parametrize("claim", TESTED, ids=titled)
def test_a_relation_has_the_figures_and_the_edge_that_it_needs(claim: Claim) -> None:
    assert claim.relation is not None
    assert len(claim.of) in COUNTS[claim.relation]
    assert len(claim.names) == len(set(claim.names)) == len(claim.of)
    assert (claim.claimed is None) is (claim.relation is Relation.ASCENDING)
    assert claim.unit in UNITS
    assert claim.untested == ""


MEASURED = [claim for claim in claims() if claim.measure]


@pytest.mark.parametrize("claim", MEASURED, ids=titled)
def test_a_claim_about_one_thread_names_a_measure_and_what_it_must_be(claim: Claim) -> None:
    measure = GUARDED[claim.measure]
    assert measure.benchmark in BENCHMARKS
    assert not claim.of
    assert not claim.names
    assert claim.ends
    assert claim.relation in {Relation.RATIO, Relation.AT_MOST, Relation.AT_LEAST}
    assert claim.untested == ""
    assert claim.arm in {arm.name for arm in measure.arms}


def test_a_claim_that_cannot_be_tested_says_why() -> None:
    untested = [claim for claim in claims() if not (claim.of or claim.measure)]
    assert len(untested) > 5
    for claim in untested:
        assert claim.untested.endswith(".")


def test_the_articles_figures_are_found_where_the_suite_has_them() -> None:
    assert article().figure("overhead.fork.round").series == Series.parse(
        "gil lifecycle.Lifecycle.track_round mode=processes-fork workers=8 task=empty"
    )
    assert article().figure("rust.python.ops").series is None
    assert article().figure("shared_set.fork.duplicates").series is None


def test_a_rate_of_the_article_is_one_over_a_cost_of_ours() -> None:
    slower = next(claim for claim in claims() if "spawn 21.6" in claim.quote)
    assert slower.rate
    assert [series.benchmark for series in slower.of] == ["shared_set.SharedSet.track_op"] * 2
    assert not next(claim for claim in claims() if "fork 1.70" in claim.quote).rate


def plain(claim: Claim) -> tuple[object, ...]:
    """What is judged, and by what: not whose words, nor on how many cores."""
    series = [
        (each.arm.name, each.benchmark, *sorted(each.params.items()), each.of) for each in claim.of
    ]
    about = (claim.measure, claim.arm, claim.about) if claim.measure else ()
    return (*about, claim.relation, *claim.ends, *series)


def test_no_two_claims_judge_one_figure_by_one_edge() -> None:
    judged = Counter(map(plain, [*TESTED, *MEASURED]))
    assert [what for what, count in judged.items() if count > 1] == []
    also = [each for claim in claims() for each in claim.also]
    assert also
    assert {each["source"] for each in also} <= {source.name for source in sources()}


RAW = [
    each
    for name in ("article.toml", "claims.toml")
    for each in tomllib.loads((FILES / name).read_text("utf-8"))["claims"]
]
OF_A_LOOP = ", of a loop"


@pytest.mark.parametrize("claim", [each for each in RAW if "edge" in each], ids=str)
def test_the_same_words_have_the_same_edge(claim: Mapping[str, Any]) -> None:
    edge = claim["edge"].removesuffix(OF_A_LOOP)
    for quote in (claim["quote"], *(also["quote"] for also in claim.get("also", ()))):
        said = {
            name
            for name, each in edges().items()
            if any(word in quote for word in each.get("words", ()))
        }
        assert said == {edge}, quote


def test_an_edge_of_a_share_of_a_loop_is_half_of_that_of_a_slow_down() -> None:
    halves = [name for name, edge in edges().items() if "words" not in edge]
    assert halves
    for name in halves:
        edge, whole = edges()[name], edges()[name.removesuffix(OF_A_LOOP)]
        assert (edge["relation"], 2 * edge["claimed"]) == (whole["relation"], whole["claimed"])
    for claim in RAW:
        if "edge" in claim and "grain.Grain.track_relative" in claim.get("of", [""])[0]:
            assert claim["edge"] in halves


def test_words_without_a_number_have_an_edge_of_the_table_and_all_of_it_is_used() -> None:
    own = [each for each in RAW if {"at_least", "at_most", "alike"} & {each.get("relation")}]
    assert [each["quote"] for each in own if not re.search(r"\d", each["quote"])] == []
    assert {each["edge"] for each in RAW if "edge" in each} == {*edges()}


@pytest.mark.parametrize("claim", [*TESTED, *MEASURED], ids=titled)
def test_a_claim_that_names_a_release_or_a_system_is_about_it(claim: Claim) -> None:
    said = f"{claim.quote} {claim.means}"
    assert claim.aside(Release.parse("2.7.18")) or not re.search(r"\b3\.\d\d", said)
    systems = {name for name in SYSTEMS.values() if name in said}
    assert not systems or systems & {*claim.about}


def test_a_number_is_about_what_its_source_measured_it_on_and_words_are_not() -> None:
    measured = {source.name: source.measured for source in sources()}
    assert {each for each in measured if measured[each]} == {"article", "subinterpreters"}
    for claim in TESTED:
        if claim.relation is Relation.RATIO and measured[claim.source]:
            assert len(claim.about) == 2
    assert measured["article"] == next(each.about for each in claims() if "1.70" in each.quote)
    assert next(each for each in claims() if "can actually run in" in each.quote).about == ()
