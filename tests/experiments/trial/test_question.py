"""What a trial is asked: every word that makes no sense is told, with what was probably meant."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import pytest

from ftbench.errors import UsageError
from ftbench.experiments.trial import question
from ftbench.experiments.trial.question import Question, inputs_of, kept, target_of

CRUNCH = '''"""Importing it would end the test."""
raise SystemExit("it was run")
def score(n): return n
async def fetch(n): return n
def scale(n): return n
class Model:
    def predict(self, n): return n
'''


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "crunch.py").write_text(CRUNCH)
    (tmp_path / "two-words.py").write_text("def f(): pass\n")
    (tmp_path / "pkg" / "jobs").mkdir(parents=True)
    (tmp_path / "pkg" / "__init__.py").write_text("")
    (tmp_path / "pkg" / "jobs" / "__init__.py").write_text("def resize(n): return n\n")
    return tmp_path


def ask(folder: Path, target: str = "crunch.py:score", **options: Any) -> Question:
    return question.asked(target, folder=folder, **options)


def error(folder: Path, target: str = "crunch.py:score", **options: Any) -> str:
    with pytest.raises(UsageError) as raised:
        ask(folder, target, **options)
    assert raised.value.exit_code == 2
    return str(raised.value)


@pytest.mark.parametrize(
    ("target", "resolved"),
    [
        ("crunch.py:score", "{}/crunch.py:score"),
        ("crunch.py::score", "{}/crunch.py:score"),
        ("./pkg/../crunch.py:score", "{}/crunch.py:score"),
        ("crunch.py:Model.predict", "{}/crunch.py:Model.predict"),
        ("two-words.py:f", "{}/two-words.py:f"),
        ("crunch:score", "crunch:score"),
        ("pkg.jobs:resize", "pkg.jobs:resize"),
        ("json:dumps", "json:dumps"),  # of the interpreter that runs it
    ],
)
def test_a_target_is_a_function_of_a_module_or_a_file(
    folder: Path, target: str, resolved: str
) -> None:
    assert ask(folder, target).target == resolved.format(folder.resolve())


@pytest.mark.parametrize(
    ("target", "says"),
    [
        ("crunch.py", "say crunch.py:FUNCTION."),
        ("crunch.py:", "say crunch.py:FUNCTION."),
        ("pkg.jobs.resize", "Did you mean pkg.jobs:resize?"),
        ("nothing", "names no function.\nWrite MODULE:FUNCTION"),
        ("crunsh.py:score", "Did you mean 'crunch.py'?"),
        ("pkg/:score", "file of TARGET 'pkg/' is not known"),
        ("two-words:f", "Did you mean two-words.py:f?"),
        ("crunch.py:score()", "'score()' is no name of a function"),
    ],
)
def test_a_bad_target_is_told_with_what_was_probably_meant(
    folder: Path, target: str, says: str
) -> None:
    assert says in error(folder, target)


@pytest.mark.parametrize("option", ["worker_setup", "before", "after", "inputs_from", "executor"])
def test_hooks_are_functions_as_the_target_is(folder: Path, option: str) -> None:
    asked = ask(folder, **{option: "crunch.py:scale"})
    assert getattr(asked, option) == f"{folder.resolve()}/crunch.py:scale"
    said = error(folder, **{option: "crunsh.py:scale"})
    assert f"--{option.replace('_', '-')}" in said


def test_inputs_are_values_a_file_or_a_function(folder: Path) -> None:
    assert ask(folder).inputs == ("[[], {}]",)
    assert ask(folder, values=["[30]", '"a"']).inputs == ("[[[30]], {}]", '[["a"], {}]')
    assert ask(folder, values=['{"n": 1}'], kwargs=True).inputs == ('[[], {"n": 1}]',)
    for name, text in (
        ("jobs.jsonl", '1\n\n{"a": 2}\n'),
        ("jobs.json", '[1, {"a": 2}]'),
    ):
        (folder / name).write_text(text)
        assert ask(folder, inputs=folder / name).inputs == ("[[1], {}]", '[[{"a": 2}], {}]')
    (folder / "jobs.txt").write_text("one\ntwo words\n")
    assert ask(folder, inputs=folder / "jobs.txt").inputs == (
        '[["one"], {}]',
        '[["two words"], {}]',
    )


@pytest.mark.parametrize(
    ("name", "text", "says"),
    [
        ("a.jsonl", "1\n{oops}\n", "line 2: '{oops}' is no JSON"),
        ("a.json", '{"a": 1}', "no list of inputs"),
        ("a.csv", "1,2\n", ".jsonl has JSON on each line"),
        ("a.jsonl", "\n", "no list of inputs"),
        ("a.json", "[]", "no list of inputs"),
        ("a.txt", b"\xff\xfe", "cannot be read"),
    ],
)
def test_a_bad_file_of_inputs_is_told_with_its_line(
    folder: Path, name: str, text: str | bytes, says: str
) -> None:
    path = folder / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    assert says in error(folder, inputs=path)


def test_what_is_no_input_is_told(folder: Path) -> None:
    assert "is no JSON" in (said := error(folder, values=["text"]))
    assert "'\"text\"'" in said
    assert "is no object, which --kwargs takes" in error(folder, values=["1"], kwargs=True)
    assert "cannot be read" in error(folder, inputs=folder / "none.jsonl")
    assert "given one way" in error(folder, values=["1"], inputs_from="crunch.py:scale")


def test_a_check_is_a_word_a_tolerance_or_a_function(folder: Path) -> None:
    for check in ("equal", "none", "close:1e-9"):
        assert ask(folder, check=check).check == check
    assert ask(folder, check="crunch.py:scale").check.endswith("/crunch.py:scale")
    assert "Did you mean 'equal'?" in error(folder, check="equals")
    assert "is no tolerance" in error(folder, check="close:much")
    assert "is no tolerance" in error(folder, check="close:nan")


def test_modes_and_workers_are_lists_with_commas(folder: Path) -> None:
    asked = ask(folder, modes=["threadpool,loky"], workers=["1,2", 4])
    assert [mode.name for mode in asked.modes] == ["serial", "threadpool", "loky"]
    assert asked.workers == (1, 2, 4)
    assert ask(folder).workers[0] >= 2
    own = ask(folder, modes=["threadpool"], executor="crunch.py:scale")
    assert [mode.name for mode in own.modes] == ["serial", "threadpool", "custom"]
    assert "Did you mean 'threadpool'?" in error(folder, modes=["threadpol"])
    assert "--executor" in error(folder, modes=["custom"])
    for workers in ("0", "two", "1000", "1.5", "-1"):
        said = error(folder, workers=[workers])
        assert "a whole number from 1 to 256" in said
        assert "with commas: --workers 1,2,4" in said
    assert "deadline" in error(folder, call_deadline=math.inf)


def test_where_modules_are_looked_for(folder: Path) -> None:
    (folder / "src").mkdir()
    assert ask(folder).path == (str(folder),)
    assert ask(folder, "json:dumps").path == (str(folder),)
    project = '[project]\nname = "a"\nversion = "1"\ndependencies = ["numpy"]\n'
    (folder / "pyproject.toml").write_text(project)
    asked = ask(folder, "json:dumps", project=folder, requirements=["rich"])
    assert asked.path == (str(folder / "src"),)
    assert asked.needs.named == ("rich", "numpy")
    script = "# /// script\n# dependencies = ['attrs']\n# ///\ndef f(): pass\n"
    (folder / "script.py").write_text(script)
    assert ask(folder, "script.py:f").needs.named == ("attrs",)
    assert "no folder" in error(folder, project=folder / "none")


def test_code_is_known_by_its_files(folder: Path) -> None:
    """What changes them makes another trial of it: nothing of an earlier one is taken over."""
    inside = folder / "pkg" / "jobs" / "__init__.py"
    for target, path in (("crunch.py:score", folder / "crunch.py"), ("pkg.jobs:resize", inside)):
        before = ask(folder, target).sources()
        assert str(path.resolve()) in before or str(path) in before
        path.write_text(path.read_text() + "# more\n")
        assert ask(folder, target).sources() != before
    assert ask(folder, "json:dumps").sources() == {}
    before = ask(folder).sources()
    (folder / "pkg" / "more.py").write_text("")  # no neighbour of the file
    assert ask(folder).sources() == before
    assert str(folder / "pkg" / "more.py") in ask(folder, "pkg.jobs:resize").sources()


def test_a_kept_trial_is_found_from_below_its_project(folder: Path) -> None:
    text = '[tool.ftbench.try.scores]\ntarget = "crunch.py:score"\n[tool.ftbench.try.bad]\nx = 1\n'
    (folder / "pyproject.toml").write_text(text)
    assert kept("scores", folder / "pkg") == ({"target": "crunch.py:score"}, folder)
    with pytest.raises(UsageError, match="Did you mean 'scores'"):
        kept("score", folder)
    with pytest.raises(UsageError, match="with a target"):
        kept("bad", folder)


@pytest.mark.parametrize("text", ["", "[tool]\nftbench = 1\n", "[tool.ftbench]\ntry = 2\n"])
def test_a_project_that_keeps_no_trial_says_how(folder: Path, text: str) -> None:
    (folder / "pyproject.toml").write_text(text)
    with pytest.raises(UsageError, match="keeps no trial") as raised:
        kept("scores", folder)
    assert "[tool.ftbench.try.scores]" in str(raised.value)
    (folder / "pyproject.toml").write_text("[")
    with pytest.raises(UsageError, match="cannot be read"):
        kept("scores", folder)


def test_a_function_is_known_by_its_name_in_a_module() -> None:
    assert target_of(json.dumps) == ("json:dumps", "")
    target, folder = target_of(kept)
    assert target == "ftbench.experiments.trial.question:kept"
    assert Path(folder, "ftbench", "__init__.py").is_file()


def test_what_no_other_process_can_import_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    def within(n: int) -> int:
        return n

    each: Any
    for each in (within, lambda n: n, [].append):
        with pytest.raises(UsageError, match="cannot be imported by name"):
            target_of(each)
    monkeypatch.setattr(within, "__module__", "__main__")
    monkeypatch.setattr(within, "__qualname__", "within")
    with pytest.raises(UsageError, match="%%writefile within"):
        target_of(within)


def test_inputs_of_a_program_are_json() -> None:
    assert inputs_of([1, "a", {"n": [2]}], kwargs=False) == ["1", '"a"', '{"n": [2]}']
    for bad in ((1, 2), b"bytes", {1: 2}, object()):
        with pytest.raises(UsageError, match="cannot be handed over as JSON"):
            inputs_of([bad], kwargs=False)
    with pytest.raises(UsageError, match="no inputs"):
        inputs_of([], kwargs=False)
    with pytest.raises(UsageError, match="is no object"):
        inputs_of([1], kwargs=True)
