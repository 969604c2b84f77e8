"""`ftbench advise --verify`: what the programs of the first three say of the ranking."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import psutil
import pytest
import synthetic
from click.testing import CliRunner, Result
from fake_figures import crossover
from fake_histories import History
from synthetic import Plan

from ftbench.analysis.advice.cells import cells_of
from ftbench.analysis.advice.question import Question
from ftbench.analysis.advice.ranking import advise as advised
from ftbench.asv.machines import identity
from ftbench.asv.measuring_lock import MeasuringLock
from ftbench.cli.report import advise
from ftbench.errors import (
    FtbenchError,
    InterpreterError,
    NotAvailableError,
    RegressionError,
    UsageError,
    WorkerFailedError,
)
from ftbench.experiments import verification
from ftbench.experiments.verification import Contender, Outcome, Pair
from ftbench.facts.arms import arm_named
from ftbench.pythons import Interpreter, Survey

FT = arm_named("ft")
WORDS = ("--task", "150us", "--arm", "gil", "--workers", "2", "--payload", "1KiB")


@pytest.fixture
def _project(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, pair: tuple[Interpreter, Interpreter]
) -> None:
    release = pair[0].release.name
    plan = Plan(
        releases=(release,),
        history=History(processes=3, between=0.002, within=0.01),
        machine_fields={"identity": identity(tmp_path)},
    )
    only = ("_0", "_1kib", "Crossover.track_pss", "SharedSet.track_op", "SharedSet.track_cpu")
    synthetic.write_tree(tmp_path / "results", plan, only=only)
    (tmp_path / "asv.conf.json").write_text("{}", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(MeasuringLock, "acquire", lambda _lock: None)
    monkeypatch.setattr(
        verification, "survey", lambda: Survey(interpreters=pair, too_old=(), broken=())
    )
    monkeypatch.setattr(verification, "ROUNDS", 2)
    monkeypatch.setattr(verification, "_SECONDS", 0.001)


def called(*words: str) -> Result:
    return CliRunner().invoke(advise, [*WORDS, *words, "--verify"])


@pytest.mark.usefixtures("_project")
@pytest.mark.parametrize("kind", ["seen-at-once", "merged-at-end", "sent"])
def test_the_first_three_run_as_programs_whose_answers_are_checked(kind: str) -> None:
    done = called("--shared-writes", "20%", "--shared-kind", kind, "--format", "json")
    assert isinstance(done.exception, RegressionError | None), done.output
    document: dict[str, Any] = json.loads(done.stdout)
    (arm,) = document["arms"]
    first = [each["mode"] for each in arm["ranked"][:3]]
    pairs = document["verified"]
    names = [(each["better"]["mode"], each["worse"]["mode"]) for each in pairs]
    assert names == [(first[0], first[1]), (first[0], first[2]), (first[1], first[2])]
    for each in pairs:
        assert all(len(each[side]["seconds"]) == 2 for side in ("better", "worse"))
        assert all(second > 0 for side in ("better", "worse") for second in each[side]["seconds"])
    failed = any(each["outcome"] == "did not hold" for each in pairs)
    assert failed == (done.exception is not None)


@pytest.mark.usefixtures("_project")
def test_readers_are_told_what_each_pair_came_to() -> None:
    text = " ".join(called().stdout.split())
    assert "Verified by programs that share nothing with the harness" in text
    assert "2 processes of each on this machine, in turn; the advice is of quiet-vm." in text
    assert "a task where" in text


@pytest.mark.usefixtures("_project")
@pytest.mark.parametrize("here", [True, False])
def test_a_ranking_of_another_machine_cannot_fail_here(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, *, here: bool
) -> None:
    (machine,) = (tmp_path / "results").glob("*/machine.json")
    if not here:
        other = {**json.loads(machine.read_text(encoding="utf-8")), "identity": "0123456789abcdef"}
        machine.write_text(json.dumps(other), encoding="utf-8")
    monkeypatch.setattr(Pair, "outcome", Outcome.FAILED)
    done = called()
    text = " ".join(done.stdout.split())
    assert "did not hold" in text
    assert ("the advice is of quiet-vm, another machine" in text) is not here
    assert isinstance(done.exception, RegressionError if here else type(None))


@pytest.mark.usefixtures("_project")
def test_nothing_is_run_while_another_measures(monkeypatch: pytest.MonkeyPatch) -> None:
    def held(_: MeasuringLock) -> None:
        raise FtbenchError("Another asv is measuring")

    monkeypatch.setattr(MeasuringLock, "acquire", held)
    monkeypatch.setattr(Contender, "measure", lambda _: pytest.fail("it ran"))
    assert "Another asv" in str(called().exception)


@pytest.mark.usefixtures("_project")
@pytest.mark.parametrize(
    ("program", "error", "said"),
    [
        (
            "import sys; print('no fork here', file=sys.stderr); sys.exit(3)",
            NotAvailableError,
            "no fork here",
        ),
        ("raise RuntimeError('the pool is broken')", WorkerFailedError, "the pool is broken"),
        (
            "import sys; print('{\"sound\": false}'); sys.exit(1)",
            WorkerFailedError,
            '"sound": false',
        ),
    ],
)
def test_a_program_that_fails_ends_it_with_its_own_words(
    program: str,
    error: type[FtbenchError],
    said: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    (tmp_path / "tasks.py").write_text(program, encoding="utf-8")
    monkeypatch.setattr(verification, "_PLACES", (tmp_path,))
    done = called()
    assert isinstance(done.exception, error)
    assert said in str(done.exception)
    assert "GIL build, " in str(done.exception)


@pytest.mark.usefixtures("_project")
def test_an_interpreter_that_is_not_here_is_named_with_how_to_get_it(
    monkeypatch: pytest.MonkeyPatch, pair: tuple[Interpreter, Interpreter]
) -> None:
    monkeypatch.setattr(
        verification, "survey", lambda: Survey(interpreters=(), too_old=(), broken=())
    )
    done = called()
    assert isinstance(done.exception, InterpreterError)
    assert done.exception.exit_code == 7
    assert f"ftbench pythons install {pair[0].release.name};" in str(done.exception)


@pytest.mark.usefixtures("_project")
def test_a_ranking_by_memory_is_nothing_that_programs_tell() -> None:
    done = called("--by", "memory")
    assert isinstance(done.exception, UsageError)
    assert "A ranking by memory cannot be verified" in str(done.exception)


def test_an_installation_without_the_program_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(verification, "_PLACES", (tmp_path,))
    with pytest.raises(NotAvailableError, match="no program to verify by"):
        verification._program()


_KILLED = """
import sys
from types import SimpleNamespace
from pathlib import Path
import test_verification as tests

