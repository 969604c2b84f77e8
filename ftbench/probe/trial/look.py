"""trial_look: what a build makes of a user's function, before anything is measured.

A child imports and calls it, watched by an audit hook: what importing starts, which extension
module switches the GIL on, what a call prints, writes, connects to and starts, how long the first
call and the second take.  Another child, fresh, unpickles what that one has pickled, and calls it
in a subinterpreter.  Both are children so that a crash, or a GIL that is on, is theirs.  What C
code does without asking the interpreter no hook sees.
"""

from __future__ import annotations

import inspect
import json
import os
import pickle
import re
import signal
import subprocess
import sys
import threading
import time
import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from importlib import import_module
from importlib.machinery import ExtensionFileLoader
from pathlib import Path
from typing import Any

from ftbench.errors import (
    DeadlineError,
    FtbenchError,
    GilStateError,
    UsageError,
    WorkerFailedError,
    error_class,
)
from ftbench.facts.modes import mode_named
from ftbench.facts.units import plural
from ftbench.probe.instruments.build import gil_enabled
from ftbench.probe.instruments.clocks import NANO
from ftbench.probe.run.document import quantity
from ftbench.probe.run.outcome import Outcome
from ftbench.probe.scenarios.base import Cell, Scenario
from ftbench.probe.trial import asked as asking
from ftbench.probe.trial import inside, target
from ftbench.probe.trial.checking import digest, told
from ftbench.probe.trial.serial import PARAMS, caller
from ftbench.probe.trial.step import Step
from ftbench.probe.workers.base import end_of

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


# -- the children


def _pickled(value: Any) -> tuple[bytes, str]:
    """Return the pickle of a value, and why there is none."""
    try:
        return pickle.dumps(value), ""
    except Exception as error:  # noqa: BLE001 - a user's class may raise anything
        return b"", _words(error)


def _words(error: BaseException) -> str:
    return " ".join(f"{type(error).__name__}: {error}".split())


_IMPORTABLE, _CALLABLE = "importable", "callable"
# What one child hands to the other, each pickled by itself.
_FUNCTION, _ARGUMENTS, _RESULT = "the function", "its arguments", "its result"


def call(step: Step, tell: Callable[..., None]) -> None:
    """Import the function, call it twice and pickle all that it is about."""
    watch, gil = Watch(), GilWatch()
    was_on = gil_enabled()
    begin = time.perf_counter()
    with watch.of() as importing:
        step.load()
    seconds, printed = time.perf_counter() - begin, step.printed()[0]
    function, item = target.function(), step.items[0]
    tell(
        _IMPORTABLE,
        seconds=seconds,
        printed=printed,
        did=importing,
        coroutine=inspect.iscoroutinefunction(function),
        cached=hasattr(function, "cache_info"),
    )
    if inspect.isasyncgenfunction(function):
        raise UsageError(
            "The function is an asynchronous generator, which has no one result.",
            hint="Name a coroutine function that reads it to its end.",
        )
    before, threads = digest(item[1:]), threading.active_count()
    with step.prepared():
        run, _ = caller()
        with watch.of() as did:
            first, began, ended = run(item)
        digest_of_first, said = digest(first), step.printed()[0] - printed
        result, began_again, ended_again = run(item)
    if gil_enabled() and not was_on:
        raise gil.error()
    handed = {_FUNCTION: function, _ARGUMENTS: item, _RESULT: result}
    pickles = {what: _pickled(value) for what, value in handed.items()}
    for what, (pickled, _why) in pickles.items():
        Path(os.environ["TMPDIR"]).with_name(what).write_bytes(pickled)
    tell(
        _CALLABLE,
        took=[(ended - began) * NANO, (ended_again - began_again) * NANO],
        did=did,
        printed=said,
        changed=digest(item[1:]) != before,
        same=digest(result) == digest_of_first,
        digest=digest_of_first,
        left=threading.active_count() - threads,
        unpicklable={what: why for what, (_, why) in pickles.items() if why},
    )


