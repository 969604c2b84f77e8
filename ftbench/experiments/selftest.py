"""Proof of power: equal sides raise no alarm, and work that is added to one of them is found.

Each trial is a duel of its own, with the rule, the budget and the fresh processes of `duel`.
"""

from __future__ import annotations

import math
import statistics
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final

import msgspec
from rich.console import Console
from scipy import stats

from ftbench.errors import InterpreterError, NotAvailableError, UsageError, WorkerFailedError
from ftbench.experiments.duel import Bout, DuelJob
from ftbench.experiments.harness import taken_over
from ftbench.experiments.turns import SideError
from ftbench.facts.units import plural, times
from ftbench.progress import bar
from ftbench.report.document import Document, Part, Row, Table, Tone
from ftbench.report.words import NONE
from ftbench.results.journal import Journal
from ftbench.results.records import DuelRecord
from ftbench.statistics import CONFIDENCE
from ftbench.statistics.verdict import Word

# In so many of its trials extra work must be found.
MUST_FIND: Final = 0.95
# A few cells of different kinds: one thread, workers that come and go, work that is shared, work
# that only crunches, hand-overs.
USUAL: Final = (
    r"single_thread\.SingleThread\..*'calls'|"
    r"lifecycle\.Lifecycle\..*\('threads', 'none', 8, 'article'\)|"
    r"shared_set\.SharedSet\..*\('threads', 'none', 'local', 'cold'\)|"
    r"cpu_scaling\.CpuScaling\..*\('threads', 'none', 'lcg'\)|"
    r"pools\.Pools\..*\('threads', 'none', 'executor'\)"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class SelftestJob:
    """What to try: a duel of equal sides, so many `trials` of it, and of each of the slowdowns."""

    duel: DuelJob
    slowdowns: tuple[float, ...]
    trials: int

    def trial(self, extra: float, number: int) -> DuelJob:
        """Return one of the duels: each has orders and layouts of its own."""
        first, second = self.duel.sides
        return replace(self.duel, sides=(first, replace(second, extra=extra)), seed=number)


@dataclass(frozen=True, slots=True, kw_only=True)
class Level:
    """The trials of one series with a share of extra work, 0.0 for equal sides."""

    extra: float
    duels: list[DuelRecord] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)

    @property
    def effect(self) -> float:
        """The ratio that the middle trial found."""
        logs = [statistics.fmean(log for log, *_ in duel.pairs) for duel in self.duels]
        return math.exp(statistics.median(logs))

    def count(self, *words: Word) -> int:
        """Return how many trials ended with one of these words."""
        return sum(duel.word in words for duel in self.duels)

    @property
    def alarms(self) -> int:
        """How many say that equal sides differ."""
        return 0 if self.extra else self.count(Word.WORSE, Word.BETTER)

    @property
    def missed(self) -> bool:
        """Whether extra work is found too seldom."""
        return self.extra > 0 and self.count(Word.WORSE) < MUST_FIND * len(self.duels)

    @property
    def interval(self) -> tuple[float, float]:
        """Wilson's interval of the share in which it is found."""
        found = stats.binomtest(self.count(Word.WORSE), len(self.duels))
        low, high = found.proportion_ci(CONFIDENCE, "wilson")
        return float(low), float(high)

    def record(self) -> dict[str, Any]:
        """Return it for programs."""
        return {
            "share": self.extra,
            "trials": len(self.duels),
            "effect": self.effect,
            **{str(word): self.count(word) for word in (Word.WORSE, Word.BETTER, Word.SAME)},
            "found_interval": self.interval if self.extra else None,
            "missed": self.missed,
            "seconds": statistics.median(self.seconds),
            "pairs": [len(duel.pairs) for duel in self.duels],
        }

    def text(self) -> str:
        """Return it for readers."""
        effect, seconds = times(self.effect), f"{statistics.median(self.seconds):.0f} s"
        if not self.extra:
            same = self.count(Word.SAME)
            return f"{plural(self.alarms, 'alarm', 'alarms')}, {same} of {len(self.duels)} the same"
        low, high = (round(end * 100) for end in self.interval)
        found = f"{self.count(Word.WORSE) / len(self.duels):.0%} ({low}\N{EN DASH}{high})"
        return f"{effect}, {found}, {seconds}"


