"""native: threads whose work is native code that lets go of the GIL.

The metrics are those of `scaling`.  The work is one long call at a time into `hashlib.sha256`,
`zlib.compress` or SQLite (a query over a table in memory), and what people take for such: NumPy on
large and on small arrays, a product of matrices, a loop compiled by Numba, a forest of
scikit-learn, PyTorch, OpenCV, each with one thread of its own.  Data are a thread's own.
Shows which of it scales on every build, what a GIL still costs it, and whether a library leaves
the GIL of a free-threaded build off: PYTHON_GIL is not set there, lest that be hidden.
Does not show disks, GPUs, nor libraries whose own threads meet with the program's.

Source: the articles on threads against processes, which make the exception and measure it nowhere.
"""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from ftbench.errors import FtbenchError, NotAvailableError
from ftbench.facts.variables import NATIVE_THREADS
from ftbench.probe.run.outcome import Invariant, Outcome, same_checksums
from ftbench.probe.scenarios import native_libraries as of
from ftbench.probe.scenarios.base import Cell, Param, Scenario
from ftbench.probe.scenarios.scaling import COUNTS, PER_COUNT, metrics_of, scaled
from ftbench.probe.workers import engines
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


def _numpy(numpy: Any) -> str:
    blas = numpy.show_config(mode="dicts")["Build Dependencies"]["blas"]
    return f"{numpy.__version__}, {blas.get('name')} {blas.get('version')}"


def _version(module: Any) -> str:
    return str(module.__version__)


class Library(NamedTuple):
    """The module that some work needs, how it tells its version, and what makes a unit ready.

    `plain` is what a unit comes to by other means; `engine` is what the module belongs to, if not
    to the standard library; `lets_go` is whether a GIL is let go of for most of a unit.
    """

    module: str
    version: Callable[[Any], str]
    unit: Callable[[], Kernel]
    plain: Callable[[], int] | None = None
    engine: str = ""
    lets_go: bool = True


WORK = {
    # Which code hashes is the build's choice: OpenSSL's (`_hashlib`) or CPython's own.
    "sha256": Library("hashlib", lambda hashlib: hashlib.sha256.__module__, _sha256),
    "compress": Library("zlib", lambda zlib: zlib.ZLIB_RUNTIME_VERSION, _compress),
    "query": Library("sqlite3", lambda sqlite3: sqlite3.sqlite_version, _query),
    "numpy_large": Library("numpy", _numpy, *of.arrays(6, 100_000), "numpy"),
    # Calls of a microsecond, after each of which a GIL may change hands.
    "numpy_rows": Library("numpy", _numpy, *of.arrays(350, 1_000), "numpy", lets_go=False),
    "numpy_small": Library("numpy", _numpy, *of.arrays(800, 16), "numpy", lets_go=False),
    "numpy_matmul": Library("numpy", _numpy, *of.matrices("numpy", "array"), "numpy"),
    "numba_nogil": Library("numba", _version, of.jitted, of.plain_steps, "numba"),
    "sklearn_predict": Library(
        "sklearn", _version, of.predicted, of.plain_classes, "scikit-learn", lets_go=False
    ),
    "torch_matmul": Library("torch", _version, *of.matrices("torch", "tensor"), "torch"),
    "opencv_filter": Library("cv2", _version, of.filtered, of.plain_filtered, "opencv"),
}
# What every build has; the others' engines are installed where they are asked for.
STANDARD = tuple(work for work, library in WORK.items() if not library.engine)

PARAMS = {
    "work": Param(default="sha256", choices=tuple(WORK)),
    "workers": Param(default=8),
}


def library(work: str) -> str:
    """Return which native library does `work`; raises `NotAvailableError` if there is none."""
    own = WORK[work]
    try:
        module = engines.load(own.engine) if own.engine else import_module(own.module)
    except ImportError as error:
        why = engines.why_not(own.engine) if own.engine else None
        why = why or f"this build has no {own.module} ({error})"
        raise NotAvailableError(f"{work}: not available here: {why}.") from None
    return f"{own.module} {own.version(module)}"


def do(work: str, units: int, cpus: tuple[int, ...] = (), at: int = 0) -> SliceReport:
    """Do units of work; return a report as `kernels.in_turn` does."""
    if not hasattr(_OWN, work):
        setattr(_OWN, work, WORK[work].unit())
    return in_turn(getattr(_OWN, work), units, cpus, at)


def _threads() -> int:
    """Return how many threads this process has, 0 where the kernel does not tell."""
    try:
        return sum(1 for _ in Path("/proc/self/task").iterdir())
    except OSError:
        return 0


def _known(own: Library, found: int, units: int, threads: int) -> Invariant:
    """Return the invariant that a library found what it must, by the thread that asked it."""
    assert own.plain is not None
    expected = units * own.plain()
    same_checksums(own.module, [found], expected)
    if threads:
        raise FtbenchError(
            f"{own.module} has {threads} threads of its own, though it was told to have none.",
            hint="Its figures would be those of more threads than are said; nothing is recorded.",
        )
    how = "by the thread that asked it" if _threads() else "told to have one thread"
    checked = f"{units} units of {own.module} came to {expected} as by plain Python, {how}"
    return Invariant(name="plain", checked=checked)


def _packages(own: Library) -> dict[str, Any]:
    """Return the notes on what was installed beside a library, and on its threads."""
    from importlib.metadata import distributions  # noqa: PLC0415 - when the clock has stopped

    folder = Path(sys.modules[own.module].__file__ or "").parents[1]
    versions = {each.name: each.version for each in distributions(path=[str(folder)])}
    return {"packages": dict(sorted(versions.items())), "native_threads": 1}


def run(cell: Cell) -> Outcome:
    """Measure one cell; `workers` are the most threads that it has."""
    work = cell.params["work"]
    own = WORK[work]
    if own.engine:
        os.environ.update(dict.fromkeys(NATIVE_THREADS, "1"))
    before = _threads()
    behind = library(work)
    units = cell.with_extra(UNITS)
    # What is imported, learnt or compiled once is done here, before any clock runs.  Which bytes a
    # text is compressed to is the library's affair: there the serial twin says.
    found = do(work, units)[3]
    known = (_known(own, found, units, _threads() - before),) if own.plain else ()
    outcome = scaled(
        cell,
        of=work,
        run=(do, (work, units)),
        units=UNITS,
        expected=found,
        lets_go=own.lets_go,
    )
    notes = {"library": behind, **(_packages(own) if own.engine else {})}
    return outcome._replace(invariants=(*outcome.invariants, *known), notes=outcome.notes | notes)


NATIVE = Scenario(
    name="native",
    version="2",
    title="1 to N threads in native code that lets go of the GIL",
    params=PARAMS,
    metrics=metrics_of(COUNTS, "thread"),
    per_count=PER_COUNT,
    run=run,
    modes=("threads",),
    engine=lambda params: WORK[params["work"]].engine,
    extensions=True,
    slowed=("serial", "unit_1", "unit_2", "unit_4", "unit_8", "cpu"),
)
