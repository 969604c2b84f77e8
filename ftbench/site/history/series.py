"""A series: one benchmark with its parameters fixed, as readers are told which it is."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Final

from ftbench.probe.scenarios.must_scale.expectations import LEDGER
from ftbench.report.sections import GROUPS

_GROUPS: Final = {
    section.name: (group.title, section.title) for group in GROUPS for section in group.sections
}
_ORDER: Final = list(_GROUPS)
_LEDGERS: Final = list(dict.fromkeys(entry.ledger for entry in LEDGER.values()))
_SCENARIO_OF_LEDGERS: Final = "must_scale"
_UNWORDED: Final = ("track_", "time_")


@dataclass(frozen=True, kw_only=True, eq=False)
class Series:
    """One benchmark with its parameters fixed; `params` are in the benchmark's order.

    There is one object per series: they are compared as what they are, not by what is in them,
    which a hundred thousand times is too slow.
    """

    benchmark: str
    params: tuple[tuple[str, str], ...]

    @cached_property
    def scenario(self) -> str:
        """The scenario's name, `must_scale`."""
        return self.benchmark.partition(".")[0]

    @property
    def metric(self) -> str:
        """The metric's name in words: "relative 2"."""
        name = self.benchmark.rpartition(".")[2]
        for start in _UNWORDED:
            name = name.removeprefix(start)
        return name.replace("_", " ")

    @property
    def label(self) -> str:
        """The parameters in words: "threads, workers 8, task empty"."""
        said = [value if name == "mode" else f"{name} {value}" for name, value in self.params]
        return ", ".join(said) or "no parameters"

    @property
    def ledger(self) -> str:
        """The ledger of its pattern, "" where its scenario has none."""
        if self.scenario != _SCENARIO_OF_LEDGERS:
            return ""
        entry = LEDGER.get(dict(self.params).get("pattern", ""))
        return entry.ledger if entry else ""

    @cached_property
    def key(self) -> str:
        """A short name for addresses, the same whatever else is measured."""
        words = repr((self.benchmark, self.params))
        return f"s-{hashlib.sha256(words.encode()).hexdigest()[:10]}"


def in_order(every: Iterable[Series]) -> list[Series]:
    """Return series as they are read: by scenario, metric and ledger, then as they came."""
    return sorted(
        every,
        key=lambda each: (
            _ORDER.index(each.scenario) if each.scenario in _ORDER else len(_ORDER),
            each.benchmark,
            _LEDGERS.index(each.ledger) if each.ledger else -1,
        ),
    )


def scenario_titles(name: str) -> tuple[str, str]:
    """Return the titles of a scenario's group and of itself; one that is not ours has its name."""
    return _GROUPS.get(name, ("Further", name))
