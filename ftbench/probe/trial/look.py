"""trial_look: what a build makes of a user's function, before anything is measured.

The function is imported and called twice, watched by an audit hook: what importing starts, which
extension module switches the GIL on, what a call prints, writes, connects to and starts, how long
it takes.  A fresh child unpickles what that was about and calls it in a subinterpreter (`inside`).
No hook sees what C code does without asking the interpreter, nor what goes into open files.
"""

from __future__ import annotations

import inspect
import json
import os
import pickle
import re
import subprocess
import sys
import threading
import time
import traceback
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.machinery import ExtensionFileLoader
from pathlib import Path
from typing import Any

from ftbench.errors import GilStateError, UsageError
from ftbench.facts.modes import mode_named
from ftbench.facts.units import plural
from ftbench.probe.instruments.build import gil_enabled
from ftbench.probe.instruments.clocks import NANO
from ftbench.probe.run.document import quantity
from ftbench.probe.run.outcome import Outcome
from ftbench.probe.scenarios.base import Cell, Scenario
from ftbench.probe.trial import inside, target
from ftbench.probe.trial.checking import digest, one_line, told
from ftbench.probe.trial.serial import PARAMS, caller
from ftbench.probe.trial.step import Step
from ftbench.probe.workers.base import Deadline, end_of

# -- what is watched

WRITES, CONNECTS, STARTS = "writes files", "opens sockets", "starts processes"
THREADS, CHANGES = "starts threads", "changes the folder or the environment of its process"
# What reaches beyond the process, and is asked about before it is done thousands of times.
EFFECTS = (WRITES, CONNECTS, STARTS)
_EVENTS = {
    **dict.fromkeys(("os.remove", "os.rename", "os.mkdir", "os.rmdir", "os.truncate"), WRITES),
    **dict.fromkeys(("os.link", "os.symlink", "os.chmod", "os.chown", "sqlite3.connect"), WRITES),
    **dict.fromkeys(("socket.connect", "socket.bind", "socket.sendto"), CONNECTS),
    "socket.getaddrinfo": CONNECTS,
    **dict.fromkeys(("subprocess.Popen", "os.posix_spawn", "os.fork", "os.forkpty"), STARTS),
    **dict.fromkeys(("os.system", "os.startfile", "os.exec"), STARTS),
    **dict.fromkeys(("_thread.start_new_thread", "_thread.start_joinable_thread"), THREADS),
    **dict.fromkeys(("os.chdir", "os.putenv", "os.unsetenv"), CHANGES),
}
# Of a socket's events, the argument that says where to; of the others it is the first, if any.
_WHERE = {"socket.connect": 1, "socket.bind": 1, "socket.sendto": 1}
_NAMELESS = frozenset({"os.fork", "os.forkpty", *(e for e, k in _EVENTS.items() if k == THREADS)})
_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
_NAMED = 3  # of the files and addresses
_CHILD_SECONDS = 10.0  # and three calls
_LONG_SECONDS = 0.5  # of an import
# A second call that takes so much less than the first, of so long at least, has kept something.
_KEPT, _NOTABLE_SECONDS = 0.1, 0.001


class Watch:
    """Hears what this process does while it is `on`: a hook can never be taken out again."""

    def __init__(self) -> None:
        self._on = False
        self._own = tuple(filter(None, (os.environ.get("TMPDIR"), sys.pycache_prefix, os.devnull)))
        self.found: dict[str, dict[str, None]] = {}
        sys.addaudithook(self._hear)

    def _hear(self, event: str, args: Sequence[Any]) -> None:
        if not self._on:
            return
        kind = _EVENTS.get(event)
        if event == "open" and isinstance(args[2], int) and args[2] & _WRITING:
            kind = WRITES
        if kind is None:
            return
        where = args[_WHERE.get(event, 0)] if args and event not in _NAMELESS else ""
        if kind == WRITES:
            if not isinstance(where, (str, bytes, os.PathLike)):
                return  # a file that is open
            where = os.path.abspath(os.fsdecode(where))
            # What goes with the cell, and bytecode, is nobody's business.
            if where.startswith(self._own) or "__pycache__" in where or where.endswith(":memory:"):
                return
        self.found.setdefault(kind, {})[_named(where)] = None

    @contextmanager
    def of(self) -> Iterator[dict[str, str]]:
        """Yield what will be found until the end: kind → its phrase."""
        phrases: dict[str, str] = {}
        self.found, self._on = {}, True
        try:
            yield phrases
        finally:
            self._on = False
            phrases.update({kind: _phrase(kind, [*names]) for kind, names in self.found.items()})


def _named(where: Any) -> str:
    if isinstance(where, tuple):  # an address
        return ":".join(map(str, where[:2]))
    return os.fsdecode(where) if isinstance(where, (str, bytes, os.PathLike)) else told(where)


