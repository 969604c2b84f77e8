"""The open-addressing table behaves as a set, whatever the ids and however full its stripes."""

from __future__ import annotations

from itertools import islice
from multiprocessing import shared_memory
from threading import Lock

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ftbench.probe.workloads.ids import draw, prepare
from ftbench.probe.workloads.inserting import SLOT_BYTES, fill, insert, tabled, view

# Few stripes of few slots: ids meet, and probing wraps around.
STRIPES, SIZE = 4, 8
LARGEST = (1 << 62) - 1


def _buffer(stripes: int = STRIPES, size: int = SIZE) -> bytearray:
    return bytearray(stripes * size * SLOT_BYTES)


def _held(buffer: bytearray) -> list[int]:
    """Return the ids that are in the table, each as often as it is there."""
    with view(buffer) as slots:
        return [slot - 1 for slot in slots if slot]


def _fits(uids: list[int]) -> bool:
    distinct = set(uids)
    return all(sum(uid % STRIPES == s for uid in distinct) <= SIZE for s in range(STRIPES))


# Small ones meet often; the rest are any.
UIDS = st.integers(0, 40) | st.integers(0, LARGEST)


@given(st.lists(UIDS, max_size=40).filter(_fits))
def test_it_says_of_each_id_what_a_set_says(uids: list[int]) -> None:
    buffer, twin = _buffer(), set[int]()
    with view(buffer) as slots:
        for uid in uids:
            new = uid not in twin
            twin.add(uid)
            assert insert(slots, uid, STRIPES, SIZE) == new
    assert sorted(_held(buffer)) == sorted(twin)


@given(st.lists(UIDS, max_size=40).filter(_fits))
def test_filling_counts_what_was_new(uids: list[int]) -> None:
    buffer = _buffer()
    assert fill(buffer, uids, STRIPES) == len(set(uids))
    assert fill(buffer, uids, STRIPES) == 0


@given(st.integers(0, STRIPES - 1), st.integers(0, SIZE - 1))
def test_a_full_stripe_is_found_to_the_last_slot_and_then_refuses(stripe: int, place: int) -> None:
    """All ids of one stripe that want one slot: probing goes through the end to the beginning."""
    uids = [((turn * SIZE + place) * STRIPES) + stripe for turn in range(SIZE)]
    buffer = _buffer()
    assert fill(buffer, uids, STRIPES) == SIZE
    with view(buffer) as slots:
        assert [insert(slots, uid, STRIPES, SIZE) for uid in uids] == [0] * SIZE
        with pytest.raises(OverflowError, match=f"Stripe {stripe} of the table is full: {SIZE}"):
            insert(slots, (SIZE * SIZE + place) * STRIPES + stripe, STRIPES, SIZE)
        # The neighbours have kept their own.
        first = stripe * SIZE
        assert all(slots[first : first + SIZE])
        assert not any(slots[:first])
        assert not any(slots[first + SIZE :])


def test_the_id_zero_is_an_id_like_any_other() -> None:
    buffer = _buffer()
    with view(buffer) as slots:
        assert [insert(slots, 0, STRIPES, SIZE) for _ in range(2)] == [1, 0]
        assert slots[0] == 1
    assert _held(buffer) == [0]


def test_the_largest_id_that_can_be_drawn_fits_into_a_slot() -> None:
    buffer = _buffer()
    assert fill(buffer, [LARGEST], STRIPES) == 1
    assert _held(buffer) == [LARGEST]


@pytest.mark.parametrize(("operations", "every"), [(64, 1), (64, 16), (64, 64)])
def test_a_workers_loop_inserts_what_it_draws_and_times_one_in_every_so_many(
    operations: int, every: int
) -> None:
    buffer = _buffer(STRIPES, 64)
    locks = [Lock() for _ in range(STRIPES)]
    plan = (operations, 0.0, every, 50)
    prepare(3, plan)
    begin, end, cpu, attempts, inserts, waits, more = tabled(3, plan, buffer, locks)
    twin = set(islice(draw(3, 50), operations))
    assert set(_held(buffer)) == twin
    assert (attempts, inserts, more) == (operations, len(twin), None)
    quicks, waited = waits
    assert (len(quicks), waited) == (operations // every * 8, b"")
    assert begin <= end
    assert cpu >= 0
    assert not any(lock.locked() for lock in locks)


def test_shared_memory_can_be_closed_after_it_was_viewed() -> None:
    """A view that stays behind would make that a BufferError."""
    memory = shared_memory.SharedMemory(create=True, size=STRIPES * SIZE * SLOT_BYTES)
    try:
        prepare(0, (32, 0.0, 8, 20))
        tabled(0, (32, 0.0, 8, 20), memory, [Lock() for _ in range(STRIPES)])
        with view(memory) as slots:
            assert sum(map(bool, slots)) == len(set(islice(draw(0, 20), 32)))
    finally:
        memory.close()
        memory.unlink()
