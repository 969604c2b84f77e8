"""A process that was started ahead of its cell is the next cell's, if it is as that needs it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from ftbench.probe.instruments import interference
from ftbench.probe.instruments.interference import Look
from ftbench.probe.run import measure as measuring
from ftbench.probe.run.measure import measure, start_ahead
from ftbench.probe.run.programs import Guarded


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[Guarded]]:
    """Every process of a cell that was started."""
    cells: list[Guarded] = []
    start: Callable[..., Guarded] = measuring._guarded

    def note(*how: Any) -> Guarded:
        cells.append(start(*how))
        return cells[-1]

    monkeypatch.setattr(measuring, "_guarded", note)
    yield cells
    for *_, cell in measuring._ahead:
        cell.__exit__()
    measuring._ahead.clear()


def _cell(scenario: str = "lifecycle") -> None:
    measured = measure(scenario, mode="threads", params={"workers": 1}, profile="smoke")
    assert all(metric.samples for metric in measured.metrics.values())


def test_the_next_cell_runs_in_it(started: list[Guarded]) -> None:
    start_ahead("lifecycle")
    start_ahead("lifecycle")
    _cell()
    assert [cell.ended for cell in started] == [True]
    _cell()
    assert len(started) == 2


def test_what_it_did_before_the_machine_was_looked_at_alone_counts_as_ahead(
    started: list[Guarded], monkeypatch: pytest.MonkeyPatch
) -> None:
    looks: list[float] = []

    def look() -> Look:
        seen = interference.look()
        looks.append(seen.at)
        return seen

    monkeypatch.setattr(measuring, "look", look)
    monkeypatch.setattr(measuring, "measuring_stick", lambda: None)  # which takes long to start
    begin = time.monotonic()
    start_ahead("lifecycle")
    _cell()
    assert 0 <= started[0].event["ahead"] <= looks[0] - begin


def test_of_a_program_that_is_started_with_its_request_nothing_is_ahead(
    started: list[Guarded], monkeypatch: pytest.MonkeyPatch
) -> None:
    # Its workers are at work before the rest of the probe, on as many cores as there are: it may
    # have had more seconds of CPU than have passed since the look.
    def look() -> Look:
        seen = interference.look()
        return seen._replace(at=seen.at + 1000)

    monkeypatch.setattr(measuring, "look", look)
    _cell("footprint")
    assert [cell.event["ahead"] for cell in started] == [0]


@pytest.mark.parametrize("names", [("lifecycle", "data"), ("data", "lifecycle"), ("data", "data")])
def test_it_is_on_a_copy_of_the_interpreter_if_the_cell_has_to_be(
    started: list[Guarded], names: tuple[str, str]
) -> None:
    start_ahead(names[0])
    measured = measure(names[1], profile="smoke")
    assert measured.notes["interpreter"] == (
        "a copy of its own" if names[1] == "data" else "shared"
    )
    assert len(started) == len(set(names))


def test_one_that_is_too_old_is_ended(
    started: list[Guarded], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(measuring, "_AHEAD_SECONDS", 0.0)
    start_ahead("lifecycle")
    _cell()
    assert [cell.ended for cell in started] == [True, True]


def test_one_with_other_variables_is_ended(
    started: list[Guarded], monkeypatch: pytest.MonkeyPatch
) -> None:
    start_ahead("lifecycle")
    monkeypatch.setenv("FTBENCH_HOST_PYTHON", "")
    _cell()
    assert [cell.ended for cell in started] == [True, True]


def test_one_that_has_ended_is_left_alone(started: list[Guarded]) -> None:
    start_ahead("lifecycle")
    started[0].__exit__()
    _cell()
    assert len(started) == 2


def test_a_scenario_with_a_program_of_its_own_has_none_and_lets_none_wait_beside_it(
    started: list[Guarded],
) -> None:
    start_ahead("footprint")
    assert not started
    start_ahead("lifecycle")
    _cell("footprint")
    assert [cell.ended for cell in started] == [True, True]
