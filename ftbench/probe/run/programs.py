"""The programs that a run speaks with: what is measured, under its guard, and the observer."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, Self

from ftbench.errors import (
    DeadlineError,
    FtbenchError,
    NotAvailableError,
    WorkerFailedError,
    error_class,
)
from ftbench.probe.run.child import Lines, Tail, clean_environment

PACKAGE_PARENT = Path(__file__).resolve().parents[3]
HOST_PYTHON = "FTBENCH_HOST_PYTHON"
# The program's own deadline comes first and tells a better story.
BACKSTOP_SECONDS = 5.0
START_SECONDS = 20.0  # for an observer's answer, beyond the time that was asked for
_SIGNALS = (
    "Codes above 128 are signals: 137 is SIGKILL and 134 SIGABRT, both often for want of memory."
)
Event = dict[str, Any]


class Program:
    """A child to speak with, as a context: it is to end when its standard input closes."""

    def __init__(self, command: Sequence[str], environ: Mapping[str, str], **options: Any) -> None:
        """Start `command`; `options` are those of `Popen`."""
        self._process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=dict(environ),
            **options,
        )
        self._lines = Lines(self._process.stdout)
        self._words = Tail(self._process.stderr)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exc: object) -> None:
        assert self._process.stdin is not None
        with suppress(OSError):
            self._process.stdin.close()
        self._end()
        self._lines.close()
        self._words.close()

    @property
    def words(self) -> str:
        """What it wrote to standard error, the last of it."""
        return self._words.text()

    @property
    def others(self) -> bytes:
        """What it wrote to standard output and is no answer, the last of it."""
        return self._lines.others

    def _tell(self, line: bytes) -> None:
        assert self._process.stdin is not None
        with suppress(OSError):  # it is gone, and its end is the story
            self._process.stdin.write(line + b"\n")
            self._process.stdin.flush()

    def _end(self) -> int:
        """Wait for it, which has nothing left to do; return its exit code."""
        try:
            return self._process.wait(BACKSTOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait(BACKSTOP_SECONDS)
            return DeadlineError.exit_code


class Guarded(Program):
    """A program under the guard; `event` is its last one.

    `name` is what errors call it; `hint` is what helps where its `deadline` (seconds) passes.
    """

    def __init__(
        self,
        command: Sequence[str],
        *,
        environ: Mapping[str, str],
        deadline: float,
        name: str,
        hint: str = "",
        python: str = sys.executable,
    ) -> None:
        """Start `command` under the guard, which runs on `python`."""
        self.deadline = deadline + BACKSTOP_SECONDS
        self.event: Event = {}
        self._name = name
        self._hint = hint
        super().__init__(
            [python, "-P", "-m", "ftbench.probe.run.guard", str(self.deadline), *command],
            environ,
            # Ctrl-C is for the supervisor alone: it decides what ends.
            start_new_session=True,
            creationflags=getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0),  # Windows
        )

    def follow(self, observe: Callable[[Event], None] | None = None) -> int:
        """Follow it to its end and return its exit code; `observe` is called when it asks."""
        end = time.monotonic() + self.deadline + BACKSTOP_SECONDS
        try:
            while line := self._lines.answer(end - time.monotonic()):
                try:
                    self.event = json.loads(line)
                except ValueError:  # cut short: it was killed in mid-word
                    continue
                if observe and self.event.get("event") == "observe":
                    observe(self.event)
                    self._tell(b"")
        except TimeoutError:  # the guard itself hangs
            self.event = {}
            return DeadlineError.exit_code
        return self._end()

    def document(self, observe: Callable[[Event], None] | None = None) -> dict[str, Any]:
        """Follow a cell to its end; return its part of the document, or raise its error."""
        code = self.follow(observe)
        last = self.event
        if last.get("event") == "failed":
            raise error_class(last["code"])(last["message"], hint=last["hint"], story=last["story"])
        if last.get("event") != "done":
            raise self.silent_end(code)
        document: dict[str, Any] = last["document"]
        return document

    def silent_end(self, code: int) -> FtbenchError:
        """Return the error of a program that ended with `code` before it reported anything."""
        if code == DeadlineError.exit_code:
            return DeadlineError(
                f"The {self._name} did not end within {self.deadline:g} s; it was ended.",
                story=self.words,
                hint=self._hint,
            )
        return WorkerFailedError(
            f"The {self._name}'s process ended with code {code} before it could tell what it "
            "measured.",
            story=self.words,
            hint=_SIGNALS,
        )


class Watcher(Program):
    """A running observer, ready once it has greeted; `phases` maps a phase to its answer."""

    def __init__(self, python: str | None = None) -> None:
        """Start the observer on `python`; raises `NotAvailableError` if that cannot be done."""
        self.phases: dict[str, dict[str, Any]] = {}
        self.gone: WorkerFailedError | None = None  # a process that was to be watched
        python = python or os.environ.get(HOST_PYTHON) or sys.executable
        # A benchmark's environment has no observer; there, the host has ftbench installed.
        here = (PACKAGE_PARENT / "ftbench" / "observer.py").exists()
        extra = {"PYTHONPATH": str(PACKAGE_PARENT)} if here else {}
        try:
            super().__init__(
                [python, "-P", "-m", "ftbench.observer"], clean_environment(os.environ, extra)
            )
        except OSError as error:
            raise _cannot_observe(str(error)) from error

    def _read(self, seconds: float) -> dict[str, Any]:
        """Return the next answer, `{"unavailable": why}` if there is none."""
        try:
            line = self._lines.answer(seconds)
        except TimeoutError:
            raise DeadlineError(f"The observer did not answer within {seconds:g} s.") from None
        try:
            answer: dict[str, Any] = json.loads(line)
        except ValueError:
            words = (self.others.decode("utf-8", "replace") + self.words).strip().splitlines()
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
