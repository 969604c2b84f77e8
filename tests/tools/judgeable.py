"""Results folders on disk that can be judged: with noise floors, and with known slowdowns."""

from __future__ import annotations

import json
import math
import random
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import synthetic
from synthetic import Plan

from ftbench.facts.arms import Arm, arm_named
from ftbench.releases import Release
from ftbench.results import read_results
from ftbench.results.noise import NoiseFile
from ftbench.results.records import NOISE, NoiseCell

ROUND = "lifecycle.Lifecycle.track_round"
_EFFORT = {"cpu_seconds": 0.5, "voluntary_switches": 120, "minor_faults": 900}


def write_project(
    folder: Path,
    *plans: Plan,
    only: str | tuple[str, ...] = "e.track_round",
    noise: bool = True,
) -> Path:
    """Write a folder that `ftbench compare` and `ftbench report` work in; return its results."""
    results = folder / "results"
    synthetic.write_tree(results, *plans, only=only)
    (folder / "asv.conf.json").write_text("{}", encoding="utf-8")
    if noise:
        write_noise(results)
    return results


def write_noise(results: Path) -> None:
    """Write an A/A run of every measured series of a results folder, beside its result file."""
    tree = read_results(results)
    for source in tree.sources:
        cells = tuple(
            _noise(figure.benchmark, figure.params)
            for figure in tree.figures
            if figure.median is not None and figure.key == source.key
        )
        noise = NoiseFile(environment=source.environment, release=source.release, cells=cells)
        NOISE.beside(source.path).write_text(noise.text(), encoding="utf-8")


def _noise(benchmark: str, params: Mapping[str, str]) -> NoiseCell:
    group, _, method = benchmark.rpartition(".")
    chance = random.Random(f"{benchmark} {params}")  # noqa: S311 - made-up data
    return NoiseCell(
        group=group,
        params=dict(params),
        order="ABBAABBA",
        started_at="2026-11-20T12:00:00Z",
        load=0.1,
        build="a",
        machine="b",
        units={},
        medians={
            method.removeprefix("track_"): tuple(math.exp(chance.gauss(0, 0.01)) for _ in range(8))
        },
    )


def result_file(results: Path, release: str, arm: str) -> Path:
    """Return asv's file of one release on one arm."""
    known = arm_named(arm)
    (path,) = (
        source.path
        for source in read_results(results).sources
        if source.release == Release.parse(release) and source.arm == known
    )
    return path


def slow_down(path: Path, factor: float, *, benchmark: str = ROUND, cells: int = 1) -> None:
    """Make the first measured `cells` of a benchmark dearer, in asv's file at `path`."""
    document = json.loads(path.read_text("utf-8"))
    columns = dict(enumerate(document["result_columns"]))
    names = {name: number for number, name in columns.items()}
    row = document["results"][benchmark]
    values, samples = row[names["result"]], row[names["samples"]]
    measured = [number for number, taken in enumerate(samples) if taken]
    for number in measured[:cells]:
        values[number] *= factor
        samples[number] = [sample * factor for sample in samples[number]]
    path.write_text(json.dumps(document), encoding="utf-8")


def edit_records(path: Path, kind: str, **fields: Any) -> None:
    """Give each record of a kind beside asv's file at `path` these fields."""
    beside = path.with_name(f"{path.stem}.records.jsonl")
    records = list(map(json.loads, beside.read_text("utf-8").splitlines()))
    text = "".join(
        f"{json.dumps(record | fields if record['kind'] == kind else record)}\n"
        for record in records
    )
    beside.write_text(text, encoding="utf-8", newline="\n")


def count_effort(path: Path, factor: float) -> None:
    """Let every cell have an effort, `factor` times the usual one."""
    edit_records(path, "cell", effort={kind: each * factor for kind, each in _EFFORT.items()})


def arms(*names: str) -> tuple[Arm, ...]:
    """Return arms by name."""
    return tuple(map(arm_named, names))
