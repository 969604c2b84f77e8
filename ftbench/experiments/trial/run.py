"""Tries a function: what is asked of each build first, then rounds over all cells in drawn order.

Every step is a cell of the probe, in a process of its own; what fails there is told and stops no
other.  Phases are told as they end.
"""

from __future__ import annotations

import json
import math
import random
import secrets
import shutil
import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, Final

from rich.console import Console

from ftbench.asv.machines import identity
from ftbench.errors import (
    FtbenchError,
    NotAvailableError,
    ResultsDifferError,
    UsageError,
    error_class,
)
from ftbench.experiments import harness
from ftbench.experiments.trial.cells import (
    FINE_SECONDS,
    LONGEST_SECONDS,
    SERIAL,
    WARM_SECONDS,
    Build,
    Cell,
    builds_of,
    calibrated,
    line,
    why_not,
)
from ftbench.experiments.trial.question import Question, calls_of
from ftbench.facts.trial_modes import CUSTOM, TRIAL_MODES, TrialMode, trial_mode_named
from ftbench.facts.units import amount, plural
from ftbench.files import cache_folder
from ftbench.probe.instruments.machine import advice, load, machine_record
from ftbench.probe.run.document import Measurement
from ftbench.probe.run.measure import utc_now
from ftbench.probe.trial.checking import Difference
from ftbench.probe.trial.measured import calls_beside
from ftbench.probe.trial.shake import at_a_time
from ftbench.progress import Bar, bar
from ftbench.pythons.wheels import packages_of
from ftbench.results.journal import Journal
from ftbench.results.trials import Trial

Probe = Callable[..., Measurement]
Shown = Callable[[Trial], object]

LEAST_ROUNDS, MOST_ROUNDS = 3, 30
SLACK = 1.25  # so many times the budget it may come to where that makes three rounds
_MEMORY = 0.75  # so many rounds does it take to see the memory of all cells
SHAKE_SECONDS = 2.0
# No repeats of what others disturbed: there is another round, and what is disturbed is marked.
_PROFILE: Final = "hold=0.3,interval=0.1"
_START_SECONDS: Final = 30.0  # for the workers to start and to end, in any mode
_SLOWER: Final = 8.0  # so many times as slow as a plain loop may a mode be before it is ended
_OTHER: Final = (
    "If that is as it should be: --check close:1e-9 for rounding, --check MODULE:FUNCTION of "
    "(result, expected) for another rule, --check none for any."
)
# Whether it is a coroutine function → the ways in which it is shaken; and what that says of others.
_SHAKEN: Final = {False: ("threads",), True: ("asyncio", "asyncio-per-thread")}
_SHAKEN_FOR: Final = {
    "threads": ("threads", "threadpool", "to-thread"),
    "asyncio": ("asyncio", "asyncio-per-thread"),
    "asyncio-per-thread": ("asyncio-per-thread",),
}


@contextmanager
def tried(
    question: Question,
    console: Console,
    *,
    fresh: bool = False,
    shown: Shown = lambda _trial: None,
    probe: Probe = harness.probe,
) -> Iterator[Trial]:
    """Try it and yield what came of it; the journal is forgotten when the body has told it.

    `shown` is called with what there is after the first round.  Raises an `FtbenchError` where
    nothing can be tried at all.
    """
    for sentence in advice(machine_record(), load()):
        console.print(sentence, markup=False, soft_wrap=True)
    builds = builds_of(question, console)
    request = ["try", repr(question), question.sources(), [build.name for build in builds]]
    interpreters = [build.interpreter for build in builds]
    with harness.journal_of(request, interpreters, console, fresh=fresh) as journal:
        folder = cache_folder() / "trial"
        shutil.rmtree(folder, ignore_errors=True)  # of one that was killed: who measures is alone
        folder.mkdir(parents=True)
        try:
            yield Run(
                question=question,
                builds=builds,
                console=console,
                journal=journal,
                folder=folder,
                shown=shown,
                probe=probe,
            ).trial()
        finally:
            shutil.rmtree(folder, ignore_errors=True)


