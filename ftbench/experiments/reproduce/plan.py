"""What is run: the article's knobs, and the runs that they take."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final, Self

from ftbench.errors import UsageError, unknown
from ftbench.facts.modes import Mode, mode_named

PARTS: Final = ("lifecycle", "memory", "shared_set", "sharded", "rust")
LEAST_MS: Final = 100
PROCESSES: Final = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Knobs:
    """How much is run; memory is looked at every `interval` during `holds` of `hold` seconds."""

    workers: int
    rounds: int
    holds: int
    hold: float
    interval: float
    duration: int  # of a time-boxed run, in milliseconds
    writers: tuple[int, ...]

    def scaled(self, scale: float) -> Self:
        """Return the fraction `scale` of these; raises `UsageError` unless 0 < scale <= 1."""
        if not 0 < scale <= 1:
            raise UsageError(f"The scale must be above 0 and at most 1, not {scale:g}.")
        return replace(
            self,
            rounds=max(1, round(self.rounds * scale)),
            # A hold keeps its length, to have something to look at.
            holds=max(1, round(self.holds * scale)),
            duration=max(LEAST_MS, round(self.duration * scale)),
        )

    def shared(self, processes: int) -> Self:
        """Return what each of `processes` runs: its share, but for a window, which stays whole."""
        rounds, holds = (max(1, round(n / processes)) for n in (self.rounds, self.holds))
        return replace(self, rounds=rounds, holds=holds)


ARTICLE_KNOBS: Final = Knobs(
    workers=8,
    rounds=1000,
    holds=30,
    hold=1.0,
    interval=0.05,
    duration=5000,
    writers=(1, 2, 4, 8),
)


def parts_named(text: str | None) -> tuple[str, ...]:
    """Return the parts of `lifecycle,rust` in the article's order, or all; raises `UsageError`."""
    return PARTS if text is None else ordered([name.strip() for name in text.split(",")])


def ordered(names: Sequence[str]) -> tuple[str, ...]:
    """Return parts in the article's order, each once; raises `UsageError` for an unknown one."""
    for name in names:
        if name not in PARTS:
            raise unknown("part", name, PARTS)
    return tuple(part for part in PARTS if part in names)


NATIVE: Final = "native"
# The rows of the article's tables: the mode, and the seconds that a round of eight workers takes
# somewhere by task: only to begin with, what is done tells how long the rest takes.
_ROWS: Final = {
    "threads": (mode_named("threads"), {"empty": 0.003, "article": 0.012}),
    "fork": (mode_named("processes-fork"), {"empty": 0.012, "article": 0.018}),
    "forkserver": (mode_named("processes-forkserver"), {"empty": 0.02, "article": 0.027}),
    "spawn": (mode_named("processes-spawn"), {"empty": 0.25, "article": 0.3}),
}
_START: Final = 1.0  # of an interpreter, a guard, an observer
_SLOWEST: Final = 20.0  # a machine may be so many times slower before a run is given up
_PATIENCE: Final = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One run of one cell, or of the native program; `seconds` guesses how long it takes."""

    key: str  # names it in a record
    title: str
    scenario: str
    mode: str
    params: Mapping[str, int | str]
    profile: str
    seconds: float

    @property
    def arm(self) -> str:
        """The build that runs it: as in the article, processes are on the GIL build."""
        return "ft" if self.mode == "threads" else "gil"

    @property
    def deadline(self) -> float:
        return _PATIENCE + _SLOWEST * self.seconds

    @property
    def family(self) -> str:
        """Steps of one are compared: they must be of one sitting."""
        name = self.key.partition("/")[0]
        return "shared_set" if name == NATIVE else name


def _lifecycle(knobs: Knobs) -> Iterator[Step]:
    for row, (mode, rounds) in _ROWS.items():
        for task, guess in rounds.items():
            yield Step(
                key=f"lifecycle/{row}/{task}",
                title=f"lifecycle, {mode.title}, {task} task",
                scenario="lifecycle",
                mode=mode.name,
                params={"workers": knobs.workers, "task": task},
                profile=f"rounds={knobs.rounds}",
                seconds=_START + knobs.rounds * guess,
            )


def _memory(knobs: Knobs) -> Iterator[Step]:
    for row, (mode, _) in _ROWS.items():
        yield Step(
            key=f"memory/{row}",
            title=f"memory, {mode.title}",
            scenario="footprint",
            mode=mode.name,
            params={"workers": knobs.workers},
            profile=f"rounds={knobs.holds},hold={knobs.hold},interval={knobs.interval}",
            seconds=_START + knobs.holds * (knobs.hold + 0.2),
        )


def _boxed(
    scenario: str, mode: Mode, knobs: Knobs, *, key: str, title: str, **extra: int
) -> Iterator[Step]:
    """Yield the article's time-boxed run, which has a warm-up as long as itself, and ours."""
    for form, runs, how in (("article", 2, "the article's loop"), ("timed", 1, "true window")):
        yield Step(
            key=f"{key}/{form}",
            title=f"{title}, {how}",
            scenario=scenario,
            mode=mode.name,
            params={
                "workers": knobs.workers,
                **extra,
                "form": form,
                "duration": knobs.duration,
            },
            profile="rounds=1",
            seconds=_START + 1 + runs * (knobs.duration / 1000 + 0.5),
        )


def _shared_set(knobs: Knobs, rows: Iterable[str] = _ROWS) -> Iterator[Step]:
    for row in rows:
        mode, _ = _ROWS[row]
        title = f"shared set, {mode.title}"
        yield from _boxed("shared_set", mode, knobs, key=f"shared_set/{row}", title=title)


def _sharded(knobs: Knobs) -> Iterator[Step]:
    mode, _ = _ROWS["forkserver"]  # the start method that the article's Python had by default
    for writers in knobs.writers:
        key = f"sharded_writers/forkserver/{writers}"
        title = f"sharded writers, {mode.title}, writers {writers}"
        yield from _boxed("sharded_writers", mode, knobs, key=key, title=title, writers=writers)


def _rust(knobs: Knobs) -> Iterator[Step]:
    yield from _shared_set(knobs, ["threads"])
    yield from _boxed(NATIVE, _ROWS["threads"][0], knobs, key=NATIVE, title="Rust")


_STEPS: Final = {
    "lifecycle": _lifecycle,
    "memory": _memory,
    "shared_set": _shared_set,
    "sharded": _sharded,
    "rust": _rust,
}


def plan(knobs: Knobs, parts: Collection[str]) -> tuple[Step, ...]:
    """Return the steps of `parts` in the article's order; what two parts need is there once."""
    steps = (step for part in PARTS if part in parts for step in _STEPS[part](knobs))
    return tuple({step.key: step for step in steps}.values())
