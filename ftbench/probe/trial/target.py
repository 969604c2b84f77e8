"""The user's function in a worker: found once per interpreter, set up once per worker, called.

Imported by every worker and inside subinterpreters: no imports but of what is light.  What a worker
is about stands in a file of its own, mapped into its memory, so that the parent can name the call
that hangs or has killed it.
"""

from __future__ import annotations

import os
import sys
from _thread import _local, allocate_lock, get_ident
from importlib import import_module
from importlib.machinery import SourceFileLoader
from itertools import count
from marshal import dumps, loads
from mmap import mmap
from time import perf_counter, perf_counter_ns, sleep

from ftbench.probe.trial import asked as asking

TYPE_CHECKING = False  # typing itself would be luggage in every spawned worker
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from importlib.machinery import ModuleSpec
    from types import CodeType
    from typing import Any, NoReturn

    from ftbench.errors import FtbenchError

    # The number of an input, and what the function is called with.
    Item = tuple[int, Sequence[Any], Mapping[str, Any]]
    Answer = tuple[Any, int, int]  # the result, when the call began and when it ended, ns

# A worker's file in this folder of the cell's TMPDIR: process id, number of the input, and since
# when (ns, 0: nothing is under way).
CALLS = "calls"
PLACE_BYTES = 24
# Instead of the number of an input.
IMPORTING, SETTING_UP = -1, -2

_SHOWN = 200  # characters of a user's error in a message
GUARD = "If it starts work when it is imported, that belongs below: if __name__ == '__main__':"


class Late(KeyboardInterrupt):
    """A call is over its deadline; of this kind, since few functions swallow it."""


class _Source(SourceFileLoader):
    def source_to_code(  # type: ignore[override]  # the stub knows no further arguments
        self, data: Any, path: Any, **more: Any
    ) -> CodeType:
        """Return code as bytecode has it, and a script: constants of compile() are not immortal."""
        return loads(dumps(super().source_to_code(data, path, **more)))  # type: ignore[no-any-return]  # noqa: S302

    def set_data(self, *_args: Any, **_more: Any) -> None:
        """Leave no bytecode beside the user's file."""


class _Files:
    """Finds the modules that stand for files: by name, for whoever unpickles a class of theirs."""

    def __init__(self) -> None:
        self.paths: dict[str, str] = {}

    def find_spec(
        self, name: str, _path: Sequence[str] | None = None, _target: object = None
    ) -> ModuleSpec | None:
        path = self.paths.get(name)
        if path is None:
            return None
        from importlib.util import spec_from_file_location

        return spec_from_file_location(name, path, loader=_Source(name, path))

    def add(self, path: str) -> str:
        """Return the name of the module that stands for a file, by its stem."""
        folder, name = os.path.split(os.path.abspath(path))
        stem = name.removesuffix(".py").replace(".", "_")
        if stem in sys.stdlib_module_names:
            stem += "_"
        if self.paths.setdefault(stem, path) == path and folder not in sys.path:
            sys.path.insert(0, folder)  # as `python FILE` does
        return stem


_files = _Files()
_lock = allocate_lock()
_here: Any = _local()
try:
    # A subinterpreter has one thread, whose locals CPython forgets between two calls from outside.
    # By name: the module is not there in the releases that the host and mypy know.
    if import_module("_interpreters").get_current()[0] != 0:
        _here = type("Here", (), {})()
except ImportError:  # there are none in this release
    pass
_numbers = count()
_target = ""
_function: Callable[..., Any] | None = None
_setup: Callable[[], Any] | None = None
_asked: dict[str, Any] = {}


def prepare() -> None:
    """Have modules found where this trial's are; importing this module does it in a worker."""
    if _asked or not os.environ.get(asking.ASKED):
        return
    _asked.update(asking.read())
    sys.path[:0] = [path for path in _asked["path"] if path not in sys.path]
    sys.meta_path.insert(0, _files)
    for key in ("target", "inputs_from", "worker_setup", "before", "after", "check", "executor"):
        module, colon, _ = str(_asked[key] or "").rpartition(":")
        if colon and module.endswith(".py"):
            _files.add(module)


