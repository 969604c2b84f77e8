"""Proof of power: equal sides raise no alarm, and work that is added to one of them is found.

Each trial is a duel of its own: one cell of an interpreter against itself, by the rule and with the
fresh processes of `duel`.  What counts as the same is half of what was added, for more is nothing
that could be found.  All pairs are kept in the results, and a later call goes on with them.
"""

from __future__ import annotations

import math
import re
import secrets
import statistics
import time
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import Any, Final

from rich.console import Console
from scipy import stats

from ftbench.asv.machines import introduce
from ftbench.asv.measuring_lock import MEASURING_LOCK
from ftbench.errors import (
    FtbenchError,
    InterpreterError,
    NotAvailableError,
    ResultsError,
    UsageError,
    WorkerFailedError,
)
from ftbench.experiments.duel import Bout, DuelJob
from ftbench.experiments.suite import SuiteCell
from ftbench.experiments.turns import Duellist, SideError
from ftbench.facts.units import plural
from ftbench.probe.instruments.machine import machine_record
from ftbench.progress import about, bar
from ftbench.pythons import PythonBuild
from ftbench.report.document import Document, Part, Row, Table, Tone
from ftbench.results.duels import DuelFile, read_duels, series_of, write_duels
from ftbench.results.figure import CONDITIONS
from ftbench.results.records import TRIALS, DuelRecord
from ftbench.statistics import sequential
from ftbench.statistics.verdict import Word

MUST_FIND: Final = 0.95
"""In so many of its trials extra work must be found."""
EQUAL: Final = 20
"""In so many duels of each series equal sides must raise no alarm."""
# Of the shares that trials show, which are few.
_SURE: Final = 0.95


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """What must be found: a share of extra work, in so many seconds a trial; 0.0: no alarm."""

    scenario: str
    cells: str = ""  # a pattern of their titles
    share: float = 0.05
    seconds: float = 15.0
    metrics: tuple[str, ...] = ()  # by default all that extra work reaches

    @property
    def title(self) -> str:
        """The target as people call it: `single_thread, 2 % more in 15 s`."""
        what = f"{self.share * 100:g} % more" if self.share else "equal sides"
        return f"{self.scenario}, {what} in {self.seconds:g} s"

    def has(self, cell: SuiteCell) -> bool:
        """Tell whether a cell is one of its own."""
        return cell.scenario == self.scenario and re.search(self.cells, cell.title) is not None


TARGETS: Final = (
    Target(scenario="single_thread", share=0.02),
    Target(scenario="single_thread", share=0.01, seconds=60),
    Target(
        scenario="cpu_scaling",
        cells=r"\(threads, lcg\)",
        share=0.03,
        seconds=60,
        metrics=("unit_1", "unit_2"),
    ),
    Target(
        scenario="must_scale",
        cells=r"\(threads, function_calls\)",
        share=0.03,
        seconds=60,
        metrics=("op", "op_2"),
    ),
    Target(scenario="lifecycle", cells=r"\((threads|processes-fork), 8, empty\)", seconds=30),
    Target(scenario="shared_set", cells=r"\(threads, lock, cold\)", seconds=60),
    Target(scenario="grain", cells=r"\(threads", seconds=120),
    Target(scenario="pools", cells=r"\(threads, executor\)", seconds=60),
    Target(scenario="data", cells=r"\(interpreters, shared_memory, bytes\)", seconds=60),
    Target(
        scenario="footprint",
        cells=r"\((threads|interpreters), 2\)",
        share=0.03,
        seconds=30,
        metrics=("pss",),  # of which what is added is a share
    ),
)
"""What this kind of machine must find, cell by cell; each has equal sides besides."""


def with_targets(cells: Sequence[SuiteCell]) -> list[SuiteCell]:
    """Return those of which something must be found, or all where there is none."""
    return [c for c in cells if any(target.has(c) for target in TARGETS)] or list(cells)


def targets_of(cell: SuiteCell, share: float | None, seconds: float | None) -> list[Target]:
    """Return what is tried of a cell; a `share` and `seconds` take the place of the targets'."""
    own = [target for target in TARGETS if target.has(cell)] or [Target(scenario=cell.scenario)]
    chosen = [replace(own[0], share=0.0), *own]
    if share is not None:
        chosen = [each for each in chosen if each.share == share] or [replace(own[0], share=share)]
    return [replace(each, seconds=seconds or each.seconds) for each in chosen]


Trial = Sequence[DuelRecord]
"""A duel that was tried: the series by which it ended."""


def tries_of(
    cells: Sequence[SuiteCell], share: float | None = None, seconds: float | None = None
) -> list[tuple[SuiteCell, Target]]:
    """Return each target of each cell, what is told soonest first."""
    every = [(cell, target) for cell in cells for target in targets_of(cell, share, seconds)]
    return sorted(every, key=lambda each: each[1].seconds)


