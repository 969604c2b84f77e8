"""`python -m ftbench.probe` on a real GIL and a real free-threaded interpreter."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from probing import PROBE, ROOT, document_of, environment, has_mode, ran, run_probe, words_of

from ftbench.errors import FaultError, ResultsError, UsageError
from ftbench.facts.modes import MODES, Mode
from ftbench.probe.__main__ import main
from ftbench.probe.run.document import Measurement
from ftbench.pythons import Interpreter, discover

Pair = tuple[Interpreter, Interpreter]

METRICS = {
    "lifecycle": "round first_round start first_line task teardown p50 cpu",
    "footprint": "rss uss pss per_worker peak left"
    if sys.platform == "linux"
    else "rss per_worker peak left",
}
UNITS = {"lifecycle": "seconds", "footprint": "bytes"}
CONTRACT = {
    "schema", "scenario", "mode", "params", "profile", "metrics", "invariants", "gil", "build",
    "machine", "load", "started_at", "elapsed", "notes", "effort", "interference", "pinned",
    "speed", "jit",
}  # fmt: skip
# Who is in the process tree while the workers are busy, and how many of them (two workers).
ROLES: dict[str, dict[str, int]] = {
    "threads": {"parent": 1},
    "interpreters": {"parent": 1},
    "processes-fork": {"parent": 1, "worker": 2},
    "processes-spawn": {"parent": 1, "worker": 2, "resource tracker": 1},
    "processes-forkserver": {"parent": 1, "worker": 2, "resource tracker": 1, "fork server": 1},
}
EVERYWHERE = pytest.mark.parametrize("mode", MODES, ids=lambda mode: mode.name)
EITHER = pytest.mark.parametrize("which", [0, 1], ids=["gil", "ft"])


def _measured(python: Interpreter, scenario: str, mode: Mode) -> dict[str, Any]:
    if not has_mode(python, mode):
        pytest.skip(f"{python.release} here has no {mode.name}")
    return document_of(python.executable, scenario, *words_of(mode), "--workers", "2")


def _keeps_the_contract(document: dict[str, Any], scenario: str, python: Interpreter) -> None:
    assert document.keys() == CONTRACT
    assert document["schema"] == {"name": "ftbench.measurement", "version": 1}
    assert (document["scenario"], document["profile"]) == (scenario, "smoke")
    assert document["params"]["workers"] == 2
    assert set(METRICS[scenario].split()) <= document["metrics"].keys()
    for metric in document["metrics"].values():
        assert (metric["unit"], metric["better"]) == (UNITS[scenario], "lower")
        assert metric["samples"]
        assert all(isinstance(sample, float) for sample in metric["samples"])
    assert [each["name"] for each in document["invariants"]] == ["checksum"]
    gil = not python.build.free_threaded
    assert document["gil"] == {"asked": gil, "before": gil, "after": gil}
    assert document["build"]["version"] == str(python.release)
    assert Measurement.from_json(document).to_json()["schema"] == document["schema"]


@EITHER
@EVERYWHERE
def test_lifecycle_is_measured_in_every_mode(pair: Pair, which: int, mode: Mode) -> None:
    document = _measured(pair[which], "lifecycle", mode)
    _keeps_the_contract(document, "lifecycle", pair[which])
    samples = {name: metric["samples"] for name, metric in document["metrics"].items()}
    for name in ("round", "start", "first_line", "task", "teardown"):
        assert len(samples[name]) == document["notes"]["rounds"] == 2
        assert all(0 <= sample <= max(samples["round"]) for sample in samples[name])
    assert samples["cpu"][0] > 0
    assert document["notes"]["cpu_method"]


@EITHER
@EVERYWHERE
def test_footprint_sees_the_whole_tree_by_role(pair: Pair, which: int, mode: Mode) -> None:
    document = _measured(pair[which], "footprint", mode)
    _keeps_the_contract(document, "footprint", pair[which])
    notes = document["notes"]
    assert {role: each["processes"] for role, each in notes["roles"].items()} == ROLES[mode.name]
    assert notes["looks"] == len(document["metrics"]["rss"]["samples"]) >= 1
    assert 0 <= notes["observer"]["duty"] < 1
    assert notes["observer"]["interval"] > 0
    assert all(runs >= 1 for runs in notes["runs"])
    assert sum(each["rss"] for each in notes["roles"].values()) == pytest.approx(
        document["metrics"]["rss"]["samples"][-1]
    )


@pytest.mark.parametrize("mode", [m for m in MODES if m.name in ("threads", "interpreters")])
def test_subinterpreters_are_measured_where_they_exist(new_python: Interpreter, mode: Mode) -> None:
    document = _measured(new_python, "lifecycle", mode)
    assert document["mode"] == mode.name


def test_a_mode_that_is_not_there_is_code_3_with_its_reason() -> None:
    interpreters = next(mode for mode in MODES if mode.kind == "interpreters")
    old = [each for each in discover() if not has_mode(each, interpreters)]
    if not old:
        pytest.skip("needs an installed CPython before 3.14")
    done = run_probe(old[0].executable, "lifecycle", "--mode", "interpreters")
    assert (done.returncode, done.stdout) == (3, "")
    assert "new in CPython 3.14" in done.stderr


def test_the_third_arm_is_a_free_threaded_build_with_its_gil(ft_python: Interpreter) -> None:
    cell = ["lifecycle", "--workers", "1"]
    for document in (
        document_of(ft_python.executable, *cell, environ={"PYTHON_GIL": "1"}),
        document_of(ft_python.executable, *cell, "--gil", "on"),
    ):
        assert document["gil"] == {"asked": True, "before": True, "after": True}


def test_an_x_option_of_the_caller_is_heard(ft_python: Interpreter) -> None:
    how = ["-X", "gil=1", *PROBE]
    gil = document_of(ft_python.executable, "lifecycle", "--workers", "1", how=how)["gil"]
    assert gil == {"asked": True, "before": True, "after": True}


def test_no_gil_on_a_gil_build_is_code_6(gil_python: Interpreter) -> None:
    done = run_probe(gil_python.executable, "lifecycle", "--gil", "off")
    assert (done.returncode, done.stdout) == (6, "")
    assert "cannot run without its GIL" in done.stderr
    assert "3.14t" in done.stderr


def test_people_get_a_table(ft_python: Interpreter) -> None:
    done = run_probe(ft_python.executable, "lifecycle", "--workers", "2", "--set", "task=article")
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert lines[0] == "lifecycle · threads · workers=2, task=article · profile smoke"
    assert lines[1].startswith(f"CPython {ft_python.release}, free-threaded build, GIL off, ")
    assert lines[4].split() == ["metric", "median", "least", "most", "samples"]
    assert lines[-1].startswith("checked: 6 checksums")
    assert done.stderr == ""


def test_the_table_is_printed_whatever_the_terminal_can_spell(gil_python: Interpreter) -> None:
    ascii_only = {"PYTHONIOENCODING": "ascii"}
    done = run_probe(gil_python.executable, "lifecycle", "--workers", "1", environ=ascii_only)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("lifecycle ? threads ?")


def test_it_runs_from_another_folder_with_the_callers_python_path(
    gil_python: Interpreter, tmp_path: Any
) -> None:
    """The child's PYTHONPATH is not the caller's, and it must find ftbench all the same."""
    done = subprocess.run(
        [str(gil_python.executable), *PROBE, "lifecycle", "--workers", "1", "--profile", "smoke"],
        capture_output=True,
        check=False,
        cwd=tmp_path,
        env=environment({"PYTHONPATH": str(ROOT)}),
        timeout=60,
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="the system has no /dev/full")
@pytest.mark.parametrize("words", [(), ("--output", "/dev/full")])
def test_what_cannot_be_written_is_a_word_and_an_exit_code_of_its_own(
    words: tuple[str, ...],
) -> None:
    cell = ["lifecycle", "--workers", "1", "--profile", "smoke"]
    with Path("/dev/full").open("wb") as full:
        done = ran([sys.executable, *PROBE, *cell, *words], stdout=full, env=environment())
    assert done.returncode == ResultsError.exit_code
    assert done.stderr.startswith("ftbench.probe: what was measured cannot be written: ")


def test_a_fault_of_ours_has_its_traceback_and_an_exit_code_of_its_own(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def faulty(*_args: object, **_kwargs: object) -> None:
        raise KeyError("some key")

    monkeypatch.setattr("ftbench.probe.__main__.measure", faulty)
    assert main(["lifecycle"]) == FaultError.exit_code
    told = capsys.readouterr()
    assert "in faulty\n" in told.err
    assert "fault of ftbench" in told.err
    assert told.out == ""


@pytest.mark.skipif(sys.platform == "win32", reason="there is no such shell on Windows")
@pytest.mark.parametrize("closed", [">&-", "2>&-", "<&- >&- 2>&-"])
def test_closed_streams_change_no_exit_code_and_mix_nothing_up(closed: str) -> None:
    for workers, code in (("1", 0), ("0", UsageError.exit_code)):
        cell = ["lifecycle", "--workers", workers, "--profile", "smoke"]
        done = ran(
            ["/bin/sh", "-c", f'exec "$@" {closed}', "sh", sys.executable, *PROBE, *cell],
            env=environment(),
        )
        assert done.returncode == code
        assert (done.stdout == "") is (bool(code) or ">&-" in closed.split("2>&-", maxsplit=1)[0])


@pytest.mark.skipif(sys.platform == "win32", reason="a pipe without a reader is POSIX's")
def test_a_reader_that_has_seen_enough_gets_no_traceback() -> None:
    inner, outer = os.pipe()
    os.close(inner)
    with os.fdopen(outer, "wb") as nobody_reads:
        done = subprocess.run(
            [sys.executable, *PROBE, "lifecycle", "--workers", "1", "--profile", "smoke"],
            stdout=nobody_reads,
            stderr=subprocess.PIPE,
            check=False,
            env=environment(),
            timeout=60,
        )
    assert (done.returncode, done.stderr) == (141, b"")
