"""What asv's benchmarks have yielded, cell by cell: asv itself writes when an environment is done.

A run that was killed leaves its journals; the next one takes the cells over, and says so.
"""

from __future__ import annotations

import json
from collections import defaultdict, deque
from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from ftbench.results.records import DAMAGE

# The file to which benchmarks append records; the others of a cell are whole.
STAGED: Final = "staged"


class Journal:
    """What was measured of a release in an environment; `stamp` names all that was the same."""

    def __init__(self, path: Path, stamp: str, run: str) -> None:
        """Read what is there; lines of another stamp, or cut short, are nothing."""
        self._path, self._stamp, self._run = path, stamp, run
        self._left: dict[str, deque[dict[str, str]]] = defaultdict(deque)
        self.measured_at = ""
        content = path.read_bytes() if path.is_file() else b""
        if content and not content.endswith(b"\n"):
            # A kill cut it short: what comes next must not become part of that line.
            path.write_bytes(content + b"\n")
        for line in content.splitlines():
            with suppress(*DAMAGE):
                entry: dict[str, Any] = json.loads(line)
                if entry["stamp"] == stamp:
                    self._left[entry["asked"]].append(dict(entry["files"]))
                    self.measured_at = str(entry["at"])
        self.count = sum(map(len, self._left.values()))

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
        texts = {name: each.read_text("utf-8") for name, each in files.items() if each.exists()}
        staged = texts.get(STAGED, "").encode()[begin:].splitlines()
        # A record that is taken over stays one of this run.
        of_run = [json.dumps({"run": self._run} | json.loads(line)) + "\n" for line in staged]
        at = datetime.now(UTC).astimezone().isoformat(" ", "minutes")
        kept = {**texts, STAGED: "".join(of_run)}
        entry = {"asked": asked, "stamp": self._stamp, "at": at, "files": kept}
        with self._path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(entry) + "\n")

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