def _phrase(kind: str, names: Sequence[str]) -> str:
    known = [name for name in names if name]
    more = f", {len(known) - _NAMED} more" if len(known) > _NAMED else ""
    return f"{kind} ({', '.join(known[:_NAMED])}{more})" if known else kind


class GilWatch:
    """Notices which extension module switches the GIL on, and who imports that."""

    def __init__(self) -> None:
        self.module, self.story = "", ""
        if not gil_enabled():
            for name in ("create_module", "exec_module"):
                self._wrap(name)

    def _wrap(self, name: str) -> None:
        load = getattr(ExtensionFileLoader, name)

        def watched(own: Any, what: Any) -> Any:
            try:
                return load(own, what)
            finally:
                if not self.module and gil_enabled():
                    self.module, self.story = own.name, _importers()

        setattr(ExtensionFileLoader, name, watched)

    def error(self) -> GilStateError:
        """Return the error of a GIL that is on."""
        module = self.module or "something that is no extension module"
        return GilStateError(
            f"The GIL was to be off; {module} switched it on.",
            story=self.story,
            hint="A newer version of the package may be made for free-threaded builds.",
        )


_TARGET = target.__file__


def _importers() -> str:
    """Return the lines that led to an import, the user's first."""
    stack = traceback.extract_stack()[:-2]
    begin = max((at for at, each in enumerate(stack) if each.filename == _TARGET), default=0)
    frames = [each for each in stack[begin + 1 :] if "importlib" not in each.filename]
    return "It was imported from here:\n" + "".join(traceback.format_list(frames))


# -- what is done


class Child:
    """What a fresh interpreter said of pickles and in a subinterpreter, and how it ended if ill."""

    def __init__(self, folder: Path, words: Sequence[str], seconds: float) -> None:
        program = f"from {inside.__name__} import main; main()"
        self.ended = ""
        try:
            done = subprocess.run(
                [sys.executable, "-P", "-c", program, *words],
                stdin=subprocess.DEVNULL,
                capture_output=True,
                check=False,
                timeout=seconds,
            )
            self.ended = end_of(done.returncode) if done.returncode else ""
        except subprocess.TimeoutExpired:
            self.ended = f"It did not end within {seconds:.3g} s."
        # It is no worker whose calls are waited for.
        for place in (folder.parent / target.CALLS).iterdir():
            if not place.name.startswith(f"{os.getpid()}-"):
                place.unlink()
        reports = [folder / inside.AGAIN, folder / inside.DEEPER]
        self.again, self.deeper = (
            json.loads(each.read_text("utf-8")) if each.exists() else {} for each in reports
        )


class Seen:
    """What was seen of the function: imported, called twice, and all that it is about pickled."""

    def __init__(self, step: Step, deadline: Deadline) -> None:
        watch, gil = Watch(), GilWatch()
        was_on, begin = gil_enabled(), time.perf_counter()
        with watch.of() as self.importing:  # what that does: kind → its phrase
            step.load()
        self.import_seconds, self.import_printed = time.perf_counter() - begin, step.printed()[0]
        function, item = target.function(), step.items[0]
        self.coroutine = inspect.iscoroutinefunction(function)
        if inspect.isasyncgenfunction(function):
            raise UsageError(
                "The function is an asynchronous generator, which has no one result.",
                hint="Name a coroutine function that reads it to its end.",
            )
        before, threads = digest(item[1:]), threading.active_count()
        with step.prepared():
            run, _ = caller()
            with watch.of() as self.calling:
                result, began, ended = run(item)
            self.digest = digest(result)
            self.printed = step.printed()[0] - self.import_printed
            result, began_again, ended_again = run(item)
            if gil_enabled() and not was_on:
                raise gil.error()
            folder = Path(os.environ["TMPDIR"], inside.FOLDER)
            folder.mkdir()
            handed = {inside.FUNCTION: function, inside.ARGUMENTS: item, inside.RESULT: result}
            whys = {what: _put(folder / what, value) for what, value in handed.items()}
            self.unpicklable = {what: why for what, why in whys.items() if why}
            deeper = sys.version_info >= mode_named("interpreters").since and not self.coroutine
            deeper &= inside.ARGUMENTS not in self.unpicklable
            # A slow function is as slow there.
            limit = min(_CHILD_SECONDS + 3 * (ended - began) * NANO, deadline.left() / 2)
            self.child = Child(folder, ["deeper"] * deeper, limit)
        self.took = (ended - began) * NANO, (ended_again - began_again) * NANO
        self.threads = threading.active_count() - threads  # that it leaves behind
        # What it returned instead of a result.
        self.lazy = type(result).__name__ if hasattr(result, "throw") else ""
        self.same = digest(result) == self.digest
        self.changed = digest(item[1:]) != before  # its arguments


