"""What was measured: figures, what names them, the files they came from, the machines."""

from __future__ import annotations

import contextlib
import gc
import pickle
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from functools import lru_cache
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple, Self

from ftbench.facts.arms import ARMS, Arm
from ftbench.facts.units import COUNTED
from ftbench.releases import Release
from ftbench.statistics import Processes, location
from ftbench.statistics.power import Floor
from ftbench.statistics.spread import ONE_PROCESS, Interval

if TYPE_CHECKING:
    from ftbench.results.duels import Duel
    from ftbench.results.known import Known


_IN_MEMORY: Final = 32  # results: as many as a machine may have, so that no page reads them again


class Health(NamedTuple):
    """How steady a run of one arm was; each of its numbers should be 1."""

    alike: list[float]  # of cells, one worker over the main thread alone
    slow: list[float]  # of processes, the measuring stick over its usual seconds


@dataclass(frozen=True, slots=True, kw_only=True)
class Environment:
    """Where and with what something is measured; releases may be compared within one."""

    machine: str
    arm: Arm
    flavour: str  # tells the builds of a release apart: "source-gcc12"
    profile: str

    @property
    def order(self) -> tuple[str, str, str, int]:
        """Its place among others: those of one build stand together, in the arms' order."""
        return self.machine, self.flavour, self.profile, ARMS.index(self.arm)


@dataclass(frozen=True, slots=True, kw_only=True)
class SeriesKey:
    """A benchmark, or the class of some, at one value of each of its parameters."""

    benchmark: str
    # In plain text, {"mode": "threads", "workers": "8"}; their order plays no part.
    params: Mapping[str, str] = field(compare=False)
    _pairs: frozenset[tuple[str, str]] = field(init=False, repr=False)

    @classmethod
    def of(cls, benchmark: str, params: Mapping[str, object]) -> Self:
        """Return the key of what has parameters of whatever types."""
        return cls(benchmark=benchmark, params={name: str(value) for name, value in params.items()})

    def __post_init__(self) -> None:
        # Kept, for a set knows its hash once it was asked, and there are thousands of figures.
        object.__setattr__(self, "_pairs", frozenset(self.params.items()))

    @property
    def name(self) -> str:
        """What the series is called: "lifecycle.Lifecycle.track_round(mode=threads)"."""
        params = ", ".join(f"{name}={value}" for name, value in self.params.items())
        return f"{self.benchmark}({params})" if params else self.benchmark


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """Something of one release in one environment, whose parts can be asked of it directly."""

    environment: Environment
    release: Release

    @property
    def key(self) -> tuple[Environment, Release]:
        """What tells asv's result files apart."""
        return self.environment, self.release

    @property
    def machine(self) -> str:
        return self.environment.machine

    @property
    def arm(self) -> Arm:
        """The build's threading, and the state of its GIL."""
        return self.environment.arm

    @property
    def flavour(self) -> str:
        """What tells the build from others of its release."""
        return self.environment.flavour

    @property
    def profile(self) -> str:
        """How thoroughly it was measured."""
        return self.environment.profile


@dataclass(frozen=True, slots=True, kw_only=True)
class MeasuredSeries(Measured):
    """Something of one series."""

    series: SeriesKey
    unit: str  # of all its numbers: "seconds", "bytes", …

    @property
    def benchmark(self) -> str:
        return self.series.benchmark

    @property
    def group(self) -> str:
        """The class of benchmarks that it is of, which one cell measures."""
        return self.benchmark.rpartition(".")[0]

    @property
    def scenario(self) -> str:
        return self.series.benchmark.partition(".")[0]

    @property
    def params(self) -> Mapping[str, str]:
        """Its parameters in plain text, by name."""
        return self.series.params


# What must be alike on one machine before a difference is one of CPython, where both sides say it.
# Not the kernel: that would end a machine's history with each of its updates.
CONDITIONS: Final = (
    *("cpu", "usable_cores", "affinity", "pinned", "smt", "governor", "turbo"),
    *("huge_pages", "scheduling", "cgroup", "limits", "process", "libraries"),
)


