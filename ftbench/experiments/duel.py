"""Duels: two sides in turn, pair by pair of fresh processes, until each series is decided.

Wall clock and CPU time are series of their own: beside other load the latter is the steadier one.
"""

from __future__ import annotations

import random
import statistics
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final

import msgspec
from rich.console import Console

from ftbench.asv.machines import introduce
from ftbench.errors import (
    FtbenchError,
    InterpreterError,
    LostError,
    NotAvailableError,
    NothingError,
    RegressionError,
    UsageError,
)
from ftbench.experiments.harness import MOST_FAILURES, environment_folder, taken_over
from ftbench.experiments.suite import SuiteCell
from ftbench.experiments.turns import (
    MOST_SECONDS,
    SECONDS,
    Duellist,
    Layout,
    Pair,
    SideError,
    log_ratio,
    take,
)
from ftbench.facts.arms import Arm
from ftbench.facts.modes import mode_named
from ftbench.facts.units import SAME, amount, kept, margin_of, plural
from ftbench.probe.instruments.interference import between, look
from ftbench.probe.instruments.machine import load, machine_record
from ftbench.probe.scenarios.base import scenario_named
from ftbench.progress import Bar, bar
from ftbench.pythons import Interpreter, venvs
from ftbench.report.document import Document, Part, Row, Table
from ftbench.report.words import NONE, TONES
from ftbench.results.duels import DuelFile, duel_path, read_duels, series_of, write_duels
from ftbench.results.figure import SeriesKey
from ftbench.results.journal import Journal
from ftbench.results.records import DuelRecord, DuelSide, digest_of
from ftbench.statistics import sequential
from ftbench.statistics.verdict import Verdict, Word

USUAL: Final = r"^single_thread\."
_CERTAIN: Final = (NotAvailableError, InterpreterError, UsageError)  # another pair has it too
# The rounds of so many pairs take no more than the budget: no fewer than `sequential.fewest`, for
# processes start, too, and some series need more.
_PAIRS: Final = 20
CPU: Final = "cpu"  # judged where each round has it, whether or not it has a benchmark


def duellist(
    name: str, interpreter: Interpreter, arm: Arm, mode: str | None = None, extra: float = 0.0
) -> Duellist:
    """Return a side; makes its environment if need be, and raises `InterpreterError`."""
    return Duellist(
        name=name,
        python=venvs.ready(environment_folder(interpreter), interpreter),
        release=interpreter.release.name,
        flavour=interpreter.build.flavour,
        arm=arm,
        mode=mode,
        extra=extra,
    )


def side_of(side: Duellist, mode: str, build: str = "") -> DuelSide:
    """Return the record of a side: in its own mode, or else `mode`, by a build's digest."""
    return DuelSide(
        release=side.release,
        arm=side.arm.name,
        flavour=side.flavour,
        mode=side.mode or mode,
        build=build,
        extra=side.extra,
    )


def cells_of(cells: Sequence[SuiteCell], mode: str | None, other: str | None) -> list[SuiteCell]:
    """Return the cells of a mode that there are in the `other` one too; raises `UsageError`."""
    if other and not mode:
        raise UsageError("--mode-b goes with --mode, which says what it is compared with.")
    for name in filter(None, (mode, other)):
        mode_named(name)

    def has(cell: SuiteCell, wanted: str) -> bool:
        scenario = scenario_named(cell.scenario)
        return scenario.why_not(mode_named(wanted), scenario.parse(cell.params)) is None

    chosen = [each for each in cells if mode in {None, each.mode} and has(each, other or each.mode)]
    if not chosen:
        raise UsageError(
            f"None of these cells has {' and '.join(filter(None, (mode, other)))}.",
            hint=f"--bench chooses others; these have {', '.join({c.mode: 0 for c in cells})}.",
        )
    return chosen


def series_in(cells: Sequence[SuiteCell]) -> int:
    """Return how many series at most are judged of cells, each metric and CPU time of its own."""
    return sum(len({*cell.metrics, CPU}) for cell in cells)


