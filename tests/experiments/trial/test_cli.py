"""`ftbench try` and `ftbench.trial`: what is asked by words, by a table of a project, by Python."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from commands import Command

import ftbench
from ftbench.asv.measuring_lock import MEASURING_LOCK
from ftbench.cli.trial import trial as command
from ftbench.experiments.trial import api, run
from ftbench.experiments.trial.question import Question
from ftbench.report.output import Output
from ftbench.results.trials import Trial, TrialBuild, TrialCell, TrialProcess, write_trial

CODE = "def score(n=1): return n\ndef setup(): pass\ndef jobs(): return [1, 2]\n"
COMMAND = Command(command)
MACHINE = {"cpu": "a CPU", "usable_cores": 2, "identity": "here"}


def cell(mode: str = "serial", **more: Any) -> TrialCell:
    processes = (TrialProcess(rounds=(0.003,), loop=(0.003,), cpu=(0.003,), calls=(0.003,)),)
    return TrialCell(**{"build": "b", "mode": mode, "workers": 1, "processes": processes, **more})


def found(*cells: TrialCell) -> Trial:
    return Trial(
        target="crunch.py:score",
        inputs=1,
        calls=100,
        check="equal",
        started_at="2026-11-30T12:00:00Z",
        machine=MACHINE,
        serial_seconds=0.003,
        cpu_share=0.99,
        builds=(TrialBuild(name="b", release="3.14.7", flavour="source", arm="gil"),),
        cells=cells or (cell(), cell("threadpool", workers=2)),
    )


class Asked:
    """What a trial was asked, which nobody runs."""

    def __init__(self) -> None:
        self.questions: list[Question] = []
        self.options: list[dict[str, Any]] = []
        self.answer = found()

    @contextmanager
    def __call__(self, question: Question, _console: object, **options: Any) -> Iterator[Trial]:
        self.questions.append(question)
        self.options.append(options)
        yield self.answer


@pytest.fixture
def asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Asked:
    (tmp_path / "crunch.py").write_text(CODE)
    monkeypatch.chdir(tmp_path)
    instead = Asked()
    monkeypatch.setattr(run, "tried", instead)
    monkeypatch.setattr(api, "tried", instead)
    return instead


def test_words_of_the_command_are_the_question(asked: Asked, tmp_path: Path) -> None:
    words = [
        *("crunch.py:score", "--input", "1", "--mode", "threadpool,loky", "--workers", "1,2"),
        *("--python", "3.14", "--python", "3.14t", "--budget", "3m"),
    ]
    said = COMMAND.said(*words, "--worker-setup", "crunch.py:setup", "--no-memory")
    (question,) = asked.questions
    assert question.target == f"{tmp_path}/crunch.py:score"
    assert question.inputs == ("[[1], {}]",)
    assert [mode.name for mode in question.modes] == ["serial", "threadpool", "loky"]
    assert (question.workers, question.pythons) == ((1, 2), ("3.14", "3.14t"))
    assert (question.budget, question.memory, question.shake) == (180.0, False, 800)
    assert question.worker_setup == f"{tmp_path}/crunch.py:setup"
    assert "crunch.py:score" in said


TABLE = """
[tool.ftbench.try.scores]
target = "crunch.py:score"
input = [30, "text", {n = 1}]
mode = ["threadpool", "loky"]
workers = [1, 2]
worker-setup = "crunch.py:setup"
call_deadline = "5s"
no-memory = true
yes = false
save = "kept.json"
"""


def test_a_project_keeps_trials_by_name(
    asked: Asked, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Called from below, with its paths and targets those of the project's folder."""
    (tmp_path / "pyproject.toml").write_text(TABLE)
    (tmp_path / "below").mkdir()
    monkeypatch.chdir(tmp_path / "below")
    COMMAND.said("scores")
    (question,) = asked.questions
    assert question.target == f"{tmp_path}/crunch.py:score"
    assert question.inputs == ("[[30], {}]", '[["text"], {}]', '[[{"n": 1}], {}]')
    assert [mode.name for mode in question.modes] == ["serial", "threadpool", "loky"]
    assert question.workers == (1, 2)
    assert question.worker_setup == f"{tmp_path}/crunch.py:setup"
    assert (question.call_deadline, question.memory, question.yes) == (5.0, False, False)
    assert (tmp_path / "kept.json").is_file()


def test_what_is_given_stands_in_the_place_of_what_is_kept(asked: Asked, tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text(TABLE)
    COMMAND.said("scores", "--workers", "4", "--input", "7", "--save", "own.json")
    (question,) = asked.questions
    assert (question.workers, question.inputs) == ((4,), ("[[7], {}]",))
    assert len(question.modes) == 3
    assert question.memory == 0
    assert not (tmp_path / "kept.json").exists()
    assert (tmp_path / "own.json").is_file()


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("worker = 3", "Did you mean 'workers'"),
        ('yes = "no"', "yes is true or false"),
        ('budget = "long"', "is not a time"),
        ("shake = -1", "-1 is not in the range"),
    ],
)
def test_a_bad_table_is_told(asked: Asked, tmp_path: Path, line: str, says: str) -> None:
    text = f'[tool.ftbench.try.scores]\ntarget = "crunch.py:score"\n{line}\n'
    (tmp_path / "pyproject.toml").write_text(text)
    result = COMMAND.call("scores")
    assert getattr(result.exception, "exit_code", None) == 2
    assert says in str(getattr(result.exception, "message", "")) + str(result.exception)


