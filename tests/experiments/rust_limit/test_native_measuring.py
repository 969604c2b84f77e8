"""A native measurement is one of the probe's; one that fails tells why and leaves nothing."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import psutil
import pytest
from probing import ROOT, eventually

from ftbench.errors import (
    DeadlineError,
    FtbenchError,
    NotAvailableError,
    UsageError,
    WorkerFailedError,
)
from ftbench.experiments import rust_limit
from ftbench.experiments.rust_limit import VARIABLE, Program, options
from ftbench.facts.profiles import PROFILES
from ftbench.probe.run import programs
from ftbench.probe.run.document import Measurement

SMOKE = PROFILES["smoke"]
ANSWER = {
    "metrics": {"op": {"unit": "seconds", "samples": [6e-8, 7e-8]}},
    "invariants": [{"name": "distinct", "checked": "3 inserts are as many distinct ids"}],
    "notes": {"rounds": 2},
}
TELLS = f"echo '{json.dumps(ANSWER)}'"


@pytest.mark.parametrize(
    ("form", "fill"),
    [("fixed", "cold"), ("fixed", "grown"), ("timed", "cold"), ("article", "cold")],
)
def test_a_measurement_is_whole_and_of_the_probes_schema(
    program: Program, form: str, fill: str
) -> None:
    params: dict[str, int | str] = {"workers": 2, "form": form, "fill": fill, "duration": 100}
    found = rust_limit.measure(params, profile="smoke")
    assert Measurement.from_json(json.loads(json.dumps(found.to_json()))) == found
    assert (found.scenario, found.mode, found.profile) == ("shared_set", "threads", "smoke")
    assert found.params == {**params, "strategy": "lock", "id_space": 10_000_000}
    assert found.build == program.record()
    assert found.notes["rounds"] == (SMOKE.least_repeats if form == "fixed" else 1)
    assert found.machine["cores"] == os.cpu_count()
    assert found.elapsed > 0
    assert found.gil.after is False


def test_the_profile_says_how_many_rounds(program: Program) -> None:
    found = rust_limit.measure({"workers": 1}, profile="rounds=3")
    assert found.notes["rounds"] == len(found.metrics["op"].samples) == 3


def test_what_the_program_says_becomes_the_measurement(fake_rustc: Any, tmp_path: Path) -> None:
    told = tmp_path / "told"
    fake_rustc(program=f"echo \"$@\" > '{told}'; {TELLS}")
    found = rust_limit.measure({"workers": "3", "fill": "grown"}, profile="smoke", deadline=9)
    assert found.metrics["op"].samples == (6e-8, 7e-8)
    assert found.notes == {"rounds": 2}
    words = told.read_text().split()
    assert words == [*options(found.params, SMOKE), "--deadline", "9"]


def test_a_time_box_lengthens_the_deadline(fake_rustc: Any, tmp_path: Path) -> None:
    told = tmp_path / "told"
    fake_rustc(program=f"echo \"$@\" > '{told}'; {TELLS}")
    rust_limit.measure({"form": "article", "duration": 70_000})
    assert told.read_text().split()[-2:] == ["--deadline", "200"]


@pytest.mark.parametrize(
    ("params", "why"),
    [
        ({"workers": 0}, "from 1 to"),
        ({"form": "fast"}, "fixed"),
        ({"strategy": "striped"}, "lock"),
        ({"wokers": 8}, "workers"),
    ],
)
def test_a_bad_parameter_is_told_before_anything_is_built(
    fake_rustc: Any, params: dict[str, int | str], why: str
) -> None:
    compilations = fake_rustc()
    with pytest.raises(UsageError, match=why):
        rust_limit.measure(params)
    assert not compilations.exists()


@pytest.mark.parametrize("deadline", [0, -1, 1e9, float("nan")])
def test_a_deadline_out_of_range_is_told(fake_rustc: Any, deadline: float) -> None:
    fake_rustc()
    with pytest.raises(UsageError, match="deadline"):
        rust_limit.measure(deadline=deadline)


def test_without_a_compiler_there_is_no_measurement(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("PATH", "CARGO_HOME"):
        monkeypatch.setenv(name, str(tmp_path))
    monkeypatch.delenv(VARIABLE, raising=False)
    with pytest.raises(NotAvailableError, match="not available: no rustc"):
        rust_limit.measure()


@pytest.mark.parametrize(
    ("program", "error", "words"),
    [
        ("echo 'shared_set: Not the same.' >&2; exit 1", FtbenchError, "^Not the same"),
        ("echo 'shared_set: Bad words.' >&2; exit 2", UsageError, "^Bad words"),
        (
            "echo story >&2; echo 'shared_set: It failed.' >&2; exit 4",
            WorkerFailedError,
            "^It fail",
        ),
        ("echo 'shared_set: Too long.' >&2; exit 5", DeadlineError, "^Too long"),
        ("echo half; kill -9 $$", WorkerFailedError, "code 137"),
        ("echo 'panicked at x' >&2; exit 101", WorkerFailedError, "code 101"),
        ("echo no json", WorkerFailedError, "did not report"),
        ("true", WorkerFailedError, "did not report"),
    ],
)
def test_an_end_of_the_program_is_told_as_what_it_is(
    fake_rustc: Any, program: str, error: type[FtbenchError], words: str
) -> None:
    fake_rustc(program=program)
    with pytest.raises(error, match=words) as caught:
        rust_limit.measure()
    assert type(caught.value) is error
    said = "panicked" in program or "story" in program
    assert ("panicked" in caught.value.story or "story" in caught.value.story) == said


def test_the_program_ends_itself_at_its_deadline(program: Program) -> None:
    with pytest.raises(DeadlineError, match="Not done within"):
        rust_limit.measure({"form": "timed", "duration": 60_000}, deadline=0.3)


HANGS = "echo $$ > '{pid}'; exec sleep 300"


def gone(pid: Path) -> bool:
    return not psutil.pid_exists(int(pid.read_text()))


def test_a_program_that_hangs_is_ended(
    fake_rustc: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pid = tmp_path / "pid"
    fake_rustc(program=HANGS.format(pid=pid))
    monkeypatch.setattr(programs, "BACKSTOP_SECONDS", 1.0)
    with pytest.raises(DeadlineError, match=r"did not end within 1\.5 s"):
        rust_limit.measure(deadline=0.5)
    eventually(lambda: gone(pid), "the program is gone")


@pytest.mark.parametrize("how", ["kill", "terminate"])
def test_a_measurement_that_is_killed_leaves_no_process(
    fake_rustc: Any, tmp_path: Path, how: str
) -> None:
    pid = tmp_path / "pid"
    fake_rustc(program=HANGS.format(pid=pid))
    measuring = subprocess.Popen(
        [sys.executable, "-c", "from ftbench.experiments import rust_limit; rust_limit.measure()"],
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        stderr=subprocess.DEVNULL,
    )
    try:
        eventually(lambda: pid.exists() and pid.read_text() != "", "the program runs")
    finally:
        getattr(measuring, how)()
        code = measuring.wait(20)
    assert code != 0
    eventually(lambda: gone(pid), "the program is gone")
