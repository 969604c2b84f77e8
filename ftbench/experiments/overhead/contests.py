"""Which loops are compared: the list of contests, and how much work a turn of each is."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from ftbench.errors import unknown
from ftbench.facts.arms import Arm
from ftbench.facts.modes import Mode, mode_named
from ftbench.probe.run.child import clean_environment
from ftbench.probe.run.guarded import Guarded

TARGET: Final = 1.02
"""The harness may take this multiple of the bare loop's time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Loop:
    """One contest: a scenario's loop in one mode, by so many workers.

    `operations` is the work of a turn, of all workers together: some 0.1 s of it on a machine of
    today, since a shorter turn may find two threads on one core from begin to end.
    """

    scenario: str
    mode: Mode
    workers: int
    operations: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """A scenario that has a bare loop, and what one operation of it is."""

    scenario: str
    operation: str


SUBJECTS: Final = (
    Subject(scenario="lifecycle", operation="the life of a worker with an empty task"),
    Subject(
        scenario="shared_set",
        operation="an id under strategy lock (waits for a taken lock are all timed)",
    ),
    Subject(scenario="sharded_writers", operation="an id sent to 1 writer, window 1"),
)

_THREADS, _FORK = mode_named("threads"), mode_named("processes-fork")

LOOPS: Final = (
    Loop(scenario="lifecycle", mode=_THREADS, workers=1, operations=480),
    Loop(scenario="lifecycle", mode=_THREADS, workers=8, operations=480),
    Loop(scenario="lifecycle", mode=_FORK, workers=1, operations=64),
    Loop(scenario="lifecycle", mode=_FORK, workers=8, operations=64),
    Loop(scenario="shared_set", mode=_THREADS, workers=1, operations=128_000),
    Loop(scenario="shared_set", mode=_THREADS, workers=8, operations=128_000),
    Loop(scenario="shared_set", mode=_FORK, workers=1, operations=1_000),
    Loop(scenario="shared_set", mode=_FORK, workers=8, operations=2_000),
    Loop(scenario="sharded_writers", mode=_THREADS, workers=1, operations=2_048),
    Loop(scenario="sharded_writers", mode=_THREADS, workers=8, operations=8_192),
    Loop(scenario="sharded_writers", mode=_FORK, workers=1, operations=2_048),
    Loop(scenario="sharded_writers", mode=_FORK, workers=8, operations=8_192),
)


def loops_of(scenarios: Sequence[str]) -> tuple[Loop, ...]:
    """Return the loops of `scenarios`, of all where none is named; raises `UsageError`."""
    known = [subject.scenario for subject in SUBJECTS]
    for name in scenarios:
        if name not in known:
            raise unknown("scenario with a bare loop", name, known)
    return tuple(loop for loop in LOOPS if not scenarios or loop.scenario in scenarios)


_CONTEST: Final = "from ftbench.probe.overhead.loops import main; main()"


@dataclass(frozen=True, slots=True, kw_only=True)
class Heat:
    """What one process found of one loop.

    `samples` maps a loop's name to seconds per operation, one sample per pair, in the same order
    for all; `checked` says how the work was found to be the same.  The harness times one operation
    in `every`; a clock call costs `clock` there, all of its instrument `instrument` per operation,
    both in seconds.
    """

    samples: Mapping[str, tuple[float, ...]]
    checked: str
    every: int
    clock: float
    instrument: float


def heat(python: Path, arm: Arm, loop: Loop, *, pairs: int, deadline: float) -> Heat:
    """Run `loop` in a fresh process of `python`; `deadline` is in seconds.

    `python` is that of a virtual environment which holds the measured side.
    Raises `NotAvailableError`, `WorkerFailedError`, `DeadlineError`, `GilStateError` or
    `FtbenchError`, as the process tells; whatever happens, nothing of it stays behind.
    """
    request = {
        "scenario": loop.scenario,
        "mode": loop.mode.name,
        "params": {"workers": loop.workers, "operations": loop.operations, "pairs": pairs},
        "profile": "smoke",  # a contest has its own number of rounds
        "gil": arm.gil,
        "deadline": deadline,
    }
    with Guarded(
        [str(python), "-P", "-c", _CONTEST, json.dumps(request)],
        environ=clean_environment(os.environ, arm.environment),
        deadline=deadline,
        name="contest",
        hint="More time: --deadline SECONDS. Less work: --pairs.",
        python=str(python),
    ) as run:
        document = run.document()
    notes = document["notes"]
    return Heat(
        samples={name: tuple(each["samples"]) for name, each in document["metrics"].items()},
        checked="; ".join(each["checked"] for each in document["invariants"]),
        **{name: notes[name] for name in ("every", "clock", "instrument")},
    )
