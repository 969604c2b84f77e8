"""The claims against what the suite has: every series is tracked, every relation makes sense."""

from __future__ import annotations

import re

import costs
import pytest
import synthetic

from ftbench.analysis.claims.data import (
    ARTICLE,
    Claim,
    Series,
    article,
    article_claims,
    claims,
    sources,
)
from ftbench.analysis.claims.rule import UNITS, Relation
from ftbench.analysis.price import GUARDED

COUNTS = {
    Relation.RATIO: (1, 2),
    Relation.AT_LEAST: (1, 2),
    Relation.AT_MOST: (1, 2),
    Relation.ASCENDING: range(2, 9),
    Relation.ALIKE: range(2, 9),
}
TESTED = [claim for claim in claims() if claim.of]
BENCHMARKS = synthetic.benchmarks()


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
