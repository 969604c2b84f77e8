"""The main job: a pair of interpreters, every scenario on every arm, the site, the summary.

What the summary and the head of Choose need comes first, by one process a cell: a first result,
which the rest of the run takes over.
"""

from __future__ import annotations

import re
import statistics
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from rich.console import Console

from ftbench.asv.command import SOME_FAILED, Asv
from ftbench.asv.machines import register
from ftbench.errors import DAMAGE, AsvError, ResultsError, UsageError
from ftbench.experiments import suite
from ftbench.experiments.suite import SuiteCell
from ftbench.facts.arms import ARMS, Arm, arm_named
from ftbench.facts.modes import mode_named
from ftbench.facts.profiles import VARIABLE as PROFILE
from ftbench.facts.profiles import profile_named
from ftbench.probe.instruments.machine import advice, load, machine_record
from ftbench.probe.scenarios.base import scenario_named
from ftbench.progress import about
from ftbench.pythons import Interpreter
from ftbench.pythons.engines import lacks
from ftbench.pythons.install import ensure_pair
from ftbench.report.document import Document
from ftbench.report.output import Format, Output, rendered
from ftbench.report.overview import summary
from ftbench.results import read_results
from ftbench.results.records import RECORDS, CellRecord, Interference, read_fitting, read_records
from ftbench.results.safe_loading import environment_name

Pair = tuple[Interpreter, Interpreter]

PAGE: Final = Path("html") / "choose.html"
# What the summary's table and the head of Choose show.
FIRST: Final = r"^(lifecycle\.Lifecycle|footprint\.Footprint|crossover\.Crossover)\."

PRELIMINARY: Final = (
    "This is preliminary: one process per cell, only for the table and the top of Choose. The "
    "rest follows, with more processes; then table and page are redrawn."
)
# What tells how long classes take that are on record, and that are not.
_SOURCES: Final = {True: "the last run here", False: "what it took elsewhere"}
# To find the benchmarks, to make the environments, to publish, twice; and asv's own part.
BESIDE_SECONDS: Final = 90.0


def environment_names(
    builds: Sequence[Interpreter], profile: str, arms: Sequence[str] | None = None
) -> list[str]:
    """Return asv's names of the environments of exactly these builds, those of their arms."""
    return [
        environment_name(arm.python, each.build.flavour, profile, arm.environment.items())
        for arm in (ARMS if arms is None else map(arm_named, arms))
        for each in builds
        if each.serves(arm)
    ]


def _measured(path: Path) -> Iterator[CellRecord]:
    with suppress(ResultsError):
        for record in read_records(path).cells:
            with suppress(*DAMAGE):
                cell = read_fitting(record, CellRecord)
                if cell.version and cell.elapsed > 0:
                    yield cell


def usual_seconds(results: Path, machine: str, profile: str) -> dict[tuple[str, str], float]:
    """Return the seconds that a process takes in a profile: (class, version) → by its records.

    Those of the last run that measured the class, repeats included; a `machine` of "*" is any.
    """
    took: dict[tuple[str, str], dict[str, list[float]]] = {}
    for path in results.glob(f"{machine}/*-profile{profile}*{RECORDS.suffix}"):
        for cell in _measured(path):
            runs = 1 + read_fitting(cell.interference, Interference).repeats
            of_class = took.setdefault((cell.group, cell.version), {})
            of_class.setdefault(cell.run, []).append(runs * cell.elapsed)
    return {key: statistics.fmean(runs[max(runs)]) for key, runs in took.items()}


def arms_with(cell: SuiteCell, builds: Sequence[Interpreter]) -> list[Arm]:
    """Return the arms of a cell that builds of one release have, and its mode with them.

    As far as it can be known.
    """
    mode, release = mode_named(cell.mode), builds[0].release
    if mode.since > (release.major, release.minor):
        return []
    return [
        arm
        for arm in cell.arms
        if any(each.serves(arm) and not lacks(each, _engine(cell)) for each in builds)
    ]


def _engine(cell: SuiteCell) -> str | None:
    needed = scenario_named(cell.scenario).engine(cell.params)
    return needed or mode_named(cell.mode).engine


def _numbers(cell: SuiteCell) -> Iterator[str]:
    return (f"{arm.name}, {cell.group}-{cell.index}" for arm in cell.arms)


def _cells(folder: Path, pattern: str | None, pair: Pair) -> list[SuiteCell]:
    cells = _chosen(folder, pattern)
    with_arms = (replace(cell, arms=arms_with(cell, pair)) for cell in cells)
    return [cell for cell in with_arms if cell.arms]


