"""The payloads of data, the calls of every channel, and what a round of trips comes to."""

from __future__ import annotations

import multiprocessing
import os
import pickle
import sys
from array import array
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from ftbench.errors import FtbenchError, NotAvailableError
from ftbench.facts.modes import MODES, mode_named
from ftbench.probe.scenarios import data
from ftbench.probe.scenarios.data import SIZES, TRIPS, Ladder, NearAndFar, SideReport
from ftbench.probe.scenarios.reports import on_cpu
from ftbench.probe.workers import channel_of, no_such_channel, processes
from ftbench.probe.workers.shared_state import CHANNELS, Channel
from ftbench.probe.workloads import trips
from ftbench.probe.workloads.payloads import KIB, RECORD_BYTES, build, checksum, record, twin
from ftbench.probe.workloads.trips import Mapped, opened

SIZE = 8 * KIB
KINDS = ("bytes", "object")
EACH_KIND = pytest.mark.parametrize("kind", KINDS)
# Every channel that two threads of one process can stand in for.
IN_ONE_PROCESS = [
    ("handover", "threads"),
    ("simple_queue", "threads"),
    ("queue", "threads"),
    ("queue", "processes-spawn"),
    ("pipe", "processes-spawn"),
    ("shared_memory", "processes-spawn"),
    ("mmap", "processes-spawn"),
    ("shared_memory", "interpreters"),
]


@pytest.fixture(autouse=True)
def _nothing_held() -> Iterator[None]:
    yield
    trips.PAYLOADS.clear()


def test_bytes_have_the_size_asked_for() -> None:
    assert [len(build("bytes", size)) for size in SIZES.values()] == list(SIZES.values())


@pytest.mark.parametrize("size", SIZES.values())
def test_an_object_takes_about_its_size_when_it_is_pickled(size: int) -> None:
    assert len(pickle.dumps(build("object", size), 5)) == pytest.approx(size, rel=1 / 16)


def test_records_share_nothing_that_pickle_could_send_once() -> None:
    """But for the names of their fields, which any two dicts of a program share."""
    texts = [
        text for number in range(100) for text in (record(number)["text"], record(number)["name"])
    ]
    assert len(set(texts)) == len(texts)
    assert len(pickle.dumps([record(number) for number in range(100)], 5)) > 90 * RECORD_BYTES