@dataclass(frozen=True, slots=True, kw_only=True)
class DuelJob:
    """What to measure: `budget` in seconds and at most `pairs` a cell, kept in `folder`."""

    sides: tuple[Duellist, Duellist]
    cells: Sequence[SuiteCell]
    budget: float
    folder: Path  # the machine's, of the results
    pairs: int = sequential.MOST_PAIRS
    among: int = 1  # so many series are judged together
    seed: int = 0
    margin: float | None = None  # a share; by default that of each unit
    metrics: Sequence[str] = ()  # those by which a bout ends; by default those that are slowed

    @property
    def path(self) -> Path:
        """Where the duels go."""
        first, second = (side_of(side, "") for side in self.sides)
        return duel_path(self.folder, first, second)

    @property
    def asked(self) -> list[Any]:
        """The request, which names its journal."""
        sides = [(side.title, str(side.python)) for side in self.sides]
        cells = [(cell.title, *sorted(cell.metrics)) for cell in self.cells]
        limits = self.budget, self.pairs, self.margin
        return ["duel", str(self.path.absolute()), sides, cells, *limits]


@dataclass(frozen=True, slots=True, kw_only=True)
class DuelResult:
    """What came of a job; the `lost` are cells of which a side failed, or did `once` in a pair."""

    job: DuelJob
    duels: list[DuelRecord] = field(default_factory=list)
    lost: dict[str, SideError] = field(default_factory=dict)
    once: dict[str, SideError] = field(default_factory=dict)

    @property
    def left_out(self) -> dict[str, list[str]]:
        """Metrics that were asked for and have no pairs, by cell, of those that have any."""
        found: dict[SeriesKey, set[str]] = {}
        for duel in self.duels:
            found.setdefault(duel.key, set()).add(duel.metric)
        left = {
            cell.title: [name for name in cell.metrics if name not in found[cell.key]]
            for cell in self.job.cells
            if cell.key in found
        }
        return {title: names for title, names in left.items() if names}

    @property
    def judged(self) -> list[tuple[DuelRecord, Verdict]]:
        """What all the series together say of each."""
        verdicts = sequential.judge_series(list(map(series_of, self.duels))).verdicts
        return list(zip(self.duels, verdicts, strict=True))


def run(job: DuelJob, console: Console, journal: Journal) -> DuelResult:
    """Measure, keep each cell's series at once, and show progress on `console`.

    Raises `ResultsError` if the file is damaged or cannot be written, `InterpreterError` and
    `UsageError` for what all cells would meet.
    """
    read_duels(job.path)
    introduce(job.folder.parent, job.folder.name)
    taken = {cell.title: journal.whole([cell.title]) for cell in job.cells}
    for ((_, records),) in filter(None, taken.values()):  # one that is gone on with has its seed
        job = replace(job, seed=records[0]["seed"])
    result = DuelResult(job=job)
    left = [cell for cell in job.cells if not taken[cell.title]]
    if count := len(taken) - len(left):
        console.print(taken_over(count, len(taken), journal, "cells"), soft_wrap=True)
    with bar(console, len(left) * job.budget) as shown:
        for cell in left:
            bout = Bout(job=job, cell=cell, sitting=journal.run)
            try:
                file = bout.measured(shown)
            except SideError as failed:
                if isinstance(failed.error, (InterpreterError, UsageError)):
                    raise failed.error from failed
                result.lost[cell.title] = failed
            else:
                if bout.failed:
                    result.once[cell.title] = bout.failed[0]
                whole = (read_duels(job.path) or DuelFile()).with_duels(file)
                write_duels(job.path, whole)
                own = {duel.asked for duel in file.duels}
                records = [msgspec.to_builtins(d) for d in whole.duels if d.asked in own]
                journal.add(cell.title, records)
                taken[cell.title] = [(journal.run, records)]
            shown.begin("", part=cell.title, weight=job.budget)
    every = (record for kept in taken.values() for _, records in kept for record in records)
    result.duels.extend(msgspec.convert(record, DuelRecord) for record in every)
    return result


