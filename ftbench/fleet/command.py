"""What the subcommands of `ftbench fleet` do."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import msgspec
from filelock import FileLock, Timeout
from rich.console import Console

from ftbench.errors import NothingError, ResultsError, UsageError
from ftbench.facts.units import plural
from ftbench.fleet.certificates import Certificates
from ftbench.fleet.coordinator import Coordinator, State
from ftbench.fleet.links import Link, SshLink, read_hosts
from ftbench.fleet.plan import Fleet, Work, read_fleet
from ftbench.fleet.spool import packed_suite
from ftbench.progress import about
from ftbench.report.document import Document, Part, Row, Table, Tone
from ftbench.results.journal import Journal
from ftbench.results.records import digest_of

_SITTING: Final = "sitting"
# How long `collect` waits for agents: they look for a coordinator each five seconds.
COLLECT_SECONDS: Final = 20.0
_LOOK_SECONDS: Final = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Project:
    """A clone with a fleet: what is asked for, and what earlier calls came to."""

    folder: Path
    fleet: Fleet
    file: Path

    @classmethod
    def of(cls, folder: Path, file: Path) -> Project:
        """Read a fleet's file; raises `FtbenchError`."""
        return cls(folder=folder, fleet=read_fleet(file), file=file)

    def _path(self, suffix: str) -> Path:
        folder = self.folder / "env" / "fleet"
        folder.mkdir(parents=True, exist_ok=True)
        return folder / f"{self.file.stem}-{digest_of(str(self.file.absolute()))}{suffix}"

    @property
    def state_path(self) -> Path:
        """Where a coordinator says how far it is."""
        return self._path(".json")

    def journal(self, *, fresh: bool = False) -> Journal:
        """Return what is collected; if `fresh`, all is to be measured anew."""
        path = self._path(".jsonl")
        if fresh:
            path.unlink(missing_ok=True)
        journal = Journal(path, "fleet", datetime.now(UTC).isoformat())
        if not journal.kept.get(_SITTING):
            journal.add(_SITTING, journal.run)
            return self.journal()
        return journal

    def works(self, journal: Journal, suite: str) -> list[Work]:
        """Return what is to be done, in its order."""
        return list(self.fleet.works(suite, journal.kept[_SITTING][0]["content"]))

    def lock(self) -> FileLock:
        """Return what one coordinator holds at a time."""
        return FileLock(self._path(".lock"))


def run(
    project: Project,
    console: Console,
    certificates: Certificates,
    *,
    ssh: Path | None,
    fresh: bool = False,
    only_collect: bool = False,
) -> None:
    """Do what a fleet's file asks for, or only fetch what its hosts have kept."""
    try:
        with project.lock().acquire(timeout=0):
            asyncio.run(_run(project, console, certificates, ssh, fresh, only_collect))
    except Timeout:
        raise UsageError(
            f"Another coordinator of {project.file} is at work.",
            hint="'ftbench fleet status' tells how far it is.",
        ) from None


async def _run(  # noqa: PLR0917 - of one caller
    project: Project,
    console: Console,
    certificates: Certificates,
    ssh: Path | None,
    fresh: bool,  # noqa: FBT001
    only_collect: bool,  # noqa: FBT001
) -> None:
    suite = packed_suite(project.folder)
    journal = project.journal(fresh=fresh)
    works = [] if only_collect else project.works(journal, suite[0])
    if works and all(work.id in journal.kept for work in works):
        raise NothingError(
            f"All {plural(len(works), 'run', 'runs')} of {project.file} are in the results.",
            hint="--fresh measures them anew.",
        )
    before = len(journal.kept)
    async with AsyncExitStack() as stack:
        link = await _link(project, console, certificates, ssh, stack)
        coordinator = Coordinator(
            fleet=project.fleet,
            link=link,
            results=project.folder / "results",
            suite=suite,
            journal=journal,
            works=works,
            console=console,
            state=State(),
            state_path=project.state_path,
        )
        if not only_collect:
            await coordinator.run()
        else:
            until = time.monotonic() + COLLECT_SECONDS
            while time.monotonic() < until:
                await coordinator.collect()
                await asyncio.sleep(_LOOK_SECONDS)
    console.print(
        f"{plural(len(journal.kept) - before, 'run', 'runs')} collected; "
        "asv publish, or ftbench report, shows them.",
        markup=False,
    )