class State(StrEnum):
    """What became of a cell; the values are the words that users read."""

    MEASURED = "measured"
    SKIPPED = "skipped"
    FAILED = "failed"
    ABSENT = "not measured"


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure(MeasuredSeries):
    """One cell of one benchmark, and what became of it."""

    state: State
    # Where it lies: the median, of several processes the geometric mean of their medians, whose
    # ratio every effect is.  There only if it is measured, as are the samples.
    median: float | None = None
    # Where another run's cost may lie, by how far processes are apart; None of one process without
    # a floor, which is what the machine's A/A runs say of the series.
    interval: Interval | None = None
    floor: Floor | None = None
    # Those of the machine that forbid the floor which is on record.
    other_conditions: tuple[str, ...] = ()
    samples: tuple[float, ...] = ()
    # Why it was skipped or how it failed, "" where nothing is on record.
    reason: str = ""
    # Those that the figure came from: a ratio needs one in common.
    runs: frozenset[str] = frozenset()
    # The samples by the fresh process that took them; () where the records do not say it.
    processes: tuple[tuple[float, ...], ...] = ()
    # What else ran beside it, or how far the machine was from its usual speed; "" if neither.
    interference: str = ""
    doubt: str = ""  # what is in it that is no part of it, as its processes say
    # Of each process its run, the measuring stick beside it and the seconds of a slice; and how
    # many times the stick's usual seconds in that run those are.
    speeds: tuple[tuple[str, str, float], ...] = ()
    slow: tuple[float, ...] = ()
    # Whether its seconds follow the stick; the stick at whose usual speed they are given here, ""
    # of none, and what those that were measured were multiplied by, process by process.
    computes: bool = False
    stick: str = ""
    factors: tuple[float, ...] = ()
    # What an operating system counts ("cpu_seconds"), the median over the processes.
    effort: Mapping[str, float] = field(default_factory=dict)
    # The machine as its processes met it, each record once.
    machines: tuple[Mapping[str, Any], ...] = ()
    # Its address on asv's pages, relative to the site.
    graph: str = ""

    @property
    def by_process(self) -> Processes:
        """Its samples by process: of one, where nobody can tell whose they are."""
        if self.processes:
            return self.processes
        if self.samples:
            return (self.samples,)
        return () if self.median is None else ((self.median,),)

    @property
    def no_interval(self) -> str:
        """Why it has no interval, "" if it has one."""
        if self.interval is not None or self.median is None:
            return ""
        return ONE_PROCESS if len(self.by_process) == 1 else "no interval: not above zero"

    @property
    def measured(self) -> float | None:
        """What `median` is, as it was measured, at whatever speed."""
        pairs = zip(self.by_process, self.factors, strict=bool(self.factors))
        raw = tuple(tuple(sample / factor for sample in own) for own, factor in pairs)
        return location(raw) if raw else self.median

    def shares_run(self, other: Figure) -> bool:
        """Tell whether one run measured both: no machine is the same in two; counts are."""
        return self.unit == COUNTED or not self.runs.isdisjoint(other.runs)

    def has_ratio(self, other: Figure) -> bool:
        """Tell whether one run measured both, and both are given at the usual speed or neither."""
        return self.shares_run(other) and self.stick == other.stick

    def comparable(self, other: Figure) -> bool:
        """Tell whether one run measured both, or both are at the usual speed of one stick."""
        at_usual_speed = self.stick != "" and self.machine == other.machine
        return self.stick == other.stick and (at_usual_speed or self.shares_run(other))


@dataclass(frozen=True, slots=True, kw_only=True)
class NoiseSeries(MeasuredSeries):
    """One series of a sitting: the same interpreter as if it were two releases, interleaved."""

    medians: tuple[float, ...]  # of fresh processes, in the order of measuring
    order: str  # which of the two each process stood for: "ABBAABBA"
    version: str = "1"  # of the measured work
    against: str = ""  # which second build of the same source B was
    machines: tuple[Mapping[str, Any], ...] = ()  # as in `Figure`

    def of(self, letter: str) -> tuple[float, ...]:
        """Return the medians of the processes that stood for a letter."""
        pairs = zip(self.medians, self.order, strict=True)
        return tuple(median for median, mine in pairs if mine == letter)


@dataclass(frozen=True, slots=True, kw_only=True)
class Start:
    """The first cell of one run, whichever file it is in."""

    run: str
    at: datetime
    load: float | None  # the run queue's one-minute average, where the system has one


