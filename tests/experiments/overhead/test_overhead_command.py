"""`ftbench overhead`, as a user calls it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil
import pytest
from filelock import FileLock
from probing import eventually, lives, ran

from ftbench.asv.measuring_lock import VARIABLE
from ftbench.probe.run.child import clean_environment
from ftbench.pythons import Interpreter

ROOT = Path(__file__).parents[3]
COMMAND = (sys.executable, "-c", "from ftbench.cli import main; main()", "overhead")
DEADLINE_SECONDS = 120.0


@pytest.fixture(scope="module")
def environ(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The caller's environment, with a turn and a cache of these tests' own."""
    folder = tmp_path_factory.mktemp("overhead-command")
    mine = {
        VARIABLE: str(folder / "turn.lock"),
        "FTBENCH_CACHE": str(folder / "cache"),
        "PYTHONPATH": str(ROOT),
        "PYTHONIOENCODING": "utf-8",
    }
    return clean_environment(os.environ, mine)


def call(environ: dict[str, str], *words: str) -> subprocess.CompletedProcess[str]:
    return ran([*COMMAND, *words], stdin=subprocess.DEVNULL, env=environ, timeout=DEADLINE_SECONDS)


SMALL = ("--scenario", "lifecycle", "--pairs", "1", "--processes", "2")


def test_it_measures_an_interpreter_and_prints_a_document(
    gil_python: Interpreter, environ: dict[str, str]
) -> None:
    done = call(environ, str(gil_python.executable), *SMALL, "--format", "json")
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    assert found["build"]["version"] == gil_python.build.version
    assert (found["arm"], found["pairs"], found["processes"]) == ("gil", 1, 2)
    measured = [each for each in found["loops"] if "skipped" not in each]
    assert {each["workers"] for each in measured} == {1, 8}
    for each in measured:
        assert each["seconds"]["bare"] > 0
        assert each["overhead"]["basis"] == "processes"
        assert each["verdict"] in {"within", "above", "not decidable"}


def test_it_prints_a_table_whatever_the_ratio(
    ft_python: Interpreter, environ: dict[str, str]
) -> None:
    done = call(environ, str(ft_python.executable), "--arm", "ft-gil1", *SMALL)
    assert done.returncode == 0, done.stderr
    said = " ".join(done.stdout.split())
    assert f"CPython {ft_python.release.name}, free-threaded build, PYTHON_GIL=1" in said
    assert "threads, 8" in said
    assert "1 per process, 2 processes" in said
    assert "0 %, under a minute gone: lifecycle, threads, 1" in done.stderr


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["--scenario", "footprint"], 2, "'footprint' is not known"),
        (["--pairs", "0"], 2, "--pairs"),
        (["--deadline", "0"], 2, "deadline"),
        (["newest"], 2, "names no release or build"),
        (["./nothing"], 7, "could not be started"),
    ],
)
def test_bad_requests_end_with_their_code(
    gil_python: Interpreter, environ: dict[str, str], words: list[str], code: int, said: str
) -> None:
    python = [] if words[0] in {"newest", "./nothing"} else [str(gil_python.executable)]
    done = call(environ, *python, *words)
    assert (done.returncode, done.stdout) == (code, ""), done.stderr
    assert said in done.stderr


def test_a_deadline_that_passes_is_its_exit_code(
    gil_python: Interpreter, environ: dict[str, str]
) -> None:
    words = ("--scenario", "shared_set", "--pairs", "10000", "--deadline", "1.5")
    done = call(environ, str(gil_python.executable), *words)
    assert (done.returncode, done.stdout) == (5, ""), done.stderr
    assert "--deadline" in done.stderr


def test_it_waits_for_nobody_who_measures(gil_python: Interpreter, environ: dict[str, str]) -> None:
    with FileLock(environ[VARIABLE]):
        done = call(environ, str(gil_python.executable), *SMALL)
    assert (done.returncode, done.stdout) == (1, "")
    assert "Wait until it is done, then run this again" in done.stderr


@contextmanager
def measuring(
    environ: dict[str, str], python: Path
) -> Iterator[tuple[subprocess.Popen[str], list[psutil.Process]]]:
    """Start a long measurement with processes; yield it and, once there are workers, its tree."""
    command = [*COMMAND, str(python), "--scenario", "shared_set", "--pairs", "10000"]
    process = subprocess.Popen(
        command, stderr=subprocess.PIPE, encoding="utf-8", env=environ, start_new_session=True
    )
    root = psutil.Process(process.pid)
    tree: list[psutil.Process] = []

    def at_work() -> bool:
        tree[:] = [root, *root.children(recursive=True)]
        return len(tree) >= 3  # command, guard, contest

    try:
        eventually(at_work, "command, guard and contest are there")
        yield process, tree
    finally:
        process.kill()
        process.communicate()


@pytest.mark.skipif(sys.platform == "win32", reason="process groups are POSIX's")
@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGINT, 130), (signal.SIGKILL, -signal.SIGKILL)]
)
def test_its_end_is_the_end_of_all(
    gil_python: Interpreter, environ: dict[str, str], number: signal.Signals, code: int
) -> None:
    with measuring(environ, gil_python.executable) as (process, tree):
        os.killpg(process.pid, number)
        process.communicate(timeout=30)
        assert process.returncode == code
        eventually(lambda: not any(map(lives, tree)), "the whole tree is gone")


def test_what_does_not_exist_here_is_skipped_and_the_rest_is_measured(
    gil_python: Interpreter, environ: dict[str, str]
) -> None:
    """Windows has no fork; here it is taken away."""
    script = (
        "from ftbench.experiments import overhead as job\n"
        "from ftbench.errors import NotAvailableError\n"
        "real = job.heat\n"
        "def heat(python, arm, loop, **more):\n"
        "    if loop.mode.name == 'processes-fork':\n"
        "        raise NotAvailableError('there is no fork')\n"
        "    return real(python, arm, loop, **more)\n"
        "job.heat = heat\n"
        "from ftbench.cli import main\n"
        "main()"
    )
    done = ran(
        [
            sys.executable,
            "-c",
            script,
            "overhead",
            str(gil_python.executable),
            *SMALL,
            "--format",
            "json",
        ],
        env=environ,
        timeout=DEADLINE_SECONDS,
    )
    assert done.returncode == 0, done.stderr
    skipped = {each["mode"]: each.get("skipped") for each in json.loads(done.stdout)["loops"]}
    assert skipped == {"threads": None, "processes-fork": "there is no fork"}
