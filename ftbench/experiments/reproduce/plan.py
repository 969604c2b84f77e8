"""The plan: every run that the parts take, each once, with the time that it will need."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from ftbench.experiments.reproduce.knobs import Knobs
from ftbench.facts.modes import mode_named

NATIVE: Final = "native"
METHODS: Final = ("fork", "forkserver", "spawn")

# Seconds that a round of eight workers takes somewhere, an empty one and one with the article's
# task: only to begin with, the runner corrects them as it goes.
_ROUND: Final = {
    "threads": (0.003, 0.012),
    "fork": (0.012, 0.018),
    "forkserver": (0.02, 0.027),
    "spawn": (0.25, 0.3),
}
_START: Final = 1.0  # of an interpreter, a guard, an observer
_SLOWEST: Final = 20.0  # a machine may be so many times slower before a run is given up
_PATIENCE: Final = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One run of one cell.

    `key` names it in a record; `part` is the first of the parts that asked for it; `arm` is `gil`
    or `ft`, "" for the native program; `seconds` is a guess at how long it takes.
    """

    key: str
    part: str
    title: str
    scenario: str
    arm: str
    mode: str
    params: Mapping[str, int | str]
    profile: str
    seconds: float

    @property
    def deadline(self) -> float:
        """The seconds that it may take at most."""
        return _PATIENCE + _SLOWEST * self.seconds

    @property
    def kind(self) -> str:
        """Steps of one kind are alike slower, or faster, than was guessed."""
        return f"{self.scenario} {self.mode}"


def where(row: str) -> tuple[str, str]:
    """Return the mode and the arm of a row of the article: threads are free of the GIL.

    Processes are on the GIL build, as the article has them.
    """
    return ("threads", "ft") if row == "threads" else (f"processes-{row}", "gil")


def _lifecycle(knobs: Knobs) -> Iterator[Step]:
    for row in ("threads", *METHODS):
        mode, arm = where(row)
        for task, guess in zip(("empty", "article"), _ROUND[row], strict=True):
            yield Step(
                key=f"lifecycle/{row}/{task}",
                part="lifecycle",
                title=f"lifecycle, {mode_named(mode).title}, {task} task",
                scenario="lifecycle",
                arm=arm,
                mode=mode,
                params={"workers": knobs.workers, "task": task},
                profile=f"rounds={knobs.rounds}",
                seconds=_START + knobs.rounds * guess,
            )


def _memory(knobs: Knobs) -> Iterator[Step]:
    for row in ("threads", *METHODS):
        mode, arm = where(row)
        yield Step(
            key=f"memory/{row}",
            part="memory",
            title=f"memory, {mode_named(mode).title}",
            scenario="footprint",
            arm=arm,
            mode=mode,
            params={"workers": knobs.workers},
            profile=f"rounds={knobs.holds},hold={knobs.hold},interval={knobs.interval}",
            seconds=_START + knobs.holds * (knobs.hold + 0.2),
        )


def _boxed(scenario: str, row: str, knobs: Knobs, extra: Mapping[str, int]) -> Iterator[Step]:
    """Yield the article's time-boxed run, which has a warm-up as long as itself, and ours."""
    mode, arm = where(row)
    words = "".join(f", {name} {value}" for name, value in extra.items())
    name = "/".join([scenario, row, *map(str, extra.values())])
    for form, runs, how in (("article", 2, "the article's loop"), ("timed", 1, "true window")):
        yield Step(
            key=f"{name}/{form}",
            part="sharded" if scenario == "sharded_writers" else scenario,
            title=f"{scenario.replace('_', ' ')}, {mode_named(mode).title}{words}, {how}",
            scenario=scenario,
            arm=arm,
            mode=mode,
            params={
                "workers": knobs.workers,
                **extra,
                "form": form,
                "duration": knobs.duration,
            },
            profile="rounds=1",
            seconds=_START + 1 + runs * (knobs.duration / 1000 + 0.5),
        )


def _shared_set(knobs: Knobs) -> Iterator[Step]:
    for row in ("threads", *METHODS):
        yield from _boxed("shared_set", row, knobs, {})


def _sharded(knobs: Knobs) -> Iterator[Step]:
    # The start method that the article's Python had by default.
    for writers in knobs.writers:
        yield from _boxed("sharded_writers", "forkserver", knobs, {"writers": writers})


def _rust(knobs: Knobs) -> Iterator[Step]:
    yield from _boxed("shared_set", "threads", knobs, {})
    for form, runs, how in (("article", 2, "the article's loop"), ("timed", 1, "true window")):
        yield Step(
            key=f"native/{form}",
            part="rust",
            title=f"Rust, {how}",
            scenario=NATIVE,
            arm="",
            mode="threads",
            params={"workers": knobs.workers, "form": form, "duration": knobs.duration},
            profile="rounds=1",
            seconds=_START + runs * (knobs.duration / 1000 + 0.5),
        )


_STEPS: Final = MappingProxyType(
    {
        "lifecycle": _lifecycle,
        "memory": _memory,
        "shared_set": _shared_set,
        "sharded": _sharded,
        "rust": _rust,
    }
)


def plan(knobs: Knobs, parts: Collection[str]) -> tuple[Step, ...]:
    """Return the steps of `parts` in the article's order; what two parts need is there once."""
    first: dict[str, Step] = {}
    for part, steps in _STEPS.items():
        for step in steps(knobs) if part in parts else ():
            first.setdefault(step.key, step)
    return tuple(first.values())