@dataclass(slots=True, kw_only=True)
class Bout:
    """One cell of both sides, and the pairs that it has had."""

    job: DuelJob
    cell: SuiteCell
    sitting: str
    begun: float = field(default_factory=time.monotonic)
    load: float | None = field(default_factory=load)
    machine: dict[str, Any] = field(default_factory=machine_record)
    pairs: list[Pair] = field(default_factory=list)
    disturbed: int = 0
    failed: list[SideError] = field(default_factory=list)

    def measured(self, shown: Bar) -> DuelFile:
        """Take pairs until all is decided or the budget is spent; return the file of them alone."""
        alone = {side.mode or self.cell.mode for side in self.job.sides} == {"serial"}
        words, file = "", DuelFile()
        while not self._ended(file):
            step = f"{self.cell.title}, pair {len(self.pairs) + 1}{words}"
            shown.begin(step, part=self.cell.title, weight=0)
            calm, number = look(), len(self.pairs)
            seed = f"{self.job.seed} {self.cell.title} {number}"
            draw = random.Random(seed)  # noqa: S311 - no secrets here
            try:
                layout = Layout.drawn(number, draw, alone=alone)
                seconds = max(SECONDS, min(MOST_SECONDS, self.job.budget / _PAIRS))
                pair = take(self.job.sides, self.cell, layout, draw, seconds=seconds)
            except SideError as failed:
                self.failed.append(failed)
                if isinstance(failed.error, _CERTAIN) or len(self.failed) >= MOST_FAILURES:
                    raise
                continue
            self.pairs.append(pair)
            met = between(calm, look(), tree=pair.cpu, noticed=pair.noticed)
            self.disturbed += met.get("marked", False)
            file = self._file()
            words = "".join(
                f"; {duel.metric} {effect(self._seen(duel).verdict)}" for duel in self.leading(file)
            )
        return file

    def _ended(self, file: DuelFile) -> bool:
        """Tell whether all that extra work would reach is decided, or nothing is left."""
        first = self.leading(file)
        decided = bool(first) and not any(self._seen(duel).more for duel in first)
        spent = time.monotonic() - self.begun >= self.job.budget
        least = sequential.fewest(among=self.job.among) if spent else self.job.pairs
        return decided or len(self.pairs) >= min(least, self.job.pairs)

    def leading(self, file: DuelFile) -> Sequence[DuelRecord]:
        """Return the series by which a bout ends, else all."""
        names = self.job.metrics or scenario_named(self.cell.scenario).slowed
        return [duel for duel in file.duels if duel.metric in names] or file.duels

    def _seen(self, duel: DuelRecord) -> sequential.Look:
        return sequential.look(series_of(duel), among=self.job.among)

    def _file(self) -> DuelFile:
        names = [
            name
            for name in dict.fromkeys((*self.cell.metrics, CPU, *self.job.metrics))
            if all(name in pair.costs for pair in self.pairs)
        ]
        if not names:
            raise SideError(0, NotAvailableError("None of its metrics has a sample a round."))
        return DuelFile(
            builds={digest_of(build): build for build in self.pairs[0].builds},
            machines={digest_of(self.machine): self.machine},
            duels=tuple(map(self._record, names)),
        )

    def _record(self, metric: str) -> DuelRecord:
        unit = self.pairs[0].units[metric]
        (first, second), builds = self.job.sides, list(map(digest_of, self.pairs[0].builds))
        return DuelRecord(
            group=self.cell.group,
            params=self.cell.texts,
            metric=metric,
            unit=unit,
            version=self.cell.version,
            sides=(
                side_of(first, self.cell.mode, builds[0]),
                side_of(second, self.cell.mode, builds[1]),
            ),
            machine=digest_of(self.machine),
            sitting=self.sitting,
            seed=self.job.seed,
            rounds=statistics.median_low(pair.rounds for pair in self.pairs),
            margin=margin_of(unit) if self.job.margin is None else self.job.margin,
            pairs=tuple(_of_pair(pair.costs[metric]) for pair in self.pairs),
            fixed=all(pair.fixed for pair in self.pairs),
            load=self.load,
            disturbed=self.disturbed,
            budget=self.job.budget,
            seconds=round(time.monotonic() - self.begun, 2),
        )


def _of_pair(costs: Sequence[tuple[float, float]]) -> tuple[float, float, float]:
    """Return the median of the log ratios, round by round, and the medians of both sides."""
    first, second = (statistics.median(own) for own in zip(*costs, strict=True))
    return round(log_ratio(costs), 6), kept(first), kept(second)


def alarm(result: DuelResult) -> FtbenchError | None:
    """Return what a gate must not let through, as `ftbench compare`; None if nothing is worse."""
    worse = sum(verdict.word is Word.WORSE for _, verdict in result.judged)
    lost = [
        failed
        for failed in result.lost.values()
        if failed.number and not isinstance(failed.error, NotAvailableError)
    ]
    told = f"{plural(worse, 'series is', 'series are')} worse." if worse else ""
    if lost:
        what = plural(len(lost), "cell that A ran", "cells that A ran")
        return LostError(f"{what} failed on B. {told}".strip(), hint=str(lost[0]))
    if worse:
        return RegressionError(told)
    if result.duels:
        return None
    reasons = dict.fromkeys(str(failed) for failed in result.lost.values())
    return NothingError("Nothing could be compared.", hint="\n".join(reasons))


