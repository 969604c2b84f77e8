"""What members share by: filled anew between rounds, freed at the end, refused without room."""

from __future__ import annotations

import os
import sys
from array import array
from collections.abc import Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ftbench.errors import NotAvailableError, WorkerFailedError
from ftbench.facts.modes import MODES, mode_named
from ftbench.probe.workers import processes, shared_state_of
from ftbench.probe.workers.base import Helper
from ftbench.probe.workers.shared_state import BlameHelper, refill
from ftbench.probe.workloads.locks import PipeLock, usable

THREADS = mode_named("threads")
SPAWN = mode_named("processes-spawn")
SHARED_MEMORY = Path("/dev/shm")
UIDS = st.sets(st.integers(0, 1 << 62), max_size=50)
linux = pytest.mark.skipif(sys.platform != "linux", reason="Linux keeps shared memory in a folder")


@given(UIDS, UIDS)
def test_a_set_and_a_dict_hold_just_what_they_are_refilled_with(
    before: set[int], uids: set[int]
) -> None:
    shared, packed = set(before), array("q", uids)
    refill(shared, packed)
    assert shared == uids
    keyed = dict.fromkeys(before, 7)
    refill(keyed, packed)
    assert keyed.keys() == uids


class Proxy(dict[int, int]):
    """A dict that remembers how much came in one message."""

    def __init__(self) -> None:
        super().__init__()
        self.messages: list[int] = []

    def update(self, some: Mapping[int, int]) -> None:  # type: ignore[override]
        self.messages.append(len(some))
        super().update(some)


def test_a_managers_dict_is_filled_in_pieces() -> None:
    proxy = Proxy()
    refill(proxy, range(10_000))
    assert proxy.keys() == set(range(10_000))
    assert proxy.messages == [4_096, 4_096, 1_808]


@pytest.mark.parametrize("mode", [mode for mode in MODES if mode.kind != "interpreters"])
def test_nothing_is_made_before_it_is_asked_for(mode: Any) -> None:
    means = shared_state_of(mode)
    assert means.helper is None
    means.close()


def test_a_pipe_with_a_byte_in_it_is_a_lock() -> None:
    ends = os.pipe()
    try:
        os.write(ends[1], b".")
        lock = usable(ends)
        assert isinstance(lock, PipeLock)
        os.set_blocking(ends[0], False)
        for _ in range(2):
            assert lock.acquire() is True
            with pytest.raises(BlockingIOError):
                lock.acquire()
            lock.release()
        assert os.read(ends[0], 9) == b".", "it is free once, however often it was taken"
    finally:
        for end in ends:
            os.close(end)


def test_what_is_a_lock_already_is_used_as_it_is() -> None:
    lock = shared_state_of(THREADS).lock()
    assert usable(lock) is lock


@linux
def test_a_buffer_is_zeros_and_gone_when_it_is_closed() -> None:
    means = shared_state_of(SPAWN)
    memory = means.buffer(4_096)
    assert bytes(memory.buf) == bytes(len(memory.buf))
    assert (SHARED_MEMORY / memory.name).exists()
    means.close()
    assert not (SHARED_MEMORY / memory.name).exists()


@linux
def test_a_buffer_without_room_is_not_available(monkeypatch: pytest.MonkeyPatch) -> None:
    """It would be given, and end in a SIGBUS: Docker's /dev/shm has 64 MiB."""
    small = SimpleNamespace(f_bavail=16_384, f_frsize=4_096)
    monkeypatch.setattr(os, "statvfs", lambda _path: small)
    means = shared_state_of(SPAWN)
    with pytest.raises(NotAvailableError, match="128 MiB is needed; /dev/shm has room for 64 MiB"):
        means.buffer(128 << 20)
    small.f_bavail = 16
    with pytest.raises(NotAvailableError, match="96 KiB is needed; /dev/shm has room for 64 KiB"):
        means.buffer(96 << 10)
    means.buffer(4_096)
    means.close()


def test_a_system_that_keeps_shared_memory_elsewhere_is_not_asked_for_room(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(processes, "_SHARED_MEMORY", "/no/such/folder")
    means = shared_state_of(SPAWN)
    assert len(means.buffer(4_096).buf) >= 4_096
    means.close()


def _means_with_a_manager(exitcode: int | None) -> Any:
    process = SimpleNamespace(exitcode=exitcode, join=lambda _seconds: None)
    return SimpleNamespace(helper=Helper(role="manager", process=process, cpu=lambda: 0.0))


@pytest.mark.parametrize("error", [EOFError(), ConnectionResetError(104, "reset"), OSError("odd")])
def test_a_parent_that_falls_over_the_managers_end_blames_the_manager(error: Exception) -> None:
    with (
        pytest.raises(WorkerFailedError, match=r"manager .* ended during") as caught,
        BlameHelper(_means_with_a_manager(-9), SPAWN),
    ):
        raise error
    assert caught.value.story == f"It was killed by SIGKILL.\nThe parent: {error!r}."


@pytest.mark.parametrize("means", [shared_state_of(THREADS), _means_with_a_manager(None)])
def test_what_a_manager_has_no_part_in_stays_what_it_is(means: Any) -> None:
    with pytest.raises(OSError, match="odd"), BlameHelper(means, SPAWN):
        raise OSError("odd")
