"""Whether threads count references to constants of code, which depends on the build and on a .pyc.

A free-threaded build makes the constants of code immortal (`intern_constants` in CPython's
Objects/codeobject.c), but not those of what `compile` makes (`builtin_compile_impl` in
Python/bltinmodule.c), by which an import compiles a module without a .pyc.
"""

from __future__ import annotations

import sys
import sysconfig
from collections.abc import Iterator
from types import CodeType, FunctionType

COUNTED, IMMORTAL, MORTAL = "counted", "immortal", "mortal"
_CACHED = 1 << 20  # every build keeps small integers for ever, whoever compiles them
_NEVER_COUNTED = 1 << 28


def of_loaded_code() -> str:
    """Return what the numbers in all functions are that came from files: any mortal one tells."""
    if not sysconfig.get_config_var("Py_GIL_DISABLED"):
        return COUNTED
    mortal = any(
        (type(constant) is float or (type(constant) is int and abs(constant) > _CACHED))
        and sys.getrefcount(constant) < _NEVER_COUNTED
        for code in _codes()
        for constant in code.co_consts
    )
    return MORTAL if mortal else IMMORTAL


def _codes() -> Iterator[CodeType]:
    # By way of the modules: once 3.13 has started a thread, its collector knows no functions.
    for module in list(sys.modules.values()):
        for each in list(getattr(module, "__dict__", {}).values()):
            for function in list(vars(each).values()) if isinstance(each, type) else [each]:
                if type(function) is FunctionType and function.__code__.co_filename.endswith(".py"):
                    yield function.__code__
