"""Made-up duels: in memory, and as files beside the results of a folder."""

from __future__ import annotations

import random
from collections.abc import Sequence
from math import log
from pathlib import Path
from typing import Any

from msgspec.structs import replace

from ftbench.results import ResultTree, read_results
from ftbench.results.duels import Duel, DuelFile, duel_path, write_duels
from ftbench.results.records import DuelRecord, DuelSide

KERNEL = ("single_thread.SingleThread", "kernel")
ROUND = ("lifecycle.Lifecycle", "round")


def side(release: str, arm: str = "ft", **changes: Any) -> DuelSide:
    """Return a side as made-up results have it."""
    plain = DuelSide(
        release=release, arm=arm, flavour="source-gcc12", mode="serial", build=f"{release}-{arm}"
    )
    return replace(plain, **changes)


def record(
    first: DuelSide,
    second: DuelSide,
    factor: float = 1.0,
    *,
    of: tuple[str, str] = KERNEL,
    count: int = 24,
    spread: float = 0.004,
    cost: float = 1e-3,
    **changes: Any,
) -> DuelRecord:
    """Return a duel in which the second side takes `factor` times as long as the first."""
    chance = random.Random(f"{first} {second} {factor} {changes}")  # noqa: S311 - made-up data
    pairs = []
    for _ in range(count):
        ratio, own = (
            chance.lognormvariate(0, spread) * factor,
            chance.lognormvariate(0, 0.2) * cost,
        )
        pairs.append((log(ratio), own, own * ratio))
    plain = DuelRecord(
        group=of[0],
        params={"mode": first.mode, "kernel": "calls"},
        metric=of[1],
        unit="seconds",
        version="1",
        sides=(first, second),
        machine="m1",
        sitting="2026-11-30T03:00:00+00:00",
        seed=1,
        rounds=40,
        margin=0.03,
        pairs=tuple(pairs),
    )
    return replace(plain, **changes)


def duel(made: DuelRecord, *, machine: str = "quiet-vm", builds: Sequence[Any] = ({}, {})) -> Duel:
    """Return a duel in memory; its builds tell nothing that others could differ in."""
    first, second = builds
    return Duel(machine=machine, record=made, builds=(first, second))


def write(results: Path, *records: DuelRecord, machine: str = "quiet-vm", **build: Any) -> Path:
    """Write duels of two sides into a machine's folder, with the builds of its results."""
    tree = read_results(results)
    file = DuelFile(
        builds={each.build: _build(tree, each) | build for made in records for each in made.sides},
        machines={"m1": {"cores": 2}},
        duels=records,
    )
    path = duel_path(results / machine, *records[0].sides)
    write_duels(path, file)
    return path


def _build(tree: ResultTree, wanted: DuelSide) -> dict[str, Any]:
    of = wanted.release, wanted.arm
    found = (each for each in tree.sources if (each.release.name, each.arm.name) == of)
    return dict(next((each.builds[-1] for each in found if each.builds), {}))
