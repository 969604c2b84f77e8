"""When requests arrive, whatever becomes of those before: an open loop's schedule.

Imported by spawned workers: no imports but of what is light.
"""

from __future__ import annotations

from itertools import accumulate, islice
from math import log
from time import perf_counter_ns, sleep

from ftbench.probe.workloads.ids import draw

TYPE_CHECKING = False  # typing itself would be luggage in every spawned worker
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    Arrival = tuple[int, int]  # when it was to be sent (ns), its number

NANO = 1_000_000_000
_STREAM, _STEPS = 0, 1 << 53
LEAD = 2_000_000  # from the opening of the gate to the beginning of the schedule, ns


def arrivals(rate: float, count: int) -> list[int]:
    """Return when `count` requests arrive at `rate` per second, in ns from the beginning."""
    # A Poisson process, the same one everywhere, for an open loop: times are fixed beforehand,
    # whatever becomes of the requests.  Source: Schroeder, Wierman, Harchol-Balter, "Open Versus
    # Closed: A Cautionary Tale" (NSDI 2006).
    # That latency counts from the time at which a request was to be sent, not from when it was,
    # is what Gil Tene calls the cure of coordinated omission.
    chances = islice(draw(_STREAM, _STEPS), count)
    gaps = (-log((chance + 0.5) / _STEPS) / rate * NANO for chance in chances)
    return list(map(int, accumulate(gaps)))


def send_off(times: Iterable[int], first: int, send: Callable[[Arrival], None]) -> list[int]:
    """`send` what is due at `times`, from number `first` on; return how late each was (all ns)."""
    begin = perf_counter_ns() + LEAD
    late = []
    for number, after in enumerate(times, first):
        at = begin + after
        early = at - perf_counter_ns()
        if early > 0:
            sleep(early / NANO)
        late.append(perf_counter_ns() - at)
        send((at, number))
    return late
