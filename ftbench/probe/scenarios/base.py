"""What a scenario is, and which there are: a name, its parameters, and what runs one cell of it.

A scenario's module is loaded when it is asked for: a measured process holds its own alone.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from importlib import import_module
from typing import Any, NamedTuple

from ftbench.errors import FtbenchError, NotAvailableError, UsageError, unknown
from ftbench.facts.modes import MODE_NAMES, Mode
from ftbench.facts.profiles import DUEL, Profile
from ftbench.probe.run.outcome import Metric, Outcome
from ftbench.probe.workers.base import Deadline

MOST_WORKERS = 256
MEMORY = "bytes"  # the unit of what the observer measures
# Work is done in whole operations: so far may what is added be from what was asked for.
_COARSE = 0.3

# Has the observer sample the process tree as a phase, for so many seconds (0.0: once), and waits;
# then process id → role, in which the parent and multiprocessing's own helpers need not be.
Observe = Callable[[str, float, Mapping[int, str]], None]


class Cell(NamedTuple):
    """One cell of a scenario's grid, with all that a run of it needs."""

    mode: Mode
    params: Mapping[str, Any]
    profile: Profile
    deadline: Deadline
    observe: Observe
    # Has the measuring stick do a slice unless the last was moments ago, and waits; in a duel, the
    # other side.  Before a round it gets its number, and is true where that is not to be.
    stick: Callable[..., bool | None] = lambda *_: None
    # A share of its own work that is done besides, 0.0 where figures are kept: a known slowdown, to
    # see whether `ftbench selftest` finds it.
    extra: float = 0.0

    def rounds(self) -> Iterator[int]:
        """Count the rounds of a timed cell, from 0; between them, the stick has its slices."""
        return self._counted(self.profile.least_rounds, self.profile.most_rounds)

    def repeats(self) -> Iterator[int]:
        """The same where a round is itself thousands of operations."""
        return self._counted(self.profile.least_repeats, self.profile.most_repeats)

    def _counted(self, least: int, most: int) -> Iterator[int]:
        begin = time.perf_counter()
        done = 0
        while done < least or (done < most and time.perf_counter() - begin < self.profile.seconds):
            if self.stick(done):
                return
            yield done
            done += 1

    def pass_turn(self) -> None:
        """In a duel, have the other side do its part amid a round; elsewhere do nothing."""
        if self.profile is DUEL:
            self.stick()

    def with_extra(self, count: int, step: int = 1) -> int:
        """Return `count` and the extra of it, in whole steps.

        Raises `NotAvailableError` if that is far from what was asked for.
        """
        if not self.extra:
            return count
        added = round(count * self.extra / step) * step
        if not count or abs(added / count - self.extra) > _COARSE * self.extra:
            raise NotAvailableError(
                f"{self.extra:.0%} more cannot be had: the work is {count} in steps of {step}."
            )
        return count + added


class Param(NamedTuple):
    """A parameter of a scenario: one of `choices`, `text`, or a number from `least` to `most`."""

    default: int | str
    choices: tuple[str, ...] = ()
    least: int = 1
    most: int = MOST_WORKERS
    text: bool = False

    def parse(self, name: str, text: int | str) -> int | str:
        """Return the value that `text` means; raises `UsageError` with what it may be."""
        if self.choices and text not in self.choices:
            raise unknown(name, str(text), self.choices)
        if self.choices or self.text:
            return str(text)
        try:
            number = int(str(text))  # never 2.5 or True
        except ValueError:
            raise UsageError(f"{name} must be a whole number, not {text!r}.") from None
        if not self.least <= number <= self.most:
            raise UsageError(
                f"{name} must be from {self.least} to {self.most}, not {number}.",
                hint="The benchmarks use a fixed ladder; anything in this range can be probed.",
            )
        return number


class MetricSpec(NamedTuple):
    """A metric of a scenario: its unit, and what it is; before a semicolon, its name in words."""

    name: str
    unit: str
    says: str
    better: str = "lower"
    always: bool = True  # else some builds, systems or cells lack it
    tracked: bool = True  # else it has no benchmark: it is for those who ask the probe
    version: str = ""  # behind its scenario's: what it measures changed, and the work did not


def in_seconds(**says: str) -> tuple[MetricSpec, ...]:
    """Return metrics in seconds, that every cell has, by name → what it says."""
    return tuple(MetricSpec(name, "seconds", text) for name, text in says.items())


def memory_of(what: str) -> tuple[MetricSpec, ...]:
    """Return the metrics that `outcome.memory` yields of `what`."""
    tree = "Memory of the process tree"
    pss = f"{tree}, PSS; {what}"
    rss = f"{tree}, RSS; the same, but shared pages count once per process."
    uss = f"{tree}, USS; what would be free if the tree ended."
    return (
        MetricSpec("pss", "bytes", pss, always=False, version=".1"),
        MetricSpec("rss", "bytes", rss),
        MetricSpec("uss", "bytes", uss, always=False, tracked=False),
    )


