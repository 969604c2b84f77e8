"""The observer as a process: its answers, and what the supervisor makes of a bad one."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import psutil
import pytest
from probing import ROOT, environment, ran

from ftbench.errors import DeadlineError, FtbenchError, NotAvailableError, WorkerFailedError
from ftbench.observer import kernel_can
from ftbench.probe.run import MARK, programs
from ftbench.probe.run import measure as measuring
from ftbench.probe.run.measure import measure
from ftbench.probe.run.programs import Watcher
from ftbench.pythons import Interpreter

REQUEST: dict[str, Any] = {"phase": "busy", "seconds": 0.0, "roles": {"7": "worker"}}
posix = pytest.mark.skipif(sys.platform == "win32", reason="the fake observers are shell scripts")


def _answers(python: str | Path, *requests: dict[str, Any]) -> list[dict[str, Any]]:
    done = ran(
        [str(python), "-P", "-m", "ftbench.observer"],
        input="".join(json.dumps(each) + "\n" for each in requests),
        env=environment(),
    )
    assert done.returncode == 0, done.stderr
    return [_said(line) for line in done.stdout.splitlines()]


def _said(line: str) -> dict[str, Any]:
    _, mark, answer = line.partition(MARK)
    assert mark
    said: dict[str, Any] = json.loads(answer)
    return said


def test_it_says_hello_answers_and_ends_with_its_input() -> None:
    me = psutil.Process().pid
    hello, busy = _answers(sys.executable, {**REQUEST, "roles": {str(me): "parent"}})
    assert hello.pop("cpu") > 0
    assert hello == {"reader": busy["reader"]}
    assert busy["samples"][0]["processes"][-1]["rss"] > 0


def test_it_says_who_is_gone_and_goes_on() -> None:
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait(20)
    me = psutil.Process().pid
    request = {**REQUEST, "roles": {str(me): "parent", str(gone.pid): "worker"}}
    _, first, second = _answers(sys.executable, request, {**REQUEST, "roles": {str(me): "parent"}})
    assert first == {"gone": gone.pid}
    assert second["samples"]


@pytest.mark.skipif(not kernel_can(), reason="needs Linux's smaps_rollup")
def test_linux_needs_no_psutil(gil_python: Interpreter) -> None:
    """The interpreter under test has nothing installed; it can observe all the same."""
    [hello] = _answers(gil_python.executable)
    assert hello["reader"] == "smaps_rollup"


_WITHOUT_ANYTHING = """
import sys
sys.modules["psutil"] = None
from ftbench import observer
observer.kernel_can = lambda: False
from ftbench.observer import serve
sys.exit(serve())
"""


def test_a_system_with_neither_reader_says_so_and_ends() -> None:
    done = ran([sys.executable, "-P", "-c", _WITHOUT_ANYTHING], env=environment())
    assert done.returncode == 3
    assert "has no psutil" in _said(done.stdout)["unavailable"]


def test_the_cost_of_looking_can_be_shown() -> None:
    done = ran(
        [sys.executable, str(ROOT / "tests" / "tools" / "observer_cost.py"), "2"], env=environment()
    )
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert [line.split(":")[0].strip() for line in lines] == (
        ["psutil", "smaps_rollup"] if kernel_can() else ["psutil"]
    )
    assert all("duty cycle" in line for line in lines)


def _observer(folder: Path, script: str) -> str:
    """Return a program that answers as `script` does, whatever it is asked."""
    program = folder / "observer"
    answer = f'answer() {{ echo "{MARK}$1"; }}'
    program.write_text(f"#!/bin/sh\n{answer}\n{script}\n", encoding="utf-8")
    program.chmod(0o755)
    return str(program)


@posix
@pytest.mark.parametrize(
    ("script", "why"),
    [
        ("""answer '{"unavailable": "no eyes"}'""", "no eyes"),
        ("echo not an observer", "not an observer"),
        ("echo No module named ftbench >&2; exit 1", "No module named ftbench"),
        ("exit 0", "ended without a word"),
    ],
)
def test_what_cannot_observe_is_not_available_with_its_reason(
    tmp_path: Path, script: str, why: str
) -> None:
    with (
        pytest.raises(NotAvailableError, match=why) as caught,
        Watcher(_observer(tmp_path, script)) as watcher,
    ):
        watcher.greet()
    assert "FTBENCH_HOST_PYTHON" in str(caught.value)


@posix
def test_an_observer_that_says_nothing_is_given_up_and_ended(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(programs, "START_SECONDS", 0.2)
    monkeypatch.setattr(programs, "BACKSTOP_SECONDS", 0.5)
    before = {child.pid for child in psutil.Process().children()}
    with (
        pytest.raises(DeadlineError, match=r"did not answer within 0\.2 s"),
        Watcher(_observer(tmp_path, "exec sleep 600")) as watcher,
    ):
        watcher.greet()
    assert {child.pid for child in psutil.Process().children()} <= before


@posix
def test_an_observer_that_dies_is_a_failure_and_no_skip(tmp_path: Path) -> None:
    script = """answer '{"reader": "x"}'; read line; echo out of eyes >&2; exit 1"""
    with Watcher(_observer(tmp_path, script)) as watcher:
        watcher.greet()
        with pytest.raises(FtbenchError, match="out of eyes") as caught:
            watcher.observe(REQUEST, 5.0)
        assert not isinstance(caught.value, NotAvailableError)


@posix
def test_an_answer_is_found_whatever_else_is_printed(tmp_path: Path) -> None:
    script = """
    echo '{"level": "info"}'; printf 'tracing is on '; answer '{"reader": "x"}'
    read line; printf '\\377 null {"samples": [2]} '; answer '{"samples": [1]}'; echo bye"""
    with Watcher(_observer(tmp_path, script)) as watcher:
        watcher.greet()
        watcher.observe(REQUEST, 5.0)
    assert watcher.phases == {"busy": {"samples": [1]}}


@posix
def test_who_is_gone_is_told_by_role(tmp_path: Path) -> None:
    script = """answer '{"reader": "x"}'; read line; answer '{"gone": 7}'"""
    with Watcher(_observer(tmp_path, script)) as watcher:
        watcher.greet()
        watcher.observe(REQUEST, 5.0)
    assert "A worker (process 7) was gone" in str(watcher.gone)


@posix
def test_memory_that_may_not_be_read_is_not_available_with_what_that_takes(tmp_path: Path) -> None:
    script = """answer '{"reader": "x"}'; read line; answer '{"unreadable": "denied"}'; read line"""
    with Watcher(_observer(tmp_path, script)) as watcher:
        watcher.observe(REQUEST, 5.0)
        watcher.observe(REQUEST, 5.0)
    assert isinstance(watcher.lacking, NotAvailableError)
    assert "denied" in watcher.lacking.message
    assert "CAP_SYS_PTRACE" in watcher.lacking.hint


_DENIED = """
import sys
from ftbench import observer
real = observer.KernelReader.read
def denied(self, pid):
    if pid != observer.os.getpid():
        raise PermissionError(13, "Permission denied")
    return real(self, pid)
