"""A member whose rounds are not all alike: a generator says what it does in each.

Imported by every such spawned member: no imports at all.
"""

from __future__ import annotations

TYPE_CHECKING = False  # typing itself would be luggage in every spawned worker
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Any

# What each member is about, from round to round: a module is one per process, and one per
# subinterpreter.
HELD: dict[object, Iterator[Any]] = {}


def turn(member: object, make: Callable[..., Iterator[Any]], args: tuple[Any, ...]) -> Any:
    """Do the next thing of `member`, whose generator is `make(*args)` from its first turn on."""
    if member not in HELD:
        HELD[member] = make(*args)
    return next(HELD[member])
