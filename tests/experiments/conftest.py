"""What tests of the commands that measure share."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def clone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that asv could run in, and a lock of its own."""
    shutil.copy(ROOT / "asv.conf.json", tmp_path)
    shutil.copytree(ROOT / "benchmarks", tmp_path / "benchmarks")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("FTBENCH_MEASURING_LOCK", str(tmp_path / "lock"))
    return tmp_path
