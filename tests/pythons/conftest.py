"""A cache folder of its own for each test here: no test may see or leave a build."""

from __future__ import annotations

from pathlib import Path

import pytest


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "cache"
    monkeypatch.setenv("FTBENCH_CACHE", str(folder))
    for name in ("FTBENCH_PYTHONS", "PYENV_ROOT", "MISE_DATA_DIR", "ASDF_DATA_DIR"):
        monkeypatch.setenv(name, "" if name == "FTBENCH_PYTHONS" else str(tmp_path / "none"))
    return folder


@pytest.fixture
def bare_environ(tmp_path: Path, cache: Path) -> dict[str, str]:
    """An environment in which nothing can be found but what the test puts there."""
    return {
        "PATH": str(tmp_path / "nowhere"),
        "HOME": str(tmp_path),
        "FTBENCH_CACHE": str(cache),
        "PYENV_ROOT": str(tmp_path / "pyenv"),
        "MISE_DATA_DIR": str(tmp_path / "mise"),
        "ASDF_DATA_DIR": str(tmp_path / "asdf"),
    }
