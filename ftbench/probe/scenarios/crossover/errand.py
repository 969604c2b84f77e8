"""Errands: what a worker of crossover is sent on, with a payload there and a digest back.

Imported by every spawned worker and inside subinterpreters: no imports but of what is light.
"""

from __future__ import annotations

from binascii import crc32

from ftbench.probe.pool_tasks import grind


def errand(steps: int, payload: bytes) -> int:
    """Read all of `payload`, then do that many steps of the generator from its checksum.

    What comes back proves both, and is as small as a result can be.
    """
    return grind((crc32(payload), steps))
