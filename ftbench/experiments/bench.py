"""The main job: a pair of interpreters, every scenario on every arm, the site, the summary."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from rich.console import Console

from ftbench.asv.command import SOME_FAILED, Asv, environment_name, register
from ftbench.errors import AsvError
from ftbench.facts.arms import ARMS
from ftbench.facts.profiles import VARIABLE as PROFILE
from ftbench.facts.profiles import profile_named
from ftbench.probe.instruments.machine import advice, load, machine_record
from ftbench.pythons import Interpreter
from ftbench.pythons.install import ensure_pair
from ftbench.report.output import Output
from ftbench.report.overview import summary
from ftbench.results import read_results

PAGE: Final = Path("html") / "choose.html"


@dataclass(frozen=True, slots=True, kw_only=True)
class BenchJob:
    """What to measure: `release` None means the newest that is here as a pair."""

    folder: Path
    release: str | None
    profile: str
    machine: str | None
    bench: str | None


def environment_names(pair: tuple[Interpreter, Interpreter], profile: str) -> list[str]:
    """Return asv's names of the three arms' environments of exactly this pair."""
    builds = {each.build.free_threaded: each.build.flavour for each in pair}
    return [
        environment_name(arm, flavour=builds[arm.free_threaded], profile=profile) for arm in ARMS
    ]


def run(job: BenchJob, output: Output, console: Console) -> None:
    """Do the whole job, its progress to `console`; raises an `FtbenchError` for what ends it."""
    profile = profile_named(job.profile)
    pair = ensure_pair(console, job.release)
    release = pair[0].release
    machine = register(job.machine)
    for each in pair:
        console.print(f"{each.name}: {each.build.flavour}, {each.executable}", markup=False)
    for sentence in advice(machine_record(), load()):
        console.print(sentence, markup=False)
    asv = Asv(folder=job.folder, console=console, variables={PROFILE: profile.name})
    selection = [word for name in environment_names(pair, profile.name) for word in ("-E", name)]
    code = asv(
        *("run", f"{release.name}^!", "--machine", machine, "--record-samples"),
        *(("--interleave-rounds",) if profile.processes > 1 else ()),
        *selection,
        *(("--bench", job.bench) if job.bench else ()),
        show=f"CPython {release.name}",
        tolerate=[SOME_FAILED],
    )
    asv("publish", show="Publishing")
    figures = read_results(job.folder / "results").figures
    output.write(summary(figures, machine=machine, release=release, profile=profile.name))
    console.print(f"The page: {job.folder / PAGE}", markup=False, soft_wrap=True)
    if code == SOME_FAILED:
        raise AsvError(
            "Some benchmarks failed; the table says which, and the rest is saved.",
            hint=f"To see why: asv run {release.name}^! --machine {machine} --show-stderr",
        )
