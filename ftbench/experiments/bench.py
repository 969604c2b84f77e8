"""The main job: a pair of interpreters, every scenario on every arm, the site, the summary."""

from __future__ import annotations

import statistics
from contextlib import suppress
from pathlib import Path
from typing import Final

from rich.console import Console

from ftbench.asv.command import SOME_FAILED, Asv, register
from ftbench.errors import AsvError, ResultsError
from ftbench.facts.arms import ARMS
from ftbench.facts.profiles import VARIABLE as PROFILE
from ftbench.facts.profiles import profile_named
from ftbench.probe.instruments.machine import advice, load, machine_record
from ftbench.pythons import Interpreter
from ftbench.pythons.install import ensure_pair
from ftbench.report.output import Output
from ftbench.report.overview import summary
from ftbench.results import read_results
from ftbench.results.records import read_records
from ftbench.results.safe_loading import environment_name

PAGE: Final = Path("html") / "choose.html"


def environment_names(pair: tuple[Interpreter, Interpreter], profile: str) -> list[str]:
    """Return asv's names of the three arms' environments of exactly this pair."""
    builds = {interpreter.build.free_threaded: interpreter.build.flavour for interpreter in pair}
    return [
        environment_name(arm.python, builds[arm.free_threaded], profile, arm.environment.items())
        for arm in ARMS
    ]


def usual_seconds(results: Path, machine: str, profile: str) -> dict[str, float]:
    """Return how many seconds a process of each class took, by the records of a profile here."""
    took: dict[str, list[float]] = {}
    for path in results.glob(f"{machine}/*-profile{profile}*.records.jsonl"):
        with suppress(ResultsError):
            for cell in read_records(path).cells:
                if isinstance(cell.get("elapsed"), float):
                    took.setdefault(str(cell["group"]), []).append(cell["elapsed"])
    return {group: statistics.fmean(each) for group, each in took.items()}


def run(
    folder: Path,
    output: Output,
    console: Console,
    *,
    release: str | None = None,
    profile: str,
    machine: str | None = None,
    bench: str | None = None,
) -> None:
    """Do the whole job on a release, by default the newest that is here as a pair.

    Its progress goes to `console`; raises an `FtbenchError` for what ends it.
    """
    processes = profile_named(profile).processes
    pair = ensure_pair(console, release)
    measured = pair[0].release
    machine = register(machine)
    for one in pair:
        console.print(f"{one.name}: {one.build.flavour}, {one.executable}", markup=False)
    for sentence in advice(machine_record(), load()):
        console.print(sentence, markup=False)
    asv = Asv(
        folder=folder,
        console=console,
        variables={PROFILE: profile},
        environments=len(ARMS),
        seconds=usual_seconds(folder / "results", machine, profile),
    )
    selection = [word for name in environment_names(pair, profile) for word in ("-E", name)]
    code = asv(
        *("run", f"{measured}^!", "--machine", machine, "--record-samples"),
        *(("--interleave-rounds",) if processes > 1 else ()),
        *selection,
        *(("--bench", bench) if bench else ()),
        show=f"CPython {measured}",
        tolerate=[SOME_FAILED],
    )
    asv("publish", show="Publishing")
    figures = read_results(folder / "results").figures
    output.write(summary(figures, machine=machine, release=measured, profile=profile))
    console.print(f"The page: {folder / PAGE}", markup=False, soft_wrap=True)
    if code == SOME_FAILED:
        raise AsvError(
            "Some benchmarks failed; the table says which, and the rest is saved.",
            hint=f"To see why: asv run {measured}^! --machine {machine} --show-stderr",
        )