@dataclass(frozen=True, slots=True, kw_only=True)
class SelftestJob:
    """What to try, so many `trials` of each; none is begun later than `within` seconds.

    They are kept in `folder`, the machine's of the results; what is there is gone on with, unless
    `fresh`.
    """

    sides: tuple[Duellist, Duellist]
    cells: Sequence[SuiteCell]
    build: str  # its digest
    folder: Path
    share: float | None = None
    seconds: float | None = None
    trials: int = EQUAL
    within: float = math.inf
    fresh: bool = False

    @property
    def path(self) -> Path:
        """Where the trials go."""
        side = self.sides[0]
        return self.folder / f"{side.release}-{side.arm.name}-{side.flavour}{TRIALS}"

    def duel(self, cell: SuiteCell, target: Target) -> DuelJob:
        """Return one of the duels: each has orders and layouts of its own."""
        first, second = self.sides
        return DuelJob(
            sides=(first, replace(second, extra=target.share)),
            cells=[cell],
            budget=target.seconds,
            folder=self.folder,
            seed=secrets.randbelow(2**32),
            margin=target.share / 2 or None,
            metrics=target.metrics,
        )


def on_record(
    duels: Iterable[DuelRecord], tries: Iterable[tuple[SuiteCell, Target]]
) -> dict[tuple[str, Target], list[Trial]]:
    """Return the trials of each cell's present work, by its title and what was asked of it."""
    found: dict[tuple[object, ...], dict[int, list[DuelRecord]]] = {}
    for duel in duels:
        asked = duel.key, duel.version, duel.sides[1].extra, duel.budget
        found.setdefault(asked, {}).setdefault(duel.seed, []).append(duel)
    return {
        (cell.title, target): list(
            found.get((cell.key, cell.version, target.share, target.seconds), {}).values()
        )
        for cell, target in tries
    }


@cache
def _word(series: sequential.Series) -> Word:
    return sequential.look(series).verdict.word


class Outcome(StrEnum):
    """What the trials of a target say of it."""

    MET = "met"
    MISSED = "not met"
    OPEN = "too few trials"


