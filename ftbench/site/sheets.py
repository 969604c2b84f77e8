"""A plain table as a page shows it, and a machine's results by which such tables are made."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from ftbench.releases import Release
from ftbench.report.sections import SECTIONS

_FEW: Final = 4
_TITLES: Final = {section.name: section.title for section in SECTIONS}


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """A table: what heads its columns, its rows, each a cell per column and its name first.

    `key` stands below it; `numbers` is how many columns from the right hold numbers.
    """

    name: str
    title: str
    heads: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    key: str = ""
    numbers: int = 0

    @property
    def texts(self) -> int:
        """How many columns from the left hold texts."""
        return len(self.heads) - self.numbers


def scenario_title(benchmark: str) -> str:
    """Return what the pages call the scenario of a benchmark."""
    name = benchmark.partition(".")[0]
    return _TITLES.get(name, name)


def several(items: Iterable[str]) -> str:
    """Return what there is, each once, or how many there are where that is too much to list."""
    every = tuple(dict.fromkeys(items))
    if len(every) <= _FEW:
        return "; ".join(every)
    return f"{'; '.join(every[: _FEW - 1])} and {len(every) - _FEW + 1} more"


def releases_text(releases: Iterable[Release]) -> str:
    """Return releases by name: all of few, of more the first and the last and how many."""
    every: Sequence[Release] = sorted(set(releases))
    if len(every) <= _FEW:
        return ", ".join(release.name for release in every)
    return f"{len(every)} from {every[0].name} to {every[-1].name}"
