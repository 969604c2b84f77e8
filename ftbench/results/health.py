"""How steady runs were: the measuring stick beside their cells, and what should cost the same."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from statistics import median
from typing import Final

from ftbench.facts.arms import Arm
from ftbench.facts.units import digits
from ftbench.results.figure import Figure, Health

# One worker over the main thread alone, which does the same.
_ALIKE: Final = ("cpu_scaling.CpuScaling.track_relative_1", "native.Native.track_relative_1")
_MEMORY: Final = "bytes"  # it is what it is, however slow the machine
_TENTH: Final = 0.1 + 1e-9


def far(ratios: Iterable[float]) -> list[float]:
    """Return those of what should be 1 that are more than a tenth off."""
    return [ratio for ratio in ratios if abs(ratio - 1) > _TENTH]


def given(figures: Sequence[Figure]) -> Iterator[Figure]:
    """Yield figures with how slow the machine was beside them, marked where that can be felt."""
    known: dict[tuple[str, ...], list[float]] = defaultdict(list)
    for each in _cells(figures):
        for run, stick, seconds in each.speeds:
            known[each.machine, run, stick].append(seconds)
    usual = {of: median(seconds) for of, seconds in known.items()}
    for each in figures:
        slow = tuple(took / usual[each.machine, run, stick] for run, stick, took in each.speeds)
        marks = each.interference, "" if each.unit == _MEMORY else _told(slow)
        told = "; ".join(filter(None, marks))
        yield replace(each, slow=slow, interference=told) if slow else each


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
