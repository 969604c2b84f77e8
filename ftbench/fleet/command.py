"""What the subcommands of `ftbench fleet` do."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import msgspec
from filelock import FileLock, Timeout
from rich.console import Console

from ftbench.errors import NothingError, ResultsError, UsageError
from ftbench.facts.units import plural
from ftbench.fleet.coordinator import Coordinator, State
from ftbench.fleet.links import Link, SshLink
from ftbench.fleet.plan import Fleet, Work, read_fleet
from ftbench.fleet.spool import packed_suite
from ftbench.progress import about
from ftbench.report.document import Document, Part, Row, Table, Tone
from ftbench.results.journal import Journal
from ftbench.results.records import digest_of

_SITTING: Final = "sitting"
# How long `collect` waits for agents: they look for a coordinator each five seconds.
COLLECT_SECONDS: Final = 20.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Project:
    """A clone with a fleet: what is asked for, and what earlier calls came to."""

    folder: Path
    file: Path
    fleet: Fleet
    suite: tuple[str, bytes]

    @classmethod
    def of(cls, folder: Path, file: Path) -> Project:
        """Read a fleet's file; raises `FtbenchError`."""
        (folder / "env" / "fleet").mkdir(parents=True, exist_ok=True)
        return cls(folder=folder, file=file, fleet=read_fleet(file), suite=packed_suite(folder))

    def path(self, suffix: str) -> Path:
        """Return where something of it lies that no result is."""
        name = f"{self.file.stem}-{digest_of(str(self.file.absolute()))}{suffix}"
        return self.folder / "env" / "fleet" / name

    def lock(self) -> FileLock:
        """Return what one coordinator holds at a time."""
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
        """Return what each host is to do."""
        return self.fleet.works(self.suite[0], journal.kept[_SITTING][0]["content"])


def run(
    project: Project,
    console: Console,
    certificates: Path,
    *,
    ssh: Path | None,
    fresh: bool = False,
    only_collect: bool = False,
) -> None:
    """Do what a fleet's file asks for, or only fetch what its hosts have kept."""
    try:
        with project.lock().acquire(timeout=0):
            journal = project.journal(fresh=fresh)
            before, works = len(journal.kept), project.works(journal)
            every = [work.id for those in works.values() for work in those]
            if not only_collect and all(each in journal.kept for each in every):
                count = plural(len(every), "run", "runs")
                raise NothingError(
                    f"All {count} of {project.file} are in the results.",
                    hint="--fresh measures them anew.",
                )

            def coordinator(link: Link) -> Coordinator:
                return Coordinator(
                    fleet=project.fleet,
                    link=link,
                    results=project.folder / "results",
                    suite=project.suite,
                    journal=journal,
                    works=dict.fromkeys(works, ()) if only_collect else works,
                    patience=COLLECT_SECONDS if only_collect else project.fleet.patience,
                    console=console,
                    state_path=project.path(".json"),
                )

            try:
                if ssh is None:
                    asyncio.run(_by_dask(project.fleet, console, certificates, coordinator))
                else:
                    asyncio.run(coordinator(SshLink.of(ssh)).run())
            finally:
                count = plural(len(journal.kept) - before, "run", "runs")
                console.print(f"{count} collected; asv publish shows them.", markup=False)
    except Timeout:
        raise UsageError(f"Another coordinator of {project.file} is at work.") from None


async def _by_dask(
    fleet: Fleet, console: Console, certificates: Path, coordinator: Callable[[Link], Coordinator]
) -> None:
    from ftbench.fleet import dask_link  # noqa: PLC0415 - ssh does without

    dask_link.make_certificate(certificates)
    async with dask_link.listening(fleet.interface, fleet.port, certificates) as link:
        where = f"Agents find it at {link.address}, with {certificates}."
        console.print(where, markup=False, soft_wrap=True)
        await coordinator(link).run()


def plan(project: Project) -> Document:
    """Return what there is to do, and what of it is done."""
    journal = project.journal()
    works = [work for those in project.works(journal).values() for work in those]
    runs = [{**msgspec.to_builtins(each), "collected": each.id in journal.kept} for each in works]
    columns = ("host", "bench", "releases", "arms", "profile", "rounds", "collected")
    rows = tuple(Row(cells=tuple(_cell(each[name]) for name in columns)) for each in runs)
    return Document(
        title=f"The runs of {project.file}",
        record={"schema": {"name": "ftbench.fleet.plan", "version": 1}, "runs": runs},
        parts=(Part(tables=(Table(columns=columns, rows=rows),)),),
    )


def _cell(value: object) -> str:
    if isinstance(value, (tuple, list)):
        return ", ".join(value)
    return {"None": "", "True": "yes", "False": "no"}.get(str(value), str(value))


def status(project: Project) -> Document:
    """Return how far the last coordinator is, or was; `NothingError` if there was none."""
    path = project.path(".json")
    if not path.exists():
        raise NothingError(f"No coordinator of {project.file} was ever at work here.")
    try:
        state = msgspec.json.decode(path.read_bytes(), type=State)
    except ValueError as error:
        raise ResultsError(f"{path}: {error}.", hint="Remove it.") from error
    who = "No coordinator is at work"
    try:
        project.lock().acquire(timeout=0).lock.release()
    except Timeout:
        who = f"Process {state.pid} is at work"
    now = time.time()
    rows = tuple(
        Row(
            cells=(host, f"{about(now - each.heard)} ago", str(each.left)),
            tone=Tone.BAD if each.silent else Tone.PLAIN,
        )
        for host, each in state.hosts.items()
    )
    left = sum(each.left for each in state.hosts.values())
    far = f"{left} of {plural(state.total, 'run', 'runs')} to come"
    return Document(
        title=f"The fleet of {project.file}",
        record={
            "schema": {"name": "ftbench.fleet.status", "version": 1},
            **msgspec.to_builtins(state),
        },
        parts=(
            Part(
                lines=(
                    f"{who}; {far}, as of {about(now - state.at)} ago.",
                    *(f"{each.what}: {each.why}" for each in state.failed),
                ),
                tables=(Table(columns=("host", "heard", "to come"), rows=rows, numbers=1),),
            ),
        ),
    )
