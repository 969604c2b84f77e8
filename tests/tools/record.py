"""Measures what results/ lack of docs/record.toml, the most important first: docs/record.md.

    python tests/tools/record.py --within 45m
    python tests/tools/record.py --plan

Only this machine's results count.  Ctrl-C, the end of --within and SIGKILL end everything that was
started.  Each finished process is kept in a journal, from which the next run continues.
"""

from __future__ import annotations

import argparse
import itertools
import re
import subprocess
import sys
import threading
import time
import tomllib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from functools import cache, cached_property
from os import environ
from pathlib import Path
from typing import Any, Final

import msgspec

from ftbench.asv.machines import register
from ftbench.errors import INTERRUPTED, AsvError, FtbenchError, NothingError, UsageError
from ftbench.experiments import bench, suite
from ftbench.experiments.suite import SuiteCell
from ftbench.facts.arms import ARMS, WITHOUT_GIL, Arm, arm_named
from ftbench.facts.profiles import PROFILES, profile_named
from ftbench.facts.profiles import VARIABLE as PROFILE
from ftbench.facts.units import plural
from ftbench.probe.run.child import reset_signals
from ftbench.probe.run.programs import short_folder
from ftbench.pythons import Interpreter, discover
from ftbench.pythons.install import find_pair
from ftbench.pythons.interpreter import preference
from ftbench.releases import Release
from ftbench.results.duels import duel_path, read_duels
from ftbench.results.figure import Environment
from ftbench.results.noise import noise_path, read_noise_file
from ftbench.results.records import RECORDS, DuelSide, Record, read_records

ROOT: Final = Path(__file__).resolve().parents[2]
PLAN: Final = ROOT / "docs" / "record.toml"
GUARD: Final = (sys.executable, "-m", "ftbench.probe.run.guard", str(7 * 24 * 3600))
# Of asv where cells failed, and of duels where something is worse: they were measured.
MEASURED: Final = frozenset({0, 2, 10, 11, NothingError.exit_code})
FTBENCH: Final = ("-c", "from ftbench.cli import main; main()")
END_SECONDS: Final = 30.0
FAILED: Final = "FAILED"
# Of a process beside what is on record of it, and of a cell in a duel, of one thread and of others:
# as it was on two cores.
START_SECONDS: Final = 0.2
DUEL_SECONDS: Final = 8.0
LONG_DUEL_SECONDS: Final = 25.0
GIL: Final = arm_named("gil")
# What a GIL build meets in a duel of the arms.
AGAINST_GIL: Final = (WITHOUT_GIL, arm_named("jit"))
UNITS: Final = {"s": 1, "m": 60, "h": 3600}

Builds = tuple[Interpreter, ...]
"""The GIL and the free-threaded build of a release, or the only one of them that is here."""

Side = tuple[Interpreter, Arm]


