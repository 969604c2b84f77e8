"""Runs asv commands as a user would."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from rich.console import Console

from ftbench.errors import AsvError, NothingError
from ftbench.probe.run.programs import short_folder
from ftbench.progress import bar
from ftbench.results.asv_import import SEMAPHORES

# "[42.50%] ··· lifecycle.Lifecycle.track_round": asv's share of its steps, and what it is at.
_STEP: Final = re.compile(r"\[\s*(?P<percent>[\d.]+)%\] ·+ (?P<text>\S.*?)\s*$")
# "[cell ft lifecycle.Lifecycle.track_round-3]": what our environment says of a cell that it begins.
_CELL: Final = re.compile(r"\[cell (?P<arm>\S+) (?P<group>\S+)(?P<metric>\.\w+?)(?P<index>-\d+)?\]")
# What records of one run have in common, of however many calls of asv; each of these says which
# cell it begins: between two of its steps lie all of a class.
RUN_NAME: Final = "FTBENCH_RUN"
# Set for a first result: one process a cell, which the run that follows takes over.
FIRST_RESULT: Final = "FTBENCH_FIRST_RESULT"
# What it says of cells that are not measured again.
TAKEN_OVER: Final = "they are reused"
_KEPT_LINES: Final = 40

# Longer than any run of asv: a run has as many benchmarks as are asked for, each with a deadline.
_DEADLINE_SECONDS: Final = 7 * 24 * 3600
_END_SECONDS: Final = 30.0
_GUARD: Final = (sys.executable, "-m", "ftbench.probe.run.guard", str(_DEADLINE_SECONDS))

# asv's exit code when some benchmark failed; everything that could be measured is saved.
SOME_FAILED: Final = 2


def run_name() -> str:
    """Return a name that no other run has."""
    return f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}-{os.getpid()}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Asv:
    """asv in one project folder, with the variables that a run needs."""

    folder: Path
    console: Console
    variables: Mapping[str, str]
    # How many seconds a process of a cell takes: "ft, lifecycle.Lifecycle-3" → seconds.
    seconds: Mapping[str, float] = field(default_factory=dict)
    run: str = field(default_factory=run_name)
    program: Sequence[str] = (sys.executable, "-m", "ftbench.asv")

    def __call__(
        self,
        *arguments: str,
        show: str,
        total: float = 0.0,
        first: bool = False,
        tolerate: Sequence[int] = (),
    ) -> int:
        """Run `asv ARGUMENTS`, with `show` as the title of its progress; return its exit code.

        `total` is the seconds of all its cells, 0.0 where nobody knows; `first` has it be a first
        result.
        Raises `AsvError` with asv's last lines for an exit code that is neither 0 nor in
        `tolerate`; `NothingError` where it has measured nothing.
        """
        self.console.print(f"$ {self._as_typed(arguments)}", style="dim", markup=False)
        # Under the guard of the probe: whatever ends this process, asv ends with it, and the next
        # call does not find a forgotten one that still measures.
        temporary = short_folder()
        own = {"PYTHONIOENCODING": "utf-8", "TMPDIR": temporary, RUN_NAME: self.run}
        if first:
            own[FIRST_RESULT] = "1"
        process = subprocess.Popen(
            [*_GUARD, temporary, *self.program, *arguments],
            cwd=self.folder,
            env={**os.environ, **self.variables, **own},
            start_new_session=True,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            encoding="utf-8",
            errors="replace",
        )
        try:
            last = self._follow(process, show, total)
            code = process.wait()
        finally:
            assert process.stdin is not None
            process.stdin.close()  # tells the guard that nobody waits any more
            process.wait(_END_SECONDS)
            assert process.stdout is not None
            process.stdout.close()
        if code not in (0, *tolerate):
            raise (NothingError if code == NothingError.exit_code else AsvError)(
                f"asv ended with code {code}.",
                story="\n".join(last),
                hint=f"What is measured is kept. To see all of it: {self._as_typed(arguments)}",
            )
        return code

    def _as_typed(self, arguments: Sequence[str]) -> str:
        variables = [f"{name}={shlex.quote(value)}" for name, value in self.variables.items()]
        command = "asv" if SEMAPHORES else "python -m ftbench.asv"
        return " ".join([*variables, command, shlex.join(arguments)])

    def _follow(self, process: subprocess.Popen[str], show: str, total: float) -> Sequence[str]:
        assert process.stdout is not None
        last: deque[str] = deque(maxlen=_KEPT_LINES)
        skipped = 0
        with bar(self.console, total or 100.0, title=show) as shown:
            for line in process.stdout:
                last.append(line.rstrip())
                if TAKEN_OVER in line:  # asv ends no line before it knows how a benchmark went
                    shown.console.print(_CELL.sub("", line).strip(), markup=False)
                cell, step = _CELL.search(line), _STEP.search(line)
                if cell:
                    part, index = f"{cell['arm']}, {cell['group']}", cell["index"] or ""
                    weight = self.seconds.get(part + index, 0.0)
                    shown.begin(f"{part}{cell['metric']}{index}", part=part, weight=weight)
                elif step and not total:
                    shown.update(completed=float(step["percent"]))
                elif "warning" in line.lower():
                    shown.console.print(line.strip(), markup=False)
                elif " skipped" in line:
                    skipped += 1
        if skipped:
            words = f"{skipped} times asv left something out that this machine lacks."
            self.console.print(words, markup=False)
        return list(last)
