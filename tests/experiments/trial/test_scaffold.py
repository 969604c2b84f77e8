"""A scaffold is an asv repository that runs: on each build every mode, with records as ours."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from asvproject import AsvProject, Ended
from fake_trials import FT, cell, trial, with_cell
from tiny_wheels import wheel

from ftbench.errors import NothingError, UsageError
from ftbench.experiments.trial.question import Question, asked
from ftbench.experiments.trial.scaffold import scaffold
from ftbench.pythons import Interpreter
from ftbench.results import State, read_results

SOURCE = "def score(n):\n    return sum(range(n))\n\n\ndef jobs():\n    return [3, 4]\n"


@pytest.fixture
def code(tmp_path: Path) -> Path:
    (tmp_path / "crunch.py").write_text(SOURCE, encoding="utf-8")
    return tmp_path


def question(folder: Path, **options: Any) -> Question:
    options = options or {"values": ["2000", "1000"]}
    return asked("crunch.py:score", folder=folder, **options)


def test_a_folder_that_has_something_in_it_is_left_as_it_is(code: Path) -> None:
    with pytest.raises(UsageError, match="is there already"):
        scaffold(code, trial(), question(code))
    assert [each.name for each in code.iterdir()] == ["crunch.py"]


def test_what_failed_is_no_benchmark_and_paths_stay_within_the_project(code: Path) -> None:
    wrong = cell(FT, "threadpool", 1e-3, failed="results differ", exit_code=13)
    path = scaffold(code / "bench", with_cell(trial(), wrong), question(code))
    text = path.read_text("utf-8")
    assert str(code) not in text
    assert "'../crunch.py:score'" in text
    assert "'threadpool(2)'" in text  # it was well on the other build
    assert (code / "bench" / "inputs.jsonl").read_text("utf-8") == "[[2000], {}]\n[[1000], {}]\n"
    conf = json.loads((code / "bench" / "asv.conf.json").read_text("utf-8"))
    assert conf["project"] == "crunch.py:score"


def test_inputs_that_a_callable_makes_are_made_there_too(code: Path) -> None:
    asked = question(code, inputs_from="crunch.py:jobs")
    made = scaffold(code / "bench", trial(), asked).read_text("utf-8")
    assert "'inputs_from': '../crunch.py:jobs'" in made
    assert not (code / "bench" / "inputs.jsonl").exists()


def run_of(code: Path, pair: tuple[Interpreter, ...], *needs: Path, ends: int = 0) -> Ended:
    folder = code / "bench"
    asked = question(code, values=["2000", "1000"], requirements=[str(each) for each in needs])
    scaffold(folder, trial(calls=4), asked)
    (folder / "home").mkdir()
    project = AsvProject(folder=folder, pythons=tuple(each.executable for each in pair))
    done = project.run(f"{pair[0].release}^!", "--record-samples")
    assert done.code == ends, done.said
    return done


def test_asv_measures_it_on_each_build(code: Path, pair: tuple[Interpreter, ...]) -> None:
    run_of(code, pair)
    tree = read_results(code / "bench" / "results")
    assert tree.warnings == ()
    seen = {(f.arm.name, f.params["way"]) for f in tree.figures if f.state is State.MEASURED}
    ways = ("serial", "threadpool(2)", "processpool-forkserver(2)")
    assert seen >= {(arm, way) for arm in ("gil", "ft") for way in ways}
    calls = [f for f in tree.figures if f.benchmark == "bench_score.Score.track_call"]
    assert all(f.median and f.processes and f.speeds for f in calls)
    assert {source.gil for source in tree.sources if source.arm.name == "ft"} == {
        frozenset({False})
    }
    assert any(
        "serial twin" in how for source in tree.sources for how in source.invariants.values()
    )


def test_what_it_needs_is_installed_where_it_runs(
    code: Path, pair: tuple[Interpreter, ...]
) -> None:
    (code / "crunch.py").write_text(f"import tiny\n{SOURCE}", encoding="utf-8")
    run_of(code, pair, wheel(code / "dist", "tiny", "1.0"))
    text = (code / "bench" / "benchmarks" / "bench_score.py").read_text("utf-8")
    assert "'../dist/tiny-1.0-py3-none-any.whl'" in text
    assert str(code) not in text
    assert [f for f in read_results(code / "bench" / "results").figures if f.median]


def test_what_it_needs_and_lacks_is_skipped_with_the_reason(
    code: Path, pair: tuple[Interpreter, ...]
) -> None:
    other = wheel(code / "dist", "tiny", "1.0", tag="cp312-cp312-win32")
    done = run_of(code, pair, other, ends=NothingError.exit_code)
    series = "".join(map(str, (pair[0].release.major, pair[0].release.minor)))
    for abi in (f"cp{series}.", f"cp{series}t."):
        assert f"The wheel that is named does not fit {abi}" in done.said
