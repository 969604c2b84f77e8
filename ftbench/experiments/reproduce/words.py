"""What a terminal and a page say alike: numbers with their units, what was run and on what."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from ftbench.analysis.claims.data import FigureSpec
from ftbench.analysis.claims.judge import Judgement
from ftbench.analysis.claims.rule import Verdict
from ftbench.analysis.claims.words import BEHIND
from ftbench.experiments.reproduce.clock import about
from ftbench.experiments.reproduce.record import Reproduction
from ftbench.experiments.reproduce.report import Report

_LONG_MS: Final = 2000
BRACKETS: Final = (
    "In brackets behind a median: where the middle half of its samples lie; behind a ratio of "
    "medians: its 99\N{NO-BREAK SPACE}% interval."
)


def heading(figure: FigureSpec) -> str:
    """Return a figure's title with the unit that its numbers do not carry themselves."""
    inline = figure.unit in BEHIND or figure.unit == "/s"
    return figure.title if inline else f"{figure.title}, {figure.unit}"


def by_way(judgement: Judgement) -> str:
    """Return what the article's way would have said, "" where it would not have said otherwise."""
    return f"The article's way of computing says: {judgement.by_way}." if judgement.by_way else ""


def counted(report: Report) -> str:
    """Return how many claims got which verdict."""
    verdicts = [judgement.verdict for judgement in report.judgements]
    counts = [f"{each}: {verdicts.count(each)}" for each in Verdict if each in verdicts]
    return f"{len(verdicts)} claims; {', '.join(counts)}."


def amount(done: Reproduction) -> str:
    """Return how much of the article's rounds and seconds was run."""
    knobs = done.knobs
    whole = "The article's own rounds and seconds"
    part = f"A fraction of {done.scale:g} of the article's rounds and seconds"
    amounts = {
        "lifecycle": _plural(knobs.rounds, "round"),
        "memory": f"{_plural(knobs.holds, 'hold')} of {knobs.hold:g} s{_looks(done)}",
        "shared_set": f"{knobs.duration / 1e3:g} s of inserting",
        "sharded": f"{knobs.duration / 1e3:g} s of inserting",
        "rust": f"{knobs.duration / 1e3:g} s of inserting",
    }
    asked = dict.fromkeys(amounts[name] for name in done.parts)
    return (
        f"{whole if done.scale == 1 else part}: {', '.join(asked)}, by {knobs.workers} workers; "
        f"it took {about(done.elapsed)}."
    )


def _looks(done: Reproduction) -> str:
    """Return how often the observer looked, by its own word."""
    for step in done.steps:
        observer = step.measurement.notes.get("observer") if step.measurement else None
        interval = observer.get("interval") if isinstance(observer, dict) else None
        if step.key.startswith("memory/") and isinstance(interval, int | float):
            return f" looked at every {interval * 1e3:g} ms"
    return ""


def short(done: Reproduction) -> str:
    """Return a warning where the article's wall is mostly creating and joining, else ""."""
    if done.knobs.duration >= _LONG_MS or not {"shared_set", "sharded", "rust"} & set(done.parts):
        return ""
    return (
        f"A window of {done.knobs.duration / 1e3:g} s: the article's wall is mostly creating and "
        "joining workers, so its way is further from the article's figures than with 5 s."
    )


def _plural(count: int, noun: str) -> str:
    return f"{count} {noun}{'' if count == 1 else 's'}"


def machine(done: Reproduction) -> str:
    """Return which machine this was, and that it was busy if it was."""
    record = done.machine
    virtual = ", virtual" if record.get("virtual") else ""
    cores = "1 core" if done.cores == 1 else f"{done.cores:g} cores"
    where = f"{record.get('cpu', 'unknown CPU')}, {cores}{virtual}"
    return f"{where}; {record.get('system', '')} {record.get('kernel', '')}".strip("; ")


def busy(done: Reproduction) -> str:
    """Return a warning if the machine was busy when the first run began, else ""."""
    loads = [step.measurement.load[0] for step in done.steps if step.measurement]
    if not loads or loads[0] is None or loads[0] < done.cores / 2:
        return ""
    return (
        f"The machine was busy when this began (load {loads[0]:g} on {done.cores:g} cores): "
        "its figures are of both."
    )


def builds(done: Reproduction) -> Iterator[str]:
    """Yield a sentence per interpreter: what it ran, its release, its build."""
    for arm, what in (("ft", "Threads, GIL off"), ("gil", "Processes")):
        if arm in done.interpreters:
            one = done.interpreters[arm]
            yield f"{what}: CPython {one.name}, {one.flavour} ({one.compiler})"
