"""An interpreter whose standard output holds more than answers is found, checked and measured."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from chatty import chatty_copy
from probing import ROOT, environment, run_probe

from ftbench.asv.environment import CellServer
from ftbench.errors import InterpreterError
from ftbench.experiments.harness import probe
from ftbench.pythons import Interpreter, discover
from ftbench.pythons.asking import ask
from ftbench.pythons.discovery import survey

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="the copy is made of links")


@pytest.fixture
def chatty(gil_python: Interpreter, tmp_path: Path, bare_environ: dict[str, str]) -> Interpreter:
    executable = chatty_copy(gil_python, tmp_path / "chatty")
    found = discover({**bare_environ, "FTBENCH_PYTHONS": str(tmp_path / "chatty")})
    return next(each for each in found if each.executable == executable)


def found(gil_python: Interpreter, folder: Path, environ: dict[str, str], hook: str) -> Interpreter:
    executable = chatty_copy(gil_python, folder, hook)
    known = survey({**environ, "FTBENCH_PYTHONS": str(folder)})
    assert executable in [each.executable for each in known.interpreters], known.broken
    return next(each for each in known.interpreters if each.executable == executable)


REPLACED = "import sys; sys.stdin = sys.stderr = None"
DETACHED = """import io, sys
sys.stdin, sys.stderr = (io.TextIOWrapper(each.detach()) for each in (sys.stdin, sys.stderr))"""


@pytest.mark.parametrize(
    ("hook", "scenario"),
    [
        (REPLACED, "lifecycle"),
        (REPLACED, "footprint"),
        (DETACHED, "lifecycle"),
        ("import sys; sys.stdin.detach()", "lifecycle"),
    ],
)
def test_streams_that_a_hook_replaces_are_those_it_was_given(
    gil_python: Interpreter,
    tmp_path: Path,
    bare_environ: dict[str, str],
    hook: str,
    scenario: str,
) -> None:
    python = found(gil_python, tmp_path / "hooked", bare_environ, hook)
    assert python.build == gil_python.build
    done = probe(python, scenario, mode="threads", params={"workers": 1}, profile="smoke", gil=True)
    assert all(metric.samples for metric in done.metrics.values())


@pytest.mark.parametrize("hook", ["None", "__import__('io').StringIO()", "sys.stderr"])
def test_it_is_found_whatever_its_prints_go_to(
    gil_python: Interpreter, tmp_path: Path, bare_environ: dict[str, str], hook: str
) -> None:
    python = found(gil_python, tmp_path / "x", bare_environ, f"import sys; sys.stdout = {hook}")
    assert python.build == gil_python.build
    # By hand it is measured; virtualenv asks it by its prints, and it is said so.
    path = tmp_path / "measured.json"
    done = run_probe(str(python.executable), "lifecycle", "--workers", "1", "--output", str(path))
    assert (done.returncode, path.exists()) == (0, True)
    with pytest.raises(InterpreterError, match="cannot carry a virtual environment"):
        probe(python, "lifecycle", mode="threads", params={}, profile="smoke", gil=True)


@pytest.mark.parametrize("stream", [0, 1, 2])
@pytest.mark.parametrize("loss", ["os.close({})", "os.dup2(os.open('/dev/null', 2), {})"])
def test_streams_that_a_hook_takes_away_are_a_story(
    gil_python: Interpreter, tmp_path: Path, bare_environ: dict[str, str], loss: str, stream: int
) -> None:
    folder = tmp_path / "hooked"
    hook = f"import os; {loss.format(stream)}"
    if stream == 1:
        executable = chatty_copy(gil_python, folder, hook)
        with pytest.raises(InterpreterError, match=r"standard output|file descriptor"):
            ask(executable, bare_environ)
        return
    python = found(gil_python, folder, bare_environ, hook)
    with pytest.raises(InterpreterError, match="standard streams as it starts") as refused:
        probe(python, "lifecycle", mode="threads", params={}, profile="smoke", gil=True)
    assert "sitecustomize" in refused.value.hint


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
