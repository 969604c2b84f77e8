"""The observer as the supervisor sees it: a child on the host's Python that samples memory."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

from ftbench.errors import DeadlineError, FtbenchError, NotAvailableError, WorkerFailedError
from ftbench.probe.run.child import clean_environment
from ftbench.probe.run.guarded import Program

HOST_PYTHON = "FTBENCH_HOST_PYTHON"
START_SECONDS = 20.0  # for an answer, beyond the time that was asked for
_PACKAGE_PARENT = Path(__file__).resolve().parents[3]


class Watcher(Program):
    """A running observer, ready once it has greeted; `phases` maps a phase to its answer."""

    def __init__(self, python: str | None = None) -> None:
        """Start the observer on `python`; raises `NotAvailableError` if that cannot be done."""
        self.phases: dict[str, dict[str, Any]] = {}
        self.gone: WorkerFailedError | None = None  # a process that was to be watched
        python = python or os.environ.get(HOST_PYTHON) or sys.executable
        # A benchmark's environment has no observer; there, the host has ftbench installed.
        here = (_PACKAGE_PARENT / "ftbench" / "observer.py").exists()
        extra = {"PYTHONPATH": str(_PACKAGE_PARENT)} if here else {}
        try:
            super().__init__(
                [python, "-P", "-m", "ftbench.observer"], clean_environment(os.environ, extra)
            )
        except OSError as error:
            raise _cannot_observe(str(error)) from error

    def _read(self, seconds: float) -> dict[str, Any]:
        """Return the next answer, `{"unavailable": why}` if there is none."""
        try:
            line = self._lines.following(seconds)
        except TimeoutError:
            raise DeadlineError(f"The observer did not answer within {seconds:g} s.") from None
        try:
            answer: dict[str, Any] = json.loads(line)
        except ValueError:
            words = (line.decode("utf-8", "replace") + self.words).strip().splitlines()
            return {"unavailable": words[-1] if words else "it ended without a word"}
        return answer

    def greet(self) -> None:
        """Wait for its greeting; raises `NotAvailableError` if it cannot observe."""
        hello = self._read(START_SECONDS)
        if "reader" not in hello:
            raise _cannot_observe(str(hello.get("unavailable", hello)))

    def observe(self, request: dict[str, Any], deadline: float) -> None:
        """Have the tree sampled as `request` says; keep the answer, or the error of who is gone."""
        if request["seconds"] > deadline:
            raise DeadlineError("The observation would take longer than the cell may.")
        self._tell(json.dumps(request).encode())
        answer = self._read(request["seconds"] + START_SECONDS)
        if "gone" in answer:
            role = request["roles"][str(answer["gone"])]
            self.gone = WorkerFailedError(
                f"A {role} (process {answer['gone']}) was gone while it was to be busy; "
                "nothing is recorded."
            )
        elif "samples" in answer:
            self.phases[request["phase"]] = answer
        else:
            raise FtbenchError(
                f"The observer failed: {answer.get('unavailable', answer)}; nothing is recorded."
            )


def _cannot_observe(why: str) -> NotAvailableError:
    return NotAvailableError(
        f"Memory cannot be observed here: {why.rstrip('.')}.",
        hint=f"Name a Python that has ftbench and psutil in {HOST_PYTHON}.",
    )
