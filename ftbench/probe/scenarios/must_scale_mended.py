"""Further patterns of must_scale: those of CPython's own list, and those that its changes mended.

As in `must_scale_patterns`; a process loads this module for these patterns alone.  Code, classes
and functions are shared, each thread has objects of its own unless a pattern says otherwise.
"""

from __future__ import annotations

import copy
import gc
import math
import sys
import threading
from collections import namedtuple
from enum import Enum
from functools import cache
from importlib import import_module
from operator import methodcaller
from types import FunctionType, ModuleType
from typing import Any

from ftbench.errors import NotAvailableError


class _Base:
    limit = 3

    def after(self, number: int) -> int:
        return number + 1


class _Derived(_Base):
    def after(self, number: int) -> int:
        return super().after(number)

    @classmethod
    def limited(cls, number: int) -> int:
        return number + cls.limit

    @staticmethod
    def doubled(number: int) -> int:
        return number + number


class _Empty:
    pass


def instances(turns: int) -> int:
    """Make an object of a shared class that has nothing."""
    total = 0
    for _ in range(turns):
        total += _Empty() is not None
    return total


def super_calls(turns: int) -> int:
    """Call a method that calls its base's by super(), of shared classes."""
    derived = _Derived()
    total = 0
    for number in range(turns):
        total += derived.after(number)
    return total


_OWN = threading.local()


def own_super_calls(turns: int) -> int:
    """Call a method that calls its base's by super(), of a class that each thread has made once."""
    if not hasattr(_OWN, "kind"):

        class Own(_Base):
            def after(self, number: int) -> int:
                return super().after(number)

        _OWN.kind = Own
    own = _OWN.kind()
    total = 0
    for number in range(turns):
        total += own.after(number)
    return total


def classmethod_calls(turns: int) -> int:
    """Call a classmethod of a shared class."""
    derived = _Derived()
    total = 0
    for number in range(turns):
        total += derived.limited(number)
    return total


def staticmethod_calls(turns: int) -> int:
    """Call a staticmethod of a shared class."""
    derived = _Derived()
    total = 0
    for number in range(turns):
        total += derived.doubled(number)
    return total


class _Fixed:
    def __get__(self, _owner: object, _kind: type | None = None) -> int:
        return 42

    def __set__(self, _owner: object, _value: object) -> None:
        pass


class _Described:
    attribute = _Fixed()


def descriptors(turns: int) -> int:
    """Read an attribute that is a descriptor of a shared class, written in Python."""
    described = _Described()
    total = 0
    for _ in range(turns):
        total += described.attribute
    return total


class _Colour(Enum):
    RED = 1
    GREEN = 2


def enum_members(turns: int) -> int:
    """Read members of a shared enum."""
    total = 0
    for _ in range(turns):
        one, other = _Colour.RED, _Colour.GREEN
        total += one is not other
    return total


def deep_copies(turns: int) -> int:
    """Copy a dict of one's own with a list and a tuple in it, and all that is in those."""
    nested = {"list": [1, 2], "tuple": (1, None)}
    total = 0
    for _ in range(turns):
        total += len(copy.deepcopy(nested))
    return total


def copies(turns: int) -> int:
    """Copy a list of one's own by copy.copy()."""
    row = [1, 2, 3]
    total = 0
    for _ in range(turns):
        total += len(copy.copy(row))
    return total


def object_copies(turns: int) -> int:
    """Copy an object of one's own, of a shared class, by copy.copy()."""
    derived = _Derived()
    total = 0
    for _ in range(turns):
        total += copy.copy(derived).limit
    return total


def built_attribute_names(turns: int) -> int:
    """Set attributes of one's own object by names that are put together each time."""
    prefix, empty = "prefix", _Empty()
    total = 0
    for number in range(turns):
        setattr(empty, f"{prefix}_a", number)
        setattr(empty, f"{prefix}_b", None)
        total += number
    return total


def dispatch_by_name(turns: int) -> int:
    """Look up a method of a shared class by a name that is put together each time."""
    derived, kinds = _Derived(), ("limit", "doubl")
    total = 0
    for number in range(turns):
        total += getattr(derived, f"{kinds[number & 1]}ed")(number)
    return total


