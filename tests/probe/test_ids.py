"""The ids are SplitMix64's, a stream per worker, and lie in their space."""

from __future__ import annotations

from itertools import islice

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ftbench.probe.workloads import ids
from ftbench.probe.workloads.ids import GAMMA, draw, drawn, prepare, seed_of, swiftly

WORKERS = st.integers(0, 255)
SPACES = st.integers(1, 1 << 62)
_WHOLE = 1 << 64


def _published(state: int) -> int:
    """Return what `nextLong` of the paper's Java class yields for a state, by plain arithmetic."""
    z = state % _WHOLE
    z = (z ^ z // 2**30) * 0xBF58476D1CE4E5B9 % _WHOLE
    z = (z ^ z // 2**27) * 0x94D049BB133111EB % _WHOLE
    return z ^ z // 2**31


def test_the_reference_in_this_file_gives_the_published_numbers() -> None:
    """The first five of seed 1234567, as in many languages' test suites."""
    golden = 0x9E3779B97F4A7C15
    assert [_published(1234567 + turn * golden) for turn in range(1, 6)] == [
        6457827717110365317,
        3203168211198807973,
        9817491932198370423,
        4593380528125082431,
        16408922859458223821,
    ]


@given(WORKERS, SPACES)
def test_a_workers_ids_are_the_generators_modulo_the_space(index: int, id_space: int) -> None:
    golden = 0x9E3779B97F4A7C15
    seed = (0xC0FFEE ^ ((index + 1) * golden)) % _WHOLE
    expected = [_published(seed + turn * golden) % id_space for turn in range(1, 9)]
    assert list(islice(draw(index, id_space), 8)) == expected


@given(WORKERS, SPACES)
def test_they_are_the_same_where_many_are_drawn_at_once(index: int, id_space: int) -> None:
    many = 2 * ids.LANES + 1
    expected = list(islice(draw(index, id_space), many))
    assert list(islice(swiftly(index, id_space), many)) == expected


@given(WORKERS, SPACES)
def test_every_id_lies_in_its_space(index: int, id_space: int) -> None:
    assert all(0 <= uid < id_space for uid in islice(draw(index, id_space), 50))


@given(WORKERS)
def test_a_stream_is_the_same_each_time_it_is_drawn(index: int) -> None:
    assert list(islice(draw(index, _WHOLE), 20)) == list(islice(draw(index, _WHOLE), 20))


def test_no_two_workers_have_a_seed_in_common() -> None:
    seeds = {seed_of(index) for index in range(1_000)}
    assert len(seeds) == 1_000
    assert all(0 <= seed < _WHOLE for seed in seeds)


def test_streams_hardly_meet() -> None:
    """Eight streams of a thousand ids each: a 64-bit generator repeats none of them."""
    drawn = [uid for index in range(8) for uid in islice(draw(index, _WHOLE), 1_000)]
    assert len(set(drawn)) == len(drawn)


def test_the_constants_are_the_papers_and_the_articles() -> None:
    assert GAMMA == 0x9E3779B97F4A7C15
    assert ids.SEED == 0xC0FFEE
    assert ids.MASK == _WHOLE - 1


def test_ids_are_drawn_beforehand_and_are_the_same_objects_in_each_round(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    prepare(3, (5, 0.0, 1, 100_000))
    monkeypatch.setattr(ids, "draw", None)  # nothing is drawn any more
    first = list(islice(drawn(3), 5))
    assert first == list(islice(draw(3, 100_000), 5))
    prepare(3, (5, 0.0, 1, 100_000))
    assert list(map(id, drawn(3))) == list(map(id, first))
    prepare(3, (6, 0.0, 1, 100_000))
    assert len(list(drawn(3))) == 6


def test_a_time_box_draws_a_cycle(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ids, "CYCLE", 8)
    expected = list(islice(draw(0, 100), 8))
    for seconds, count in ((0.5, 5), (60.0, 8)):
        prepare(0, (0, seconds, 1, 100))
        assert list(islice(drawn(0), 2 * count)) == expected[:count] * 2