@dataclass(frozen=True, slots=True, kw_only=True)
class ResultFile(Measured):
    """One result file of asv, and what its side records say of how it was measured."""

    path: Path
    # In the order of the file; more than one build is a mixed series.
    builds: tuple[Mapping[str, Any], ...] = ()
    machines: tuple[Mapping[str, Any], ...] = ()
    gil: frozenset[bool] = frozenset()  # its states, seen around the samples
    jit: frozenset[bool] = frozenset()  # likewise, of a build that has one
    starts: tuple[Start, ...] = ()
    invariants: Mapping[str, str] = field(default_factory=dict)
    health: Mapping[str, Health] = field(default_factory=dict)  # of the arm, by run
    scenarios: Mapping[str, int] = field(default_factory=dict)  # how many were measured of each
    unlisted: tuple[Figure, ...] = ()  # left out: of cells that no list of benchmarks has any more


UNKNOWN: Final = "not known"


@dataclass(frozen=True, slots=True, kw_only=True)
class Machine:
    """A machine as it is on record; a field that nobody filled in is "not known".

    By its identity alone a machine knows itself; records from before it have none.
    """

    name: str
    os: str = UNKNOWN
    arch: str = UNKNOWN
    cpu: str = UNKNOWN
    num_cpu: str = UNKNOWN
    ram: str = UNKNOWN
    identity: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Unreadable:
    """A file that was left out, or read in part, and why."""

    path: Path
    why: str

    @classmethod
    def of(cls, path: Path, error: object) -> Self:
        """Return what an error says of a file."""
        return cls(path=path, why=one_line(error))

    def __str__(self) -> str:
        return f"{one_line(self.path)}: {self.why}"


_Part = Sequence[Figure] | bytes | Path


@dataclass(frozen=True, slots=True, eq=False)
class Figures(Sequence[Figure]):
    """The figures of each result, of which a pickle, or its file, is read when they are asked for.

    To find those of a few results no others are read, and no more than `_IN_MEMORY` are kept.
    """

    parts: Mapping[tuple[Environment, Release], _Part]

    def of(self, takes: Callable[[Measured], bool]) -> Figures:
        """Return those of the results that `takes` takes."""
        return Figures(
            {
                (environment, release): part
                for (environment, release), part in self.parts.items()
                if takes(Measured(environment=environment, release=release))
            }
        )

    def __iter__(self) -> Iterator[Figure]:
        return chain.from_iterable(map(_read, self.parts.values()))

    def __len__(self) -> int:
        return sum(len(_read(part)) for part in self.parts.values())

    def __getitem__(self, place: Any) -> Any:
        return tuple(self)[place]

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Sequence) and tuple(self) == tuple(other)

    def __hash__(self) -> int:
        return hash(tuple(self))

    def __reduce__(self) -> tuple[type[Self], tuple[object, ...]]:
        """Have each result's figures pickled apart."""
        kept = (
            part if isinstance(part, bytes | Path) else pickle.dumps(part)
            for part in self.parts.values()
        )
        return type(self), (dict(zip(self.parts, kept, strict=True)),)


def _read(part: _Part) -> Sequence[Figure]:
    return _unpickled(part) if isinstance(part, bytes | Path) else part


@lru_cache(maxsize=_IN_MEMORY)
def _unpickled(part: bytes | Path) -> Sequence[Figure]:
    with uncollected():
        data = part if isinstance(part, bytes) else part.read_bytes()
        found: Sequence[Figure] = pickle.loads(data)  # noqa: S301 - written by us
        return found


@contextlib.contextmanager
def uncollected() -> Iterator[None]:
    """Keep the garbage collector from going through what grows all the time, and is no garbage."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


@dataclass(frozen=True, slots=True, kw_only=True)
class ResultTree:
    """Everything that a results folder holds, sorted; `warnings` names what could not be read."""

    figures: Sequence[Figure] = ()
    sources: tuple[ResultFile, ...] = ()
    machines: tuple[Machine, ...] = ()
    noise: tuple[NoiseSeries, ...] = ()
    duels: tuple[Duel, ...] = ()
    known: tuple[Known, ...] = ()
    descriptions: Mapping[str, str] = field(default_factory=dict)  # of benchmarks, by name
    warnings: tuple[Unreadable, ...] = ()

    def machine(self, name: str) -> Machine | None:
        return next((each for each in self.machines if each.name == name), None)


def one_line(error: object) -> str:
    """Return a message on one line, in what UTF-8 has: files' names may be of any bytes."""
    return " ".join(str(error).encode(errors="backslashreplace").decode().split())
