"""Two sittings of a machine: by one stick they compare, and what it says nothing of stays as is."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from itertools import chain
from pathlib import Path
from statistics import median
from typing import Any

import fake_figures
import pytest

from ftbench.analysis.comparison import cell_of
from ftbench.analysis.sides import Kind, Match, Sides
from ftbench.analysis.verdicts import compare, evidence, side_of
from ftbench.facts.arms import arm_named
from ftbench.facts.modes import mode_named
from ftbench.facts.units import kept
from ftbench.probe.scenarios.base import NAMES, scenario_named
from ftbench.report.comparison import Compared, document_of, figure_record
from ftbench.results import Figure, ResultTree
from ftbench.results.floors import Floors
from ftbench.results.health import AT_USUAL_SPEED, SITTINGS_APART, given
from ftbench.statistics import location
from ftbench.statistics.verdict import Word

SLOW = 1.7


def sitting(
    release: str, slow: float = 1.0, *, stick: str = "s", cost: float = 1e-3, **fields: Any
) -> list[Figure]:
    """Return the figures of a sitting in which the machine was so many times as slow as usual."""
    run = f"run of {release}"
    made = fake_figures.several(release, cost * slow)
    return [
        replace(
            each,
            **{
                "computes": True,
                "runs": frozenset({run}),
                # A tuple of its own: it is how cells are told apart.
                "speeds": tuple((run, stick, 0.002 * slow) for _ in each.processes if stick),
                **fields,
            },
        )
        for each in made
    ]


def known(*sittings: Sequence[Figure]) -> list[Figure]:
    """Return figures as they are read, of a quiet machine."""
    figures = list(given(list(chain(*sittings))))
    return list(Floors.of(fake_figures.noise(each, 0.0005) for each in figures).given(figures))


def judged(before: Sequence[Figure], after: Sequence[Figure]) -> Counter[tuple[Word, str]]:
    """Return how many series have which verdict, and why."""
    figures = known(before, after)
    sides = figures[: len(before)], figures[len(before) :]
    family = compare(evidence(ResultTree()), *map(side_of, sides))
    return Counter((each.verdict.word, each.verdict.why) for each in family.judgements)


def words(before: Sequence[Figure], after: Sequence[Figure]) -> set[Word]:
    return {word for word, _ in judged(before, after)}


def test_a_machine_that_is_as_slow_as_its_stick_is_no_change() -> None:
    assert words(sitting("3.14.1"), sitting("3.14.2", SLOW)) == {Word.SAME}


def test_a_change_is_found_whatever_the_speed_of_its_sitting() -> None:
    assert words(sitting("3.14.1", SLOW), sitting("3.14.2", cost=1.2e-3)) == {Word.WORSE}
    assert words(sitting("3.14.1"), sitting("3.14.2", SLOW, cost=0.8e-3)) == {Word.BETTER}


def test_two_sittings_are_decided_by_what_is_beyond_how_far_they_may_lie_apart() -> None:
    figures = known(sitting("3.14.1"), sitting("3.14.2"))
    family = compare(evidence(ResultTree()), *map(side_of, (figures[:20], figures[20:])))
    for each in family.judgements:
        assert each.before.floor
        assert each.verdict.floor
        raised = (1 + each.before.floor.effect) * (1 + SITTINGS_APART)
        assert 1 + each.verdict.floor.effect == pytest.approx(raised, rel=1e-3)


@pytest.mark.parametrize(
    ("fields", "why"),
    [
        ({"stick": ""}, "one of them lacks a measuring stick"),
        ({"stick": "t"}, "they used different measuring sticks (s, t)"),
        ({"computes": False}, "it does not follow the speed of a measuring stick"),
    ],
)
def test_without_a_stick_in_common_it_is_another_sitting(fields: dict[str, Any], why: str) -> None:
    ((word, reason),) = judged(sitting("3.14.1"), sitting("3.14.2", SLOW, **fields))
    assert word is Word.ELSEWHERE
    assert why in reason
    assert "asv run --interleave-rounds" in reason


def test_one_machine_says_nothing_of_another() -> None:
    other = [fake_figures.rekeyed(each, machine="other") for each in sitting("3.14.2")]
    ((word, why),) = judged(sitting("3.14.1"), other)
    assert word is Word.ELSEWHERE
    assert "two machines" in why


def test_few_processes_tell_no_speed() -> None:
    few = sitting("3.14.2", SLOW)
    few = [*few[:5], *(replace(each, speeds=()) for each in few[5:])]
    assert words(sitting("3.14.1"), few) == {Word.ELSEWHERE}


def test_a_figure_with_processes_of_a_run_that_tells_no_speed_has_no_ratio_to_others() -> None:
    """It stays as it was measured, where others are at the usual speed."""
    one, *rest = sitting("3.14.2", SLOW)
    later = ("a few cells later", "s", 0.002)
    both = replace(one, runs=one.runs | {later[0]}, speeds=(*one.speeds[:-1], later))
    figures = known(sitting("3.14.1"), sitting("3.14.3"), [both, *rest])
    mixed, other = figures[-len(rest) - 1], figures[-1]
    assert mixed.median == location(both.by_process)
    assert (mixed.stick, other.stick) == ("", "s")
    mode, arm = mode_named("threads"), arm_named("ft")
    assert mixed.shares_run(other)
    assert cell_of(mode, arm, mixed, other).ratio is None
    assert cell_of(mode, arm, figures[-2], other).ratio is not None


@pytest.mark.parametrize("unit", ["ratio", "bytes", "seconds"])
def test_what_does_not_compute_is_never_divided(unit: str) -> None:
    made = [sitting(f"3.14.{n}", n, computes=False, unit=unit) for n in (1, 2)]
    for before, after in zip(chain(*made), given(list(chain(*made))), strict=True):
        assert (after.median, after.samples) == (before.median, before.samples)
        assert after.processes == before.processes


def test_one_sitting_is_as_it_was_measured() -> None:
    (before, *_), (after, *_) = sitting("3.14.1"), given(sitting("3.14.1"))
    assert (after.median, after.processes) == (before.median, before.processes)
    assert after.stick == "s"


def test_seconds_are_at_the_usual_speed_and_what_was_measured_is_told() -> None:
    slow = sitting("3.14.2", SLOW)
    *_, last = known(sitting("3.14.1"), slow)
    usual = (1 + SLOW) / 2
    raw, at = slow[-1].median, last.median
    assert raw
    assert at
    assert at == pytest.approx(raw / SLOW * usual, rel=0.01)
    assert at == pytest.approx(location(last.by_process))
    assert last.interval
    assert last.interval.low <= at <= last.interval.high
    assert last.measured == pytest.approx(location(slow[-1].by_process))
    assert figure_record(last)["measured"] == pytest.approx(location(slow[-1].by_process))


def test_of_a_cell_of_two_sittings_each_process_is_at_the_speed_of_its_own() -> None:
    first, second = sitting("3.14.1"), sitting("3.14.2", SLOW)
    both = replace(
        first[0],
        processes=(*first[0].processes, *second[0].processes),
        speeds=(*first[0].speeds, *second[0].speeds),
        runs=first[0].runs | second[0].runs,
    )
    *_, mixed = given([*first, *second, both])
    medians = [median(own) for own in mixed.processes]
    assert max(medians) / min(medians) == pytest.approx(1, abs=0.05)
    # Where nobody knows which process is of which, they stay apart, and no stick is said.
    *_, unknown = given([*first, *second, replace(both, speeds=both.speeds[:-1])])
    assert (unknown.processes, unknown.stick) == (both.processes, "")


def test_the_list_of_benchmarks_has_what_computes_as_its_scenarios_say() -> None:
    path = Path(__file__).parents[2] / "results" / "benchmarks.json"
    listed = json.loads(path.read_text("utf-8"))
    computing = {name for name, of in listed.items() if isinstance(of, dict) and "computes" in of}
    assert {listed[name]["unit"] for name in computing} == {"seconds"}
    scenarios = {name: scenario_named(name) for name in NAMES}
    assert computing == {
        name
        for name in listed
        if (scenario := scenarios.get(name.partition(".")[0])) and scenario.computes
        if name.rpartition("track_")[2] in scenario.slowed
    }


def test_a_comparison_says_once_that_its_seconds_are_at_the_usual_speed() -> None:
    said = []
    for slow in (1.0, SLOW):
        figures = tuple(known(sitting("3.14.1"), sitting("3.14.2", slow)))
        before, after = figures[:20], figures[20:]
        sides = Sides(kind=Kind.RELEASE, before="3.14.1", after="3.14.2")
        match = Match(
            sides=sides,
            rest={"profile": "full"},
            flavours=("", ""),
            before=before,
            after=after,
            asked=frozenset(),
        )
        family = compare(evidence(ResultTree()), side_of(before), side_of(after))
        compared = Compared(match=match, comparison=family)
        said.append(document_of([compared], fake_figures.tree(figures)).lines.count(AT_USUAL_SPEED))
    assert said == [0, 1]


def test_samples_keep_the_digits_that_mean_something() -> None:
    *_, last = given([*sitting("3.14.1"), *sitting("3.14.2", SLOW)])
    assert all(sample == kept(sample) for sample in last.samples)