@pytest.mark.parametrize(
    ("cells", "code"),
    [
        ((), 0),
        ((cell(), cell("loky", processes=(), skipped="joblib is not installed")), 0),
        ((cell(), cell("threadpool", processes=(), failed="results differ", exit_code=13)), 13),
        (
            (
                cell("loky", processes=(), failed="It crashed", exit_code=4),
                cell("threadpool", processes=(), failed="It hangs", exit_code=5),
            ),
            5,
        ),
        ((cell(processes=(), skipped="no wheel for cp314t"),), 3),
    ],
)
def test_exit_codes_come_after_the_answer(
    asked: Asked, cells: tuple[TrialCell, ...], code: int
) -> None:
    asked.answer = found(*cells)
    result = COMMAND.call("crunch.py:score", "--format", "json")
    assert json.loads(result.stdout)["target"] == "crunch.py:score"
    assert getattr(result.exception, "exit_code", 0) == code


def test_against_an_earlier_trial(asked: Asked, tmp_path: Path) -> None:
    write_trial(tmp_path / "before.json", found())
    asked.answer = found(
        cell(), cell("threadpool", workers=2, processes=(), failed="x", exit_code=4)
    )
    assert COMMAND.code("crunch.py:score", "--against", "before.json") == 4
    asked.answer = found(cell())
    assert COMMAND.code("crunch.py:score", "--against", "before.json") == 11
    asked.questions.clear()
    assert COMMAND.code("crunch.py:score", "--against", "none.json") == 8
    assert asked.questions == []


def test_memory_of_what_is_kept_is_of_several_processes(asked: Asked) -> None:
    COMMAND.said("crunch.py:score")
    COMMAND.said("crunch.py:score", "--save", "own.json")
    assert [question.memory for question in asked.questions] == [1, 3]


def test_a_page_has_the_picture(asked: Asked) -> None:
    assert "<svg" in COMMAND.printed("crunch.py:score", "--format", "html")


def test_a_program_asks_by_functions(asked: Asked) -> None:
    answer = ftbench.trial(
        json.dumps,
        [1, "a"],
        modes=["threadpool"],
        workers=[2],
        pythons=["3.14"],
        check=json.loads,
        before="json:dumps",
    )
    (question,) = asked.questions
    assert question.target == "json:dumps"
    assert (question.check, question.before) == ("json:loads", "json:dumps")
    assert question.inputs == ("[[1], {}]", '[["a"], {}]')
    assert [mode.name for mode in question.modes] == ["serial", "threadpool"]
    assert isinstance(answer, Trial)
    assert answer.best is not None
    assert "crunch.py:score" in answer.table()
    assert "<table" in answer._repr_html_()
    assert MEASURING_LOCK._lock is None


def test_functions_are_found_where_their_module_was(
    asked: Asked, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "own_jobs.py").write_text(CODE)
    monkeypatch.syspath_prepend(str(tmp_path / "elsewhere"))
    import own_jobs  # type: ignore[import-not-found]  # noqa: PLC0415

    ftbench.trial(own_jobs.score, own_jobs.jobs, worker_setup=own_jobs.setup)
    (question,) = asked.questions
    assert question.target == "own_jobs:score"
    assert question.inputs_from == "own_jobs:jobs"
    assert question.path == (str(tmp_path / "elsewhere"),)
    assert ftbench.trial("crunch.py:score").target


def test_a_place_that_cannot_be_written_is_told_before_anything_is_measured(
    asked: Asked, tmp_path: Path
) -> None:
    assert COMMAND.code("crunch.py:score", "--save", "none/kept.json") == 2
    assert COMMAND.code("crunch.py:score", "--scaffold", str(tmp_path)) == 2
    assert asked.questions == []


def test_a_scaffold_is_written_after_the_answer(asked: Asked, tmp_path: Path) -> None:
    COMMAND.said("crunch.py:score", "--scaffold", "bench")
    text = (tmp_path / "bench" / "benchmarks" / "bench_score.py").read_text("utf-8")
    assert "'threadpool(2)'" in text


def test_a_trial_is_kept_though_nobody_reads_the_answer(
    asked: Asked, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def gone(_self: Output, _document: object) -> None:
        raise BrokenPipeError

    monkeypatch.setattr(Output, "write", gone)
    COMMAND.call("crunch.py:score", "--save", "kept.json")
    assert (tmp_path / "kept.json").is_file()