def module_of(name: str) -> str:
    """Return the module of what is named so, which for a file is the one that stands for it."""
    module = name.rpartition(":")[0]
    return _files.add(module) if module.endswith(".py") else module


def found(name: str) -> Any:
    """Return what "module:name.name" or "file.py:name" names; raises `UsageError` without one."""
    module, _, names = name.rpartition(":")
    thing = _imported(module_of(name))
    for attribute in names.split("."):
        try:
            thing = getattr(thing, attribute)
        except AttributeError:
            from ftbench.errors import unknown

            public = [each for each in dir(thing) if not each.startswith("_")]
            raise unknown(f"{module}:", attribute, public) from None
    return thing


def _imported(name: str) -> Any:
    try:
        return import_module(name)
    except Late:
        raise
    except BaseException as error:
        fail(f"Importing {name}", error, importing=True)


def load() -> None:
    """Find the function and what sets a worker up, once in this interpreter."""
    global _function, _setup, _target
    with _lock:
        if _function is None:
            prepare()
            function = found(_asked["target"])
            _target = os.path.basename(_asked["target"])
            _setup = found(_asked["worker_setup"]) if _asked["worker_setup"] else None
            if not callable(function):
                from ftbench.errors import UsageError

                raise UsageError(
                    f"{_target} is no function: it is of type {type(function).__name__}."
                )
            _function = function


def function() -> Callable[..., Any]:
    """Return the user's function, loaded."""
    load()
    assert _function is not None
    return _function


