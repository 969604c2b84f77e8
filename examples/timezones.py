# /// script
# requires-python = ">=3.11"
# dependencies = ["tzdata"]
# ///
"""Binary files read by pure Python: the time zones that the package tzdata ships.

    ftbench try timezones.py:transitions --inputs-from timezones.py:regions

Computes, and needs nothing of C: what the free-threaded build is for.  Regions differ in size, as
real work does.
"""

import importlib.resources
import struct

ZONES = importlib.resources.files("tzdata") / "zoneinfo"
HEADER = struct.Struct(">4sc15x6l")


def regions():
    """Return the regions of the world."""
    return ["Africa", "America", "Asia", "Atlantic", "Australia", "Europe", "Indian", "Pacific"]


def transitions(region):
    """Return for each zone of a region how often its clocks changed, and its offsets in hours."""
    found = {}
    for file in sorted((ZONES / region).iterdir(), key=lambda file: file.name):
        if file.is_file() and not file.name.endswith(".py"):
            found[file.name] = parsed(file.read_bytes())
    return found


def parsed(data):
    """Return the number of transitions of a zone, and the offsets that it had (RFC 8536)."""
    magic, version, *counts = HEADER.unpack_from(data)
    if magic != b"TZif":
        raise ValueError("this is no time zone")
    size, start = 4, HEADER.size
    if version >= b"2":  # the same once more, with times of eight bytes
        is_ut, is_std, leaps, times, types, characters = counts
        start += times * 5 + types * 6 + characters + leaps * 8 + is_std + is_ut
        _, _, *counts = HEADER.unpack_from(data, start)
        size, start = 8, start + HEADER.size
    _, _, _, times, types, _ = counts
    moments = [
        int.from_bytes(data[at : at + size], "big", signed=True)
        for at in range(start, start + times * size, size)
    ]
    start += times * size
    which = data[start : start + times]
    start += times
    offsets = [struct.unpack_from(">l", data, start + 6 * n)[0] / 3600 for n in range(types)]
    return len(moments), sorted({offsets[number] for number in which})