async def _link(
    project: Project,
    console: Console,
    certificates: Certificates,
    ssh: Path | None,
    stack: AsyncExitStack,
) -> Link:
    if ssh is not None:
        return SshLink(destinations=read_hosts(ssh))
    from ftbench.fleet.dask_link import listening  # noqa: PLC0415 - the extra is not needed for ssh

    certificates.make()
    fleet = project.fleet
    link = await stack.enter_async_context(listening(fleet.interface, fleet.port, certificates))
    console.print(
        f"Agents find it at {link.address}, with {certificates.folder}.",
        markup=False,
        soft_wrap=True,
    )
    return link


def plan(project: Project) -> Document:
    """Return what there is to do, and what of it is done."""
    journal = project.journal()
    works = project.works(journal, packed_suite(project.folder)[0])
    done = [work.id in journal.kept for work in works]
    rows = tuple(
        Row(
            cells=(
                f"any of {work.place}" if work.grouped else work.place,
                work.bench,
                ", ".join(work.releases),
                ", ".join(work.arms),
                work.profile,
                str(work.rounds or "its own"),
                "collected" if there else "to do",
            ),
            tone=Tone.QUIET if there else Tone.PLAIN,
        )
        for work, there in zip(works, done, strict=True)
    )
    columns = ("where", "benchmarks", "releases", "arms", "profile", "rounds", "state")
    record = {
        "schema": {"name": "ftbench.fleet.plan", "version": 1},
        "runs": [
            {"id": work.id, "collected": there, **msgspec.to_builtins(work)}
            for work, there in zip(works, done, strict=True)
        ],
    }
    places = Counter(work.place for work in works)
    line = (
        f"{plural(len(works), 'run', 'runs')} at {plural(len(places), 'place', 'places')}, at most "
        f"{max(places.values())} one after the other; {sum(done)} collected."
    )
    return Document(
        title=f"The fleet of {project.file}",
        record=record,
        parts=(Part(lines=(line,), tables=(Table(columns=columns, rows=rows),)),),
    )


def status(project: Project) -> Document:
    """Return how far the last coordinator is, or was; `NothingError` if there was none."""
    path = project.state_path
    if not path.exists():
        raise NothingError(f"No coordinator of {project.file} was ever at work here.")
    try:
        state = msgspec.json.decode(path.read_bytes(), type=State)
    except ValueError as error:
        raise ResultsError(f"{path}: {error}.", hint="Remove it.") from error
    at_work = False
    try:
        project.lock().acquire(timeout=0).lock.release()
    except Timeout:
        at_work = True
    now = time.time()
    rows = tuple(
        Row(
            cells=(
                place,
                f"{about(now - each.heard)} ago",
                each.refused.partition("\n")[0],
                str(each.collected),
            ),
            tone=Tone.BAD if each.refused or each.told else Tone.PLAIN,
        )
        for place, each in sorted(state.places.items())
    )
    who = f"Process {state.pid} is at work" if at_work else "No coordinator is at work"
    far = f"{state.collected} of {plural(state.total, 'run', 'runs')} collected"
    lines = (
        f"{who}; {far}, {len(state.failed)} failed, as of {about(now - state.at)} ago.",
        *(f"{each.work}: {each.why}" for each in state.failed),
    )
    table = Table(columns=("where", "heard", "refused", "collected"), rows=rows, numbers=1)
    return Document(
        title=f"The fleet of {project.file}",
        record={
            "schema": {"name": "ftbench.fleet.status", "version": 1},
            "at_work": at_work,
            **msgspec.to_builtins(state),
        },
        parts=(Part(lines=lines, tables=(table,)),),
    )
