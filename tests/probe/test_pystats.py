"""The interpreter's own counts; a build that has them is made up here."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from ftbench.probe.instruments import counters

# Lines as CPython 3.13 to 3.15 write them (Python/specialize.c, Python/pystats.c).
DUMP = """\
opcode[BINARY_SLICE].specializable : 1
    opcode[LOAD_ATTR].specialization.success : 5
    opcode[LOAD_ATTR].specialization.miss : 7
    opcode[LOAD_ATTR].specialization.deopt : 2
    opcode[LOAD_ATTR].execution_count : 1000
    opcode[CALL].specialization.miss : 3
    opcode[CALL].execution_count : 500
opcode[CALL].pair_count[LOAD_ATTR] : 77
Calls to PyEval_EvalDefault: 11
Frames pushed: 42
Object allocations from freelist: 9
Object allocations: 1234
Object allocations to 512 bytes: 1000
GC[0] collections: 4
GC[1] collections: 1
GC[0] objects collected: 99
Optimization traces executed: 6
uops[_LOAD_FAST].specialization.miss : 800
Mutex sleeps (mutex_sleeps): 12
World stops (world_stops): 3
"""
TOTALS = {
    "instructions": 1500,
    "specialization_misses": 10,
    "deopts": 2,
    "frames_pushed": 42,
    "allocations": 1234,
    "collections": 5,
    "mutex_sleeps": 12,
    "world_stops": 3,
    "traces_executed": 6,
}


class Stats:
    """Stands for the functions of such a build; its dump goes where CPython's goes."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.calls: list[str] = []

    def on(self) -> None:
        self.calls.append("on")

    def off(self) -> None:
        self.calls.append("off")

    def clear(self) -> None:
        self.calls.append("clear")

    def dump(self) -> bool:
        self.calls.append("dump")
        if self.folder.is_dir():
            (self.folder / f"{len(self.calls):040x}.txt").write_text(DUMP)
        else:
            os.write(2, DUMP.encode())
        return True


@pytest.fixture
def build(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Stats:
    stats = Stats(tmp_path / "py_stats")
    monkeypatch.setattr(counters, "PYSTATS_FOLDER", stats.folder)
    for name in ("on", "off", "clear", "dump"):
        monkeypatch.setattr(sys, f"_stats_{name}", getattr(stats, name), raising=False)
    return stats


def test_totals_are_those_of_the_dump_and_of_no_line_alike() -> None:
    assert counters.parse_pystats(DUMP) == TOTALS


def test_what_is_no_dump_has_no_totals() -> None:
    assert counters.parse_pystats("") == {}
    assert counters.parse_pystats("Frames pushed: many\nFrames pushed 4") == {}


def test_counting_begins_at_zero_and_ends_before_the_dump(build: Stats) -> None:
    counters.begin_pystats()
    assert counters.pystats_totals() == TOTALS
    assert build.calls == ["clear", "on", "off", "dump"]


def test_the_dump_is_read_from_the_folder_where_there_is_one(build: Stats) -> None:
    build.folder.mkdir()
    (build.folder / "another.txt").write_text(DUMP)
    assert counters.pystats_totals() == TOTALS


def test_the_dump_does_not_reach_standard_error(
    build: Stats, capfd: pytest.CaptureFixture[str]
) -> None:
    counters.pystats_totals()
    os.write(2, b"afterwards")
    assert capfd.readouterr().err == "afterwards"
    assert "dump" in build.calls


def test_a_build_without_them_counts_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("on", "off", "clear", "dump"):
        monkeypatch.delattr(sys, f"_stats_{name}", raising=False)
    counters.begin_pystats()
    assert counters.pystats_totals() == {}
