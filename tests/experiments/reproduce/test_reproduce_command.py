"""`ftbench reproduce`: what it takes, what it writes, how it ends."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from contextlib import nullcontext, suppress
from pathlib import Path
from typing import Any

import psutil
import pytest
from click.testing import CliRunner, Result
from fake_measurements import FAILED, UNAVAILABLE, made, measured
from probing import ROOT, eventually, ran

from ftbench.asv.measuring_lock import MeasuringLock
from ftbench.cli.measuring import reproduce
from ftbench.errors import (
    DeadlineError,
    FtbenchError,
    ResultsError,
    UsageError,
    WorkerFailedError,
)
from ftbench.experiments.reproduce import runner
from ftbench.experiments.reproduce.plan import Step
from ftbench.experiments.reproduce.record import Reproduction, load
from ftbench.probe.run.child import clean_environment
from ftbench.probe.run.document import Measurement
from ftbench.pythons import Interpreter
from ftbench.report import output

FTBENCH = (sys.executable, "-c", "from ftbench.cli import main; main()")


def call(*args: str | Path) -> Result:
    return CliRunner().invoke(reproduce, list(map(str, args)), standalone_mode=False)


def error_of(result: Result) -> FtbenchError:
    assert isinstance(result.exception, FtbenchError), result
    return result.exception


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    path = tmp_path / "saved.json"
    path.write_text(json.dumps(made(parts=("memory",), scale=0.1).record()), encoding="utf-8")
    return path


def test_a_saved_run_is_told_anew_without_measuring(saved: Path, tmp_path: Path) -> None:
    page, again = tmp_path / "page.html", tmp_path / "again.json"
    assert "Memory of 8 busy workers" in call("--from", saved).output
    for form, path in (("html", page), ("json", again)):
        result = call("--from", saved, "--format", form, "--output", path)
        assert (result.exception, result.output) == (None, "")
    assert "Threads: tight memory footprint" in page.read_text(encoding="utf-8")
    assert load(again) == load(saved)
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "again.json",
        "page.html",
        "saved.json",
    ]


def test_json_goes_to_standard_output_alone(saved: Path) -> None:
    result = call("--from", saved, "--format", "json")
    document = json.loads(result.output)
    assert document["schema"] == {"name": "ftbench.reproduction", "version": 1}
    assert Reproduction.from_record(document) == load(saved)


def test_a_damaged_file_is_said_to_be(tmp_path: Path) -> None:
    path = tmp_path / "cut.json"
    path.write_text('{"schema": ', encoding="utf-8")
    assert isinstance(error_of(call("--from", path)), ResultsError)


@pytest.mark.parametrize(
    ("args", "words"),
    [
        (["--scale", "0"], "above 0 and at most 1"),
        (["--scale", "nan"], "above 0 and at most 1"),
        (["--only", "memry"], "Did you mean 'memory'"),
        (["--only", ""], "is not known"),
        (["--output", "no/such/folder/page.html"], "its folder is not there"),
        (["--from", "x.json", "--scale", "1"], "measures nothing"),
        (["--from", "x.json", "--processes", "3"], "measures nothing"),
        (["--from", "x.json", "--fresh"], "measures nothing"),
        (["3.14.7", "--from", "x.json"], "measures nothing"),
    ],
)
def test_what_makes_no_sense_is_said_before_anything_is_done(
    args: list[str], words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def never(*_args: Any) -> Any:
        pytest.fail("an interpreter was looked for")

    monkeypatch.setattr(runner, "ensure_pair", never)
    error = error_of(call(*args))
    assert isinstance(error, UsageError)
    assert words in str(error)


def measure_nothing(monkeypatch: pytest.MonkeyPatch, done: Reproduction) -> None:
    monkeypatch.setattr(runner, "measure", lambda *_args, **_options: nullcontext(done))


def test_what_is_not_available_is_no_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    measure_nothing(monkeypatch, made(broken={"native/timed": UNAVAILABLE}))
    result = call("--only", "rust")
    assert (result.exception, result.exit_code) == (None, 0)


def test_the_exit_code_is_the_worst_failures_and_the_rest_is_told(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    late = {**FAILED, "reason": "The deadline passed.", "exit_code": 5}
    broken = {"memory/fork": FAILED, "memory/spawn": late, "native/timed": UNAVAILABLE}
    measure_nothing(monkeypatch, made(broken=broken))
    result = call("--output", tmp_path / "run.txt")
    error = error_of(result)
    assert isinstance(error, DeadlineError)
    assert "2 of 30 runs failed" in error.message
    assert "The deadline passed." in error.story
    assert "failed [" in (tmp_path / "run.txt").read_text(encoding="utf-8")


def test_a_single_failure_has_its_own_class(monkeypatch: pytest.MonkeyPatch) -> None:
    measure_nothing(monkeypatch, made(broken={"memory/fork": FAILED}))
    assert isinstance(error_of(call()), WorkerFailedError)


def test_what_cannot_be_written_is_printed_all_the_same(
    saved: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_args: Any, **_kwargs: Any) -> Any:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(output, "write_whole", full)
    result = call("--from", saved, "--output", tmp_path / "page.html")
    assert "No space left on device" in error_of(result).message
    assert "Memory of 8 busy workers" in result.output
    assert not (tmp_path / "page.html").exists()


def test_a_run_whose_output_cannot_be_written_is_not_lost(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, pair: tuple[Interpreter, Interpreter]
) -> None:
    def full(*_args: Any, **_kwargs: Any) -> Any:
        raise OSError(28, "No space left on device")

    keys: list[str] = []

    def measured_once(step: Step, _: object) -> Measurement:
        keys.append(step.key)
        return measured(step)

    monkeypatch.setenv("FTBENCH_CACHE", str(tmp_path))
    monkeypatch.setattr(MeasuringLock, "acquire", lambda _lock: None)
    monkeypatch.setattr(runner, "ensure_pair", lambda *_: pair)
    monkeypatch.setattr(runner, "_measured", measured_once)
    words = ("--only", "memory", "--processes", "1", "--output", tmp_path / "run.txt")
    with monkeypatch.context() as patched:
        patched.setattr(output, "write_whole", full)
        assert isinstance(error_of(call(*words)), ResultsError)
    (kept,) = (tmp_path / "journals").iterdir()
    first = len(keys)
    assert first
    assert call(*words).exception is None
    assert len(keys) == first
    assert not kept.exists()


def test_a_file_is_replaced_whole(saved: Path) -> None:
    before = load(saved)
    assert call("--from", saved, "--format", "json", "--output", saved).exception is None
    assert load(saved) == before
    assert list(saved.parent.iterdir()) == [saved]


# -- with real interpreters


def environment(tmp_path: Path) -> dict[str, str]:
    lock = {"FTBENCH_MEASURING_LOCK": str(tmp_path / "lock"), "PYTHONPATH": str(ROOT)}
    return clean_environment(os.environ, lock)


def of_this_test(tmp_path: Path) -> list[int]:
    """Return the processes that were started with this test's environment."""
    found = []
    for process in psutil.process_iter():
        with suppress(psutil.Error):
            if process.environ().get("FTBENCH_MEASURING_LOCK") == str(tmp_path / "lock"):
                found.append(process.pid)
    return found


