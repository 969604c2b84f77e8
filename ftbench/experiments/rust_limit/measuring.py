"""Measures the native limit: a cell of `shared_set` whose worker is a thread without Python."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from rich.console import Console

from ftbench.errors import WorkerFailedError, error_class, unknown
from ftbench.experiments.rust_limit.building import build
from ftbench.facts.profiles import Profile, current_profile, profile_named
from ftbench.probe.instruments.machine import load, machine_record
from ftbench.probe.run.child import clean_environment
from ftbench.probe.run.document import Gil, Measurement
from ftbench.probe.run.guarded import Guarded
from ftbench.probe.run.measure import DEADLINE_SECONDS, PACKAGE_PARENT, check_deadline, utc_now
from ftbench.probe.run.outcome import Invariant, Metric
from ftbench.probe.scenarios.base import Param

SCENARIO: Final = "shared_set"
MODE: Final = "threads"
FORMS: Final = ("fixed", "timed", "article")
FILLS: Final = ("cold", "grown")

# Those of the scenario in Python; the strategy is the one that the article has in Rust.
PARAMS: Final = {
    "workers": Param(default=8),
    "strategy": Param(default="lock", choices=("lock",)),
    "fill": Param(default="cold", choices=FILLS),
    "form": Param(default="fixed", choices=FORMS),
    "duration": Param(default=5000, most=3_600_000),
    "id_space": Param(default=10_000_000, most=2**63 - 1),
}

# How many times the duration a form takes: the article's warms up for as long.
_BOXES: Final = {"fixed": 0, "timed": 1, "article": 2}


def measure(
    params: Mapping[str, int | str] | None = None,
    *,
    profile: str | None = None,
    deadline: float | None = None,
    console: Console | None = None,
) -> Measurement:
    """Build the native program if need be, run it, return what it measured.

    `params` are those of `shared_set` (its default for the rest), `profile` defaults to
    `FTBENCH_PROFILE`, `deadline` in seconds is that of the run alone, without the build (default:
    the probe's, and the time box of the form).  The build's progress goes to `console`, standard
    error by default.  There is no GIL: it is told as off.

    Raises `UsageError`, `NotAvailableError` (no rustc), `FtbenchError` (not to be compiled, a
    wrong result), `WorkerFailedError` or `DeadlineError`; no process of the run stays behind.
    """
    values = _parse(params or {})
    chosen = profile_named(profile) if profile else current_profile()
    seconds = _deadline(values, deadline)
    program = build(console or Console(stderr=True))
    before, started_at, begin = load(), utc_now(), time.monotonic()
    document = run_program(program.path, options(values, chosen), deadline=seconds)
    return Measurement(
        scenario=SCENARIO,
        mode=MODE,
        params=values,
        profile=chosen.name,
        metrics={
            name: Metric(unit=metric["unit"], samples=tuple(metric["samples"]))
            for name, metric in document["metrics"].items()
        },
        invariants=tuple(Invariant(**each) for each in document["invariants"]),
        gil=Gil(asked=False, before=False, after=False),
        build=program.record(),
        machine=machine_record(),
        load=(before, load()),
        started_at=started_at,
        elapsed=round(time.monotonic() - begin, 3),
        notes=document["notes"],
    )


def options(values: Mapping[str, int | str], profile: Profile) -> list[str]:
    """Return the program's options for a cell and a profile."""
    values_of = {
        "workers": values["workers"],
        "fill": values["fill"],
        "form": values["form"],
        "duration": values["duration"],
        "id-space": values["id_space"],
        "least-rounds": profile.least_repeats,
        "most-rounds": profile.most_repeats,
        "seconds": profile.seconds,
    }
    return [word for name, value in values_of.items() for word in (f"--{name}", str(value))]


def _parse(given: Mapping[str, int | str]) -> dict[str, int | str]:
    for name in given:
        if name not in PARAMS:
            raise unknown(f"{SCENARIO} parameter", name, PARAMS)
    return {
        name: param.parse(name, given.get(name, param.default)) for name, param in PARAMS.items()
    }


def _deadline(values: Mapping[str, int | str], asked: float | None) -> float:
    if asked is None:
        boxes = _BOXES[str(values["form"])]
        return DEADLINE_SECONDS + boxes * int(values["duration"]) / 1000
    check_deadline(asked)
    return asked


_PREFIX: Final = "shared_set: "


def run_program(program: Path, options: list[str], *, deadline: float) -> dict[str, Any]:
    """Run `program` and return the document that it prints.

    Raises the error of its exit code with its words, `WorkerFailedError` if it was killed,
    `DeadlineError` if it neither ended nor was ended by itself after `deadline` seconds.
    """
    with Guarded(
        [str(program), *options, "--deadline", f"{deadline:g}"],
        environ=clean_environment(os.environ, {"PYTHONPATH": str(PACKAGE_PARENT)}),
        deadline=deadline,
        name="native program",
    ) as running:
        ended = running.follow()
        if ended.code != 0:
            *story, last = running.words.strip().splitlines() or [""]
            if last.startswith(_PREFIX):
                raise error_class(ended.code)(last.removeprefix(_PREFIX), story="\n".join(story))
            raise running.silent_end(ended.code)
    if not ended.event:
        raise WorkerFailedError(
            "The native program ended well, but did not tell what it measured.",
            story=ended.line.decode(errors="replace"),
        )
    return ended.event
