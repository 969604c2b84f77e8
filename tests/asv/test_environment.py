"""Arms times flavours: which interpreter an environment measures, and what it says without one."""

from __future__ import annotations

import os
import pickle
from pathlib import Path

import pytest
from asv import util
from asv.config import Config
from asv.environment import iter_matrix
from fake_builds import OPTIMIZED, PLAIN, Install, chosen, commit, interpreter, names

from ftbench.asv import patches
from ftbench.asv.environment import CPythonEnvironment, MissingInterpreterError
from ftbench.errors import InterpreterError
from ftbench.facts.arms import ARMS, USUAL_ARMS, Arm, arm_named
from ftbench.probe.run import MARK
from ftbench.pythons import Interpreter, Unusable


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
    patches._warnings_given.clear()
    assert names(chosen(conf)) == [("gil", PLAIN)]
    assert caplog.text.count("no free-threaded build here: the arm ft is left out") == 1


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
        ft._check_switches(interpreter("3.14.2t", path=str(script)))
    assert "does not run with its GIL off, as the arm ft needs" in str(raised.value)
    assert "Nothing is recorded" in str(raised.value)


@pytest.mark.skipif(os.name == "nt", reason="a script stands for the interpreter")
def test_the_state_of_the_gil_is_found_in_whatever_is_printed(
    ft: CPythonEnvironment, tmp_path: Path
) -> None:
    script = tmp_path / "python3"
    words = f"printf 'site hook: 1 '\necho '{MARK} 00'\necho 1 bye"
    script.write_text(f"#!/bin/sh\n{words}\n", encoding="utf-8")
    script.chmod(0o755)
    ft._check_switches(interpreter("3.14.2t", path=str(script)))


@pytest.mark.parametrize("arm", USUAL_ARMS, ids=lambda each: each.name)
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
        one._check_switches(pair[arm.free_threaded])


def test_the_arms_of_the_table_are_what_the_matrix_says(conf: Config) -> None:
    found = [
        {str(key): value for (_, key), value in each.items() if key}
        for each in iter_matrix("cpython", conf.pythons, conf)
    ]
    assert sorted(map(str, found)) == sorted(str(dict(arm.environment)) for arm in ARMS)
    assert arm_named("ft-gil1").environment == {"PYTHON_GIL": "1"}
