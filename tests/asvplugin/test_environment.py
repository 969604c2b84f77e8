"""Arms times flavours: which interpreter an environment measures, and what it says without one."""

from __future__ import annotations

import json
import os
import pickle
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from asv import util
from asv.config import Config
from asv.environment import iter_matrix
from filelock import FileLock

from ftbench.arms import ARMS, Arm, arm_named
from ftbench.asvplugin import environment as module
from ftbench.asvplugin import patches
from ftbench.asvplugin.environment import CPythonEnvironment, MissingInterpreterError
from ftbench.asvplugin.turn import _Turn
from ftbench.cellfile import CellFile
from ftbench.errors import InterpreterError
from ftbench.interpreters import Interpreter, Origin, PythonBuild, Survey, Unusable
from ftbench.releases import Release

PLAIN, OPTIMIZED = "source-gcc12", "source-gcc12-pgo-lto"
BUILD: dict[str, Any] = {
    "implementation": "CPython",
    "packager": "source",
    "debug": False,
    "jit": "none",
    "tail_call": False,
    "pystats": False,
    "compiler": "GCC 12.2.0",
    "configure_args": [],
    "code_flags": ["-O3"],
    "libc": "glibc 2.36",
    "platform": "linux-x86_64",
    "revision": "",
}
Install = Callable[..., None]


def interpreter(name: str, *, optimized: bool = False, path: str = "/opt/py") -> Interpreter:
    """An interpreter that is none: `3.14.2t` is the free-threaded build."""
    record = {
        **BUILD,
        "version": name.removesuffix("t"),
        "free_threaded": name.endswith("t"),
        "pgo": optimized,
        "lto": optimized,
    }
    return Interpreter(
        executable=Path(path),
        prefix=Path("/opt"),
        build=PythonBuild.from_record(record),
        origin=Origin.FOLDER,
    )


@pytest.fixture
def install(monkeypatch: pytest.MonkeyPatch) -> Install:
    """Let the machine have just these interpreters."""

    def install(*interpreters: Interpreter, broken: tuple[Unusable, ...] = ()) -> None:
        found = Survey(interpreters=interpreters, too_old=(), broken=broken)
        monkeypatch.setattr(module, "survey", lambda: found)
        monkeypatch.setattr(module, "discover", lambda: interpreters)

    install()
    return install


