"""The figures of the article's tables: its way here, and the corrected one.

How each column is made stands in article.toml, a line per table.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from ftbench.analysis.claims.data import article
from ftbench.analysis.claims.quantity import (
    NOT_IN_ARTICLE,
    NOT_MEASURED,
    Quantity,
    mean,
    median,
    over,
)
from ftbench.experiments.reproduce.record import Reproduction, StepState, Taken
from ftbench.probe.run.document import Measurement
from ftbench.statistics.ratio import intervals
from ftbench.statistics.spread import Interval

_ONE: Final = Quantity(value=1.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Computed:
    """A figure in both columns, in its stored unit."""

    way: Quantity = NOT_IN_ARTICLE
    corrected: Quantity = NOT_IN_ARTICLE

    def over(self, below: Computed) -> Computed:
        return Computed(
            way=over(self.way, below.way), corrected=over(self.corrected, below.corrected)
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Readings:
    """What the steps measured, as quantities."""

    taken: Mapping[str, Taken]
    workers: int

    def samples(self, key: str, metric: str, of: Callable[[Sequence[float]], Quantity]) -> Quantity:
        def quantity(measurement: Measurement) -> Quantity | None:
            measured = measurement.metrics.get(metric)
            return of(measured.samples) if measured and measured.samples else None

        return self._read(key, metric, quantity)

    def note(self, key: str, *path: str) -> Quantity:
        def quantity(measurement: Measurement) -> Quantity | None:
            value: Any = measurement.notes
            for name in path:
                value = value.get(name) if isinstance(value, Mapping) else None
            return Quantity(value=float(value)) if isinstance(value, int | float) else None

        return self._read(key, path[-1], quantity)

    def _read(
        self, key: str, name: str, quantity: Callable[[Measurement], Quantity | None]
    ) -> Quantity:
        step = self.taken.get(key)
        if step is None:
            return NOT_MEASURED
        if step.measurement is None:
            return Quantity(word=step.state.value, reason=f"{step.title}: {step.reason}")
        return quantity(step.measurement) or Quantity(
            word="not available", reason=f"{step.title}: this system does not report {name}."
        )


def figures(done: Reproduction) -> Mapping[str, Computed]:
    """Return the figures of the parts that were asked for, by name: `overhead.fork.round`."""
    # As many as there are: what the record says of their number may be anything.
    numbers = sorted({step.process for step in done.steps}) or [0]
    passes = [_of_process(done, number) for number in numbers]
    return {
        name: Computed(
            way=_together([each[name].way for each in passes], mean),
            corrected=_together([each[name].corrected for each in passes], median),
        )
        for name in passes[0]
    }


def _together(found: Sequence[Quantity], of: Callable[[Sequence[float]], Quantity]) -> Quantity:
    """Return what processes found: a mean, or a median with its interval over processes."""
    known = [each for each in found if each.value is not None]
    # One that failed is no reason to show nothing of the others.
    missing = [
        each
        for each in found
        if each.value is None and not (known and each.word == StepState.FAILED)
    ]
    values = [each.value for each in known if each.value is not None]
    # To itself a figure is 1, without an interval.
    if missing or len(known) == 1 or (set(values) == {1.0} and not known[0].processes):
        return (missing or known)[0]
    if of is mean:
        return mean(values)
    processes = tuple(own for each in known for own in each.processes or ((each.value or 0.0,),))
    whole = median([sample for own in processes for sample in own])
    (spread,) = intervals([processes], [None])
    if spread and whole.value is not None:
        # The median of all samples need not lie where those of processes do.
        low, high = min(spread.low, whole.value), max(spread.high, whole.value)
        spread = Interval(low=low, high=high)
    return replace(whole, processes=processes, spread=spread)


def _of_process(done: Reproduction, number: int) -> Mapping[str, Computed]:
    taken = {step.key: step for step in done.steps if step.process == number}
    read = Readings(taken=taken, workers=done.knobs.workers)
    return {
        f"{table.name}.{row.name}.{name}": computed
        for table in article().tables
        if table.part in done.parts
        for row in table.rows
        for name, computed in _TABLES[table.name](read, row.name).items()
    }


def _overhead(read: Readings, row: str) -> dict[str, Computed]:
    def round_by(row: str) -> Computed:
        return Computed(
            way=read.samples(f"lifecycle/{row}/article", "round", mean),
            corrected=read.samples(f"lifecycle/{row}/empty", "round", median),
        )

    own = round_by(row)
    return {
        "round": own,
        "relative": own.over(own if row == "threads" else round_by("threads")),
        "payload": Computed(corrected=read.samples(f"lifecycle/{row}/article", "round", median)),
    }


def _memory(read: Readings, row: str) -> dict[str, Computed]:
    key = f"memory/{row}"
    return {
        kind: Computed(
            way=read.note(key, "without_helpers", kind),
            corrected=read.samples(key, kind, median),
        )
        for kind in ("rss", "uss", "pss")
    }


def _boxed(read: Readings, name: str) -> dict[str, Computed]:
    way, timed = f"{name}/article", f"{name}/timed"
    wall, attempts, inserts = (read.note(way, each) for each in ("wall", "attempts", "inserts"))
    op = read.samples(timed, "op", median)
    new = over(read.note(timed, "inserts"), read.note(timed, "operations"))
    return {
        "ops": Computed(way=over(attempts, wall), corrected=over(_ONE, op)),
        "inserts": Computed(way=over(inserts, wall), corrected=over(new, op)),
        "duplicates": Computed(
            way=over(inserts, attempts).map(lambda share: 1 - share),
            corrected=new.map(lambda share: 1 - share),
        ),
    }


def _timed(read: Readings, name: str, *metrics: str) -> dict[str, Computed]:
    return {
        metric: Computed(corrected=read.samples(f"{name}/timed", metric, median))
        for metric in metrics
    }


def _lock_wait(read: Readings, name: str) -> Computed:
    return Computed(
        way=read.samples(f"{name}/article", "lock_wait", mean),
        corrected=read.samples(f"{name}/timed", "lock_wait", median),
    )


def _shared_set(read: Readings, row: str) -> dict[str, Computed]:
    name = f"shared_set/{row}"
    own, threads = _boxed(read, name), _boxed(read, "shared_set/threads")
    return {
        **own,
        "relative": threads["ops"].over(own["ops"]),
        "lock_wait": _lock_wait(read, name),
        **_timed(read, name, "lock_wait_p50", "lock_wait_p99"),
    }


def _sharded(read: Readings, row: str) -> dict[str, Computed]:
    name = f"sharded_writers/forkserver/{row}"
    means = {
        figure: Computed(
            way=read.note(f"{name}/article", f"{figure}_mean"),
            corrected=read.samples(f"{name}/timed", metric, median),
        )
        for figure, metric in (("put", "put"), ("ack", "ack_p50"))
    }
    return {**_boxed(read, name), **means, **_timed(read, name, "ack_p95", "ack_p99")}


def _of_program(read: Readings, name: str) -> dict[str, Computed]:
    way, timed = f"{name}/article", f"{name}/timed"
    peak = read.note(way, "peak_rss")
    operation = over(read.note(way, "wall"), read.note(way, "attempts"))
    op, cpu, lock_wait = (
        read.samples(timed, metric, median) for metric in ("op", "cpu", "lock_wait")
    )
    memory = Computed(
        way=read.samples(way, "rss", lambda seen: Quantity(value=max(seen)))
        if peak.value is None
        else peak,
        corrected=read.samples(timed, "pss", median),
    )
    ids = Computed(way=read.note(way, "inserts"), corrected=read.note(timed, "inserts"))
    waiting = over(lock_wait, op.map(lambda seconds: seconds * read.workers))
    return {
        "ops": _boxed(read, name)["ops"],
        "lock_wait": _lock_wait(read, name),
        "memory": memory,
        "per_id": memory.over(ids),
        "cpu": Computed(
            way=over(read.samples(way, "cpu", median), operation), corrected=over(cpu, op)
        ),
        "cpu_op": Computed(corrected=cpu),
        "waiting": Computed(corrected=_TOO_LONG if (waiting.value or 0) > 1 else waiting),
    }


_TOO_LONG: Final = Quantity(
    word="not known",
    reason="The waits would add up to more than the threads' time: a free lock is timed in one of "
    "64 operations, and by chance too many of these lost their core while they took it.",
)


# Python over Rust, except what is the better the larger it is.
_RATES: Final = ("ops",)
_WITHOUT_TAX: Final = ("cpu_op", "waiting")


def _rust(read: Readings, row: str) -> dict[str, Computed]:
    python, rust = _of_program(read, "shared_set/threads"), _of_program(read, "native")
    if row != "tax":
        return python if row == "python" else rust
    return {
        name: rust[name].over(python[name]) if name in _RATES else python[name].over(rust[name])
        for name in python
        if name not in _WITHOUT_TAX
    }


_TABLES: Final = {
    "overhead": _overhead,
    "memory": _memory,
    "shared_set": _shared_set,
    "sharded": _sharded,
    "rust": _rust,
}
