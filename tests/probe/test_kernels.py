"""The kernels: the same work and the same checksum, wherever and however often they run."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from probing import environment, ran

from ftbench.probe.workloads import kernels
from ftbench.probe.workloads.kernels import KERNELS, SMALL, crunch, timed
from ftbench.pythons import Interpreter, discover

# The newest of each kind of build that is installed; any will do.
INSTALLED = {
    (each.release.major, each.release.minor, each.build.free_threaded): each for each in discover()
}
_CHECKSUMS = """
import json
from ftbench.probe.workloads.kernels import KERNELS, SMALL
print(json.dumps({name: kernel() for name, (kernel, _) in (KERNELS | SMALL).items()}))
"""


def _checksums(python: Path) -> dict[str, int]:
    done = ran([str(python), "-P", "-c", _CHECKSUMS], check=True, env=environment())
    found: dict[str, int] = json.loads(done.stdout)
    return found


@pytest.mark.parametrize("python", INSTALLED.values(), ids=lambda each: str(each.release))
def test_every_interpreter_here_comes_to_the_same_checksums(python: Interpreter) -> None:
    known = {name: checksum for name, (_, checksum) in (KERNELS | SMALL).items()}
    assert _checksums(python.executable) == known


def test_no_kernel_is_in_both_tables() -> None:
    assert not KERNELS.keys() & SMALL.keys()
    assert len(KERNELS | SMALL) == len(KERNELS) + len(SMALL)


@pytest.mark.parametrize("name", [*KERNELS, *SMALL])
def test_a_kernel_keeps_nothing_from_run_to_run(name: str) -> None:
    kernel, checksum = (KERNELS | SMALL)[name]
    assert [kernel(), kernel()] == [checksum] * 2


def test_trial_division_finds_the_primes() -> None:
    odd = range(3, 200, 2)
    primes = {n for n in odd if all(n % d for d in range(2, n))}
    assert {n for n in odd if kernels._is_prime(n)} == primes


def test_the_sum_of_squares_is_gausss() -> None:
    n = kernels.SUMMANDS - 1
    assert kernels.sum_of_squares() == n * (n + 1) * (2 * n + 1) // 6


@given(st.integers(0, 30))
def test_a_report_sums_up_the_units_that_were_done(units: int) -> None:
    done: list[int] = []

    def work() -> int:
        done.append(1)
        return 7

    begin, end, cpu, checksum = timed(work, units)
    assert (len(done), checksum) == (units, 7 * units)
    assert begin <= end
    assert cpu >= 0


def test_crunching_goes_by_name() -> None:
    assert crunch("is_prime", 2)[3] == 2 * KERNELS["is_prime"][1]


def test_what_spawned_workers_load_with_the_kernels_is_built_in_or_tiny() -> None:
    """`json` and `re` are for those who ask for them."""
    script = (
        "import os, sys; before = set(sys.modules); import ftbench.probe.workloads.kernels\n"
        "print(*sorted(set(sys.modules) - before))"
    )
    done = ran([sys.executable, "-S", "-P", "-c", script], check=True, env=environment())
    assert set(done.stdout.split()) == {
        "__future__",
        "ftbench",
        "ftbench.probe",
        "ftbench.probe.workloads",
        "ftbench.probe.workloads.kernels",
        "ftbench.probe.entry_points",
    }
