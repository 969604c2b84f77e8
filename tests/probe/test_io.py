"""io on real interpreters: in every mode of it, and what can go wrong."""

from __future__ import annotations

import platform
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import psutil
import pytest
from probing import document_of, environment, eventually, has_mode, program, run_probe

from ftbench.facts.modes import mode_named
from ftbench.probe.scenarios.base import scenario_named
from ftbench.pythons import Interpreter

Pair = tuple[Interpreter, Interpreter]

METRICS = {"request": "seconds", "cpu": "seconds", "p50": "seconds", "p95": "seconds",
           "p99": "seconds", "rss": "bytes"}  # fmt: skip
if sys.platform == "linux":
    METRICS |= {"pss": "bytes", "uss": "bytes"}
FEW = ["--set", "under_way=8", "--set", "delay=2"]
EITHER = pytest.mark.parametrize("which", [0, 1], ids=["gil", "ft"])
needs_fork = pytest.mark.skipif(sys.platform == "win32", reason="needs fork")


@EITHER
@pytest.mark.parametrize("mode", scenario_named("io").modes)
def test_io_is_measured_in_its_modes(pair: Pair, which: int, mode: str) -> None:
    if not has_mode(pair[which], mode_named(mode)):
        pytest.skip(f"no {mode} here")
    document = document_of(pair[which].executable, "io", *_words(mode), *FEW)
    metrics: dict[str, Any] = document["metrics"]
    assert {name: metric["unit"] for name, metric in metrics.items()} == METRICS
    samples = {name: metric["samples"] for name, metric in metrics.items()}
    assert all(len(each) == 1 and each[0] > 0 for each in samples.values())
    assert 0.002 <= samples["p50"][0] <= samples["p95"][0] <= samples["p99"][0]
    assert [each["name"] for each in document["invariants"]] == ["echo"]
    notes = document["notes"]
    assert (notes["requests"], notes["arrivals"]) == (1_024, 500)
    assert 0 < notes["server_busy"] < 1.1
    assert notes["server_cpu"] > 0
    roles = {"parent", "client"} if mode.startswith("processes") else {"parent"}
    assert set(notes["roles"]) - {"resource tracker", "fork server"} == roles


def test_the_servers_run_on_the_hosts_python(gil_python: Interpreter) -> None:
    environ = {"FTBENCH_HOST_PYTHON": sys.executable}
    words = ["io", "--mode", "asyncio", *FEW]
    document = document_of(gil_python.executable, *words, environ=environ)
    assert document["notes"]["server_python"] == platform.python_version()
    own = document_of(gil_python.executable, *words, environ={"FTBENCH_HOST_PYTHON": ""})
    assert own["notes"]["server_python"] == own["build"]["version"]


@pytest.mark.skipif(not Path("/proc/self/smaps_rollup").exists(), reason="there is no PSS here")
def test_servers_on_the_clients_interpreter_share_none_of_its_pages(
    gil_python: Interpreter, tmp_path: Path
) -> None:
    told = tmp_path / "maps"
    what = (
        "real = io.Servers.helper\n"
        "def helper(self):\n"
        "    maps = [open(f'/proc/{pid}/maps').read() for pid in (os.getpid(), *self.roles())]\n"
        f"    open({str(told)!r}, 'w').write('|'.join(maps))\n"
        "    return real(self)\n"
        "io.Servers.helper = helper"
    )
    run_probe(
        gil_python.executable,
        *("io", "--mode", "asyncio", *FEW),
        how=_with(what),
        environ={"FTBENCH_HOST_PYTHON": ""},
    )
    client, *servers = told.read_text("utf-8").split("|")
    copy = re.compile(r"/ftbench-\w+/bin/python")
    assert copy.search(client)
    assert len(servers) == 2
    assert not any(map(copy.search, servers))


def _words(mode: str) -> list[str]:
    kind, _, start_method = mode.partition("-")
    if kind == "processes":
        return ["--mode", kind, "--start-method", start_method]
    return ["--mode", mode]


def test_many_requests_are_under_way_at_once(gil_python: Interpreter) -> None:
    """Eight threads that waited for each other would take 128 times 40 ms, and eight times that."""
    words = ["--set", "under_way=8", "--set", "delay=40"]
    document = document_of(gil_python.executable, "io", "--mode", "asyncio", *words)
    [request] = document["metrics"]["request"]["samples"]
    assert 0.005 <= request < 0.04


