"""What texts claim, as data: the article's tables, CPython's changes (scaling.toml), all others."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from importlib import resources
from typing import Any, Final, Self

import msgspec

from ftbench.analysis.claims.quantity import NOT_IN_ARTICLE, Quantity
from ftbench.analysis.claims.rule import TIMES, UNITS, Relation
from ftbench.analysis.names import metric_name, param_name, value_name
from ftbench.analysis.price import GUARDED
from ftbench.errors import FtbenchError
from ftbench.facts.arms import ARMS, WITHOUT_GIL, Arm, arm_named
from ftbench.probe.scenarios.must_scale import ALONE, SHARED
from ftbench.releases import Release
from ftbench.releases.release import is_series
from ftbench.results.figure import SeriesKey

ARTICLE: Final = "article"
_SCALING: Final = "scaling"
_BEFORE: Final = "3.14"
RATE: Final = "/s"
SYSTEMS: Final = {"Linux": "Linux", "Windows": "Windows", "Darwin": "macOS"}
"""What systems that a claim may be about are called, by the name they give themselves."""
_ELSEWHERE: Final = (
    "asv's results have no Rust, and only one start method where workers already run; ftbench "
    "reproduce measures and judges this."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Series:
    """A series of one arm as a claim names it.

    `of` is the series of releases that it is of, such as 3.14, where that is not the one judged.
    """

    arm: Arm
    benchmark: str
    params: Mapping[str, str]
    of: str = ""

    @property
    def key(self) -> SeriesKey:
        return SeriesKey(benchmark=self.benchmark, params=self.params)

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read `ft lifecycle.Lifecycle.track_round mode=threads workers=8`; `@3.14` comes last.

        Raises `FtbenchError` unless one arm and one benchmark are named.
        """
        names = {arm.name for arm in ARMS}
        before, _, of = text.partition(" @")
        words = before.split()
        arms = [word for word in words if word in names]
        benchmarks = [word for word in words if "=" not in word and word not in names]
        if len(arms) != 1 or len(benchmarks) != 1:
            raise FtbenchError(f"{text!r} must name one arm and one benchmark.")
        params = dict(word.split("=", 1) for word in words if "=" in word)
        return cls(arm=arm_named(arms[0]), benchmark=benchmarks[0], params=params, of=of)

    @property
    def metric(self) -> str:
        return metric_name(self.benchmark)


def names(series: Sequence[Series]) -> tuple[str, ...]:
    """Return what tells each of several series from the others; of a single one, what it is."""
    if len(series) == 1:
        (one,) = series
        mode = [param_name("mode", one.params["mode"])] if "mode" in one.params else []
        return (f"{', '.join([*mode, one.metric])} ({one.arm.label})",)
    several = {
        what
        for what, values in (
            ("mode", {each.params.get("mode", "") for each in series}),
            ("arm", {each.arm.name for each in series}),
            ("metric", {each.benchmark for each in series}),
        )
        if len(values) > 1
    }
    shared = set.intersection(*(set(each.params.items()) for each in series))
    return tuple(_name(each, several, shared) for each in series)


def _name(series: Series, several: set[str], shared: set[tuple[str, str]]) -> str:
    mode = series.params.get("mode")
    parts = [param_name("mode", mode) if mode else "one thread"] if "mode" in several else []
    parts += [
        param_name(name, value)
        for name, value in series.params.items()
        if name != "mode" and (name, value) not in shared
    ]
    if "metric" in several:
        parts.append(series.metric)
    text = ", ".join(parts)
    if "arm" in several:
        text = f"{text} ({series.arm.label})" if text else series.arm.label
    return text or series.metric


