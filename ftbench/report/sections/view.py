"""What a section of Choose is made of: value types, no figures yet."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from ftbench.analysis.comparison import Metric
from ftbench.analysis.grid import Ladder


@dataclass(frozen=True, slots=True, kw_only=True)
class Beside:
    """A metric that stands beside another in its table, under a heading of its own.

    In a grid, `values` are the values of the ladder that have it, () for all; `lacks` says why
    the others have not.  A `share` is shown without a unit.
    """

    metric: Metric
    heading: str
    values: tuple[str, ...] = ()
    lacks: str = ""
    share: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """One picture and its table: a metric in every mode on every arm.

    What is `folded` is shown when the reader asks for it.
    """

    metric: Metric
    beside: Beside | None = None
    folded: bool = False

    @property
    def benchmarks(self) -> frozenset[str]:
        """The benchmarks that its picture needs."""
        return frozenset({self.metric.benchmark})


@dataclass(frozen=True, slots=True, kw_only=True)
class Rungs:
    """A ladder in words: what to call a value, all of them (`every`), and the baseline (`base`).

    A value without a name is its own, with spaces.  `rivals` are ways to the same end, of which
    one is the cheapest.  `groups`, heading → values, stand where other grids have the modes: for
    ladders that are measured in one mode only.
    """

    ladder: Ladder
    every: str
    base: str = ""
    names: Mapping[str, str] = field(default_factory=dict)
    rivals: bool = True
    groups: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def name(self, value: str) -> str:
        """Return what to call one value."""
        return self.names.get(value, value.replace("_", " "))

    def naming(self, values: tuple[str, ...]) -> str:
        """Return what to call `values`."""
        return self.every if values == self.ladder.values else ", ".join(map(self.name, values))


@dataclass(frozen=True, slots=True, kw_only=True)
class Crossing:
    """From which value of the ladder on a metric stays at or below `limit`."""

    heading: str
    metric: Metric
    limit: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Crossings:
    """A table of them; `sizes`, value of the ladder → seconds, say what lies between two."""

    every: tuple[Crossing, ...]
    sizes: Mapping[str, float]
    key: str


@dataclass(frozen=True, slots=True, kw_only=True)
class GridView:
    """One picture and its table: a metric along a ladder, in every mode on every arm.

    `reading` says how to read its figures where that is not plain.  A second table has what stands
    beside it, and `key` says how to read that.  `control` is what the same costs at best: a figure
    above it is marked.  What is `folded` is shown when the reader asks for it.
    """

    metric: Metric
    rungs: Rungs
    reading: str = ""
    beside: tuple[Beside, ...] = ()
    key: str = ""
    control: Metric | None = None
    crossings: Crossings | None = None
    folded: bool = False

    @property
    def benchmarks(self) -> frozenset[str]:
        """The benchmarks that its picture needs."""
        ladder = self.rungs.ladder
        return frozenset(ladder.at(self.metric, value).benchmark for value in ladder.values)


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """One scenario: its question, its views (the headline first), and how far they carry.

    `terms` are the words that a reader of its figures needs, each with what it means.  What is
    `mapped` has a map of the winners before its views.
    """

    name: str
    title: str
    question: str
    shows: str
    hides: str
    views: tuple[View | GridView, ...]
    terms: tuple[tuple[str, str], ...] = ()
    mapped: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """Sections that belong together, in the order in which they are read."""

    title: str
    sections: tuple[Section, ...]
