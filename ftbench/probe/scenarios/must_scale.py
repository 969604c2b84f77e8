"""must_scale: patterns that ought to scale across the threads of a free-threaded build.

One thread does a pattern of `must_scale_patterns` a fixed number of times; in turn with it 2 and 4
threads do as much each and share all that threads share.  The time of N threads over that of one is
1 as long as there is a core for each, N with a GIL; processes, which share nothing, are the
control: what the machine can do at best.  Where each worker has a core, one's time is that of the
slowest of N slices in a row, for N that have nothing in common take as long as the slowest of them.

Shows where threads meet inside CPython although the program does not let them.  Does not show how
much of a program's time such a pattern is.  Source: CPython's Tools/ftscalingbench, which has the
idea and a score without a control arm, and the issues about patterns that did not scale; which
pattern is whose: docs/must_scale.md.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from ftbench.facts.modes import MODES
from ftbench.probe.run.outcome import Metric, Outcome
from ftbench.probe.scenarios import must_scale_patterns
from ftbench.probe.scenarios.base import Cell, MetricSpec, Param, Scenario, costs
from ftbench.probe.scenarios.scaling import (
    MANY,
    ONE,
    Block,
    Turn,
    blocks_of,
    by_team,
    check,
    notes,
    ratios,
)
from ftbench.probe.workers import unavailable
from ftbench.probe.workloads.kernels import in_turn

if TYPE_CHECKING:
    from ftbench.probe.workloads.kernels import SliceReport

THREADS = (2, 4)
SHARED, ALONE = "relative", "control"

# A pattern must scale if its threads have nothing to wait for each other for: where it does not on
# a free-threaded build, CPython has something left to do.  It is known not to if what it shares is
# what it changes or counts; a program can do better, CPython hardly.
MUST, KNOWN_NOT = "must scale", "known not to scale"


class Pattern(NamedTuple):
    """How often a thread does a pattern per slice, its ledger, and why it stands there."""

    turns: int  # some 2 ms on a machine of today, fewer where threads are expected to meet
    ledger: str = MUST
    reason: str = "nothing that is shared is changed"


def _not(turns: int, reason: str) -> Pattern:
    return Pattern(turns=turns, ledger=KNOWN_NOT, reason=reason)


# The names are those of the functions in `must_scale_patterns` and `must_scale_mended`.
LEDGER = {
    "function_calls": Pattern(turns=50_000),
    "method_calls": Pattern(turns=50_000),
    "module_attributes": Pattern(turns=75_000),
    "class_attributes": Pattern(turns=75_000),
    "closures": Pattern(turns=7_500),
    "constants": Pattern(turns=37_500),
    "thread_locals": Pattern(turns=22_500, reason="each thread has values of its own"),
    "containers": Pattern(turns=20_000),
    "dataclasses": Pattern(turns=10_000),
    "namedtuples": Pattern(turns=6_250),
    "generators": Pattern(turns=20_000),
    "context_managers": Pattern(turns=17_500),
    "instance_checks": Pattern(turns=17_500),
    "shared_dict_reads": Pattern(turns=15_000, reason="a dict is read without its lock"),
    "enumerate_and_zip": Pattern(turns=4_500),
    "f_strings": Pattern(turns=8_750),
    "exceptions": Pattern(turns=12_500),
    "imports": Pattern(turns=5_500, reason="an import that is done is a look into sys.modules"),
    "weak_references": Pattern(turns=15_000, reason="each thread refers to an object of its own"),
    "own_lock": Pattern(turns=22_500, reason="nobody else wants the lock"),
    "own_random": Pattern(turns=45_000, reason="each thread has a generator of its own"),
    "shared_pattern": Pattern(turns=6_250, reason="a compiled pattern never changes"),
    "module_functions": Pattern(turns=33_000),
    "instances": Pattern(turns=25_000),
    "classmethod_calls": Pattern(turns=28_000),
    "staticmethod_calls": Pattern(turns=28_000),
    "super_calls": Pattern(turns=20_000),
    "own_super_calls": Pattern(turns=20_000, reason="each thread has a class of its own"),
    "descriptors": Pattern(turns=30_000),
    "enum_members": Pattern(turns=30_000),
    "class_changes": Pattern(turns=1_000, reason="nobody else has the object yet"),
    "dispatch_by_name": Pattern(turns=10_000),
    "built_attribute_names": Pattern(turns=8_000, reason="each thread has an object of its own"),
    "interned_strings": Pattern(turns=12_000, reason="what is interned is only looked up"),
    "method_callers": Pattern(turns=16_000),
    "special_methods": Pattern(turns=30_000),
    "c_functions": Pattern(turns=40_000),
    "list_methods": Pattern(turns=30_000, reason="each thread has a list of its own"),
    "plain_namedtuples": Pattern(turns=5_500),
    "copies": Pattern(turns=15_000, reason="each thread has a list of its own"),
    "object_copies": Pattern(turns=1_500, reason="each thread has an object of its own"),
    "deep_copies": Pattern(turns=700, reason="each thread has a dict of its own"),
    "frozendicts": Pattern(turns=20_000),
    "frozenset_members": Pattern(turns=40_000, reason="a frozenset never changes"),
    "shared_set_reads": Pattern(turns=20_000, reason="a set is read without its lock"),
    "collected_beside_tuples": Pattern(
        turns=12_000, reason="the tuples that all have need no collecting"
    ),
    "ctypes_calls": Pattern(turns=20_000),
    "decompressions": Pattern(turns=6_000, reason="each thread has memory of its own"),
    "new_functions": Pattern(turns=2_000, reason="global names are only looked up"),
    "shared_instance": Pattern(turns=15_000, reason="3.15 counts no references to the one object"),
    "no_bytecode": _not(
        25_000, "each use counts a reference to a constant that a .pyc would have made immortal"
    ),
    "shared_dict_writes": _not(15_000, "each write takes the lock of the one dict"),
    "shared_deque": _not(15_000, "each append takes the lock of the one deque"),
    "shared_lock": _not(7_500, "one lock lets one thread through at a time"),
    "shared_random": _not(15_000, "each draw takes the lock of the one generator and changes it"),
}

PARAMS = {"pattern": Param(default="function_calls", choices=tuple(LEDGER))}

METRICS = (
    MetricSpec("op", "seconds", "Time of one turn, 1 thread."),
    MetricSpec("op_2", "seconds", "Time of one turn, each of 2 threads.", tracked=False),
    *(
        MetricSpec(name.format(arm, count), "ratio", says.format(count, who), always=sure)
        for name, says, sure in (
            ("{}_{}", "Slow-down of {0} {1} against one, same work each; 1 is no slow-down.", True),
            ("{}_cpu_{}", "CPU time of each of {0} {1} over that of one alone.", False),
        )
        for arm, who in ((SHARED, "threads"), (ALONE, "processes"))
        for count in THREADS
    ),
)


def run(cell: Cell) -> Outcome:
    """Measure one cell: both arms, one and more in turn."""
    pattern = cell.params["pattern"]
    turns = cell.with_extra(LEDGER[pattern].turns)
    # The serial twin, before any thread is there.
    expected = must_scale_patterns.work_of(pattern)(turns)
    step = do, (pattern, turns)
    # Forked before there are threads, where there is fork: then they are as alike as threads.
    apart = next(mode for mode in MODES if mode.processes and not unavailable(mode))
    sides = {
        f"{arm}_{n}": by_team(cell._replace(mode=mode), "worker", step, n)
        for arm, mode in ((ALONE, apart), (SHARED, cell.mode))
        for n in (1, *THREADS)
    }
    ones = {f"{arm}_{n}": f"{arm}_1" for arm in (SHARED, ALONE) for n in THREADS}
    blocks, slices = blocks_of(cell, sides, ones)
    entry = LEDGER[pattern]
    return Outcome(
        metrics=metrics(blocks, entry.turns),
        invariants=(check(pattern, slices, expected),),
        notes={
            "ledger": entry.ledger,
            "reason": entry.reason,
            "turns": entry.turns,
            **notes(blocks),
        },
    )


def metrics(blocks: Sequence[Block], turns: int) -> dict[str, Metric]:
    """Return the metrics of blocks, a sample of each; `op` is of what shares the module."""
    name = f"{SHARED}_{THREADS[0]}"
    op, op_2 = (
        [block.mean(name, side, Turn.seconds) / turns for block in blocks] for side in (ONE, MANY)
    )
    return costs(METRICS, {"op": op, "op_2": op_2, **ratios(blocks, Block.over_slowest)})


MUST_SCALE = Scenario(
    name="must_scale",
    version="3",
    title="Patterns that ought to scale across threads",
    params=PARAMS,
    metrics=METRICS,
    run=run,
    modes=("threads",),
    slowed=("op",),
    computes=True,
)


def do(pattern: str, turns: int, cpus: tuple[int, ...] = (), at: int = 0) -> SliceReport:
    """Do a pattern; return a report as `kernels.in_turn`."""
    return in_turn(partial(must_scale_patterns.work_of(pattern), turns), 1, cpus, at)