class _Data(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A table of a TOML file."""


class FigureSpec(_Data, frozen=True, kw_only=True):
    """A kind of figure of a table, in one of the rule's `UNITS`; `series` is its benchmark."""

    name: str
    title: str
    unit: str
    series: str = ""


class RowSpec(_Data, frozen=True, kw_only=True):
    """A row of a table; `article` maps a figure's name to the number that the article prints.

    `unit`, if not None, stands in for the figures' own; `series` is the row's arm and mode.
    """

    name: str
    title: str
    article: Mapping[str, float]
    unit: str | None = None
    series: str = ""


class TableSpec(_Data, frozen=True, kw_only=True):
    """A table; `article`, `way` and `corrected` say in a line how each column is made."""

    name: str
    part: str
    title: str
    article: str
    way: str
    corrected: str
    figures: tuple[FigureSpec, ...]
    rows: tuple[RowSpec, ...]

    def at(self, row: str, figure: str) -> ArticleFigure:
        return ArticleFigure(
            table=self.name,
            row=next(each for each in self.rows if each.name == row),
            kind=next(each for each in self.figures if each.name == figure),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class ArticleFigure:
    """A figure of the article: where it stands."""

    table: str
    row: RowSpec
    kind: FigureSpec

    @property
    def name(self) -> str:
        """What names it: `overhead.fork.round`."""
        return f"{self.table}.{self.row.name}.{self.kind.name}"

    @property
    def unit(self) -> str:
        return self.row.unit or self.kind.unit

    @property
    def printed(self) -> Quantity:
        """The article's own number in the stored unit."""
        number = self.row.article.get(self.kind.name)
        return NOT_IN_ARTICLE if number is None else Quantity(value=number * UNITS[self.unit])

    @property
    def series(self) -> Series | None:
        if not self.row.series or not self.kind.series:
            return None
        return Series.parse(f"{self.row.series} {self.kind.series}")


class _Fix(_Data, frozen=True, kw_only=True):
    """A change of scaling.toml, which says what its fields are."""

    issue: int
    since: str
    quote: str
    also_in: str = ""
    patterns: tuple[str, ...] = ()
    untested: str = ""

    def claims(self) -> Iterator[Claim]:
        """Yield what each pattern has to show: that it scales, and better than in 3.14."""
        first = tuple(filter(None, (self.since, self.also_in)))
        claim = Claim(
            source=_SCALING,
            quote=self.quote,
            topic=f"gh-{self.issue}, in {' and '.join(first)}",
            untested=self.untested,
        )
        if self.untested:
            yield claim
        parallel = edges()["parallel"]["claimed"]
        claim = replace(claim, cores=2, about=tuple(f"{each}+" for each in first))
        for pattern in self.patterns:
            text = f"ft must_scale.MustScale.track_{{}}_2 mode=threads pattern={pattern}"
            threads, processes = (Series.parse(text.format(arm)) for arm in (SHARED, ALONE))
            name = value_name(pattern)
            yield replace(
                claim,
                means=f"{name}: 2 threads take at most {parallel} times as long as 2 processes",
                relation=Relation.AT_MOST,
                of=(threads, processes),
                names=("2 threads", "2 processes"),
                claimed=parallel,
            )
            if not self.also_in:
                yield replace(
                    claim,
                    means=f"{name}: 2 threads lose less, over one, than on {_BEFORE}",
                    relation=Relation.ASCENDING,
                    of=(threads, replace(threads, of=_BEFORE)),
                    names=("3.15", _BEFORE),
                )


class Article(_Data, frozen=True, kw_only=True):
    """The article: where its figures come from, and its tables."""

    title: str
    machine: str
    cores: int
    tables: tuple[TableSpec, ...]

    def figure(self, name: str) -> ArticleFigure:
        """Return the figure that `table.row.figure` names."""
        table, row, figure = name.split(".")
        return next(each for each in self.tables if each.name == table).at(row, figure)


class ClaimSource(_Data, frozen=True, kw_only=True):
    """A text that claims something; `says` is what it is, and what its figures were taken on.

    A claim of a number is about what it was `measured` on, unless it is about something else.
    """

    name: str
    short: str
    title: str
    says: str
    measured: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """A sentence of a source, and what it says of which figures.

    `topic` groups the claims of a source; `means` says the sentence in figures.  `of` are series
    of asv's results, `figures` the same in the article's tables, where the claim is shown under
    `table`; other texts have none; `names` are what they are called in the claim.  `rate` says that
    the source speaks of operations per second, where the series have seconds per operation.
    `claimed` is in `unit`, which is that of a single figure, and of a range its lower end, `to` the
    upper one; `within` is a factor.  On fewer than `cores` cores, on more than `most_cores` (0:
    any), on builds without PGO and LTO if it speaks of those that people install (`pgo`), or in a
    window of less than `seconds`, it cannot be judged.  Nor is it on systems or releases that it is
    not `about`: "macOS", "3.14" (a series), "3.15.0a7+" (since then).  `also` are other texts that
    say the same, each with its `source` and `quote`.  `untested` is why no series can decide it.

    A claim about one thread names in place of `of` a `measure` of Price and gain (`GUARDED`) on an
    `arm`.  One with a `rail`, its short name, is a line that Guard rails holds releases against.
    """

    source: str
    quote: str
    topic: str = ""
    means: str = ""
    relation: Relation | None = None
    measure: str = ""
    arm: str = WITHOUT_GIL.name
    rail: str = ""
    of: tuple[Series, ...] = ()
    table: str = ""
    figures: tuple[ArticleFigure, ...] = ()
    names: tuple[str, ...] = ()
    rate: bool = False
    claimed: float | None = None
    to: float | None = None
    within: float = 1.25
    unit: str = TIMES
    cores: int = 1
    most_cores: int = 0
    about: tuple[str, ...] = ()
    also: Sequence[Mapping[str, str]] = ()
    pgo: bool = False
    seconds: float = 0.0
    untested: str = ""

    @classmethod
    def read(cls, table: Mapping[str, Any]) -> Self:
        of = tuple(map(Series.parse, table.get("of", ())))
        named = tuple(table.get("names", ())) or (names(of) if of else ())
        return cls(**{**_judged_by(table), "of": of, "names": named})

    @classmethod
    def about_tables(cls, table: Mapping[str, Any], source: Article) -> Self:
        """Return the claim of a TOML table whose `of` are figures of the article's tables."""
        figures = tuple(map(source.figure, table["of"]))
        series = tuple(each.series for each in figures if each.series)
        tracked = len(series) == len(figures)
        fields = {
            "source": ARTICLE,
            "topic": next(each.title for each in source.tables if each.name == table["table"]),
            "of": series if tracked else (),
            "figures": figures,
            "names": _names(figures),
            "rate": all(each.unit == RATE for each in figures),
            "unit": TIMES if len(figures) > 1 else figures[0].unit,
            "untested": "" if tracked else _ELSEWHERE,
        }
        return cls(**{**_judged_by({**table, **fields}), "of": fields["of"]})

    def aside(self, release: Release) -> str:
        """Return "before" or "later" of a release that it is not about, "" of one that it is."""
        first = {each: _first(each) for each in self.about if each not in SYSTEMS.values()}
        since = [each for words, each in first.items() if words.endswith("+")]
        nearest = [each for each in since if each.series == release.series] or since
        if not first or release.series in first or (nearest and max(nearest) <= release):
            return ""
        return "before" if any(release < each for each in first.values()) else "later"

    @property
    def ends(self) -> tuple[float, ...]:
        """What is claimed in the stored unit: seconds, bytes, a ratio; both ends of a range."""
        ends = (self.claimed, self.to)
        return tuple(end * UNITS[self.unit] for end in ends if end is not None)


def _first(words: str) -> Release:
    first = words.removesuffix("+")
    return Release.parse(f"{first}.0a0" if is_series(first) else first)


def _judged_by(table: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields of a claim with those of its edge, and of its source if it is a number."""
    fields = {**table}
    edge = edges()[fields.pop("edge")] if "edge" in fields else {}
    fields |= {name: each for name, each in edge.items() if name != "words"}
    if "claimed" in edge:
        fields["claimed"] = edge["claimed"] / UNITS[fields.get("unit", TIMES)]
    if "relation" in fields:
        fields["relation"] = Relation(fields["relation"])
    if fields.get("relation") is Relation.RATIO:
        source = next(each for each in sources() if each.name == fields["source"])
        fields.setdefault("about", source.measured)
    return {**fields, "about": tuple(fields.get("about", ()))}


def _names(figures: Sequence[ArticleFigure]) -> tuple[str, ...]:
    """Return what the figures are called: by their rows, or else by their kind."""
    by_row = len({each.row.name for each in figures}) == len(figures) > 1
    return tuple(each.row.title if by_row else each.kind.title for each in figures)


@cache
def article() -> Article:
    """Return the article of article.toml."""
    data = {name: each for name, each in _read("article.toml").items() if name != "claims"}
    return msgspec.convert(data, Article)


@cache
def article_claims() -> tuple[Claim, ...]:
    """Return the article's claims about its tables."""
    source = article()
    return tuple(Claim.about_tables(each, source) for each in _read("article.toml")["claims"])


@cache
def sources() -> tuple[ClaimSource, ...]:
    """Return the sources, the article first."""
    return msgspec.convert(_read("claims.toml")["sources"], tuple[ClaimSource, ...])


@cache
def edges() -> Mapping[str, Mapping[str, Any]]:
    """Return what figures words stand for, by the name of each edge."""
    return dict(_read("claims.toml")["edges"])


@cache
def claims() -> tuple[Claim, ...]:
    """Return every claim: the article's about its tables, its others, those of the others."""
    fixes = msgspec.convert(_read("scaling.toml")["fixes"], tuple[_Fix, ...])
    return (
        *article_claims(),
        *map(Claim.read, _read("claims.toml")["claims"]),
        *(claim for fix in fixes for claim in fix.claims()),
    )


@cache
def compared_with() -> frozenset[str]:
    """Return the series of releases that claims hold the judged one against."""
    return frozenset(series.of for claim in claims() for series in claim.of if series.of)


@cache
def benchmarks() -> frozenset[str]:
    """Return the benchmarks that a claim is about."""
    named = (series.benchmark for claim in claims() for series in claim.of)
    return frozenset(
        (*named, *(GUARDED[each.measure].benchmark for each in claims() if each.measure))
    )


@cache
def _read(name: str) -> Mapping[str, Any]:
    text = (resources.files(__package__) / name).read_text(encoding="utf-8")
    return tomllib.loads(text)
