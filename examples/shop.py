"""A simulation in pure Python: customers queue at the tills of a shop.

    ftbench try shop.py:waiting --inputs shop.jsonl --kwargs

Computes, allocates, shares nothing: the plain case for processes, and for threads without a GIL.
"""

import heapq
import random


def waiting(tills, seed, customers=1500):
    """Return how long a customer waits on average, and at worst, in minutes."""
    draw = random.Random(seed)
    free_at = [0.0] * tills
    now = total = worst = 0.0
    for _ in range(customers):
        now += draw.expovariate(1.0)
        begins = max(now, heapq.heappop(free_at))
        heapq.heappush(free_at, begins + draw.expovariate(1.1 / tills))
        total += begins - now
        worst = max(worst, begins - now)
    return total / customers, worst