folder = Path(sys.argv[1])
tests.verification._PLACES = (folder,)
cells = tests.cells_of(tests.crossover([tests.FT]))
(advice,) = tests.advised(cells, tests.Question(task=1e-3)).arms
python = SimpleNamespace(executable=sys.executable)
Contender = tests.Contender
Contender(advice=advice, ranked=advice.ranked[0], interpreter=python).measure()
"""
_PROGRAM = """
import os, subprocess, sys, time
from pathlib import Path
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
Path(__file__).with_name("begun").touch()
time.sleep(600)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX alone kills so")
def test_a_program_ends_with_who_asked_for_it(tmp_path: Path) -> None:
    (tmp_path / "tasks.py").write_text(_PROGRAM, encoding="utf-8")
    paths = os.pathsep.join([str(Path(__file__).parent), *sys.path])
    asker = subprocess.Popen(
        [sys.executable, "-c", _KILLED, str(tmp_path)], env={**os.environ, "PYTHONPATH": paths}
    )
    end = time.monotonic() + 60
    while not (tmp_path / "begun").exists():
        assert asker.poll() is None
        assert time.monotonic() < end
        time.sleep(0.05)
    below = psutil.Process(asker.pid).children(recursive=True)
    assert len(below) == 3  # the watchdog, the program, its child
    asker.kill()
    asker.wait()
    _gone, alive = psutil.wait_procs(below, timeout=10)
    assert alive == []


FAST, SLOW, BETWEEN = (1.0, 1.01, 0.99), (2.0, 2.02, 1.98), (0.5, 1.0, 2.0)


@pytest.mark.parametrize(
    ("better", "worse", "margin", "outcome"),
    [
        (FAST, SLOW, 0.02, Outcome.HELD),
        (FAST, SLOW, 0.9, Outcome.HELD),
        (SLOW, FAST, 0.02, Outcome.FAILED),
        (SLOW, FAST, 0.9, Outcome.UNDECIDED),  # the advice does not tell them apart
        (SLOW, FAST, None, Outcome.UNDECIDED),
        (FAST, BETWEEN, 0.02, Outcome.UNDECIDED),
        ((2.0,), (1.0,), 0.02, Outcome.UNDECIDED),  # one process
    ],
)
def test_a_ranking_fails_where_both_tell_two_apart_and_differ(
    better: tuple[float, ...], worse: tuple[float, ...], margin: float | None, outcome: Outcome
) -> None:
    (advice,) = advised(cells_of(crossover([FT], margin=margin)), Question(task=1e-3)).arms
    python: Any = None
    one, other = (
        Contender(advice=advice, ranked=ranked, interpreter=python, seconds=list(seconds))
        for ranked, seconds in zip(
            (advice.ranked[0], advice.ranked[-1]), (better, worse), strict=True
        )
    )
    pair = Pair(better=one, worse=other)
    assert pair.outcome is outcome
    assert pair.row().cells[2] == outcome
    assert (
        pair.record()["ratio"] == pytest.approx(worse[0] / better[0], rel=0.05) or worse is BETWEEN
    )
    if outcome is Outcome.FAILED:
        assert pair.wrong.startswith(f"{other.title} is 2.00")
        assert pair.wrong.endswith(f") as fast as {one.title}")


def test_a_task_is_as_many_steps_as_the_map_has_for_its_time() -> None:
    cells = cells_of(crossover([FT]))
    (arm,) = advised(cells, Question(task=5.5e-4)).arms
    assert arm.asked.steps == 5_500
