"""must_scale: patterns that ought to scale across the threads of a free-threaded build.

One thread does a pattern of `must_scale_patterns` a fixed number of times; then 2 and 4 threads do
as much each and share the module; then threads that share nothing, each with a copy of the module.
The time of N threads over that of one is 1 as long as there is a core for each, N with a GIL;
threads that share nothing are the control: what machine and build can do at best.

Shows where threads meet inside CPython although the program does not let them.  Does not show how
much of a program's time such a pattern is.  Source: CPython's Tools/ftscalingbench, which has the
idea and a score without a control arm, and the issues about patterns that did not scale.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Mapping, Sequence
from functools import partial
from importlib.machinery import SourceFileLoader
from types import ModuleType
from typing import TYPE_CHECKING, Any, NamedTuple

from ftbench.probe.instruments.clocks import clock_cost
from ftbench.probe.run.outcome import Metric, Outcome
from ftbench.probe.scenarios import must_scale_patterns
from ftbench.probe.scenarios.base import Cell, MetricSpec, Param, Scenario, costs
from ftbench.probe.scenarios.scaling import Pair, by_team, check, pairs, shares
from ftbench.probe.workers import team_of
from ftbench.probe.workers.base import Member, Team
from ftbench.probe.workloads.kernels import timed

if TYPE_CHECKING:
    from ftbench.probe.workloads.kernels import Report

THREADS = (2, 4)
SHARED, ALONE = "relative", "control"
WARM_TURNS = 64  # so that bytecode is specialized, which the free-threaded build does per thread

# A pattern must scale if its threads have nothing to wait for each other for: where it does not on
# a free-threaded build, CPython has something left to do.  It is known not to if what it shares is
# what it changes or counts; a program can do better, CPython hardly.
MUST, KNOWN_NOT = "must scale", "known not to scale"


class Pattern(NamedTuple):
    """How often a thread does a pattern per round, its ledger, and why it stands there."""

    turns: int  # some 8 ms on a machine of today, fewer where threads are expected to meet
    ledger: str = MUST
    reason: str = "nothing that is shared is changed"


def _not(turns: int, reason: str) -> Pattern:
    return Pattern(turns=turns, ledger=KNOWN_NOT, reason=reason)


# The names are those of the functions in `must_scale_patterns`.
LEDGER = {
    "function_calls": Pattern(turns=200_000),
    "method_calls": Pattern(turns=200_000),
    "module_attributes": Pattern(turns=300_000),
    "class_attributes": Pattern(turns=300_000),
    "closures": Pattern(turns=30_000),
    "constants": Pattern(turns=150_000),
    "thread_locals": Pattern(turns=90_000, reason="each thread has values of its own"),
    "containers": Pattern(turns=80_000),
    "dataclasses": Pattern(turns=40_000),
    "namedtuples": Pattern(turns=25_000),
    "generators": Pattern(turns=80_000),
    "context_managers": Pattern(turns=70_000),
    "instance_checks": Pattern(turns=70_000),
    "shared_dict_reads": Pattern(turns=60_000, reason="a dict is read without its lock"),
    "enumerate_and_zip": Pattern(turns=18_000),
    "f_strings": Pattern(turns=35_000),
    "exceptions": Pattern(turns=50_000),
    "imports": Pattern(turns=22_000, reason="an import that is done is a look into sys.modules"),
    "weak_references": Pattern(turns=60_000, reason="each thread refers to an object of its own"),
    "own_lock": Pattern(turns=90_000, reason="nobody else wants the lock"),
    "own_random": Pattern(turns=180_000, reason="each thread has a generator of its own"),
    "shared_pattern": Pattern(turns=25_000, reason="a compiled pattern never changes"),
    "no_bytecode": _not(
        100_000, "each use counts a reference to a constant that a .pyc would have made immortal"
    ),
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


def run(cell: Cell) -> Outcome:
    """Measure one cell: both arms, one thread and more of them in turn."""
    pattern = cell.params["pattern"]
    turns = cell.with_extra(LEDGER[pattern].turns)
    # The serial twin, before any thread is there.
    expected: int = getattr(must_scale_patterns, pattern)(turns)
    arms = (SHARED, ALONE)
    teams = {(arm, n): _team(cell, arm, n, turns) for arm in arms for n in (1, *THREADS)}
    sides = {arm_n: by_team(team) for arm_n, team in teams.items()}
    ladder = {f"{arm}_{n}": (sides[arm, 1], sides[arm, n]) for arm in arms for n in THREADS}
    pairs_of = pairs(cell, ladder)
    for team in teams.values():
        team.end()
    entry = LEDGER[pattern]
    return Outcome(
        metrics=metrics(pairs_of, entry.turns),
        invariants=(check(pattern, pairs_of, expected),),
        notes={
            "ledger": entry.ledger,
            "reason": entry.reason,
            "rounds": len(pairs_of[f"{SHARED}_{THREADS[0]}"]),
            "turns": entry.turns,
            "clock": clock_cost(),
            "on_cpu": shares(pairs_of),  # far below 1: threads did not have a core each
        },
    )


def _team(cell: Cell, arm: str, count: int, turns: int) -> Team:
    pattern = cell.params["pattern"]
    run, prepare = (do, (arm, pattern, turns)), (get_ready, (arm, pattern))
    return team_of(cell.mode, cell.deadline, [Member("thread", run, prepare)] * count)


def metrics(pairs_of: Mapping[str, Sequence[Pair]], turns: int) -> dict[str, Metric]:
    """Return the metrics of name → its pairs, a sample per round; `op` is the mean of a round."""
    shared = [of for name, of in pairs_of.items() if name.startswith(SHARED)]
    rounds = zip(*shared, strict=True)
    op = [sum(pair.one.seconds for pair in row) / len(row) / turns for row in rounds]
    ratios = {name: [pair.relative for pair in of] for name, of in pairs_of.items()}
    return costs(METRICS, {"op": op, **ratios})


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


_OWN = threading.local()


def load() -> ModuleType:
    """Return the module of the patterns, loaded anew under a name of its own."""
    name = f"{must_scale_patterns.__name__}_of_{threading.get_ident()}"
    module = sys.modules[name] = ModuleType(name)  # dataclasses look there
    SourceFileLoader(name, must_scale_patterns.__file__).exec_module(module)
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
