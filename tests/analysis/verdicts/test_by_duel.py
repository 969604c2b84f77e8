"""Duels in the place of two sittings: which stand for what, as a family of their own."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import fake_duels
import pytest
from fake_figures import BUILD, figure, several, tree
from msgspec import structs

from ftbench.analysis import verdicts
from ftbench.analysis.verdicts import JudgedFamily, JudgedSeries
from ftbench.results import Figure
from ftbench.results.duels import Duel
from ftbench.results.records import DuelSide
from ftbench.statistics.verdict import Word

PARAMS = {"mode": "threads", "workers": "0"}
BEFORE, AFTER = "3.14.1", "3.14.2"


def side(release: str, **changes: Any) -> DuelSide:
    return fake_duels.side(release, flavour="source", mode="threads", **changes)


def duel(factor: float, *, number: int = 0, builds: Any = ({}, {}), **changes: Any) -> Duel:
    made = fake_duels.record(
        side(BEFORE), side(AFTER), factor, of=("sharing.Sharing", "op"), **changes
    )
    params = {**PARAMS, "workers": str(number)}
    return fake_duels.duel(structs.replace(made, params=params), machine="m", builds=builds)


def judged(
    before: list[Figure], after: list[Figure], *duels: Duel, **more: Any
) -> tuple[JudgedSeries, ...]:
    return family(before, after, *duels, **more).judgements


def family(before: list[Figure], after: list[Figure], *duels: Duel, **more: Any) -> JudgedFamily:
    known = replace(tree([*before, *after], **more), duels=duels)
    sides = [
        [each for each in known.figures if each.key == side[0].key] for side in (before, after)
    ]
    return verdicts.compare(verdicts.evidence(known), *map(verdicts.side_of, sides))


def one(factor: float, *duels: Duel, **changes: Any) -> JudgedSeries:
    """Return what is said of figures that are as 1 and `factor`."""
    cost = figure(AFTER, 1e-3 * factor, params=PARAMS, **changes)
    (found,) = judged([figure(BEFORE, params=PARAMS)], [cost], *duels)
    return found


@pytest.mark.parametrize(
    ("factor", "word"),
    [(1.1, Word.WORSE), (1.02, Word.WORSE), (1.0, Word.SAME), (0.9, Word.BETTER)],
)
def test_a_duel_stands_in_the_place_of_two_sittings_whatever_these_say(
    factor: float, word: Word
) -> None:
    for sitting in ({}, {"runs": frozenset({"another"})}, {"processes": ((2e-3,),)}):
        found = one(1.5, duel(factor), **sitting)
        verdict = found.verdict
        assert (verdict.word, verdict.pairs, verdict.floor) == (word, 24, None)
        assert verdict.effect is not None
        assert verdict.effect.interval is not None
        assert verdict.effect.value == pytest.approx(factor, rel=0.005)
        assert verdict.effect.interval.low < factor < verdict.effect.interval.high
        before, after = found.locations
        assert before is not None
        assert after is not None
        assert after / before == pytest.approx(factor, rel=0.005)  # of the duel, not of figures


def test_it_says_the_inverse_of_the_sides_exchanged() -> None:
    there = one(1.5, duel(1.1)).verdict
    back = judged([figure(AFTER, params=PARAMS)], [figure(BEFORE, params=PARAMS)], duel(1.1))
    assert (there.word, back[0].verdict.word) == (Word.WORSE, Word.BETTER)


@pytest.mark.parametrize(
    "other",
    [
        {"group": "sharing.Other"},
        {"metric": "cpu"},
        {"params": {**PARAMS, "workers": "1"}},
        {"sides": (side(BEFORE), side("3.14.3"))},
        {"sides": (side(BEFORE), side(AFTER, arm="gil"))},
        {"sides": (side(BEFORE), structs.replace(side(AFTER), flavour="other"))},
        {"sides": (side(BEFORE), structs.replace(side(AFTER), mode="serial"))},
        {"sides": (side(BEFORE), side(BEFORE))},
    ],
    ids=repr,
)
def test_a_duel_of_anything_else_changes_nothing(other: dict[str, Any]) -> None:
    known = duel(1.1)
    changed = fake_duels.duel(structs.replace(known.record, **other), machine="m")
    assert one(1.5, changed) == one(1.5)
    assert one(1.5, fake_duels.duel(known.record)) == one(1.5)  # of another machine


def test_a_duel_of_two_machines_there_is_none() -> None:
    apart = [figure(BEFORE, params=PARAMS), figure(BEFORE, params=PARAMS, machine="n")]
    alike = fake_duels.duel(
        structs.replace(duel(1.1).record, sides=(side(BEFORE), side(BEFORE))), machine="m"
    )
    assert judged(apart[:1], apart[1:], alike) == judged(apart[:1], apart[1:])


@pytest.mark.parametrize("fact", ["compiler", "pgo", "march", "libc", "configure_args"])
def test_a_duel_of_other_builds_changes_nothing_and_the_latest_of_these_stands(fact: str) -> None:
    mine, other = {**BUILD, fact: "this"}, {**BUILD, fact: "another"}
    figures = [figure(BEFORE, params=PARAMS)], [figure(AFTER, 1.5e-3, params=PARAMS)]
    builds = {BEFORE: (mine,), AFTER: (mine,)}
    foreign = [
        duel(1.3, builds=(other, other)),
        duel(1.3, builds=(mine, other)),
        duel(1.3, builds=(other, mine)),
    ]
    plain = judged(*figures, builds=builds)
    assert judged(*figures, *foreign, builds=builds) == plain
    ours = [duel(1.1, builds=(mine, mine)), duel(0.9, builds=(mine, mine)), *foreign]
    (found,) = judged(*figures, *ours, builds=builds)
    assert found.duel == ours[1]
    assert found.judges == "these builds"


def test_builds_that_may_not_be_compared_are_not_compared_by_a_duel_either() -> None:
    plain, quick = BUILD, {**BUILD, "pgo": True}
    figures = [figure(BEFORE, params=PARAMS)], [figure(AFTER, params=PARAMS)]
    builds = {BEFORE: (plain,), AFTER: (quick,)}
    (found,) = judged(*figures, duel(1.3, builds=(plain, quick)), builds=builds)
    assert (found.verdict.word, found.duel) == (Word.INCOMPARABLE, None)


def test_conditions_that_changed_between_two_sittings_are_no_matter_to_a_duel() -> None:
    before = figure(BEFORE, params=PARAMS, machines=({"governor": "powersave"},))
    after = figure(AFTER, params=PARAMS, machines=({"governor": "performance"},))
    assert judged([before], [after])[0].verdict.word is Word.INCOMPARABLE
    (found,) = judged([before], [after], duel(1.1))
    assert (found.verdict.word, dict(found.differences)) == (Word.WORSE, {})


def test_pairs_too_few_for_an_interval_leave_the_place_to_two_sittings() -> None:
    assert one(1.5, duel(1.1, count=8)) == one(1.5)
    assert one(1.5, duel(1.1, count=12)).verdict.pairs == 12


@pytest.mark.parametrize("count", [10, 300])
def test_what_a_duel_decides_stays_so_among_any_number_of_sittings(count: int) -> None:
    doubtful = duel(1.04, count=11, spread=0.01)
    alone = one(1.0, doubtful).verdict
    found = family(several(BEFORE, count=count), several(AFTER, count=count), doubtful)
    assert alone.word is Word.WORSE
    assert found.judgements[0].verdict == alone
    assert 0 < found.by_chance <= count * found.rate


def test_duels_are_a_family_of_which_one_that_stands_alone_must_be_the_surer() -> None:
    spread: Any = {"count": 11, "spread": 0.01}
    doubtful = duel(1.04, **spread)
    quiet = [duel(1.0, number=number, **spread) for number in range(1, 20)]
    worse = [duel(1.2, number=number) for number in range(1, 20)]
    before, after = several(BEFORE), several(AFTER)
    verdict = family(before, after, doubtful, *quiet).judgements[0].verdict
    assert verdict.word is Word.UNDECIDED
    assert "by chance" in verdict.why
    assert family(before, after, doubtful, *worse).judgements[0].verdict.word is Word.WORSE


def test_alarms_of_duels_and_of_sittings_do_not_change_each_other() -> None:
    before, after = several(BEFORE), [*several(AFTER)[:1], *several(AFTER, 1.5e-3)[1:]]
    plain = [each.verdict for each in family(before, after).judgements]
    found = [each.verdict for each in family(before, after, duel(1.2)).judgements]
    assert found[0].word is Word.WORSE
    assert found[1:] == plain[1:]


def test_the_history_of_releases_has_it_too() -> None:
    figures = [figure(BEFORE, params=PARAMS), figure(AFTER, 1.5e-3, params=PARAMS)]
    known = replace(tree(figures), duels=(duel(0.9),))
    (environment,) = verdicts.environments(known)
    (step,) = verdicts.history(known, environment)
    assert [each.verdict.word for each in step.comparison.judgements] == [Word.BETTER]