@pytest.fixture
def conf(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Config:
    monkeypatch.setenv("FTBENCH_PROFILE", "smoke")
    monkeypatch.setenv("FTBENCH_MEASURING_LOCK", str(tmp_path / "lock"))
    monkeypatch.setattr(module, "TURN", _Turn())
    conf = Config.load(str(Path(__file__).parents[2] / "asv.conf.json"))
    conf.env_dir = str(tmp_path / "env")
    return conf


def chosen(conf: Config, *specs: str) -> list[CPythonEnvironment]:
    return list(patches.get_environments(conf, specs))


def names(environments: list[CPythonEnvironment]) -> list[tuple[str, str]]:
    return [(each.arm.name, each.flavour) for each in environments]


def commit(name: str) -> str:
    return Release.parse(name).commit_id


def test_every_arm_is_split_by_the_flavours_that_it_has_here(
    conf: Config, install: Install
) -> None:
    install(interpreter("3.13.5"), interpreter("3.13.5t"), interpreter("3.14.2", optimized=True))
    assert names(chosen(conf)) == [
        ("gil", OPTIMIZED),
        ("gil", PLAIN),
        ("ft", PLAIN),
        ("ft-gil1", PLAIN),
    ]


def test_a_flavour_that_no_release_prefers_is_measured_only_by_its_whole_name(
    conf: Config, install: Install
) -> None:
    install(interpreter("3.14.2t"), interpreter("3.14.2t", optimized=True))
    assert names(chosen(conf, "ft")) == [("ft", OPTIMIZED)]
    (named,) = chosen(conf, f"cpython-pyft-build{PLAIN}-profilesmoke")
    assert named.interpreter(commit("3.14.2")).build.flavour == PLAIN


def test_interpreters_of_a_series_that_is_not_listed_do_not_count(
    conf: Config, install: Install
) -> None:
    install(interpreter("3.12.1"), interpreter("3.13.5t"))
    assert names(chosen(conf)) == [("ft", PLAIN), ("ft-gil1", PLAIN)]


@pytest.mark.parametrize(
    ("spec", "arms"),
    [
        ("gil", ["gil"]),
        ("ft", ["ft"]),
        ("ft-gil1", ["ft-gil1"]),
        ("cpython", ["gil", "ft", "ft-gil1"]),
        ("cpython:ft", ["ft", "ft-gil1"]),
        (":gil", ["gil"]),
        (f"cpython-pyft-build{PLAIN}-profilesmoke-PYTHON_GIL1", ["ft-gil1"]),
    ],
)
def test_environments_can_be_chosen_by_arm_by_build_and_by_name(
    conf: Config, install: Install, spec: str, arms: list[str]
) -> None:
    install(interpreter("3.14.2"), interpreter("3.14.2t"))
    assert [each.arm.name for each in chosen(conf, spec)] == arms


def test_a_name_of_nothing_is_told_what_was_probably_meant(conf: Config, install: Install) -> None:
    install(interpreter("3.14.2t"))
    with pytest.raises(util.UserError, match="Did you mean 'ft-gil1'"):
        chosen(conf, "ft-gil")


def test_where_results_are_only_looked_at_a_name_may_be_another_machines(
    conf: Config, install: Install
) -> None:
    install(interpreter("3.14.2t"))
    assert list(patches.get_environments(conf, ["cpython-pyft-buildother"], verbose=False)) == []


def test_an_unknown_profile_is_asvs_kind_of_error(
    conf: Config, install: Install, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FTBENCH_PROFILE", "quik")
    install(interpreter("3.14.2t"))
    with pytest.raises(util.UserError, match="Did you mean 'quick'"):
        chosen(conf)


def test_an_arm_without_any_interpreter_is_said(
    conf: Config, install: Install, caplog: pytest.LogCaptureFixture
) -> None:
    install(interpreter("3.14.2"))
    patches._said.clear()
    assert names(chosen(conf)) == [("gil", PLAIN)]
    assert caplog.text.count("no free-threaded build here: the arm ft is left out") == 1


@pytest.fixture
def ft(conf: Config, install: Install) -> CPythonEnvironment:
    """The free-threaded arm of a machine with one plain build."""
    install(interpreter("3.14.2"), interpreter("3.14.2t"))
    (one,) = chosen(conf, "ft")
    return one


def test_a_release_without_interpreter_is_missing_with_what_to_do(ft: CPythonEnvironment) -> None:
    with pytest.raises(MissingInterpreterError) as raised:
        ft.interpreter(commit("3.13.5"))
    assert str(raised.value) == (
        "CPython 3.13.5 has no free-threaded build here: skipped, nothing recorded. "
        "To get one: ftbench pythons install 3.13.5t"
    )
    assert not raised.value.elsewhere


def test_a_missing_interpreter_may_be_one_that_is_broken(
    ft: CPythonEnvironment, install: Install
) -> None:
    broken = Unusable(executable=Path("/opt/half"), reason="/opt/half is broken: it ended with 3")
    install(interpreter("3.14.2t"), broken=(broken,))
    with pytest.raises(MissingInterpreterError, match="half is broken: it ended with 3"):
        ft.interpreter(commit("3.13.5"))


def test_a_release_that_another_flavour_measures_is_left_to_it_in_silence(
    ft: CPythonEnvironment, install: Install
) -> None:
    install(interpreter("3.14.2t"), interpreter("3.14.2t", optimized=True))
    with pytest.raises(MissingInterpreterError) as raised:
        ft.interpreter(commit("3.14.2"))
    assert raised.value.elsewhere


def test_an_interpreter_that_goes_is_missing_from_then_on(
    ft: CPythonEnvironment, install: Install
) -> None:
    assert ft.interpreter(commit("3.14.2")).build.free_threaded
    install()
    with pytest.raises(MissingInterpreterError):
        ft.interpreter(commit("3.14.2"))


def test_a_name_in_the_place_of_an_id_is_asv_run_tags(ft: CPythonEnvironment) -> None:
    with pytest.raises(util.UserError, match="asv run TAGS does not work"):
        ft.interpreter("3.14.2")


def test_asv_can_hand_an_environment_to_another_process(ft: CPythonEnvironment) -> None:
    other = pickle.loads(pickle.dumps(ft))  # noqa: S301 - as multiprocessing does
    assert (other.name, other.arm, other.staged) == (ft.name, ft.arm, ft.staged)


def test_what_is_no_arm_is_refused_with_those_there_are(conf: Config) -> None:
    with pytest.raises(util.UserError, match=r"is no arm.*ft-gil1"):
        CPythonEnvironment(conf, "gil", {}, {("nobuild", "PYTHON_GIL"): "1"})


@pytest.mark.skipif(os.name == "nt", reason="a script stands for the interpreter")
@pytest.mark.parametrize("answer", ["echo 1", "echo nonsense", "exit 3"])
def test_an_interpreter_with_its_gil_in_the_wrong_state_is_an_error(
    ft: CPythonEnvironment, tmp_path: Path, answer: str
) -> None:
    script = tmp_path / "python3"
    script.write_text(f"#!/bin/sh\n{answer}\n", encoding="utf-8")
    script.chmod(0o755)
    with pytest.raises(InterpreterError) as raised:
        ft._check_gil(interpreter("3.14.2t", path=str(script)))
    assert "does not run with its GIL off, as the arm ft needs" in str(raised.value)
    assert "Nothing is recorded" in str(raised.value)


@pytest.mark.parametrize("arm", ARMS, ids=lambda each: each.name)
def test_the_callers_python_variables_do_not_reach_the_check_of_the_gil(
    conf: Config,
    install: Install,
    arm: Arm,
    pair: tuple[Interpreter, Interpreter],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    install(*pair)
    for word in ("0", "1", "nonsense"):
        monkeypatch.setenv("PYTHON_GIL", word)
        (one,) = chosen(conf, arm.name)
        one._check_gil(pair[arm.free_threaded])


# -- running


@pytest.fixture
def calls(ft: CPythonEnvironment, monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """What would be started, instead of being started."""
    noted: list[dict[str, Any]] = []

    def note(executable: str, args: list[str], **kwargs: Any) -> tuple[str, str, int]:
        noted.append({"executable": executable, "args": args, **kwargs})
        return "", "", 0

    monkeypatch.setattr(ft, "run_executable", note)
    return noted


RUN = ("benchmark.py", "run", "/benchmarks", "lifecycle.Lifecycle.track_round-3", "{}", "None")


def test_a_benchmark_has_the_variables_of_its_arm_and_no_other_python_ones(
    ft: CPythonEnvironment, calls: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("PYTHON_GIL", "PYTHONDONTWRITEBYTECODE", "PYTHONHOME", "PYTHONPATH"):
        monkeypatch.setenv(name, "1")
    ft.run([*RUN, "result"], env={"PYTHON_GIL": "1"})
    (call,) = calls
    assert not [name for name in call["env"] if name.startswith("PYTHON")]
    assert call["env"]["FTBENCH_PROFILE"] == "smoke"
    assert call["env"]["FTBENCH_HOST_PYTHON"] == sys.executable
    assert call["env"]["FTBENCH_RECORDS"] == str(ft.staged)


def test_the_arm_with_its_gil_on_asks_for_it(
    conf: Config, install: Install, monkeypatch: pytest.MonkeyPatch
) -> None:
    install(interpreter("3.14.2t"))
    (one,) = chosen(conf, "ft-gil1")
    noted: dict[str, Any] = {}
    monkeypatch.setattr(one, "run_executable", lambda *_, **kwargs: noted.update(kwargs))
    one.run([*RUN, "result"])
    assert noted["env"]["PYTHON_GIL"] == "1"


def test_a_peak_is_taken_below_a_small_parent(
    ft: CPythonEnvironment, calls: list[dict[str, Any]]
) -> None:
    words = ["benchmark.py", "run", "/b", "footprint.PeakThreads.peakmem_threads-0"]
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


def test_staged_records_are_taken_once_and_named_by_their_run(ft: CPythonEnvironment) -> None:
    ft.create()
    ft.staged.write_text('{"kind": "skip"}\n{"kind": "cell"}\n', encoding="utf-8")
    assert ft.take_staged() == [
        {"kind": "skip", "run": module.RUN},
        {"kind": "cell", "run": module.RUN},
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
    with FileLock(tmp_path / "lock"), pytest.raises(util.UserError, match="Another asv"):
        ft.create()
    assert not Path(ft._path).exists()


def test_the_arms_of_the_table_are_what_the_matrix_says(conf: Config) -> None:
    found = [
        {str(key): value for (_, key), value in each.items() if key}
        for each in iter_matrix("cpython", conf.pythons, conf)
    ]
    assert found == [dict(arm.environment) for arm in ARMS]
    assert arm_named("ft-gil1").environment == {"PYTHON_GIL": "1"}
