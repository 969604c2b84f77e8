"""Patterns of must_scale: what programs do a thousand times a second, in threads.

Each function does its pattern `turns` times and returns a checksum.  The idea is that of CPython's
Tools/ftscalingbench; the patterns are code of our own.
"""

from __future__ import annotations

import random as randomness
import re
import threading
import weakref
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from types import ModuleType
from typing import NamedTuple


class _Counter:
    limit = 3

    def __init__(self) -> None:
        self.step = 1

    def after(self, number: int) -> int:
        return number + self.step


def _adder(step: int) -> Callable[[int], int]:
    def add(number: int) -> int:
        return number + step

    return add


# What the threads share that share the module.
SETTINGS = ModuleType("settings")
SETTINGS.limit = 3  # type: ignore[attr-defined]
_ADD_THREE = _adder(3)
_LOCAL = threading.local()
# Keys are numbers that every build keeps for ever; values are objects like any other.
_TABLE = {number: f"value {number}" for number in range(64)}
# The comment makes it a pattern of this module: `re` gives one object to all who compile the same.
_WORD = re.compile(rf"(\w+)=(\w+)(?#{__name__})")
_SHARED = _Counter()
_BOARD: dict[int, int] = {}
_RING: deque[int] = deque(maxlen=64)
_LOCK = threading.Lock()
# As in the module `random`, whose functions are the methods of one hidden instance.
_DRAW = randomness.Random(7).random  # noqa: S311 - no secrets here


def _add(one: int, other: int) -> int:
    return one + other


def function_calls(turns: int) -> int:
    """Call a function of the module."""
    total = 0
    for number in range(turns):
        total = _add(total, number)
    return total


def method_calls(turns: int) -> int:
    """Call a method of an object of one's own."""
    counter = _Counter()
    total = 0
    for number in range(turns):
        total += counter.after(number)
    return total


def module_attributes(turns: int) -> int:
    """Read an attribute of a module."""
    total = 0
    for _ in range(turns):
        total += SETTINGS.limit
    return total


def class_attributes(turns: int) -> int:
    """Read an attribute of a class."""
    total = 0
    for _ in range(turns):
        total += _Counter.limit
    return total


def closures(turns: int) -> int:
    """Call a closure that all have, and make and call one's own."""
    total = 0
    for number in range(turns):
        total += _ADD_THREE(number)
        total += _adder(1)(number)
    return total


def constants(turns: int) -> int:
    """Load constants that are no small integers: a tuple, a string, a float."""
    total = 0
    for _ in range(turns):
        row = (1_000_003, "a constant", 2.5)
        total += row[0] + len("another constant") + len(row)
    return total


# Compiled as an import without a .pyc compiles it: no build makes such constants immortal.
_COMPILED: dict[str, Callable[[int], int]] = {}
exec(  # noqa: S102 - that is the pattern
    compile(
        """
def add(turns):
    total = 0
    for _ in range(turns):
        total += 1_000_003
        total ^= 2_000_003
    return total
""",
        "<without bytecode>",
        "exec",
    ),
    _COMPILED,
)


def no_bytecode(turns: int) -> int:
    """Load large integers that are constants of code without a .pyc."""
    return _COMPILED["add"](turns)


def thread_locals(turns: int) -> int:
    """Write and read an attribute that each thread has of its own."""
    total = 0
    for number in range(turns):
        _LOCAL.value = number
        total += _LOCAL.value
    return total


def containers(turns: int) -> int:
    """Make a dict and a list."""
    total = 0
    for number in range(turns):
        total += len({"number": number, "name": "one"}) + len([number, total, 1])
    return total


@dataclass
class _Point:
    x: int
    y: int


def dataclasses(turns: int) -> int:
    """Make an object of a dataclass and read it."""
    total = 0
    for number in range(turns):
        point = _Point(number, y=1)
        total += point.x + point.y
    return total


class _Pair(NamedTuple):
    left: int
    right: int


def namedtuples(turns: int) -> int:
    """Make a named tuple and read it."""
    total = 0
    for number in range(turns):
        pair = _Pair(number, right=1)
        total += pair.left + pair.right
    return total


def _two(number: int) -> Iterator[int]:
    yield number
    yield 1


