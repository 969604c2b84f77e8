"""What stands behind all figures of one machine: its records, the runs, every build."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from ftbench.analysis import conditions
from ftbench.analysis.conditions import BUILD_FACTS, MACHINE_FACTS, said
from ftbench.facts.arms import ARMS
from ftbench.probe.instruments.machine import advice
from ftbench.releases import Release
from ftbench.results import Machine, Source
from ftbench.results.figure import UNKNOWN, Start
from ftbench.site.sheets import Sheet, releases_text, several

# Told by the arm and the release beside them.
_OF_ITS_OWN: Final = ("version", "free_threaded")
_KINDS: Final[Mapping[str, tuple[type, ...]]] = {
    "governor": (str,),
    "turbo": (bool,),
    "smt": (bool,),
    "quota_cores": (int, float),
}
_CPUS: Final = re.compile(r"\d{1,4}(-\d{1,4})?(,\d{1,4}(-\d{1,4})?)*")
_ORDER: Final = [arm.name for arm in ARMS]


@dataclass(frozen=True, slots=True, kw_only=True)
class MachineText:
    """A machine: its facts, those that changed from run to run, what would make it steadier."""

    facts: tuple[conditions.Fact, ...]
    changed: tuple[str, ...]
    advice: tuple[str, ...]


def machine_text(machine: Machine | None, sources: Sequence[Source]) -> MachineText:
    """Return what is known of a machine; its latest record counts."""
    records = [record for source in sources for record in source.machines]
    latest = max(sources, key=_begun, default=None)
    last: Mapping[str, Any] = latest.machines[-1] if latest and latest.machines else {}
    return MachineText(
        facts=conditions.machine_facts(machine, [latest] if latest else []),
        changed=tuple(_changed(records)),
        advice=advice(_sound(last), None),
    )


def _sound(record: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return what of a machine's record is of the kind that it should be: a file says anything."""
    plain = {key: record[key] for key, kinds in _KINDS.items() if type(record.get(key)) in kinds}
    places = {key: str(record.get(key, "")) for key in ("affinity", "isolated")}
    return plain | {key: text for key, text in places.items() if _CPUS.fullmatch(text)}


def _begun(source: Source) -> str:
    return max((start.at.isoformat() for start in source.starts), default="")


def _changed(records: Sequence[Mapping[str, Any]]) -> Iterable[str]:
    """Yield each fact that is not the same in all records, with its values."""
    for key, title in MACHINE_FACTS.items():
        values = tuple(dict.fromkeys(said(record, key) for record in records if key in record))
        if len(values) > 1:
            yield f"{title}: {', '.join(values)}"


def runs(sources: Sequence[Source]) -> Sheet:
    """Return the runs, the latest first: when each began, the load it met, what it measured."""
    starts: dict[str, Start] = {}
    of_run: dict[str, list[Source]] = {}
    for source in sources:
        for start in source.starts:
            starts.setdefault(start.run, start)
            of_run.setdefault(start.run, []).append(source)
    latest = sorted(starts.values(), key=lambda start: start.at, reverse=True)
    return Sheet(
        name="runs",
        title="Runs",
        heads=("began, UTC", "releases", "arms", "profile", "load before"),
        rows=tuple(_run(start, of_run[start.run]) for start in latest),
        key="A run measures its releases and arms by turns, round after round: A B C, then C B A, "
        "so that what drifts meets all alike. The load is the run queue's average before its "
        "first cell.",
        numbers=1,
    )


def _run(start: Start, sources: Sequence[Source]) -> tuple[str, ...]:
    arms = sorted({source.arm.name for source in sources}, key=_ORDER.index)
    return (
        start.at.strftime("%Y-%m-%d %H:%M"),
        releases_text(source.release for source in sources),
        ", ".join(arms),
        several(source.profile for source in sources),
        UNKNOWN if start.load is None else f"{start.load:g}",
    )


def builds(sources: Sequence[Source]) -> Sheet:
    """Return every build: those alike but for their version share a row.

    A source without a record of its build has a row too, which says so.
    """
    found: dict[tuple[str, ...], list[Release]] = {}
    for source in sorted(sources, key=lambda each: (_ORDER.index(each.arm.name), each.release)):
        for record in source.builds or ({},):
            row = (
                source.arm.label,
                source.flavour or UNKNOWN,
                conditions.gil_seen(source),
                *(said(record, key) for key in BUILD_FACTS if key not in _OF_ITS_OWN),
            )
            found.setdefault(row, []).append(source.release)
    titles = (title for key, title in BUILD_FACTS.items() if key not in _OF_ITS_OWN)
    return Sheet(
        name="builds",
        title="Builds",
        heads=("arm", "releases", "build", "GIL seen", *titles),
        rows=tuple((row[0], releases_text(every), *row[1:]) for row, every in found.items()),
        key="Builds that differ in compiler, PGO, LTO or JIT are never called better or worse "
        "than each other. The GIL is looked at before, after and between rounds.",
    )
