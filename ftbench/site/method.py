"""Writes Method and machine: how figures are produced, and what stands behind those shown."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from ftbench.analysis.conditions import MACHINE_FACTS, Fact, machine_facts, value_words
from ftbench.analysis.floors import Floors
from ftbench.files import safe_name
from ftbench.probe.instruments.machine import advice
from ftbench.report.document import Table
from ftbench.results import ResultFile, ResultTree
from ftbench.results.selection import first_pick, picks
from ftbench.site import frame, method_tables
from ftbench.site.menus import Item, Menu
from ftbench.site.method_noise import Noise, noise_of

PLACE: Final = "method"
FIRST_PAGE: Final = f"{PLACE}.html"
_KINDS: Final[Mapping[str, tuple[type, ...]]] = {
    "governor": (str,),
    "turbo": (bool,),
    "smt": (bool,),
    "quota_cores": (int, float),
}
_CPUS: Final = re.compile(r"\d{1,4}(-\d{1,4})?(,\d{1,4}(-\d{1,4})?)*")


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """The page of one machine; `root` leads from it to the site's own folder: "" or "../".

    `changed` are the machine's facts that were not the same in every run, `advice` is what would
    make it steadier, `invariants` are what every run checks of its work.  Tables are by their id.
    """

    root: str
    title: str
    name: str
    menus: tuple[Menu, ...]
    machine: tuple[Fact, ...]
    changed: tuple[str, ...]
    advice: tuple[str, ...]
    measured: Mapping[str, Table]
    noise: Noise
    missing: Mapping[str, Table]
    invariants: Mapping[str, str]
    warnings: tuple[str, ...]


def write_method(tree: ResultTree, html_dir: Path) -> tuple[Path, ...]:
    """Write `method.html` and a page for each further machine; return the paths, it first.

    A page needs neither a script nor a network.  Raises `OSError` where the folder cannot be
    written.
    """
    names = machines(tree)
    if not names:
        return (_write(html_dir / FIRST_PAGE, frame.empty("Method", tree)),)
    floors = Floors.of(tree.noise)
    return tuple(
        _write(html_dir / address(name, names[0]), page_of(name, names, tree, floors))
        for name in names
    )


def _write(path: Path, page: Page | frame.EmptyPage) -> Path:
    return frame.write(path, frame.render("method.html.j2", page, here=PLACE))


def machines(tree: ResultTree) -> tuple[str, ...]:
    """Return the machines that there are results of, first that which Choose opens with."""
    first = first_pick(picks(tree), tree)
    names = sorted({source.machine for source in tree.sources})
    return tuple(sorted(names, key=lambda name: first is None or name != first.machine))


def address(name: str, first: str) -> str:
    """Return where a machine's page lies, relative to the site's own folder."""
    return FIRST_PAGE if name == first else f"{PLACE}/{safe_name(name)}.html"


def page_of(name: str, names: Sequence[str], tree: ResultTree, floors: Floors) -> Page:
    """Return the page of one machine."""
    sources = [source for source in tree.sources if source.machine == name]
    figures = tuple(figure for figure in tree.figures if figure.machine == name)
    machine = next((each for each in tree.machines if each.name == name), None)
    latest = max(sources, key=_begun, default=None)
    items = tuple(
        Item(text=each or "unnamed", href=address(each, names[0]), current=each == name)
        for each in names
    )
    return Page(
        root="" if name == names[0] else "../",
        title=f"Method, and {name} · ftbench",
        name=name,
        menus=(Menu(title="Machine", items=items),),
        machine=machine_facts(machine, [latest] if latest else []),
        changed=tuple(changed(sources)),
        advice=tuple(advice_from(latest)),
        measured={"builds": method_tables.builds(sources), "runs": method_tables.runs(sources)},
        noise=noise_of(tree, name, floors),
        missing={
            "states": method_tables.states(figures),
            "disturbed": method_tables.disturbed(figures),
            "skipped": method_tables.skipped(figures),
            "failed": method_tables.failed(figures),
        },
        invariants={name: how for each in sources for name, how in each.invariants.items()},
        warnings=tuple(map(str, tree.warnings)),
    )


def _begun(source: ResultFile) -> str:
    return max((start.at.isoformat() for start in source.starts), default="")


def advice_from(source: ResultFile | None) -> Sequence[str]:
    """Return what would make a machine steadier, by the last record of it."""
    record: Mapping[str, Any] = source.machines[-1] if source and source.machines else {}
    return advice(_sound(record), None)


def _sound(record: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return what of a machine's record is of the kind that it should be: a file says anything."""
    plain = {key: record[key] for key, kinds in _KINDS.items() if type(record.get(key)) in kinds}
    places = {key: str(record.get(key, "")) for key in ("affinity", "isolated")}
    return plain | {key: text for key, text in places.items() if _CPUS.fullmatch(text)}


def changed(sources: Sequence[ResultFile]) -> Iterator[str]:
    """Yield each fact of a machine that is not the same in all records, with its values."""
    records = [record for source in sources for record in source.machines]
    for key, title in MACHINE_FACTS.items():
        values = tuple(
            dict.fromkeys(value_words(record, key) for record in records if key in record)
        )
        if len(values) > 1:
            yield f"{title}: {', '.join(values)}"
