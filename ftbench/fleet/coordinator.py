"""Has each host do its works, one after the other, and brings home what they yield."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Final

import msgspec
from filelock import Timeout
from rich.console import Console

from ftbench.asv.machines import refuse_other
from ftbench.errors import (
    AsvError,
    DeadlineError,
    FtbenchError,
    NotAvailableError,
    NothingError,
    UsageError,
    error_class,
)
from ftbench.facts.units import plural
from ftbench.files import write_whole
from ftbench.fleet.agent import Hello, Request
from ftbench.fleet.links import Link, SshLink
from ftbench.fleet.merging import merge
from ftbench.fleet.plan import Work
from ftbench.fleet.project import Failure, HostState, Project, State
from ftbench.fleet.spool import unpacked
from ftbench.progress import Bar, bar
from ftbench.results.journal import Journal

_LOOK_SECONDS: Final = 1.0
_STATE_SECONDS: Final = 5.0
# How long `collect` waits for agents: they look for a coordinator each five seconds.
COLLECT_SECONDS: Final = 20.0
_TOLD: Final = 10


def coordinate(
    project: Project,
    console: Console,
    certificates: Path,
    ssh: Path | None,
    *,
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
                    hint="--fresh measures them again.",
                )
            asked = dict.fromkeys(works, ()) if only_collect else works
            coordinator = Coordinator(project, journal, asked, console)
            try:
                if ssh is None:
                    asyncio.run(_by_dask(coordinator, certificates))
                else:
                    asyncio.run(coordinator.run(SshLink.of(ssh)))
            finally:
                count = plural(len(journal.kept) - before, "run", "runs")
                console.print(f"{count} collected; asv publish shows them.", markup=False)
    except Timeout:
        raise UsageError(f"Another coordinator of {project.file} is at work.") from None


async def _by_dask(coordinator: Coordinator, certificates: Path) -> None:
    from ftbench.fleet import dask_link  # noqa: PLC0415 - ssh does without

    dask_link.make_certificate(certificates)
    fleet = coordinator.project.fleet
    async with dask_link.listening(fleet.interface, fleet.port, certificates) as link:
        coordinator.say(f"Agents find it at {link.address}, with {certificates}.")
        await coordinator.run(link)


@dataclass(slots=True)
class Coordinator:
    """One call of `ftbench fleet run`, or of `collect`, whose hosts have no works."""

    project: Project
    journal: Journal
    works: Mapping[str, Sequence[Work]]
    console: Console
    link: Link = field(init=False)
    state: State = field(default_factory=State)

    async def run(self, link: Link) -> None:
        """Have all done that can be; raises an `FtbenchError` if some could not."""
        self.link = link
        left = {
            host: [work for work in works if work.id not in self.journal.kept]
            for host, works in self.works.items()
        }
        with bar(self.console, sum(map(len, left.values())), title="Fleet") as shown:
            tasks = set()
            for host, works in left.items():
                self.state.hosts[host] = HostState(heard=time.time(), left=len(works))
                if works or not self.works[host]:
                    tasks.add(asyncio.create_task(self._host(host, works, shown), name=host))
            while tasks:
                done, tasks = await asyncio.wait(tasks, timeout=_LOOK_SECONDS)
                for task in done:
                    with suppress(asyncio.CancelledError):
                        task.result()
                for task in tasks:
                    self._look(task)
                if time.time() - self.state.at > _STATE_SECONDS:
                    self._write_state()
        self._write_state()
        if failed := self.state.failed:
            codes = {each.code for each in failed}
            told = [f"{each.what}: {each.why}" for each in failed[:_TOLD]]
            raise (error_class(codes.pop()) if len(codes) == 1 else AsvError)(
                f"Of {plural(len(self.works), 'host', 'hosts')} not all could be had:",
                story="\n".join([*told, *(["..."] if len(failed) > _TOLD else [])]),
                hint="All others are in the results; call this again to go on.",
            )

    def _look(self, task: asyncio.Task[None]) -> None:
        host = task.get_name()
        state = self.state.hosts[host]
        state.heard = max(state.heard, min(self.link.heard(host), time.time()))
        silent = time.time() - state.heard
        if silent > self.project.fleet.silent and not state.silent:
            since = datetime.fromtimestamp(state.heard).astimezone()
            left = plural(state.left, "run", "runs")
            why = self.link.trouble(host)
            self.say(
                f"{host} is silent since {since:%Y-%m-%d %H:%M:%S}{why and f' ({why})'}; "
                f"{left} of it to come."
            )
        state.silent = silent > self.project.fleet.silent
        if silent > (self.project.fleet.patience if self.works[host] else COLLECT_SECONDS):
            why = self.link.trouble(host)
            self._fail(host, DeadlineError(f"no answer{why and f': {why}'}"))
            task.cancel()

    async def _host(self, host: str, works: Sequence[Work | None], shown: Bar) -> None:
        for work in works or [None]:
            what = host
            try:
                if not await self._greet(host):
                    return
                if work and work.id not in self.journal.kept:  # it may have been kept there
                    what = work.title
                    shown.begin(what)
                    request = Request(ask="do", work=work).packed()
                    await self._take(await self.link.do(work, request, self.project.fleet.retries))
            except Exception as error:  # noqa: BLE001 - an agent's, whatever: not the end of others
                self._fail(what, error)
            self.state.hosts[host].left -= work is not None

    async def _greet(self, host: str) -> bool:
        """Bring a host what it lacks and fetch what it has kept; tell whether it can be used."""
        try:
            hello = await self._ask(host, Request(ask="hello"))
            refuse_other(self.project.folder / "results", host, hello.identity)
        except FtbenchError as error:
            self._fail(host, NotAvailableError(f"it is refused: {error}"))
            return False
        digest, data = self.project.suite
        if digest not in hello.suites:
            await self._ask(host, Request(ask="suite", name=digest, data=data))
        for name in hello.kept:
            await self._take(await self.link.ask(host, Request(ask="fetch", name=name).packed()))
        return True

    async def _ask(self, host: str, request: Request) -> Hello:
        return msgspec.msgpack.decode(await self.link.ask(host, request.packed()), type=Hello)

    async def _take(self, data: bytes) -> None:
        """Put a run into the results; whatever comes twice is taken once, b"" was before."""
        if data:
            run = unpacked(data)
            name = run.work.id
            if name not in self.journal.kept:
                merge(self.project.folder / "results", run, self.project.suite[0])
                self.journal.add(name, run.started_at)
                self.journal.kept[name] = []
            with suppress(FtbenchError):  # the next greeting tells it again
                await self._ask(run.work.host, Request(ask="forget", name=name))

    def _fail(self, what: str, error: Exception) -> None:
        code = error.exit_code if isinstance(error, FtbenchError) else FtbenchError.exit_code
        self.state.failed.append(Failure(what, code, str(error) or type(error).__name__))
        self.say(f"{what}: {error}")

    def say(self, words: str) -> None:
        self.console.print(words, markup=False, highlight=False, soft_wrap=True)

    def _write_state(self) -> None:
        self.state.at = time.time()
        write_whole(self.project.path(".json"), msgspec.json.encode(self.state).decode())