def again(step: Step, tell: Callable[..., None]) -> None:
    """Unpickle in this fresh interpreter what the other child has pickled, then go one deeper."""
    folder, lost = Path(os.environ["TMPDIR"]).parent, {}
    for what in (_FUNCTION, _ARGUMENTS, _RESULT):
        if pickled := (folder / what).read_bytes():
            try:
                value = pickle.loads(pickled)  # noqa: S301 - our own
            except Exception as error:  # noqa: BLE001 - a user's class may raise anything
                lost[what] = _words(error)
    tell("unpickled", lost=lost, digest=digest(value) if not lost else "")
    items = folder / _ARGUMENTS
    lacks = sys.version_info < mode_named("interpreters").since or not items.stat().st_size
    if lacks or inspect.iscoroutinefunction(target.function()):
        return
    interpreter = import_module("concurrent.interpreters").create()
    code = f"from {inside.__name__} import call; call({str(items)!r})"
    with step.prepared():
        # Not in the main thread, where no signal would come through.
        thread = threading.Thread(target=interpreter.exec, args=(code,))
        thread.start()
        thread.join()
    report = Path(os.environ["TMPDIR"], inside.REPORT)
    tell("inside", **json.loads(report.read_text("utf-8")))


_PARTS = {"call": call, "again": again}
_TOLD = "told.jsonl"
_PROGRAM = f"from {__name__} import main; main()"


def main() -> None:
    """Do a part in this child, with a folder of its own, and end it, whatever it has started."""
    file = Path(os.environ["TMPDIR"], _TOLD)

    def tell(event: str, **what: Any) -> None:
        with file.open("a", encoding="utf-8") as lines:
            lines.write(json.dumps({"event": event, **what}) + "\n")

    code = 0
    try:
        step = Step(os.environ[asking.ASKED])
        with step.explained():
            _PARTS[sys.argv[1]](step, tell)
    except BaseException as caught:  # noqa: BLE001 - every end must be told
        error = caught if isinstance(caught, FtbenchError) else FtbenchError(_words(caught))
        words = {"message": error.message, "story": error.story, "hint": error.hint}
        code = error.exit_code
        tell("failed", code=code, **words)
    os._exit(code)


# -- the parent

_GRACE_SECONDS = 0.5
_TAIL = 8_000  # characters of what a child wrote


class Child:
    """A part that was done in a child: what it told, by event, and how it ended."""

    def __init__(self, part: str, cell: Cell, seconds: float) -> None:
        folder = Path(os.environ["TMPDIR"], part)
        folder.mkdir()
        command = [sys.executable, "-P", "-c", _PROGRAM, part]
        # A group of its own, by which all that it starts is ended; the guard knows its session.
        group = {} if sys.platform == "win32" else {"process_group": 0}
        output = folder / "output"
        with output.open("wb") as words:
            process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=words,
                stderr=words,
                env={**os.environ, "TMPDIR": str(folder), asking.ASKED: cell.params["asked"]},
                **group,  # type: ignore[call-overload]
            )
            self.late, self._seconds = False, seconds
            try:
                self.code = process.wait(seconds)
            except subprocess.TimeoutExpired:
                self.late = True
                if sys.platform != "win32":  # it writes where it stands
                    process.send_signal(signal.SIGUSR1)
                    time.sleep(_GRACE_SECONDS)
            if sys.platform == "win32":
                process.kill()
            else:
                with suppress(ProcessLookupError, PermissionError):
                    os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        fault = folder / target.CALLS / os.path.basename(target.fault_file(process.pid))
        texts = [file.read_text("utf-8", "replace") for file in (output, fault) if file.exists()]
        self.words = "".join(texts)[-_TAIL:]
        lines = folder / _TOLD
        texts = lines.read_text("utf-8").splitlines() if lines.exists() else []
        self.events = {event.pop("event"): event for event in map(json.loads, texts)}

    def ended(self) -> str:
        """Return how it ended before it told all, "" if it did not."""
        if self.late:
            return f"It did not end within {self._seconds:.3g} s."
        return "" if not self.code or "failed" in self.events else end_of(self.code)

    def check(self, name: str) -> None:
        """Raise the error that it ended with."""
        if failed := self.events.get("failed"):
            kind = error_class(failed.pop("code"))
            raise kind(failed.pop("message"), **failed)
        if ended := self.ended():
            doing = "Calling" if _IMPORTABLE in self.events else "Importing"
            error = DeadlineError if self.late else WorkerFailedError
            raise error(f"{doing} {name} went wrong. {ended}", story=self.words)


