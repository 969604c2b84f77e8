"""A clone with a fleet: what is asked for, what of it is collected, and how that is told."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import msgspec
from filelock import FileLock, Timeout

from ftbench.errors import NothingError, ResultsError
from ftbench.facts.units import plural
from ftbench.fleet.plan import Fleet, Work, read_fleet
from ftbench.fleet.spool import packed_suite
from ftbench.progress import about
from ftbench.report.document import Document, Part, Row, Table, Tone
from ftbench.results.journal import Journal
from ftbench.results.records import digest_of

_SITTING: Final = "sitting"


class Failure(msgspec.Struct, frozen=True):
    """What was not done, and why."""

    what: str
    code: int
    why: str


class HostState(msgspec.Struct, kw_only=True):
    """How far a host is."""

    heard: float  # or since when it is waited for
    silent: bool = False  # it is said already
    left: int


class State(msgspec.Struct, kw_only=True):
    """What a coordinator writes now and then, and at its end."""

    pid: int = msgspec.field(default_factory=os.getpid)
    at: float = 0.0
    failed: list[Failure] = []
    hosts: dict[str, HostState] = {}


@dataclass(frozen=True, slots=True, kw_only=True)
class Project:
    """What is asked for, and what earlier calls came to."""

    folder: Path
    file: Path
    fleet: Fleet
    suite: tuple[str, bytes]

    @classmethod
    def of(cls, folder: Path, file: Path) -> Project:
        (folder / "env" / "fleet").mkdir(parents=True, exist_ok=True)
        return cls(folder=folder, file=file, fleet=read_fleet(file), suite=packed_suite(folder))

    def path(self, suffix: str) -> Path:
        """Return where something of it lies that no result is."""
        name = f"{self.file.stem}-{digest_of(str(self.file.absolute()))}{suffix}"
        return self.folder / "env" / "fleet" / name

    def lock(self) -> FileLock:
        return FileLock(self.path(".lock"))

    def journal(self, *, fresh: bool = False) -> Journal:
        """Return what is collected; if `fresh`, all is to be measured anew."""
        if fresh:
            self.path(".jsonl").unlink(missing_ok=True)
        journal = Journal(self.path(".jsonl"), "fleet", datetime.now(UTC).isoformat())
        if _SITTING not in journal.kept:
            journal.add(_SITTING, journal.run)
            return self.journal()
        return journal

    def works(self, journal: Journal) -> dict[str, list[Work]]:
        return self.fleet.works(self.suite[0], journal.kept[_SITTING][0]["content"])

    def plan(self) -> Document:
        journal = self.journal()
        by_host = self.works(journal)
        works = [work for those in by_host.values() for work in those]
        runs = [
            {
                **msgspec.to_builtins(work),
                "releases": ", ".join(work.releases),
                "arms": ", ".join(work.arms),
                "state": "collected" if work.id in journal.kept else "to do",
            }
            for work in works
        ]
        line = f"{plural(len(works), 'run', 'runs')} on {plural(len(by_host), 'host', 'hosts')}."
        columns = ("host", "bench", "releases", "arms", "profile", "state")
        rows = tuple(Row(cells=tuple(each[name] for name in columns)) for each in runs)
        return Document(
            title=f"The runs of {self.file}",
            record={"schema": {"name": "ftbench.fleet.plan", "version": 1}, "runs": runs},
            parts=(Part(lines=(line,), tables=(Table(columns=columns, rows=rows),)),),
        )

    def status(self) -> Document:
        """Return how far the last coordinator is, or was; `NothingError` if there was none."""
        path, now = self.path(".json"), time.time()
        if not path.exists():
            raise NothingError(f"No coordinator of {self.file} was ever at work here.")
        try:
            state = msgspec.json.decode(path.read_bytes(), type=State)
        except ValueError as error:
            raise ResultsError(f"{path}: {error}.", hint="Remove it.") from error
        who = "No coordinator is at work"
        try:
            self.lock().acquire(timeout=0).lock.release()
        except Timeout:
            who = f"Process {state.pid} is at work"
        rows = tuple(
            Row(
                cells=(host, f"{about(now - each.heard)} ago", str(each.left)),
                tone=Tone.BAD if each.silent else Tone.PLAIN,
            )
            for host, each in state.hosts.items()
        )
        left = plural(sum(each.left for each in state.hosts.values()), "run", "runs")
        lines = (
            f"{who}; {left} to come, as of {about(now - state.at)} ago.",
            *(f"{each.what}: {each.why}" for each in state.failed),
        )
        table = Table(columns=("host", "heard", "to come"), rows=rows, numbers=1)
        return Document(
            title=f"The fleet of {self.file}",
            record={
                "schema": {"name": "ftbench.fleet.status", "version": 1},
                **msgspec.to_builtins(state),
            },
            parts=(Part(lines=lines, tables=(table,)),),
        )
