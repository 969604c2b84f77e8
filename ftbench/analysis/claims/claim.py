"""The sources and their claims, read from claims.toml, and the article's from its own data."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any, Final, Self

from ftbench.analysis.claims import article as source_article
from ftbench.analysis.claims.article import FigureSpec, RowSpec, TableSpec
from ftbench.analysis.claims.rule import TIMES, UNITS, Relation
from ftbench.analysis.claims.series import Series, names

ARTICLE: Final = "article"
_RATES: Final = "/s"
_ELSEWHERE: Final = (
    "Results of asv hold no Rust; ftbench reproduce --only rust measures it, and judges this."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """A text that claims something; `about` is what its figures were taken on."""

    name: str
    short: str
    title: str
    about: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """A sentence of a source, and what it says of which series.

    `topic` groups the claims of a source; `means` says the sentence in figures; `names` are what
    the series are called in it.  `rate` says that the source speaks of operations per second,
    where the series have seconds per operation.
    `claimed` is in `unit`, which is that of a single figure; `within` is a factor.  On fewer than
    `cores` cores, on more than `most_cores` (0: any), on another `system` than the one named, or
    on a release of another series than `release`, it cannot be judged.  `untested` is why no
    series can decide it; such a claim has no relation.
    """

    source: str
    quote: str
    topic: str = ""
    means: str = ""
    relation: Relation | None = None
    of: tuple[Series, ...] = ()
    names: tuple[str, ...] = ()
    rate: bool = False
    claimed: float | None = None
    within: float = 1.25
    unit: str = TIMES
    cores: int = 1
    most_cores: int = 0
    system: str = ""
    release: str = ""
    untested: str = ""

    @classmethod
    def read(cls, table: Mapping[str, Any]) -> Self:
        """Return the claim of the TOML table `table`."""
        fields = dict(table)
        if "relation" in fields:
            fields["relation"] = Relation(fields["relation"])
            fields["of"] = tuple(map(Series.parse, fields["of"]))
            fields["names"] = tuple(fields.get("names", ())) or names(fields["of"])
        return cls(**fields)

    @property
    def edge(self) -> float | None:
        """`claimed` in the stored unit: seconds, bytes, a ratio."""
        return None if self.claimed is None else self.claimed * UNITS[self.unit]


@cache
def sources() -> tuple[Source, ...]:
    """Return the sources, the article first."""
    return tuple(Source(**each) for each in _read("claims.toml")["sources"])


@cache
def claims() -> tuple[Claim, ...]:
    """Return every claim: the article's about its tables, its others, those of the others."""
    return (*_of_article(), *map(Claim.read, _read("claims.toml")["claims"]))


@cache
def benchmarks() -> frozenset[str]:
    """Return the benchmarks that a claim is about."""
    return frozenset(series.benchmark for claim in claims() for series in claim.of)


def series_of(table: str, row: str, figure: str) -> Series | None:
    """Return the series of a figure of the article's tables, None if asv's results have none."""
    places = _read("article_series.toml").get(table, {})
    who, what = places.get("rows", {}).get(row), places.get("figures", {}).get(figure)
    return None if who is None or what is None else Series.parse(f"{who} {what}")


@cache
def _read(name: str) -> Mapping[str, Any]:
    text = (resources.files(__package__) / name).read_text(encoding="utf-8")
    return tomllib.loads(text)


def _of_article() -> Iterator[Claim]:
    article = source_article.article()
    tables = {table.name: table for table in article.tables}
    for claim in article.claims:
        places = [_Place.find(name, tables) for name in claim.of]
        found = [series_of(place.table, place.row.name, place.figure.name) for place in places]
        told = [each for each in found if each is not None]
        whole = len(told) == len(found)
        yield Claim(
            source=ARTICLE,
            topic=tables[claim.table].title,
            quote=claim.quote,
            means=claim.means,
            relation=claim.relation if whole else None,
            of=tuple(told) if whole else (),
            names=_names(places) if whole else (),
            rate=all(place.figure.unit == _RATES for place in places),
            claimed=claim.claimed,
            within=claim.within,
            cores=claim.cores,
            untested="" if whole else _ELSEWHERE,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Place:
    """Where a figure of the article stands."""

    table: str
    row: RowSpec
    figure: FigureSpec

    @classmethod
    def find(cls, name: str, tables: Mapping[str, TableSpec]) -> Self:
        """Return the place that `table.row.figure` names."""
        table, row, figure = name.split(".")
        return cls(
            table=table,
            row=next(each for each in tables[table].rows if each.name == row),
            figure=next(each for each in tables[table].figures if each.name == figure),
        )


def _names(places: Sequence[_Place]) -> tuple[str, ...]:
    """Return what the places are called: their rows, or else what they are figures of."""
    by_row = len({place.row.name for place in places}) == len(places) > 1
    return tuple(
        (place.row.short or place.row.title) if by_row else place.figure.title for place in places
    )
