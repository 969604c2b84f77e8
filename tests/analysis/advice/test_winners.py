"""Winners: the cheapest of each kind at every place, and whether that is sure."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest
from fake_figures import crossover, seconds
from hypothesis import given, settings
from hypothesis import strategies as st

from ftbench.analysis.advice.cells import MODES, cells_of
from ftbench.analysis.advice.winner_map import KINDS, Spot, kind_of, spots
from ftbench.facts.arms import USUAL_ARMS, arm_named
from ftbench.facts.modes import mode_named
from ftbench.probe.scenarios.crossover import PAYLOADS, SIZES
from ftbench.results import Figure, State
from ftbench.statistics.spread import Interval

GIL, FT = arm_named("gil"), arm_named("ft")
EVERY = tuple(crossover([GIL, FT]))


def at(every: tuple[Spot, ...], size: str, payload: str) -> Spot:
    return next(s for s in every if (s.size.name, s.payload.name) == (size, payload))


def winner(every: tuple[Spot, ...], size: str, payload: str) -> str:
    found = at(every, size, payload).winner
    assert found is not None
    return found.kind.name


def test_every_mode_is_of_a_kind_and_every_kind_has_a_letter_of_its_own() -> None:
    assert {kind_of(mode) for mode in MODES} == set(KINDS)
    assert len({kind.letter for kind in KINDS}) == len(KINDS)
    assert mode_named("serial").title == "plain loop"
    assert mode_named("processes-fork").title == "processes, fork"


def test_every_place_has_its_spot_size_by_size() -> None:
    every = spots(cells_of(EVERY), FT, 8)
    assert [(spot.size, spot.payload) for spot in every] == [
        (size, payload) for size in SIZES for payload in PAYLOADS
    ]


def test_the_winner_changes_where_handing_over_pays() -> None:
    ft, gil = (spots(cells_of(EVERY), arm, 8) for arm in (FT, GIL))
    assert [winner(ft, size.name, "0") for size in SIZES] == ["serial", *["threads"] * 3]
    assert [winner(gil, size.name, "0") for size in SIZES] == ["serial"] * 2 + ["processes"] * 2
    assert winner(gil, "1ms", "1mib") == "interpreters"


def test_a_kind_is_there_once_by_its_cheapest_mode() -> None:
    slow = tuple(
        crossover(
            [FT],
            cost=lambda p: seconds(p) * (2 if p.mode.name != "processes-forkserver" else 1),
        )
    )
    spot = at(spots(cells_of(slow), FT, 8), "10ms", "0")
    assert len(spot.ranked) == len(KINDS) - 1  # Dask is not there
    found = spot.of_kind(KINDS[3])
    assert found is not None
    assert found.mode.name == "processes-forkserver"


@pytest.mark.parametrize(("margin", "rivals"), [(0.001, 0), (0.4, 3), (None, 3)])
def test_whose_interval_overlaps_or_who_has_none_is_a_rival(
    margin: float | None, rivals: int
) -> None:
    cells = cells_of(crossover([FT], margin=margin, cost=lambda p: 1e-3 + 1e-5 * len(p.mode.kind)))
    for spot in spots(cells, FT, 2):
        assert len(spot.rivals) == rivals


def test_nothing_measured_has_no_winner_and_says_why() -> None:
    skipped = [
        replace(each, state=State.SKIPPED, median=None, interval=None, reason="too old")
        for each in EVERY
    ]
    (first, *_) = spots(cells_of(skipped), FT, 8)
    assert (first.winner, first.ranked, first.rivals) == (None, (), ())
    assert "threads: skipped: too old" in first.words
    (first, *_) = spots(cells_of(()), FT, 8)
    assert "plain loop: not measured" in first.words


def test_what_no_clock_can_say_is_not_compared() -> None:
    negative = [replace(each, median=each.median and -each.median) for each in EVERY]
    (first, *_) = spots(cells_of(negative), FT, 8)
    assert first.ranked == ()
    assert "threads: not above zero" in first.words
    beside = [replace(each, interval=Interval(low=-2.0, high=-1.0)) for each in EVERY]
    assert all(len(spot.rivals) == 3 for spot in spots(cells_of(beside), FT, 8))


def test_the_modes_of_the_run_with_the_most_cells_are_compared() -> None:
    threads = mode_named("threads")
    ours = [each for each in EVERY if each.params["mode"] != "threads"]
    theirs = list(crossover([FT], run="run-2", modes=[threads]))
    spot = at(spots(cells_of([*ours, *theirs]), FT, 8), "10ms", "0")
    assert "threads: measured in another run" in spot.words
    assert spot.winner is not None
    assert spot.winner.kind.name == "processes"


@settings(deadline=None, max_examples=20)
@given(st.integers(0, 10_000))
def test_the_winner_is_the_cheapest_whatever_the_order(seed: int) -> None:
    chance = random.Random(seed)  # noqa: S311 - no secrets here
    figures = [
        replace(each, median=each.median and each.median * chance.lognormvariate(0, 1))
        for each in EVERY
    ]
    one = spots(cells_of(figures), GIL, 8)
    assert spots(cells_of(chance.sample(figures, len(figures))), GIL, 8) == one
    for spot in one:
        medians = [each.median for each in spot.ranked]
        assert medians == sorted(medians)
        assert medians[0] == min(_medians(figures, spot))


def _medians(figures: list[Figure], spot: Spot) -> list[float]:
    name = f"task_{spot.size.name}_{spot.payload.name}"
    return [
        each.median
        for each in figures
        if each.benchmark.endswith(name)
        and each.arm == GIL
        and each.params["workers"] in {"1", "8"}
        and each.median
    ]


def test_arms_and_workers_are_those_that_were_measured() -> None:
    cells = cells_of(EVERY)
    assert cells.arms == USUAL_ARMS[:2]
    assert cells.workers == (2, 8)
    assert cells.loop is not None
    assert cells.loop.seconds == pytest.approx([size.nominal for size in SIZES])
