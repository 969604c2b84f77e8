"""A child's pipes: read to the end, within bounds, with a deadline."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import IO

import pytest

from ftbench.probe.run.child import TAIL_BYTES, Lines, Tail


@pytest.fixture
def ends() -> Iterator[tuple[IO[bytes], IO[bytes]]]:
    """The two ends of a pipe; the reader closes its own."""
    inner, outer = os.pipe()
    with os.fdopen(outer, "wb", buffering=0) as writer:
        yield os.fdopen(inner, "rb"), writer


def test_lines_come_in_their_order_and_then_the_end(ends: tuple[IO[bytes], IO[bytes]]) -> None:
    reader, writer = ends
    lines = Lines(reader)
    writer.write(b"one\ntwo\ncut sho")
    writer.close()
    assert [lines.following(5.0) for _ in range(4)] == [b"one\n", b"two\n", b"cut sho", b""]
    lines.close()
    assert reader.closed


def test_a_line_that_does_not_come_is_given_up(ends: tuple[IO[bytes], IO[bytes]]) -> None:
    reader, writer = ends
    lines = Lines(reader)
    with pytest.raises(TimeoutError):
        lines.following(0.01)
    with pytest.raises(TimeoutError):
        lines.following(-1.0)
    writer.close()
    lines.close()


def test_a_pipe_that_somebody_keeps_open_does_not_hold_us(
    ends: tuple[IO[bytes], IO[bytes]],
) -> None:
    reader, writer = ends
    lines = Lines(reader)
    lines.close()
    assert not reader.closed
    writer.close()
    lines.close()
    assert reader.closed


def test_of_a_talkative_child_the_last_words_are_kept(ends: tuple[IO[bytes], IO[bytes]]) -> None:
    reader, writer = ends
    tail = Tail(reader)
    for _ in range(50):
        writer.write(b"x" * 10_000)
    writer.write("the last words: naïve".encode())
    writer.close()
    text = tail.text()
    assert text.endswith("the last words: naïve")
    assert len(text) <= TAIL_BYTES
    tail.close()


def test_bytes_that_are_no_text_are_read_all_the_same(ends: tuple[IO[bytes], IO[bytes]]) -> None:
    reader, writer = ends
    tail = Tail(reader)
    writer.write(b"\xff\xfe then words")
    writer.close()
    assert tail.text().endswith(" then words")
    tail.close()
