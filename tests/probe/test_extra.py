"""A known slowdown: how much more is done, of what, and that nothing else changes."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from ftbench.errors import NotAvailableError, UsageError
from ftbench.experiments import suite
from ftbench.facts.modes import mode_named
from ftbench.facts.profiles import profile_named
from ftbench.probe.__main__ import main
from ftbench.probe.run import observing
from ftbench.probe.run.measure import measure
from ftbench.probe.scenarios import lifecycle
from ftbench.probe.scenarios.base import NAMES, Cell, scenario_named
from ftbench.probe.workers.base import Crew, Deadline
from ftbench.probe.workloads import ballast, injected
from ftbench.probe.workloads.kernels import KERNELS

ROOT = Path(__file__).resolve().parents[2]
CELLS = suite.cells(ROOT)


def cell_of(extra: float, **params: int | str) -> Cell:
    """Return a cell that does so much more; nobody looks at it."""
    return Cell(
        mode=mode_named("threads"),
        params=params,
        profile=profile_named("smoke"),
        deadline=Deadline(60),
        observe=lambda *_: None,
        extra=extra,
    )


@pytest.mark.parametrize(
    ("extra", "count", "step", "more"),
    [
        (0.0, 7, 3, 7),
        (0.0, 0, 1, 0),
        (0.1, 8_000, 64, 8_768),
        (0.05, 512, 8, 536),
        (0.1, 16, 1, 18),
        (1.0, 4, 1, 8),
    ],
)
def test_more_is_done_in_whole_steps(extra: float, count: int, step: int, more: int) -> None:
    assert cell_of(extra).with_extra(count, step) == more


@pytest.mark.parametrize(("extra", "count", "step"), [(0.1, 4, 1), (0.05, 512, 64), (0.1, 0, 1)])
def test_a_share_that_has_no_whole_steps_is_refused(extra: float, count: int, step: int) -> None:
    with pytest.raises(NotAvailableError, match="cannot be had"):
        cell_of(extra).with_extra(count, step)


@pytest.mark.parametrize("extra", [-0.1, 1.5, float("nan")])
def test_a_share_that_is_none_is_refused(extra: float) -> None:
    with pytest.raises(UsageError, match="from 0 to 1"):
        measure("lifecycle", extra=extra)


def test_a_scenario_without_such_work_says_so() -> None:
    with pytest.raises(NotAvailableError, match="failure has no work"):
        measure("failure", extra=0.1)


@pytest.mark.parametrize("name", NAMES)
def test_what_is_reached_is_tracked(name: str) -> None:
    tracked = {metric for cell in CELLS if cell.scenario == name for metric in cell.metrics}
    assert set(scenario_named(name).slowed) <= tracked


def test_most_scenarios_can_be_slowed_and_some_grown() -> None:
    not_slowed = {name for name in NAMES if not scenario_named(name).slowed}
    assert not_slowed <= {"failure", "crossover", "latency", "single_thread"}
    assert "pss" in scenario_named("footprint").slowed


def test_a_kernel_that_does_more_has_the_same_checksum_and_a_later_end() -> None:
    begin, end, cpu, checksum, _ = injected.crunch_more("lcg", 2, 50_000)
    assert checksum == 2 * KERNELS["lcg"][1]
    assert end - begin >= injected.crunching_time("lcg", 1)
    assert cpu > 0


def test_steps_are_as_many_as_the_time_has() -> None:
    once, ten_times = injected.steps_for(1e6), injected.steps_for(1e7)
    assert 0 < once < ten_times


def test_a_round_that_is_made_dearer_crunches_before_it_is_over(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    cell = cell_of(0.2, workers=1, task="empty")
    crew = _Crew(cell.mode, cell.deadline)
    spun: list[int] = []
    monkeypatch.setattr(injected, "spin", spun.append)
    monkeypatch.setattr(injected, "steps_for", round)
    lifecycle._add_extra(crew, cell)
    assert (spun, crew.joined) == ([], 5)
    lifecycle.one_round(crew, 1, "empty")
    assert crew.joined == 6
    (steps,) = spun
    assert steps > 0


class _Crew(Crew):
    """A crew of nobody, which counts how often it was joined."""

    joined = 0

    def start_once(self, task: str) -> None:
        assert task == "empty"

    def join(self) -> None:
        self.joined += 1

    def reports(self) -> list[tuple[int, ...]]:
        return [(1, 2, 0, 1)]


def test_ballast_is_a_share_of_what_all_processes_weigh(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Those of this process are whatever other tests have started.
    monkeypatch.setattr(observing, "helper_pids", lambda: {2: "resource tracker"})
    for pid, kib in ((os.getpid(), 300), (1, 400), (2, 100)):
        (tmp_path / str(pid)).mkdir()
        rollup = f"Rss: 1 kB\nPss: {kib} kB\nPss_Dirty: 9 kB\n"
        (tmp_path / str(pid) / ballast.ROLLUP).write_text(rollup)
    assert ballast.weight([1], str(tmp_path)) == 800 * 1024


def test_where_nobody_says_what_they_weigh_nothing_can_be_added(tmp_path: Path) -> None:
    with pytest.raises(NotAvailableError, match="smaps_rollup"):
        ballast.weight([], str(tmp_path))


def test_a_real_cell_does_more_and_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    words = ["shared_set", "--profile", "smoke", "--set", "strategy=local", "--json"]
    assert main(words) == 0
    plain = json.loads(capsys.readouterr().out)
    assert main([*words, "--extra", "0.2"]) == 0
    dear = json.loads(capsys.readouterr().out)
    assert (plain["notes"]["operations"], dear["notes"]["operations"]) == (64_000, 76_800)
    assert "extra" not in plain["notes"]
    assert dear["notes"]["extra"] == 0.2
    assert dear["invariants"][0]["name"] == plain["invariants"][0]["name"]


@pytest.mark.skipif(not Path("/proc/self/smaps_rollup").exists(), reason="needs Linux's PSS")
def test_a_real_footprint_grows() -> None:
    params = {"workers": 1}
    plain = measure("footprint", params=params, profile="smoke")
    dear = measure("footprint", params=params, profile="smoke", extra=1.0)
    assert dear.metrics["uss"].samples[0] > 1.5 * plain.metrics["uss"].samples[0]
