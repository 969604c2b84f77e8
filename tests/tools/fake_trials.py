"""Made-up trials: a function of 3 ms on a pair of builds, as `ftbench try` would find it."""

from __future__ import annotations

import random
from collections.abc import Iterable
from typing import Any

from msgspec.structs import replace

from ftbench.facts.trial_modes import trial_mode_named
from ftbench.results.trials import Trial, TrialBuild, TrialCell, TrialProcess

GIL, FT = "3.14.7", "3.14.7t"
# Seconds of a call by build and mode, with as many workers as cores: two.
SECONDS = {
    (GIL, "serial"): 3.0e-3,
    (GIL, "threadpool"): 3.05e-3,
    (GIL, "processpool-forkserver"): 1.75e-3,
    (FT, "serial"): 3.2e-3,
    (FT, "threadpool"): 1.62e-3,
    (FT, "processpool-forkserver"): 1.9e-3,
}
MIB = 2**20


def build(name: str, **changes: Any) -> TrialBuild:
    """Return a build, free-threaded if its name ends in t."""
    release = name.rstrip("t")
    return replace(
        TrialBuild(
            name=name,
            release=release,
            flavour="source-gcc12",
            arm="ft" if name != release else "gil",
            build={"version": release, "compiler": "gcc 12", "pgo": True, "lto": True},
        ),
        **changes,
    )


# Of a call in a plain loop, whatever the mode beside which it stands.
LOOP = {GIL: 3.0e-3, FT: 3.2e-3}


def process(
    seconds: float, chance: random.Random, spread: float, loop: float = 0.0, **changes: Any
) -> TrialProcess:
    """Return a process whose rounds take about as long; without a `loop` they are one."""
    own = seconds * chance.lognormvariate(0, spread)
    rounds = tuple(own * chance.lognormvariate(0, spread / 4) for _ in range(8))
    plain = TrialProcess(
        rounds=rounds,
        loop=tuple(loop or each for each in rounds),
        cpu=tuple(3.0e-3 * chance.lognormvariate(0, spread / 4) for _ in rounds),
        calls=tuple(2 * own * chance.lognormvariate(0, 0.05) for _ in range(200)),
        start=0.04,
        cold=0.1,
        shutdown=0.002,
        stick=2.0e-3 * chance.lognormvariate(0, 0.002),
    )
    return replace(plain, **changes)


def cell(
    name: str, mode: str, seconds: float, *, processes: int = 5, spread: float = 0.004, **kept: Any
) -> TrialCell:
    """Return a cell of fresh processes; `kept` are fields of it, or of each process."""
    chance = random.Random(f"{name} {mode} {kept}")  # noqa: S311 - made-up data
    fields = TrialProcess.__struct_fields__
    own = {key: kept.pop(key) for key in fields if key in kept}
    own = {"loop": 0.0 if mode == "serial" else LOOP.get(name, 0.0), **own}
    base = 90 * MIB if trial_mode_named(mode).mode.startswith("processes") else 40 * MIB
    return replace(
        TrialCell(
            build=name,
            mode=mode,
            workers=1 if mode == "serial" else 2,
            chunk=1 if mode == "serial" else 8,
            processes=tuple(process(seconds, chance, spread, **own) for _ in range(processes)),
            memory=tuple(base * chance.lognormvariate(0, 0.001) for _ in range(3)),
            memory_kind="pss",
        ),
        **kept,
    )


def trial(factor: float = 1.0, *, without: Iterable[tuple[str, str]] = (), **changes: Any) -> Trial:
    """Return a trial in which all but serial takes `factor` times as long as usual."""
    cells = [
        cell(name, mode, seconds * (1 if mode == "serial" else factor))
        for (name, mode), seconds in SECONDS.items()
        if (name, mode) not in without
    ]
    cells += [
        TrialCell(build=name, mode="loky", workers=2, skipped="joblib is not installed: --with")
        for name in (GIL, FT)
    ]
    plain = Trial(
        target="mymod:resize",
        inputs=12,
        calls=240,
        check="equal",
        started_at="2026-11-30T06:00:00+00:00",
        machine={"cpu": "Made Up", "cores": 2, "usable_cores": 2, "identity": "0123456789abcdef"},
        asked={"inputs": "feed"},
        source="c0de",
        stick="1-3.14.7-0badcafe",
        serial_seconds=3.0e-3,
        cpu_share=1.0,
        bytes_in=200,
        bytes_out=40,
        builds=(build(GIL), build(FT, shake={"threadpool": {"calls": 800, "wrong": 0}})),
        cells=tuple(cells),
    )
    return replace(plain, **changes)


def with_cell(of: Trial, new: TrialCell) -> Trial:
    """Return a trial with a cell in the place of the one of its build, mode and workers."""
    key = new.build, new.mode, new.workers
    rest = [each for each in of.cells if (each.build, each.mode, each.workers) != key]
    return replace(of, cells=(*rest, new))
