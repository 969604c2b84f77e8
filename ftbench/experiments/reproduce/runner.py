"""Takes the steps of a plan, one after the other, and says where it is."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import Any, Final

from rich.console import Console
from rich.progress import ProgressColumn, Task
from rich.text import Text

from ftbench import __version__
from ftbench.asv.measuring_lock import MEASURING_LOCK
from ftbench.errors import FtbenchError, NotAvailableError, error_class
from ftbench.experiments.harness import probe
from ftbench.experiments.reproduce.plan import ARTICLE_KNOBS, NATIVE, Step, plan
from ftbench.experiments.reproduce.record import Python, Reproduction, StepState, Taken
from ftbench.facts.units import plural
from ftbench.probe.instruments.machine import machine_record
from ftbench.probe.run.document import Measurement
from ftbench.probe.run.measure import utc_now
from ftbench.progress import about, bar
from ftbench.pythons import Interpreter
from ftbench.pythons.install import ensure_pair

Measure = Callable[[Step], Measurement]

_STYLES: Final = {
    StepState.MEASURED: "green",
    StepState.UNAVAILABLE: "yellow",
    StepState.FAILED: "red",
}


def measure(release: str | None, scale: float, parts: Sequence[str]) -> Reproduction:
    """Measure `parts` on a release, by default the newest pair; raises what keeps all from it."""
    knobs = ARTICLE_KNOBS.scaled(scale)
    console = Console(stderr=True, highlight=False)
    gil, free_threaded = ensure_pair(console, release)
    for each in (gil, free_threaded):
        console.print(f"{each.name}: {each.build.flavour}, {each.executable}", markup=False)
    arms = {"gil": gil, "ft": free_threaded}
    steps = plan(knobs, parts)
    MEASURING_LOCK.acquire()
    started_at, begin = utc_now(), time.monotonic()
    _build_native(steps, console)
    taken = take(steps, lambda step: _measured(step, arms), console)
    return Reproduction(
        ftbench=__version__,
        started_at=started_at,
        elapsed=round(time.monotonic() - begin, 3),
        scale=scale,
        parts=tuple(parts),
        knobs=knobs,
        interpreters={arm: Python.of(interpreter) for arm, interpreter in arms.items()},
        machine=machine_record(),
        steps=taken,
    )


def _build_native(steps: Sequence[Step], console: Console) -> None:
    if any(step.scenario == NATIVE for step in steps):
        # Compiled before progress is shown; only who compares needs a compiler.
        from ftbench.experiments import rust_limit  # noqa: PLC0415

        with suppress(FtbenchError):  # its steps will say so
            rust_limit.build(console)


def _measured(step: Step, arms: Mapping[str, Interpreter]) -> Measurement:
    if step.scenario == NATIVE:
        from ftbench.experiments import rust_limit  # noqa: PLC0415 - as above

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


def take(steps: Sequence[Step], measure: Measure, console: Console) -> tuple[Taken, ...]:
    """Take every step by `measure`, showing what runs, what is done and the time that is left."""
    clock = Clock(steps)
    taken: list[Taken] = []
    console.print(f"{plural(len(steps), 'run', 'runs')}, about {about(clock.left(0))}.")
    with bar(console, len(steps), left=clock) as shown:
        for number, step in enumerate(steps, 1):
            clock.since = time.monotonic()
            shown.begin(f"{number} of {len(steps)}, {step.title}")
            taken.append(_taken(step, measure))
            clock.done(taken[-1].elapsed)
            shown.console.print(_done(taken[-1]))
    return tuple(taken)


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


class Clock(ProgressColumn):
    """The time that is left of steps: those that are done took so long, the next began `since`."""

    def __init__(self, steps: Sequence[Step]) -> None:
        """Begin before the first of `steps`, which are done in this order."""
        super().__init__()
        self._steps = tuple(steps)
        self._took: list[float] = []
        self.since = time.monotonic()

    def render(self, _task: Task) -> Text:
        """Show it."""
        return Text(f"{about(self.left(time.monotonic() - self.since))} left")

    def done(self, seconds: float) -> None:
        """Say that the next step is done and took so many `seconds`."""
        self._took.append(seconds)

    def guess(self, step: Step) -> float:
        """Return how long a step takes, by those of its kind that are done, else by all others."""
        finished = list(zip(self._steps, self._took, strict=False))
        alike = [each for each in finished if each[0].kind == step.kind] or [
            each for each in finished if each[0].scenario == step.scenario
        ]
        guessed = sum(each.seconds for each, _ in alike)
        return step.seconds * (sum(took for _, took in alike) / guessed if guessed else 1.0)

    def left(self, passed: float) -> float:
        """Return the seconds that are left when the running step has run for `passed` seconds."""
        guesses = [self.guess(step) for step in self._steps[len(self._took) :]]
        return max(0.0, guesses[0] - passed) + sum(guesses[1:]) if guesses else 0.0


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
