"""What a trial measures: its builds, the cells on them, and what each process of a cell yielded."""

from __future__ import annotations

import math
import statistics
from dataclasses import dataclass, field
from typing import Any, Final

from rich.console import Console

from ftbench.errors import DeadlineError, FtbenchError, NotAvailableError
from ftbench.experiments.harness import MOST_FAILURES
from ftbench.experiments.trial.question import Question
from ftbench.facts.arms import Arm, arm_named
from ftbench.facts.engines import ENGINES
from ftbench.facts.modes import mode_named
from ftbench.facts.trial_modes import TRIAL_MODES, TrialMode
from ftbench.facts.units import amount
from ftbench.probe.run.document import Measurement
from ftbench.pythons import Interpreter
from ftbench.pythons.engines import state_of
from ftbench.pythons.install import choose, ensure_pair, own_arm
from ftbench.pythons.wheels import Packages
from ftbench.results.trials import TrialBuild, TrialCell, TrialProcess

SERIAL: Final = TRIAL_MODES[0]
# A plain loop over a round's calls takes so long at least, and at most if inputs can be left out;
# so long do warm rounds of a process take together.
ROUND_SECONDS, LONGEST_SECONDS, WARM_SECONDS = 0.2, 2.0, 0.3
# So long do calls of a chunk take: what a pool pays for handing them over is a fraction of it.
CHUNK_SECONDS = 0.001
# Below it no pool pays: handing over a call takes as long.
FINE_SECONDS = 50e-6
# Of one program that hangs another may not: what ended otherwise will do so again.
_AGAIN: Final = (DeadlineError,)


@dataclass(slots=True, kw_only=True)
class Build:
    """A build on which it is tried, and what has been found of it."""

    name: str
    interpreter: Interpreter
    arm: Arm
    packages: Packages = field(default_factory=Packages)
    skipped: str = ""
    failed: FtbenchError | None = None
    look: dict[str, Any] = field(default_factory=dict)
    shake: dict[str, Any] = field(default_factory=dict)
    raced: dict[str, FtbenchError] = field(default_factory=dict)  # by the way it was shaken
    record: dict[str, Any] = field(default_factory=dict)
    seconds: float = 0.0  # of a call in a plain loop
    digests: list[str] = field(default_factory=list)  # of its results
    unpicklable: str = ""  # why no other process can be given its calls

    @property
    def here(self) -> bool:
        return not self.skipped and self.failed is None

    @property
    def coroutine(self) -> bool:
        return bool(self.look.get("coroutine"))

    def value(self) -> TrialBuild:
        return TrialBuild(
            name=self.name,
            release=self.interpreter.release.name,
            flavour=self.interpreter.build.flavour,
            arm=self.arm.name,
            build=self.record,
            skipped=self.skipped,
            look=self.look,
            shake=self.shake,
            packages=dict(self.packages.versions),
        )


