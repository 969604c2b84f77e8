"""Whether threads count references to constants of code, which depends on the build and on a .pyc.

A free-threaded build interns the constants of code and makes them immortal (`intern_constants` in
CPython's Objects/codeobject.c), so that no thread counts them; strings that are no names excepted.
Not so what `compile` makes (`builtin_compile_impl` in Python/bltinmodule.c suppresses it), by which
an import compiles a module without a .pyc: there all threads count the numbers that they share.
"""

from __future__ import annotations

import gc
import sys
import sysconfig
from types import FunctionType

COUNTED, IMMORTAL, MORTAL = "counted", "immortal", "mortal"
_CACHED = 1 << 20  # every build keeps small integers for ever, whoever compiles them
_NEVER_COUNTED = 1 << 28


def of_loaded_code() -> str:
    """Return what the numbers in all functions are that came from files: any mortal one tells."""
    if not sysconfig.get_config_var("Py_GIL_DISABLED"):
        return COUNTED
    functions = [each for each in gc.get_objects() if type(each) is FunctionType]
    codes = (each.__code__ for each in functions if each.__code__.co_filename.endswith(".py"))
    mortal = any(
        isinstance(constant, (int, float))
        and abs(constant) > _CACHED
        and sys.getrefcount(constant) < _NEVER_COUNTED
        for code in codes
        for constant in code.co_consts
    )
    return MORTAL if mortal else IMMORTAL
