"""What asv's benchmarks have yielded, cell by cell: asv itself writes when an environment is done.

A run that was killed leaves its journals; the next one takes the cells over, and says so.
"""

from __future__ import annotations

import hashlib
import json
from collections import defaultdict, deque
from collections.abc import Iterator, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from ftbench.results.records import DAMAGE, Record

# The file to which benchmarks append records; the others of a cell are whole.
STAGED: Final = "staged"
# Bytes of a line; a longer one is none of ours.
_LONGEST: Final = 2**24


def records_in(staged: bytes) -> Iterator[Record]:
    """Yield what benchmarks have staged; a line that a kill cut short is nothing."""
    for line in staged.splitlines():
        with suppress(*DAMAGE):
            yield dict(json.loads(line))


class Journal:
    """What was measured of a release in an environment; `stamp` names all that was the same."""

    def __init__(self, path: Path, stamp: str, run: str) -> None:
        """Read what is there; lines of another stamp, cut short or damaged, are nothing."""
        self._path, self._stamp, self._run = path, stamp, run
        self._left: dict[str, deque[dict[str, str]]] = defaultdict(deque)
        # Of another run: how many cells, and when the last was.
        self.count, self.measured_at = 0, ""
        line = b""
        with suppress(FileNotFoundError), path.open("r+b") as file:
            while more := file.readline(_LONGEST):
                line = more
                digest, _, text = line.strip().partition(b" ")
                if digest == self._digest(text):
                    entry: dict[str, Any] = json.loads(text)
                    self._left[entry["asked"]].append(entry["files"])
                    if entry["run"] != run:
                        self.count, self.measured_at = self.count + 1, entry["at"]
            if line and not line.endswith(b"\n"):
                # A kill cut it short: what comes next must not become part of that line.
                file.write(b"\n")

    def _digest(self, text: bytes) -> bytes:
        # Of the stamp too, so that a line that fits is one that was written for it, whole.
        return hashlib.sha256(f"{self._stamp} ".encode() + text).hexdigest().encode()

    def take(self, asked: str, files: Mapping[str, Path]) -> bool:
        """Write into `files`, by their names, what a cell yielded then; tell whether it did."""
        if not self._left[asked]:
            return False
        for name, text in self._left[asked].popleft().items():
            with files[name].open("a" if name == STAGED else "w", encoding="utf-8") as file:
                file.write(text)
        return True

    def keep(self, asked: str, files: Mapping[str, Path], begin: int) -> None:
        """Add what a cell yielded, from byte `begin` on of what is staged: whole, or not at all."""
        whole = {name: path for name, path in files.items() if name != STAGED and path.exists()}
        texts = {name: path.read_text("utf-8") for name, path in whole.items()}
        staged = files[STAGED].read_bytes()[begin:] if files[STAGED].exists() else b""
        # A record that is taken over stays one of this run.
        of_run = [json.dumps({"run": self._run} | each) + "\n" for each in records_in(staged)]
        at = datetime.now(UTC).astimezone().isoformat(" ", "minutes")
        kept = {**texts, STAGED: "".join(of_run)}
        entry = {"asked": asked, "at": at, "run": self._run, "files": kept}
        text = json.dumps(entry).encode()
        with self._path.open("ab") as file:
            file.write(self._digest(text) + b" " + text + b"\n")

    def forget(self) -> None:
        """Remove it: all of it is in the results."""
        self._path.unlink(missing_ok=True)


class Journals(dict[tuple[str, str], Journal]):
    """Those of this asv process, by environment and release; how many cells are to be measured."""

    planned = 0

    def forget(self) -> None:
        """Remove all: the run has ended well."""
        for journal in self.values():
            journal.forget()


JOURNALS: Final = Journals()
