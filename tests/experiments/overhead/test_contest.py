"""Loops are run turn about, and only while they do the same work."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any

import pytest

from ftbench.errors import FtbenchError
from ftbench.facts.modes import mode_named
from ftbench.facts.profiles import profile_named
from ftbench.probe import overhead
from ftbench.probe.overhead import ARTICLE, BARE, HARNESS, alternate
from ftbench.probe.scenarios.base import Cell
from ftbench.probe.scenarios.reports import new_ids
from ftbench.probe.workers.base import Deadline


def cell(mode: str = "threads", *, workers: int = 2, operations: int = 128, pairs: int = 1) -> Cell:
    def observe(phase: str, seconds: float, members: Mapping[int, str]) -> None:
        raise AssertionError("a contest is not watched")

    return Cell(
        mode=mode_named(mode),
        params={"workers": workers, "operations": operations, "pairs": pairs},
        profile=profile_named("smoke"),
        deadline=Deadline(30),
        observe=observe,
    )


class Clock:
    """Turns that take 1, 10 and 100 s, and one more with each turn: a machine that slows down."""

    def __init__(self) -> None:
        self.order = ""
        self.drift = 0.0

    def turns(self, names: str) -> dict[str, Callable[[], float]]:
        def turn(name: str) -> float:
            self.order += name
            self.drift += 1
            return float(10 ** names.index(name)) + self.drift

        return {name: lambda name=name: turn(name) for name in names}  # type: ignore[misc]


def test_turns_are_interleaved_and_each_block_begins_with_another_loop() -> None:
    clock = Clock()
    alternate(clock.turns("ab"), 3)
    assert clock.order == "ab" + "abba" + "baab" + "abba"
    clock = Clock()
    alternate(clock.turns("abc"), 3)
    assert clock.order == "abc" + "abccba" + "bcaacb" + "cabbac"


def test_a_linear_drift_is_the_same_for_all_loops_of_a_block() -> None:
    samples = alternate(Clock().turns("abc"), 4)
    assert [len(each) for each in samples.values()] == [4, 4, 4]
    for a, b, c in zip(*samples.values(), strict=True):
        assert (b - a, c - a) == (9.0, 99.0)


@pytest.mark.parametrize("scenario", overhead.CONTESTS)
def test_every_loop_of_a_contest_does_the_same_work(scenario: str) -> None:
    outcome = overhead.CONTESTS[scenario].run(cell(operations=16, pairs=2))
    names = {HARNESS, BARE, ARTICLE} if scenario != "lifecycle" else {HARNESS, BARE}
    assert set(outcome.metrics) == names
    for metric in outcome.metrics.values():
        assert metric.unit == "seconds"
        assert len(metric.samples) == 2
        assert min(metric.samples) > 0
    assert "serial twin" in outcome.invariants[0].checked
    assert 0 < outcome.notes["clock"] < 1e-3
    assert 0 < outcome.notes["instrument"] < 1e-3


def test_the_stride_of_timed_operations_is_the_harnesss_own() -> None:
    every = {
        name: overhead.CONTESTS[name].run(cell()).notes["every"]
        for name in ("lifecycle", "shared_set", "sharded_writers")
    }
    assert every == {"lifecycle": 1, "shared_set": 64, "sharded_writers": 8}


# The real ones: `bare` will have the cheats in their place.
LOCKED, PRODUCING, THREADS = overhead.locked, overhead.producing, overhead.threads


def lazy_locked(index: int, operations: int, shared: Any, lock: Any) -> overhead.Span:
    return LOCKED(index, operations - 1, shared, lock)


def lazy_producing(index: int, operations: int, queues: Any, acks: Any) -> overhead.Span:
    return PRODUCING(index, operations - 1, queues, acks)


def lazy_threads(workers: int, task: Callable[[], int]) -> tuple[int, list[int]]:
    return THREADS(workers - 1, task)


def wrong_threads(workers: int, _task: Callable[[], int]) -> tuple[int, list[int]]:
    return THREADS(workers, lambda: 7)


@pytest.mark.parametrize(
    ("scenario", "loop", "cheat"),
    [
        ("shared_set", "locked", lazy_locked),
        ("shared_set", "locked_as_in_the_article", lazy_locked),
        ("sharded_writers", "producing", lazy_producing),
        ("sharded_writers", "producing_as_in_the_article", lazy_producing),
        ("lifecycle", "threads", lazy_threads),
        ("lifecycle", "threads", wrong_threads),
    ],
)
def test_a_loop_that_does_less_or_other_work_is_not_compared(
    scenario: str, loop: str, cheat: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(overhead, loop, cheat)
    with pytest.raises(FtbenchError, match="do not do the same work"):
        overhead.CONTESTS[scenario].run(cell())


def test_a_harness_that_does_less_work_is_not_compared(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(overhead, "new_ids", lambda *args: new_ids(*args) + 1)
    for scenario in ("shared_set", "sharded_writers"):
        with pytest.raises(FtbenchError, match="do not do the same work"):
            overhead.CONTESTS[scenario].run(cell())


def test_the_cost_of_a_clock_is_that_of_one_call() -> None:
    def slow() -> int:
        time.sleep(0.002)
        return 0

    assert overhead.cost_of(slow, calls=3) >= 0.002