@dataclass(slots=True, kw_only=True, eq=False)
class Cell:
    """A mode on a build with a number of workers, and what its processes yielded so far."""

    build: Build
    way: TrialMode
    workers: int
    chunk: int = 1
    processes: list[TrialProcess] = field(default_factory=list)
    memory: list[float] = field(default_factory=list)
    memory_kind: str = ""
    errors: list[FtbenchError] = field(default_factory=list)
    skipped: str = ""

    @property
    def title(self) -> str:
        workers = "" if self.way is SERIAL else f"({self.workers})"
        return f"{self.way.name}{workers} on {self.build.name}"

    @property
    def failed(self) -> FtbenchError | None:
        """What it failed by; once in a hang is no failure where others had an end."""
        for error in self.errors:
            if not isinstance(error, _AGAIN):
                return error
        often = len(self.errors) >= MOST_FAILURES or not self.processes
        return self.errors[0] if self.errors and often else None

    @property
    def given_up(self) -> bool:
        again = all(isinstance(error, _AGAIN) for error in self.errors)
        return bool(self.skipped) or not again or len(self.errors) >= MOST_FAILURES

    def take(self, measured: Measurement) -> None:
        """Take over what a process yielded; raises `NotAvailableError` where nobody saw memory."""
        samples = {name: metric.samples for name, metric in measured.metrics.items()}
        if "call" in samples:
            process = TrialProcess(
                rounds=samples["call"],
                loop=samples["loop"],
                cpu=samples.get("cpu", ()),
                calls=samples.get("latency", ()),
                **{n: statistics.median(samples[n]) for n in ("start", "cold", "shutdown")},
                stick=measured.speed.get("seconds", 0.0),
                marked=bool(measured.interference.get("marked")),
            )
            self.processes.append(process)
            return
        kind = next((kind for kind in ("pss", "uss", "rss") if kind in samples), None)
        if kind is None:
            unseen = measured.notes.get("unobserved", "this system does not report it")
            raise NotAvailableError(str(unseen))
        self.memory_kind = kind
        self.memory.append(statistics.median(samples[kind]))

    def value(self) -> TrialCell:
        failed = self.failed
        return TrialCell(
            build=self.build.name,
            mode=self.way.name,
            workers=self.workers,
            chunk=self.chunk,
            processes=tuple(self.processes),
            memory=tuple(self.memory),
            memory_kind=self.memory_kind,
            skipped=self.skipped,
            failed=failed.message if failed else "",
            story=failed.story if failed else "",
            exit_code=failed.exit_code if failed else 0,
        )


def builds_of(question: Question, console: Console) -> list[Build]:
    """Return the builds that are asked for, by default the newest pair; raises `UsageError`."""
    pairs = [choose(python, own_arm(python), console) for python in question.pythons]
    if not pairs:
        pairs = [*zip(ensure_pair(console), map(arm_named, ("gil", "ft")), strict=True)]
    builds: dict[str, Build] = {}
    for interpreter, arm in pairs:
        plain = interpreter.name
        names = [plain, f"{plain} ({interpreter.build.flavour})"]
        names += [f"{plain} ({number})" for number in range(2, len(pairs) + 1)]
        taken = {build.name for build in builds.values()}
        name = next(each for each in names if each not in taken)
        build = Build(name=name, interpreter=interpreter, arm=arm)
        builds.setdefault(str(interpreter.executable), build)
    return list(builds.values())


def calibrated(seconds: float, inputs: int, workers: int) -> tuple[int, int]:
    """Return the calls of a round, whole passes over the inputs if it can, and of a chunk."""
    each = max(seconds, 1e-9)
    # Of finer calls it is shorter: a pool takes as long for each of them.
    wanted = max(math.ceil(ROUND_SECONDS / max(each, FINE_SECONDS)), workers)
    calls = inputs * math.ceil(wanted / inputs)
    if inputs * each > 2 * LONGEST_SECONDS:  # a function makes them: the first ones
        calls = max(int(LONGEST_SECONDS / each), workers)
    # Four chunks a worker at least, as `multiprocessing.Pool.map` has them.
    most = max(calls // (4 * workers), 1)
    return calls, min(max(round(CHUNK_SECONDS / each), 1), most)


def why_not(build: Build, way: TrialMode) -> str:
    """Return why there is no such cell on a build, as was found before anything was measured."""
    if way is not SERIAL and way.coroutine is not build.coroutine:
        kind = "coroutine" if way.coroutine else "plain"
        return f"it is for {kind} functions"
    mode = mode_named(way.mode)
    if mode.engine and mode.engine not in build.packages.versions:
        state = state_of(ENGINES[mode.engine], build.interpreter)
        if state.packages is None:
            return state.reason
    if (mode.processes or mode.name == "interpreters") and build.unpicklable:
        return f"a call or its result cannot go to another process: {build.unpicklable}"
    if mode.name == "interpreters" and (why := build.look.get("subinterpreter")):
        return str(why)
    return ""


def line(cell: Cell) -> str:
    """Return what to say of a cell's first process."""
    told = f"skipped: {cell.skipped}"
    if cell.processes:
        told = f"{amount(statistics.median(cell.processes[0].rounds), 'seconds')} a call"
    elif cell.failed:
        told = f"failed: {cell.failed.message}"
    return f"  {cell.title}: {told}"
