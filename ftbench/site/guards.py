"""Writes Guard rails: each release held against what the steering council set, and against docs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from ftbench.analysis.conditions import Notice
from ftbench.analysis.guards import Guarded, guard_rails, rules, standing
from ftbench.analysis.price import GUARDED
from ftbench.releases import Release
from ftbench.results import Machine, ResultTree, Unreadable
from ftbench.results.selection import Rig
from ftbench.site.menus import Menu, menus
from ftbench.site.price import draw_points, notices_of, write_rigs

_BENCHMARKS = frozenset(measure.benchmark for measure in GUARDED.values())


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """The page of one rig."""

    title: str
    rig: Rig
    machine: Machine | None
    releases: Sequence[Release]
    every: tuple[Guarded, ...]
    menus: tuple[Menu, ...]
    notices: tuple[Notice, ...]
    warnings: tuple[Unreadable, ...]

    standing = staticmethod(standing)

    def picture(self, of: Guarded) -> str:
        """Return the ratios and the lines as an SVG element."""
        return draw_points(of.points, name=f"{of.measure.name}-title", rules=rules(of))


def write_guards(tree: ResultTree, html_dir: Path) -> tuple[Path, ...]:
    """Write `guards.html` and a page like it for every other rig; return their paths, it first."""
    return write_rigs(tree, html_dir, "guards", _BENCHMARKS, page_of)


def page_of(rig: Rig, addresses: Mapping[Rig, str], tree: ResultTree) -> Page:
    """Return the page of one rig; `tree` has results of no other."""
    machine = next((each for each in tree.machines if each.name == rig.machine), None)
    return Page(
        title=f"Guard rails of free threading on {rig.machine}",
        rig=rig,
        machine=machine,
        releases=sorted({source.release for source in tree.sources}),
        every=tuple(guard_rails(tree, machine)),
        menus=menus(rig, addresses),
        notices=tuple(notices_of(rig, tree)),
        warnings=tree.warnings,
    )