def test_the_overhead_is_measured_told_and_written(
    pair: tuple[Interpreter, Interpreter], tmp_path: Path
) -> None:
    gil, free_threaded = pair
    saved = tmp_path / "run.json"
    done = ran(
        [
            *(*FTBENCH, "reproduce", gil.release.name),
            *("--scale", "0.001", "--only", "lifecycle", "--processes", "2"),
            *("--format", "json", "--output", str(saved)),
        ],
        env=environment(tmp_path),
        timeout=150,
    )
    assert done.returncode == 0, done.stderr
    reproduction = load(saved)
    assert (reproduction.scale, reproduction.knobs.rounds) == (0.001, 1)
    assert {arm: each.name for arm, each in reproduction.interpreters.items()} == {
        "gil": gil.name,
        "ft": free_threaded.name,
    }
    for step in reproduction.steps:
        assert step.measurement is not None, step.reason
        assert step.measurement.notes["rounds"] == 1
        threads = "threads" in step.key
        assert step.measurement.mode.startswith("threads" if threads else "processes-")
        assert step.measurement.gil.before is not threads
        assert step.measurement.build["free_threaded"] is threads
    assert done.stdout == ""
    assert [step.process for step in reproduction.steps] == [0] * 8 + [1] * 8
    assert "16 runs, about" in done.stderr
    assert str(gil.executable) not in saved.read_text(encoding="utf-8")
    assert "time of a round, ms" in call("--from", saved).output


@pytest.mark.skipif(sys.platform == "win32", reason="there is no Ctrl-C for one child there")
@pytest.mark.usefixtures("pair")
def test_an_interrupt_ends_it_with_130_and_writes_nothing(tmp_path: Path) -> None:
    saved, said = tmp_path / "run.json", tmp_path / "said"
    with said.open("wb") as out:
        process = subprocess.Popen(
            [
                *(*FTBENCH, "reproduce"),
                *("--scale", "1", "--only", "memory"),
                *("--format", "json", "--output", str(saved)),
            ],
            stdout=subprocess.DEVNULL,
            stderr=out,
            env=environment(tmp_path),
            start_new_session=True,
        )
    try:
        eventually(lambda: len(of_this_test(tmp_path)) > 2, "a step runs", 60)
        process.send_signal(signal.SIGINT)
        assert process.wait(30) == 130
    finally:
        process.kill()
        process.wait()
    assert b"interrupted" in said.read_bytes()
    eventually(lambda: not of_this_test(tmp_path), "nothing of it is left", 10)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["lock", "said"]
