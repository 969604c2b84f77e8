"""The programs that a run speaks with: what is measured, under its guard, and the observer."""

from __future__ import annotations

import json
import os
import secrets
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, Self

from ftbench.errors import (
    DeadlineError,
    FtbenchError,
    InterpreterError,
    NotAvailableError,
    WorkerFailedError,
    error_class,
)
from ftbench.probe.run.child import Lines, Tail, clean_environment, stat_fields
from ftbench.probe.run.lacks import OF_PROGRAMS, lacking
from ftbench.probe.run.outcome import percentile
from ftbench.probe.run.streams import NO_STREAMS

PACKAGE_PARENT = Path(__file__).resolve().parents[3]
HOST_PYTHON = "FTBENCH_HOST_PYTHON"
STICK_PYTHON = "FTBENCH_STICK_PYTHON"
# The program's own deadline comes first and tells a better story.
BACKSTOP_SECONDS = 5.0
START_SECONDS = 20.0  # for an observer's answer, beyond the time that was asked for
_PROCESSOR = 36  # where proc(5) has a process's CPU, counted from the third field
_SIGNALS = (
    "Codes above 128 are signals: 137 is SIGKILL and 134 SIGABRT, both often for want of memory."
)
Event = dict[str, Any]
# What a cell waits for → who does it.
Answering = Mapping[str, Callable[[Event], None]]
_ASKING = frozenset({"observe", "slice"})


def host_python() -> str:
    """Return the Python that watches and serves: the one that is named, else this one."""
    return os.environ.get(HOST_PYTHON) or sys.executable


class Program:
    """A child to speak with, a context; raises `NotAvailableError` where the system lacks room."""

    def __init__(self, command: Sequence[str], environ: Mapping[str, str], **options: Any) -> None:
        try:
            self._process = subprocess.Popen(
                command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                env=dict(environ),
                **options,
            )
            self.lines = Lines(self._process.stdout)
            self._words = Tail(self._process.stderr)
        except (OSError, RuntimeError) as error:
            if hasattr(self, "_process"):
                self._process.communicate()  # a standard input that closes is its end
            raise lacking(f"{type(error).__name__}: {error}") or error from error

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exc: object) -> None:
        assert self._process.stdin is not None
        with suppress(OSError):
            self._process.stdin.close()
        self._end()
        self.lines.close()
        self._words.close()

    @property
    def ended(self) -> bool:
        return self._process.poll() is not None

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
        try:
            return self._process.wait(BACKSTOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait(BACKSTOP_SECONDS)
            return DeadlineError.exit_code


class Guarded(Program):
    """A program under the guard, which runs on `python`; `event` is the program's last one."""

    def __init__(
        self,
        command: Sequence[str],
        *,
        environ: Mapping[str, str],
        deadline: float,
        name: str,  # in errors
        hint: str = "",  # what helps where `deadline`, in seconds, passes
        python: str = sys.executable,
    ) -> None:
        self.deadline = deadline + BACKSTOP_SECONDS
        self._last = time.monotonic() + self.deadline + BACKSTOP_SECONDS  # that it is waited for
        self.event: Event = {}
        self._name = name
        self._hint = hint
        self._folder = short_folder()
        guard = [python, "-P", "-m", "ftbench.probe.run.guard", str(self.deadline), self._folder]
        super().__init__(
            [*guard, *command],
            {**environ, "TMPDIR": self._folder},
            # Ctrl-C is for the supervisor alone: it decides what ends.
            start_new_session=True,
            creationflags=getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0),  # Windows
        )

    def __exit__(self, *exc: object) -> None:
        super().__exit__(*exc)
        shutil.rmtree(self._folder, ignore_errors=True)  # should the guard have been killed

    def asks(self) -> bool:
        """Follow it until its `event` waits for an answer; False where it has ended instead."""
        try:
            while line := self.lines.answer(self._last - time.monotonic()):
                try:
                    self.event = json.loads(line)
                except ValueError:  # cut short: it was killed in mid-word
                    continue
                if self.event.get("event") in _ASKING:
                    return True
        except TimeoutError:  # the guard itself hangs
            self.event = {}
        return False

    def answer(self, word: str = "") -> None:
        """Let it go on."""
        self._tell(word.encode())

    def follow(self, answering: Answering | None = None) -> int:
        """Follow it to its end and return its exit code; see `Answering`."""
        while self.asks():
            if answer := (answering or {}).get(self.event["event"]):
                answer(self.event)
            self.answer()
        if time.monotonic() >= self._last:
            return DeadlineError.exit_code
        return self._end()

    def document(self, answering: Answering | None = None) -> dict[str, Any]:
        """Follow a cell to its end; return its part of the document, or raise its error."""
        code = self.follow(answering)
        last = self.event
        if last.get("event") == "done":
            document: dict[str, Any] = last["document"]
            return document
        if last.get("event") != "failed":
            raise self.silent_end(code)
        kind, words = error_class(last["code"]), {key: last[key] for key in ("hint", "story")}
        failed = kind in (FtbenchError, WorkerFailedError, DeadlineError)
        # It may be for want of something that only another of its processes was told of.
        lack = lacking(f"{last['story']}\n{self.words}") if failed else None
        raise lack or kind(last["message"], **words)

    def silent_end(self, code: int) -> FtbenchError:
        """Return the error of a program that ended with `code` before it reported anything."""
        if lack := lacking(self.words):
            return lack
        if code == NO_STREAMS:
            return no_streams(f"The {self._name}'s Python")
        if code == DeadlineError.exit_code:
            return DeadlineError(
                f"The {self._name} did not end within {self.deadline:g} s; it was ended.",
                story=self.words,
                hint=self._hint,
            )
        return WorkerFailedError(
            f"The {self._name}'s process ended with code {code} before it could report its "
            f"measurements.",
            story=self.words,
            hint=_SIGNALS,
        )