observer.KernelReader.read = denied
sys.exit(observer.serve())
"""


@pytest.mark.skipif(not kernel_can(), reason="needs Linux's smaps_rollup")
def test_an_observer_that_is_denied_a_process_says_so_and_goes_on() -> None:
    request = {**REQUEST, "roles": {str(psutil.Process().pid): "parent"}}
    done = ran(
        [sys.executable, "-P", "-c", _DENIED],
        input=f"{json.dumps(request)}\n" * 2,
        env=environment(),
    )
    _hello, *answers = map(_said, done.stdout.splitlines())
    assert [set(answer) for answer in answers] == [{"unreadable"}] * 2


@posix
def test_an_observers_start_is_our_own_work_beside_the_first_cell_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(measuring, "_idle", {})
    script = """
    answer '{"reader": "x", "cpu": 0.25}'
    while read line; do answer '{"samples": [1, 1], "duty": 0.5, "interval": 0.1}'; done"""
    observer = _observer(tmp_path, script)
    seconds = []
    for _ in range(2):
        with measuring._watching(observer) as watcher:
            watcher.observe(REQUEST, 5.0)
            seconds.append(watcher.cpu)
    assert seconds == [pytest.approx(0.35), pytest.approx(0.1)]


@posix
def test_no_observation_outlasts_its_cell(tmp_path: Path) -> None:
    script = """answer '{"reader": "x"}'; read line"""
    with (
        Watcher(_observer(tmp_path, script)) as watcher,
        pytest.raises(DeadlineError, match="longer than the cell may"),
    ):
        watcher.observe({**REQUEST, "seconds": 9.0}, 5.0)


# Sees nobody while they are busy, although they are all there.
_BLIND = """
import json, sys
from ftbench.probe.run import MARK
def say(answer): print(MARK + json.dumps(answer), flush=True)
say({"reader": "blind"})
for line in sys.stdin:
    request = json.loads(line)
    gone = {"gone": int(next(iter(request["roles"])))}
    say(gone if request["phase"] == "busy" else {"samples": []})
"""


@posix
def test_a_run_in_which_one_was_not_seen_is_no_measurement_even_if_the_cell_says_so(
    tmp_path: Path,
) -> None:
    blind = tmp_path / "blind.py"
    blind.write_text(_BLIND, encoding="utf-8")
    observer = _observer(tmp_path, f'exec "{sys.executable}" "{blind}"')
    with pytest.raises(WorkerFailedError, match=r"A parent .* was gone"):
        measure("footprint", params={"workers": 1}, profile="smoke", observer=observer)


@posix
def test_one_observer_serves_all_cells_and_another_follows_one_that_is_gone() -> None:
    def observers() -> set[int]:
        every = psutil.Process().children()
        return {each.pid for each in every if "ftbench.observer" in each.cmdline()}

    measure("footprint", params={"workers": 1}, profile="smoke")
    serving = observers()  # other tests of this process may have begun it
    assert serving
    measure("footprint", params={"workers": 1}, profile="smoke")
    assert observers() == serving
    for one in map(psutil.Process, serving):
        one.kill()
        psutil.wait_procs([one], timeout=10)
    measured = measure("footprint", params={"workers": 1}, profile="smoke")
    assert measured.metrics["pss"].samples
    assert observers()
    assert not observers() & serving
