"""What a worker can do wrong, each with its exit code and its story, through the whole chain."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from probing import cell_with, document_of, footprint_by, footprint_with, program, run_probe

from ftbench.pythons import Interpreter

FORK = pytest.param(
    "processes-fork",
    marks=pytest.mark.skipif(sys.platform == "win32", reason="Windows has no fork"),
)
THREADS_AND_FORK = pytest.mark.parametrize("mode", ["threads", FORK])
BOTH_SCENARIOS = pytest.mark.parametrize("scenario", ["lifecycle", "footprint"])


def bad_at(scenario: str, folder: Path, function: str) -> list[str]:
    """Return what runs the probe with `function` as the task of a scenario's workers."""
    return footprint_with(folder, function) if scenario == "footprint" else cell_with(function)


@BOTH_SCENARIOS
@THREADS_AND_FORK
def test_a_worker_that_raises_ends_the_run_with_its_traceback(
    scenario: str, mode: str, tmp_path: Path
) -> None:
    how = bad_at(scenario, tmp_path, "def bad(): raise RuntimeError('boom at work')")
    done = run_probe(sys.executable, scenario, "--mode", mode, "--workers", "2", how=how)
    assert (done.returncode, done.stdout) == (4, "")
    assert "nothing is recorded" in done.stderr
    assert "RuntimeError: boom at work" in done.stderr


@THREADS_AND_FORK
def test_a_worker_that_exits_has_failed(mode: str) -> None:
    how = cell_with("def bad(): sys.exit(3)")
    done = run_probe(sys.executable, "lifecycle", "--mode", mode, "--workers", "2", how=how)
    assert (done.returncode, done.stdout) == (4, "")
    assert "SystemExit: 3" in done.stderr


@pytest.mark.parametrize(
    ("mode", "story"),
    [
        ("threads", "process ended with code 0 before"),
        pytest.param(*FORK.values, "exited with code 0 before it reported", marks=FORK.marks),
    ],
)
def test_a_worker_that_ends_its_process_has_failed_whatever_its_code(mode: str, story: str) -> None:
    how = cell_with("def bad(): os._exit(0)")
    done = run_probe(sys.executable, "lifecycle", "--mode", mode, "--workers", "2", how=how)
    assert (done.returncode, done.stdout) == (4, "")
    assert story in done.stderr


@pytest.mark.skipif(sys.platform == "win32", reason="signals are POSIX's")
@BOTH_SCENARIOS
@pytest.mark.parametrize(
    ("mode", "story"), [("threads", "137"), ("processes-fork", "was killed by SIGKILL")]
)
def test_a_worker_that_is_killed_has_failed(
    scenario: str, mode: str, story: str, tmp_path: Path
) -> None:
    how = bad_at(scenario, tmp_path, "def bad(): os.kill(os.getpid(), signal.SIGKILL)")
    done = run_probe(sys.executable, scenario, "--mode", mode, "--workers", "2", how=how)
    assert (done.returncode, done.stdout) == (4, "")
    assert story in done.stderr


@BOTH_SCENARIOS
@THREADS_AND_FORK
def test_a_worker_that_hangs_meets_the_deadline(scenario: str, mode: str, tmp_path: Path) -> None:
    how = bad_at(scenario, tmp_path, "def bad(): time.sleep(600)")
    words = ["--mode", mode, "--workers", "2", "--deadline", "1.5"]
    done = run_probe(sys.executable, scenario, *words, how=how)
    assert (done.returncode, done.stdout) == (5, "")
    waiting = 2 if scenario == "lifecycle" else 1  # half of a footprint's are started first
    assert f"{waiting} of 2 workers to " in done.stderr
    assert "--deadline" in done.stderr


@BOTH_SCENARIOS
@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no signal to ask by")
def test_a_cell_that_hangs_where_no_deadline_of_its_own_reaches_says_where_it_stands(
    scenario: str, tmp_path: Path
) -> None:
    """The guard's deadline is the backstop; it is shortened here, through the real chain."""
    stands = "import sys, time\ndef stands_here(*_): time.sleep(600)\n"
    if scenario == "footprint":
        begins = "from ftbench.probe.scenarios import footprint_workers as workers\n"
        does = "workers.look = stands_here\nworkers.begin(*sys.argv[2:])\n"
        how = footprint_by(tmp_path, begins + stands + does)
    else:
        how = program(
            f"{stands}from ftbench.probe.run import cell\ncell.measure = stands_here\ncell.main()"
        )
    how[1] = how[1].replace(
        "sys.exit(main",
        "from ftbench.probe.run import programs\nprograms.BACKSTOP_SECONDS = 2.0\nsys.exit(main",
    )
    done = run_probe(sys.executable, scenario, "--deadline", "0.5", how=how)
    assert (done.returncode, done.stdout) == (5, "")
    assert "did not end within 2.5 s" in done.stderr
    assert "stands_here" in done.stderr