@dataclass(kw_only=True)
class Run:
    """A trial under way."""

    question: Question
    builds: list[Build]
    console: Console
    journal: Journal
    folder: Path  # of what its processes are asked
    shown: Shown = lambda _trial: None
    probe: Probe = harness.probe
    seed: int = field(default_factory=lambda: secrets.randbelow(2**32))
    started_at: str = field(default_factory=utc_now)
    inputs: tuple[str, ...] = ()
    count: int = 1  # of inputs
    calls: int = 1  # of a round
    chunk: int = 1
    serial: dict[str, Any] = field(default_factory=dict)  # what the first build's plain loop says
    cells: list[Cell] = field(default_factory=list)
    rounds: int = 0
    taken_over: float = 0.0  # seconds that what was taken over had taken
    sittings: dict[str, int] = field(default_factory=dict)  # begin → processes
    stick: str = ""
    load: float | None = field(default_factory=load)
    notes: list[str] = field(default_factory=list)

    def trial(self) -> Trial:
        """Go through all phases; raises an `FtbenchError` where nothing can be tried at all."""
        self._choose_inputs(self.question.inputs)
        for prepare in (self._install, self._look, self._ask, self._compute_serially):
            prepare()
            self._some_left()
        self._calibrate()
        self._shake()
        self.cells = list(self._every_cell())
        self._measure()
        self._see_memory()
        return self.value()

    def _say(self, phase: str, what: str) -> None:
        self.console.print(f"{phase}: {what}", markup=False, highlight=False, soft_wrap=True)

    @property
    def _here(self) -> list[Build]:
        return [build for build in self.builds if build.here]

    def _some_left(self) -> None:
        if self._here:
            return
        for build in self.builds:
            if build.failed:
                raise build.failed
        raise NotAvailableError(
            "No build can run it.",
            story="\n".join(f"{build.name}: {build.skipped}" for build in self.builds),
        )

    def _choose_inputs(self, inputs: Sequence[str]) -> None:
        self.inputs, self.count = tuple(inputs), len(inputs)
        lines = "".join(f"{line}\n" for line in inputs)
        (self.folder / "inputs.jsonl").write_text(lines, encoding="utf-8")
        for reference in self.folder.glob("reference-*"):
            reference.unlink()

    def _step(
        self,
        build: Build,
        scenario: str,
        way: TrialMode = SERIAL,
        workers: int = 1,
        *,
        seconds: float,
        **more: Any,
    ) -> Measurement:
        """Run a step in a process of its own; `seconds` is what a plain loop takes for it."""
        number, question = self.builds.index(build), self.question
        asked = {
            name: getattr(question, name)
            for name in ("target", "inputs_from", "kwargs", "worker_setup", "before", "after")
        }
        asked |= {
            "path": [*question.path, *filter(None, [build.packages.folder])],
            "inputs": None if question.inputs_from else str(self.folder / "inputs.jsonl"),
            "check": question.check,
            "executor": question.executor,
            "reference": str(self.folder / f"reference-{number}"),
            "calls": self.calls,
            "seconds": WARM_SECONDS,
            "call_deadline": question.call_deadline,
            "seed": self.seed,
            **more,
        }
        path = self.folder / "asked.json"
        path.write_text(json.dumps(asked), encoding="utf-8")
        measured = self.probe(
            build.interpreter,
            scenario,
            mode=way.mode,
            params={"asked": str(path), "way": way.name, "workers": workers},
            profile=_PROFILE,
            gil=build.arm.gil,
            jit=build.arm.jit,
            deadline=_START_SECONDS + 2 * question.call_deadline + _SLOWER * seconds,
        )
        build.record = build.record or measured.build
        return measured

    def _each(self, ask: Callable[[Build], None]) -> None:
        for build in self._here:
            try:
                ask(build)
            except NotAvailableError as error:
                build.skipped = str(error)
                self._say(build.name, f"skipped: {error.message}")
            except FtbenchError as error:  # syntax or a package that only one build lacks, say
                build.failed = error
                self._say(build.name, f"failed: {error.message}")

    def _install(self) -> None:
        def install(build: Build) -> None:
            needs = self.question.needs
            build.packages = packages_of(needs, build.interpreter, self.console)
            versions = build.packages.versions.items()
            packages = ", ".join(f"{name} {version}" for name, version in versions)
            flavour = f"{build.interpreter.build.flavour}, {build.interpreter.executable}"
            self._say(build.name, f"{flavour}{'; ' if packages else ''}{packages}")
            self.notes += (f"{build.name}: {note}." for note in build.packages.notes)

        self._each(install)
        versions = {build.name: build.packages.versions for build in self._here}
        for name in sorted({name for each in versions.values() for name in each}):
            found = {build: each.get(name, "not there") for build, each in versions.items()}
            if len(set(found.values())) > 1:
                told = ", ".join(f"{version} on {build}" for build, version in found.items())
                self.notes.append(f"{name} is {told}: builds may differ because of that.")

    def _look(self) -> None:
        def look(build: Build) -> None:
            measured = self._step(build, "trial_look", seconds=self.question.call_deadline)
            build.look = measured.notes["look"]
            self._say(f"pre-flight, {build.name}", "; ".join(build.look.get("said", ())))

        self._each(look)

    def _ask(self) -> None:
        seen = (each for build in self._here for each in build.look.get("effects", ()))
        effects = {each.partition(" (")[0]: each for each in seen}  # ports differ, and the like
        if not effects:
            return
        calls = calls_of(self._calls_in_all())
        told = f"A call {', '.join(effects.values())}; this trial makes {calls} or more"
        if not self.question.yes:
            raise UsageError(f"{told}.", hint="If that does no harm, say so: --yes")
        self._say("side effects", told)
        self.notes.append(f"{told}.")

    def _calls_in_all(self) -> int:
        seconds = max(build.look.get("seconds", 0.0) for build in self._here)
        cells = len(list(self._every_cell()))
        calls, _ = calibrated(seconds, self.count, max(self.question.workers))
        builds, memory = len(self._here), 2 * self.question.memory
        shaken = self.question.shake * at_a_time(seconds)
        # A first round and a warm one; plain loops, once before and once beside it; memory.
        rounds = LEAST_ROUNDS * 2 * (calls + calls_beside(calls, self.count, seconds))
        return builds * (2 * self.count + shaken) + cells * (rounds + calls * memory)

    def _compute_serially(self) -> None:
        """Have each build make its results twice, in fresh processes of other hash seeds."""
        guess = max(build.look.get("seconds", 0.0) for build in self._here)
        self._thin(guess, 30 * LONGEST_SECONDS)  # a first call is slower than others
        first = self._here[0]
        self._each(self._once)
        if first.here and self._thin(first.seconds, LONGEST_SECONDS):
            self._each(self._once)
        if self.question.check == "none":
            self._say("results", "not checked")
        else:
            self._each(self._again)
            self._compare_builds()
        if not first.here:
            return
        share, each = self.serial["cpu_share"], amount(first.seconds, "seconds")
        self._say(
            "kind of work", f"{self.serial['kind']}, {share:.0%} of {each} a call is on a CPU"
        )

    def _thin(self, seconds: float, longest: float) -> bool:
        """Take fewer inputs where a plain loop over all of them takes too long."""
        if self.question.inputs_from or len(self.inputs) * seconds <= longest:
            return False
        count = max(int(longest / seconds), *self.question.workers)
        if count >= len(self.inputs):
            return False
        every = len(self.question.inputs)
        apart = every / count
        self._choose_inputs([self.question.inputs[int(n * apart)] for n in range(count)])
        self.notes = [note for note in self.notes if " inputs were taken" not in note]
        self.notes.append(f"{count} of {every} inputs were taken, evenly, for a round to be short.")
        return True

    def _once(self, build: Build) -> None:
        guess = len(self.inputs) * max(build.seconds, build.look.get("seconds", 0.0))
        guess = 30 * LONGEST_SECONDS if self.question.inputs_from else guess  # nobody has counted
        measured = self._step(build, "trial_serial", seconds=guess)
        build.seconds = statistics.fmean(measured.metrics["call"].samples)
        notes = measured.notes
        build.digests = notes["digests"]
        build.unpicklable = build.unpicklable or notes["unpicklable"]
        if notes["changed"]:
            told = f"{build.name}: {calls_of(notes['changed'])} changed the arguments"
            self.notes.append(f"{told}: {Difference(**notes['first_changed']).story}")
        if build is self._here[0]:
            self.count, self.serial = len(notes["digests"]), notes

    def _again(self, build: Build) -> None:
        measured = self._step(build, "trial_serial", seconds=build.seconds * self.count)
        # What else runs makes it slower, and nothing faster.
        again = statistics.fmean(measured.metrics["call"].samples)
        build.seconds, notes = min(build.seconds, again), measured.notes
        if notes["wrong"]:
            raise ResultsDifferError(
                f"On {build.name} the plain loop itself has another result each time it runs, "
                f"for {notes['wrong']} of {plural(self.count, 'input', 'inputs')}.",
                story=Difference(**notes["first"]).story,
                hint=_OTHER,
            )
        self._say(f"determinism, {build.name}", "the same results twice, in fresh processes")

    def _compare_builds(self) -> None:
        for build in self._here[1:]:
            first = self._here[0]
            differ = sum(a != b for a, b in zip(first.digests, build.digests, strict=False))
            if differ and self.question.check == "equal":
                told = f"{differ} of {self.count} results on {build.name} are not those on "
                told += first.name
                self._say("results", told)
                self.notes.append(f"{told}; each build is compared with its own plain loop.")

    @cached_property
    def _seconds(self) -> float:
        return max(build.seconds for build in self._here)

    def _calibrate(self) -> None:
        calls, chunk = calibrated(self._seconds, self.count, max(self.question.workers))
        # A trial that goes on measures what the one before it did.
        kept = self.journal.kept.get("calibration")
        if kept and kept[-1]["content"][2] == self.count:
            calls, chunk, _ = kept[-1]["content"]
        else:
            self.journal.add("calibration", [calls, chunk, self.count])
        self.calls, self.chunk = calls, chunk
        if calls < self.count:
            self.notes.append(
                f"A round takes the first {calls} of {self.count} inputs, to be short."
            )
        each = amount(calls * self._seconds, "seconds")
        self._say(
            "calibration", f"{calls_of(calls)} a round, {each} in a plain loop; chunk {chunk}"
        )
        if self._seconds < FINE_SECONDS:
            told = (
                f"A call takes {amount(self._seconds, 'seconds')}, including its timing: "
                f"submitting it to a pool takes as long, so a pool can pay only in chunks; see "
                f"the scenario grain."
            )
            self._say("calibration", told)
            self.notes.append(told)

    def _shake(self) -> None:
        if not self.question.shake or self.question.check == "none":
            return
        for build in self._here:
            for way in map(trial_mode_named, _SHAKEN[build.coroutine]):
                told = self._shaken(build, way)
                self._say(f"thread safety, {build.name}, {way.title}", told)

    def _shaken(self, build: Build, way: TrialMode) -> str:
        more = {"seconds": SHAKE_SECONDS + 4 * build.seconds, "shake": self.question.shake}
        try:
            found = self._step(build, "trial_shake", way, 4, **more).notes
        except UsageError:
            raise
        except FtbenchError as error:
            told = f"threads that called it concurrently: {error.message}"
            build.raced[way.name] = type(error)(told, story=error.story)
            return told
        build.shake[way.name] = {name: found[name] for name in ("calls", "wrong")}
        calls, wrong = calls_of(found["calls"]), found["wrong"]
        if not wrong:
            return f"nothing found (no proof) in {calls}"
        told = f"results differ: {wrong} wrong of {calls} that threads made at once."
        build.raced[way.name] = ResultsDifferError(told, story=found["story"])
        return f"{wrong} wrong in {calls}"

    def _every_cell(self) -> Iterator[Cell]:
        question = self.question
        for build in self.builds:
            if build.failed:
                yield Cell(build=build, way=SERIAL, workers=1, errors=[build.failed])
            if not build.here:
                continue
            ways = question.modes or self._usual(build)
            for way in ways:
                for workers in (1,) if way is SERIAL else question.workers:
                    chunk = self.chunk if "{c}" in way.code else 1
                    cell = Cell(build=build, way=way, workers=workers, chunk=chunk)
                    cell.skipped = why_not(build, way)
                    errors = (e for by, e in build.raced.items() if way.name in _SHAKEN_FOR[by])
                    cell.errors.extend(errors)
                    yield cell

    def _usual(self, build: Build) -> Iterator[TrialMode]:
        yield SERIAL
        yield from (w for w in TRIAL_MODES[1:] if w.default and w.coroutine is build.coroutine)
        yield from [CUSTOM] * bool(self.question.executor)

    def _measure(self) -> None:
        spent, longest = 0.0, 0.0
        if self.journal.count:
            told = f"What was measured by {self.journal.measured_at} is reused; or --fresh."
            self._say("measurement", f"This trial continues an earlier one. {told}")
        with bar(self.console, self.question.budget) as shown:
            while cells := [cell for cell in self.cells if not cell.given_up]:
                reserve = longest * (1 + _MEMORY * bool(self.question.memory))
                most = self.question.budget * (1 if self.rounds >= LEAST_ROUNDS else SLACK)
                if self.rounds and (self.rounds == MOST_ROUNDS or spent + reserve > most):
                    break
                took = self._round(cells, shown)
                spent, longest, self.rounds = spent + took, max(longest, took), self.rounds + 1
                if self.rounds == 1:
                    self.shown(self.value())
        self.notes += filter(None, [harness.of_sittings(self.sittings)])
        if self.rounds < LEAST_ROUNDS and any(cell.processes for cell in self.cells):
            enough = LEAST_ROUNDS + _MEMORY * bool(self.question.memory)
            enough = math.ceil(longest * enough / 10) * 10
            self.notes.append(
                f"The budget of {self.question.budget:g} s was enough for "
                f"{plural(self.rounds, 'round', 'rounds')}, and telling modes apart takes three: "
                f"--budget {enough}s."
            )

    def _round(self, cells: Sequence[Cell], shown: Bar) -> float:
        draw = random.Random(f"{self.seed} {self.rounds}")  # noqa: S311 - no secrets here
        begin, before = time.monotonic(), self.taken_over
        for cell in draw.sample(list(cells), len(cells)):
            shown.begin(f"round {self.rounds + 1}, {cell.title}", weight=0)
            cell.skipped = self._process(cell, "trial")
            if not self.rounds:
                shown.console.print(line(cell), markup=False, soft_wrap=True)
            shown.update(completed=time.monotonic() - begin)
        return time.monotonic() - begin + self.taken_over - before

    def _process(self, cell: Cell, scenario: str) -> str:
        """Measure a process of a cell, which takes what came of it; return why there is none.

        What a call that was ended has measured of it comes first.
        """
        asked, seen = (
            f"{scenario} {cell.title}",
            cell.memory if "memory" in scenario else cell.processes,
        )
        kept = self.journal.kept[asked][len(seen) :]
        seconds = self.calls * max(cell.build.seconds, FINE_SECONDS)
        more = {"seconds": seconds, "chunk": cell.chunk}
        try:
            if kept:
                measured, run = Measurement.from_json(kept[0]["content"]), kept[0]["run"]
                self.taken_over += measured.elapsed
            else:
                measured = self._step(cell.build, scenario, cell.way, cell.workers, **more)
                run = self.journal.run
                self.journal.add(asked, measured.to_json())
            cell.take(measured)
            self.stick = self.stick or str(measured.speed.get("stick", ""))
            self.sittings[run] = self.sittings.get(run, 0) + 1
        except NotAvailableError as error:
            return str(error).removesuffix(".")
        except UsageError:
            raise
        except FtbenchError as error:
            cell.errors.append(error)
        return ""

    def _see_memory(self) -> None:
        cells = [cell for cell in self.cells if cell.processes and not cell.failed]
        if not self.question.memory or not cells:
            return
        turns, whys = cells * self.question.memory, dict[str, None]()
        with bar(self.console, len(turns)) as shown:
            for cell in turns:
                shown.begin(f"memory, {cell.title}")
                whys[self._process(cell, "trial_memory")] = None
        self.notes += (f"memory: {why}." for why in whys if why)
        told = f"of {plural(len(cells), 'cell', 'cells')}, in processes that are not timed"
        self._say("memory", told)

    def value(self) -> Trial:
        question = self.question
        machine = {**machine_record(), "identity": identity(cache_folder())}
        return Trial(
            target=question.name,
            inputs=self.count,
            calls=self.calls,
            check=question.check,
            started_at=self.started_at,
            machine=machine,
            asked=question.alike(),
            source=question.source,
            stick=self.stick,
            conditions={"load": self.load, "rounds": self.rounds},
            seed=self.seed,
            serial_seconds=self._here[0].seconds if self._here else 0.0,
            **{name: self.serial.get(name, 0) for name in ("cpu_share", "bytes_in", "bytes_out")},
            builds=tuple(build.value() for build in self.builds),
            cells=tuple(cell.value() for cell in self.cells),
            notes=tuple(self.notes),
        )


def raise_worst(trial: Trial) -> None:
    """Raise an error of the class with the highest exit code if a cell failed, or none was there.

    What is skipped never counts.
    """
    failed = [cell for cell in trial.cells if cell.failed]
    if failed:
        worst = max(failed, key=lambda cell: cell.exit_code)
        workers = "" if worst.mode == SERIAL.name else f"({worst.workers})"
        many = f"{len(failed)} of {plural(len(trial.cells), 'cell', 'cells')} failed"
        rest = "; the others are measured." if len(failed) < len(trial.cells) else "."
        raise error_class(worst.exit_code)(
            f"{many}{rest}",
            hint=_OTHER if worst.exit_code == ResultsDifferError.exit_code else "",
            story=f"{worst.mode}{workers} on {worst.build}: {worst.failed}\n{worst.story}".strip(),
        )
    if not any(cell.processes for cell in trial.cells):
        reasons = filter(None, dict.fromkeys(cell.skipped for cell in trial.cells))
        raise NotAvailableError("No mode could be tried here.", story="\n".join(reasons))
