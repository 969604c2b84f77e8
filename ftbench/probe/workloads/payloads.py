"""Payloads of a size: bytes, or a nested object that takes as many bytes when it is pickled.

Both are the same in every process and on every build; their checksum looks at all of them.
"""

from __future__ import annotations

from binascii import crc32

TYPE_CHECKING = False  # typing itself would be luggage in every spawned worker
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

KIB = 1024
# Bytes that a record takes when it is pickled, give or take a few.
RECORD_BYTES = 1024
_TEXT = 924
_MASK = 0xFFFF_FFFF_FFFF_FFFF


def record(number: int) -> dict[str, Any]:
    """Return one record: a dict of numbers, text, a list, a tuple and a dict, none of it shared."""
    return {
        "id": number,
        "name": f"item {number:>10}",
        "tags": [f"a{number % 7}", f"b{number % 11}", f"c{number % 13}"],
        "place": (number / 4, number / 2),
        "more": {"parent": number // 2, "open": number % 2 == 0},
        "text": f"{number:0>{_TEXT}}",
    }


def build(kind: str, size: int) -> Any:
    """Return a payload of `size` bytes, a multiple of 1 KiB; `kind` is `bytes` or `object`."""
    if kind == "bytes":
        return bytes(range(256)) * (size // 256)
    return [record(number) for number in range(size // RECORD_BYTES)]


def checksum(payload: Any) -> int:
    """Return the checksum of a payload, or of what came of it: bytes or a view of them, records."""
    return _of_records(payload) if isinstance(payload, list) else crc32(payload)


def twin(kind: str, size: int) -> int:
    """Return the checksum of a payload without holding all of it."""
    if kind == "bytes":
        return checksum(build(kind, size))
    return _of_records(record(number) for number in range(size // RECORD_BYTES))


def _of_records(records: Iterable[dict[str, Any]]) -> int:
    total = 0
    for fields in records:
        more, (x, y) = fields["more"], fields["place"]
        total = (
            total * 31
            + fields["id"]
            + more["parent"]
            + more["open"]
            + int(x + y)
            + len(fields["name"])
            + len(fields["tags"])
            + len(fields["text"])
        ) & _MASK
    return total
