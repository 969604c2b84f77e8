"""What a section of Choose is made of: value types, no figures yet."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Final

from ftbench.analysis.comparison import Metric
from ftbench.analysis.grid import Ladder
from ftbench.analysis.names import metric_name, value_name, with_units
from ftbench.probe.scenarios.crossover import PAYLOADS, SIZES
from ftbench.probe.scenarios.scaling import of_cpu


@dataclass(frozen=True, slots=True, kw_only=True)
class Beside:
    """A metric under a heading of its own in another's table."""

    metric: Metric
    heading: str
    values: tuple[str, ...] = ()  # of a grid's ladder, those that have it, () for all
    lacks: str = ""  # why the others have not
    share: bool = False  # shown without a unit
    # Ratios of CPU time and of time, whose own ratio stands after it: how long it had a CPU.
    on_cpu: tuple[Metric, ...] = ()


class BenchmarkClass:
    """A class of `benchmarks/` ("io.Io") at some of its parameters, and what it tracks."""

    def __init__(self, name: str, **params: str) -> None:
        self._name, self._params = name, params

    def at(self, **params: str) -> BenchmarkClass:
        return BenchmarkClass(self._name, **{**self._params, **params})

    def metric(self, name: str, title: str = "") -> Metric:
        """Return what `track_<name>` returns; without a title it has its scenario's words."""
        benchmark = f"{self._name}.track_{name}"
        title = title or metric_name(benchmark)
        return Metric(benchmark=benchmark, title=title, params=self._params)

    def memory(self, title: str) -> Metric:
        """Return the PSS, or the RSS where no PSS was measured; `title` has {} for which it is."""
        rss = self.metric("rss", title.format("RSS"))
        return replace(self.metric("pss", title.format("PSS")), instead=rss)

    def beside(self, **headings: str) -> tuple[Beside, ...]:
        return tuple(
            Beside(metric=self.metric(name, heading), heading=heading)
            for name, heading in headings.items()
        )

    def ratios(self, **headings: str) -> tuple[Beside, ...]:
        """Return ratios of `scaling` to stand beside another, each with its share on a CPU."""
        return tuple(
            replace(each, on_cpu=(self.metric(of_cpu(time), ""), self.metric(time, "")))
            for name, each in zip(headings, self.beside(**headings), strict=True)
            for time in [name.replace("_cpu", "")]
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """A picture and a table of a metric in every mode on every arm; `folded`: shown on request."""

    metric: Metric
    beside: Beside | None = None
    folded: bool = False

    @property
    def benchmarks(self) -> frozenset[str]:
        return frozenset({self.metric.benchmark})


@dataclass(frozen=True, slots=True, kw_only=True)
class Rungs:
    """A ladder in words: what to call a value, all of them (`every`), and the baseline (`base`)."""

    ladder: Ladder
    every: str = ""  # without, "every" and the ladder's parameter
    base: str = ""
    names: Mapping[str, str] = field(default_factory=dict)
    rivals: bool = False  # the values are ways to the same end
    # Heading → values, where other grids have the modes: of a ladder measured in one mode only.
    groups: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def name(self, value: str) -> str:
        return self.names.get(value) or value_name(value)

    def naming(self, values: tuple[str, ...]) -> str:
        if values == self.ladder.values:
            return self.every or f"every {self.ladder.param}"
        return ", ".join(map(self.name, values))


@dataclass(frozen=True, slots=True, kw_only=True)
class Crossing:
    """From which value of the ladder on a metric stays below `limit`; idle shares as time/work."""

    heading: str
    metric: Metric
    limit: float
    idle: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Crossings:
    """A table of them; `sizes`, value of the ladder → seconds, say what lies between two."""

    every: tuple[Crossing, ...]
    sizes: Mapping[str, float]
    key: str


@dataclass(frozen=True, slots=True, kw_only=True)
class GridView:
    """A picture and tables of a metric along a ladder, in every mode on every arm."""

    metric: Metric
    rungs: Rungs
    reading: str = ""  # how to read its figures, where that is not plain
    beside: tuple[Beside, ...] = ()
    key: str = ""  # how to read those beside it
    control: Metric | None = None  # what the same costs at best: figures above it are marked
    crossings: Crossings | None = None
    folded: bool = False

    @property
    def benchmarks(self) -> frozenset[str]:
        ladder = self.rungs.ladder
        return frozenset(ladder.at(self.metric, value).benchmark for value in ladder.values)


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """A scenario's question, views (the headline first), how far they carry, words explained."""

    name: str
    title: str
    question: str
    shows: str
    hides: str
    views: tuple[View | GridView, ...]
    terms: tuple[tuple[str, str], ...] = ()
    mapped: bool = False  # a map of the winners comes before its views


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """Sections that belong together, in the order in which they are read."""

    title: str
    sections: tuple[Section, ...]


_SPACE: Final = "\N{NO-BREAK SPACE}"


def numbers(ladder: Ladder, noun: str, *, rivals: bool = False) -> Rungs:
    """Return a ladder of numbers in words; `noun`, in the singular, is what they count."""
    nouns = {value: noun if value == "1" else f"{noun}s" for value in ladder.values}
    base = {"": "", "1": f"one {noun}"}.get(ladder.base, f"{ladder.base} {noun}s")
    return Rungs(
        ladder=ladder,
        every=f"any number of {noun}s",
        base=base,
        names={value: f"{value}{_SPACE}{counted}" for value, counted in nouns.items()},
        rivals=rivals,
    )


TASK_SIZE_NAMES: Final = {size.name: with_units(size.name) for size in SIZES}
PAYLOAD_NAMES: Final = {payload.name: with_units(payload.name) for payload in PAYLOADS}