def generators(turns: int) -> int:
    """Make a generator and step through it."""
    total = 0
    for number in range(turns):
        for each in _two(number):
            total += each
    return total


class _Guard:
    def __enter__(self) -> int:
        return 1

    def __exit__(self, *_error: object) -> None:
        pass


def context_managers(turns: int) -> int:
    """Enter and leave a context manager."""
    total = 0
    for _ in range(turns):
        with _Guard() as entered:
            total += entered
    return total


class _Special(_Counter):
    pass


def instance_checks(turns: int) -> int:
    """Ask whether an object is an instance of a class, of its base, of one of several."""
    special = _Special()
    total = 0
    for number in range(turns):
        total += isinstance(special, _Counter) + isinstance(number, (str, int))
        total += isinstance(number, _Counter)
    return total


def shared_dict_reads(turns: int) -> int:
    """Look something up in a dict that nobody changes."""
    total = 0
    for number in range(turns):
        total += len(_TABLE[number & 63])
    return total


def enumerate_and_zip(turns: int) -> int:
    """Walk two short lists side by side, counting."""
    row = [1, 2, 3]
    total = 0
    for _ in range(turns):
        for place, (one, other) in enumerate(zip(row, row, strict=True)):
            total += place + one + other
    return total


def f_strings(turns: int) -> int:
    """Format a number and a string."""
    name = "worker"
    total = 0
    for number in range(turns):
        total += len(f"{name} {number & 63:04d}")
    return total


def exceptions(turns: int) -> int:
    """Raise an exception and catch it."""
    total = 0
    for number in range(turns):
        try:
            raise ValueError(number)  # noqa: TRY301 - that is the pattern
        except ValueError as error:
            total += len(error.args)
    return total


def imports(turns: int) -> int:
    """Import inside a function what has long been imported."""
    total = 0
    for _ in range(turns):
        from collections import deque as found  # noqa: PLC0415 - that is the pattern

        total += found is deque
    return total


def weak_references(turns: int) -> int:
    """Make a weak reference to an object of one's own, and follow it."""
    counter = _Counter()
    total = 0
    for _ in range(turns):
        total += weakref.ref(counter)() is counter
    return total


def own_lock(turns: int) -> int:
    """Take a lock that nobody else wants."""
    lock = threading.Lock()
    total = 0
    for _ in range(turns):
        with lock:
            total += 1
    return total


def own_random(turns: int) -> int:
    """Draw from a generator of random numbers of one's own."""
    draw = randomness.Random(7).random  # noqa: S311 - no secrets here
    total = 0
    for _ in range(turns):
        total += draw() < 1.0
    return total


def shared_pattern(turns: int) -> int:
    """Match a regular expression that was compiled once for all."""
    total = 0
    for _ in range(turns):
        found = _WORD.match("name=value")
        if found is not None:
            total += found.end()
    return total


def shared_instance(turns: int) -> int:
    """Call a method of one object that all threads have."""
    total = 0
    for number in range(turns):
        total += _SHARED.after(number)
    return total


def shared_dict_writes(turns: int) -> int:
    """Write to one dict."""
    total = 0
    for number in range(turns):
        _BOARD[number & 63] = number
        total += number
    return total


def shared_deque(turns: int) -> int:
    """Append to one deque."""
    total = 0
    for number in range(turns):
        _RING.append(number)
        total += number
    return total


def shared_lock(turns: int) -> int:
    """Take one lock."""
    total = 0
    for number in range(turns):
        with _LOCK:
            total += number
    return total


def shared_random(turns: int) -> int:
    """Draw from one generator of random numbers."""
    total = 0
    for _ in range(turns):
        total += _DRAW() < 1.0
    return total


def work_of(pattern: str) -> Callable[[int], int]:
    """Return what does a pattern so many times; it returns a checksum."""
    if pattern in globals():
        here: Callable[[int], int] = globals()[pattern]
        return here
    # What a cell of these patterns loads is what it loaded when there were no others.
    from ftbench.probe.scenarios import must_scale_mended  # noqa: PLC0415

    mended: Callable[[int], int] = getattr(must_scale_mended, pattern)
    return mended