def test_a_mode_that_io_does_not_have_is_code_3() -> None:
    done = run_probe(sys.executable, "io", "--mode", "serial")
    assert (done.returncode, done.stdout) == (3, "")
    assert "io is measured in threads, asyncio" in done.stderr


_BAD_CELL = """
import os, signal, time
from ftbench.probe.scenarios import io
from ftbench.probe.run import cell
from ftbench.probe.entry_points import HELD
{what}
cell.main()
"""
# The first closed loop of the first client is its last.
_BAD_TURN = """
real = io.turn
def bad(index, make, args):
    if index == 0 and index in HELD:
        {worst}
    return real(index, make, args)
io.turn = bad
"""
# A server is killed once all are connected.
_KILLED_SERVER = """
real = io.Servers.figures
asked = []
def figures(self):
    asked.append(real(self))
    if len(asked) == 2:
        self._processes[0].kill()
    return asked[-1]
io.Servers.figures = figures
"""


def _with(what: str) -> list[str]:
    return program(_BAD_CELL.format(what=what))


@pytest.mark.parametrize(
    "mode", ["threads", "asyncio-per-thread", pytest.param("processes-fork", marks=needs_fork)]
)
def test_a_client_that_raises_ends_the_run_with_its_story(mode: str) -> None:
    how = _with(_BAD_TURN.format(worst="raise RuntimeError('boom at work')"))
    done = run_probe(sys.executable, "io", *_words(mode), *FEW, how=how)
    assert (done.returncode, done.stdout) == (4, "")
    assert "Client 0 of" in done.stderr
    assert "RuntimeError: boom at work" in done.stderr


@needs_fork
def test_a_client_that_is_killed_has_failed() -> None:
    how = _with(_BAD_TURN.format(worst="os.kill(os.getpid(), signal.SIGKILL)"))
    done = run_probe(sys.executable, "io", *_words("processes-fork"), *FEW, how=how)
    assert (done.returncode, done.stdout) == (4, "")
    assert "was killed by SIGKILL" in done.stderr


@pytest.mark.parametrize(
    "mode", ["threads", "asyncio", pytest.param("processes-fork", marks=needs_fork)]
)
def test_a_server_that_is_killed_is_blamed_and_not_its_clients(mode: str) -> None:
    done = run_probe(sys.executable, "io", *_words(mode), *FEW, how=_with(_KILLED_SERVER))
    assert (done.returncode, done.stdout) == (4, "")
    assert "server" in done.stderr.splitlines()[0]
    assert "ended during the measurement; nothing is recorded" in done.stderr


@pytest.mark.parametrize(
    "mode", ["threads", "asyncio", pytest.param("processes-fork", marks=needs_fork)]
)
def test_answers_that_do_not_come_meet_the_deadline(mode: str) -> None:
    words = ["--set", "under_way=8", "--set", "delay=1000", "--deadline", "2"]
    done = run_probe(sys.executable, "io", *_words(mode), *words)
    assert (done.returncode, done.stdout) == (5, "")
    assert re.search(r"\d clients? of \d members? to end their round", done.stderr)


def test_a_killed_measurement_leaves_no_server(tmp_path: Path) -> None:
    told = tmp_path / "servers"
    what = (
        "real = io.Servers.helper\n"
        "def helper(self):\n"
        f"    with open({str(told)!r}, 'w') as file:\n"
        "        file.write(' '.join(map(str, self.roles())))\n"
        "    return real(self)\n"
        "io.Servers.helper = helper"
    )
    words = [*_with(what), "io", "--mode", "asyncio", "--set", "under_way=8", "--set", "delay=1000"]
    supervisor = subprocess.Popen(
        [sys.executable, *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment()
    )
    eventually(lambda: told.exists() and len(told.read_text().split()) == 2, "the servers listen")
    pids = [int(pid) for pid in told.read_text("utf-8").split()]
    assert all(map(psutil.pid_exists, pids))
    supervisor.kill()
    supervisor.communicate(timeout=20)
    eventually(lambda: not any(map(psutil.pid_exists, pids)), "the servers are gone")
