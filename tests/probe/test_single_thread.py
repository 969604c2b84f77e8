"""single_thread: a kernel is run a fixed number of times a sample, and every run is checked."""

from __future__ import annotations

import itertools

import pytest
from probing import document_of, program, run_probe

from benchmarks.single_thread import SingleThread
from ftbench.facts.modes import mode_named
from ftbench.facts.profiles import profile_named
from ftbench.probe.scenarios import single_thread
from ftbench.probe.scenarios.base import Cell
from ftbench.probe.workers.base import Deadline
from ftbench.probe.workloads import injected
from ftbench.probe.workloads.kernels import SMALL, timed
from ftbench.pythons import Interpreter

CORNERS = [
    "calls",
    "attributes",
    "dict",
    "list",
    "str",
    "float",
    "generators",
    "exceptions",
    "comprehension",
    "json",
    "re",
    "sort",
]

_WRONG = """
from ftbench.probe.workloads import kernels
from ftbench.probe.run import cell
kernels.SMALL["json"] = (lambda: 1), kernels.SMALL["json"][1]
cell.main()
"""


def _cell(extra: float) -> Cell:
    return Cell(
        mode=mode_named("serial"),
        params={"kernel": "json"},
        profile=profile_named("rounds=3"),
        deadline=Deadline(50),
        observe=lambda _phase, _seconds, _members: None,
        extra=extra,
    )


def test_the_ladder_is_every_small_kernel() -> None:
    assert SingleThread.params == (("serial",), tuple(SMALL))
    assert list(SMALL) == CORNERS
    assert SingleThread.version == single_thread.SINGLE_THREAD.version


@pytest.mark.parametrize("kernel", CORNERS)
def test_every_kernel_yields_samples_of_checked_runs(ft_python: Interpreter, kernel: str) -> None:
    words = ["--mode", "serial", "--set", f"kernel={kernel}"]
    document = document_of(ft_python.executable, "single_thread", *words)
    assert document["metrics"].keys() == {"kernel", "cpu"}
    assert all(0 < sample < 1 for sample in document["metrics"]["kernel"]["samples"])
    assert document["notes"]["runs"] == single_thread.RUNS
    assert f"checksums of 20 runs of {kernel} were" in document["invariants"][0]["checked"]


def test_a_wrong_checksum_is_no_time(ft_python: Interpreter) -> None:
    words = ["--mode", "serial", "--set", "kernel=json"]
    done = run_probe(ft_python.executable, "single_thread", *words, how=program(_WRONG))
    assert done.returncode == 1
    assert "20 runs of json: checksums [20] are not" in done.stderr


def test_what_is_added_is_run_and_not_credited(monkeypatch: pytest.MonkeyPatch) -> None:
    ran: list[int] = []
    ticks = itertools.count(0, 1_000_000)

    def clocked(work: object, runs: int) -> tuple[int, int, int, int]:
        ran.append(runs)
        begin = next(ticks)
        return begin, begin + runs * 1_000, runs * 1_000, runs * timed(SMALL["json"][0], 1)[3]

    def spin(steps: int) -> int:
        spun.append(steps)
        return steps

    spun: list[int] = []
    monkeypatch.setattr(single_thread, "timed", clocked)
    monkeypatch.setattr(injected, "spin", spin)
    monkeypatch.setattr(injected, "steps_for", round)
    plain, more = (single_thread.run(_cell(extra)) for extra in (0.0, 0.01))
    assert ran == [20] * (4 + 9)  # the first of each, five that tell how long one takes
    assert spun == [200] * 3  # less than a run, in each round the same
    assert plain.metrics["kernel"].samples == pytest.approx((1e-6,) * 3)
    assert more.metrics["kernel"].samples == pytest.approx((1.01e-6,) * 3)
