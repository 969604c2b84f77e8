"""One real run that many tests look at, and copies of it for those that change something."""

from __future__ import annotations

from pathlib import Path

import pytest
from asvproject import CELL, CHEAP, AsvProject

from ftbench.interpreters import Interpreter


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
