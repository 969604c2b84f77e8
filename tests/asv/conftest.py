"""One real run that many tests look at, and copies of it for those that change something."""

from __future__ import annotations

from pathlib import Path

import pytest
from asv.config import Config
from asvproject import CELL, CHEAP, AsvProject
from fake_builds import Install, chosen, interpreter

from ftbench.asv import environment as module
from ftbench.asv.environment import CPythonEnvironment
from ftbench.asv.measuring_lock import MeasuringLock
from ftbench.pythons import Interpreter, Survey, Unusable


@pytest.fixture(scope="session")
def empty(
    tmp_path_factory: pytest.TempPathFactory, pair: tuple[Interpreter, Interpreter]
) -> AsvProject:
    """A project with nothing measured, and the pair as its only interpreters."""
    return AsvProject.made(tmp_path_factory.mktemp("asv") / "empty", pair)


@pytest.fixture(scope="session")
def measured(
    empty: AsvProject, tmp_path_factory: pytest.TempPathFactory, pair: tuple[Interpreter, ...]
) -> AsvProject:
    """The pair's release, measured on every arm; to be looked at only."""
    project = empty.copy(tmp_path_factory.mktemp("asv") / "measured")
    done = project.run(f"{pair[0].release}^!", *CHEAP, *CELL, "--record-samples")
    assert done.code == 0, done.said
    (project.folder / "said.txt").write_text(done.said, encoding="utf-8")
    return project


@pytest.fixture
def project(measured: AsvProject, tmp_path: Path) -> AsvProject:
    """A copy of the measured project."""
    return measured.copy(tmp_path / "project")


@pytest.fixture
def release(pair: tuple[Interpreter, Interpreter]) -> str:
    """The name of the pair's release."""
    return pair[0].release.name


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
    monkeypatch.setattr(module, "MEASURING_LOCK", MeasuringLock())
    conf = Config.load(str(Path(__file__).parents[2] / "asv.conf.json"))
    conf.env_dir = str(tmp_path / "env")
    return conf


@pytest.fixture
def ft(conf: Config, install: Install) -> CPythonEnvironment:
    """The free-threaded arm of a machine with one plain build."""
    install(interpreter("3.14.2"), interpreter("3.14.2t"))
    (one,) = chosen(conf, "ft")
    return one