@dataclass(frozen=True, slots=True, kw_only=True)
class SelftestResult:
    """What came of a job, by the title of a series and the share; and cells that had no trial."""

    job: SelftestJob
    levels: dict[str, dict[float, Level]] = field(default_factory=dict)
    lost: dict[tuple[str, float], SideError] = field(default_factory=dict)

    @property
    def passed(self) -> bool:
        """Tell whether something was tried, equal things raised no alarm and nothing was missed."""
        every = [level for levels in self.levels.values() for level in levels.values()]
        return bool(every) and not any(level.alarms or level.missed for level in every)


def run(job: SelftestJob, console: Console, journal: Journal) -> SelftestResult:
    """Duel each cell with each share in turn, trial by trial; keep each trial at once."""
    result = SelftestResult(job=job)
    shares = (0.0, *job.slowdowns)
    asked = [
        (cell, extra, n) for n in range(job.trials) for extra in shares for cell in job.duel.cells
    ]
    names = [f"{cell.title} {extra} {number}" for cell, extra, number in asked]
    if count := sum(bool(journal.whole([name])) for name in names):
        console.print(taken_over(count, len(names), journal, "trials"), soft_wrap=True)
    with bar(console, len(asked) * job.duel.budget) as shown:
        for (cell, extra, number), name in zip(asked, names, strict=True):
            if (cell.title, extra) in result.lost:
                continue
            bout = Bout(job=job.trial(extra, number), cell=cell, sitting=journal.run)
            if not (kept := journal.whole([name])):
                try:
                    leading = bout.leading(bout.measured(shown))
                except SideError as failed:
                    if isinstance(failed.error, (InterpreterError, UsageError)):
                        raise failed.error from failed
                    result.lost[cell.title, extra] = failed
                    continue
                seconds = round(time.monotonic() - bout.begun, 1)
                content = [seconds, [msgspec.to_builtins(duel) for duel in leading]]
                journal.add(name, content)
                kept = [(journal.run, content)]
            seconds, records = kept[0][1]
            for duel in (msgspec.convert(record, DuelRecord) for record in records):
                levels = result.levels.setdefault(duel.title, {})
                level = levels.setdefault(extra, Level(extra=extra))
                level.duels.append(duel)
                level.seconds.append(seconds)
            shown.begin("", part=cell.title, weight=job.duel.budget)
    if not result.levels:
        errors = [failed.error for failed in result.lost.values()]
        absent = all(isinstance(error, NotAvailableError) for error in errors)
        story = "\n".join(dict.fromkeys(error.message for error in errors))
        raise (NotAvailableError if absent else WorkerFailedError)(
            "No cell could be tried.", story=story
        )
    return result


SCHEMA: Final = {"name": "ftbench.selftest", "version": 2}


def document_of(result: SelftestResult) -> Document:
    """Return the document: a row per series, a column per share, and below it what it means."""
    job = result.job
    shares = (0.0, *sorted(job.slowdowns))
    table = Table(
        columns=("series", "equal", *(f"{share * 100:g} % more" for share in shares[1:])),
        rows=tuple(_row(title, levels, shares) for title, levels in result.levels.items()),
        numbers=len(shares),
        notes=tuple(_notes(result)),
    )
    return Document(
        title=f"What duels find here. {job.duel.sides[0].title}",
        record={
            "schema": SCHEMA,
            "passed": result.passed,
            "budget": job.duel.budget,
            "series": [
                {"series": title, "levels": [level.record() for level in levels.values()]}
                for title, levels in result.levels.items()
            ],
            "lost": [
                {"cell": cell, "share": extra, "reason": str(failed)}
                for (cell, extra), failed in result.lost.items()
            ],
        },
        parts=(Part(tables=(table,)),),
    )


def _row(title: str, levels: Mapping[float, Level], shares: tuple[float, ...]) -> Row:
    bad = any(level.alarms or level.missed for level in levels.values())
    cells = (levels[share].text() if share in levels else NONE for share in shares)
    return Row(cells=(title, *cells), tone=Tone.BAD if bad else Tone.PLAIN)


def _notes(result: SelftestResult) -> Iterator[str]:
    job = result.job
    yield (
        f"{plural(job.trials, 'duel', 'duels')} of each, of at most {job.duel.budget:g} s. Equal "
        "sides must raise no alarm. Of work that was added to B: the effect that the middle duel "
        f"found, in how many it was called worse, with a {CONFIDENCE:.0%} interval, which must be "
        f"{MUST_FIND:.0%} or more, and the middle duel's seconds."
    )
    for (cell, extra), failed in result.lost.items():
        yield f"without trials: {cell}, {extra:.0%} more: {failed}"
