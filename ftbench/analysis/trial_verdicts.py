"""Judges a trial against an earlier one of the same function: worse, better, the same, lost.

Two sittings: seconds compare by the measuring stick that stood beside both, as far as a call
computes.  Nobody has measured the noise floor of a user's function, so the floor is how far two
sittings may lie apart though nothing changed, and how surely their sticks are known; the spread is
that of the processes of both.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Final

from ftbench.analysis.trials import is_measured, titled
from ftbench.analysis.verdicts import in_words, unlike_builds, unlike_conditions
from ftbench.errors import FtbenchError, LostError, NothingError, RegressionError
from ftbench.facts.units import margin_of, plural, times
from ftbench.results.health import SITTINGS_APART
from ftbench.results.trials import Trial, TrialBuild, TrialCell
from ftbench.statistics.power import LEAST_EFFECT, Floor
from ftbench.statistics.ratio import ratio
from ftbench.statistics.spread import ONE_PROCESS, Processes, estimates
from ftbench.statistics.verdict import Pair, Verdict, Word, judge

SECONDS: Final = "seconds"
BYTES: Final = "bytes"
_NO_STICK: Final = "one of them lacks a measuring stick beside its processes"
_OTHER_STICK: Final = "they used different measuring sticks"


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgedCell:
    """A cost of a cell, before and after."""

    build: TrialBuild
    cell: TrialCell
    unit: str
    pair: Pair  # seconds after at the speed of the stick before
    verdict: Verdict

    @property
    def title(self) -> str:
        """What it is of: "3.14.7t, ThreadPoolExecutor (2), memory"."""
        of = ", memory" if self.unit == BYTES else ""
        return f"{self.build.name}, {titled(self.cell)}{of}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """What became of a function since; with `reasons` nothing is compared."""

    reasons: tuple[str, ...] = ()
    cells: tuple[JudgedCell, ...] = ()
    lost: tuple[tuple[str, str], ...] = ()  # what was measured before, and what became of it
    notes: tuple[str, ...] = ()


def against(before: Trial, after: Trial) -> Judged:
    """Judge every cell that both have: of one arm, mode and number of workers."""
    if reasons := tuple(_unlike(before, after)):
        return Judged(reasons=reasons)
    builds = _builds(before, after)
    cells = {
        (builds[cell.build].name if cell.build in builds else cell.build, *_key(cell)): cell
        for cell in before.cells
        if is_measured(cell)
    }
    later = {(cell.build, *_key(cell)): cell for cell in after.cells}
    speed = _speed(before, after)
    found: list[JudgedCell] = []
    lost = []
    for key, first in cells.items():
        second = later.get(key)
        if second is not None and is_measured(second):
            build = after.build(second.build)
            differs = in_words(unlike_builds([before.build(first.build).build], [build.build]))
            for unit, pair, verdict in _costs(first, second, speed, differs):
                found.append(
                    JudgedCell(build=build, cell=second, unit=unit, pair=pair, verdict=verdict)
                )
        elif second is None or not second.skipped:
            what = f"failed: {second.failed}" if second and second.failed else "not measured"
            lost.append((f"{first.build}, {titled(first)}", what))
    verdicts = judge([each.pair for each in found]).verdicts
    return Judged(
        cells=tuple(
            replace(each, verdict=_said(each.verdict, verdict))
            for each, verdict in zip(found, verdicts, strict=True)
        ),
        lost=tuple(lost),
        notes=tuple(_notes(before, after, speed)),
    )


def _said(known: Verdict, judged: Verdict) -> Verdict:
    """Return the verdict; what was not judged, and is known why, has its effect all the same."""
    return replace(known, effect=judged.effect) if known.why else judged


def _key(cell: TrialCell) -> tuple[str, int]:
    return cell.mode, cell.workers


def _unlike(before: Trial, after: Trial) -> Iterator[str]:
    """Yield why two trials cannot be compared at all."""
    machines = [trial.machine.get("identity") for trial in (before, after)]
    if None in machines or machines[0] != machines[1]:
        yield "they are not known to be of one machine"
    elif conditions := unlike_conditions([before.machine], [after.machine]):
        yield in_words(conditions)
    asked = [
        {"target": each.target, "check": each.check, "number of inputs": each.inputs, **each.asked}
        for each in (before, after)
    ]
    for name in dict.fromkeys(name for each in asked for name in each):
        if asked[0].get(name) != asked[1].get(name):
            yield f"the {name.replace('_', ' ')} differs"


def _builds(before: Trial, after: Trial) -> dict[str, TrialBuild]:
    """Return what each build of before is after: that of its name, or else the one of its arm."""
    found: dict[str, TrialBuild] = {}
    for build in before.builds:
        same = [each for each in after.builds if each.name == build.name]
        of_arm = [each for each in after.builds if each.arm == build.arm]
        alone = sum(each.arm == build.arm for each in before.builds) == 1 == len(of_arm)
        if meant := same or (of_arm if alone else []):
            found[build.name] = meant[0]
    return found


@dataclass(frozen=True, slots=True, kw_only=True)
class _Speed:
    """What brings seconds after to the speed before, and the floor of two sittings; or why not."""

    factor: float = 1.0
    slower: float = 1.0  # the stick after over before
    apart: float = 0.0
    why: str = ""


def _speed(before: Trial, after: Trial) -> _Speed:
    sides = [
        tuple((each.stick,) for cell in trial.cells if is_measured(cell) for each in cell.processes)
        for trial in (before, after)
    ]
    if not all(estimates(sides).usable.tolist()):
        return _Speed(why=_NO_STICK)
    if before.stick != after.stick:
        return _Speed(why=f"{_OTHER_STICK} ({before.stick}, {after.stick})")
    slower = ratio(sides[1], sides[0])
    if slower.interval is None:
        return _Speed(why="a single process does not give the stick's speed")
    # What waits is as long, however fast the machine is.
    share = min(max(after.cpu_share, 0.0), 1.0)
    return _Speed(
        factor=1 + share * (1 / slower.value - 1),
        slower=slower.value,
        apart=(1 + SITTINGS_APART) * slower.interval.high / slower.value - 1,
    )


def _costs(
    first: TrialCell, second: TrialCell, speed: _Speed, differs: str
) -> Iterator[tuple[str, Pair, Verdict]]:
    """Yield each cost of a cell; with a reason in its verdict it is not to be judged."""
    before, after = (tuple(each.rounds for each in cell.processes) for cell in (first, second))
    after = tuple(tuple(sample * speed.factor for sample in own) for own in after)
    why = Verdict(word=Word.INCOMPARABLE, why=differs)
    elsewhere = Verdict(word=Word.ELSEWHERE, why=speed.why)
    yield _cost(SECONDS, before, after, why if differs else elsewhere, apart=speed.apart)
    if first.memory and second.memory:
        if first.memory_kind != second.memory_kind:
            why = replace(why, why=f"{first.memory_kind} and {second.memory_kind}")
        before, after = (tuple((size,) for size in cell.memory) for cell in (first, second))
        yield _cost(BYTES, before, after, why)


def _cost(
    unit: str, before: Processes, after: Processes, why: Verdict, apart: float = 0.0
) -> tuple[str, Pair, Verdict]:
    known, floor = estimates((before, after)), None
    freedom = int(known.processes.sum()) - 2
    if not why.why and freedom == 0:
        why = Verdict(word=Word.UNDECIDED, why=ONE_PROCESS)
    elif not why.why and known.usable.all():
        floor = Floor(
            spread=math.sqrt(float(known.scatter.sum()) / freedom),
            freedom=1,  # as few as can be: it is the sides' own spread, which must not count twice
            processes=int(known.processes.min()),
            effect=max(apart, LEAST_EFFECT),
        )
    return unit, Pair(before=before, after=after, margin=margin_of(unit), floor=floor), why


def _notes(before: Trial, after: Trial, speed: _Speed) -> Iterator[str]:
    if before.source and after.source and before.source != after.source:
        yield "The function's file has changed since."
    if speed.factor != 1:
        slow = times(speed.slower)
        yield f"The measuring stick took {slow} as long; seconds are given at its earlier speed."
    changed = {
        (name, old, new)
        for one in before.builds
        for other in after.builds
        if one.name == other.name
        for name, new in other.packages.items()
        if (old := one.packages.get(name, new)) != new
    }
    if changed:
        told = ", ".join(f"{name} {old} is {new}" for name, old, new in sorted(changed))
        yield f"Packages have changed since: {told}."


def alarm(judged: Judged) -> FtbenchError | None:
    """Return what a gate must not let through, the gravest; None where nothing is worse."""
    words = [each.verdict.word for each in judged.cells]
    worse = words.count(Word.WORSE)
    told = f"{plural(worse, 'figure is', 'figures are')} worse than before." if worse else ""
    if judged.lost:
        what = plural(len(judged.lost), "mode that was", "modes that were")
        return LostError(f"{what} measured before failed or vanished since. {told}".strip())
    if worse:
        return RegressionError(told)
    if any(each.verdict.p is not None for each in judged.cells):
        return None
    whys = judged.reasons or dict.fromkeys(each.verdict.why for each in judged.cells)
    return NothingError(
        "Nothing could be compared with the earlier trial.",
        hint="\n".join(whys) or "Nothing was measured in both.",
    )
