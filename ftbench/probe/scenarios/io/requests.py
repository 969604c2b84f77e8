"""Requests: what goes over the wire, and when they arrive in an open loop.

A number asks, an answer of 1 KiB begins with the same number.  In an open loop requests arrive at
times fixed beforehand, whatever becomes of them.  Source: Schroeder, Wierman, Harchol-Balter,
"Open Versus Closed: A Cautionary Tale" (NSDI 2006); that latency counts from the time at which a
request was to be sent, not from when it was, is what Gil Tene calls the cure of coordinated
omission.

Imported by spawned workers and by the servers: no imports but of what is light.
"""

from __future__ import annotations

from itertools import accumulate, islice
from math import log
from struct import Struct
from time import perf_counter_ns, sleep

from ftbench.probe.workloads.ids import draw

TYPE_CHECKING = False  # typing itself would be luggage in every spawned worker
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    Arrival = tuple[int, int]  # when it was to be sent (ns), its number

HOST = "127.0.0.1"  # the loopback, and nothing else
REQUEST = Struct("!Q")
ANSWER_BYTES = 1_024
FILLING = bytes(ANSWER_BYTES - REQUEST.size)
# Asks the server for its own figures since it was asked last; answered without delay, and they
# follow the number.
FIGURES = 0xFFFF_FFFF_FFFF_FFFF
# Answers, CPU, time that passed (ns), and how late answers were: median, 99th percentile, most.
FIGURES_FORM = Struct("!6Q")

NANO = 1_000_000_000
_STREAM, _STEPS = 0, 1 << 53
LEAD = 2_000_000  # from the opening of the gate to the beginning of the schedule, ns


def arrivals(rate: int, count: int) -> list[int]:
    """Return when `count` requests arrive, in nanoseconds from the beginning.

    They are a Poisson process of `rate` per second, the same one in every process and on every
    machine.
    """
    chances = islice(draw(_STREAM, _STEPS), count)
    gaps = (-log((chance + 0.5) / _STEPS) / rate * NANO for chance in chances)
    return list(map(int, accumulate(gaps)))


def send_off(times: Iterable[int], first: int, send: Callable[[Arrival], None]) -> list[int]:
    """`send` each arrival when its time has come; return by how much (ns) each was late.

    `times` are nanoseconds from the beginning, `first` is the number of the first.
    """
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
