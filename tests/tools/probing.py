"""Runs the probe as a user does, on a given interpreter, if need be with a cell of the test's."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import psutil

from ftbench.facts.modes import Mode
from ftbench.probe.run.child import clean_environment
from ftbench.pythons import Interpreter

ROOT = Path(__file__).resolve().parents[2]
DEADLINE_SECONDS = 60.0
PROBE = ["-m", "ftbench.probe"]

# The whole chain (supervisor, guard, cell), with another program where the cell's stands.
_WITH_CELL = """
import sys
from ftbench.probe.run import measure as measuring, programs
from ftbench.probe.__main__ import main
measuring.CELL = sys.argv[1]
sys.exit(main(sys.argv[2:]))
"""

# A cell whose tasks are all `bad`; forked workers have it, spawned ones import the real one.
_BAD_CELL = """
import os, signal, sys, time
from ftbench.probe import entry_points
from ftbench.probe.run import cell
real = entry_points.article
{function}
entry_points.TASKS.update(empty=bad, article=bad)
"""
# The cell of footprint has a program of its own; this one stands where that does.
_WITH_PROGRAM = """
import sys
from pathlib import Path
from ftbench.probe.run import measure as measuring
from ftbench.probe.__main__ import main
measuring.PROGRAMS = Path(sys.argv[1])
sys.exit(main(sys.argv[2:]))
"""


def cell_with(function: str) -> list[str]:
    """Return what runs the probe with `function`, the source of `def bad()`, as its task."""
    return program(_BAD_CELL.format(function=function) + "cell.main()\n")


def footprint_with(folder: Path, function: str) -> list[str]:
    """Return the same for footprint, whose program is written into `folder`."""
    begins = "from ftbench.probe.scenarios import footprint_workers as workers\n"
    does = "workers.begin(*sys.argv[2:])\ncell.main()\n"
    return footprint_by(folder, begins + _BAD_CELL.format(function=function) + does)


def footprint_by(folder: Path, program: str) -> list[str]:
    """Return what runs the probe with the source `program`, put into `folder`, as footprint's."""
    (folder / "footprint_program.py").write_text(program, encoding="utf-8")
    return ["-c", _WITH_PROGRAM, str(folder)]


def program(cell: str) -> list[str]:
    """Return what runs the probe with the source `cell` in place of the cell's program."""
    return ["-c", _WITH_CELL, cell]


def environment(extra: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return an environment in which the checkout's ftbench is found and psutil's host named."""
    mine = {"PYTHONPATH": str(ROOT), "FTBENCH_HOST_PYTHON": sys.executable}
    return clean_environment(os.environ, {**mine, **(extra or {})})


_BAD_ERRAND = """
import os, signal, time
from ftbench.probe.workloads import crunching as module
from ftbench.probe.run import cell
parent = os.getpid()
real = module.errand
def bad(steps, payload):
    if os.getpid() != parent:
        {worst}
    return real(steps, payload)
bad.__module__, bad.__qualname__, module.errand = module.__name__, "errand", bad
cell.main()
"""


def bad_errand(worst: str, before: str = "") -> list[str]:
    """Return how to run a probe whose worker processes do `worst` ahead of a pool's errand."""
    return program(before + _BAD_ERRAND.format(worst=worst))


def ran(
    command: Sequence[Path | str], *, check: bool = False, **how: Any
) -> subprocess.CompletedProcess[str]:
    """Run a command to its end, its output taken as text."""
    usual: dict[str, Any] = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    usual |= {"encoding": "utf-8", "timeout": 120}
    done: subprocess.CompletedProcess[str] = subprocess.run(command, check=check, **usual | how)
    return done


def run_probe(
    python: Path | str,
    *args: str,
    how: list[str] = PROBE,
    environ: Mapping[str, str] | None = None,
    profile: str = "smoke",
) -> subprocess.CompletedProcess[str]:
    """Run the probe and return its end."""
    words = [str(python), *how, *args, "--profile", profile]
    return ran(words, errors="replace", env=environment(environ), timeout=DEADLINE_SECONDS)


def document_of(
    python: Path | str, *args: str, how: list[str] = PROBE, environ: Mapping[str, str] | None = None
) -> dict[str, Any]:
    """Run the probe and return its document; a run that fails fails the test with its story."""
    done = run_probe(python, *args, "--json", how=how, environ=environ)
    assert done.returncode == 0, done.stderr
    document: dict[str, Any] = json.loads(done.stdout)
    return document


def words_of(mode: Mode) -> list[str]:
    """Return how the command line names `mode`."""
    start = ["--start-method", mode.start_method] if mode.start_method else []
    return ["--mode", mode.kind, *start]


def has_mode(interpreter: Interpreter, mode: Mode) -> bool:
    """Return whether an interpreter, on this system, has `mode`."""
    release = interpreter.release
    if mode.kind == "interpreters":
        return (release.major, release.minor) >= (3, 14)
    return sys.platform != "win32" or mode.start_method in (None, "spawn")


def lives(process: int | psutil.Process) -> bool:
    """Tell whether a process runs; one that nobody has waited for does not."""
    try:
        found = psutil.Process(process) if isinstance(process, int) else process
        return found.is_running() and found.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def eventually(condition: Callable[[], bool], what: str, seconds: float = 20.0) -> None:
    """Wait until `condition`; fail with `what` if it does not come true in time."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, f"after {seconds:g} s not yet: {what}"
        time.sleep(0.02)


OPERATIONS, MANAGED_OPERATIONS, GROWN = 256, 12, 500

_SMALL_CELLS = """
import json, sys
from ftbench.probe.workers.base import Deadline
from ftbench.facts.modes import mode_named
from ftbench.facts.profiles import profile_named
from ftbench.probe.scenarios.base import Cell
from ftbench.probe.scenarios import shared_set, sharded_writers
from ftbench.probe.scenarios.base import scenario_named
name, mode, most, cells = json.loads(sys.argv[1])
shared_set.OPERATIONS, shared_set.MANAGED_OPERATIONS, shared_set.GROWN = most
sharded_writers.OPERATIONS, sharded_writers.POLLED_OPERATIONS = most[0], 8
scenario, mode, outcomes = scenario_named(name), mode_named(mode), []
for params in cells:
    params, roles = scenario.parse(params), {}
    outcome = scenario.run(Cell(
        mode=mode,
        params=params,
        profile=profile_named("rounds=2"),
        deadline=Deadline(50),
        observe=lambda _phase, _seconds, seen: roles.update(seen),
    ))
    outcomes.append({
        "metrics": {name: metric._asdict() for name, metric in outcome.metrics.items()},
        "invariants": [each._asdict() for each in outcome.invariants],
        "notes": outcome.notes,
        "roles": sorted(roles.values()),
    })
print(json.dumps(outcomes))
"""


def small_cells(
    python: Interpreter, scenario: str, mode: Mode, cells: Sequence[dict[str, Any]]
) -> list[dict[str, Any]]:
    """Return what each cell came to: its metrics, invariants, notes and the roles looked at."""
    most = [OPERATIONS, MANAGED_OPERATIONS, GROWN]
    request = json.dumps([scenario, mode.name, most, list(cells)])
    command = [str(python.executable), "-W", "error", "-P", "-c", _SMALL_CELLS, request]
    done = ran(command, env=environment())
    assert (done.returncode, done.stderr) == (0, ""), done.stderr
    found: list[dict[str, Any]] = json.loads(done.stdout)
    return found
