"""What an environment starts, with which variables, and what it takes over from benchmarks."""

from __future__ import annotations

import itertools
import json
import sys
from pathlib import Path
from typing import Any

import pytest
from asv import util
from asv.config import Config
from fake_builds import Install, chosen, interpreter
from filelock import FileLock

from ftbench.asv import environment as module
from ftbench.asv.environment import CellServer, CPythonEnvironment
from ftbench.asv.journal import CellJournal
from ftbench.probe.run.asv_benchmark import CellFile
from ftbench.pythons import Interpreter


@pytest.fixture(autouse=True)
def _nothing_but_processes(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No server of cells, and a journal that holds nothing."""
    journal = CellJournal(tmp_path / "journal", "stamp", "run")
    monkeypatch.setattr(CPythonEnvironment, "_journal", lambda _: journal)
    monkeypatch.setattr(CellServer, "ours", lambda *_: False)


@pytest.fixture
def calls(ft: CPythonEnvironment, monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """What would be started, instead of being started."""
    noted: list[dict[str, Any]] = []

    def note(executable: str, args: list[str], **kwargs: Any) -> tuple[str, str, int]:
        noted.append({"executable": executable, "args": args, **kwargs})
        return "", "", 0

    monkeypatch.setattr(ft, "run_executable", note)
    monkeypatch.setattr(ft, "find_executable", lambda name: name)
    return noted


RUN = ("benchmark.py", "run", "/benchmarks", "lifecycle.Lifecycle.track_round-3", "{}", "None")


def test_a_benchmark_has_the_variables_of_its_arm_and_no_other_python_ones(
    ft: CPythonEnvironment, calls: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("PYTHON_GIL", "PYTHONDONTWRITEBYTECODE", "PYTHONHOME", "PYTHONPATH"):
        monkeypatch.setenv(name, "1")
    ft.run([*RUN, "result"], env={"PYTHON_GIL": "1"})
    (call,) = calls
    python = {name: value for name, value in call["env"].items() if name.startswith("PYTHON")}
    assert python == {"PYTHON_JIT": "0"}
    assert call["env"]["FTBENCH_PROFILE"] == "smoke"
    assert call["env"]["FTBENCH_HOST_PYTHON"] == sys.executable
    assert call["env"]["FTBENCH_RECORDS"] == str(ft.staged)


def test_the_arm_with_its_gil_on_asks_for_it(
    conf: Config, install: Install, monkeypatch: pytest.MonkeyPatch
) -> None:
    install(interpreter("3.14.2t"))
    (one,) = chosen(conf, "ft-gil1")
    noted: dict[str, Any] = {}

    def note(*_: Any, **kwargs: Any) -> tuple[str, str, int]:
        noted.update(kwargs)
        return "", "", 0

    monkeypatch.setattr(one, "run_executable", note)
    one.run([*RUN, "result"])
    assert noted["env"]["PYTHON_GIL"] == "1"


def test_a_peak_is_taken_below_a_small_parent(
    ft: CPythonEnvironment, calls: list[dict[str, Any]]
) -> None:
    words = ["benchmark.py", "run", "/b", "footprint.Peak.peakmem_busy-0"]
    ft.run([*words, "{}", "None", "r"])
    assert calls[0]["args"][: len(module._SMALL_PARENT)] == list(module._SMALL_PARENT)
    assert calls[0]["args"][len(module._SMALL_PARENT) :][:4] == words


def test_a_figure_that_its_cell_has_yielded_needs_no_process(
    ft: CPythonEnvironment, calls: list[dict[str, Any]], tmp_path: Path
) -> None:
    cell = CellFile(tmp_path, "lifecycle.Lifecycle", 3)
    cell.keep("first_round", {"metrics": {"round": [1.0, 2.0], "first_round": [3.0]}})
    result = tmp_path / "result"
    assert ft.run([*RUN, str(result)], cwd=str(tmp_path)) == ("", "", 0)
    assert json.loads(result.read_text(encoding="utf-8")) == {"samples": [1.0, 2.0], "number": 1}
    assert calls == []


def test_a_skipped_cell_skips_all_its_metrics(
    ft: CPythonEnvironment, calls: list[dict[str, Any]], tmp_path: Path
) -> None:
    CellFile(tmp_path, "lifecycle.Lifecycle", 3).keep("setup", {"skip": "no such mode"})
    result = tmp_path / "result"
    ft.run([*RUN, str(result)], cwd=str(tmp_path))
    assert result.read_text(encoding="utf-8") == "NaN"
    assert calls == []


@pytest.mark.parametrize(
    "kept",
    [None, {"failure": {"code": 4, "message": "died"}}],
    ids=["nothing is there", "it failed, and the process tells the story"],
)
def test_without_a_figure_the_benchmark_is_started(
    ft: CPythonEnvironment,
    calls: list[dict[str, Any]],
    tmp_path: Path,
    kept: dict[str, Any] | None,
) -> None:
    if kept is not None:
        CellFile(tmp_path, "lifecycle.Lifecycle", 3).keep("first_round", kept)
    ft.run([*RUN, str(tmp_path / "result")], cwd=str(tmp_path))
    assert len(calls) == 1


def test_a_metric_that_comes_again_runs_its_cell_again(
    ft: CPythonEnvironment, calls: list[dict[str, Any]], tmp_path: Path
) -> None:
    """Another round of asv is another process, and must be measured as one."""
    cell = CellFile(tmp_path, "lifecycle.Lifecycle", 3)
    cell.keep("first_round", {"metrics": {"round": [1.0]}})
    for _ in range(2):
        ft.run([*RUN, str(tmp_path / "result")], cwd=str(tmp_path))
    assert len(calls) == 1


def test_asvs_other_calls_are_started(ft: CPythonEnvironment, calls: list[dict[str, Any]]) -> None:
    ft.run(["benchmark.py", "discover", "/benchmarks", "result"], cwd="/")
    ft.run(
        ["benchmark.py", "run", "/b", "lifecycle.ThreadClock.time_start_join", "{}", "None", "r"]
    )
    assert len(calls) == 2


def test_there_is_no_program_but_python_and_none_before_a_release_is_selected(
    ft: CPythonEnvironment,
) -> None:
    for program in ("python", "pip"):
        with pytest.raises(OSError, match="no such program"):
            ft.find_executable(program)


# -- records


def test_staged_records_are_taken_once_and_named_by_their_run_and_place_in_it(
    ft: CPythonEnvironment, monkeypatch: pytest.MonkeyPatch
) -> None:
    ft.create()
    monkeypatch.setattr(module, "_ORDER", itertools.count(7))
    ft.staged.write_text('{"kind": "skip"}\n{"kind": "cell"}\n', encoding="utf-8")
    assert ft.take_staged() == [
        {"kind": "skip", "run": module.RUN},
        {"kind": "cell", "run": module.RUN, "order": 7},
    ]
    assert ft.take_staged() == []


def test_what_a_killed_run_staged_is_never_taken(
    ft: CPythonEnvironment, install: Install, ft_python: Interpreter
) -> None:
    """Not even by a later process of the same id."""
    install(ft_python)
    ft._requirements["build"] = ft_python.build.flavour
    ft.create()
    other = ft.staged.with_name(f"{ft._staged_name}1.jsonl")
    for path in (ft.staged, other):
        path.write_text('{"kind": "cell"}\n', encoding="utf-8")
    ft.install_project(None, None, ft_python.release.commit_id)
    assert ft.take_staged() == []
    assert not other.exists()


def test_a_second_asv_is_refused_before_the_environment_is_touched(
    ft: CPythonEnvironment, tmp_path: Path
) -> None:
    with (
        FileLock(tmp_path / "lock"),
        pytest.raises(util.UserError, match="Something of ftbench or asv is measuring"),
    ):
        ft.create()
    assert not Path(ft._path).exists()
