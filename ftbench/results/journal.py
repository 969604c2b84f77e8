"""What a request has measured so far: a call that was ended leaves it to the next one."""

from __future__ import annotations

import hashlib
import json
import os
from collections import defaultdict
from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from ftbench.probe.instruments.machine import PIN_VARIABLE, machine_record
from ftbench.results.figure import CONDITIONS
from ftbench.results.records import digest_of

# Bytes of a line; a longer one is none of ours.
_LONGEST: Final = 2**24


def conditions() -> str:
    """Return a digest of all that must be alike here before an earlier run is gone on with."""
    return digest_of([*map(machine_record().get, CONDITIONS), os.environ.get(PIN_VARIABLE)])


class Journal:
    """What was kept, in its order, by what was `asked`; `stamp` names all that was the same.

    Each entry names the `run` that measured it: what one call measures, at one time, is a sitting.
    """

    def __init__(self, path: Path, stamp: str, run: str) -> None:
        """Read what is there; lines of another stamp, cut short or damaged, are nothing."""
        self.path, self._stamp, self.run = path, stamp, run
        self.kept: dict[str, list[dict[str, Any]]] = defaultdict(list)
        # Of another run: how many entries, and when the last was.
        self.count, self.measured_at = 0, ""
        line = b""
        with suppress(FileNotFoundError), path.open("r+b") as file:
            while more := file.readline(_LONGEST):
                line = more
                digest, _, text = line.strip().partition(b" ")
                if digest == self._digest(text):
                    entry: dict[str, Any] = {**json.loads(text), "line": line.strip() + b"\n"}
                    self.kept[entry["asked"]].append(entry)
                    if entry["run"] != run:
                        self.count, self.measured_at = self.count + 1, entry["at"]
            if line and not line.endswith(b"\n"):
                # A kill cut it short: what comes next must not become part of that line.
                file.write(b"\n")
        self.stale = bool(line) and not self.kept

    def _digest(self, text: bytes) -> bytes:
        # Of the stamp too, so that a line that fits is one that was written for it, whole.
        return hashlib.sha256(f"{self._stamp} ".encode() + text).hexdigest().encode()

    def whole(self, asked: Sequence[str]) -> list[tuple[str, Any]]:
        """Return the last entry of each that is asked, [] unless all are there and of one run."""
        entries = [self.kept[each][-1] for each in asked if self.kept.get(each)]
        last = [(entry["run"], entry["content"]) for entry in entries]
        return last if len(last) == len(asked) and len({run for run, _ in last}) == 1 else []

    def add(self, asked: str, content: Any) -> None:
        """Keep one thing more: whole, or not at all."""
        at = datetime.now(UTC).astimezone().isoformat(" ", "minutes")
        entry = {"asked": asked, "at": at, "run": self.run, "content": content}
        text = json.dumps(entry).encode()
        with self.path.open("ab") as file:
            file.write(self._digest(text) + b" " + text + b"\n")

    def forget(self) -> None:
        """Remove it: all of it is in the results."""
        self.path.unlink(missing_ok=True)