def interned_strings(turns: int) -> int:
    """Intern a string that is put together each time, and that all intern."""
    total = 0
    for number in range(turns):
        total += len(sys.intern(f"interned {number & 7}"))
    return total


def method_callers(turns: int) -> int:
    """Call a method by an operator.methodcaller of one's own."""
    derived, call = _Derived(), methodcaller("after", 1)
    total = 0
    for _ in range(turns):
        total += call(derived)
    return total


_TOOLS = ModuleType("tools")
_TOOLS.doubled = _Derived.doubled  # type: ignore[attr-defined]


def module_functions(turns: int) -> int:
    """Call a Python function through its module."""
    total = 0
    for number in range(turns):
        total += _TOOLS.doubled(number)
    return total


def c_functions(turns: int) -> int:
    """Call a function of a module written in C, math.floor."""
    total = 0
    for number in range(turns):
        total += math.floor(number + 0.5)
    return total


def list_methods(turns: int) -> int:
    """Pop from a list of one's own, and append to it."""
    row = [1] * 100
    total = 0
    for number in range(turns):
        row.pop(0)
        row.append(number)
        total += row[50]
    return total


def special_methods(turns: int) -> int:
    """Round a float, which looks up its type's __round__."""
    total = 0
    for number in range(turns):
        total += round(number + 0.25)
    return total


_Row = namedtuple("_Row", ["x", "y", "z"])  # noqa: PYI024 - that is the pattern


def plain_namedtuples(turns: int) -> int:
    """Make a tuple of a shared collections.namedtuple."""
    total = 0
    for number in range(turns):
        total += len(_Row(x=number, y=2, z=3))
    return total


def frozendicts(turns: int) -> int:
    """Make a frozendict."""
    make = _there("builtins", "frozendict")
    total = 0
    for _ in range(turns):
        total += len(make(key="value"))
    return total


def frozenset_members(turns: int) -> int:
    """Ask whether a string is in a constant set, which the compiler makes a frozenset."""
    total = 0
    for _ in range(turns):
        total += "one" in {"one", "two", "three"}
        total += "four" not in {"one", "two", "three"}
    return total


_NAMES = {"one", "two", "three"}


def shared_set_reads(turns: int) -> int:
    """Ask whether a string is in a shared set that nobody changes."""
    total = 0
    for _ in range(turns):
        total += "one" in _NAMES
        total += "four" not in _NAMES
    return total


def class_changes(turns: int) -> int:
    """Make an object and give it another class, as unpickling and lazy objects do."""
    total = 0
    for _ in range(turns):
        made: Any = _Base()
        made.__class__ = _Derived
        total += made.limit
    return total


@cache
def _rows() -> list[tuple[int, float]]:
    rows = [(number, 0.5) for number in range(100_000)]
    gc.collect()  # it finds that tuples of numbers need no collecting
    return rows


def collected_beside_tuples(turns: int) -> int:
    """Make lists and keep them, while all have 100 000 tuples that no collection need visit."""
    rows, kept = _rows(), [[number] for number in range(turns)]
    return len(kept) + len(rows)


def ctypes_calls(turns: int) -> int:
    """Call a shared function of C by ctypes."""
    call = _there("ctypes", "pythonapi").Py_IsInitialized
    total = 0
    for _ in range(turns):
        total += call()
    return total


_DEFLATED = "789c4b54484b2d5748aa2c492d0600169c040b"  # a few bytes


def decompressions(turns: int) -> int:
    """Decompress a few bytes of one's own by zlib, whose memory comes from PyMem_RawMalloc."""
    decompress, own = _there("zlib", "decompress"), bytes.fromhex(_DEFLATED)
    total = 0
    for _ in range(turns):
        total += len(decompress(own))
    return total


def _named(number: int) -> int:
    return len(_NAMES) + number


def new_functions(turns: int) -> int:
    """Make a function of code of one's own, and call it until its global names are specialized."""
    total = 0
    for _ in range(turns):
        function = FunctionType(_named.__code__.replace(), globals())
        for number in range(4):
            total += function(number)
    return total


def _there(module: str, name: str) -> Any:
    """Return what a module of the standard library has, if this build has it."""
    try:
        return getattr(import_module(module), name)
    except (ImportError, AttributeError) as error:
        raise NotAvailableError(f"This build has no {module}.{name}: {error}.") from error
