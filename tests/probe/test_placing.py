"""One CPU of each core, never an isolated one: on machines that these tests make up."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from probing import document_of, run_probe

from ftbench.errors import UsageError
from ftbench.probe.instruments.machine import numbers_of, one_per_core, placed, text_of
from ftbench.pythons import Interpreter

PIN = {"FTBENCH_PIN": "core"}
Machine = Callable[..., None]


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Machine:
    """Let the machine have these siblings (CPU → the kernel's list), isolated CPUs, affinity."""

    def machine(
        siblings: dict[int, str],
        isolated: str = "\n",
        may_use: str | None = None,
        name: str = "core_cpus_list",
    ) -> None:
        for number, text in siblings.items():
            folder = tmp_path / f"cpu{number}" / "topology"
            folder.mkdir(parents=True)
            (folder / name).write_text(text)
        (tmp_path / "isolated").write_text(isolated)
        usable = set(siblings) if may_use is None else numbers_of(may_use)
        monkeypatch.setattr(os, "sched_getaffinity", lambda _pid: usable, raising=False)
        monkeypatch.setattr("ftbench.probe.instruments.machine.SYSTEM_CPUS", tmp_path)

    return machine


PAIRS = {0: "0,2\n", 1: "1,3\n", 2: "0,2\n", 3: "1,3\n"}


@pytest.mark.parametrize("name", ["core_cpus_list", "thread_siblings_list"])
def test_of_two_siblings_one_is_taken(machine: Machine, name: str) -> None:
    machine(PAIRS, name=name)
    assert placed(PIN) == [0, 1]


def test_isolated_cpus_are_never_taken(machine: Machine) -> None:
    machine(PAIRS, isolated="0,3\n")
    assert placed(PIN) == [1, 2]


def test_what_the_process_may_not_use_is_not_taken(machine: Machine) -> None:
    machine(PAIRS, may_use="2-3")
    assert placed(PIN) == [2, 3]


def test_isolated_cpus_alone_are_refused(machine: Machine) -> None:
    machine(PAIRS, isolated="2-3\n", may_use="2-3")
    with pytest.raises(UsageError, match="isolated") as refused:
        placed(PIN)
    assert "2-3" in refused.value.message


def test_a_cpu_of_which_nothing_is_said_is_a_core(machine: Machine) -> None:
    machine({0: "nonsense", 1: ""}, isolated="(null)\n")
    assert placed(PIN) == [0, 1]


def test_without_the_word_nothing_is_placed(machine: Machine) -> None:
    machine(PAIRS)
    assert placed({}) is None
    assert placed({"FTBENCH_PIN": ""}) is None


def test_another_word_is_refused() -> None:
    with pytest.raises(UsageError, match="cores"):
        placed({"FTBENCH_PIN": "cores"})


def test_a_system_without_affinity_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(os, "sched_getaffinity", raising=False)
    with pytest.raises(UsageError, match="this system"):
        placed(PIN)


@given(st.sets(st.integers(0, 300)))
def test_a_list_of_cpus_is_written_as_it_is_read(numbers: set[int]) -> None:
    assert numbers_of(text_of(numbers)) == numbers


def test_a_list_of_cpus_is_short() -> None:
    assert text_of([8, 0, 1, 2]) == "0-2,8"
    assert text_of([]) == ""


def test_one_of_each_core_in_order() -> None:
    assert one_per_core([]) == []


# The whole chain on a machine of one core, where the cell tells what it may use.
_ON_ONE_CORE = """
import sys
from ftbench.probe.run import measure as measuring
from ftbench.probe.__main__ import main
measuring.placed = lambda _environ: [min(measuring.os.sched_getaffinity(0))]
measuring.CELL = sys.argv[1]
sys.exit(main(sys.argv[2:]))
"""
_TELLS_ITS_CPUS = """
import os
from ftbench.probe.run import cell
real = cell.measure
def measured(*asked):
    document = real(*asked)
    document["notes"]["cpus"] = sorted(os.sched_getaffinity(0))
    return document
cell.measure = measured
cell.main()
"""


@pytest.mark.skipif(sys.platform != "linux", reason="affinity is Linux's")
def test_a_cell_is_held_to_its_cores_and_says_so(gil_python: Interpreter) -> None:
    how = ["-c", _ON_ONE_CORE, _TELLS_ITS_CPUS]
    document = document_of(gil_python.executable, "lifecycle", "--workers", "2", how=how)
    assert document["notes"]["cpus"] == [min(os.sched_getaffinity(0))]
    assert document["pinned"] == "one thread per core"
    # The machine is what it is, whatever a cell may use of it.
    assert numbers_of(document["machine"]["affinity"]) == os.sched_getaffinity(0)


@pytest.mark.skipif(sys.platform != "linux", reason="affinity is Linux's")
def test_a_cell_is_held_to_nothing_unless_it_is_asked_for(gil_python: Interpreter) -> None:
    document = document_of(gil_python.executable, "lifecycle", "--workers", "2")
    assert document["pinned"] is None


def test_a_word_that_is_none_ends_the_probe(gil_python: Interpreter) -> None:
    done = run_probe(gil_python.executable, "lifecycle", environ={"FTBENCH_PIN": "cpu"})
    assert done.returncode == 2
    assert "core" in done.stderr
