"""The observer as the supervisor sees it: a child on the host's Python that samples memory."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any, Self

from ftbench.errors import DeadlineError, FtbenchError, NotAvailableError, WorkerFailedError
from ftbench.probe.run.child import Lines, Tail, clean_environment

HOST_PYTHON = "FTBENCH_HOST_PYTHON"
START_SECONDS = 20.0  # for an answer, beyond the time that was asked for
END_SECONDS = 5.0
_PACKAGE_PARENT = Path(__file__).resolve().parents[3]


class Watcher:
    """A running observer, ready once it has greeted; `phases` maps a phase to its answer."""

    def __init__(self, python: str | None = None) -> None:
        """Start the observer on `python`; raises `NotAvailableError` if that cannot be done."""
        self.phases: dict[str, dict[str, Any]] = {}
        python = python or os.environ.get(HOST_PYTHON) or sys.executable
        # A benchmark's environment has no observer; there, the host has ftbench installed.
        here = (_PACKAGE_PARENT / "ftbench" / "observer").is_dir()
        extra = {"PYTHONPATH": str(_PACKAGE_PARENT)} if here else {}
        try:
            self._process = subprocess.Popen(
                [python, "-P", "-m", "ftbench.observer"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                env=clean_environment(os.environ, extra),
            )
        except OSError as error:
            raise _cannot_observe(str(error)) from error
        self._lines = Lines(self._process.stdout)
        self._words = Tail(self._process.stderr)

    def _read(self, seconds: float) -> dict[str, Any]:
        """Return the next answer, `{"unavailable": why}` if there is none."""
        try:
            line = self._lines.following(seconds)
        except TimeoutError:
            raise DeadlineError(f"The observer did not answer within {seconds:g} s.") from None
        try:
            answer: dict[str, Any] = json.loads(line)
        except ValueError:
            words = (line.decode("utf-8", "replace") + self._words.text()).strip().splitlines()
            return {"unavailable": words[-1] if words else "it ended without a word"}
        return answer

    def greet(self) -> None:
        """Wait for its greeting; raises `NotAvailableError` if it cannot observe."""
        hello = self._read(START_SECONDS)
        if "reader" not in hello:
            raise _cannot_observe(str(hello.get("unavailable", hello)))

    def __enter__(self) -> Self:
        try:
            self.greet()
        except FtbenchError:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_exc: object) -> None:
        # The observer ends when its standard input closes.
        assert self._process.stdin is not None
        with suppress(OSError):
            self._process.stdin.close()
        try:
            self._process.wait(END_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait(END_SECONDS)
        self._lines.close()
        self._words.close()

    def observe(self, request: dict[str, Any], deadline: float) -> None:
        """Have the tree sampled as `request` says, and keep the answer.

        Raises `WorkerFailedError` if a process that was to be watched is gone.
        """
        if request["seconds"] > deadline:
            raise DeadlineError("The observation would take longer than the cell may.")
        assert self._process.stdin is not None
        with suppress(OSError):  # an observer that is gone gives no answer, and its last words
            self._process.stdin.write(json.dumps(request).encode() + b"\n")
            self._process.stdin.flush()
        answer = self._read(request["seconds"] + START_SECONDS)
        if "gone" in answer:
            role = request["roles"][str(answer["gone"])]
            raise WorkerFailedError(
                f"A {role} (process {answer['gone']}) was gone while it was to be busy; "
                "nothing is recorded."
            )
        if "samples" not in answer:
            raise FtbenchError(
                f"The observer failed: {answer.get('unavailable', answer)}; nothing is recorded."
            )
        self.phases[request["phase"]] = answer


def _cannot_observe(why: str) -> NotAvailableError:
    return NotAvailableError(
        f"Memory cannot be observed here: {why.rstrip('.')}.",
        hint=f"Name a Python that has ftbench and psutil in {HOST_PYTHON}.",
    )
