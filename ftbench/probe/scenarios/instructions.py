"""instructions: how many a processor executes for a unit of work, counted by valgrind.

Two sizes of the same work each run in a program of their own; the difference is the work's, without
the program's start.  It hardly depends on what else runs on a machine.  Shows whether a build does
more for the same work, to a thousandth: the kernels of `single_thread` in the main thread, those of
`cpu_scaling` and the patterns of `must_scale` in two threads at once.  Does not show what an
instruction takes: caches, branch misses, and threads that wait for each other, since valgrind lets
one run at a time.  Hardware counters count other instructions, and virtual machines hide them.

Source: rustc-perf and SQLite, which decide by instructions what their machines' noise hides.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from ftbench.errors import GilStateError, NotAvailableError, WorkerFailedError
from ftbench.probe.instruments.build import gil_enabled
from ftbench.probe.run import MARK
from ftbench.probe.run.outcome import Outcome, same_checksums
from ftbench.probe.run.programs import PACKAGE_PARENT
from ftbench.probe.scenarios import instructions_program
from ftbench.probe.scenarios.base import Cell, MetricSpec, Param, Scenario, costs
from ftbench.probe.scenarios.must_scale import LEDGER, THREADS
from ftbench.probe.workloads.kernels import KERNELS, SMALL

# The two sizes: so many times the turns of a kernel or pattern, which take some 20 ms by
# themselves.  The smaller one has bytecode specialized, too.
SMALLER, LARGER = 1, 3
_TURNS = {**dict.fromkeys(SMALL, 80), **dict.fromkeys(KERNELS, 8)}
_SLICES = 8  # of a pattern in `must_scale`

_COUNTED = re.compile(r"^summary: (\d+)", re.MULTILINE)
# What valgrind says where it cannot run a program.
_CANNOT = re.compile(r"^(?:valgrind: |.*[Uu]nrecogni[sz]ed instruction).*", re.MULTILINE)

PARAMS = {
    "kernel": Param(default="calls", choices=(*SMALL, *KERNELS)),
    "pattern": Param(default="", choices=("", *LEDGER)),  # in the place of a kernel
}

METRICS = (
    MetricSpec(
        "instructions",
        "instructions",
        "Instructions per thread; of one run or turn, counted by valgrind.",
    ),
)


def run(cell: Cell) -> Outcome:
    """Measure one cell: a sample per pair of programs, which run at the same time."""
    valgrind = shutil.which("valgrind")
    if valgrind is None:
        raise NotAvailableError(
            "Instructions cannot be counted: there is no valgrind here.",
            hint="Install it (Debian: apt install valgrind), where the system has it.",
        )
    kernel, pattern = cell.params["kernel"], cell.params["pattern"]
    nominal = LEDGER[pattern].turns * _SLICES if pattern else _TURNS[kernel]
    turns = cell.with_extra(nominal)
    threads = 1 if cell.mode.kind == "serial" else THREADS[0]
    # The serial twin, which also sees to it that there is bytecode of all that is loaded.
    expected = instructions_program.work_of(kernel, pattern)(turns)
    words = (kernel, pattern, str(threads), str(turns))
    counts: list[tuple[int, int]] = []
    checksums: list[int] = []
    for _ in range(cell.profile.holds):  # one in any profile with a name
        pair = [_Counted(valgrind, (*words, str(size))) for size in (SMALLER, LARGER)]
        smaller, larger = (each.end(cell) for each in pair)
        counts.append((smaller, larger))
        checksums += [number for each in pair for number in each.checksums]
    units = threads * (LARGER - SMALLER) * nominal
    samples = [(larger - smaller) / units for smaller, larger in counts]
    return Outcome(
        metrics=costs(METRICS, {"instructions": samples}),
        invariants=(same_checksums(f"{turns} turns of {pattern or kernel}", checksums, expected),),
        notes={
            "counter": subprocess.check_output([valgrind, "--version"], text=True).strip(),
            "counts": counts,
            "threads": threads,
            "turns": nominal,
        },
    )


class _Counted:
    """A program that runs under valgrind."""

    def __init__(self, valgrind: str, words: Sequence[str]) -> None:
        self.checksums: list[int] = []
        self._file = Path(tempfile.gettempdir(), f"counted-{words[-1]}")
        self._file.touch()
        program = [sys.executable, "-S", "-P", instructions_program.__file__, *words]
        self._process = subprocess.Popen(
            [
                # Not the options of the caller's shell, home and folder.
                *(valgrind, "--command-line-only=yes", "-q", "--tool=cachegrind", "--cache-sim=no"),
                *(f"--cachegrind-out-file={self._file}", *program),
            ],
            # Which strings collide in a dict is no matter of chance.
            env={**os.environ, "PYTHONPATH": str(PACKAGE_PARENT), "PYTHONHASHSEED": "0"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def end(self, cell: Cell) -> int:
        """Wait for its end; return how many instructions it had."""
        try:
            out, errors = self._process.communicate(timeout=cell.deadline.left())
        except subprocess.TimeoutExpired:
            raise cell.deadline.passed("programs under valgrind to end") from None
        if said := _CANNOT.search(errors):
            raise NotAvailableError(f"Valgrind cannot run this build: {said[0].strip()}")
        gil, *checksums = map(int, out.rpartition(MARK)[2].split() or ["-1"])
        if self._process.returncode or gil < 0:
            raise WorkerFailedError(
                f"A program under valgrind ended with code {self._process.returncode}.",
                story=errors,
            )
        if gil != gil_enabled():
            raise GilStateError("A program under valgrind ran with another GIL than its cell.")
        self.checksums = checksums
        counted = _COUNTED.search(self._file.read_text("utf-8", "replace"))
        if counted is None:
            raise WorkerFailedError("Valgrind did not say what it counted.", story=errors)
        return int(counted[1])


INSTRUCTIONS = Scenario(
    name="instructions",
    version="1",
    title="Instructions of a unit of work, by valgrind",
    params=PARAMS,
    metrics=METRICS,
    run=run,
    modes=("serial", "threads"),
    counted=True,
    slowed=("instructions",),
)
