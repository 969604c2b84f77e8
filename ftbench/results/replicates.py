"""What the records of one cell, one per fresh process, say of its samples."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import islice
from statistics import median
from typing import Any, Final, Self

from ftbench.results.records import Record

_METRIC: Final = "track_"


@dataclass(frozen=True, slots=True, kw_only=True)
class Replicates:
    """The processes that measured one cell, in the order in which they did.

    `counts` has a mapping per process, metric → how many of asv's pooled samples are its own.
    `effort` is the median over the processes that counted it; `interference` says what else ran,
    "" if nothing is on record.
    """

    runs: frozenset[str] = frozenset()
    counts: tuple[Mapping[str, Any], ...] = ()
    interference: str = ""
    effort: Mapping[str, float] = field(default_factory=dict)

    @classmethod
    def of(cls, records: Sequence[Record]) -> Self:
        """Return what the cell's records say; a field that is not there says nothing."""
        return cls(
            runs=_shared(frozenset(map(run_of, records))),
            counts=tuple(_mapping(record.get("samples")) for record in records),
            interference=_interference(records),
            effort=_effort(records),
        )

    def split(self, method: str, samples: Sequence[float]) -> tuple[tuple[float, ...], ...]:
        """Return the pooled samples of a `track_` method by process.

        () where the counts on record are not those of the samples: then nobody knows whose they
        are.  A process that has none of them, since its run failed, is left out.
        """
        metric = method.removeprefix(_METRIC)
        counts = [count for each in self.counts if (count := each.get(metric, 0))]
        if not all(type(count) is int and count > 0 for count in counts):
            return ()
        if sum(counts) != len(samples):
            return ()
        if len(counts) == 1:
            return (tuple(samples),)
        pooled = iter(samples)
        return tuple(tuple(islice(pooled, count)) for count in counts)


@lru_cache(maxsize=1024)
def _shared(runs: frozenset[str]) -> frozenset[str]:
    """Return one and the same set for the same runs: thousands of cells have it."""
    return runs


def run_of(record: Record) -> str:
    """Return the name of the run that a record is of, "" where it has none."""
    return str(record.get("run") or "")


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _interference(records: Sequence[Record]) -> str:
    """Return why processes were marked: how many of them, and the reason of the worst."""
    seen = [_mapping(record.get("interference")) for record in records]
    marked = sorted((each for each in seen if each.get("marked")), key=_taken)
    if not marked:
        return ""
    why = str(marked[-1].get("why") or "it is not said what")
    if len(records) == 1:
        return why
    return f"{len(marked)} of {len(records)} processes, at worst: {why}"


def _taken(interference: Mapping[str, Any]) -> float:
    """Return how many cores others took, 0.0 where it is not said."""
    shares = dict(_numbers(interference))
    return shares.get("foreign", 0.0) + shares.get("steal", 0.0)


def _effort(records: Sequence[Record]) -> Mapping[str, float]:
    counted: dict[str, list[float]] = {}
    for record in records:
        for name, value in _numbers(_mapping(record.get("effort"))):
            counted.setdefault(name, []).append(value)
    return {name: float(median(values)) for name, values in counted.items()}


def _numbers(effort: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, float]]:
    """Yield what is counted; what is counted within something else is named `outer.inner`."""
    for name, value in effort.items():
        if isinstance(value, dict):
            yield from _numbers(value, f"{prefix}{name}.")
        elif type(value) in {int, float} and math.isfinite(value):
            yield f"{prefix}{name}", value
