"""An interpreter whose standard output holds more than answers is found, checked and measured."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from chatty import chatty_copy
from probing import ROOT, environment, run_probe

from ftbench.asv.cell_server import CellServer
from ftbench.experiments.harness import probe
from ftbench.pythons import Interpreter, discover

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="the copy is made of links")


@pytest.fixture
def chatty(gil_python: Interpreter, tmp_path: Path, bare_environ: dict[str, str]) -> Interpreter:
    executable = chatty_copy(gil_python, tmp_path / "chatty")
    found = discover({**bare_environ, "FTBENCH_PYTHONS": str(tmp_path / "chatty")})
    return next(each for each in found if each.executable == executable)


def test_it_is_found_as_what_it_is(chatty: Interpreter, gil_python: Interpreter) -> None:
    assert chatty.build == gil_python.build


def test_its_environment_is_made_and_its_cells_are_measured(chatty: Interpreter) -> None:
    done = probe(
        chatty, "lifecycle", mode="threads", params={"workers": 1}, profile="smoke", gil=True
    )
    assert all(metric.samples for metric in done.metrics.values())


@pytest.mark.parametrize("scenario", ["footprint", "io"])
def test_it_observes_and_serves_by_itself(chatty: Interpreter, scenario: str) -> None:
    me = str(chatty.executable)
    words = [scenario, "--workers", "2"]
    done = run_probe(me, *words, environ={"FTBENCH_HOST_PYTHON": me})
    assert done.returncode == 0, done.stderr
    assert "rss" in done.stdout
    assert "site hook" in done.stdout, "or nothing was tried"


def test_its_server_of_cells_is_understood(chatty: Interpreter) -> None:
    server = CellServer()
    command = str(chatty.executable), str(ROOT / "benchmarks")
    try:
        assert server.ours(command, environment(), ("lifecycle.Lifecycle", None, ""), 60.0)
    finally:
        server.close()
