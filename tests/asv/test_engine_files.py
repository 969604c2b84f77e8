"""Engines in a benchmark's environment: beside what is on its path, whole, pure Python."""

from __future__ import annotations

import importlib.util
import os
import subprocess
from pathlib import Path

import pytest

from ftbench.experiments.harness import probe
from ftbench.facts.modes import EVERY_MODE
from ftbench.probe.run.child import clean_environment
from ftbench.pythons import Interpreter, venvs

ENGINE = "engine_of_a_test"
HAS_JOBLIB = importlib.util.find_spec("joblib") is not None
NEEDS_JOBLIB = pytest.mark.skipif(not HAS_JOBLIB, reason="needs the extra ftbench[engines]")


@pytest.fixture
def host(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of the host's path with an engine that has a helper package and tests."""
    files = ("__init__.py", "inner/part.py", "inner/data.txt", "tests/test_part.py")
    for package in (ENGINE, f"{ENGINE}_helper"):
        for file in files:
            path = tmp_path / "host" / package / file
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text("", encoding="utf-8")
    (tmp_path / "host" / ENGINE / "__init__.py").write_text("__version__ = '7'\n", encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path / "host")
    monkeypatch.setattr(venvs, "ENGINES", {ENGINE: (ENGINE, f"{ENGINE}_helper")})
    return tmp_path / "host"


def test_the_sources_of_all_its_packages_are_taken_without_their_tests(host: Path) -> None:
    assert {target.as_posix() for target in venvs.engine_files(ENGINE)} == {
        f"{ENGINE}/__init__.py",
        f"{ENGINE}/inner/part.py",
        f"{ENGINE}_helper/__init__.py",
        f"{ENGINE}_helper/inner/part.py",
    }


def test_an_engine_of_which_a_package_is_missing_is_not_there(
    host: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(venvs, "ENGINES", {ENGINE: (ENGINE, "no_such_package")})
    assert venvs.engine_files(ENGINE) == {}


@pytest.mark.parametrize("name", ["fast.so", "fast.pyd", "fast.dylib"])
def test_an_engine_that_is_compiled_is_not_handed_to_another_interpreter(
    host: Path, name: str
) -> None:
    assert venvs.why_not_copied(ENGINE) is None
    (host / f"{ENGINE}_helper" / "inner" / name).touch()
    assert venvs.engine_files(ENGINE) == {}
    assert f"has compiled code ({ENGINE}_helper/inner/{name})" in str(venvs.why_not_copied(ENGINE))


def test_every_engine_of_a_mode_has_its_packages_in_the_table() -> None:
    assert {mode.engine for mode in EVERY_MODE} - {None} == set(venvs.ENGINES)


def _ask(venv: Path, code: str) -> str:
    return subprocess.check_output(
        [venvs.python_of(venv), "-c", code],
        text=True,
        env=clean_environment(os.environ),
        timeout=60,
    ).strip()


def test_it_lies_beside_the_path_and_is_stepped_into_when_asked(
    host: Path, ft_python: Interpreter, tmp_path: Path
) -> None:
    venv = tmp_path / "venv"
    venvs.ready(venv, ft_python)
    assert _ask(venv, f"import importlib.util as u; print(u.find_spec({ENGINE!r}))") == "None"
    load = f"from ftbench.probe.workers import engines as e; e.load({ENGINE!r})"
    version = f"import sys; print(sys.modules[{ENGINE!r}].__version__)"
    assert _ask(venv, f"{load}; {version}") == "7"
    compiled = {path.name.partition(".")[0] for path in (venv / "engines").rglob("*.pyc")}
    assert compiled == {"__init__", "part"}
    assert not [path for path in (venv / "engines").rglob("*") if path.suffix in {".txt", ".so"}]


def test_a_cell_is_told_that_an_engine_is_compiled_and_not_that_it_is_not_installed(
    host: Path, ft_python: Interpreter, tmp_path: Path
) -> None:
    before = venvs.stamp(ft_python)
    (host / ENGINE / "fast.so").touch()
    assert venvs.stamp(ft_python) != before
    venvs.ready(tmp_path / "venv", ft_python)
    ask = (
        "from ftbench.facts.modes import Mode; from ftbench.probe.workers import unavailable\n"
        f"mode = Mode(name='x', kind='x', title='x', workers='loky', engine={ENGINE!r})\n"
        "print(unavailable(mode))"
    )
    told = _ask(tmp_path / "venv", ask)
    assert told.startswith(f"{ENGINE} has compiled code ({ENGINE}/fast.so), which another")


def test_another_engine_means_another_environment(host: Path, ft_python: Interpreter) -> None:
    before = venvs.stamp(ft_python)
    (host / ENGINE / "inner" / "part.py").write_text("NEW = 1\n", encoding="utf-8")
    changed = venvs.stamp(ft_python)
    (host / f"{ENGINE}_helper" / "__init__.py").unlink()
    (host / f"{ENGINE}_helper" / "inner" / "part.py").unlink()
    assert len({before, changed, venvs.stamp(ft_python)}) == 3


@NEEDS_JOBLIB
@pytest.mark.parametrize(
    ("scenario", "pool"), [("pools", "executor"), ("pools", "joblib"), ("failure", "executor")]
)
def test_loky_is_measured_in_an_environment_that_has_it(
    ft_python: Interpreter,
    tmp_path_factory: pytest.TempPathFactory,
    monkeypatch: pytest.MonkeyPatch,
    scenario: str,
    pool: str,
) -> None:
    monkeypatch.setenv("FTBENCH_CACHE", str(tmp_path_factory.getbasetemp() / "with-joblib"))
    params: dict[str, int | str] = {"pool": pool, "workers": 2}
    measured = probe(
        ft_python, scenario, mode="loky", params=params, profile="smoke", gil=False, deadline=100
    )
    assert measured.notes["engine"].startswith("joblib ")
    assert not measured.gil.after
