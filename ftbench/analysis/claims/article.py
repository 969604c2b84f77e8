"""The article as data: its tables with its figures, and its claims, read from article.toml."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any, Final, Self

from ftbench.analysis.claims.cells import Cell
from ftbench.analysis.claims.rule import UNITS, Relation
from ftbench.analysis.claims.words import BEHIND
from ftbench.facts.units import digits


@dataclass(frozen=True, slots=True, kw_only=True)
class FigureSpec:
    """A kind of figure of a table; `unit` is one of the rule's `UNITS`."""

    name: str
    title: str
    unit: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RowSpec:
    """A row of a table; `article` maps a figure's name to the number that the article prints.

    `unit`, where it is not None, stands in for the figures' own; `short` is the title in a claim.
    """

    name: str
    title: str
    article: Mapping[str, float]
    unit: str | None = None
    short: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class TableSpec:
    """A table; `article`, `way` and `corrected` say in a line how each column is made."""

    name: str
    part: str
    title: str
    article: str
    way: str
    corrected: str
    figures: tuple[FigureSpec, ...]
    rows: tuple[RowSpec, ...]

    @classmethod
    def read(cls, table: Mapping[str, Any]) -> Self:
        """Return the table of the TOML table `table`."""
        figures = tuple(FigureSpec(**each) for each in table["figures"])
        rows = tuple(RowSpec(**each) for each in table["rows"])
        return cls(**{**table, "figures": figures, "rows": rows})


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """A sentence or a number of the article, and what it says of which figures.

    `table` is where it is shown; `means` says it in figures where the quote does not; `of` are
    figures as `table.row.figure`; `claimed` and `within` are a number and a factor; on fewer than
    `cores` cores, or in a window of less than `seconds`, it cannot be judged.
    """

    table: str
    quote: str
    relation: Relation
    of: tuple[str, ...]
    cores: int
    means: str = ""
    claimed: float | None = None
    within: float = 1.25
    seconds: float = 0.0

    @classmethod
    def read(cls, table: Mapping[str, Any]) -> Self:
        """Return the claim of the TOML table `table`."""
        relation = Relation(table["relation"])
        return cls(**{**table, "relation": relation, "of": tuple(table["of"])})


@dataclass(frozen=True, slots=True, kw_only=True)
class Article:
    """The article: where its figures come from, its tables, its claims."""

    title: str
    machine: str
    cores: int
    tables: tuple[TableSpec, ...]
    claims: tuple[Claim, ...]


@cache
def article() -> Article:
    """Return the article of article.toml."""
    text = (resources.files(__package__) / "article.toml").read_text(encoding="utf-8")
    data = tomllib.loads(text)
    return Article(
        title=data["title"],
        machine=data["machine"],
        cores=data["cores"],
        tables=tuple(map(TableSpec.read, data["tables"])),
        claims=tuple(map(Claim.read, data["claims"])),
    )


_PRINTED_WHOLE: Final = 1000


def printed(cell: Cell, unit: str) -> str:
    """Return the article's own number with the digits that it prints, and three at least."""
    if cell.value is None:
        return cell.word
    value = cell.value / UNITS[unit]
    text = f"{value:,.0f}".replace(",", "\N{NARROW NO-BREAK SPACE}")
    if value < _PRINTED_WHOLE:
        text = max(f"{value:.6g}", digits(value), key=len)
    return text + BEHIND.get(unit, "")
