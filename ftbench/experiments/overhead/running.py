"""Runs one contest in a clean process of the measured interpreter, under the probe's guard."""

from __future__ import annotations

import json
import os
import subprocess
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from ftbench.errors import DeadlineError, FtbenchError, WorkerFailedError, error_class
from ftbench.experiments.overhead.plan import Loop
from ftbench.facts.arms import Arm
from ftbench.probe.run.environ import clean_environment
from ftbench.probe.run.pipes import Lines, Tail

# The guard is the backstop: the contest's own deadline comes first and tells a better story.
_BACKSTOP_SECONDS: Final = 5.0
_CONTEST: Final = "from ftbench.probe.overhead.loops import main; main()"


@dataclass(frozen=True, slots=True, kw_only=True)
class Heat:
    """What one process found of one loop.

    `samples` maps a loop's name to seconds per operation, one sample per pair, in the same order
    for all; `checked` says how the work was found to be the same.  The harness times one operation
    in `every`; a clock call costs `clock` there, all of its instrument `instrument` per operation,
    both in seconds.
    """

    samples: Mapping[str, tuple[float, ...]]
    checked: str
    every: int
    clock: float
    instrument: float


def heat(python: Path, arm: Arm, loop: Loop, *, pairs: int, deadline: float) -> Heat:
    """Run `loop` in a fresh process of `python`; `deadline` is in seconds.

    `python` is that of a virtual environment which holds the measured side.
    Raises `NotAvailableError`, `WorkerFailedError`, `DeadlineError`, `GilStateError` or
    `FtbenchError`, as the process tells; whatever happens, nothing of it stays behind.
    """
    request = {
        "scenario": loop.scenario,
        "mode": loop.mode.name,
        "params": {"workers": loop.workers, "operations": loop.operations, "pairs": pairs},
        "profile": "smoke",  # a contest has its own number of rounds
        "gil": arm.gil,
        "deadline": deadline,
    }
    document = _Run(python, arm, request).document()
    notes = document["notes"]
    return Heat(
        samples={name: tuple(each["samples"]) for name, each in document["metrics"].items()},
        checked="; ".join(each["checked"] for each in document["invariants"]),
        **{name: notes[name] for name in ("every", "clock", "instrument")},
    )


class _Run:
    """One guarded process: its events until it has ended, its last words."""

    def __init__(self, python: Path, arm: Arm, request: Mapping[str, Any]) -> None:
        self._deadline = request["deadline"] + _BACKSTOP_SECONDS
        contest = [str(python), "-P", "-c", _CONTEST, json.dumps(request)]
        self._process = subprocess.Popen(
            [str(python), "-P", "-m", "ftbench.probe.run.guard", str(self._deadline), *contest],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=clean_environment(os.environ, arm.environment),
            # Ctrl-C is for us alone: we decide what ends.
            start_new_session=True,
            creationflags=getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0),  # Windows
        )
        self._lines = Lines(self._process.stdout)
        self._words = Tail(self._process.stderr)

    def document(self) -> dict[str, Any]:
        """Wait for the end; return what was measured, raise what went wrong."""
        try:
            last = self._last_event()
            code = self._end()
        finally:
            self._close()
        if last.get("event") == "failed":
            raise error_class(last["code"])(last["message"], hint=last["hint"], story=last["story"])
        if last.get("event") != "done":
            raise self._ended_silently(code)
        document: dict[str, Any] = last["document"]
        return document

    def _last_event(self) -> dict[str, Any]:
        end = time.monotonic() + self._deadline + _BACKSTOP_SECONDS
        last: dict[str, Any] = {}
        with suppress(TimeoutError):  # the guard itself hangs; without an event this is told
            while line := self._lines.following(end - time.monotonic()):
                with suppress(ValueError):  # cut short: the process was killed in mid-word
                    last = json.loads(line)
        return last

    def _end(self) -> int:
        try:
            return self._process.wait(_BACKSTOP_SECONDS)
        except subprocess.TimeoutExpired:
            return DeadlineError.exit_code

    def _close(self) -> None:
        """End everything that is left, and let go of it."""
        assert self._process.stdin is not None
        with suppress(OSError):
            self._process.stdin.close()  # tells the guard to end its session
        try:
            self._process.wait(_BACKSTOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._lines.close()
        self._words.close()

    def _ended_silently(self, code: int) -> FtbenchError:
        if code == DeadlineError.exit_code:
            return DeadlineError(
                f"The loops did not end within {self._deadline:g} s; they were ended.",
                story=self._words.text(),
                hint="More time: --deadline SECONDS. Less work: --pairs.",
            )
        return WorkerFailedError(
            f"The measured process ended with code {code} before it could tell what it measured.",
            story=self._words.text(),
            hint="Codes above 128 are signals: 137 is SIGKILL, often for want of memory.",
        )
