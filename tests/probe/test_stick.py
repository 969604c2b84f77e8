"""The measuring stick: what it answers, when cells ask it, and what a run makes of it."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
from probing import run_probe

from ftbench.facts.modes import mode_named
from ftbench.facts.profiles import profile_named
from ftbench.probe.instruments.interference import between, look
from ftbench.probe.run import MARK, cell, measure, programs, stick
from ftbench.probe.run.child import stat_fields
from ftbench.probe.scenarios.base import Cell
from ftbench.probe.workers.base import Deadline
from ftbench.pythons import venvs

SCRIPT = Path(stick.__file__)


def test_it_needs_nothing_but_a_python_and_answers_a_line_each(tmp_path: Path) -> None:
    alone = tmp_path / "stick.py"
    alone.write_bytes(SCRIPT.read_bytes())
    done = subprocess.run(
        [sys.executable, "-I", "-S", str(alone)],
        input="\n0\n9999\n",  # wherever, a CPU, and none that there is
        capture_output=True,
        text=True,
        check=True,
        cwd=tmp_path,
    )
    name, *slices = done.stdout.splitlines()
    assert name.startswith(f"{stick.WORK}-{sys.version.split()[0]}-")
    assert len(slices) == 3
    assert all(float(seconds) > 0 for line in slices for seconds in line.split())
    assert done.stderr == ""


def test_its_work_is_always_the_same() -> None:
    # Another result is another work, whose slices are not compared: raise `WORK`.
    assert (stick.WORK, stick.TURNS, stick.work(stick.TURNS)) == (1, 40_000, RESULT)


RESULT = 790048


@pytest.mark.skipif(sys.platform != "linux", reason="the CPU time of others is Linux's")
def test_it_waits_without_a_cpu() -> None:
    with programs.Stick() as running:
        running.slice({"pid": os.getpid()})
        before = stat_fields(running._process.pid)[11:13]
        time.sleep(0.3)
        assert stat_fields(running._process.pid)[11:13] == before


class Asking:
    """A cell's channel and clock: what was asked when, each answered at once."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = 100.0
        self.asked: list[float] = []
        monkeypatch.setattr(time, "perf_counter", lambda: self.now)
        monkeypatch.setattr(sys, "__stdin__", io.StringIO("\n" * 1000))
        self.stick = cell.stick_through(self.send)

    def send(self, line: str) -> None:
        mark, event = line.split("{", 1)
        asked = {"event": "slice", "pid": os.getpid(), "round": None}
        assert (mark, json.loads("{" + event)) == (MARK, asked)
        self.asked.append(self.now)


def test_slices_are_apart_and_ever_more_seldom(monkeypatch: pytest.MonkeyPatch) -> None:
    asking = Asking(monkeypatch)
    for _ in range(1_500):  # a quick cell that takes 1.5 s, of rounds of 1 ms
        asking.stick()
        asking.now += 0.001
    assert 8 < len(asking.asked) <= 12
    apart = [after - before for before, after in zip(asking.asked, asking.asked[1:], strict=False)]
    assert apart[0] >= 0.02
    assert apart == sorted(apart)
    asking.stick(now=True)  # as at the end
    assert asking.asked[-1] == asking.now


def test_a_supervisor_that_is_gone_ends_the_cell(monkeypatch: pytest.MonkeyPatch) -> None:
    asking = Asking(monkeypatch)
    monkeypatch.setattr(sys, "__stdin__", io.StringIO(""))
    with pytest.raises(SystemExit):
        asking.stick()


def test_slices_are_between_rounds_and_repeats() -> None:
    log: list[str] = []
    timed = Cell(
        mode=mode_named("threads"),
        params={},
        profile=profile_named("rounds=3"),
        deadline=Deadline(60),
        observe=lambda *_: None,
        stick=lambda _: log.append("slice"),
    )
    for count in (timed.rounds, timed.repeats):
        log.clear()
        for number in count():
            log += [str(number)]
        assert log == ["slice", "0", "slice", "1", "slice", "2"]


