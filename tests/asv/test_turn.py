"""One asv at a time on a machine."""

from __future__ import annotations

import multiprocessing
from pathlib import Path
from types import SimpleNamespace

import pytest
from filelock import FileLock, Timeout

from ftbench.asv.measuring_lock import VARIABLE, MeasuringLock
from ftbench.errors import FtbenchError


@pytest.fixture
def lock(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "folder" / "lock"
    monkeypatch.setenv(VARIABLE, str(path))
    return path


def test_the_turn_is_kept_until_the_end(lock: Path) -> None:
    turn = MeasuringLock()
    turn.acquire()
    turn.acquire()
    with pytest.raises(Timeout):
        FileLock(lock).acquire(timeout=0)


def test_another_asv_is_told_to_wait(lock: Path) -> None:
    first, second = MeasuringLock(), MeasuringLock()
    first.acquire()
    with pytest.raises(FtbenchError, match="is measuring on this machine"):
        second.acquire()


def test_the_children_of_asv_work_under_their_parents(
    lock: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, child = MeasuringLock(), MeasuringLock()
    first.acquire()
    monkeypatch.setattr(multiprocessing, "parent_process", lambda: SimpleNamespace(pid=1))
    child.acquire()  # does not raise: the turn is its parent's
    assert lock.exists()


def test_without_the_variable_it_is_one_for_the_whole_machine(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(VARIABLE, raising=False)
    monkeypatch.setenv("FTBENCH_CACHE", str(tmp_path))
    MeasuringLock().acquire()
    assert (tmp_path / "measuring.lock").exists()


def test_a_lock_that_cannot_be_made_is_a_message(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv(VARIABLE, str(tmp_path / "file" / "lock"))
    with pytest.raises(FtbenchError, match="keeps two runs apart"):
        MeasuringLock().acquire()
