"""Engines are found where an environment keeps them, and stepped into only when asked."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from ftbench.facts.modes import Mode
from ftbench.probe.workers import engines, unavailable

ENGINE = "engine_to_load"
MODE = Mode(name="x", kind="x", title="x", workers="loky", engine=ENGINE)


@pytest.fixture
def prefix(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An environment without engines, which the running interpreter takes for its own."""
    monkeypatch.setattr(sys, "prefix", str(tmp_path))
    monkeypatch.setattr(sys, "path", list(sys.path))
    monkeypatch.setenv("PYTHONPATH", "")  # first, or what a test sets there would stay
    monkeypatch.delenv("PYTHONPATH")
    return tmp_path


@pytest.fixture
def installed(prefix: Path) -> Iterator[Path]:
    """The folder of an engine in that environment."""
    package = prefix / "cache" / "cp314-0" / ENGINE
    package.mkdir(parents=True)
    (package / "__init__.py").write_text("__version__ = '1.2'\n", encoding="utf-8")
    known = {ENGINE: {engines.PLACE: str(package.parent)}, "other": {engines.REASON: "No wheel"}}
    (prefix / engines.FILE).write_text(json.dumps(known), encoding="utf-8")
    yield package.parent
    sys.modules.pop(ENGINE, None)


def test_what_is_not_there_is_not_found_and_cannot_be_loaded(prefix: Path) -> None:
    assert "not installed" in str(unavailable(MODE))
    with pytest.raises(ImportError):
        engines.load(ENGINE)
    assert not [path for path in sys.path if ENGINE in path]


def test_what_is_there_is_found_and_not_stepped_into(installed: Path) -> None:
    assert unavailable(MODE) is None
    assert ENGINE not in sys.modules
    assert str(installed) not in sys.path
    assert "PYTHONPATH" not in os.environ
    assert unavailable(MODE._replace(engine="other")) == "No wheel"


def test_a_copy_of_the_interpreter_has_those_of_its_environment(
    installed: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(sys, "prefix", str(tmp_path / "copy"))
    assert "not installed" in str(unavailable(MODE))
    monkeypatch.setenv(engines.ENVIRONMENT, str(tmp_path))
    assert unavailable(MODE) is None


@pytest.mark.parametrize("told", [None, "elsewhere"])
def test_loading_puts_it_on_the_path_of_this_process_and_of_its_children(
    installed: Path, monkeypatch: pytest.MonkeyPatch, told: str | None
) -> None:
    if told:
        monkeypatch.setenv("PYTHONPATH", told)
    before = list(sys.path)
    for _ in range(2):
        assert engines.load(ENGINE).__version__ == "1.2"
    assert engines.engine_of(MODE) == {"engine": f"{ENGINE} 1.2"}
    assert sys.path == [*before, str(installed)]
    assert os.environ["PYTHONPATH"] == os.pathsep.join(filter(None, [told, str(installed)]))
    child = [sys.executable, "-P", "-c", f"import {ENGINE}; print({ENGINE}.__version__)"]
    assert subprocess.check_output(child, text=True, timeout=60).strip() == "1.2"


def test_by_hand_it_is_what_the_interpreter_has(prefix: Path) -> None:
    assert unavailable(MODE._replace(engine="pytest")) is None
    before = list(sys.path)
    assert engines.load("pytest") is pytest
    assert sys.path == before
    assert "PYTHONPATH" not in os.environ
