"""The real program: its ids, its counts, its forms, its ends."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from itertools import islice
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from probing import ran

from ftbench.experiments.rust_limit import Program
from ftbench.probe.workloads.ids import draw

GROWN = 180_000
SPACE = 10_000_000

linux = pytest.mark.skipif(sys.platform != "linux", reason="limits memory as Linux does")


def run(program: Program, *options: str | float) -> subprocess.CompletedProcess[str]:
    return ran([program.path, *map(str, options)])


def document(program: Program, *options: str | float) -> dict[str, Any]:
    done = run(program, *options)
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def drawn(index: int, count: int, space: int = SPACE) -> list[int]:
    return list(islice(draw(index, space), count))


def ids(program: Program, index: int, count: int, space: int) -> list[int]:
    done = run(program, "--ids", count, "--index", index, "--id-space", space)
    assert done.returncode == 0, done.stderr
    return [int(line) for line in done.stdout.splitlines()]


def test_the_first_ids_are_those_of_splitmix64(program: Program) -> None:
    """Worked out by hand from the seed, so that no generator of ours is asked."""
    state, mask = (0xC0FFEE ^ 0x9E3779B97F4A7C15) + 0x9E3779B97F4A7C15, 2**64 - 1
    state &= mask
    z = ((state ^ (state >> 30)) * 0xBF58476D1CE4E5B9) & mask
    z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & mask
    assert ids(program, 0, 1, 2**64 - 1) == [(z ^ (z >> 31)) % (2**64 - 1)]


def test_ids_are_those_of_the_scenario_in_python(program: Program) -> None:
    @given(index=st.integers(0, 300), count=st.integers(0, 50), space=st.integers(1, 2**64 - 1))
    @settings(max_examples=30, deadline=None)
    def agree(index: int, count: int, space: int) -> None:
        assert ids(program, index, count, space) == drawn(index, count, space)

    agree()


@pytest.mark.parametrize("workers", [1, 3, 8])
@pytest.mark.parametrize("fill", ["cold", "grown"])
def test_distinct_ids_are_as_many_as_python_counts(
    program: Program, workers: int, fill: str
) -> None:
    grown = set(drawn(workers, GROWN)) if fill == "grown" else set()
    all_of_them = {uid for index in range(workers) for uid in drawn(index, 6400)}
    found = document(
        program, "--workers", workers, "--fill", fill, "--operations", 6400, "--most-rounds", 2
    )
    notes = found["notes"]
    assert notes["operations"] == workers * 6400
    assert notes["inserts"] == notes["distinct"] == len(all_of_them - grown)


def test_few_ids_are_drawn_again_and_again(program: Program) -> None:
    notes = document(program, "--id-space", 10, "--most-rounds", 1, "--least-rounds", 1)["notes"]
    assert notes["distinct"] == notes["inserts"] == 10


TIMED = ["op", "lock_wait", "lock_wait_p50", "lock_wait_p99", "lock_wait_max", "fairness", "cpu"]


@pytest.mark.parametrize("fill", ["cold", "grown"])
def test_fixed_work_has_a_sample_per_round(program: Program, fill: str) -> None:
    found = document(program, "--fill", fill, "--least-rounds", 3, "--most-rounds", 3)
    assert found["notes"]["rounds"] == 3
    assert found["notes"]["operations"] == 8 * 8_000
    assert found["notes"]["every"] == 64
    assert found["notes"]["hash"] == "tagged"
    assert [name for name in found["metrics"] if name != "pss"] == TIMED
    for name in TIMED:
        samples = found["metrics"][name]["samples"]
        assert len(samples) == 3
        assert all(sample > 0 for sample in samples)
    assert "wall" not in found["notes"]
    assert [each["name"] for each in found["invariants"]] == ["distinct"]
    assert "serial twin" in found["invariants"][0]["checked"]


@pytest.mark.parametrize(("form", "every"), [("timed", 64), ("article", 1)])
@pytest.mark.parametrize("fill", ["cold", "grown"])
def test_a_time_box_has_one_round_of_its_length(
    program: Program, form: str, every: int, fill: str
) -> None:
    found = document(program, "--form", form, "--fill", fill, "--duration", 200, "--workers", 2)
    notes = found["notes"]
    assert (notes["rounds"], notes["every"]) == (1, every)
    assert notes["hash"] == {"timed": "tagged", "article": "plain"}[form]
    assert notes["attempts"] == notes["operations"] >= notes["inserts"] == notes["distinct"] > 0
    assert notes["attempts"] % every == 0
    window = found["metrics"]["op"]["samples"][0] * notes["operations"]
    assert 0.2 <= window <= notes["wall"]
    assert found["metrics"]["fairness"]["samples"][0] >= 1


def test_percentiles_of_the_waits_are_in_order(program: Program) -> None:
    metrics = document(program, "--workers", 4, "--form", "timed", "--duration", 100)["metrics"]
    p50, p99, most = (metrics[f"lock_wait_{name}"]["samples"][0] for name in ("p50", "p99", "max"))
    assert 0 < p50 <= p99 <= most
    assert metrics["lock_wait"]["samples"][0] <= most


@linux
def test_memory_is_that_of_the_set_and_little_more(program: Program) -> None:
    metrics = document(program, "--fill", "grown", "--most-rounds", 1, "--least-rounds", 1)
    (pss,) = metrics["metrics"]["pss"]["samples"]
    # 2^19 slots of 8 bytes and a byte of control each, for 308 000 ids.
    table = 2**19 * 9
    assert table < pss < table + 4 * 2**20
    assert metrics["notes"]["peak_rss"] >= pss


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--form", "fast"], "fixed, timed, article"),
        (["--fill", "warm"], "cold, grown"),
        (["--workers", "0"], "from 1 to 256"),
        (["--workers", "many"], "a whole number"),
        (["--operations", "100"], "a multiple of --every"),
        (["--deadline"], "needs a value"),
        (["--nonsense"], "--help lists all"),
    ],
)
def test_a_bad_request_is_told_with_what_may_be_there(
    program: Program, options: list[str], words: str
) -> None:
    done = run(program, *options)
    assert (done.returncode, done.stdout) == (2, "")
    assert words in done.stderr


def test_help_names_every_form(program: Program) -> None:
    done = run(program, "--help")
    assert done.returncode == 0
    assert "--form fixed|timed|article" in done.stdout


def test_a_deadline_ends_it_whatever_it_does(program: Program) -> None:
    done = run(program, "--form", "timed", "--duration", 60_000, "--deadline", 0.2)
    assert (done.returncode, done.stdout) == (5, "")
    assert "Not done within 200ms" in done.stderr


@linux
def test_a_worker_that_cannot_be_made_is_a_failed_worker(program: Program) -> None:
    # So little that not even the first has room: of many, some would run out of memory instead.
    limited = f'ulimit -v 6000; exec "{program.path}" --workers 2'
    done = subprocess.run(
        ["sh", "-c", limited], capture_output=True, check=False, encoding="utf-8", timeout=60
    )
    assert (done.returncode, done.stdout) == (4, "")
    assert re.search(r"Worker \d failed: |No thread can be made: ", done.stderr)


@linux
def test_a_result_that_nobody_takes_is_an_error(program: Program) -> None:
    limited = f'exec "{program.path}" --ids 3 > /dev/full'
    done = subprocess.run(
        ["sh", "-c", limited], capture_output=True, check=False, encoding="utf-8", timeout=60
    )
    assert done.returncode == 1
    assert "cannot be printed" in done.stderr
