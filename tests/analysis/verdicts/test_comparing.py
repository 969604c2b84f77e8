"""Two sides, series by series: what is judged, what is not, and what stands beside an alarm."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from fake_figures import BUILD, OP, figure, several, tree
from hypothesis import given
from hypothesis import strategies as st

from ftbench.analysis import verdicts
from ftbench.analysis.conditions import BUILD_FACTS, MACHINE_FACTS
from ftbench.analysis.verdicts import ALIKE, JudgedFamily
from ftbench.errors import FtbenchError
from ftbench.probe.instruments.build import USUAL
from ftbench.report import words as said
from ftbench.results import Figure, ResultTree, State
from ftbench.results.figure import CONDITIONS
from ftbench.results.floors import Floors
from ftbench.statistics.power import Floor
from ftbench.statistics.verdict import Word

EFFORT = {"cpu_seconds": 0.5, "minor_faults": 100.0}


def compare(tree: ResultTree, before: list[Figure], after: list[Figure]) -> JudgedFamily:
    floors = Floors.of(tree.noise)
    sides = (verdicts.side_of(floors.given(side)) for side in (before, after))
    return verdicts.compare(verdicts.evidence(tree), *sides)


def compared(before: list[Figure], after: list[Figure], **more: Any) -> JudgedFamily:
    return compare(tree([*before, *after], **more), before, after)


def words(comparison: JudgedFamily) -> list[Word]:
    return [judgement.verdict.word for judgement in comparison.judgements]


def test_a_slower_release_is_worse_and_a_faster_one_better() -> None:
    assert words(compared([figure("3.14.1")], [figure("3.14.2", 1.3e-3)])) == [Word.WORSE]
    assert words(compared([figure("3.14.1")], [figure("3.14.2", 0.7e-3)])) == [Word.BETTER]


def test_the_same_cost_is_never_an_alarm() -> None:
    comparison = compared(several("3.14.1"), several("3.14.2"))
    assert set(words(comparison)) <= {Word.SAME, Word.UNDECIDED}
    assert len(comparison.judgements) == 20


def test_an_effect_is_after_over_before() -> None:
    (judgement,) = compared([figure("3.14.1")], [figure("3.14.2", 1.3e-3)]).judgements
    assert judgement.verdict.effect is not None
    assert judgement.verdict.effect.value == pytest.approx(1.3, rel=0.05)
    assert judgement.before.release < judgement.after.release


@pytest.mark.parametrize("runs", [{"run-2"}, set()])
def test_of_two_sittings_nothing_is_decided(runs: set[str]) -> None:
    """However far apart: the machine may have changed between them, which no floor has seen."""
    later = figure("3.14.2", 3e-3, runs=frozenset(runs))
    judged = compared([*several("3.14.1"), figure("3.14.1")], [*several("3.14.2"), later])
    *rest, elsewhere = (judgement.verdict for judgement in judged.judgements)
    assert elsewhere.word is Word.ELSEWHERE
    assert "--interleave-rounds" in elsewhere.why
    assert (elsewhere.p, elsewhere.needs, elsewhere.floor) == (None, None, None)
    assert elsewhere.effect is not None
    assert elsewhere.effect.value == pytest.approx(3, rel=0.05)
    # Nor is it of the family of those that one run measured.
    alone = compared(several("3.14.1"), several("3.14.2"))
    assert [each.verdict for each in alone.judgements] == rest
    assert judged.by_chance == alone.by_chance


def test_one_run_in_common_is_enough() -> None:
    before = figure("3.14.1", runs=frozenset({"run-1", "run-2"}))
    after = figure("3.14.2", 1.3e-3, runs=frozenset({"run-2", "run-3"}))
    assert words(compared([before], [after])) == [Word.WORSE]


@pytest.mark.parametrize(
    ("unit", "margin"),
    [("seconds", 0.03), ("ratio", 0.03), ("bytes", 0.02), ("instructions", 0.005)],
)
@pytest.mark.parametrize(("share", "word"), [(0.9, Word.SAME), (1.1, Word.NOISY)])
def test_what_is_the_same_is_fixed_by_the_unit_and_not_by_the_noise(
    unit: str, margin: float, share: float, word: Word
) -> None:
    floor = Floor(spread=1e-5, freedom=8, processes=5, effect=margin * share)
    before, after = (
        figure(release, unit=unit, processes=((1.0,),) * 5, floor=floor)
        for release in ("3.14.1", "3.14.2")
    )
    known = verdicts.evidence(tree([before, after]))
    sides = (verdicts.side_of([each]) for each in (before, after))
    (judgement,) = verdicts.compare(known, *sides).judgements
    assert judgement.verdict.word is word


@pytest.mark.parametrize(
    ("share", "word", "effect"),
    [(0.0, Word.SAME, "1.0000"), (0.002, Word.WORSE, "1.0020"), (0.004, Word.WORSE, "1.0040")],
)
def test_counts_of_two_sittings_are_judged_and_to_a_thousandth(
    share: float, word: Word, effect: str
) -> None:
    floor = Floor(spread=2e-4, freedom=20, processes=5, effect=5e-4)
    before, after = (
        figure(
            release,
            unit="instructions",
            processes=tuple((count * more,) for count in (2e6, 2.0003e6, 1.9998e6)),
            runs=frozenset({release}),
            floor=floor,
        )
        for release, more in (("3.14.1", 1.0), ("3.14.2", 1 + share))
    )
    known = verdicts.evidence(tree([before, after]))
    sides = (verdicts.side_of([each]) for each in (before, after))
    (judgement,) = verdicts.compare(known, *sides).judgements
    assert judgement.verdict.word is word
    assert said.effect(judgement).startswith(effect)
    assert said.floor(judgement) == "±0.05\N{NARROW NO-BREAK SPACE}%"
    assert all(len(each) == 6 for each in said.interval(judgement).split()[::2])


def test_without_a_floor_nothing_is_decided() -> None:
    (judgement,) = compared([figure("3.14.1")], [figure("3.14.2", 2e-3)], floor=None).judgements
    assert judgement.verdict.word is Word.UNDECIDED
    assert "ftbench noise" in judgement.verdict.why


def test_of_two_floors_the_larger_one_holds() -> None:
    before, after = figure("3.14.1", arm="gil"), figure("3.14.1", arm="ft")
    quiet, loud = (tree([before, after], floor=spread) for spread in (0.002, 0.05))
    mixed = replace(quiet, noise=(quiet.noise[0], loud.noise[1]))
    (judgement,) = compare(mixed, [before], [after]).judgements
    (of_loud,) = compare(loud, [before], [after]).judgements
    assert judgement.verdict.floor == of_loud.verdict.floor


@pytest.mark.parametrize(
    ("after", "arms", "builds", "judges", "word"),
    [
        ("3.14.2", "ft ft", (0.05, 0.04), "the source", Word.NOISY),
        ("3.14.2", "ft ft", (0.05, None), "these builds", Word.WORSE),
        ("3.14.2", "ft ft", (None, None), "these builds", Word.WORSE),
        ("3.14.2", "ft ft", (0.005, 0.01), "the source", Word.WORSE),
        ("3.14.1", "gil ft", (0.05, 0.05), "the source", Word.NOISY),
        ("3.14.1", "ft ft-gil1", (0.05, 0.05), "these builds", Word.WORSE),  # they are one
    ],
)
def test_a_verdict_on_the_source_has_in_its_floor_what_builds_differ_by(
    after: str, arms: str, builds: tuple[float | None, ...], judges: str, word: Word
) -> None:
    """An effect of 4.5 %: it may be all of the layout, unless it is measured that it is not."""
    of_one, of_other = (
        Floor(spread=1e-5, freedom=8, processes=5, effect=0.01, builds=each) for each in builds
    )
    one_arm, other_arm = arms.split()
    one = figure("3.14.1", arm=one_arm, processes=((1.0,),) * 5, floor=of_one)
    other = figure(after, arm=other_arm, processes=((1.045,),) * 5, floor=of_other)
    known = verdicts.evidence(tree([one, other]))
    judged = verdicts.compare(known, verdicts.side_of([one]), verdicts.side_of([other]))
    (judgement,) = judged.judgements
    assert judgement.verdict.floor is not None
    assert judgement.verdict.floor.judges == judges
    assert judgement.verdict.word is word
    assert f"1 on {judges}" in said.judged(judged.judgements)


def test_a_floor_of_one_side_alone_is_none() -> None:
    before, after = figure("3.14.1", arm="gil"), figure("3.14.1", 2e-3, arm="ft")
    known = tree([before, after])
    (judgement,) = compare(replace(known, noise=known.noise[:1]), [before], [after]).judgements
    assert judgement.verdict.floor is None
    assert judgement.verdict.word is Word.UNDECIDED


def test_a_floor_of_other_conditions_judges_nothing_and_says_so() -> None:
    before, after = (
        replace(each, machines=({"governor": "performance"},))
        for each in (figure("3.14.1"), figure("3.14.2", 2e-3))
    )
    known = tree([before, after])
    quiet = [replace(run, machines=({"governor": "powersave"},)) for run in known.noise]
    (judgement,) = compare(replace(known, noise=tuple(quiet)), [before], [after]).judgements
    assert judgement.verdict.word is Word.UNDECIDED
    assert judgement.verdict.floor is None
    assert judgement.verdict.why == f"{verdicts.OTHER_CONDITIONS} (governor): ftbench noise"


@pytest.mark.parametrize(
    ("fact", "value", "title", "said"),
    [
        ("compiler", "GCC 14.1.0", "compiler", ("GCC 12.2.0", "GCC 14.1.0")),
        ("pgo", True, "PGO", ("no", "yes")),
        ("lto", True, "LTO", ("no", "yes")),
        ("jit", "on", "JIT", ("none", "on")),
        ("tail_call", True, "tail-call interpreter", ("no", "yes")),
        ("debug", True, "debug build", ("no", "yes")),
        ("pgo", None, "PGO", ("no", "not known")),
    ],
)
def test_builds_that_differ_are_not_comparable_and_say_in_what(
    fact: str, value: object, title: str, said: tuple[str, str]
) -> None:
    builds = {"3.14.2": [{**BUILD, fact: value}]}
    comparison = compared([figure("3.14.1")], [figure("3.14.2", 3e-3)], builds=builds)
    (judgement,) = comparison.judgements
    assert judgement.verdict.word is Word.INCOMPARABLE
    assert judgement.differences == {title: said}
    assert title in judgement.verdict.why
    assert judgement.verdict.effect is not None
    assert judgement.verdict.effect.value == pytest.approx(3, rel=0.05)
    assert comparison.by_chance == 0


@pytest.mark.parametrize(("fact", "value"), USUAL.items())
def test_a_builders_choice_is_not_comparable_with_another_and_unknown_is_no_difference(
    fact: str, value: object
) -> None:
    for other, word in (("other", Word.INCOMPARABLE), (value, Word.WORSE), (None, Word.WORSE)):
        builds = {"3.14.1": [{**BUILD, fact: value}], "3.14.2": [{**BUILD, fact: other}]}
        comparison = compared([figure("3.14.1")], [figure("3.14.2", 3e-3)], builds=builds)
        assert words(comparison) == [word]


def test_a_release_that_changes_its_own_defaults_stays_comparable() -> None:
    """CPython 3.15 keeps frame pointers: that is part of the release, no builder chose it."""
    builds = {"3.15.0": [{**BUILD, "code_flags": ["-fno-omit-frame-pointer"]}]}
    comparison = compared([figure("3.14.1")], [figure("3.15.0", 3e-3)], builds=builds)
    assert words(comparison) == [Word.WORSE]


def test_free_threading_is_what_arms_are_compared_for() -> None:
    builds = {"ft": [{**BUILD, "free_threaded": True}], "gil": [BUILD]}
    comparison = compared([figure(arm="gil")], [figure(cost=2e-3, arm="ft")], builds=builds)
    assert words(comparison) == [Word.WORSE]


@pytest.mark.parametrize(("field", "title"), [("flavour", "build"), ("profile", "profile")])
def test_other_builds_and_profiles_are_not_comparable(field: str, title: str) -> None:
    other = figure("3.14.2", 3e-3, **{field: "other"})
    (judgement,) = compared([figure("3.14.1")], [other]).judgements
    assert judgement.verdict.word is Word.INCOMPARABLE
    assert title in judgement.differences


def test_a_file_of_several_builds_is_comparable_with_nothing() -> None:
    mixed = [BUILD, {**BUILD, "pgo": True}]
    comparison = compared(
        [figure("3.14.1")], [figure("3.14.2")], builds={"3.14.1": mixed, "3.14.2": mixed}
    )
    (judgement,) = comparison.judgements
    assert judgement.differences == {"PGO": ("no and yes", "no and yes")}


def test_a_side_without_a_record_of_its_build_is_not_comparable_with_one_that_has() -> None:
    (judgement,) = compared(
        [figure("3.14.1")], [figure("3.14.2")], builds={"3.14.2": []}
    ).judgements
    assert judgement.verdict.word is Word.INCOMPARABLE
    assert set(judgement.differences) == {BUILD_FACTS.get(name, name) for name in ALIKE}


MACHINE = {"affinity": "0-1", "huge_pages": "madvise", "scheduling": "other, nice 0", "kernel": "6"}


@pytest.mark.parametrize("name", [name for name in CONDITIONS if name != "usable_cores"])
def test_a_machine_that_was_set_otherwise_makes_figures_not_comparable(name: str) -> None:
    """The figures are of other circumstances, whatever the builds are."""
    calm = figure("3.14.1", machines=({**MACHINE, name: "so"},))
    other = figure("3.14.2", 3e-3, machines=({**MACHINE, name: "otherwise"},))
    (judgement,) = compared([calm], [other]).judgements
    assert judgement.verdict.word is Word.INCOMPARABLE
    assert judgement.differences == {MACHINE_FACTS[name]: ("so", "otherwise")}
    assert judgement.verdict.why == f"the conditions differ: {MACHINE_FACTS[name]} (so, otherwise)"


def test_what_old_records_do_not_say_is_no_difference_nor_is_another_kernel() -> None:
    old = {"kernel": "5", "scheduling": None}
    for before in ((old,), ()):
        sides = [figure("3.14.1", machines=before)], [figure("3.14.2", 2e-3, machines=(MACHINE,))]
        assert words(compared(*sides)) == [Word.WORSE]


def test_only_the_figures_that_were_measured_otherwise_are_left_out() -> None:
    before = [figure("3.14.1", params={"mode": mode}, machines=(MACHINE,)) for mode in "abc"]
    met = (MACHINE,), ({**MACHINE, "affinity": "0"},), (MACHINE, {**MACHINE, "affinity": "0"})
    after = [
        figure("3.14.2", 2e-3, params={"mode": mode}, machines=machines)
        for mode, machines in zip("abc", met, strict=True)
    ]
    comparison = compared(before, after)
    assert words(comparison) == [Word.WORSE, Word.INCOMPARABLE, Word.INCOMPARABLE]
    assert comparison.judgements[2].differences == {"CPUs usable": ("0-1", "0 and 0-1")}


def test_of_two_machines_every_effect_is_theirs_and_that_is_said_elsewhere() -> None:
    first = figure(machine="x", machines=(MACHINE,))
    second = figure(cost=2e-3, machine="y", machines=({**MACHINE, "affinity": "0-7"},))
    assert words(compared([first], [second])) == [Word.WORSE]


def test_what_one_side_lacks_is_listed_and_not_judged() -> None:
    lone = figure("3.14.1", benchmark="a.A.track_x")
    failed = figure("3.14.2", benchmark="a.A.track_x", state=State.FAILED, median=None)
    new = figure("3.14.2", benchmark="b.B.track_y")
    comparison = compared([figure("3.14.1"), lone], [figure("3.14.2"), failed, new])
    assert [each.series for each in comparison.only_before] == [lone.series]
    assert [each.series for each in comparison.only_after] == [new.series]
    assert [judgement.after.benchmark for judgement in comparison.judgements] == [OP]


def test_efforts_stand_beside_alarms_of_what_both_sides_counted() -> None:
    before = [figure("3.14.1", effort={**EFFORT, "pystats": 1.0})]
    after = [figure("3.14.2", 2e-3, effort={**EFFORT, "cpu_seconds": 0.9})]
    (judgement,) = compared(before, after).judgements
    assert judgement.efforts == {"cpu_seconds": (0.5, 0.9), "minor_faults": (100.0, 100.0)}
    (calm,) = compared(before, [figure("3.14.2", effort=EFFORT)]).judgements
    assert calm.efforts == {}


def test_beside_an_alarm_of_time_stands_what_the_same_work_executes() -> None:
    """A program that takes longer and does no more is another find than one that does more."""
    params = {"mode": "serial", "kernel": "calls"}
    counts = [
        figure(
            release,
            2e6,
            benchmark="instructions.SingleThread.track_instructions",
            params=params,
            unit="instructions",
        )
        for release in ("3.14.1", "3.14.2")
    ]
    times = [
        figure(release, cost, benchmark="single_thread.SingleThread.track_kernel", params=params)
        for release, cost in (("3.14.1", 1e-3), ("3.14.2", 2e-3))
    ]
    judged = compared([counts[0], times[0]], [counts[1], times[1]]).judgements
    (alarm,) = (judgement for judgement in judged if judgement.verdict.alarm)
    assert alarm.efforts == {"executed": pytest.approx((2e6, 2e6), rel=0.02)}
    assert words(compared([times[0]], [times[1]])) == [Word.WORSE]


@pytest.mark.parametrize("bad", [0.0, -1.0, float("nan"), float("inf")])
def test_a_cost_that_has_no_ratio_decides_nothing_and_spoils_nothing(bad: float) -> None:
    odd = figure("3.14.2", processes=((1e-3, bad),), params={"mode": "odd"})
    before = [figure("3.14.1"), figure("3.14.1", params={"mode": "odd"})]
    found = compared(before, [figure("3.14.2", 2e-3), odd])
    assert words(found) == [Word.WORSE, Word.UNDECIDED]
    assert found.judgements[1].verdict.effect is None


def test_samples_that_no_process_is_known_of_are_of_one() -> None:
    before = replace(figure("3.14.1"), processes=())
    (judgement,) = compared([before], [figure("3.14.2", 2e-3)]).judgements
    assert judgement.verdict.word is Word.WORSE
    bare = replace(before, samples=())
    (judgement,) = compared([bare], [figure("3.14.2", 2e-3)]).judgements
    assert judgement.verdict.effect is not None


def test_a_side_with_a_series_twice_is_refused() -> None:
    with pytest.raises(FtbenchError, match="two figures"):
        compared([figure("3.14.1", arm="gil"), figure("3.14.1")], [figure("3.14.2")])


def test_nothing_against_nothing_is_an_empty_comparison() -> None:
    comparison = compared([], [])
    assert (comparison.judgements, comparison.by_chance) == ((), 0)


@given(st.permutations(range(6)))
def test_the_order_of_figures_plays_no_part(order: list[int]) -> None:
    before = several("3.14.1", count=6)
    after = [*several("3.14.2", count=3), *several("3.14.2", 2e-3, count=6)[3:]]
    shuffled = [after[number] for number in order]
    first, second = (compared(before, side) for side in (after, shuffled))
    assert first.judgements == second.judgements
