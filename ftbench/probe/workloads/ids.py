"""The ids that workers draw (SplitMix64, a stream per worker), and the turns in which they do.

Source: Steele, Lea, Flood, "Fast splittable pseudorandom number generators" (OOPSLA 2014); seeds
as in scenarios 2 and 3 of "Free-Threading Python vs Multiprocessing".
"""

from __future__ import annotations

import sys
from array import array
from itertools import chain, count, islice, repeat
from time import perf_counter

TYPE_CHECKING = False  # typing itself would be luggage in every spawned worker
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from typing import Literal

    Plan = tuple[int, float, int, int]

MASK = 0xFFFF_FFFF_FFFF_FFFF
GAMMA = 0x9E37_79B9_7F4A_7C15
SEED = 0xC0_FFEE
LANES = 1024
# Ids drawn for a second of a time box, and at most: beyond them the first come again.
CYCLE = 1 << 20

# Index of a worker → its plan and the ids of its next round: drawing takes longer than inserting.
# They are kept from round to round: made anew, they would lie in memory in the order in which a set
# let go of the last, each a cache miss, and would have to be freed within the round.
_DRAWN: dict[int, tuple[Plan | None, Sequence[int]]] = {}


def seed_of(index: int) -> int:
    """Return the seed of the stream of worker `index`."""
    return (SEED ^ (index + 1) * GAMMA) & MASK


def draw(index: int, id_space: int) -> Iterator[int]:
    """Yield the ids of worker `index` without end, each from 0 to `id_space` - 1."""
    # The state is in locals: no method call per id, and nothing that two threads share.
    state = seed_of(index)
    while True:
        state = (state + GAMMA) & MASK
        z = state
        z = (z ^ (z >> 30)) * 0xBF58_476D_1CE4_E5B9 & MASK
        z = (z ^ (z >> 27)) * 0x94D0_49BB_1331_11EB & MASK
        yield (z ^ (z >> 31)) % id_space


def swiftly(index: int, id_space: int) -> Iterator[int]:
    """Yield what `draw` does, in a fraction of its time: where drawing is not what is measured."""
    order: Literal["little", "big"] = sys.byteorder
    low = order == "big"
    # Numbers that have a lane of 128 bits for each id, whose upper half takes what a step carries.
    lanes = array("Q", bytes(16 * LANES))
    lanes[low::2] = array("Q", [1]) * LANES
    ones = int.from_bytes(lanes.tobytes(), order)
    lanes[low::2] = array("Q", range(1, LANES + 1))
    steps, mask = int.from_bytes(lanes.tobytes(), order) * GAMMA, ones * MASK
    for begin in count(seed_of(index), LANES * GAMMA):
        z = steps + ones * (begin & MASK) & mask
        z = ((z ^ z >> 30) & mask) * 0xBF58_476D_1CE4_E5B9 & mask
        z = ((z ^ z >> 27) & mask) * 0x94D0_49BB_1331_11EB & mask
        lanes = array("Q", ((z ^ z >> 31) & mask).to_bytes(16 * LANES, order))
        yield from [uid % id_space for uid in lanes[low::2]]


def prepare(index: int, plan: Plan) -> None:
    """Draw the ids of worker `index`, before the first round."""
    if index in _DRAWN and _DRAWN[index][0] == plan:
        return
    operations, seconds, _every, id_space = plan
    ids = islice(swiftly(index, id_space), operations or min(CYCLE, int(seconds * CYCLE) + 1))
    # Those of a time box would weigh more than what they are inserted into, so they are packed, and
    # each is made anew where it is used.
    _DRAWN[index] = plan, list(ids) if operations else array("q", ids)


def give(index: int, uid: int) -> None:
    """Have worker `index` find this id prepared, and no other."""
    _DRAWN[index] = None, [uid]


def drawn(index: int) -> Iterator[int]:
    """Return the ids that have been prepared for worker `index`, those of a box over and over."""
    ids = _DRAWN[index][1]
    return iter(ids) if type(ids) is list else chain.from_iterable(repeat(ids))


def until(end: float) -> Iterator[None]:
    """Yield None until `perf_counter()` has reached `end`."""
    while perf_counter() < end:
        yield


def turns(operations: int, seconds: float, every: int) -> Iterator[None]:
    """Return an iterator over the turns of `operations`; if those are 0, of `seconds`."""
    # The first of a turn is timed: a clock call per operation would itself be the load.
    if operations:
        return repeat(None, operations // every)
    return until(perf_counter() + seconds)