class Plan(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A `record.toml`."""

    releases: tuple[str, ...]
    profile: str = "quick"
    kinds: tuple[str, ...] = ("optimized", "plain")
    # Scenarios, or `duel SCENARIO` and `noise SCENARIO`; those that are not named come between.
    first: tuple[str, ...] = ()
    last: tuple[str, ...] = ()
    full: tuple[str, ...] = ()  # releases that are measured in the full profile, too, at the end


def read_plan(path: Path) -> Plan:
    """Read a plan; raises `UsageError` for one that makes no sense."""
    try:
        plan = msgspec.convert(tomllib.loads(path.read_text("utf-8")), Plan)
    except (tomllib.TOMLDecodeError, msgspec.ValidationError, OSError) as error:
        raise UsageError(f"{path}: {error}.") from error
    if plan.profile not in PROFILES or not {"optimized", "plain"}.issuperset(plan.kinds):
        raise UsageError(f"{path}: profiles are {', '.join(PROFILES)}; kinds optimized, plain.")
    ways = {what.rpartition(" ")[0] for what in (*plan.first, *plan.last)}
    if ways - {"", *WAYS}:
        forms = " or ".join(f"'{way} SCENARIO'" for way in WAYS)
        raise UsageError(f"{path}: an entry is a SCENARIO, {forms}.")
    return plan


@dataclass(frozen=True, kw_only=True)
class Step:
    """What one command measures."""

    title: str
    command: tuple[str, ...]
    profile: str = "quick"
    seconds: float = 0.0  # about, 0.0 where nobody knows


@dataclass(frozen=True, kw_only=True)
class Recorder:
    """A plan, on the builds that are here, in a project's folder."""

    plan: Plan
    folder: Path
    machine: str
    bench: str = "."  # of which classes
    builds: Sequence[Interpreter] = field(default_factory=discover)

    @property
    def own(self) -> Path:
        """This machine's folder of the results."""
        return self.folder / "results" / self.machine

    @cached_property
    def builds_of(self) -> dict[str, dict[Release, Builds]]:
        """The builds of each kind by release, the newest last."""
        found: dict[str, dict[Release, Builds]] = {kind: {} for kind in self.plan.kinds}
        for kind, release in itertools.product(
            found, sorted(map(Release.parse, self.plan.releases))
        ):
            ours = [
                each
                for each in self.builds
                if each.release == release
                and (each.build.pgo and each.build.lto if kind == "optimized" else _plain(each))
            ]
            if builds := find_pair(ours) or tuple(sorted(ours, key=preference)[:1]):
                found[kind][release] = builds
        return found

    @property
    def lacking(self) -> Iterator[str]:
        """Builds that are not here, as a command that obtains them."""
        for kind, name in itertools.product(self.plan.kinds, self.plan.releases):
            builds = self.builds_of[kind].get(Release.parse(name), ())
            here = {each.build.free_threaded for each in builds}
            lacks = [name + "t" * free for free in (False, True) if free not in here]
            if lacks:
                more = " --optimized" if kind == "optimized" else ""
                yield f"{name}, {kind}: ftbench pythons install {' '.join(lacks)}{more}"

    @cached_property
    def cells(self) -> dict[str, list[SuiteCell]]:
        """The cells of each class."""
        found: dict[str, list[SuiteCell]] = {}
        for cell in suite.chosen(suite.cells(self.folder), self.bench):
            found.setdefault(cell.group, []).append(cell)
        return found

    @cached_property
    def usual(self) -> dict[tuple[str, str], float]:
        """Seconds of a process, by class and version."""
        return bench.usual_seconds(self.folder / "results", "*", self.plan.profile)

    def steps(self) -> Iterator[Step]:
        """Yield what is missing, what is worth most first: of each kind of build by itself."""
        named = {*self.plan.first, *self.plan.last}
        rest = dict.fromkeys(_scenario(group) for group in self.cells)
        between = [scenario for scenario in rest if scenario not in named]
        for stage in (self.plan.first, (*between, *self.plan.last)):
            for kind, what in itertools.product(self.plan.kinds, stage):
                way, _, scenario = what.rpartition(" ")
                for group in self.cells:
                    if _scenario(group) == scenario and self.builds_of[kind]:
                        yield from WAYS.get(way, Recorder._cells)(self, group, kind)
        if self.plan.full:
            plan = msgspec.structs.replace(
                self.plan,
                releases=self.plan.full,
                profile="full",
                first=tuple(what for what in self.plan.first if not what.startswith("duel ")),
                last=tuple(what for what in self.plan.last if not what.startswith("duel ")),
                full=(),
            )
            yield from replace(self, plan=plan).steps()

    def _seconds(self, cells: Sequence[SuiteCell], arms: int, processes: int) -> float:
        known = self.usual.get((cells[0].group, cells[0].version), 0.0)
        return known and (known + START_SECONDS) * len(cells) * arms * processes

    def _cells(self, group: str, kind: str) -> Iterator[Step]:
        """Yield one run of a class over all releases and arms that lack it, interleaved."""
        cells, profile = self.cells[group], self.plan.profile
        lacking: list[tuple[Release, str]] = []
        for release, builds in self.builds_of[kind].items():
            arms = [arm for arm in ARMS if any(arm in bench.arms_with(c, builds) for c in cells)]
            for name in bench.environment_names(builds, profile, [arm.name for arm in arms]):
                path = self.own / f"{release.commit_id}-{name}{RECORDS.suffix}"
                if not _has(path, group, cells[0].version):
                    lacking.append((release, name))
        if not lacking:
            return
        commits = self.folder / "env" / f"record-{group}-{kind}.txt"
        commits.parent.mkdir(exist_ok=True)
        releases = sorted({release for release, _ in lacking})
        commits.write_text("".join(f"{each.commit_id}\n" for each in releases), "utf-8")
        names = list(dict.fromkeys(name for _, name in lacking))
        processes = profile_named(profile).processes
        of = ", ".join(map(str, releases))
        yield Step(
            title=f"{group}: {of}, {kind}, {profile}, {plural(len(lacking), 'result', 'results')}",
            command=(
                *("-m", "ftbench.asv", "run", f"HASHFILE:{commits}", "--machine", self.machine),
                *("--record-samples", *(["--interleave-rounds"] if processes > 1 else [])),
                *(word for name in names for word in ("-E", name)),
                *("--bench", rf"^{re.escape(group)}\."),
            ),
            profile=profile,
            seconds=self._seconds(cells, len(lacking), processes),
        )

    def _series(self, kind: str) -> list[list[list[Builds]]]:
        """Return the releases of each series, as both they are: the newest first.

        Each flavour is by itself: what another compiler made is another program.
        """
        by_flavour: dict[str, list[Builds]] = {}
        for _, builds in sorted(self.builds_of[kind].items(), reverse=True):
            by_flavour.setdefault(builds[-1].build.flavour, []).append(builds)
        return [
            [list(those) for _, those in itertools.groupby(every, lambda b: b[0].release.series)]
            for every in by_flavour.values()
        ]

    def _sides(self, kind: str) -> Iterator[tuple[Side, Side]]:
        """Yield both sides of each duel: the arms of the newest of each series, then releases."""
        for series in self._series(kind):
            newest = [those[0] for those in series]
            for builds in newest:
                yield from itertools.product(_on(builds, GIL), _on(builds, *AGAINST_GIL))
            within = [those[:2] for those in series if len(those) > 1]
            for after, before in [*itertools.pairwise(newest), *within]:
                for arm in (GIL, WITHOUT_GIL):
                    yield from itertools.product(_on(before, arm), _on(after, arm))

    def _duels(self, group: str, kind: str) -> Iterator[Step]:
        cells = self.cells[group]
        for one, other in self._sides(kind):
            sides = _side(*one), _side(*other)
            file = read_duels(duel_path(self.own, *sides))
            known = [duel for duel in file.duels if duel.group == group] if file else []
            wanted = cells[0].version, tuple(side.flavour for side in sides)
            if wanted not in [(d.version, tuple(s.flavour for s in d.sides)) for d in known]:
                arms = ("--arm", one[1].name, "--arm-b", other[1].name)
                alone = _scenario(group) == "single_thread"
                yield Step(
                    title=f"duel of {_named(*one)} and {_named(*other)}, {kind}: {group}",
                    command=(
                        *(*FTBENCH, "duel", str(one[0].executable), str(other[0].executable)),
                        *(*arms, "--bench", rf"^{re.escape(group)}\.", "--machine", self.machine),
                    ),
                    profile=self.plan.profile,
                    seconds=(DUEL_SECONDS if alone else LONG_DUEL_SECONDS) * len(cells),
                )

    def _noise(self, group: str, kind: str) -> Iterator[Step]:
        cells = self.cells[group]
        for newest, *_ in itertools.chain(*self._series(kind)):
            for each in newest:
                arms = [arm for arm in ARMS if each.serves(arm)]
                lacking = [a for a in arms if not self._floor(each, a, group, cells[0].version)]
                if lacking:
                    yield Step(
                        title=f"noise floor of {each.name}, {kind}, {self.plan.profile}: {group}",
                        command=(
                            *(*FTBENCH, "noise", str(each.executable)),
                            *(word for arm in lacking for word in ("--arm", arm.name)),
                            *("--bench", rf"^{re.escape(group)}\."),
                            *("--profile", self.plan.profile, "--machine", self.machine),
                        ),
                        profile=self.plan.profile,
                        seconds=self._seconds(cells, len(lacking), 8),
                    )

    def _floor(self, build: Interpreter, arm: Arm, group: str, version: str) -> bool:
        place = Environment(
            machine=self.machine,
            arm=arm,
            flavour=build.build.flavour,
            profile=self.plan.profile,
        )
        file = read_noise_file(noise_path(self.folder / "results", place, build.release))
        found = file.cells if file else ()
        return any((cell.group, cell.version) == (group, version) for cell in found)


WAYS: Final = {"duel": Recorder._duels, "noise": Recorder._noise}
"""How a class is measured that is not by asv, by what stands before its scenario in a plan."""


def _plain(each: Interpreter) -> bool:
    return each.build.pgo is False and each.build.lto is False and not each.build.replica


def _on(builds: Builds, *arms: Arm) -> list[Side]:
    return [(each, arm) for arm in arms for each in builds if each.serves(arm)]


def _named(each: Interpreter, arm: Arm) -> str:
    return f"{each.name}{', JIT on' if arm.jit else ''}"


def _side(each: Interpreter, arm: Arm) -> DuelSide:
    return DuelSide(
        release=each.release.name, arm=arm.name, flavour=each.build.flavour, mode="", build=""
    )


def _scenario(group: str) -> str:
    return group.partition(".")[0]


def _has(path: Path, group: str, version: str) -> bool:
    """Tell whether records have a class as it is now, if only that it cannot be measured there."""
    if not path.exists():
        return False
    ours = [each for each in _records(path, path.stat().st_mtime_ns) if each["group"] == group]
    cells = [each for each in ours if each["kind"] == "cell"]
    return any(each.get("version") == version for each in cells) if cells else bool(ours)


@cache
def _records(path: Path, _changed: int) -> Sequence[Record]:
    return read_records(path).cells


def span(text: str) -> float:
    """Return the seconds of `90s`, `45m` or `2h`; raises `UsageError`."""
    found = re.fullmatch(r"(\d+(?:\.\d+)?)([smh])", text.strip())
    if not found or not float(found[1]):
        raise UsageError(f"{text!r} is not a time: write 90s, 45m or 2h.")
    return float(found[1]) * UNITS[found[2]]


def measured(step: Step, folder: Path, seconds: float | None) -> bool | None:
    """Run a step's command; tell whether it has measured, None if its time was over."""
    command = [*GUARD, short_folder(), sys.executable, *step.command]
    variables = {**environ, PROFILE: step.profile}
    pipe = subprocess.PIPE  # all three of them, or the guard ends at once
    child = subprocess.Popen(
        command,
        cwd=folder,
        env=variables,
        stdin=pipe,
        stdout=pipe,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    )
    assert child.stdin is not None
    assert child.stdout is not None
    show = threading.Thread(target=_show, args=(child.stdout,), daemon=True)
    show.start()
    try:
        return child.wait(seconds) in MEASURED
    except subprocess.TimeoutExpired:
        return None
    finally:
        child.stdin.close()  # tells the guard that nobody waits any more
        child.wait(END_SECONDS)
        show.join(END_SECONDS)
        child.stdout.close()


def _show(lines: Iterable[bytes]) -> None:
    for line in lines:
        sys.stdout.buffer.write(line)
        sys.stdout.flush()


def record(of: Recorder, within: float | None) -> Iterable[str]:
    """Measure what is missing until all is there or the time is over; yield what to say."""
    end = None if within is None else time.monotonic() + within
    tried: set[str] = set()
    while step := next((each for each in of.steps() if each.title not in tried), None):
        left = None if end is None else end - time.monotonic()
        if left is not None and left <= 0:
            break
        yield f"{step.title}{about(step.seconds)}"
        done = measured(step, of.folder, left)
        if done is None:
            break
        # What has failed, or cannot be here, is not tried again in this run.
        tried.add(step.title)
        if not done:
            yield f"{FAILED}: {step.title}"
    rest = sum(1 for _ in of.steps())
    more = plural(rest, "step is", "steps are")
    yield f"{more} left: run this again to continue." if rest else "The record is complete."


def about(seconds: float) -> str:
    """Return about how long that is."""
    return f", about {timedelta(seconds=round(seconds))}" if seconds else ""


def main(argv: Sequence[str] | None = None, **more: Any) -> int:
    """Do what the arguments say; return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--within", metavar="TIME", help="90s, 45m or 2h; default: no limit")
    parser.add_argument("--plan", action="store_true", help="list what is missing, measure nothing")
    parser.add_argument("--from", dest="source", type=Path, default=PLAN, help="another plan")
    parser.add_argument("--bench", metavar="REGEX", default=".", help="only these classes")
    parser.add_argument("--machine", help="as for 'ftbench bench'")
    parser.add_argument("--folder", type=Path, default=ROOT, help="the project with the results/")
    options = parser.parse_args(argv)
    within = None if options.within is None else span(options.within)
    machine = register(options.folder / "results", options.machine, print)
    of = Recorder(
        plan=read_plan(options.source),
        folder=options.folder,
        machine=machine,
        bench=options.bench,
        **more,
    )
    for line in of.lacking:
        print(f"not installed: {line}")
    if options.plan:
        so_far = 0.0
        for step in of.steps():
            so_far += step.seconds
            total = f", {timedelta(seconds=round(so_far))} so far" if step.seconds else ""
            print(f"{step.title}{about(step.seconds)}{total}")
        return 0
    failed = False
    reset_signals()
    try:
        for line in record(of, within):
            print(line, flush=True)
            failed |= line.startswith(FAILED)
    except KeyboardInterrupt:
        print("Stopped: run this again to continue.")
        return INTERRUPTED
    return AsvError.exit_code if failed else 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except FtbenchError as error:
        print(f"record: {error}", file=sys.stderr)
        sys.exit(error.exit_code)
