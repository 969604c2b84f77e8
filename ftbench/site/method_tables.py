"""Tables of one machine's results: its builds and runs, and what is missing or was disturbed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Final

from ftbench.analysis.conditions import BUILD_FACTS, gil_seen, value_words
from ftbench.facts.arms import ARMS
from ftbench.facts.modes import EVERY_MODE
from ftbench.releases import Release
from ftbench.report.document import Row, Table
from ftbench.report.sections import SECTIONS
from ftbench.results import Figure, ResultFile, State
from ftbench.results.figure import UNKNOWN, Start

_MODES: Final = {mode.name: mode.title for mode in EVERY_MODE}
_TITLES: Final = {section.name: section.title for section in SECTIONS}
_ORDER: Final = [arm.name for arm in ARMS]
_FEW: Final = 4
_MOST: Final = 40
_NO_REASON: Final = "no reason is on record: most likely, the run was not asked for it"
_NO_METRIC: Final = "the cell was measured, and has nothing of the kind: no lock, no wait for it"
# Told by the arm and the release beside them.
_OF_ITS_OWN: Final = ("version", "free_threaded")


def table(
    title: str,
    columns: Iterable[str],
    rows: Iterable[Sequence[str]],
    note: str = "",
    *,
    numbers: int = 0,
) -> Table:
    """Return a table; its last `numbers` columns hold numbers, and `note` stands below it."""
    return Table(
        title=title,
        columns=tuple(columns),
        rows=tuple(Row(cells=tuple(row)) for row in rows),
        numbers=numbers,
        notes=(note,) if note else (),
    )


def builds(sources: Sequence[ResultFile]) -> Table:
    """Return every build: those alike but for their version share a row.

    A source without a record of its build has a row too, which says so.
    """
    facts = {key: title for key, title in BUILD_FACTS.items() if key not in _OF_ITS_OWN}
    releases: dict[tuple[str, ...], list[Release]] = {}
    for source in sorted(sources, key=lambda each: (_ORDER.index(each.arm.name), each.release)):
        for record in source.builds or ({},):
            row = (
                source.arm.label,
                source.flavour or UNKNOWN,
                gil_seen(source),
                *(value_words(record, key) for key in facts),
            )
            releases.setdefault(row, []).append(source.release)
    return table(
        "Builds",
        ("arm", "releases", "build", "GIL seen", *facts.values()),
        ((row[0], releases_text(every), *row[1:]) for row, every in releases.items()),
        "Builds that differ in compiler, PGO, LTO or JIT are never called better or worse than "
        "each other. The GIL is looked at before, after and between rounds.",
    )


def runs(sources: Sequence[ResultFile]) -> Table:
    """Return the runs, the latest first: when each began, the load it met, what it measured."""
    starts: dict[str, Start] = {}
    of_run: dict[str, list[ResultFile]] = {}
    for source in sources:
        for start in source.starts:
            starts.setdefault(start.run, start)
            of_run.setdefault(start.run, []).append(source)
    latest = sorted(starts.values(), key=lambda start: start.at, reverse=True)
    return table(
        "Runs",
        ("began, UTC", "releases", "arms", "profile", "load before"),
        (_run(start, of_run[start.run]) for start in latest),
        "A run measures its releases and arms by turns, round after round: A B C, then C B A, so "
        "that what drifts meets all alike. The load is the run queue's average before its first "
        "cell.",
        numbers=1,
    )


def _run(start: Start, sources: Sequence[ResultFile]) -> tuple[str, ...]:
    arms = sorted({source.arm.name for source in sources}, key=_ORDER.index)
    return (
        start.at.strftime("%Y-%m-%d %H:%M"),
        releases_text(source.release for source in sources),
        ", ".join(arms),
        several(source.profile for source in sources),
        UNKNOWN if start.load is None else f"{start.load:g}",
    )


def states(figures: Sequence[Figure]) -> Table:
    """Return how many figures of each profile and arm were measured, skipped, failed, marked."""
    counts = Counter((each.profile, each.arm.name, each.state) for each in figures)
    marked = Counter((each.profile, each.arm.name) for each in figures if each.interference)
    places = {(each.profile, _ORDER.index(each.arm.name)) for each in figures}
    return table(
        "What became of every figure",
        ("profile", "arm", "measured", "disturbed", "skipped", "failed"),
        (
            (
                profile or "unnamed",
                ARMS[arm].label,
                str(counts[profile, ARMS[arm].name, State.MEASURED]),
                str(marked[profile, ARMS[arm].name]),
                str(counts[profile, ARMS[arm].name, State.SKIPPED]),
                str(counts[profile, ARMS[arm].name, State.FAILED]),
            )
            for profile, arm in sorted(places)
        ),
        "Skipped is not failed is not zero. Disturbed is measured, and marked: see below.",
        numbers=4,
    )


def disturbed(figures: Sequence[Figure]) -> Table:
    """Return the cells that something else ran beside, cell by cell."""
    cells: dict[tuple[str, ...], list[Figure]] = {}
    for figure in figures:
        if figure.interference:
            cells.setdefault(_cell(figure), []).append(figure)
    often = sorted(cells.items(), key=lambda item: (-len(item[1]), item[0]))
    return table(
        "Disturbed while it was measured",
        ("cell", "arm", "release", "what else ran", "figures"),
        ((*cell, str(len(ours))) for cell, ours in often[:_MOST]),
        "A cell beside which others used a tenth of the cores' time is measured again, twice at "
        f"most, and marked if it was disturbed each time.{_left(len(often), 'cells', ' ')}",
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


def skipped(figures: Sequence[Figure]) -> Table:
    """Return the reasons for which figures were skipped."""
    return _by_reason("Skipped, and why", State.SKIPPED, figures)


def failed(figures: Sequence[Figure]) -> Table:
    """Return the reasons for which figures failed."""
    return _by_reason("Failed, and how", State.FAILED, figures)


def _by_reason(title: str, state: State, figures: Sequence[Figure]) -> Table:
    reasons: dict[str, list[Figure]] = {}
    measured = {_whole_cell(each) for each in figures if each.state is State.MEASURED}
    for figure in figures:
        if figure.state is state:
            without = _NO_METRIC if _whole_cell(figure) in measured else _NO_REASON
            reasons.setdefault(figure.reason or without, []).append(figure)
    often = sorted(reasons.items(), key=lambda item: -len(item[1]))
    return table(
        title,
        ("why", "scenarios", "modes", "releases", "figures"),
        (
            (
                reason,
                several(scenario_title(each.benchmark) for each in ours),
                several(_mode(each) for each in ours),
                releases_text(each.release for each in ours),
                str(len(ours)),
            )
            for reason, ours in often[:_MOST]
        ),
        _left(len(often), "reasons"),
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


def _left(count: int, noun: str, before: str = "") -> str:
    return f"{before}The {_MOST} most frequent of {count} {noun}." if count > _MOST else ""


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
