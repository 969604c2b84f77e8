"""Lock waits as they are reported: what is sampled, and what is always timed.

A lock is first asked whether it is free.  If it is not, the wait is timed, always: long waits are
few, and a sample of the operations would miss most of what they add up to.  If it is, the first
operation of each turn tells what taking a free lock took.
"""

from __future__ import annotations

from array import array

TYPE_CHECKING = False  # typing itself would be luggage in every spawned worker
if TYPE_CHECKING:
    from collections.abc import Iterable

    Waits = tuple[bytes, bytes]

# Of loops that have no lock to wait for.
NO_WAITS = (b"", b"")


def packed(first: Iterable[int], second: Iterable[int]) -> Waits:
    """Return two lists of nanoseconds, each as the bytes of an array('q').

    Of a lock: the times to take it when it was free, sampled, and all waits when it was not.
    """
    return array("q", first).tobytes(), array("q", second).tobytes()
