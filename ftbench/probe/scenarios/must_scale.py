"""must_scale: patterns that ought to scale across the threads of a free-threaded build.

One thread does a pattern of `must_scale_patterns` a fixed number of times; then 2 and 4 threads do
as much each and share the module; then threads that share nothing, each with a copy of the module.

    op          seconds that one thread takes for a turn of the shared pattern
    relative_N  the time of N threads over that of one, for the same work per thread: 1 is ideal as
                long as there is a core for each, N is what a GIL yields
    control_N   the same for threads that share nothing: what machine and build can do at best

Shows where threads meet inside CPython although the program does not let them.  Does not show how
much of a program's time such a pattern is.  Source: CPython's Tools/ftscalingbench, which has the
idea and a score without a control arm, and the issues about patterns that did not scale.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from importlib.util import module_from_spec, spec_from_file_location
from types import ModuleType
from typing import TYPE_CHECKING, Any

from ftbench.probe.instruments.clocks import clock_cost
from ftbench.probe.run.outcome import Metric, Outcome
from ftbench.probe.scenarios import must_scale_patterns
from ftbench.probe.scenarios.base import Cell, MetricSpec, Param, Scenario, costs
from ftbench.probe.scenarios.scaling import Pair, Side, by_team, check, pairs, shares
from ftbench.probe.workers import team_of
from ftbench.probe.workers.base import Member, Team
from ftbench.probe.workloads.kernels import timed

THREADS = (2, 4)
SHARED, ALONE = "relative", "control"

# A pattern must scale if its threads have nothing to wait for each other for: where it does not on
# a free-threaded build, CPython has something left to do.  It is known not to if what it shares is
# what it changes or counts; a program can do better, CPython hardly.
MUST, KNOWN_NOT = "must scale", "known not to scale"


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One pattern: how often a thread does it per round, its ledger, and why it stands there."""

    turns: int  # some 8 ms on a machine of today, fewer where threads are expected to meet
    ledger: str = MUST
    reason: str = "nothing that is shared is changed"


def _not(turns: int, reason: str) -> Entry:
    return Entry(turns=turns, ledger=KNOWN_NOT, reason=reason)


# The names are those of the functions in `patterns`.
LEDGER = {
    "function_calls": Entry(turns=200_000),
    "method_calls": Entry(turns=200_000),
    "module_attributes": Entry(turns=300_000),
    "class_attributes": Entry(turns=300_000),
    "closures": Entry(turns=30_000),
    "constants": Entry(turns=150_000),
    "thread_locals": Entry(turns=90_000, reason="each thread has values of its own"),
    "containers": Entry(turns=80_000),
    "dataclasses": Entry(turns=40_000),
    "namedtuples": Entry(turns=25_000),
    "generators": Entry(turns=80_000),
    "context_managers": Entry(turns=70_000),
    "instance_checks": Entry(turns=70_000),
    "shared_dict_reads": Entry(turns=60_000, reason="a dict is read without its lock"),
    "enumerate_and_zip": Entry(turns=18_000),
    "f_strings": Entry(turns=35_000),
    "exceptions": Entry(turns=50_000),
    "imports": Entry(turns=22_000, reason="an import that is done is a look into sys.modules"),
    "weak_references": Entry(turns=60_000, reason="each thread refers to an object of its own"),
    "own_lock": Entry(turns=90_000, reason="nobody else wants the lock"),
    "own_random": Entry(turns=180_000, reason="each thread has a generator of its own"),
    "shared_pattern": Entry(turns=25_000, reason="a compiled pattern never changes"),
    "shared_instance": _not(60_000, "each use counts a reference to the one object"),
    "shared_dict_writes": _not(60_000, "each write takes the lock of the one dict"),
    "shared_deque": _not(60_000, "each append takes the lock of the one deque"),
    "shared_lock": _not(30_000, "one lock lets one thread through at a time"),
    "shared_random": _not(60_000, "each draw takes the lock of the one generator and changes it"),
}

PARAMS = {"pattern": Param(default="function_calls", choices=tuple(LEDGER))}

