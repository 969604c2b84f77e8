"""Takes the steps of a plan in turn, process by process, and says where it is."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from typing import Any, Final

from rich.console import Console
from rich.text import Text

from ftbench import __version__
from ftbench.asv.measuring_lock import MEASURING_LOCK
from ftbench.errors import FtbenchError, NotAvailableError, error_class
from ftbench.experiments import rust_limit
from ftbench.experiments.harness import in_turn, journal_of, probe, taken_over
from ftbench.experiments.reproduce.plan import ARTICLE_KNOBS, NATIVE, Step, plan
from ftbench.experiments.reproduce.record import Python, Reproduction, StepState, Taken
from ftbench.facts.units import plural
from ftbench.probe.instruments.machine import machine_record
from ftbench.probe.run.document import Measurement
from ftbench.probe.run.measure import utc_now
from ftbench.progress import about, bar
from ftbench.pythons import Interpreter
from ftbench.pythons.install import ensure_pair
from ftbench.results.journal import Journal

Measure = Callable[[Step], Measurement]

_STYLES: Final = {
    StepState.MEASURED: "green",
    StepState.UNAVAILABLE: "yellow",
    StepState.FAILED: "red",
}


@contextmanager
def measure(
    release: str | None, scale: float, parts: Sequence[str], processes: int, *, fresh: bool
) -> Iterator[Reproduction]:
    """Measure `parts` on a release, by default the newest pair; journalled until the body ends."""
    knobs = ARTICLE_KNOBS.scaled(scale)
    console = Console(stderr=True, highlight=False)
    gil, free_threaded = ensure_pair(console, release)
    for each in (gil, free_threaded):
        console.print(f"{each.name}: {each.build.flavour}, {each.executable}", markup=False)
    arms = {"gil": gil, "ft": free_threaded}
    steps = plan(knobs.shared(processes), parts)
    MEASURING_LOCK.acquire()
    started_at, begin = utc_now(), time.monotonic()
    native = _native_built(steps, console)
    request = ["reproduce", gil.name, scale, parts, processes, native]
    with journal_of(request, list(arms.values()), console, fresh=fresh) as journal:
        taken = take(steps, processes, lambda step: _measured(step, arms), console, journal)
        yield Reproduction(
            ftbench=__version__,
            started_at=started_at,
            elapsed=round(time.monotonic() - begin, 3),
            scale=scale,
            parts=tuple(parts),
            knobs=knobs,
            interpreters={arm: Python.of(interpreter) for arm, interpreter in arms.items()},
            machine=machine_record(),
            steps=taken,
            processes=processes,
        )


def _native_built(steps: Sequence[Step], console: Console) -> str:
    if any(step.scenario == NATIVE for step in steps):
        # Compiled before progress is shown.
        with suppress(FtbenchError):  # its steps will say so
            return rust_limit.build(console).digest
    return ""


def _measured(step: Step, arms: Mapping[str, Interpreter]) -> Measurement:
    if step.scenario == NATIVE:
        return rust_limit.measure(step.params, profile=step.profile, deadline=step.deadline)
    return probe(
        arms[step.arm],
        step.scenario,
        mode=step.mode,
        params=step.params,
        profile=step.profile,
        gil=step.arm != "ft",
        deadline=step.deadline,
    )


def take(
    steps: Sequence[Step], processes: int, measure: Measure, console: Console, journal: Journal
) -> tuple[Taken, ...]:
    """Take all steps in turn, forth and back, each by so many processes; show how far it is."""
    turns = [(n // len(steps), step) for n, step in enumerate(in_turn(steps, processes))]
    taken: dict[str, Taken] = {}
    for number, family in dict.fromkeys((number, step.family) for number, step in turns):
        asked = [_asked(number, step) for step in steps if step.family == family]
        for name, (_, record) in zip(asked, journal.whole(asked), strict=False):
            taken[name] = Taken.of(record)
    left = [turn for turn in turns if _asked(*turn) not in taken]
    seconds = sum(step.seconds for _, step in left)
    if taken:
        console.print(taken_over(len(taken), len(turns), journal), soft_wrap=True)
    console.print(f"{plural(len(left), 'run', 'runs')}, about {about(seconds)}.")
    with bar(console, seconds) as shown:
        for count, (number, step) in enumerate(left, 1):
            shown.begin(f"{count} of {len(left)}, {step.title}", weight=step.seconds)
            one = replace(_taken(step, measure), process=number, sitting=journal.run)
            if one.state is StepState.MEASURED:
                journal.add(_asked(number, step), one.record())
            taken[_asked(number, step)] = one
            shown.console.print(_done(one))
    return tuple(taken[_asked(*turn)] for turn in turns)


def _asked(number: int, step: Step) -> str:
    return f"{number} {step.key}"


def _taken(step: Step, measure: Measure) -> Taken:
    begin = time.monotonic()
    measurement, state = None, StepState.MEASURED
    why: dict[str, Any] = {}
    try:
        measurement = measure(step)
    except FtbenchError as error:
        missing = isinstance(error, NotAvailableError)
        state = StepState.UNAVAILABLE if missing else StepState.FAILED
        why = {"reason": error.message, "story": error.story, "exit_code": error.exit_code}
    return Taken(
        key=step.key,
        title=step.title,
        state=state,
        elapsed=round(time.monotonic() - begin, 3),
        measurement=measurement,
        **why,
    )


def _done(step: Taken) -> Text:
    line = Text.assemble(
        (f"{step.state:>13}", _STYLES[step.state]), f"  {step.title}, {step.elapsed:.1f} s"
    )
    if step.reason:
        line.append(f"\n{'':15}{step.reason}")
    return line


def raise_worst(done: Reproduction) -> None:
    """Raise an error of the class with the highest exit code, if any step failed."""
    if not done.failed:
        return
    worst = max(done.failed, key=lambda step: step.exit_code)
    raise error_class(worst.exit_code)(
        f"{len(done.failed)} of {len(done.steps)} runs failed; their rows say why, and the rest is "
        "measured.",
        story=f"{worst.title}: {worst.reason}\n{worst.story}".strip(),
    )
