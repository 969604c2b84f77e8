"""Runs one contest in a clean process of the measured interpreter, under the probe's guard."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from ftbench.experiments.overhead.plan import Loop
from ftbench.facts.arms import Arm
from ftbench.probe.run.environ import clean_environment
from ftbench.probe.run.guarded import Guarded

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
