"""article.toml against itself: what it claims is what its own tables say."""

from __future__ import annotations

from dataclasses import replace

import pytest
from fake_measurements import made

from ftbench.analysis.claims.data import Claim, article, article_claims
from ftbench.analysis.claims.quantity import Quantity
from ftbench.analysis.claims.rule import UNITS, ClaimVerdict, Relation
from ftbench.experiments.reproduce.figures import Computed, figures
from ftbench.experiments.reproduce.plan import PARTS
from ftbench.experiments.reproduce.report import JudgedReproduction
from ftbench.statistics.spread import Interval

ARTICLE = article()
CLAIMS = article_claims()
# What the article's tables have no figure for.
NOT_IN_ITS_TABLES = {
    "Goal: isolate startup + teardown overhead",
    "A large fraction of work is waiting to acquire the same OS mutex",
    "Python burns more CPU-seconds per op",
}


def test_every_part_has_a_table_and_every_unit_is_known() -> None:
    assert {table.part for table in ARTICLE.tables} == set(PARTS)
    for table in ARTICLE.tables:
        assert {figure.unit for figure in table.figures} <= set(UNITS)
        assert {row.unit for row in table.rows} <= {*UNITS, None}
        for row in table.rows:
            assert set(row.article) <= {figure.name for figure in table.figures}


def test_every_figure_of_the_article_has_its_two_columns() -> None:
    computed = figures(made())
    for table in ARTICLE.tables:
        for row in table.rows:
            for name in row.article:
                figure = table.at(row.name, name)
                assert figure.printed.value is not None
                assert computed[figure.name].way.value is not None, figure.name
                assert computed[figure.name].corrected.value is not None, figure.name


@pytest.mark.parametrize("claim", CLAIMS, ids=lambda claim: claim.quote)
def test_a_claim_names_figures_that_there_are(claim: Claim) -> None:
    assert claim.table in {table.name for table in ARTICLE.tables}
    assert {figure.name for figure in claim.figures} <= set(figures(made()))
    counts = {
        Relation.RATIO: (2,),
        Relation.AT_LEAST: (1, 2),
        Relation.AT_MOST: (1, 2),
        Relation.ASCENDING: range(2, 9),
        Relation.ALIKE: range(2, 9),
    }
    assert claim.relation is not None
    assert len(claim.figures) in counts[claim.relation]
    assert (claim.claimed is None) is (claim.relation is Relation.ASCENDING)
    assert 1 <= claim.cores <= ARTICLE.cores


def _sure(printed: Quantity) -> Quantity:
    """The same as if two processes had agreed to the last digit."""
    if printed.value is None:
        return printed
    spread = Interval(low=printed.value, high=printed.value)
    return replace(printed, spread=spread, processes=((printed.value,),) * 2)


def test_on_the_articles_own_figures_its_claims_hold() -> None:
    own = {
        name: Computed(corrected=_sure(ARTICLE.figure(name).printed)) for name in figures(made())
    }
    done = made(cores=ARTICLE.cores)
    for judgement in JudgedReproduction(done=done, figures=own).judgements:
        expected = (
            ClaimVerdict.UNMEASURED
            if judgement.claim.quote in NOT_IN_ITS_TABLES
            else ClaimVerdict.HOLDS
        )
        assert judgement.verdict is expected, (judgement.claim.quote, judgement.ratios)


def test_a_ratio_claims_what_the_articles_table_makes_it() -> None:
    ratios = [claim for claim in CLAIMS if claim.relation is Relation.RATIO]
    assert len(ratios) > 10
    for claim in ratios:
        above, below = (each.row.article[each.kind.name] for each in claim.figures)
        assert above / below == pytest.approx(claim.claimed, rel=0.04), claim.quote
