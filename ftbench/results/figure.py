"""The value types of what was measured: figures, the files they came from, the machines."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Any, Final

from ftbench.releases import Release
from ftbench.results.keys import Environment, Measured, MeasuredSeries, SeriesKey
from ftbench.statistics.spread import Interval


class State(StrEnum):
    """What became of a cell; the values are the words that users read."""

    MEASURED = "measured"
    SKIPPED = "skipped"
    FAILED = "failed"
    ABSENT = "not measured"


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure(MeasuredSeries):
    """One cell of one benchmark: everything that names it, and what became of it.

    `median`, `interval` and `samples` are in `unit` ("seconds", "bytes", …) and there only if
    `state` is measured.  `reason` says why a cell was skipped or how it failed; "" where nothing
    is on record.  `runs` are the runs that the figure came from: a ratio needs one in common.
    `processes` are the samples once more, by the fresh process that took them and in the order of
    measuring; () where the records do not tell them apart.  `interference` says what else ran
    while they were taken, "" if nothing did.  `effort` is what an operating system counts, the
    median over the processes of the cell: "cpu_seconds", "voluntary_switches",
    "involuntary_switches", "minor_faults" and whatever else the record of its cell has.
    `graph` is the address of the series on asv's pages, relative to the site.
    """

    environment: Environment
    release: Release
    series: SeriesKey
    unit: str
    state: State
    median: float | None = None
    interval: Interval | None = None
    samples: tuple[float, ...] = ()
    reason: str = ""
    runs: frozenset[str] = frozenset()
    processes: tuple[tuple[float, ...], ...] = ()
    interference: str = ""
    effort: Mapping[str, float] = field(default_factory=dict)
    graph: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class NoiseSeries(MeasuredSeries):
    """One series of an A/A run: the same interpreter as if it were two releases, interleaved.

    `medians` are those of fresh processes, in `unit` and in the order of measuring; `order` has a
    letter per process, which of the two it stood for: "ABBAABBA".
    """

    environment: Environment
    release: Release
    series: SeriesKey
    unit: str
    medians: tuple[float, ...]
    order: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Start:
    """The first cell of one run, whichever file it is in: when it began, and the load it met.

    `load` is the run queue's one-minute average, None where the system has none.
    """

    run: str
    at: datetime
    load: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ResultFile(Measured):
    """One result file of asv, and what its side records say of how it was measured.

    `builds` and `machines` are the provenance records met in it, in the order of the file: more
    than one build is a mixed series.  `gil` holds the states of the GIL seen around its samples.
    """

    path: Path
    environment: Environment
    release: Release
    builds: tuple[Mapping[str, Any], ...] = ()
    machines: tuple[Mapping[str, Any], ...] = ()
    gil: frozenset[bool] = frozenset()
    starts: tuple[Start, ...] = ()
    invariants: Mapping[str, str] = field(default_factory=dict)


UNKNOWN: Final = "not known"


@dataclass(frozen=True, slots=True, kw_only=True)
class Machine:
    """A machine as asv registered it; a field that nobody filled in is "not known"."""

    name: str
    os: str = UNKNOWN
    arch: str = UNKNOWN
    cpu: str = UNKNOWN
    num_cpu: str = UNKNOWN
    ram: str = UNKNOWN


@dataclass(frozen=True, slots=True, kw_only=True)
class Unreadable:
    """A file that was left out, or read in part, and why."""

    path: Path
    why: str

    def __str__(self) -> str:
        return f"{self.path}: {self.why}"


@dataclass(frozen=True, slots=True, kw_only=True)
class ResultTree:
    """Everything that a results folder holds, sorted; `warnings` names what could not be read.

    `said` is what benchmarks say of themselves, by name: "A unit of work by one worker."
    """

    figures: tuple[Figure, ...] = ()
    sources: tuple[ResultFile, ...] = ()
    machines: tuple[Machine, ...] = ()
    noise: tuple[NoiseSeries, ...] = ()
    said: Mapping[str, str] = field(default_factory=dict)
    warnings: tuple[Unreadable, ...] = ()