def _put(file: Path, value: Any) -> str:
    try:
        file.write_bytes(pickle.dumps(value))
    except Exception as error:  # noqa: BLE001 - a user's class may raise anything
        return one_line(error)
    return ""


# -- what is said of it


def _package(story: str, path: Sequence[str]) -> str:
    file: str = re.findall(r'File "([^"]+)"', story)[-1]
    for folder in (*path, "site-packages"):
        _, found, inside = file.partition(f"{folder}{os.sep}")
        if found:
            return inside.partition(os.sep)[0].removesuffix(".py")
    return os.path.basename(file)


def _why_not_inside(seen: Seen, path: Sequence[str]) -> str:
    for what in (inside.ARGUMENTS, inside.RESULT):
        if why := seen.unpicklable.get(what):
            return f"{what} cannot go to a subinterpreter: {why}"
    if seen.child.ended:
        where = "a subinterpreter" if seen.child.again else "a fresh interpreter"
        return f"in {where}: {seen.child.ended}"
    why, story = (seen.child.deeper.get(key, "") for key in ("why", "story"))
    if found := re.search(r"module (\w+)[\w.]* does not support loading in subint", story):
        return f"{found[1]} does not load in a subinterpreter"
    if "load module more than once per process" in story:
        return f"{_package(story, path)} does not load in a subinterpreter"
    return f"in a subinterpreter: {why}" if why else ""


def _of_import(seen: Seen) -> Iterator[str]:
    if seen.import_seconds > _LONG_SECONDS:
        yield f"importing takes {quantity(seen.import_seconds, 'seconds')}"
    did = [phrase for kind, phrase in seen.importing.items() if kind != CHANGES]  # many packages do
    if did := [*did, *_printing(seen.import_printed)]:
        yield f"importing {', '.join(did)}, in every worker: is there no __main__ guard?"


def _of_pickles(seen: Seen, why_not: str) -> Iterator[str]:
    again, deeper = seen.child.again, seen.child.deeper
    lost = {**seen.unpicklable, **again.get("lost", {})}
    fine = ["importable", *([] if lost else ["picklable"])]
    fine += ["runs in a subinterpreter"] * ("digest" in deeper and not why_not)
    yield ", ".join(fine)
    yield from (f"{what} cannot go to another process: {why}" for what, why in lost.items())
    if why_not and not any(why in why_not for why in lost.values()):
        yield why_not
    if seen.changed:
        yield "a call changes its arguments"
    elif not seen.same:
        yield "a second call with the same input comes to another result"
    elif not lost and again and again["digest"] != seen.digest:
        yield "its result comes out of a pickle as another one"
    elif deeper.get("digest", seen.digest) != seen.digest:
        yield "a subinterpreter comes to another result: globals are each interpreter's own"


def _of_call(seen: Seen) -> Iterator[str]:
    yield from (f"a call {did}" for did in (*seen.calling.values(), *_printing(seen.printed)))
    if seen.threads > 0:
        yield f"it leaves {plural(seen.threads, 'thread', 'threads')} behind"
    if seen.lazy:
        yield f"it returns a {seen.lazy}, which has computed nothing yet"
    first, second = (quantity(seconds, "seconds") for seconds in seen.took)
    times = f"the first call takes {first}, a second with the same input {second}"
    if hasattr(target.function(), "cache_info"):
        yield f"it keeps its results (functools): {times}"
    elif seen.took[0] > _NOTABLE_SECONDS and seen.took[1] < _KEPT * seen.took[0]:
        yield f"it keeps something between calls: {times}"


def _printing(count: int) -> list[str]:
    return [f"prints {plural(count, 'byte', 'bytes')}"] if count else []


def run(cell: Cell) -> Outcome:
    """Look at the function; see the module."""
    step = Step(cell)
    with step.explained():
        seen = Seen(step, cell.deadline)
    why_not = "" if seen.coroutine else _why_not_inside(seen, step.asked["path"])
    look = {
        "coroutine": seen.coroutine,
        "seconds": seen.took[1],  # of a call that is not the first
        "effects": [seen.calling[kind] for kind in EFFECTS if kind in seen.calling],
        "subinterpreter": why_not,
        "said": [*_of_pickles(seen, why_not), *_of_import(seen), *_of_call(seen)],
    }
    return Outcome(notes={"look": look})


TRIAL_LOOK = Scenario(
    name="trial_look",
    version="1",
    title="What a build makes of a user's function",
    params=PARAMS,
    metrics=(),
    run=run,
    modes=("serial",),
    counted=True,  # no time of it is kept
    extensions=True,
)
