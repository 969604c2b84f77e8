"""The tables: beside each figure of the article, its way here and the corrected one here.

How each column is made stands in article.toml, a line per table.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from ftbench.analysis.claims.data import (
    Article,
    FigureSpec,
    RowSpec,
    TableSpec,
)
from ftbench.analysis.claims.quantity import (
    NOT_IN_ARTICLE,
    NOT_MEASURED,
    Quantity,
    combined,
    mean,
    median,
    over,
)
from ftbench.analysis.claims.rule import UNITS
from ftbench.experiments.reproduce.record import Reproduction, StepState, Taken

_NO_SUCH: Final = "not available"
_ONE: Final = Quantity(value=1.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class TableLine:
    """One figure of one row, in three columns, all of them in the stored unit of `unit`."""

    row: RowSpec
    figure: FigureSpec
    unit: str
    article: Quantity
    way: Quantity
    corrected: Quantity


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """A figure of a table, with a line for each row that has it."""

    figure: FigureSpec
    lines: tuple[TableLine, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class FilledTable:
    """A table of the article, filled in."""

    spec: TableSpec
    blocks: tuple[Block, ...]

    def line(self, row: str, figure: str) -> TableLine | None:
        """Return the line of a row's figure, None if the table has none."""
        for block in self.blocks:
            if block.figure.name == figure:
                return next((line for line in block.lines if line.row.name == row), None)
        return None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Pair:
    """What is computed of one figure here; None stands for "not in this column"."""

    way: Quantity | None
    corrected: Quantity | None


@dataclass(frozen=True, slots=True)
class Readings:
    """What the steps measured, as quantities."""

    taken: Mapping[str, Taken]

    def samples(self, key: str, metric: str, of: Callable[[Sequence[float]], Quantity]) -> Quantity:
        """Return `of` a metric's samples."""
        step = self.taken.get(key)
        if step is None or step.measurement is None:
            return self._absent(step)
        measured = step.measurement.metrics.get(metric)
        if measured is None or not measured.samples:
            return Quantity.none(_NO_SUCH, f"{step.title}: this system does not tell {metric}.")
        return of(measured.samples)

    def note(self, key: str, *path: str) -> Quantity:
        """Return the number that a note holds, at the end of `path`."""
        step = self.taken.get(key)
        if step is None or step.measurement is None:
            return self._absent(step)
        value: Any = step.measurement.notes
        for name in path:
            value = value.get(name) if isinstance(value, Mapping) else None
        if not isinstance(value, int | float):
            return Quantity.none(_NO_SUCH, f"{step.title}: this system does not tell {path[-1]}.")
        return Quantity(value=float(value))

    @staticmethod
    def _absent(step: Taken | None) -> Quantity:
        if step is None:
            return NOT_MEASURED
        word = "failed" if step.state is StepState.FAILED else "not available"
        return Quantity.none(word, f"{step.title}: {step.reason}")


def _overhead(read: Readings, row: str) -> dict[str, _Pair]:
    def way(row: str) -> Quantity:
        return read.samples(f"lifecycle/{row}/article", "round", mean)

    def tax(row: str) -> Quantity:
        return read.samples(f"lifecycle/{row}/empty", "round", median)

    return {
        "round": _Pair(way=way(row), corrected=tax(row)),
        "relative": _Pair(
            way=over(way(row), way("threads")), corrected=_relative(tax(row), tax("threads"), row)
        ),
        "payload": _Pair(
            way=None, corrected=read.samples(f"lifecycle/{row}/article", "round", median)
        ),
    }


def _relative(quantity: Quantity, threads: Quantity, row: str) -> Quantity:
    """Return the ratio to threads; that of threads to itself has no interval."""
    return combined(lambda _: 1.0, quantity) if row == "threads" else over(quantity, threads)


def _memory(read: Readings, row: str) -> dict[str, _Pair]:
    key = f"memory/{row}"
    return {
        kind: _Pair(
            way=read.note(key, "without_helpers", kind),
            corrected=read.samples(key, kind, median),
        )
        for kind in ("rss", "uss", "pss")
    }


def _duplicates(inserts: float, attempts: float) -> float:
    return 1 - inserts / attempts if attempts else 0.0


def _boxed(read: Readings, name: str) -> dict[str, _Pair]:
    """Return what all time-boxed runs have: throughput, inserts, duplicates."""
    way, timed = f"{name}/article", f"{name}/timed"
    wall = read.note(way, "wall")
    op = read.samples(timed, "op", median)
    new = over(read.note(timed, "inserts"), read.note(timed, "operations"))
    return {
        "ops": _Pair(way=over(read.note(way, "attempts"), wall), corrected=over(_ONE, op)),
        "inserts": _Pair(
            way=over(read.note(way, "inserts"), wall),
            corrected=over(new, op),
        ),
        "duplicates": _Pair(
            way=combined(_duplicates, read.note(way, "inserts"), read.note(way, "attempts")),
            corrected=new.map(lambda share: 1 - share),
        ),
    }


def _timed(read: Readings, name: str, metric: str) -> Quantity:
    return read.samples(f"{name}/timed", metric, median)


def _lock_wait(read: Readings, name: str) -> _Pair:
    return _Pair(
        way=read.samples(f"{name}/article", "lock_wait", mean),
        corrected=_timed(read, name, "lock_wait"),
    )


