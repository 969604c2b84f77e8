"""cpu_scaling through the probe: what it yields in every mode, and how it ends when it must."""

from __future__ import annotations

import sys

import pytest
from probing import document_of, has_mode, program, run_probe, words_of

from ftbench.facts.modes import MODES, Mode
from ftbench.probe.scenarios.scaling import PAIRS, PER_COUNT, ladder
from ftbench.probe.workloads.kernels import KERNELS
from ftbench.pythons import Interpreter

NEEDS_FORK = pytest.mark.skipif(sys.platform == "win32", reason="needs fork")
THREADS_AND_FORK = pytest.mark.parametrize(
    "mode", ["threads", pytest.param("processes-fork", marks=NEEDS_FORK)]
)

# A cell whose kernel is `bad` in its workers, and the real one in the main thread.
_BAD_KERNEL = """
import os, signal, sys, threading, time
from ftbench.probe.workloads import kernels
from ftbench.probe.run import cell
(real, checksum), parent = kernels.KERNELS["lcg"], os.getpid()
{function}
def either():
    here = os.getpid() == parent and threading.current_thread() is threading.main_thread()
    return real() if here else bad()
kernels.KERNELS["lcg"] = either, checksum
cell.main()
"""


def _with(function: str) -> list[str]:
    return program(_BAD_KERNEL.format(function=function))


def _metrics(most: int) -> set[str]:
    steps = ladder(most)
    return {"serial", "cpu", *(f"{name}_{n}" for n in steps for name in PER_COUNT)}


@pytest.mark.parametrize("mode", MODES, ids=lambda mode: mode.name)
def test_every_mode_yields_all_metrics(ft_python: Interpreter, mode: Mode) -> None:
    if not has_mode(ft_python, mode):
        pytest.skip(f"no {mode.name} here")
    words = [*words_of(mode), "--set", "kernel=is_prime", "--workers", "2"]
    document = document_of(ft_python.executable, "cpu_scaling", *words)
    assert document["metrics"].keys() == _metrics(2)
    for metric in document["metrics"].values():
        assert all(sample > 0 for sample in metric["samples"])
    assert "checksums of is_prime were 20," in document["invariants"][0]["checked"]
    notes = document["notes"]
    assert (notes["rounds"], notes["units"]) == (2, 1)
    for note in ("on_cpu", "pairs", "lost"):
        assert notes[note].keys() == {"relative_1", "relative_2"}


def test_a_cell_whose_workers_lost_their_cores_is_marked(gil_python: Interpreter) -> None:
    """Nobody has a core for nine times as long as a slice takes."""
    always = "from ftbench.probe.scenarios import scaling\nscaling._LEAST_ON_CPU = 9.0\n"
    how = program(f"{always}from ftbench.probe.run import cell\ncell.main()")
    words = ["--set", "kernel=is_prime", "--workers", "1", "--profile", "smoke"]
    document = document_of(gil_python.executable, "cpu_scaling", *words, how=how)
    assert document["notes"]["pairs"] == {"relative_1": 0}
    assert document["interference"]["marked"]
    lost = 2 * (PAIRS + 1)  # two blocks, each given up once more are lost than wanted
    why = document["interference"]["why"]
    assert why.startswith(f"a core was lost in {lost} of {lost} slices of relative_1")


@pytest.mark.parametrize("kernel", KERNELS)
def test_every_kernel_is_measured(gil_python: Interpreter, kernel: str) -> None:
    words = ["--set", f"kernel={kernel}", "--workers", "1"]
    document = document_of(gil_python.executable, "cpu_scaling", *words)
    assert document["metrics"].keys() == _metrics(1)


@THREADS_AND_FORK
@pytest.mark.parametrize(
    ("worst", "code", "story"),
    [
        ("raise RuntimeError('boom at work')", 4, "RuntimeError: boom at work"),
        ("return 0", 1, "nothing is recorded"),
        ("time.sleep(600)", 5, "--deadline"),
    ],
)
def test_a_worker_that_fails_lies_or_hangs_ends_the_run(
    mode: str, worst: str, code: int, story: str
) -> None:
    words = ["--mode", mode, "--workers", "2", "--set", "kernel=lcg", "--deadline", "3"]
    done = run_probe(sys.executable, "cpu_scaling", *words, how=_with(f"def bad():\n    {worst}\n"))
    assert (done.returncode, done.stdout) == (code, "")
    assert story in done.stderr
