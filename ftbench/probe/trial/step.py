"""What every step of a trial begins with: the cell's process made ready for a user's function."""

from __future__ import annotations

import faulthandler
import json
import os
import signal
import sys
import time
import traceback
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from ftbench.errors import DeadlineError, FtbenchError, UsageError, WorkerFailedError
from ftbench.facts.variables import NATIVE_THREADS
from ftbench.probe.instruments.clocks import NANO
from ftbench.probe.run.child import stat_fields
from ftbench.probe.scenarios.base import Cell, Param
from ftbench.probe.trial import asked as asking
from ftbench.probe.trial import target
from ftbench.probe.workers.base import LAST_WORDS_SECONDS

ASKED = Param(default="", text=True)

# Of a story and of what was printed: whoever reads it keeps so much (`child.TAIL_BYTES`).
_LONGEST, _LAST_BYTES = 8_000, 2_000
_MOST_BYTES = 1 << 24  # that it may take of the disk
SOON_SECONDS, _POLL_SECONDS = 0.25, 0.01
_MOST_BLAMED = 4  # inputs, of which one has ended a process
_OPTION = "--call-deadline"
_LONGER = f"Calls that take longer by nature: {_OPTION} SECONDS"


class Step:
    """A user's function in this process; `asked` is what is asked, `items` the inputs' calls."""

    def __init__(self, cell: Cell) -> None:
        path = os.path.abspath(cell.params["asked"])
        cell.deadline.option = _OPTION
        os.environ[asking.ASKED] = path
        try:
            self.asked = asking.read()
        except (OSError, ValueError) as error:
            raise UsageError(
                f"What a trial is asked cannot be read from {path}: {error}."
            ) from None
        self._name = os.path.basename(self.asked["target"])
        self._calls = Path(os.environ["TMPDIR"], target.CALLS)
        self._calls.mkdir()
        self._printed = Path(os.environ["TMPDIR"], "printed")
        self._cut = 0  # bytes that were printed and are gone
        self._late: FtbenchError | None = None
        self._wait = 0.0
        self.items: list[target.Item] = []
        os.environ.update(dict.fromkeys(NATIVE_THREADS, "1"))
        folders = [os.environ.get("PYTHONPATH", ""), *self.asked["path"]]
        os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, folders))
        self._streams()

    def _streams(self) -> None:
        """Give the function streams of its own: what it prints goes into a file, of any length."""
        # The supervisor is spoken to through the first standard input.
        sys.__stdin__ = os.fdopen(os.dup(0), encoding="utf-8")  # type: ignore[misc]
        nothing = os.open(os.devnull, os.O_RDONLY)
        os.dup2(nothing, 0)
        os.close(nothing)
        words = os.dup(2)
        file = os.open(self._printed, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
        for stream in (1, 2):
            os.dup2(file, stream)
        os.close(file)
        target.tell_faults(words)
        shown = warnings.showwarning  # it keeps those about the GIL, and shows none

        def show(message: Warning | str, *rest: Any, **more: Any) -> None:
            shown(message, *rest, **more)
            print(message, file=sys.stderr)

        warnings.showwarning = show
        warnings.simplefilter("default", RuntimeWarning)  # as in a user's program
        if hasattr(faulthandler, "register"):  # not on Windows
            faulthandler.register(signal.SIGUSR1, file=words, all_threads=True)  # see `run.guard`

    def load(self) -> None:
        """Import the function and what yields its inputs; raises what either does."""
        place = target.place_of_calls()
        place[1], place[2] = target.IMPORTING, time.perf_counter_ns()
        with _no_more_processes():
            target.load()
        given = self._given()
        place[2] = 0
        self.items = [(number, *each) for number, each in enumerate(given)]
        if not self.items:
            raise UsageError("There is no input to call the function with.")

    def _given(self) -> list[tuple[Sequence[Any], dict[str, Any]]]:
        if not self.asked["inputs_from"]:
            lines = Path(self.asked["inputs"]).read_text(encoding="utf-8").splitlines()
            return [tuple(json.loads(line)) for line in lines if line]
        return [
            ((), value) if self.asked["kwargs"] and isinstance(value, dict) else ((value,), {})
            for value in self.hook("inputs_from")
        ]

    def hook(self, key: str) -> Any:
        """Call a hook of the user's if there is one; return what it does."""
        if not self.asked[key]:
            return None
        hook = target.found(self.asked[key])
        try:
            return hook()
        except target.Late:
            raise
        except BaseException as error:  # noqa: BLE001 - a user's may raise anything
            target.fail(self.asked[key], error)

    @contextmanager
    def prepared(self) -> Iterator[None]:
        """Have what is done before and after a round done around calls."""
        self.hook("before")
        yield
        self.hook("after")

    def work(self) -> list[target.Item]:
        """Return a round's calls: the inputs over and over."""
        return [self.items[number % len(self.items)] for number in range(self.asked["calls"])]

    @contextmanager
    def explained(self) -> Iterator[None]:
        """Have calls end in time, and errors say which call it was and what was printed."""
        self.look_in(float(self.asked["call_deadline"]))
        try:
            yield
        except BaseException as caught:
            error = self._late or self._ours(caught)
            printed = self.printed()[1]
            story, half = error.story.rstrip(), _LONGEST // 2
            if len(story) > _LONGEST:
                story = f"{story[:half]}\n...\n{story[-half:]}"
            if printed and error.exit_code != UsageError.exit_code:
                story = f"{story}\nIt printed last:\n{printed}".lstrip()
            error.story = story
            raise error from caught
        finally:
            self.look_in(0.0)

    def look_in(self, seconds: float) -> None:
        """Look after so many seconds, and as often from then on, whether a call is late or lost."""
        self._wait = seconds
        if hasattr(signal, "setitimer"):  # not on Windows, where the guard's deadline is all
            signal.signal(signal.SIGALRM, self._look)
            signal.setitimer(signal.ITIMER_REAL, seconds)

    def _look(self, _number: int, _frame: object) -> None:
        """Raise `Late` where a call is over its deadline, or its process has gone."""
        now, limit = time.perf_counter_ns(), float(self.asked["call_deadline"])
        wait = self._wait
        self._late = self._late or self._crashed()
        for _pid, number, since in target.under_way(os.environ["TMPDIR"]):
            took = (now - since) * NANO
            wait = min(wait, limit - took)
            if took >= limit and not self._late:
                what, story = self._about(number)
                self._late = DeadlineError(
                    f"The deadline of {limit:g} s passed while waiting for {what}.",
                    story=story,
                    hint=target.GUARD if number == target.IMPORTING else _LONGER,
                )
        # Who swallows it is told again.
        signal.setitimer(signal.ITIMER_REAL, max(wait, SOON_SECONDS))
        if self._late:
            raise target.Late

    def _about(self, number: int) -> tuple[str, str]:
        if number == target.IMPORTING:
            return f"importing {self._name}", ""
        if number == target.SETTING_UP:
            return f"a worker's set-up, {os.path.basename(self.asked['worker_setup'])}", ""
        item = self.items[number]
        return f"{self._name}{target.of_input(item)}", target.given(item)

    def _crashed(self) -> WorkerFailedError | None:
        found = target.under_way(os.environ["TMPDIR"])
        dead = [(pid, number) for pid, number, _since in found if not _lives(pid)]
        files = {pid: Path(target.fault_file(pid)) for pid, _number in dead}
        faults = {
            pid: file.read_text("utf-8", "replace") for pid, file in files.items() if file.exists()
        }
        # With one, a pool ends them all.
        blamed = [each for each in dead if faults.get(each[0])] or dead
        if not blamed:
            return None
        numbers = tuple(dict.fromkeys(number for _pid, number in blamed))[:_MOST_BLAMED]
        whats, stories = zip(*map(self._about, numbers), strict=True)
        return WorkerFailedError(
            f"A process ended in the middle of {' or '.join(whats)}.",
            story="".join((*stories, faults.get(blamed[0][0], ""))),
        )

    def _ours(self, error: BaseException) -> FtbenchError:
        """Return the error that tells most of what a pool raised."""
        cause = error.__cause__ if isinstance(error, WorkerFailedError) else error
        if isinstance(error, FtbenchError) and (cause is error or not cause):
            return error
        found, end = None, time.monotonic() + LAST_WORDS_SECONDS
        while not found and time.monotonic() < end:
            time.sleep(_POLL_SECONDS)
            found = self._crashed()
        if found:
            return found
        if isinstance(error, FtbenchError):
            return error
        story = "".join(traceback.format_exception(error))
        return WorkerFailedError(f"The trial failed: {error!r}.", story=story)

    def printed(self) -> tuple[int, str]:
        """Return how many bytes have been printed so far, and the last of it."""
        for stream in (sys.stdout, sys.stderr):
            if stream is not None:
                stream.flush()
        with open(self._printed, "r+b") as file:
            size = file.seek(0, os.SEEK_END)
            file.seek(max(0, size - _LAST_BYTES))
            last = file.read().decode("utf-8", "replace").strip()
            if size > _MOST_BYTES:
                file.truncate(0)
                self._cut += size
                size = 0
        return self._cut + size, last


def _lives(pid: int) -> bool:
    with suppress(OSError):
        return stat_fields(pid)[0] not in "ZX"
    try:
        os.kill(pid, 0)
    except OSError:
        return False
    return True


@contextmanager
def _no_more_processes() -> Iterator[None]:
    """Have multiprocessing refuse, with the words that users know, to start work on an import.

    Each process would import it again, and start as many; it does so for a program's main module.
    """
    from multiprocessing.process import current_process  # noqa: PLC0415

    process: Any = current_process()
    process._inheriting = True  # noqa: SLF001 - of CPython 3.11 to 3.15
    try:
        yield
    finally:
        del process._inheriting  # noqa: SLF001


@contextmanager
def step_of(cell: Cell) -> Iterator[Step]:
    """Yield a cell's step, whose function is loaded; errors within say which call it was."""
    step = Step(cell)
    with step.explained():
        step.load()
        yield step