@pytest.mark.skipif(sys.platform == "win32", reason="needs fork")
def test_the_worker_that_failed_is_named_and_not_the_one_that_still_works(tmp_path: Path) -> None:
    """Worker 1 fails while worker 0 is busy: the story is worker 1's."""
    how = footprint_with(
        tmp_path,
        "import multiprocessing\n"
        "def bad():\n"
        "    if multiprocessing.current_process().name.endswith('-2'):\n"
        "        raise RuntimeError('only the second')\n"
        "    return real()\n",
    )
    words = ["--mode", "processes-fork", "--workers", "3"]
    done = run_probe(sys.executable, "footprint", *words, how=how)
    assert done.returncode == 4
    assert "Worker 1 of 3" in done.stderr
    assert "only the second" in done.stderr


# Right before the observer looks, a marker appears; the tasks that see it do their worst.
_WHEN_WATCHED = """
marker = {marker!r}
through = workers.observe_through
def marking(write, interval):
    observe = through(write, interval)
    def marked(phase, *rest):
        if phase == "busy":
            open(marker, "w").close()
        observe(phase, *rest)
    return marked
workers.observe_through = marking
parent = os.getpid()
def bad():
    if os.path.exists(marker) and os.getpid() != parent:
        {worst}
    return real()
"""


@pytest.mark.skipif(sys.platform == "win32", reason="needs fork")
@pytest.mark.parametrize(
    ("worst", "story"),
    [
        ("os.kill(os.getpid(), signal.SIGKILL)", "was killed by SIGKILL"),
        ("raise RuntimeError('boom while watched')", "RuntimeError: boom while watched"),
        ("os.kill(parent, signal.SIGKILL)", "137"),
    ],
)
def test_a_worker_that_fails_while_it_is_watched_ends_the_run(
    tmp_path: Path, worst: str, story: str
) -> None:
    function = _WHEN_WATCHED.format(marker=str(tmp_path / "watched"), worst=worst)
    words = ["--mode", "processes-fork", "--workers", "2", "--json"]
    # Long enough for the worst to have happened.
    how = footprint_with(tmp_path, function)
    done = run_probe(sys.executable, "footprint", *words, how=how, profile="hold=3")
    assert (done.returncode, done.stdout) == (4, "")
    assert story in done.stderr


@THREADS_AND_FORK
@pytest.mark.parametrize(
    "talk", ["print('x' * 10_000)", "os.write(1, b'\\xff' * 10_000)", "os.write(2, b'y' * 500_000)"]
)
def test_a_talkative_worker_disturbs_nothing(mode: str, talk: str) -> None:
    how = cell_with(f"def bad():\n    {talk}\n    return 0")
    document = document_of(sys.executable, "lifecycle", "--mode", mode, "--workers", "2", how=how)
    assert document["scenario"] == "lifecycle"


@pytest.mark.skipif(sys.platform == "win32", reason="needs fork")
def test_a_worker_without_its_file_descriptors_has_failed() -> None:
    how = cell_with("def bad():\n    os.closerange(0, 100)\n    return 0")
    words = ["--mode", "processes-fork", "--workers", "2"]
    done = run_probe(sys.executable, "lifecycle", *words, how=how)
    assert (done.returncode, done.stdout) == (4, "")


def test_a_wrong_checksum_is_refused() -> None:
    how = cell_with("import itertools\nwrong = itertools.count()\ndef bad(): return next(wrong)")
    done = run_probe(sys.executable, "lifecycle", "--workers", "2", how=how)
    assert (done.returncode, done.stdout) == (1, "")
    assert "checksums [0, 1, 2, 3, 4, 5] are not 6" in done.stderr


def test_a_gil_that_flips_during_the_run_is_code_6(ft_python: Interpreter) -> None:
    how = cell_with(
        "import itertools, warnings\n"
        "states = itertools.chain([False], itertools.repeat(True))\n"
        "cell.gil_enabled = lambda: next(states)\n"
        "def bad():\n"
        "    warnings.warn('The global interpreter lock (GIL) has been enabled to load module x',"
        " RuntimeWarning)\n"
        "    return 0\n"
    )
    done = run_probe(ft_python.executable, "lifecycle", "--workers", "1", how=how)
    assert (done.returncode, done.stdout) == (6, "")
    assert "off before the measurement and on after it" in done.stderr
    assert "to load module x" in done.stderr


def test_a_cell_that_is_not_the_probes_is_a_failure_and_no_traceback_of_ours() -> None:
    done = run_probe(sys.executable, "lifecycle", how=program('print(\'{"event": "do\')'))
    assert (done.returncode, done.stdout) == (4, "")
    assert done.stderr.startswith("ftbench.probe: The cell's process ended with code 0")