def _chosen(folder: Path, pattern: str | None) -> Sequence[SuiteCell]:
    with suppress(UsageError):  # of classes that measure no scenario, or asv's to say
        return suite.chosen(suite.cells(folder), pattern)
    return []


def _left_out(folder: Path, pattern: str | None, pair: Pair) -> Iterator[str]:
    lacking = Counter(
        engine
        for cell in _chosen(folder, pattern)
        for arm in cell.arms
        if (own := pair[arm.free_threaded]).serves(arm)
        and (engine := _engine(cell))
        and lacks(own, engine)
    )
    if lacking:
        yield (
            f"{lacking.total()} cells are skipped for lack of {', '.join(sorted(lacking))}: "
            "'ftbench engines' says why, and how to install them."
        )


def run(
    folder: Path,
    output: Output,
    console: Console,
    *,
    release: str | None = None,
    profile: str,
    machine: str | None = None,
    bench: str | None = None,
) -> None:
    """Do the whole job on a release, by default the newest that is here as a pair.

    Its progress goes to `console`; raises an `FtbenchError` for what ends it.
    """
    processes = profile_named(profile).processes
    machine = register(folder / "results", machine)  # asv says it
    pair = ensure_pair(console, release)
    measured = pair[0].release
    for one in pair:
        console.print(f"{one.name}: {one.build.flavour}, {one.executable}", markup=False)
    for sentence in advice(machine_record(), load()):
        console.print(sentence, markup=False)
    for sentence in _left_out(folder, bench, pair):
        console.print(sentence, markup=False, soft_wrap=True)
    here = usual_seconds(folder / "results", machine, profile)
    known = usual_seconds(folder / "results", "*", profile) | here
    mean = statistics.fmean(known.values()) if known else 0.0
    seconds = {
        number: known.get((cell.group, cell.version), mean)
        for cell in _cells(folder, ".", pair)
        for number in _numbers(cell)
    }
    asv = Asv(folder=folder, console=console, variables={PROFILE: profile}, seconds=seconds)
    page = f"The page: {folder / PAGE}"
    names = environment_names(pair, profile)

    def total(pattern: str | None, processes: int) -> float:
        cells = _cells(folder, pattern, pair)
        return processes * sum(seconds[number] for cell in cells for number in _numbers(cell))

    def measure(pattern: str | None, **options: Any) -> tuple[int, Document]:
        code = asv(
            *("run", f"{measured}^!", "--machine", machine, "--record-samples"),
            *(("--interleave-rounds",) if processes > 1 else ()),
            *(word for name in names for word in ("-E", name)),
            *(("--bench", pattern) if pattern else ()),
            tolerate=[SOME_FAILED],
            **options,
        )
        asv("publish", show="Publishing")
        figures = read_results(folder / "results").figures
        return code, summary(figures, machine=machine, release=measured, profile=profile)

    whole = total(bench, processes)
    works = [(cell.group, cell.version) for cell in _cells(folder, bench, pair)]
    if works and 2 * sum(work in known for work in works) >= len(works):
        told = {work in here for work in works}
        by = " and ".join(words for each, words in _SOURCES.items() if each in told)
        # What a run that was ended has kept is not measured again.
        kept = any(folder.glob(f"env/*/measured-*-{measured.commit_id}.jsonl"))
        most = "at most" if kept else "about"
        console.print(f"This takes {most} {about(whole + BESIDE_SECONDS)}, by {by}.")
    stem = f"{folder / 'results' / machine / measured.commit_id}-"
    files = [Path(f"{stem}{name}{RECORDS.suffix}") for name in names]
    there = {(cell.group, cell.version) for path in files for cell in _measured(path)}
    early = {(cell.group, cell.version) for cell in _cells(folder, FIRST, pair)} - there
    if bench is None and early:  # one process a cell must not take the place of several
        first = rf"^({'|'.join(re.escape(group) for group, _ in sorted(early))})\."
        show = f"CPython {measured}, a first result"
        _, document = measure(first, show=show, total=total(first, 1), first=True)
        console.print(rendered(document, Format.TABLE), markup=False, soft_wrap=True)
        console.print(f"{PRELIMINARY}\n{page}", markup=False, soft_wrap=True)
    code, document = measure(bench, show=f"CPython {measured}", total=whole)
    output.write(document)
    console.print(page, markup=False, soft_wrap=True)
    if code == SOME_FAILED:
        raise AsvError(
            "Some benchmarks failed; the table says which, and the rest is saved.",
            hint=f"To see why: asv run {measured}^! --machine {machine} --show-stderr",
        )
