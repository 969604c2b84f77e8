"""Writes Method and machine: how figures are produced, and what stands behind those shown."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from ftbench.analysis.conditions import MACHINE_FACTS, machine_facts, value_words
from ftbench.facts.arms import ARMS, Arm
from ftbench.files import safe_name
from ftbench.probe.instruments.machine import advice
from ftbench.report.document import Table
from ftbench.results import ResultFile, ResultTree, State
from ftbench.results.figure import Figure, NoiseSeries, SeriesKey
from ftbench.results.floors import Floors
from ftbench.results.selection import Filter, figures_of, first_pick, picks
from ftbench.site import frame, method_tables, svg
from ftbench.site.menus import Item, Menu

_ROW: Final = 26
_APART: Final = 7
_MARK: Final = 6
_KINDS: Final[Mapping[str, tuple[type, ...]]] = {
    "governor": (str,),
    "turbo": (bool,),
    "smt": (bool,),
    "quota_cores": (int, float),
}
_CPUS: Final = re.compile(r"\d{1,4}(-\d{1,4})?(,\d{1,4}(-\d{1,4})?)*")


def write_method(tree: ResultTree, html_dir: Path) -> tuple[Path, ...]:
    """Write `method.html` and a page for each further machine; return the paths, it first."""
    names = machines(tree)
    if not names:
        return frame.write_empty(html_dir, "method", tree)
    floors = Floors.of(tree.noise)
    return tuple(
        frame.write_page(
            html_dir, address(name, names[0]), "method", _page(name, names, tree, floors)
        )
        for name in names
    )


def machines(tree: ResultTree) -> tuple[str, ...]:
    """Return the machines that there are results of, first that which Choose opens with."""
    first = first_pick(picks(tree), tree)
    names = sorted({source.machine for source in tree.sources})
    return tuple(sorted(names, key=lambda name: first is None or name != first.machine))


def address(name: str, first: str) -> str:
    """Return where a machine's page lies, relative to the site's own folder."""
    return "method.html" if name == first else f"method/{safe_name(name)}.html"


def _page(name: str, names: Sequence[str], tree: ResultTree, floors: Floors) -> dict[str, Any]:
    sources = [source for source in tree.sources if source.machine == name]
    figures = figures_of(tree, Filter(machine=name).takes)
    machine = tree.machine(name)
    latest = max(sources, key=_begun, default=None)
    items = tuple(
        Item(text=each or "unnamed", href=address(each, names[0]), current=each == name)
        for each in names
    )
    duels = [duel for duel in tree.duels if duel.machine == name]
    return {
        "title": f"Method, and {name}",
        "name": name,
        "menus": [Menu(title="Machine", items=items)],
        "machine": machine_facts(machine, [latest] if latest else []),
        "changed": list(changed(sources)),
        "advice": advice_from(latest),
        "measured": {
            "builds": method_tables.builds(sources),
            "runs": method_tables.runs(sources),
            **({"duels": method_tables.duels(duels)} if duels else {}),
            "witnesses": method_tables.witnesses(figures),
        },
        "noise": noise_of(tree, name, floors),
        "missing": {
            "states": method_tables.states(figures),
            "disturbed": method_tables.disturbed(figures),
            "skipped": method_tables.reasons_of(State.SKIPPED, figures),
            "failed": method_tables.reasons_of(State.FAILED, figures),
        },
        "invariants": {name: how for each in sources for name, how in each.invariants.items()},
        "warnings": tree.warnings,
    }


def _begun(source: ResultFile) -> str:
    return max((start.at.isoformat() for start in source.starts), default="")


def advice_from(source: ResultFile | None) -> Sequence[str]:
    """Return what would make a machine steadier, by the last record of it."""
    record: Mapping[str, Any] = source.machines[-1] if source and source.machines else {}
    # A file says anything: what is not of the kind that it should be plays no part.
    plain = {key: record[key] for key, kinds in _KINDS.items() if type(record.get(key)) in kinds}
    places = {key: str(record.get(key, "")) for key in ("affinity", "isolated")}
    return advice(
        plain | {key: cpus for key, cpus in places.items() if _CPUS.fullmatch(cpus)}, None
    )


def changed(sources: Sequence[ResultFile]) -> Iterator[str]:
    """Yield each fact of a machine that is not the same in all records, with its values."""
    records = [record for source in sources for record in source.machines]
    for key, title in MACHINE_FACTS.items():
        values = dict.fromkeys(value_words(record, key) for record in records if key in record)
        if len(values) > 1:
            yield f"{title}: {', '.join(values)}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Noise:
    """What a machine's A/A runs say; without any floor there is neither a picture nor a table."""

    series: int  # that have a floor
    lacking: int  # that have none
    elsewhere: int = 0  # that have one of other conditions than theirs
    svg: str = ""
    arms: tuple[Arm, ...] = ()
    histogram: Table | None = None
    tables: Mapping[str, Table] = field(default_factory=dict)


def noise_of(tree: ResultTree, machine: str, floors: Floors) -> Noise:
    """Return what is known of one machine's noise; each series once, whatever the release."""
    runs = {_key(run): run for run in tree.noise if run.machine == machine}
    known = {
        key: method_tables.Noisy(run, floor, processes, floors.apart(run))
        for key, run in runs.items()
        if (floor := floors.floor_of(run))
        and (processes := sum(side.processes for side in floors.fitting(run)))
    }
    ours = figures_of(tree, Filter(machine=machine).takes)
    measured = {_key(figure) for figure in ours if figure.state is State.MEASURED}
    elsewhere = len({_key(figure) for figure in ours if figure.other_conditions})
    noisy, lacking = tuple(known.values()), len(measured - known.keys())
    if not noisy:
        return Noise(series=0, lacking=lacking)
    arms = tuple(arm for arm in ARMS if any(each.run.arm == arm for each in noisy))
    counts = method_tables.floor_counts(noisy)
    return Noise(
        series=len(noisy),
        lacking=lacking,
        elsewhere=elsewhere,
        svg=_draw(arms, counts),
        arms=arms,
        histogram=method_tables.histogram(arms, counts),
        tables={
            "found": method_tables.findable(noisy, arms),
            "by-scenario": method_tables.floors_by_scenario(noisy),
            "worst": method_tables.worst(noisy),
        },
    )


def _key(measured: Figure | NoiseSeries) -> tuple[Arm, str, SeriesKey]:
    return measured.arm, measured.profile, measured.series


def _draw(arms: Sequence[Arm], counts: Counter[tuple[Arm, int]]) -> str:
    bins = method_tables.BINS

    def paint(axes: Any) -> None:
        svg.axis(axes, 0, max(counts.values()) * 1.08, "series", log=False)
        for number, title in enumerate(bins):
            middle = (number + 0.5) * _ROW
            svg.left_label(axes, title, middle)
            for place, arm in enumerate(arms):
                height = middle + (place - (len(arms) - 1) / 2) * _APART
                if count := counts[arm, number]:
                    colour = svg.colour_of(arm)
                    axes.plot([0, count], [height] * 2, color=colour, lw=2)
                    said, marker = [f"{title}, {arm.label}: {count}"], svg.marker_of(arm)
                    svg.marks(axes, [count], [height], marker, _MARK, says=said, color=colour)

    return svg.picture(paint, name="histogram-picture", height=len(bins) * _ROW, right=16)