SCHEMA: Final = {"name": "ftbench.duel", "version": 1}


def document_of(result: DuelResult) -> Document:
    """Return the document: a row per series, and below it what the words rest on."""
    raised, first, margin = alarm(result), result.job.sides[0], result.job.margin
    own = margin is not None and f"Differences of at most {margin * 100:g} % count as the same."
    flavours = " and ".join(dict.fromkeys(side.flavour for side in result.job.sides))
    unlike = f"The builds are of different kinds: a difference is also one between {flavours}."
    return Document(
        title=f"{first.title}. {result.job.sides[1].title}.",
        record={
            "schema": SCHEMA,
            "exit_code": raised.exit_code if raised else 0,
            "duels": [
                {**msgspec.to_builtins(duel), **_said(verdict)} for duel, verdict in result.judged
            ],
            **{
                name: [{"cell": cell, "reason": str(why)} for cell, why in cells.items()]
                for name, cells in (("lost", result.lost), ("failed_once", result.once))
            },
            "left_out": result.left_out,
        },
        lines=(
            *([unlike] if " and " in flavours else []),
            f"Everything is a cost, so B / A above 1 is worse. {own or SAME}",
        ),
        parts=(Part(tables=(_table(result),)),),
    )


def _said(verdict: Verdict) -> dict[str, Any]:
    found = verdict.effect
    ends = found and found.interval
    return {
        "word": verdict.word,
        "effect": found and found.value,
        "interval": ends and [ends.low, ends.high],
        "needs": verdict.needs,
    }


def effect(verdict: Verdict) -> str:
    """Return the ratio and its interval, which few pairs have not yet."""
    if verdict.effect is None:
        return NONE
    ends = verdict.effect.interval
    between = f" ({ends.low:.4f} \N{EN DASH} {ends.high:.4f})" if ends else ""
    return f"{verdict.effect.value:.4f}{between}"


def _table(result: DuelResult) -> Table:
    return Table(
        columns=("verdict", "series", "A", "B", "B / A", "pairs"),
        rows=tuple(_row(*each) for each in result.judged),
        numbers=4,
        notes=tuple(_notes(result)),
    )


def _row(duel: DuelRecord, verdict: Verdict) -> Row:
    first, second = (statistics.median(pair[side] for pair in duel.pairs) for side in (1, 2))
    return Row(
        cells=(
            str(verdict.word),
            duel.title,
            *(amount(each, duel.unit) for each in (first, second)),
            effect(verdict),
            str(len(duel.pairs)) + (f", needs {verdict.needs} more" if verdict.needs else ""),
        ),
        tone=TONES[verdict.word],
    )


def _notes(result: DuelResult) -> Iterator[str]:
    counted = Counter(verdict.word for _, verdict in result.judged)
    counts = ", ".join(f"{counted[word]} {word}" for word in Word if counted[word])
    yield f"{plural(len(result.duels), 'series', 'series')}: {counts or 'nothing'}."
    yield (
        "A pair is two fresh processes that do their rounds, or where memory is looked at all, in "
        "turn, in a drawn order. B / A is the middle of the pairs, each the median of its rounds. "
        f"Of a cell: {result.job.budget:g} s, or as long as the fewest pairs take that can decide, "
        f"and at most {result.job.pairs} pairs; a repeat adds to the pairs on record. "
        f"Seed: {result.job.seed}."
    )
    if not all(duel.fixed for duel in result.duels):
        yield "The system randomized addresses for each process, which adds noise."
    if disturbed := sum({duel.key: duel.disturbed for duel in result.duels}.values()):
        yield f"Other load disturbed {plural(disturbed, 'pair', 'pairs')}."
    cells = Counter(tuple(names) for names in result.left_out.values())
    for names, count in cells.items():
        yield (
            f"not compared, for want of a sample a round that costs something on both sides: "
            f"{', '.join(names)} of {plural(count, 'cell', 'cells')}"
        )
    for cell, failed in result.lost.items():
        ended = f"failed in {MOST_FAILURES} pairs, which ends a cell"
        state = "skipped" if isinstance(failed.error, NotAvailableError) else ended
        yield f"{state}: {cell}: {failed}"
    for cell, failed in result.once.items():
        yield f"failed once, in a pair that does not count: {cell}: {failed.error.message}"
    if result.duels:
        seconds = sum({duel.key: duel.seconds for duel in result.duels}.values())
        yield f"All cells took {seconds:.0f} s. Kept in {result.job.path}."