# A socket's address has room for 104 bytes with its end (macOS; 108 on Linux), of which our name
# takes 17, multiprocessing's `/pymp-xxxxxxxx/listener-xxxxxxxx` 32, and what others add the rest.
_LONGEST_FOLDER = 50


def short_folder() -> str:
    """Return a path for a cell's temporary folder; raises `NotAvailableError` without a place."""
    try:
        usual = tempfile.gettempdir()
    except FileNotFoundError as error:
        raise NotAvailableError(
            f"Not available here: {error.strerror}.", hint="Name one that can be written to: TMPDIR"
        ) from error
    places = (usual, "/tmp", "/var/tmp")  # noqa: S108 - the guard makes a folder of the cell's own
    short = (each for each in places if len(os.fsencode(each)) <= _LONGEST_FOLDER)
    folder = next((each for each in short if os.access(each, os.W_OK)), usual)
    return str(Path(folder, f"ftbench-{secrets.token_hex(4)}"))


class Watcher(Program):
    """A running observer, ready once it has greeted; `phases` maps a phase to its answer."""

    def __init__(self, python: str) -> None:
        self.phases: dict[str, dict[str, Any]] = {}
        self.gone: WorkerFailedError | None = None  # a process that was to be watched
        self.lacking: NotAvailableError | None = None  # why memory cannot be observed
        self.start_cpu = 0.0  # seconds of CPU until it greeted
        self._greeted = False
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
            line = self.lines.answer(seconds)
        except TimeoutError:
            raise DeadlineError(
                f"The observer did not answer within {seconds:g} s.",
                hint="A machine that is too busy to look is too busy to measure: try a quiet one.",
            ) from None
        try:
            answer: dict[str, Any] = json.loads(line)
        except ValueError:
            words = (self.lines.others.decode("utf-8", "replace") + self.words).strip().splitlines()
            if lack := lacking("\n".join(words)):
                raise lack from None
            ended = self._end() if not line else 0
            silent = str(no_streams("it")) if ended == NO_STREAMS else "it ended without a word"
            return {"unavailable": words[-1] if words else silent}
        return answer

    def greet(self) -> None:
        """Wait for its greeting; raises `NotAvailableError` if it cannot observe."""
        self._greeted = True
        hello = self._read(START_SECONDS)
        if "reader" not in hello:
            raise _cannot_observe(str(hello.get("unavailable", hello)))
        self.start_cpu = hello.get("cpu", 0.0)

    @property
    def cpu(self) -> float:
        """The seconds of CPU that its start and its looks took, of all phases."""
        looks = (
            (seen["duty"], seen["interval"] * len(seen["samples"])) for seen in self.phases.values()
        )
        return sum((share * seconds for share, seconds in looks), self.start_cpu)

    def observe(self, request: dict[str, Any], deadline: float) -> None:
        """Have the tree sampled as `request` says; keep the answer, or why there is none."""
        if not self._greeted:  # it was started beside the cell
            try:
                self.greet()
            except NotAvailableError as error:
                self.lacking = error
        if self.lacking:
            return
        if request["seconds"] > deadline:
            raise DeadlineError(
                "The observation would take longer than the cell may.",
                hint="Give it more: --deadline",
            )
        self._tell(json.dumps(request).encode())
        answer = self._read(request["seconds"] + START_SECONDS)
        if "gone" in answer:
            role = request["roles"][str(answer["gone"])]
            self.gone = WorkerFailedError(
                f"A {role} (process {answer['gone']}) was gone while it was to be busy; "
                "nothing is recorded."
            )
        elif "unreadable" in answer:
            why = answer["unreadable"]
            self.lacking = lacking(why, OF_PROGRAMS) or _cannot_observe(why, MAY_BE_READ_BY)
        elif "samples" in answer:
            self.phases[request["phase"]] = answer
        else:
            raise FtbenchError(
                f"The observer failed: {answer.get('unavailable', answer)}; nothing is recorded."
            )


