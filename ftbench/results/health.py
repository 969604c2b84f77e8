"""How steady runs were: the measuring stick beside their cells, and what should cost the same.

Two sittings of a machine compare by the stick.  What computes is given *at its usual speed*: its
seconds over those of the stick in its run, times those that are usual for the machine.  A run has
one speed, the median over all its processes: beside a single one, slices say less than nothing, for
they differ more than most cells do (docs/stick.md).
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import chain
from statistics import median
from typing import Final, NamedTuple

from ftbench.facts.arms import Arm
from ftbench.facts.units import digits, kept
from ftbench.results.figure import Figure, Health
from ftbench.statistics.spread import location

# One worker over the main thread alone, which does the same.
_ALIKE: Final = ("cpu_scaling.CpuScaling.track_relative_1", "native.Native.track_relative_1")
_MEMORY: Final = "bytes"  # it is what it is, however slow the machine
_TENTH: Final = 0.1 + 1e-9
# Of fewer processes the median of a stick is off by more than a hundredth.
_LEAST: Final = 30
# What must_scale finds of threads, and of two processes: so far from 1.00 that may come.
_SHARED: Final = "must_scale.MustScale.track_relative_"
_CONTROLS: Final = tuple(f"must_scale.MustScale.track_control_{each}" for each in ("2", "cpu_2"))
CONTROL_WITHIN: Final = 0.05
OFF_CONTROL: Final = (
    "two processes, which share nothing, are off 1.00 by more than 5 % here: what slowed them "
    "also affects the figure of threads, so it does not judge scaling"
)
# So far apart may figures of two sittings lie in units of one stick, though nothing changed.
SITTINGS_APART: Final = 0.02
AT_USUAL_SPEED: Final = (
    "Times of computing work are at the usual speed of the machine's measuring stick; --format "
    "json also has them as measured."
)


class Sitting(NamedTuple):
    """The stick of a machine's run, and how many times its seconds the usual ones are."""

    stick: str
    factor: float


Sittings = Mapping[tuple[str, str], Sitting]
"""By machine and run, of those that have one stick, and enough of it."""


def far(ratios: Iterable[float]) -> list[float]:
    """Return those of what should be 1 that are more than a tenth off."""
    return [ratio for ratio in ratios if abs(ratio - 1) > _TENTH]


def given(figures: Sequence[Figure]) -> Iterator[Figure]:
    """Yield figures at the usual speed, with how slow the machine was beside them.

    They are marked where that can be felt.
    """
    known: dict[tuple[str, ...], list[float]] = defaultdict(list)
    for each in _cells(figures):
        for run, stick, seconds in each.speeds:
            known[each.machine, run, stick].append(seconds)
    usual = {of: median(seconds) for of, seconds in known.items()}
    sittings = _sittings({of: usual[of] for of, each in known.items() if len(each) >= _LEAST})
    doubtful = {
        _pattern(each)
        for each in figures
        if each.benchmark in _CONTROLS
        and abs((location(each.by_process) or 1.0) - 1) > CONTROL_WITHIN + 1e-9
    }
    for each in figures:
        slow = tuple(took / usual[each.machine, run, stick] for run, stick, took in each.speeds)
        marks = each.interference, "" if each.unit == _MEMORY else _told(slow)
        told = "; ".join(filter(None, marks))
        given = replace(each, slow=slow, interference=told) if slow else each
        if each.benchmark.startswith(_SHARED) and _pattern(each) in doubtful:
            given = replace(given, doubt=OFF_CONTROL)
        yield at_usual_speed(given, sittings) if each.computes else given


def _pattern(figure: Figure) -> tuple[object, ...]:
    return figure.key, figure.params.get("pattern"), "_cpu_" in figure.benchmark


def _sittings(usual: Mapping[tuple[str, ...], float]) -> Sittings:
    of_machine: dict[tuple[str, str], list[float]] = defaultdict(list)
    for (machine, _, stick), seconds in usual.items():
        of_machine[machine, stick].append(seconds)
    runs = Counter((machine, run) for machine, run, _ in usual)
    return {
        (machine, run): Sitting(stick, median(of_machine[machine, stick]) / seconds)
        for (machine, run, stick), seconds in usual.items()
        if runs[machine, run] == 1
    }


def at_usual_speed(figure: Figure, sittings: Sittings) -> Figure:
    """Return what computes at the usual speed of its machine's stick, as it is without one."""
    processes = figure.by_process
    runs = [run for run, *_ in figure.speeds]
    if len(runs) != len(processes):  # nobody knows which of several runs each is of
        runs = [*figure.runs] * len(processes) if len(figure.runs) == 1 else []
    found = [sittings[figure.machine, run] for run in runs if (figure.machine, run) in sittings]
    if not found or len(found) < len(runs) or len({each.stick for each in found}) > 1:
        return figure
    factors = tuple(each.factor for each in found)
    if set(factors) != {1.0}:
        pairs = zip(processes, factors, strict=True)
        given = tuple(tuple(kept(sample * factor) for sample in own) for own, factor in pairs)
        samples = tuple(chain(*given))
        figure = replace(
            figure,
            median=median(samples),
            samples=samples if figure.samples else (),
            processes=given if figure.processes else (),
        )
    return replace(figure, stick=found[0].stick, factors=factors)


def _cells(figures: Iterable[Figure]) -> Iterable[Figure]:
    """Return one figure of each cell, all metrics of which have the same speeds."""
    return {id(figure.speeds): figure for figure in figures}.values()


def _told(slow: Sequence[float]) -> str:
    if not (off := far(slow)):
        return ""
    worst = max(off, key=lambda times: abs(math.log(times)))
    times = f"{digits(max(worst, 1 / worst))} times as {'slow' if worst > 1 else 'fast'}"
    which = f"{len(off)} of {len(slow)} processes, at worst: " if len(slow) > 1 else ""
    return f"{which}measured while the machine was {times} as usual in this run"


def by_run(figures: Sequence[Figure]) -> Mapping[tuple[str, Arm], Mapping[str, Health]]:
    """Return machine and arm → run → how steady it was."""
    found: dict[tuple[str, Arm], dict[str, Health]] = defaultdict(dict)
    for each in figures:
        if each.benchmark in _ALIKE and each.median is not None:
            for run in each.runs:
                runs = found[each.machine, each.arm]
                runs.setdefault(run, Health([], [])).alike.append(each.median)
    for each in _cells(figures):
        for (run, _, _), times in zip(each.speeds, each.slow, strict=True):
            found[each.machine, each.arm].setdefault(run, Health([], [])).slow.append(times)
    return found
