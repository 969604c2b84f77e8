"""Writes Guard rails: each release held against what the steering council set, and against docs."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from ftbench.analysis.guards import Guarded, guard_rails, rules, standing
from ftbench.analysis.price import GUARDED
from ftbench.facts.arms import WITHOUT_GIL
from ftbench.results import ResultTree
from ftbench.results.selection import Rig
from ftbench.site.price import RigPage, Rigs, draw_points, write_rigs

_BENCHMARKS = frozenset(measure.benchmark for measure in GUARDED.values())


@dataclass(frozen=True, kw_only=True)
class Page(RigPage):
    """Guard rails of one rig."""

    told: ClassVar = (WITHOUT_GIL,)

    rails: tuple[Guarded, ...]

    standing = staticmethod(standing)

    def picture(self, of: Guarded) -> str:
        """Return the ratios and the lines as an SVG element."""
        return draw_points(of.points, name=f"{of.measure.name}-title", rules=rules(of))


def write_guards(tree: ResultTree, html_dir: Path) -> tuple[Path, ...]:
    """Write `guards.html` and a page like it for every other rig; return their paths, it first."""
    return write_rigs(tree, html_dir, "guards", _BENCHMARKS, page_of)


def page_of(rig: Rig, every: Rigs, tree: ResultTree) -> Page:
    """Return the page of one rig; `tree` has results of no other."""
    rails = tuple(guard_rails(tree, tree.machine(rig.machine)))
    return Page.of("Guard rails of free threading", rig, every, tree, rails=rails)