def _package(story: str, path: Sequence[str]) -> str:
    """Return the package whose code a traceback ends in."""
    file: str = re.findall(r'File "([^"]+)"', story)[-1]
    for folder in (*path, "site-packages"):
        _, found, inside = file.partition(f"{folder}{os.sep}")
        if found:
            return inside.partition(os.sep)[0].removesuffix(".py")
    return os.path.basename(file)


def _why_not_inside(child: Child, unpicklable: Mapping[str, str], path: Sequence[str]) -> str:
    """Return why the function cannot be called in a subinterpreter, "" if it can."""
    if what := next((each for each in (_ARGUMENTS, _RESULT) if each in unpicklable), ""):
        return f"{what} cannot be handed to a subinterpreter: {unpicklable[what]}"
    if ended := child.ended():
        return f"in a subinterpreter: {ended}"
    why, story = child.events.get("inside", {}).get("why", ("", ""))
    if found := re.search(r"module (\w+)[\w.]* does not support loading in subint", story):
        return f"{found[1]} does not load in a subinterpreter"
    if "load module more than once per process" in story:
        return f"{_package(story, path)} does not load in a subinterpreter"
    return f"in a subinterpreter: {why}" if why else ""


def _of_import(seen: Mapping[str, Any]) -> Iterator[str]:
    if seen["seconds"] > _LONG_SECONDS:
        yield f"importing takes {quantity(seen['seconds'], 'seconds')}"
    did = [phrase for kind, phrase in seen["did"].items() if kind != CHANGES]  # many packages do
    if seen["printed"]:
        did.append(f"prints {plural(seen['printed'], 'byte', 'bytes')}")
    if did:
        yield f"importing {', '.join(did)}, in every worker: is there no __main__ guard?"


def _of_call(seen: Mapping[str, Any], *, cached: bool) -> Iterator[str]:
    if seen["printed"]:
        yield f"a call prints {plural(seen['printed'], 'byte', 'bytes')}"
    yield from (f"a call {phrase}" for phrase in seen["did"].values())
    if seen["left"] > 0:
        yield f"it leaves {plural(seen['left'], 'thread', 'threads')} behind"
    if seen["changed"]:
        yield "a call changes its arguments"
    elif not seen["same"]:
        yield "a second call with the same input comes to another result"
    first, second = seen["took"]
    times = f"the first call takes {quantity(first, 'seconds')}, a second with the same input "
    times += quantity(second, "seconds")
    if cached:
        yield f"it keeps its results (functools): {times}"
    elif first > _NOTABLE_SECONDS and second < _KEPT * first:
        yield f"it keeps something between calls: {times}"


def _of_pickles(seen: Mapping[str, Any], child: Child) -> Iterator[str]:
    again, deeper = (child.events.get(event, {}) for event in ("unpickled", "inside"))
    lost = {**seen["unpicklable"], **again.get("lost", {})}
    fine = ["importable", *([] if lost else ["picklable"])]
    fine += ["runs in a subinterpreter"] * ("digest" in deeper)
    yield ", ".join(fine)
    yield from (f"{what} cannot go to another process: {why}" for what, why in lost.items())
    if not seen["same"]:
        return
    if not lost and again and again["digest"] != seen["digest"]:
        yield "its result comes out of a pickle as another one"
    if deeper.get("digest", seen["digest"]) != seen["digest"]:
        yield "a subinterpreter comes to another result: globals are each interpreter's own"


def run(cell: Cell) -> Outcome:
    """Have both children do their part; return what was seen."""
    asked = asking.read(cell.params["asked"])
    left = cell.deadline.left
    calling = Child("call", cell, max(1.0, left() - 1.0))
    calling.check(os.path.basename(asked["target"]))
    importable, seen = calling.events[_IMPORTABLE], calling.events[_CALLABLE]
    child = Child("again", cell, max(1.0, min(left() - 1.0, 10 + 2 * sum(seen["took"]))))
    coroutine = importable["coroutine"]
    why_not = "" if coroutine else _why_not_inside(child, seen["unpicklable"], asked["path"])
    look = {
        "coroutine": coroutine,
        "seconds": seen["took"][1],  # of a call that is not the first
        "effects": [seen["did"][kind] for kind in EFFECTS if kind in seen["did"]],
        "subinterpreter": why_not,
        "said": [
            *_of_pickles(seen, child),
            *_of_import(importable),
            *_of_call(seen, cached=importable["cached"]),
            *filter(None, [why_not]),
        ],
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
    counted=True,
    trial=True,
)