METRICS = (
    MetricSpec("op", "seconds", "The pattern once, by one thread."),
    *(
        MetricSpec(f"{arm}_{count}", "ratio", says.format(count))
        for arm, says in (
            (SHARED, "The time of {0} threads over that of one with 1/{0} of their work."),
            (ALONE, "The time of {0} threads over that of one, where threads share nothing."),
        )
        for count in THREADS
    ),
)


def member_of(arm: str, pattern: str, turns: int) -> Member:
    """Return a thread of an arm, `SHARED` or `ALONE`."""
    return Member(
        role="thread", run=(do, (arm, pattern, turns)), prepare=(get_ready, (arm, pattern))
    )


def run(cell: Cell) -> Outcome:
    """Measure one cell: both arms, one thread and more of them in turn."""
    pattern = cell.params["pattern"]
    turns = cell.more(LEDGER[pattern].turns)
    # The serial twin, before any thread is there.
    expected: int = getattr(must_scale_patterns, pattern)(turns)
    teams: list[Team] = []

    def side(arm: str, count: int) -> Side:
        teams.append(team_of(cell.mode, cell.deadline, [member_of(arm, pattern, turns)] * count))
        return by_team(teams[-1])

    sides: dict[str, tuple[Side, Side]] = {}
    for arm in (SHARED, ALONE):
        one = side(arm, 1)
        sides |= {f"{arm}_{count}": (one, side(arm, count)) for count in THREADS}
    found = pairs(cell.profile, sides)
    for team in teams:
        team.end()
    every = [turn for those in found.values() for each in those for turn in (each.one, each.many)]
    return Outcome(
        metrics=metrics(found, LEDGER[pattern].turns),
        invariants=(check(pattern, every, expected),),
        notes=notes(found, pattern),
    )


def metrics(found: Mapping[str, Sequence[Pair]], turns: int) -> dict[str, Metric]:
    """Return the metrics of name → its pairs, a sample per round; `op` is the mean of a round."""
    shared = [those for name, those in found.items() if name.startswith(SHARED)]
    rounds = zip(*shared, strict=True)
    op = (sum(pair.one.seconds for pair in each) / len(each) / turns for each in rounds)
    ratios = {name: [pair.relative for pair in those] for name, those in found.items()}
    return costs(METRICS, {"op": list(op), **ratios})


def notes(found: Mapping[str, Sequence[Pair]], pattern: str) -> dict[str, Any]:
    """Return the notes; threads whose `on_cpu` is far below 1 did not have a core each."""
    entry = LEDGER[pattern]
    return {
        "ledger": entry.ledger,
        "reason": entry.reason,
        "rounds": min(map(len, found.values())),
        "turns": entry.turns,
        "clock": clock_cost(),
        "on_cpu": shares(found),
    }


MUST_SCALE = Scenario(
    name="must_scale",
    version="1",
    title="Patterns that ought to scale across threads",
    params=PARAMS,
    metrics=METRICS,
    run=run,
    modes=("threads",),
    slowed=("op",),
)


if TYPE_CHECKING:
    from ftbench.probe.workloads.kernels import Report

# So that bytecode is specialized, which the free-threaded build does per thread.
WARM_TURNS = 64

_OWN = threading.local()


def load() -> ModuleType:
    """Return the module of the patterns, loaded anew under a name of its own."""
    name = f"{must_scale_patterns.__name__}_of_{threading.get_ident()}"
    spec = spec_from_file_location(name, must_scale_patterns.__file__)
    if spec is None or spec.loader is None:
        raise ImportError(f"no copy of {must_scale_patterns.__name__} can be loaded")
    module = module_from_spec(spec)
    sys.modules[name] = module  # dataclasses look there
    spec.loader.exec_module(module)
    return module


def module_of(arm: str) -> Any:
    """Return the patterns that all threads have, or those that this thread has of its own."""
    if arm == SHARED:
        return must_scale_patterns
    if not hasattr(_OWN, "module"):
        _OWN.module = load()
    return _OWN.module


def do(arm: str, pattern: str, turns: int) -> Report:
    """Do a pattern; return a report as `kernels.timed`."""
    return timed(partial(getattr(module_of(arm), pattern), turns), 1)


def get_ready(arm: str, pattern: str) -> None:
    """Have the bytecode of a pattern specialized for this thread."""
    getattr(module_of(arm), pattern)(WARM_TURNS)
