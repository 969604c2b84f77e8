"""What a command says, as plain texts and a record, before anything decides how it looks."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final

_SPACES: Final = frozenset({"\N{NO-BREAK SPACE}", "\N{NARROW NO-BREAK SPACE}"})


def plain(text: str) -> str:
    """Return a text of a result file without what would steer a terminal: a space for each."""
    return "".join(each if each.isprintable() or each in _SPACES else " " for each in text)


class Tone(StrEnum):
    """How a line is meant; words carry it, colour only stands beside them."""

    PLAIN = "plain"
    HEADING = "heading"
    BAD = "bad"
    GOOD = "good"
    QUIET = "quiet"
    BEST = "best"


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A line of a table; one of fewer cells than columns ends in empty ones."""

    cells: tuple[str, ...]
    tone: Tone = Tone.PLAIN


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """A table; the last `numbers` columns hold numbers.  `notes` are read below it."""

    title: str = ""
    columns: tuple[str, ...]
    rows: tuple[Row, ...]
    numbers: int = 0
    notes: tuple[str, ...] = ()

    @property
    def full_rows(self) -> Iterator[Row]:
        for row in self.rows:
            missing = len(self.columns) - len(row.cells)
            yield Row(cells=(*row.cells, *("",) * missing), tone=row.tone)


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """A piece of a report: heading (if any), sentences, tables; `level` 2 stands below 1.

    The `picture` is an SVG element of ours, with its caption, for HTML alone.
    """

    title: str = ""
    picture: str = ""
    lines: tuple[str, ...] = ()
    tables: tuple[Table, ...] = ()
    level: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """What a command says; `record` is the same for programs, in stored units, not rounded."""

    title: str
    record: Any
    lines: tuple[str, ...] = ()
    parts: tuple[Part, ...] = ()
    warnings: tuple[str, ...] = ()  # what could not be read


@dataclass(slots=True)
class Footnotes:
    """Reasons, each said once below a table and pointed at by its number, from `last` + 1 on."""

    last: int = 0
    numbers: dict[str, int] = field(default_factory=dict)

    def pointed(self, reason: str) -> str:
        """Return the word for what has no number, pointing at its reason: "skipped [1]"."""
        state, colon, _ = reason.partition(":")
        if not colon:
            return reason
        return f"{state} [{self.numbers.setdefault(reason, self.last + len(self.numbers) + 1)}]"

    @property
    def lines(self) -> tuple[str, ...]:
        return tuple(f"[{number}] {reason}" for reason, number in self.numbers.items())