class Stick(Program):
    """A running measuring stick, see `stick`; one is enough for all cells of a supervisor."""

    def __init__(self) -> None:
        python = os.environ.get(STICK_PYTHON) or host_python()
        command = [python, "-I", "-S", str(Path(__file__).with_name("stick.py"))]
        super().__init__(command, clean_environment(os.environ), start_new_session=True)
        self.seconds: list[tuple[float, float]] = []  # of each slice since it was emptied
        self.name = ""  # its work and its Python, "" of one that does not answer
        with suppress(TimeoutError):
            self.name = self.lines.following(START_SECONDS).decode().strip()

    def slice(self, event: Event) -> None:
        """Have a slice done on the CPU that the asking process was on, where the system says it."""
        cpu = ""
        with suppress(OSError, IndexError):
            cpu = stat_fields(event["pid"])[_PROCESSOR]
        self._tell(cpu.encode())
        try:
            on_cpu, wall = map(float, self.lines.following(START_SECONDS).split())
            self.seconds.append((on_cpu, wall))
        except (TimeoutError, ValueError):
            self.name = ""

    def speed(self) -> dict[str, Any]:
        """Return the medians of the slices, and how far their middle half is apart; {} of none."""
        if not (self.name and self.seconds):
            return {}
        on_cpu, wall = map(list, zip(*self.seconds, strict=True))
        low, middle, high = (percentile(on_cpu, percent) for percent in (25, 50, 75))
        return {
            "stick": self.name,
            "seconds": round(middle, 6),  # of CPU: what else ran is `interference`
            "wall": round(percentile(wall, 50), 6),
            "slices": len(wall),
            "spread": round((high - low) / middle, 3),
        }


MAY_BE_READ_BY = (
    "/proc/PID/smaps_rollup is read by the user of the process where its executable may be read by "
    "them, or with CAP_SYS_PTRACE."
)


def no_streams(whose: str) -> InterpreterError:
    """Say of a Python that it takes away what its programs answer by."""
    return InterpreterError(
        f"{whose} closes or replaces standard streams as it starts.",
        hint="Look for sitecustomize, usercustomize and .pth files in its site-packages.",
    )


def _cannot_observe(why: str, hint: str = "") -> NotAvailableError:
    return NotAvailableError(
        f"Memory cannot be observed here: {why.rstrip('.')}.",
        hint=hint or f"Name a Python that has ftbench and psutil in {HOST_PYTHON}.",
    )
