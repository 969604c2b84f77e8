"""Which GIL is asked for, by whom, and what is said when it is not the one there was."""

from __future__ import annotations

import sysconfig

import pytest
from probing import program, run_probe

from ftbench.errors import GilStateError
from ftbench.probe.run.cell import check_gil
from ftbench.probe.run.measure import gil_asked
from ftbench.pythons import Interpreter

ON, OFF = (True, {"PYTHON_GIL": "1"}), (False, {"PYTHON_GIL": "0"})


def _build(monkeypatch: pytest.MonkeyPatch, *, free_threaded: bool) -> None:
    monkeypatch.setattr(sysconfig, "get_config_var", {"Py_GIL_DISABLED": int(free_threaded)}.get)


@pytest.mark.parametrize(
    ("gil", "environ", "expected"),
    [
        (None, {}, OFF),
        (None, {"PYTHON_GIL": ""}, OFF),
        (None, {"PYTHON_GIL": "0"}, OFF),
        (None, {"PYTHON_GIL": "1"}, ON),
        (True, {"PYTHON_GIL": "0"}, ON),
        (False, {"PYTHON_GIL": "1"}, OFF),
    ],
)
def test_a_free_threaded_build_does_as_told_and_is_told_so_in_its_environment(
    monkeypatch: pytest.MonkeyPatch,
    gil: bool | None,  # noqa: FBT001
    environ: dict[str, str],
    expected: tuple[bool, dict[str, str]],
) -> None:
    _build(monkeypatch, free_threaded=True)
    assert gil_asked(gil=gil, environ=environ) == expected


@pytest.mark.parametrize("environ", [{}, {"PYTHON_GIL": ""}, {"PYTHON_GIL": "1"}])
def test_a_gil_build_has_its_gil_and_needs_no_variable(
    monkeypatch: pytest.MonkeyPatch, environ: dict[str, str]
) -> None:
    _build(monkeypatch, free_threaded=False)
    assert gil_asked(gil=None, environ=environ) == (True, {})


def test_a_gil_build_cannot_be_without(monkeypatch: pytest.MonkeyPatch) -> None:
    _build(monkeypatch, free_threaded=False)
    with pytest.raises(GilStateError, match="cannot run without its GIL"):
        gil_asked(gil=False, environ={})
    with pytest.raises(GilStateError, match="ftbench pythons install"):
        gil_asked(gil=None, environ={"PYTHON_GIL": "0"})


@pytest.mark.parametrize("state", [True, False])
def test_a_gil_that_stays_as_asked_for_is_fine(state: bool) -> None:  # noqa: FBT001
    check_gil(asked=state, before=state, after=state, gil_warnings=["nobody listens"])


@pytest.mark.parametrize(
    ("asked", "before", "after"),
    [(False, False, True), (False, True, True), (True, False, False), (True, True, False)],
)
def test_a_gil_that_is_not_as_asked_for_throws_the_run_away_and_says_why(
    asked: bool,  # noqa: FBT001
    before: bool,  # noqa: FBT001
    after: bool,  # noqa: FBT001
) -> None:
    with pytest.raises(GilStateError, match="thrown away") as caught:
        check_gil(asked=asked, before=before, after=after, gil_warnings=["module 'x' did it"])
    assert "module 'x' did it" in str(caught.value)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["must_scale"], "PYTHON_GIL=0"),
        (["native"], "PYTHON_GIL=None"),
        (["pools", "--mode", "loky"], "PYTHON_GIL=None"),
        (["native", "--gil", "on"], "PYTHON_GIL=1"),
    ],
)
def test_a_cell_of_others_modules_may_have_its_gil_switched_on(
    ft_python: Interpreter, words: list[str], said: str
) -> None:
    tell = "import os, sys\nsys.exit(f'PYTHON_GIL={os.environ.get(\"PYTHON_GIL\")}')"
    done = run_probe(ft_python.executable, *words, how=program(tell))
    assert said in done.stderr