def costs(specs: Iterable[MetricSpec], samples: Mapping[str, Sequence[float]]) -> dict[str, Metric]:
    """Return the metrics of name → samples, in the units that `specs` say."""
    units = {spec.name: spec.unit for spec in specs}
    return {name: Metric(unit=units[name], samples=tuple(own)) for name, own in samples.items()}


def by_round(
    specs: Iterable[MetricSpec], rounds: Sequence[Mapping[str, float]]
) -> dict[str, Metric]:
    """Return the metrics of the costs of each round; one that some round lacks is left out."""
    names = [spec.name for spec in specs if all(spec.name in costs_of for costs_of in rounds)]
    return costs(specs, {name: [costs_of[name] for costs_of in rounds] for name in names})


class Scenario(NamedTuple):
    """A scenario: `run` measures a cell inside the clean process."""

    name: str
    title: str
    # Figures of two versions are never compared: it changes when the measured work does.
    version: str
    params: Mapping[str, Param]
    run: Callable[[Cell], Outcome]
    metrics: tuple[MetricSpec, ...]
    per_count: tuple[str, ...] = ()  # further metrics, one of each for each number of workers
    modes: tuple[str, ...] = MODE_NAMES
    # Why a combination of mode and parameters makes no sense on any build, None if it does.
    hole: Callable[[Mode, Mapping[str, Any]], str | None] = lambda _mode, _params: None
    # What the supervising process makes of what the observer saw, phase → samples, and the number
    # of workers; None if nobody watches. Who is watched has a copy of the interpreter to itself.
    from_observation: Callable[[Mapping[str, Any], int], Outcome] | None = None
    # A program beside this module that runs the cell once it has done something else, and its
    # further words, by the request.
    program: tuple[str, Callable[[Mapping[str, Any], Profile], tuple[str, ...]]] | None = None
    counted: bool = False  # its figures are counts, which nothing else that runs has a part in
    slowed: tuple[str, ...] = ()  # the metrics that `Cell.extra` reaches in full
    # Whether those are seconds of an interpreter at work, which follow the measuring stick; what
    # waits, copies or is the kernel's does not, as far as is known (docs/stick.md).
    computes: bool = False
    # The engine that its parameters need beside the mode's, "" for none.
    engine: Callable[[Mapping[str, Any]], str] = lambda _params: ""
    # As cells of an engine's mode do, it loads modules that are not CPython's own: as for a user,
    # one may switch the GIL on.
    extensions: bool = False

    def why_not(self, mode: Mode, params: Mapping[str, Any]) -> str | None:
        """Return why there is no such cell, whatever the build; None if there is one."""
        if mode.name not in self.modes:
            return f"{self.name} is measured in {', '.join(self.modes)}"
        return self.hole(mode, params)

    def check(self, measured: Mapping[str, Metric], *, observed: bool = True) -> None:
        """Raise `FtbenchError` unless a run yielded the metrics of the table, in their units."""
        specs = {spec.name: spec for spec in self.metrics}
        wrong = [
            name
            for name, metric in measured.items()
            if (metric.unit != specs[name].unit if name in specs else not self._counts(name))
        ]
        lacking = [
            spec.name
            for spec in self.metrics
            if spec.always and spec.name not in measured and (observed or spec.unit != MEMORY)
        ]
        if wrong or lacking:
            raise FtbenchError(
                f"{self.name} yielded other metrics than its table has: {wrong} are not there or "
                f"in another unit, {lacking} are lacking; nothing is recorded."
            )

    def _counts(self, name: str) -> bool:
        stem, _, count = name.rpartition("_")
        return stem in self.per_count and count.isdecimal()

    def parse(self, given: Mapping[str, int | str]) -> dict[str, int | str]:
        """Return all parameters with their values; raises `UsageError` for one that is none."""
        for name in given:
            if name not in self.params:
                raise unknown(f"{self.name} parameter", name, self.params)
        return {
            name: param.parse(name, given.get(name, param.default))
            for name, param in self.params.items()
        }


# Each has a module of its name in this package, in which it stands under its name in capitals.
NAMES = (
    "lifecycle",
    "footprint",
    "shared_set",
    "sharded_writers",
    "cpu_scaling",
    "single_thread",
    "instructions",
    "must_scale",
    "pools",
    "data",
    "native",
    "grain",
    "crossover",
    "latency",
    "failure",
    "hybrid",
    "io",
    "pauses",
)
# The steps of `ftbench try`, which run a user's function: name → module of `probe.trial`.
TRIAL_STEPS = {
    "trial_look": "look",
    "trial_serial": "serial",
    "trial_shake": "shake",
    "trial": "measured",
    "trial_memory": "measured",
}


def scenario_named(name: str) -> Scenario:
    """Return the scenario called `name`; raises `UsageError` for a name that is none."""
    if name not in NAMES and name not in TRIAL_STEPS:
        raise unknown("scenario", name, NAMES)
    step = TRIAL_STEPS.get(name)
    module = f"ftbench.probe.trial.{step}" if step else f"{__package__}.{name}"
    scenario: Scenario = getattr(import_module(module), name.upper())
    return scenario