def _shared_set(read: Readings, row: str) -> dict[str, _Pair]:
    name = f"shared_set/{row}"
    own, threads = _boxed(read, name), _boxed(read, "shared_set/threads")
    return {
        **own,
        "relative": _each(over, threads["ops"], own["ops"]),
        "lock_wait": _lock_wait(read, name),
        **{
            metric: _Pair(way=None, corrected=_timed(read, name, metric))
            for metric in ("lock_wait_p50", "lock_wait_p99")
        },
    }


def _each(function: Callable[[Quantity, Quantity], Quantity], above: _Pair, below: _Pair) -> _Pair:
    return _Pair(
        way=above.way and below.way and function(above.way, below.way),
        corrected=above.corrected
        and below.corrected
        and function(above.corrected, below.corrected),
    )


def _of_program(read: Readings, name: str, workers: int) -> dict[str, _Pair]:
    """Return the figures of the shared set by threads, whatever it is written in."""
    way, timed = f"{name}/article", f"{name}/timed"
    peak = read.note(way, "peak_rss")
    operation = over(read.note(way, "wall"), read.note(way, "attempts"))
    wait, op = _timed(read, name, "lock_wait"), _timed(read, name, "op")
    memory = _Pair(
        way=read.samples(way, "rss", max_of) if peak.value is None else peak,
        corrected=read.samples(timed, "pss", median),
    )
    ids = _Pair(way=read.note(way, "inserts"), corrected=read.note(timed, "inserts"))
    return {
        "ops": _boxed(read, name)["ops"],
        "lock_wait": _lock_wait(read, name),
        "memory": memory,
        "per_id": _each(over, memory, ids),
        "cpu": _Pair(
            way=over(read.samples(way, "cpu", median), operation),
            corrected=over(_timed(read, name, "cpu"), op),
        ),
        "cpu_op": _Pair(way=None, corrected=_timed(read, name, "cpu")),
        "waiting": _Pair(
            way=None,
            corrected=_waiting(over(wait, op.map(lambda seconds: seconds * workers))),
        ),
    }


def _waiting(share: Quantity) -> Quantity:
    """Return the share of the threads' time, unless it is more than there was of it."""
    if share.value is None or share.value <= 1:
        return share
    return Quantity.none(
        "not known",
        "The waits would add up to more than the threads' time: a free lock is timed in one of 64 "
        "operations, and by chance too many of these lost their core while they took it.",
    )


def max_of(samples: Sequence[float]) -> Quantity:
    """Return the largest sample."""
    return Quantity(value=max(samples))


# Python over Rust, except what is the better the larger it is.
_RATES: Final = ("ops",)
_WITHOUT_TAX: Final = ("cpu_op", "waiting")


def _rust(read: Readings, row: str, workers: int) -> dict[str, _Pair]:
    python = _of_program(read, "shared_set/threads", workers)
    rust = _of_program(read, "native", workers)
    if row != "tax":
        return python if row == "python" else rust
    return {
        name: _each(over, rust[name], python[name])
        if name in _RATES
        else _each(over, python[name], rust[name])
        for name in python
        if name not in _WITHOUT_TAX
    }


def _sharded(read: Readings, row: str) -> dict[str, _Pair]:
    name = f"sharded_writers/forkserver/{row}"
    return {
        **_boxed(read, name),
        "put": _Pair(
            way=read.note(f"{name}/article", "put_mean"), corrected=_timed(read, name, "put")
        ),
        "ack": _Pair(
            way=read.note(f"{name}/article", "ack_mean"), corrected=_timed(read, name, "ack_p50")
        ),
        **{
            metric: _Pair(way=None, corrected=_timed(read, name, metric))
            for metric in ("ack_p95", "ack_p99")
        },
    }


def _computed(table: str, row: str, read: Readings, workers: int) -> dict[str, _Pair]:
    if table == "rust":
        return _rust(read, row, workers)
    of = {
        "overhead": _overhead,
        "memory": _memory,
        "shared_set": _shared_set,
        "sharded": _sharded,
    }
    return of[table](read, row)


def tables(article: Article, done: Reproduction) -> tuple[FilledTable, ...]:
    """Return the tables of the parts that were asked for, in the article's order."""
    read = Readings({step.key: step for step in done.steps})
    return tuple(
        _table(spec, read, done.knobs.workers) for spec in article.tables if spec.part in done.parts
    )


def _table(spec: TableSpec, read: Readings, workers: int) -> FilledTable:
    computed = {row.name: _computed(spec.name, row.name, read, workers) for row in spec.rows}
    blocks = (
        Block(
            figure=figure,
            lines=tuple(
                _line(row, figure, computed[row.name][figure.name])
                for row in spec.rows
                if figure.name in computed[row.name]
            ),
        )
        for figure in spec.figures
    )
    return FilledTable(spec=spec, blocks=tuple(blocks))


def _line(row: RowSpec, figure: FigureSpec, pair: _Pair) -> TableLine:
    unit = row.unit or figure.unit
    printed = row.article.get(figure.name)
    return TableLine(
        row=row,
        figure=figure,
        unit=unit,
        article=NOT_IN_ARTICLE if printed is None else Quantity(value=printed * UNITS[unit]),
        way=NOT_IN_ARTICLE if pair.way is None else pair.way,
        corrected=NOT_IN_ARTICLE if pair.corrected is None else pair.corrected,
    )
