"""What members of pauses run: one makes garbage and has it collected, the others tick."""

from __future__ import annotations

import gc
from array import array
from time import perf_counter_ns, sleep, thread_time_ns

TYPE_CHECKING = False  # typing itself would be luggage in every spawned worker
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from typing import Any

    # Begin, end and CPU of a loop in ns; then of each tick by how much it was late, or what
    # `pauses.MakerReport` has: counts, the checksum of the heap, how long collections took.
    TickerReport = tuple[int, int, int, bytes]
    MakerReport = tuple[int, int, int, int, int, int, int, bytes]
    Record = dict[str, Any]

NANO = 1e-9
LEAD = 2_000_000  # from the opening of the gate to the first tick
SURVIVES = 10  # one in so many, for
YOUNG = 8  # so many steps of a churn

# The live heap of a maker, by its size, and what survives of its churn, by step: a module is one
# per process, and one per subinterpreter.
HELD: dict[int, list[Record]] = {}
SURVIVORS: dict[int, list[Any]] = {}


def record(number: int) -> Record:
    """Return two objects that the collector has to visit."""
    return {"number": number, "list": [number]}


def settle(live: int) -> None:
    """Have a heap of `live` records there, old enough; before the round."""
    if live not in HELD:
        HELD[live] = [record(number) for number in range(live)]
    gc.collect()


def due(times: Iterable[int]) -> Iterator[int]:
    """Yield each of `times` (from the beginning, in order) when it has come, as a clock's."""
    begin = perf_counter_ns() + LEAD
    for after in times:
        at = begin + after
        early = at - perf_counter_ns()
        if early > 0:
            sleep(early * NANO)
        yield at


def tick(period: int, ticks: int) -> TickerReport:
    """Tick every `period`; a tick that is due while its thread is held up is not lost but late."""
    late = array("q")
    cpu, begin = thread_time_ns(), perf_counter_ns()
    for at in due(range(0, period * ticks, period)):
        late.append(perf_counter_ns() - at)
    end = perf_counter_ns()
    return begin, end, thread_time_ns() - cpu, late.tobytes()


def litter(count: int) -> list[Any]:
    """Make `count` cycles; return those that survive, one in ten."""
    kept = []
    for number in range(count):
        cycle: list[Any] = []
        cycle.append(cycle)
        if number % SURVIVES == 0:
            kept.append(cycle)
    return kept


def collecting(_step: int, count: int) -> None:
    """Make `count` cycles and have them collected at once, with all that is there visited."""
    litter(count)
    gc.collect()


def churning(step: int, count: int) -> None:
    """Make `count` cycles, of which some survive for a few steps; the collector comes by itself."""
    SURVIVORS[step % YOUNG] = litter(count)


def make(
    step: Callable[[int, int], None], count: int, live: int, times: tuple[int, int, int]
) -> MakerReport:
    """Take a `step` that makes `count` cycles at each of `times`, a range."""
    took: array[int] = array("q")
    began = 0

    def hear(phase: str, _info: dict[str, int]) -> None:
        nonlocal began
        if phase == "start":
            began = perf_counter_ns()
        else:
            took.append(perf_counter_ns() - began)

    before = _stats()
    gc.callbacks.append(hear)
    steps = 0
    cpu, begin = thread_time_ns(), perf_counter_ns()
    try:
        for steps, _at in enumerate(due(range(*times)), 1):
            step(steps, count)
        end = perf_counter_ns()
        cpu = thread_time_ns() - cpu
    finally:
        gc.callbacks.remove(hear)
    collections, collected = (now - then for now, then in zip(_stats(), before, strict=True))
    checksum = sum(alive["number"] + alive["list"][0] for alive in HELD[live])
    return begin, end, cpu, steps * count, collections, collected, checksum, took.tobytes()


def _stats() -> tuple[int, int]:
    """Return how many collections there were so far, and how many objects they freed."""
    stats = gc.get_stats()
    return sum(gen["collections"] for gen in stats), sum(gen["collected"] for gen in stats)