@dataclass(frozen=True, slots=True, kw_only=True)
class Tried:
    """The trials of a target, or of one of its series."""

    target: Target
    trials: Sequence[Trial]

    @property
    def hits(self) -> int:
        """In how many trials all series were found, or of equal sides any raised an alarm."""
        if self.target.share:
            return sum(all(_word(series_of(d)) == Word.WORSE for d in each) for each in self.trials)
        alarms = {Word.WORSE, Word.BETTER}
        return sum(any(_word(series_of(d)) in alarms for d in each) for each in self.trials)

    @property
    def interval(self) -> tuple[float, float]:
        """The exact interval of the share of hits (Clopper and Pearson)."""
        found = stats.binomtest(self.hits, len(self.trials)).proportion_ci(_SURE, "exact")
        return float(found.low), float(found.high)

    @property
    def series(self) -> dict[str, Tried]:
        """Each series by its title, with its own part of the trials."""
        own: dict[str, list[Trial]] = {}
        for trial in self.trials:
            for duel in trial:
                own.setdefault(duel.title, []).append([duel])
        return {title: Tried(target=self.target, trials=own[title]) for title in own}

    @property
    def outcome(self) -> Outcome:
        """What is sure: of all trials together, and that no series is an exception."""
        each = self.series.values()
        if not self.target.share:
            missed, met = self.hits > 0, min(len(own.trials) for own in each) >= EQUAL
        else:
            missed = min(own.interval[1] for own in (self, *each)) < MUST_FIND
            met = self.interval[0] >= MUST_FIND
        return Outcome.MISSED if missed else Outcome.MET if met else Outcome.OPEN

    @property
    def seconds(self) -> tuple[float, float]:
        """Of a trial: the middle one, and the most."""
        taken = [trial[0].seconds for trial in self.trials]
        return statistics.median(taken), max(taken)

    @property
    def limit(self) -> dict[str, float]:
        """What one series comes to in the middle trial, and what limits it: the spread of a pair.

        It `needs` so many pairs, and `needs_seconds`, to be found in 19 of 20 trials.
        """
        logs = [[pair[0] for pair in duel.pairs] for trial in self.trials for duel in trial]
        spread = statistics.median(map(statistics.stdev, logs))
        gap = math.log1p(self.target.share or self.trials[0][0].margin)
        needs = sequential.needed(gap, spread)
        each = (trial[0].seconds / len(own) for trial, own in zip(self.trials, logs, strict=True))
        return {
            "effect": math.exp(statistics.median(map(statistics.median, logs))),
            "pairs": statistics.median(map(len, logs)),
            "spread": spread,
            "needs": needs,
            "needs_seconds": needs * statistics.median(each),
        }

    def record(self) -> dict[str, Any]:
        """Return the counts for programs."""
        words = Counter(_word(series_of(duel)) for trial in self.trials for duel in trial)
        return {
            "share": self.target.share,
            "trials": len(self.trials),
            "found" if self.target.share else "alarms": self.hits,
            "interval": self.interval,
            "words": words,
            "seconds": self.seconds,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class SelftestResult:
    """What came of a job; cells that had no trial are lost; `left` are for another call."""

    job: SelftestJob
    trials: dict[Target, list[Trial]] = field(default_factory=dict)
    lost: dict[tuple[str, float], SideError] = field(default_factory=dict)
    left: Counter[Target] = field(default_factory=Counter)

    @property
    def tried(self) -> list[Tried]:
        """Target by target."""
        return [Tried(target=each, trials=own) for each, own in self.trials.items() if own]

    @property
    def passed(self) -> bool:
        """Tell whether something was tried and no target is surely missed."""
        tried = self.tried
        return bool(tried) and all(each.outcome is not Outcome.MISSED for each in tried)


def run(job: SelftestJob, console: Console) -> SelftestResult:
    """Try each target of each cell in turn, a round of all after the other; keep each at once.

    Raises `ResultsError` if the file is damaged, of another build or cannot be written, and what
    all cells would meet.
    """
    MEASURING_LOCK.acquire()
    file, tries = _before(job), tries_of(job.cells, job.share, job.seconds)
    introduce(job.folder.parent, job.folder.name)
    begun, sitting = time.monotonic(), datetime.now(UTC).isoformat()
    done = on_record(file.duels, tries)
    result = SelftestResult(job=job, trials={target: [] for _, target in tries})
    for (_, target), own in done.items():
        result.trials[target].extend(own[: job.trials])
    missing = [
        (cell, target)
        for number in range(job.trials)
        for cell, target in tries
        if number >= len(done[cell.title, target])
    ]
    if count := sum(map(len, result.trials.values())):
        console.print(
            f"{count} of {count + len(missing)} trials were measured by {file.duels[-1].sitting} "
            f"and are in {job.path}: they are reused. --fresh measures them again.",
            soft_wrap=True,
        )
    took = False
    with bar(console, min(sum(target.seconds for _, target in missing), job.within)) as shown:
        for cell, target in missing:
            if (cell.title, target.share) in result.lost:
                continue
            if took and time.monotonic() - begun >= job.within:
                result.left[target] += 1
                continue
            bout = Bout(job=job.duel(cell, target), cell=cell, sitting=sitting)
            try:
                measured = bout.measured(shown)
            except SideError as failed:
                if isinstance(failed.error, (InterpreterError, UsageError)):
                    raise failed.error from failed
                result.lost[cell.title, target.share] = failed
                continue
            trial, took = tuple(bout.leading(measured)), True
            file = file.of((*file.duels, *trial), measured)
            write_duels(job.path, file)
            shown.begin("", part=cell.title, weight=target.seconds)
            result.trials[target].append(trial)
    if not result.tried:
        raise _nothing_tried(result.lost.values())
    return result


def _before(job: SelftestJob) -> DuelFile:
    """Return what is on record of present work; refuses to mix two builds, or conditions."""
    file, cells = read_duels(job.path) or DuelFile(), {cell.key: cell for cell in job.cells}
    kept = [
        duel
        for duel in file.duels
        if not (cell := cells.get(duel.key)) or (duel.version == cell.version and not job.fresh)
    ]
    for name, machine in {(duel.sides[0].build, duel.machine) for duel in kept}:
        build = PythonBuild.from_record(file.builds.get(name, {})).digest
        there, here = file.machines.get(machine, {}), machine_record()
        unlike = ["build"] * (build != job.build)
        if unlike := [*unlike, *(f for f in CONDITIONS if there.get(f) != here.get(f))]:
            raise ResultsError(
                f"{job.path.name} has trials of another {' and another '.join(unlike)}: they are "
                "never mixed.",
                hint="Move it away, or have --fresh measure these cells anew.",
            )
    return file.of(tuple(kept))


def _nothing_tried(lost: Collection[SideError]) -> FtbenchError:
    errors = [failed.error for failed in lost]
    absent = all(isinstance(error, NotAvailableError) for error in errors)
    story = "\n".join(dict.fromkeys(error.message for error in errors))
    kind = NotAvailableError if absent else WorkerFailedError
    return kind("No cell could be tried.", story=story)


SCHEMA: Final = {"name": "ftbench.selftest", "version": 3}


def document_of(result: SelftestResult) -> Document:
    """Return the document: the targets, their series and what limits them."""
    targets = replace(target_table(result.tried), notes=tuple(_notes(result)))
    return Document(
        title=f"What duels find here. {result.job.sides[0].title}",
        record={
            "schema": SCHEMA,
            "passed": result.passed,
            "targets": [
                {
                    "target": tried.target.title,
                    "outcome": tried.outcome,
                    **tried.record(),
                    "series": [
                        {"series": title, **own.record(), **own.limit}
                        for title, own in tried.series.items()
                    ],
                }
                for tried in result.tried
            ],
            "lost": [
                {"cell": cell, "share": share, "reason": str(failed)}
                for (cell, share), failed in result.lost.items()
            ],
            "left": {target.title: count for target, count in result.left.items()},
        },
        parts=(Part(tables=(targets, series_table(result.tried))),),
    )


_TONES: Final = {Outcome.MET: Tone.GOOD, Outcome.MISSED: Tone.BAD, Outcome.OPEN: Tone.PLAIN}


def target_table(tried: Sequence[Tried]) -> Table:
    """Return a row per target."""
    rows = tuple(
        Row(
            cells=(
                each.target.title,
                str(each.outcome),
                _found(each),
                _seconds(each),
            ),
            tone=_TONES[each.outcome],
        )
        for each in tried
    )
    columns = "target", "outcome", "found", "seconds"
    return Table(columns=columns, rows=rows, numbers=2)


def _found(tried: Tried) -> str:
    low, high = (f"{end * 100:.3g}" for end in tried.interval)
    alarms = "" if tried.target.share else " alarmed"
    return f"{tried.hits} of {len(tried.trials)}{alarms} ({low}\N{EN DASH}{high} %)"


def _seconds(tried: Tried) -> str:
    middle, most = tried.seconds
    return f"{middle:.1f}, at most {most:.1f}"


def _notes(result: SelftestResult) -> Iterator[str]:
    yield (
        "Each trial is a duel of the interpreter against itself, judged alone, with work added to "
        "B: found where all its series are worse; of equal sides alarmed where one is worse or "
        f"better. In brackets: the exact {_SURE:.0%} interval. Met: surely found in "
        f"{MUST_FIND:.0%} of all trials, or {EQUAL} of each series without an alarm. Not met: "
        "surely fewer, of one series at least, or an alarm."
    )
    ran = [trial[0] for each in result.trials.values() for trial in each]
    if disturbed := sum(duel.disturbed for duel in ran):
        of = sum(len(duel.pairs) for duel in ran)
        busy = f"Other load disturbed {disturbed} of {of} pairs"
        yield f"{busy}: on a quiet machine more is found."
    if left := result.left.total():
        most = about(sum(target.seconds * count for target, count in result.left.items()))
        which = plural(left, "trial is", "trials are")
        yield f"{which} left, {most} at most: another call goes on."
    if never := [target.title for target, own in result.trials.items() if not own]:
        yield f"Not tried yet: {'; '.join(never)}."
    for (cell, share), failed in result.lost.items():
        yield f"without trials: {cell}, {share * 100:g} % more: {failed}"
    yield f"Kept in {result.job.path.name}, beside the machine's other results."


_LIMITS: Final = (
    "Pairs: of the middle trial. Spread: the standard deviation of a pair. Needs: the pairs, and "
    "their seconds, with which 19 of 20 trials find it, or call equal sides the same; no series "
    f"ends before {sequential.fewest()}, none goes beyond {sequential.MOST_PAIRS}. With half the "
    "spread, by quieter cores or more rounds a pair, those above the least are a quarter."
)


def series_table(tried: Sequence[Tried]) -> Table:
    """Return a row per series, and what limits it; those out of reach are bad."""
    each = [own for every in tried for own in every.series.items()]
    return Table(
        columns=("series", "more", "found", "B / A", "seconds", "pairs", "spread", "needs"),
        rows=tuple(_row(title, own) for title, own in each),
        numbers=7,
        notes=(_LIMITS,),
    )


def _row(title: str, own: Tried) -> Row:
    limit = own.limit
    needs, took = limit["needs"], limit["needs_seconds"]
    cells = (
        title,
        f"{own.target.share * 100:g} %",
        _found(own),
        f"{limit['effect']:.4f}",
        _seconds(own),
        f"{limit['pairs']:g}",
        f"{limit['spread']:.2%}",
        f"{needs} ({took:.0f} s)",
    )
    within = needs <= sequential.MOST_PAIRS and took <= own.target.seconds
    return Row(cells=cells, tone=Tone.PLAIN if within else Tone.BAD)
