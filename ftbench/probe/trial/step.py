"""What every step of a trial begins with: the cell's process made ready for a user's function."""

from __future__ import annotations

import faulthandler
import json
import os
import pickle
import re
import signal
import struct
import sys
import time
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ftbench.errors import DeadlineError, FtbenchError, UsageError, WorkerFailedError
from ftbench.facts.variables import NATIVE_THREADS
from ftbench.probe.instruments.clocks import NANO
from ftbench.probe.scenarios.base import Cell, Param
from ftbench.probe.trial import asked as asking
from ftbench.probe.trial import target

ASKED = Param(default="", text=True)

_LAST_BYTES = 2_000  # of what was printed, in a story
_MOST_BYTES = 1 << 24  # that it may take of the disk
_SOON_SECONDS = 0.25
_LONGER = "Calls that take longer by nature: --call-deadline SECONDS"
_GUARD = "If it starts work when it is imported, that belongs below: if __name__ == '__main__':"
_OF_PICKLING = re.compile("pickl|shareable|serializ", re.IGNORECASE)


class Step:
    """A user's function in this process; `asked` is what is asked, `items` the inputs' calls."""

    def __init__(self, cell: Cell) -> None:
        path = os.path.abspath(cell.params["asked"])
        os.environ[asking.ASKED] = path
        try:
            self.asked = asking.read()
        except (OSError, ValueError) as error:
            raise UsageError(
                f"What a trial is asked cannot be read from {path}: {error}."
            ) from None
        self._cell = cell
        self._calls = Path(os.environ["TMPDIR"], target.CALLS)
        self._calls.mkdir()
        self._printed = Path(os.environ["TMPDIR"], "printed")
        self._cut = 0  # bytes that were printed and are gone
        self._late: FtbenchError | None = None
        self._often = False
        self.items: list[target.Item] = []
        self._environment()
        self._streams()

    def _environment(self) -> None:
        os.environ.update(dict.fromkeys(NATIVE_THREADS, "1"))
        os.environ["PYTHONFAULTHANDLER"] = "1"
        folders = [os.environ.get("PYTHONPATH", ""), *self.asked["path"]]
        os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, folders))

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
        # Of a crash here only the supervisor can tell, of one in a process the step does.
        faulthandler.enable(file=2 if self._cell.mode.processes else words)
        if hasattr(faulthandler, "register"):  # not on Windows
            faulthandler.register(signal.SIGUSR1, file=words, all_threads=True)  # see `run.guard`

    def load(self) -> None:
        """Import the function and what yields its inputs; raises what either does."""
        place = target.place_of_calls()
        place[1], place[2] = target.IMPORTING, time.perf_counter_ns()
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
            for value in self.hook("inputs_from", list)
        ]

    def hook(self, key: str, of: Callable[[Any], Any] = lambda value: value, *args: Any) -> Any:
        """Call a hook of the user's if there is one; return what it came to."""
        name = self.asked[key]
        if not name:
            return None
        hook = target.found(name)
        try:
            return of(hook(*args))
        except target.Late:
            raise
        except BaseException as error:  # noqa: BLE001 - a user's may raise anything
            target.fail(name, error)

    def work(self) -> list[target.Item]:
        """Return a round's calls: the inputs over and over."""
        return [self.items[number % len(self.items)] for number in range(self.asked["calls"])]

    @contextmanager
    def explained(self) -> Iterator[None]:
        """Have calls end in time, and errors say which call it was and what was printed."""
        on_time = hasattr(signal, "setitimer")  # not on Windows, where the guard's deadline is all
        if on_time:
            signal.signal(signal.SIGALRM, self._look)
            signal.setitimer(signal.ITIMER_REAL, self._wait_seconds())
        try:
            yield
        except BaseException as caught:
            error = self._late or self._ours(caught)
            printed = self.printed()[1]
            if printed and error.exit_code != UsageError.exit_code:
                error.story = f"{error.story.rstrip()}\nIt printed last:\n{printed}".lstrip()
            raise error from caught
        finally:
            if on_time:
                signal.setitimer(signal.ITIMER_REAL, 0)

    def impatient(self) -> None:
        """Look often from now on: the pool replaces a worker that has died, and says nothing."""
        self._often = True
        if hasattr(signal, "setitimer"):
            signal.setitimer(signal.ITIMER_REAL, self._wait_seconds())

    def _wait_seconds(self) -> float:
        return _SOON_SECONDS if self._often else float(self.asked["call_deadline"])

    def _under_way(self) -> Iterator[tuple[int, int, int]]:
        for file in self._calls.iterdir():
            place = file.read_bytes()
            if len(place) == target.PLACE_BYTES:
                pid, number, since = struct.unpack("3q", place)
                if since:
                    yield pid, number, since

    def _look(self, _number: int, _frame: object) -> None:
        """Raise `Late` where a call is over its deadline, or its process has gone."""
        now, limit = time.perf_counter_ns(), float(self.asked["call_deadline"])
        wait = self._wait_seconds()
        for pid, number, since in self._under_way():
            took = (now - since) * NANO
            if not _lives(pid):
                self._late = self._ended(number)
            elif took >= limit:
                self._late = self._hangs(number)
            else:
                wait = min(wait, limit - took)
        # Who swallows it is told again.
        signal.setitimer(signal.ITIMER_REAL, max(wait, _SOON_SECONDS))
        if self._late:
            raise target.Late

    def _about(self, number: int) -> tuple[str, str]:
        """Return what is under way, in words, and the story of its input."""
        if number == target.IMPORTING:
            return f"importing what {self.asked['target']} needs", ""
        if number == target.SETTING_UP:
            return f"the set-up of a worker ({self.asked['worker_setup']})", ""
        item = self.items[number]
        return f"{self.asked['target']}{target.of_input(item)}", target.given(item)

    def _hangs(self, number: int) -> DeadlineError:
        what, story = self._about(number)
        return DeadlineError(
            f"The deadline of {self.asked['call_deadline']:g} s passed while waiting for {what}.",
            story=story,
            hint=_GUARD if number == target.IMPORTING else _LONGER,
        )

    def _ended(self, number: int) -> WorkerFailedError:
        what, story = self._about(number)
        return WorkerFailedError(f"A process ended in the middle of {what}.", story=story)

    def _ours(self, error: BaseException) -> FtbenchError:
        """Return the error that tells most of what a pool raised."""
        cause = error.__cause__ if isinstance(error, WorkerFailedError) else error
        if cause is None or isinstance(cause, FtbenchError):
            assert isinstance(error, FtbenchError)
            return error
        for pid, number, _since in self._under_way():
            if not _lives(pid):
                return self._ended(number)
        words = f"{type(cause).__name__}: {cause}"
        found = self._unpicklable() if _OF_PICKLING.search(words) else None
        if found:
            return found
        if isinstance(error, FtbenchError):
            return error
        story = "".join(traceback.format_exception(error))
        return WorkerFailedError(f"The trial failed: {error!r}.", story=story)

    def _unpicklable(self) -> WorkerFailedError | None:
        """Return the error for the first input that, or whose result, does not pickle."""
        for item in self.items:
            for what, value in (("Input", item), ("The result", None)):
                try:
                    pickle.dumps(target.call(item)[0] if value is None else value)
                except Exception as error:  # noqa: BLE001 - pickling raises anything
                    of = f" {item[0] + 1}" if value else target.of_input(item)
                    return WorkerFailedError(
                        f"{what}{of} cannot be handed to another process: "
                        f"{type(error).__name__}: {error}.",
                        story=target.given(item),
                        hint="Processes and subinterpreters are handed pickles; threads are not.",
                    )
        return None

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
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


@contextmanager
def step_of(cell: Cell) -> Iterator[Step]:
    """Yield a cell's step, whose function is loaded; errors within say which call it was."""
    step = Step(cell)
    with step.explained():
        step.load()
        yield step
