"""native through the probe: its libraries, builds that lack one, threads that go wrong."""

from __future__ import annotations

import hashlib
import sys
import threading
import zlib
from collections.abc import Callable
from pathlib import Path

import lets_go
import pytest
from old_module import with_old_module
from probing import document_of, program, run_probe

from ftbench.errors import NotAvailableError
from ftbench.probe.instruments.build import gil_enabled
from ftbench.probe.scenarios import native, native_libraries
from ftbench.probe.scenarios.native import STANDARD, WORK, do, library
from ftbench.probe.scenarios.scaling import PAIRS, PER_COUNT
from ftbench.pythons import Interpreter

METRICS = {"serial", "cpu", *(f"{name}_{n}" for n in (1, 2) for name in PER_COUNT)}

# A cell whose unit of hashing is `bad` in its threads, and the real one in the main thread.
_BAD_UNIT = """
import threading
from ftbench.probe.scenarios import native as libraries
from ftbench.probe.run import cell
real = libraries.WORK["sha256"]
def either():
    return real.unit() if threading.current_thread() is threading.main_thread() else int
libraries.WORK["sha256"] = real._replace(unit=either)
cell.main()
"""


@pytest.mark.parametrize("build", [0, 1], ids=["gil", "ft"])
@pytest.mark.parametrize("work", STANDARD)
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


@pytest.mark.parametrize("work", STANDARD)
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


FURTHER = [work for work in WORK if work not in STANDARD]
# A cell in which the library of numpy_small is one of the test's.
_OTHER_LIBRARY = """
import sys, threading, time
from ftbench.probe.scenarios import native
from ftbench.probe.workers import engines
from ftbench.probe.run import cell
library = sys.modules["native_stand_in"] = sys.__class__("native_stand_in")
library.__file__ = "/nowhere/native_stand_in/__init__.py"
engines.load = lambda _engine: library
def unit():
    {unit}
    return lambda: 21
native.WORK["numpy_small"] = native.Library(
    module="native_stand_in", version=str, unit=unit, plain=lambda: {plain}, engine="numpy"
)
cell.main()
"""
_SMALL = ["--set", "work=numpy_small", "--workers", "2"]


@pytest.mark.parametrize("work", FURTHER)
def test_a_library_that_is_not_installed_is_skipped_with_what_installs_it(
    pair: tuple[Interpreter, Interpreter], work: str
) -> None:
    for python in pair:
        done = run_probe(python.executable, "native", "--set", f"work={work}")
        assert (done.returncode, done.stdout) == (3, "")
        assert f"{work}: not available here: {WORK[work].engine}" in done.stderr


@pytest.mark.parametrize("work", [work for work in WORK if WORK[work].engine == "numpy"])
def test_what_numpy_does_is_checked_and_told_with_its_packages_and_threads(work: str) -> None:
    document = document_of(sys.executable, "native", "--set", f"work={work}", "--workers", "2")
    assert document["metrics"].keys() == METRICS
    (plain,) = (each for each in document["invariants"] if each["name"] == "plain")
    assert "units of numpy came to" in plain["checked"]
    notes = document["notes"]
    assert notes["library"].startswith(f"numpy {notes['packages']['numpy']}, ")
    assert notes["native_threads"] == 1


@pytest.mark.parametrize(
    ("unit", "plain", "code", "story"),
    [
        ("pass", 20, 1, "native_stand_in: checksums [42] are not 40"),
        ("threading.Thread(target=time.sleep, args=(60,), daemon=True).start()", 21, 1, "told to"),
        ("raise ImportError('no symbol')", 21, 1, "no symbol"),
    ],
)
def test_a_library_that_lies_breaks_or_has_more_threads_is_no_figure(
    unit: str, plain: int, code: int, story: str
) -> None:
    how = program(_OTHER_LIBRARY.format(unit=unit, plain=plain))
    done = run_probe(sys.executable, "native", *_SMALL, how=how)
    assert (done.returncode, done.stdout) == (code, "")
    assert story in done.stderr


def test_a_library_that_switches_the_gil_on_is_a_story_on_a_build_without(
    ft_python: Interpreter, tmp_path: Path
) -> None:
    with_old_module(ft_python, tmp_path)
    unit = f"sys.path.append({str(tmp_path)!r}); import _old"
    how = program(_OTHER_LIBRARY.format(unit=unit, plain=21))
    done = run_probe(ft_python.executable, "native", *_SMALL, how=how)
    assert (done.returncode, done.stdout) == (6, "")
    assert "module '_old', which has not declared" in done.stderr
    # With its GIL on by request there is nothing to switch.
    document = document_of(ft_python.executable, "native", *_SMALL, "--gil", "on", how=how)
    assert document["gil"] == {"asked": True, "before": True, "after": True}


def test_units_of_numpy_come_to_what_python_comes_to(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(native_libraries, "SIDE", 19)
    unit, plain = native_libraries.arrays(2, 9)
    assert unit()() == plain() == 2 * (36 + 204)
    one, other = native_libraries._matrices()
    products = (
        one[row][at] * other[at][column]
        for row in range(19)
        for column in range(19)
        for at in range(19)
    )
    unit, plain = native_libraries.matrices("numpy", "array")
    assert unit()() == plain() == sum(products)


def test_what_plain_python_has_in_place_of_a_library_is_right(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert native_libraries._steps(5) == 0 + 1 + 7 + 2
    monkeypatch.setattr(native_libraries, "IMAGE", 7)
    image = [[(row * 7 + column) % 251 for column in range(7)] for row in range(7)]
    sums = (
        image[y][x]
        for row in range(7)
        for column in range(7)
        for y in range(max(0, row - 2), min(7, row + 3))
        for x in range(max(0, column - 2), min(7, column + 3))
    )
    assert native_libraries.plain_filtered() == sum(sums)
    names, classes = native_libraries._rows(native_libraries.ROWS)
    assert len({row[1] for row in names}) == len(names)
    assert set(classes) == set(range(native_libraries.CLASSES))


@pytest.mark.skipif(not gil_enabled(), reason="there is no GIL to let go of")
def test_who_never_lets_go_of_the_gil_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    held = WORK["sha256"]._replace(unit=lambda: lambda: sum(range(20_000)))
    assert lets_go.lets_go("compress") > 0
    monkeypatch.setitem(WORK, "sha256", held)
    assert lets_go.lets_go("sha256") == 0


def test_a_thread_that_lies_ends_the_run() -> None:
    done = run_probe(sys.executable, "native", "--workers", "2", how=program(_BAD_UNIT))
    assert (done.returncode, done.stdout) == (1, "")
    assert "sha256: checksums" in done.stderr
