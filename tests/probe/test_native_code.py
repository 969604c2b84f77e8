"""native through the probe: three libraries, builds that lack one, threads that go wrong."""

from __future__ import annotations

import hashlib
import sys
import threading
import zlib
from collections.abc import Callable

import pytest
from probing import document_of, program, run_probe

from benchmarks.native import Native
from ftbench.errors import NotAvailableError
from ftbench.probe.scenarios import native
from ftbench.probe.scenarios.base import scenario_named
from ftbench.probe.scenarios.native import WORK, do, library
from ftbench.probe.scenarios.scaling import PAIRS, PER_COUNT
from ftbench.pythons import Interpreter

METRICS = {"serial", "cpu", *(f"{name}_{n}" for n in (1, 2) for name in PER_COUNT)}

# A cell whose unit of hashing is `bad` in its threads, and the real one in the main thread.
_BAD_UNIT = """
import threading, time
from ftbench.probe.scenarios import native as libraries
from ftbench.probe.run import cell
real = libraries.WORK["sha256"]
def bad():
    {worst}
def either():
    return real.unit() if threading.current_thread() is threading.main_thread() else bad
libraries.WORK["sha256"] = real._replace(unit=either)
cell.main()
"""


@pytest.mark.parametrize("build", [0, 1], ids=["gil", "ft"])
@pytest.mark.parametrize("work", WORK)
def test_all_work_is_measured_on_both_builds(
    pair: tuple[Interpreter, Interpreter], build: int, work: str
) -> None:
    """On the free-threaded build the GIL stays off: nothing that is imported wants it."""
    words = ["--set", f"work={work}", "--workers", "2"]
    document = document_of(pair[build].executable, "native", *words)
    assert document["gil"]["after"] is not bool(build)
    assert document["metrics"].keys() == METRICS
    for metric in document["metrics"].values():
        assert all(sample > 0 for sample in metric["samples"])
    assert f"checksums of {work} were" in document["invariants"][0]["checked"]
    # A slice of two is as long as one of one, with a GIL too.
    slices = document["notes"]["pairs"]["relative_2"] + document["notes"]["lost"]["relative_2"]
    assert slices >= PAIRS // (1 if document["machine"]["usable_cores"] > 1 else 2)
    assert document["notes"]["library"].startswith(WORK[work].module)


@pytest.mark.parametrize("work", WORK)
def test_a_build_without_the_module_says_so(gil_python: Interpreter, work: str) -> None:
    name = WORK[work].module
    without = f"import sys\nsys.modules[{name!r}] = None\n"
    how = program(without + "from ftbench.probe.run.cell import main\nmain()")
    done = run_probe(gil_python.executable, "native", "--set", f"work={work}", how=how)
    assert (done.returncode, done.stdout) == (3, "")
    assert f"{work}: not available here: this build has no {name}" in done.stderr


def test_a_missing_module_is_not_available(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "sqlite3", None)
    with pytest.raises(NotAvailableError, match="no sqlite3"):
        library("query")


def test_what_stands_behind_is_told() -> None:
    assert library("compress") == f"zlib {zlib.ZLIB_RUNTIME_VERSION}"


def test_units_are_what_they_say() -> None:
    block = bytes(range(256)) * (native.BLOCK_BYTES // 256)
    digest = int.from_bytes(hashlib.sha256(block).digest()[:6], "big")
    assert do("sha256", 3)[3] == 3 * digest


@pytest.mark.filterwarnings("ignore:unclosed database:ResourceWarning")
def test_a_query_comes_to_what_python_comes_to() -> None:
    values = [(number, number * 7_919 % 10_007) for number in range(native.ROWS)]
    expected = sum(value % 97 * (key & 7) for key, value in values if value & 12 != 4)
    assert native._query()() == expected


def test_every_thread_gets_ready_once_and_has_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[int] = []

    def unit() -> Callable[[], int]:
        made.append(threading.get_ident())
        return int

    zipper = native.Library(module="zlib", version=str, unit=unit)
    monkeypatch.setitem(WORK, "compress", zipper)
    monkeypatch.setattr(native, "_OWN", threading.local())

    def twice() -> None:
        do("compress", 1)
        do("compress", 1)

    thread = threading.Thread(target=twice)
    thread.start()
    do("compress", 1)
    thread.join()
    assert len(made) == 2
    assert set(made) == {threading.get_ident(), thread.ident}


def test_the_benchmark_tracks_every_metric_of_eight_threads() -> None:
    tracked = {name.removeprefix("track_") for name in dir(Native) if name.startswith("track_")}
    ratios = {f"{name}_{n}" for n in (1, 2, 4, 8) for name in PER_COUNT}
    assert tracked == ratios | {"serial", "cpu"}
    scenario = scenario_named("native")
    assert scenario.params["workers"].default == 8
    assert Native.params == (scenario.modes, scenario.params["work"].choices)
    assert Native.version == scenario.version


@pytest.mark.parametrize(
    ("worst", "code", "story"),
    [
        ("raise RuntimeError('boom in a thread')", 4, "RuntimeError: boom in a thread"),
        ("return 0", 1, "sha256: checksums"),
        ("time.sleep(600)", 5, "--deadline"),
    ],
)
def test_a_thread_that_fails_lies_or_hangs_ends_the_run(worst: str, code: int, story: str) -> None:
    words = ["--workers", "2", "--deadline", "3"]
    done = run_probe(sys.executable, "native", *words, how=program(_BAD_UNIT.format(worst=worst)))
    assert (done.returncode, done.stdout) == (code, "")
    assert story in done.stderr
