"""A worker's turns: a fixed number of operations, or as many as a time allows.

A turn is `every` operations of which the first is timed: a clock call per operation would itself
be the load.  The loops of both forms are one loop, for a fixed amount of work and for the
article's time box.
"""

from __future__ import annotations

from itertools import repeat
from time import perf_counter

TYPE_CHECKING = False  # typing itself would be luggage in every spawned worker
if TYPE_CHECKING:
    from collections.abc import Iterator


def until(end: float) -> Iterator[None]:
    """Yield None until `perf_counter()` has reached `end`."""
    while perf_counter() < end:
        yield


def turns(operations: int, seconds: float, every: int) -> Iterator[None]:
    """Return an iterator with an item per turn.

    With `operations` it holds `operations // every` turns; with 0 it goes on for `seconds`.
    """
    if operations:
        return repeat(None, operations // every)
    return until(perf_counter() + seconds)
