"""What asv's benchmarks have yielded, cell by cell: asv itself writes when an environment is done.

A run that was killed leaves its journals; the next one takes the cells over, and says so.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

from ftbench.errors import DAMAGE
from ftbench.files import written_whole
from ftbench.results.journal import Journal
from ftbench.results.records import Record

# The file to which benchmarks append records; the others of a cell are whole.
STAGED: Final = "staged"


def records_in(staged: bytes) -> Iterator[Record]:
    """Yield what benchmarks have staged; a line that a kill cut short is nothing."""
    for line in staged.splitlines():
        with suppress(*DAMAGE):
            yield dict(json.loads(line))


class CellJournal(Journal):
    """What was measured of a release in an environment: the texts of a cell's files, by name."""

    def earlier(self, planned: Mapping[str, int]) -> list[dict[str, Any]]:
        """Return what a run that asks so often for each is going to take over of others."""
        taken = [each for asked, count in planned.items() for each in self.kept[asked][:count]]
        return [each for each in taken if each["run"] != self.run]

    def take(self, asked: str, files: Mapping[str, Path]) -> bool:
        """Write into `files`, by their names, what a cell yielded then; tell whether it did."""
        if not self.kept[asked]:
            return False
        for name, text in self.kept[asked].pop(0)["content"].items():
            with files[name].open("a" if name == STAGED else "w", encoding="utf-8") as file:
                file.write(text)
        return True

    def keep(self, asked: str, files: Mapping[str, Path], begin: int) -> None:
        """Add what a cell yielded, from byte `begin` on of what is staged: whole, or not at all."""
        whole = {name: path for name, path in files.items() if name != STAGED and path.exists()}
        texts = {name: path.read_text("utf-8") for name, path in whole.items()}
        staged = files[STAGED].read_bytes()[begin:] if files[STAGED].exists() else b""
        # A record that is taken over stays one of this run.
        of_run = [json.dumps({"run": self.run} | each) + "\n" for each in records_in(staged)]
        self.add(asked, {**texts, STAGED: "".join(of_run)})

    def settle(self, *, saved: bool) -> None:
        """Remove what this run has measured and, where it is `saved`, what it has taken over."""
        kept = self.kept if saved else Journal(self.path, self._stamp, self.run).kept
        every = (each for entries in kept.values() for each in entries)
        if left := [each["line"] for each in every if each["run"] != self.run]:
            with written_whole(self.path) as beside:
                beside.write_bytes(b"".join(left))
        else:
            self.forget()


class Journals(dict[tuple[str, str], CellJournal]):
    """Those of this asv process, by environment and release, and what is known of all its cells."""

    def __init__(self) -> None:
        super().__init__()
        # What asv asks for first of each cell that is selected, and how often.
        self.planned: dict[str, int] = {}
        # Whether one was measured, failed or had been measured before, and why others were skipped.
        self.told = False
        self.skipped: dict[str, None] = {}
        self.saved = False  # a dry run saves nothing


JOURNALS: Final = Journals()
