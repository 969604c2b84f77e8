"""A function with a cache: the first call with a value works, those after it look it up.

    ftbench try routes.py:distance --inputs-from routes.py:addresses

Threads share the cache; every process and every subinterpreter fills one of its own.  The cold
round tells of the work, warm ones of a look-up, for which no pool can pay.
"""

import functools
import heapq

SIDE = 24


def addresses():
    """Return corners of the town."""
    return [number * 37 % (SIDE * SIDE) for number in range(24)]


def slope(corner):
    """Return how hard it is to get over a corner."""
    return 1 + corner * 7919 % 13


@functools.cache
def distance(goal):
    """Return how far it is from the first corner of the town to another (Dijkstra)."""
    best, heap = {0: 0}, [(0, 0)]
    while heap:
        so_far, corner = heapq.heappop(heap)
        if corner == goal:
            return so_far
        if so_far > best[corner]:
            continue
        row, column = divmod(corner, SIDE)
        for there_row, there_column in (
            (row - 1, column),
            (row + 1, column),
            (row, column - 1),
            (row, column + 1),
        ):
            there = there_row * SIDE + there_column
            if 0 <= there_row < SIDE and 0 <= there_column < SIDE:
                further = so_far + slope(there)
                if further < best.get(there, further + 1):
                    best[there] = further
                    heapq.heappush(heap, (further, there))
    raise ValueError(f"there is no corner {goal}")