def test_the_record_of_a_cell_has_its_speed() -> None:
    done = run_probe(sys.executable, "lifecycle", "--profile", "smoke", "--json")
    speed = json.loads(done.stdout)["speed"]
    assert speed["stick"].startswith(f"{stick.WORK}-")
    assert speed["slices"] >= 2
    assert 0 < speed["seconds"] <= 1
    assert speed["wall"] > 0
    assert speed["spread"] >= 0


def test_without_a_stick_a_cell_is_measured_and_says_no_speed() -> None:
    nobody = {"FTBENCH_HOST_PYTHON": "/nowhere/python"}
    done = run_probe(sys.executable, "lifecycle", "--profile", "smoke", "--json", environ=nobody)
    assert json.loads(done.stdout)["speed"] == {}


def test_one_stick_serves_all_cells_and_one_that_is_gone_says_nothing() -> None:
    measure.measuring_stick.cache_clear()
    running = measure.measuring_stick()
    assert running is measure.measuring_stick()
    assert running
    for _ in range(3):
        running.slice({"pid": os.getpid()})
    assert running.speed()["slices"] == 3
    running._process.kill()
    running.slice({"pid": os.getpid()})
    assert running.speed() == {}
    running.__exit__()
    measure.measuring_stick.cache_clear()


def test_the_stick_is_no_interference() -> None:
    calm = look()._replace(busy=0.0, stolen=0.0, own=0.0, at=0.0)
    after = calm._replace(busy=1.0, at=1.0)
    if between(calm, after):
        assert between(calm, after)["foreign"] == 1.0
        assert between(calm, after, beside=1.0)["foreign"] == 0.0


def test_the_stick_is_the_python_that_is_named_for_it_whoever_else_serves() -> None:
    named = {"FTBENCH_HOST_PYTHON": "/nowhere/python", "FTBENCH_STICK_PYTHON": sys.executable}
    done = run_probe(sys.executable, "lifecycle", "--profile", "smoke", "--json", environ=named)
    assert json.loads(done.stdout)["speed"]["stick"].startswith(f"{stick.WORK}-")


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(venvs, "data_folder", lambda: tmp_path / "data")
    monkeypatch.delenv("FTBENCH_STICK_PYTHON", raising=False)
    return tmp_path / "data"


def stick_of(python: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """Return which Python is the stick of what runs on `python`."""
    monkeypatch.setattr(sys, "executable", str(python))
    assert venvs.host_variables()["FTBENCH_HOST_PYTHON"] == str(python)
    return venvs.host_variables()["FTBENCH_STICK_PYTHON"]


def test_a_machine_keeps_its_stick_whichever_clone_measures(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = tmp_path / "python", tmp_path / "other"
    for python in (first, second):
        python.touch(mode=0o755)
    in_venv = tmp_path / "venv-python"
    in_venv.symlink_to(first)
    assert stick_of(in_venv, monkeypatch) == str(first)
    in_venv.unlink()  # the clone is gone, its Python is not
    assert stick_of(second, monkeypatch) == str(first)
    monkeypatch.setenv("FTBENCH_STICK_PYTHON", "/named")
    assert stick_of(second, monkeypatch) == "/named"
    monkeypatch.delenv("FTBENCH_STICK_PYTHON")
    first.unlink()
    assert stick_of(second, monkeypatch) == str(second)
    assert list(data.iterdir())


@pytest.mark.parametrize("content", [b"\xff", b"", b"/nowhere"])
def test_a_damaged_choice_is_made_anew(
    data: Path, content: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    data.mkdir()
    (data / "measuring-stick").write_bytes(content)
    python = Path(sys.executable)
    assert stick_of(python, monkeypatch) == os.path.realpath(python)


def test_without_a_home_the_hosts_python_is_the_stick(
    data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data.touch()  # no folder
    assert stick_of(Path(sys.executable), monkeypatch) == os.path.realpath(sys.executable)
