"""The ladders of the grids, with their words; their values are those of the probe's own tables."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from ftbench.analysis.grid import STRATEGIES, WRITERS, Against, Ladder
from ftbench.facts.modes import POOL_TABLE, no_such_pool
from ftbench.probe.scenarios.crossover import PAYLOADS
from ftbench.probe.scenarios.crossover import SIZES as TASK_SIZES
from ftbench.probe.scenarios.grain import SIZES
from ftbench.probe.scenarios.must_scale import LEDGER
from ftbench.probe.scenarios.native import WORK
from ftbench.probe.workers import no_such_channel
from ftbench.probe.workers.shared_state import CHANNELS
from ftbench.probe.workloads.kernels import KERNELS, SMALL
from ftbench.report.sections.view import Rungs

_SPACE: Final = "\N{NO-BREAK SPACE}"
_UNITS: Final = {"us": "µs", "ms": "ms", "kib": "KiB", "mib": "MiB"}
_UNIT: Final = re.compile("|".join(_UNITS))
_LEDGERS: Final = tuple(dict.fromkeys(entry.ledger for entry in LEDGER.values()))


def counted(values: tuple[str, ...], noun: str) -> dict[str, str]:
    """Return number → the number with its noun, given in the singular."""
    return {value: f"{value}{_SPACE}{noun}{'s' * (value != '1')}" for value in values}


def _with_units(names: Iterable[str]) -> dict[str, str]:
    """Return name → the name as people write it: "10us" → "10 µs"."""
    return {name: _UNIT.sub(lambda unit: _SPACE + _UNITS[unit[0]], name) for name in names}


def pools(*values: str, rivals: bool = True) -> Rungs:
    """Return a ladder of these pools, the executor as the base."""
    return Rungs(
        ladder=Ladder(param="pool", values=values, base="executor", hole=no_such_pool),
        every="every pool",
        base="the executor",
        rivals=rivals,
    )


TASK_SIZE_NAMES: Final = _with_units(size.name for size in TASK_SIZES)
PAYLOAD_NAMES: Final = _with_units(payload.name for payload in PAYLOADS)
BY_STRATEGY: Final = Rungs(ladder=STRATEGIES, every="every strategy", base="strategy lock")
BY_WRITERS: Final = Rungs(
    ladder=WRITERS,
    every="any number of writers",
    base="one writer",
    names=counted(WRITERS.values, "writer"),
)
BY_POOL: Final = pools(*POOL_TABLE)
# No rivals: what goes on because it has noticed nothing is not the better one.
BY_WATCHED_POOL: Final = pools(
    *(kind.name for kind in POOL_TABLE.values() if kind.futures), rivals=False
)
BY_CHANNEL: Final = Rungs(
    ladder=Ladder(param="channel", values=CHANNELS, base="queue", hole=no_such_channel),
    every="every channel",
    base="a queue",
    names={"simple_queue": "SimpleQueue"},
)
BY_KERNEL: Final = Rungs(
    ladder=Ladder(param="kernel", values=tuple(KERNELS), against=Against.NOTHING),
    every="every kernel",
    names={
        "is_prime": "primes",
        "lcg": "LCG",
        "words": "dict and strings",
        "mandelbrot": "floats, Mandelbrot",
    },
    rivals=False,
)
# Of one kernel of cpu_scaling: a metric for each number of workers.
BY_WORKERS: Final = Rungs(
    ladder=Ladder(param="", values=("1", "2", "4", "8"), against=Against.NOTHING),
    every="any number of workers",
    names=counted(("1", "2", "4", "8"), "worker"),
    rivals=False,
)
BY_WORK: Final = Rungs(
    ladder=Ladder(param="work", values=tuple(WORK), against=Against.NOTHING),
    every="all work",
    names={"sha256": "sha256", "compress": "zlib.compress", "query": "sqlite3 query"},
    rivals=False,
)
BY_SMALL_KERNEL: Final = Rungs(
    ladder=Ladder(param="kernel", values=tuple(SMALL), against=Against.GIL_BUILD),
    every="every kernel",
    rivals=False,
    groups={"one thread": tuple(SMALL)},
)
BY_PATTERN: Final = Rungs(
    ladder=Ladder(param="pattern", values=tuple(LEDGER), against=Against.NOTHING),
    every="every pattern",
    names={"f_strings": "f-strings", "enumerate_and_zip": "enumerate, zip"},
    rivals=False,
    groups={
        ledger: tuple(name for name, entry in LEDGER.items() if entry.ledger == ledger)
        for ledger in _LEDGERS
    },
)
BY_SIZE: Final = Rungs(
    ladder=Ladder(param="", values=tuple(size.name for size in SIZES), against=Against.NOTHING),
    every="every size",
    names=_with_units(size.name for size in SIZES),
    rivals=False,
)
SECONDS_OF_SIZE: Final = {size.name: size.nominal for size in SIZES}
BY_CRUNCHERS: Final = Rungs(
    ladder=Ladder(param="workers", values=("2", "8"), base="2"),
    every="any number of workers",
    base="2 workers",
    names=counted(("2", "8"), "worker"),
    rivals=False,
)
BY_UNDER_WAY: Final = Rungs(
    ladder=Ladder(param="under_way", values=("64", "512"), base="64"),
    every="any number of requests",
    base="64 requests",
    names=counted(("64", "512"), "request"),
    rivals=False,
)
BY_HEAP: Final = Rungs(
    ladder=Ladder(param="heap", values=("small", "large"), base="small"),
    every="any heap",
    base="1 000 records",
    names={
        "small": "1\N{NARROW NO-BREAK SPACE}000 records",
        "large": "100\N{NARROW NO-BREAK SPACE}000 records",
    },
    rivals=False,
)