@EACH_KIND
def test_a_checksum_is_that_of_the_payload_and_of_its_copy(kind: str) -> None:
    payload = build(kind, SIZE)
    assert checksum(pickle.loads(pickle.dumps(payload))) == checksum(payload)  # noqa: S301
    assert checksum(build(kind, SIZE)) == checksum(payload)
    assert checksum(build(kind, SIZE // 2)) != checksum(payload)


def test_a_checksum_looks_at_every_byte_and_at_a_view_alike() -> None:
    payload = bytearray(build("bytes", SIZE))
    expected = checksum(payload)
    assert checksum(memoryview(payload)) == expected
    for place in (0, SIZE // 2, SIZE - 1):
        payload[place] ^= 1
        assert checksum(payload) != expected
        payload[place] ^= 1


@pytest.mark.parametrize(
    "change",
    [
        {"id": 7},
        {"name": ""},
        {"tags": []},
        {"place": (0.0, 0.0)},
        {"more": {"parent": 0, "open": False}},
        {"text": "short"},
    ],
    ids=lambda change: next(iter(change)),
)
def test_a_checksum_looks_at_every_part_of_a_record(change: dict[str, Any]) -> None:
    payload = build("object", SIZE)
    changed = [*payload[:3], payload[3] | change, *payload[4:]]
    assert checksum(changed) != checksum(payload)


LADDER = ((KIB, 3), (SIZE, 2))


def _rounds(channel: Channel, kind: str) -> list[tuple[Any, Any]]:
    """Have two threads play both sides for three rounds; return what they said, near and far."""
    near = trips.near_side(channel.near, kind, LADDER)
    far = trips.far_side(channel.far, kind, LADDER)
    said = []
    with ThreadPoolExecutor(1) as other:
        for _ in range(3):
            trips.ready(kind, LADDER)
            there = other.submit(next, far)
            said.append((next(near), there.result(20)))
    return said


@EACH_KIND
@pytest.mark.parametrize(("channel", "mode"), IN_ONE_PROCESS)
@pytest.mark.skipif(sys.platform == "win32", reason="a pipe's ends are POSIX's here")
def test_every_channel_brings_the_payload_there_and_back(
    channel: str, mode: str, kind: str
) -> None:
    made = channel_of(channel, mode_named(mode), SIZE)
    made.settled()
    try:
        first, *timed = _rounds(made, kind)
    finally:
        made.close()
    assert first == (checksum(build(kind, SIZE)),) * 2, "one payload, held on both sides"
    rounds = [(SideReport(*near), SideReport(*far)) for near, far in timed]
    assert data.check(rounds, kind, LADDER).name == "checksum"
    for sides in rounds:
        times = list(data.seconds_of_trips(sides))
        assert len(times) == 5
        assert min(times) > 0
        assert 0 < on_cpu(sides) <= 1


@EACH_KIND
@pytest.mark.parametrize(("channel", "mode"), IN_ONE_PROCESS)
@pytest.mark.skipif(sys.platform == "win32", reason="a pipe's ends are POSIX's here")
def test_what_was_given_is_kept_unless_it_is_shared(channel: str, mode: str, kind: str) -> None:
    made = channel_of(channel, mode_named(mode), SIZE)
    payload = build(kind, SIZE)
    with ThreadPoolExecutor(1) as other:
        there = other.submit(trips.keep, made.far, kind)
        gave = trips.give(made.near, payload, kind)
        kept, total = there.result(20)
    assert gave == total == checksum(payload)
    if kind == "bytes" and channel in {"shared_memory", "mmap"}:
        assert kept is None
    else:
        assert kept == payload
    made.close()


def test_threads_hand_over_the_payload_itself() -> None:
    channel = channel_of("handover", mode_named("threads"), SIZE)
    send, _, _ = opened(channel.near, "object")
    _, receive, _ = opened(channel.far, "object")
    payload = build("object", SIZE)
    send(payload)
    assert receive() is payload


def test_bytes_in_shared_memory_are_read_where_they_stand() -> None:
    channel = channel_of("shared_memory", mode_named("processes-spawn"), SIZE)
    send, _, done = opened(channel.near, "bytes")
    _, receive, read = opened(channel.far, "bytes")
    send(b"first")
    got = receive()
    send(b"other")
    receive()
    assert bytes(got) == b"other"
    got.release()
    done()
    read()
    channel.close()


def test_the_largest_payload_is_there_first_and_all_are_built_once() -> None:
    """The look at the memory of one payload is to see no other."""
    trips.ready("object", LADDER)
    assert trips.PAYLOADS.keys() == {("object", SIZE)}
    first = trips.PAYLOADS["object", SIZE]
    for _ in range(2):
        trips.ready("object", LADDER)
        assert trips.PAYLOADS.keys() == {("object", SIZE), ("object", KIB)}
    assert trips.PAYLOADS["object", SIZE] is first


@EACH_KIND
def test_the_serial_twin_has_the_payloads_checksum(kind: str) -> None:
    for size in (KIB, SIZE):
        assert twin(kind, size) == checksum(build(kind, size))


@pytest.mark.parametrize("mode", MODES, ids=lambda mode: mode.name)
@pytest.mark.parametrize("channel", CHANNELS)
def test_a_channel_has_a_reason_where_it_makes_no_sense_and_sides_where_it_does(
    channel: str, mode: Any
) -> None:
    reason = no_such_channel(channel, mode)
    assert data.DATA.hole(mode, {"channel": channel}) == reason
    if reason:
        assert len(reason.split()) > 3
        return
    if mode.start_method not in {None, *multiprocessing.get_all_start_methods()}:
        pytest.skip(f"no {mode.start_method} here")
    if (channel, mode.kind) == ("queue", "interpreters") and sys.hexversion < 0x030E0000:
        pytest.skip("needs concurrent.interpreters")
    made = channel_of(channel, mode, SIZE)
    assert made.near[0] == made.far[0] == channel
    made.close()


def test_every_mode_has_a_channel() -> None:
    for mode in MODES:
        assert [channel for channel in CHANNELS if no_such_channel(channel, mode) is None]


def test_a_mapped_file_is_gone_once_both_sides_have_it() -> None:
    channel = channel_of("mmap", mode_named("processes-spawn"), SIZE)
    mapped: Mapped = channel.near[1][0]
    again: Mapped = pickle.loads(pickle.dumps(mapped))  # noqa: S301 - our own
    channel.settled()
    if sys.platform != "win32":
        assert not Path(mapped.path).exists()
    mapped.buf[:4] = b"both"
    assert again.buf[:4] == b"both"
    again.close()
    channel.close()
    assert not Path(mapped.path).exists()


def test_a_disk_without_room_is_not_available_and_leaves_no_file(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def full(*_args: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "truncate", full)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    with pytest.raises(NotAvailableError, match="No space left on device"):
        processes._file(SIZE)
    assert not list(tmp_path.iterdir())


def _report(sums: list[int], left: list[int], arrived: list[int]) -> SideReport:
    return SideReport(0, 100, 40, sums, array("q", left).tobytes(), array("q", arrived).tobytes())


def _sides(ways: list[tuple[int, int]], ladder: Ladder) -> NearAndFar:
    """Return a round whose trips take so long there and so long back; checks take 100 each."""
    sums = [checksum(build("bytes", size)) for size, count in ladder for _ in range(count)]
    starts = range(0, 1_000 * len(ways), 1_000)
    there = [start + way for start, (way, _) in zip(starts, ways, strict=True)]
    answered = [got + 100 for got in there]
    home = [start + way for start, (_, way) in zip(answered, ways, strict=True)]
    return _report(sums, list(starts), home), _report(sums, answered, there)


def test_a_trip_is_the_way_there_and_the_way_back_without_the_check_between() -> None:
    times = data.seconds_of_trips(_sides([(2, 3), (20, 30), (5, 5)], ((KIB, 1), (SIZE, 2))))
    assert list(times) == pytest.approx([5e-9, 50e-9, 10e-9])


def test_a_rounds_cost_is_its_median_trip_of_each_size() -> None:
    ladder = ((KIB, 3), (KIB, 1), (KIB, 1), (KIB, 1))
    ways = [(1, 1), (40, 40), (2, 2), (5, 5), (6, 6), (7, 7)]
    assert data.trip_costs(_sides(ways, ladder), ladder) == {
        "trip_1kib": pytest.approx(4e-9),
        "trip_64kib": pytest.approx(10e-9),
        "trip_1mib": pytest.approx(12e-9),
        "trip_16mib": pytest.approx(14e-9),
    }


@pytest.mark.parametrize("wrong", [0, 1], ids=["near", "far"])
def test_a_payload_that_is_not_the_serial_twins_is_refused(wrong: int) -> None:
    ladder = ((KIB, 2),)
    good = _sides([(1, 1), (1, 1)], ladder)
    assert "2 payloads" in data.check([good], "bytes", ladder).checked
    near, far = (
        report._replace(sums=[report.sums[0], 13]) if at == wrong else report
        for at, report in enumerate(good)
    )
    with pytest.raises(FtbenchError, match="side got is not the serial twin's") as raised:
        data.check([good, (near, far)], "bytes", ladder)
    assert ("near side", "far side")[wrong] in str(raised.value)


def _seen(**bytes_of: int | None) -> dict[str, Any]:
    return {"samples": [{"processes": [{"role": "parent", **bytes_of}]}]}


def test_held_is_what_the_tree_grew_by_and_beyond_is_what_is_not_the_payload() -> None:
    phases = {
        data.EMPTY: _seen(rss=100, uss=10, pss=50),
        data.BUILT: _seen(rss=200, uss=20, pss=80),
        data.HELD: _seen(rss=300, uss=30, pss=120),
    }
    outcome = data.from_observation(phases, 1)
    assert outcome.metrics["held"].samples == (70.0,)
    assert (outcome.notes["memory"], outcome.notes["beyond"]) == ("pss", 40.0)


def test_without_a_scarcer_figure_memory_is_the_resident_set() -> None:
    phases = {
        phase: _seen(rss=rss, uss=None, pss=None)
        for phase, rss in ((data.EMPTY, 1), (data.BUILT, 2), (data.HELD, 5))
    }
    outcome = data.from_observation(phases, 1)
    assert (outcome.metrics["held"].samples, outcome.notes["memory"]) == ((4.0,), "rss")


def test_the_trips_of_a_round_are_fixed_and_fewer_behind_a_queue_that_sleeps() -> None:
    assert all(len(counts) == len(SIZES) for counts in (*TRIPS.values(), data.POLLED_TRIPS))
    pairs = zip(data.POLLED_TRIPS, TRIPS["object"], strict=True)
    assert all(1 <= polled <= count for polled, count in pairs)
