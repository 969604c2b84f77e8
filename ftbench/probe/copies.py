"""What a thread of must_scale runs: a pattern of the shared module, or one of its very own.

A thread that shares nothing has loaded the module of the patterns anew, by itself: functions,
code, classes, globals and objects are its own, and were made by it, which is what a free-threaded
build looks at when it counts references.  What nobody can have of his own stays shared: built-in
types and functions, other modules, and the constants that CPython keeps for ever.
"""

from __future__ import annotations

import sys
import threading
from functools import partial
from importlib.util import module_from_spec, spec_from_file_location
from types import ModuleType
from typing import TYPE_CHECKING

from ftbench.probe import patterns
from ftbench.probe.kernels import timed

if TYPE_CHECKING:
    from ftbench.probe.kernels import Report

# So that bytecode is specialized, which the free-threaded build does per thread.
WARM_TURNS = 64

_OWN = threading.local()


def load() -> ModuleType:
    """Return the module of the patterns, loaded anew under a name of its own."""
    name = f"{patterns.__name__}_of_{threading.get_ident()}"
    spec = spec_from_file_location(name, patterns.__file__)
    if spec is None or spec.loader is None:
        raise ImportError(f"no copy of {patterns.__name__} can be loaded")
    module = module_from_spec(spec)
    sys.modules[name] = module  # dataclasses look there
    spec.loader.exec_module(module)
    return module


def share(pattern: str, turns: int) -> Report:
    """Do a pattern of the module that all threads have; return a report as `kernels.timed`."""
    return timed(partial(getattr(patterns, pattern), turns), 1)


def share_nothing(pattern: str, turns: int) -> Report:
    """Do a pattern of the module that this thread has of its own."""
    return timed(partial(getattr(_OWN.module, pattern), turns), 1)


def get_ready(pattern: str) -> None:
    """Have the bytecode of a shared pattern specialized for this thread."""
    getattr(patterns, pattern)(WARM_TURNS)


def get_ready_alone(pattern: str) -> None:
    """Load this thread's own module, once, and have its bytecode specialized."""
    if not hasattr(_OWN, "module"):
        _OWN.module = load()
    getattr(_OWN.module, pattern)(WARM_TURNS)