def place_of_calls() -> Any:
    """Return a place in which to say what is under way here."""
    folder = os.path.join(os.environ["TMPDIR"], CALLS)
    while True:
        name = f"{os.getpid()}-{id(_files)}-{next(_numbers)}"
        try:
            file = os.open(os.path.join(folder, name), os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
        except FileExistsError:  # of an interpreter that has ended
            continue
        os.ftruncate(file, PLACE_BYTES)
        place = memoryview(mmap(file, PLACE_BYTES)).cast("q")
        os.close(file)
        place[0] = os.getpid()
        return place


def under_way(folder: str) -> Iterator[tuple[int, int, int]]:
    """Yield what is under way by the places in a cell's folder; see `CALLS`."""
    for entry in os.scandir(os.path.join(folder, CALLS)):
        with open(entry, "rb") as file:
            place = memoryview(file.read())
        if len(place) == PLACE_BYTES and place.cast("q")[2]:
            pid, number, since = place.cast("q")
            yield pid, number, since


def fault_file(pid: int) -> str:
    """Return where a worker process writes what Python says of its crash."""
    return os.path.join(os.environ["TMPDIR"], CALLS, f"fault-{pid}")


def tell_faults(file: Any) -> None:
    """Have the thread that crashes this process write where it was."""
    try:
        import faulthandler
    except ImportError:  # in a subinterpreter
        return
    more = {"c_stack": False} if sys.version_info >= (3, 14) else {}
    faulthandler.enable(file, all_threads=False, **more)


def enter() -> Any:
    """Load and set up in this worker; return the place of its calls."""
    place = place_of_calls()
    if hasattr(os, "getsid") and os.getsid(0) != os.getpid():  # the cell leads its session
        tell_faults(open(fault_file(os.getpid()), "w"))  # noqa: SIM115 - it stays open
    place[1], place[2] = IMPORTING, perf_counter_ns()
    load()
    place[1] = SETTING_UP
    if _setup:
        try:
            _here.awaited = _setup()
        except Late:
            raise
        except BaseException as error:
            fail(_asked["worker_setup"], error)
    place[2] = 0
    _here.place, _here.free = place, [place]
    return place


def arrive(gil: bool, seconds: float) -> tuple[int, int, float]:  # noqa: FBT001 - by position
    """Be ready for calls; return which worker this is, since when, and leave the next to another.

    Raises `GilStateError` where the GIL has come back.
    """
    if not hasattr(_here, "place"):
        enter()
    ready = perf_counter()
    if not gil and sys._is_gil_enabled():  # type: ignore[attr-defined]  # noqa: SLF001 - documented
        from ftbench.errors import GilStateError

        raise GilStateError("The GIL came back in a worker, while it was to be off.")
    sleep(seconds)
    return os.getpid(), get_ident(), ready


async def arrive_in_loop(gil: bool) -> float:  # noqa: FBT001
    """Do the same in a loop, in which a set-up may be a coroutine function."""
    if not hasattr(_here, "place"):
        enter()
        awaited: Any = getattr(_here, "awaited", None)
        if hasattr(awaited, "__await__"):
            await awaited
    arrive(gil, 0)
    return perf_counter()


def call(item: Item) -> Answer:
    """Call the function: all that stands between a pool and it."""
    number, args, kwargs = item
    try:
        place = _here.place
    except AttributeError:
        place = enter()
    place[1] = number
    place[2] = began = perf_counter_ns()
    try:
        result = _function(*args, **kwargs)  # type: ignore[misc]  # it is loaded
    except Late:
        raise
    except BaseException as error:
        fail(_target, error, item)
    ended = perf_counter_ns()
    place[2] = 0
    return result, began, ended


async def call_in_loop(item: Item) -> Answer:
    """Do the same with a coroutine function."""
    number, args, kwargs = item
    place = _here.free.pop() if _here.free else place_of_calls()
    place[1] = number
    place[2] = began = perf_counter_ns()
    try:
        result = await _function(*args, **kwargs)  # type: ignore[misc]
    except Late:
        raise
    except BaseException as error:
        fail(_target, error, item)
    ended = perf_counter_ns()
    place[2] = 0
    _here.free.append(place)
    return result, began, ended


def fail(
    what: str, error: BaseException, item: Item | None = None, *, importing: bool = False
) -> NoReturn:
    """Raise the error of what raised, which every pool can hand on, whatever the user's is."""
    import traceback

    from ftbench.errors import NotAvailableError, UsageError, WorkerFailedError

    if sys.stdout is not None:  # the parent tells what was printed last
        sys.stdout.flush()
    behind = error.__traceback__
    ours = (__file__, "importlib")
    while behind and any(each in behind.tb_frame.f_code.co_filename for each in ours):
        behind = behind.tb_next
    story = "".join(traceback.format_exception(type(error), error, behind))
    did = "wanted to end the program" if isinstance(error, SystemExit) else "raised"
    of = of_input(item) if item else ""
    words = in_a_line(error)
    kind: type[FtbenchError] = WorkerFailedError
    if isinstance(error, ImportError) and "subinterpreter" in words:
        kind = NotAvailableError
    elif importing and isinstance(error, (ImportError, SyntaxError)):
        kind = UsageError
    hint = GUARD if importing and isinstance(error, (RuntimeError, SystemExit)) else ""
    if importing and isinstance(error, ModuleNotFoundError):
        hint = f"A package is named by --with {error.name}, a project's folder by --project."
    message = f"{os.path.basename(what)} {did}{of}: {words}"
    raise kind(message, story=f"{given(item)}{story}", hint=hint) from None


def in_a_line(error: BaseException) -> str:
    """Return what an error says, as a message has it."""
    return " ".join(f"{type(error).__name__}: {error}".split())[:_SHOWN].rstrip(".") + "."


def of_input(item: Item) -> str:
    """Return which input it is."""
    return f" (input {item[0] + 1})"


def given(item: Item | None) -> str:
    """Return what an input is, as the first line of a story."""
    from ftbench.probe.trial.checking import told_call

    return f"input {item[0] + 1}: {told_call(*item[1:])}\n" if item else ""


prepare()
