"""What one machine's results lack, and what disturbed them: skipped, failed, interfered with."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Final

from ftbench.facts.arms import ARMS
from ftbench.facts.modes import EVERY_MODE
from ftbench.results import Figure, State
from ftbench.site.sheets import Sheet, releases_text, scenario_title, several

_MODES: Final = {mode.name: mode.title for mode in EVERY_MODE}
_MOST: Final = 40
_NO_REASON: Final = "no reason is on record: most likely, the run was not asked for it"
_NO_METRIC: Final = "the cell was measured, and has nothing of the kind: no lock, no wait for it"


def states(figures: Sequence[Figure]) -> Sheet:
    """Return how many figures of each profile and arm were measured, skipped, failed, marked."""
    counts = Counter((each.profile, each.arm.name, each.state) for each in figures)
    marked = Counter((each.profile, each.arm.name) for each in figures if each.interference)
    told = {(each.profile, each.arm.name) for each in figures}
    places = [
        (profile, arm)
        for profile in sorted({profile for profile, _ in told})
        for arm in ARMS
        if (profile, arm.name) in told
    ]
    return Sheet(
        name="states",
        title="What became of every figure",
        heads=("profile", "arm", "measured", "disturbed", "skipped", "failed"),
        rows=tuple(
            (
                profile or "unnamed",
                arm.label,
                str(counts[profile, arm.name, State.MEASURED]),
                str(marked[profile, arm.name]),
                str(counts[profile, arm.name, State.SKIPPED]),
                str(counts[profile, arm.name, State.FAILED]),
            )
            for profile, arm in places
        ),
        key="Skipped is not failed is not zero. Disturbed is measured, and marked: see below.",
        numbers=4,
    )


def skipped(figures: Sequence[Figure]) -> Sheet:
    """Return the reasons for which figures were skipped."""
    return _by_reason("skipped", "Skipped, and why", State.SKIPPED, figures)


def failed(figures: Sequence[Figure]) -> Sheet:
    """Return the reasons for which figures failed."""
    return _by_reason("failed", "Failed, and how", State.FAILED, figures)


def _by_reason(name: str, title: str, state: State, figures: Sequence[Figure]) -> Sheet:
    found: dict[str, list[Figure]] = {}
    measured = {_whole_cell(each) for each in figures if each.state is State.MEASURED}
    for figure in figures:
        if figure.state is state:
            without = _NO_METRIC if _whole_cell(figure) in measured else _NO_REASON
            found.setdefault(figure.reason or without, []).append(figure)
    often = sorted(found.items(), key=lambda item: -len(item[1]))
    return Sheet(
        name=name,
        title=title,
        heads=("why", "scenarios", "modes", "releases", "figures"),
        rows=tuple(
            (
                reason,
                several(scenario_title(each.benchmark) for each in ours),
                several(_mode(each) for each in ours),
                releases_text(each.release for each in ours),
                str(len(ours)),
            )
            for reason, ours in often[:_MOST]
        ),
        key=_left(len(often), "reasons"),
        numbers=1,
    )


def _whole_cell(figure: Figure) -> tuple[object, ...]:
    """Return what names a figure's cell, all metrics of which one process measures at once."""
    group = figure.benchmark.rpartition(".")[0]
    of = (figure.release, figure.arm.name, figure.flavour, figure.profile)
    return (*of, group, *sorted(figure.params.items()))


def _mode(figure: Figure) -> str:
    name = figure.params.get("mode", "")
    return _MODES.get(name, name or "one thread")


def disturbed(figures: Sequence[Figure]) -> Sheet:
    """Return the cells that something else ran beside, cell by cell."""
    cells: dict[tuple[str, ...], list[Figure]] = {}
    for figure in figures:
        if figure.interference:
            cells.setdefault(_cell(figure), []).append(figure)
    often = sorted(cells.items(), key=lambda item: (-len(item[1]), item[0]))
    return Sheet(
        name="disturbed",
        title="Disturbed while it was measured",
        heads=("cell", "arm", "release", "what else ran", "figures"),
        rows=tuple((*cell, str(len(ours))) for cell, ours in often[:_MOST]),
        key="A cell beside which others used a tenth of the cores' time is measured again, twice "
        f"at most, and marked if it was disturbed each time.{_left(len(often), 'cells', ' ')}",
        numbers=1,
    )


def _cell(figure: Figure) -> tuple[str, ...]:
    params = ", ".join(value.replace("_", " ") for value in figure.params.values())
    return (
        f"{scenario_title(figure.benchmark)}: {params}",
        figure.arm.label,
        figure.release.name,
        figure.interference,
    )


def _left(count: int, noun: str, before: str = "") -> str:
    return f"{before}The {_MOST} most frequent of {count} {noun}." if count > _MOST else ""


def of_machine(figures: Iterable[Figure], machine: str) -> tuple[Figure, ...]:
    """Return the figures of one machine."""
    return tuple(figure for figure in figures if figure.machine == machine)
