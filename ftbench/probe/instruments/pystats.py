"""The interpreter's own counts, from a build that was configured with `--enable-pystats`.

Such a build has `sys._stats_on`, `_stats_off`, `_stats_clear` and `_stats_dump`.  The dump is
text, "name: number" a line, into a file of a random name in `/tmp/py_stats/`, or to standard
error where that folder does not exist (CPython, `Python/pystats.c`; `Python/specialize.c` before
3.15).  It is of this process alone: workers that are processes count for themselves.
"""

from __future__ import annotations

import os
import re
import sys
from contextlib import suppress
from pathlib import Path

FOLDER = Path("c:/temp/py_stats" if sys.platform == "win32" else "/tmp/py_stats")  # noqa: S108

# Our name → the line of the dump: totals that say why a program became slower.
_LINES = {
    "instructions": r"\s*opcode\[\w+\]\.execution_count : (\d+)",
    "specialization_misses": r"\s*opcode\[\w+\]\.specialization\.miss : (\d+)",
    "deopts": r"\s*opcode\[\w+\]\.specialization\.deopt : (\d+)",
    "frames_pushed": r"Frames pushed: (\d+)",
    "allocations": r"Object allocations: (\d+)",
    "collections": r"GC\[\d\] collections: (\d+)",
    "mutex_sleeps": r"Mutex sleeps \(mutex_sleeps\): (\d+)",
    "world_stops": r"World stops \(world_stops\): (\d+)",
    "traces_executed": r"Optimization traces executed: (\d+)",
}


def begin() -> None:
    """Count from zero, where the build can."""
    for name in ("_stats_clear", "_stats_on"):
        call = getattr(sys, name, None)
        if call is not None:
            call()


def totals() -> dict[str, int]:
    """Stop counting and return the totals, {} where the build counts nothing."""
    stop, dump = getattr(sys, "_stats_off", None), getattr(sys, "_stats_dump", None)
    if stop is None or dump is None:
        return {}
    stop()
    import tempfile  # noqa: PLC0415 - for these builds alone

    before = _files()
    sys.stderr.flush()
    kept = os.dup(2)
    with tempfile.TemporaryFile() as heard:
        os.dup2(heard.fileno(), 2)
        try:
            dump()
            sys.stderr.flush()
        finally:
            os.dup2(kept, 2)
            os.close(kept)
        heard.seek(0)
        text = heard.read().decode("utf-8", "replace")
    for file in _files() - before:  # the one that we have just written, but for a neighbour's
        if not text:
            with suppress(OSError):
                text = file.read_text(encoding="utf-8", errors="replace")
    return parse(text)


def _files() -> set[Path]:
    return set(FOLDER.glob("*.txt"))


def parse(text: str) -> dict[str, int]:
    """Return the totals of a dump; a line that it does not have is no total."""
    found: dict[str, int] = {}
    for line in text.splitlines():
        for name, pattern in _LINES.items():
            match = re.fullmatch(pattern, line.rstrip())
            if match:
                found[name] = found.get(name, 0) + int(match[1])
    return found
