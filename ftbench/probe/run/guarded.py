"""Runs a program under the guard: follows its events, and leaves nothing of it behind."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import Any, Self

from ftbench.errors import DeadlineError, FtbenchError, WorkerFailedError, error_class
from ftbench.probe.run.child import Lines, Tail

# The program's own deadline comes first and tells a better story.
BACKSTOP_SECONDS = 5.0
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
    """A program under the guard; `event` and `line` are its last event and its last line.

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
        self.line = b""
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
        """Follow it to its end; return its exit code.

        At an "observe" event call `observe`, then let it go on.
        """
        end = time.monotonic() + self.deadline + BACKSTOP_SECONDS
        try:
            while line := self._lines.following(end - time.monotonic()):
                self.line = line
                try:
                    event = json.loads(line)
                except ValueError:  # cut short: it was killed in mid-word
                    continue
                self.event = event if isinstance(event, dict) else {}
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
