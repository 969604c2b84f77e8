"""native: threads whose work is native code that lets go of the GIL.

The metrics are those of `scaling`.  The work is one long call at a time into `hashlib.sha256`,
`zlib.compress` or SQLite (a query over a table in memory); each thread has data of its own.
Shows that for such work threads scale on every build, and what little a GIL still costs them.
Does not show short calls, at which the GIL changes hands more often than it pays, nor disks.

Source: the articles on threads against processes, which make the exception and measure it nowhere.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from importlib import import_module
from typing import TYPE_CHECKING, Any, NamedTuple

from ftbench.errors import NotAvailableError
from ftbench.probe.run.outcome import Outcome
from ftbench.probe.scenarios.base import Cell, Param, Scenario
from ftbench.probe.scenarios.scaling import COUNTS, PER_COUNT, metrics_of, scaled
from ftbench.probe.workloads.kernels import in_turn

if TYPE_CHECKING:
    from ftbench.probe.workloads.kernels import Kernel, SliceReport

BLOCK_BYTES = 1 << 21
TEXT_LINES = 2_500
ROWS = 30_000
UNITS = 2  # of work that a thread does in a slice: some 2 ms
_QUERY = "SELECT sum(value % 97 * (id & 7)) FROM numbers WHERE value & 12 <> 4"

# What a thread has made ready for itself: work → its unit.
_OWN = threading.local()


def _sha256() -> Kernel:
    """A block hashed: one call, in which nothing of Python is touched."""
    import hashlib  # noqa: PLC0415 - as all imports here

    block = bytes(range(256)) * (BLOCK_BYTES // 256)
    return lambda: int.from_bytes(hashlib.sha256(block).digest()[:6], "big")


def _compress() -> Kernel:
    """A text compressed: one call, whose output grows."""
    import zlib  # noqa: PLC0415

    lines = (f"{line}: {line * line % 9_973} of {line % 17}\n" for line in range(TEXT_LINES))
    text = "".join(lines).encode()
    return lambda: zlib.crc32(zlib.compress(text))


def _query() -> Kernel:
    """A query over a table in memory: a scan that yields one row; each thread has a database."""
    import sqlite3  # noqa: PLC0415

    database = sqlite3.connect(":memory:")
    database.execute("CREATE TABLE numbers (id INTEGER PRIMARY KEY, value INTEGER)")
    rows = ((number, number * 7_919 % 10_007) for number in range(ROWS))
    database.executemany("INSERT INTO numbers VALUES (?, ?)", rows)
    database.commit()

    def query() -> int:
        total: int = database.execute(_QUERY).fetchone()[0]
        return total

    return query


class Library(NamedTuple):
    """The module that some work needs, how it tells its version, and what makes a unit ready."""

    module: str
    version: Callable[[Any], str]
    unit: Callable[[], Kernel]


WORK = {
    # Which code hashes is the build's choice: OpenSSL's (`_hashlib`) or CPython's own.
    "sha256": Library("hashlib", lambda hashlib: hashlib.sha256.__module__, _sha256),
    "compress": Library("zlib", lambda zlib: zlib.ZLIB_RUNTIME_VERSION, _compress),
    "query": Library("sqlite3", lambda sqlite3: sqlite3.sqlite_version, _query),
}

PARAMS = {
    "work": Param(default="sha256", choices=tuple(WORK)),
    "workers": Param(default=8),
}


def library(work: str) -> str:
    """Return which native library does `work`; raises `NotAvailableError` if there is none."""
    name = WORK[work].module
    try:
        module = import_module(name)
    except ImportError as error:
        raise NotAvailableError(
            f"{work}: not available here: this build has no {name} ({error})."
        ) from None
    return f"{name} {WORK[work].version(module)}"


def do(work: str, units: int, cpus: tuple[int, ...] = (), at: int = 0) -> SliceReport:
    """Do units of work; return a report as `kernels.in_turn` does."""
    if not hasattr(_OWN, work):
        setattr(_OWN, work, WORK[work].unit())
    return in_turn(getattr(_OWN, work), units, cpus, at)


def run(cell: Cell) -> Outcome:
    """Measure one cell; `workers` are the most threads that it has."""
    work = cell.params["work"]
    behind = library(work)
    units = cell.with_extra(UNITS)
    # Which bytes a text is compressed to is the library's affair: the serial twin says.
    expected = do(work, units)[3]
    outcome = scaled(
        cell,
        of=work,
        run=(do, (work, units)),
        units=UNITS,
        expected=expected,
        lets_go=True,
    )
    return outcome._replace(notes=outcome.notes | {"library": behind})


NATIVE = Scenario(
    name="native",
    version="2",
    title="1 to N threads in native code that lets go of the GIL",
    params=PARAMS,
    metrics=metrics_of(COUNTS, "thread"),
    per_count=PER_COUNT,
    run=run,
    modes=("threads",),
    slowed=("serial", "unit_1", "unit_2", "unit_4", "unit_8", "cpu"),
)
