"""CPU seconds: of this process, of its workers, and of the fork server's."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time

import pytest
from probing import environment

from ftbench.facts.modes import MODES, Mode, mode_named
from ftbench.probe.instruments.clocks import CpuClock
from ftbench.probe.workers import crew_of, unavailable
from ftbench.probe.workers.base import Deadline

# A worker's report ends with the CPU time that it says it took, in nanoseconds.
_WORKS = """
import json, sys
from ftbench.probe.workers import crew_of
from ftbench.probe.workers.base import Deadline
from ftbench.facts.modes import mode_named
mode = mode_named(sys.argv[1])
crew = crew_of(mode, Deadline(30))
clock = crew.cpu_clock(mode)
crew.start_once("empty")  # the fork server starts
crew.join()
crew.reports()
clock.start()
crew._start(eval, ("(sum(range(15_000_000)),)",))
crew.join()
own = crew.reports()[0][-1]
print(json.dumps([clock.stop(own), own * 1e-9]))
"""


@pytest.mark.parametrize("mode", [m for m in MODES if m.kind == "processes"], ids=lambda m: m.name)
def test_the_work_of_a_worker_process_is_counted_once(mode: Mode) -> None:
    if unavailable(mode):
        pytest.skip(f"no {mode.name} here")
    done = subprocess.run(
        [sys.executable, "-P", "-c", _WORKS, mode.name],
        capture_output=True,
        check=False,
        env=environment(),
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    counted, own = json.loads(done.stdout)
    tick = 0.02  # the fork server is accounted in ticks of 10 ms
    # More than the worker says, which does not know of its start and end, but not twice as much.
    assert own - tick <= counted <= 1.8 * own + 0.3


def _clock_of(name: str) -> CpuClock:
    mode = mode_named(name)
    crew = crew_of(mode, Deadline(30))
    crew.close()
    return crew.cpu_clock(mode)


def test_this_process_is_counted() -> None:
    clock = _clock_of("threads")
    clock.start()
    begin = time.process_time()
    while time.process_time() - begin < 0.02:
        sum(range(10_000))
    assert clock.stop(0) >= 0.02
    assert clock.method == "kernel"


def test_nothing_done_is_next_to_nothing_and_never_negative() -> None:
    clock = _clock_of("threads")
    clock.start()
    assert clock.stop(10**9) >= 0


def test_a_fork_server_without_proc_is_counted_by_its_workers_clocks(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(os.path, "exists", lambda _path: False)
    clock = _clock_of("processes-forkserver")
    clock.start()
    assert clock.stop(2 * 10**9) >= 2.0
    assert "workers' own clocks" in clock.method
