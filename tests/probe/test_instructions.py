"""instructions: what valgrind counts of programs of two sizes, and how that can go wrong."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import pytest
from probing import document_of, run_probe

from benchmarks import instructions as benchmarks
from ftbench.probe.run.asv_benchmark import ScenarioBenchmark
from ftbench.probe.scenarios.base import Scenario
from ftbench.probe.scenarios.cpu_scaling import CPU_SCALING
from ftbench.probe.scenarios.instructions import INSTRUCTIONS, LARGER, SMALLER
from ftbench.probe.scenarios.must_scale import LEDGER, MUST_SCALE
from ftbench.probe.scenarios.single_thread import SINGLE_THREAD
from ftbench.pythons import Interpreter

SERIAL = ("instructions", "--mode", "serial", "--set", "kernel=float")
counted = pytest.mark.skipif(shutil.which("valgrind") is None, reason="needs valgrind")

# A start of a million, and ten instructions for each of the turns that the program did.
_FAKE = """#!{python}
import subprocess, sys
words = sys.argv[1:]
if words == ["--version"]:
    sys.exit(print("valgrind-0"))
file = next(word.partition("=")[2] for word in words if "out-file" in word)
command = words[words.index(next(word for word in words if not word.startswith("-"))):]
threads, turns, times = map(int, command[-3:])
{first}
done = subprocess.run(command, check=False)
with open(file, "w") as summary:
    summary.write(f"events: Ir\\nsummary: {{1_000_000 + 10 * threads * turns * times}}\\n")
sys.exit(done.returncode)
"""


def fake(folder: Path, first: str = "") -> dict[str, str]:
    """Return the environment with a valgrind that does `first` and makes its counts up."""
    program = folder / "valgrind"
    program.write_text(_FAKE.format(python=sys.executable, first=first), "utf-8")
    program.chmod(0o755)
    return {"PATH": f"{folder}:/usr/bin:/bin"}


def count(python: Interpreter, *words: str) -> tuple[float, ...]:
    """Return the samples of a cell that valgrind counts."""
    document = document_of(python.executable, "instructions", *words)
    assert document["notes"]["counter"].startswith("valgrind-3")
    return tuple(document["metrics"]["instructions"]["samples"])


@counted
def test_two_runs_agree_to_a_thousandth_and_twice_the_work_is_twice_as_much(
    gil_python: Interpreter,
) -> None:
    one, other = (count(gil_python, *SERIAL[1:])[0] for _ in range(2))
    (twice,) = count(gil_python, *SERIAL[1:], "--extra", "1")
    assert other == pytest.approx(one, rel=1e-3)
    assert twice == pytest.approx(2 * one, rel=5e-3)


@counted
def test_what_threads_execute_is_counted_per_thread(ft_python: Interpreter) -> None:
    words = ("--set", "pattern=own_lock")
    (alone,) = count(ft_python, "--mode", "serial", *words)
    (of_two,) = count(ft_python, "--mode", "threads", *words)
    assert of_two == pytest.approx(alone, rel=0.1)  # they do not share the lock


def test_a_sample_is_the_difference_of_two_sizes_by_turn_and_thread(
    tmp_path: Path, ft_python: Interpreter
) -> None:
    words = ("instructions", "--mode", "threads", "--set", "pattern=f_strings")
    document = document_of(ft_python.executable, *words, environ=fake(tmp_path))
    assert document["metrics"]["instructions"]["samples"] == [10.0]
    assert document["metrics"]["instructions"]["unit"] == "instructions"
    notes, turns = document["notes"], 8 * LEDGER["f_strings"].turns
    assert (notes["threads"], notes["turns"], notes["counter"]) == (2, turns, "valgrind-0")
    assert notes["counts"] == [[1_000_000 + 20 * turns * each for each in (SMALLER, LARGER)]]
    # Of a count nothing that else ran has a part, nor how fast the machine was.
    assert (document["interference"], document["speed"]) == ({}, {})


def test_what_is_added_is_counted_and_not_credited(tmp_path: Path, ft_python: Interpreter) -> None:
    words = (*SERIAL, "--extra", "0.1")
    document = document_of(ft_python.executable, *words, environ=fake(tmp_path))
    assert document["metrics"]["instructions"]["samples"] == [pytest.approx(11.0)]


@counted
def test_options_of_the_callers_shell_are_not_valgrinds(gil_python: Interpreter) -> None:
    options = {"VALGRIND_OPTS": "--no-such-option"}
    done = run_probe(gil_python.executable, *SERIAL, environ=options)
    assert done.returncode == 0, done.stderr


def test_without_valgrind_it_is_skipped_with_its_reason(ft_python: Interpreter) -> None:
    done = run_probe(ft_python.executable, *SERIAL, environ={"PATH": ""})
    assert done.returncode == 3
    assert "there is no valgrind here" in done.stderr


@pytest.mark.parametrize(
    ("first", "code", "said"),
    [
        ("sys.exit('valgrind: Fatal error at startup')", 3, "Valgrind cannot run this build: val"),
        ("sys.exit('==7== valgrind: Unrecognised instruction at 0x1')", 3, "Unrecognised instr"),
        ("sys.exit('out of luck')", 4, "ended with code 1"),
        ("file = '/dev/null'", 4, "did not say what it counted"),
        ("command[-2] = str(turns + 1)", 1, "80 turns of float: checksums"),
        ("import os; os.environ['PYTHON_GIL'] = '1'", 6, "with another GIL than its cell"),
    ],
)
def test_what_cannot_be_counted_is_no_figure(
    tmp_path: Path, ft_python: Interpreter, first: str, code: int, said: str
) -> None:
    done = run_probe(ft_python.executable, *SERIAL, environ=fake(tmp_path, first))
    assert done.returncode == code, done.stderr
    assert said in done.stderr
    assert "instructions  " not in done.stdout


@pytest.mark.parametrize(
    ("group", "of", "param"),
    [
        (benchmarks.SingleThread, SINGLE_THREAD, "kernel"),
        (benchmarks.CpuScaling, CPU_SCALING, "kernel"),
        (benchmarks.MustScale, MUST_SCALE, "pattern"),
    ],
)
def test_the_ladders_are_those_of_the_times_beside_them(
    group: type[ScenarioBenchmark], of: Scenario, param: str
) -> None:
    assert group.param_names[-1] == param
    assert group.params[-1] == of.params[param].choices
    assert group.version == INSTRUCTIONS.version
