"""Has a fleet's works done, a few of them at each place, and brings home what they yield."""

from __future__ import annotations

import asyncio
import os
import time
from collections import Counter, defaultdict, deque
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Final

import msgspec
from rich.console import Console

from ftbench.asv.machines import refuse_other
from ftbench.errors import (
    AsvError,
    DeadlineError,
    FtbenchError,
    NotAvailableError,
    UsageError,
    error_class,
)
from ftbench.facts.units import plural
from ftbench.files import write_whole
from ftbench.fleet.agent import Do, Fetch, Forget, Hello, Introduced, TakeSuite, versions
from ftbench.fleet.links import Link
from ftbench.fleet.merging import merge
from ftbench.fleet.plan import Fleet, Work
from ftbench.fleet.spool import unpacked
from ftbench.progress import Bar, bar
from ftbench.results.journal import Journal

# One at work and one that waits: a host is never idle, and nobody keeps a queue of all.
_WINDOW: Final = 2
_LOOK_SECONDS: Final = 1.0
_STATE_SECONDS: Final = 5.0
_TOLD: Final = 10

_pack = msgspec.msgpack.encode


class Failure(msgspec.Struct, frozen=True):
    """Why a work was not done."""

    work: str
    code: int
    why: str


class HostState(msgspec.Struct, kw_only=True):
    """What is known of a host, or of a group as one."""

    heard: float  # when it last was, or since when it is waited for
    told: bool = False  # that it is silent
    refused: str = ""
    collected: int = 0


class State(msgspec.Struct, kw_only=True):
    """What `ftbench fleet status` tells: a coordinator writes it now and then, and at its end."""

    pid: int = msgspec.field(default_factory=os.getpid)
    at: float = 0.0
    total: int = 0
    collected: int = 0
    failed: list[Failure] = msgspec.field(default_factory=list)
    places: dict[str, HostState] = msgspec.field(default_factory=dict)


@dataclass(slots=True, kw_only=True)
class Coordinator:
    """One call of `ftbench fleet run`, or of `collect`, which has no works."""

    fleet: Fleet
    link: Link
    results: Path
    suite: tuple[str, bytes]
    journal: Journal
    works: Sequence[Work]
    console: Console
    state: State
    state_path: Path
    _known: dict[str, object] = field(default_factory=dict)  # host → the connection it was asked on
    _admitted: dict[str, Introduced] = field(default_factory=dict)
    _merging: asyncio.Lock = field(default_factory=asyncio.Lock)
    _versions: dict[str, str] = field(default_factory=versions)

    async def run(self) -> None:
        """Have all works done that can be; raises an `FtbenchError` if some could not."""
        queues: dict[str, deque[Work]] = defaultdict(deque)
        for work in self.works:
            if work.id not in self.journal.kept:
                queues[work.place].append(work)
        for place in queues:
            self.state.places[place] = HostState(heard=time.time())
        self.state.total = len(self.works)
        self.state.collected = len(self.works) - sum(map(len, queues.values()))
        running: dict[asyncio.Task[None], Work] = {}
        with bar(self.console, len(self.works), title="Fleet") as shown:
            while running or any(queues.values()):
                await self._look(queues, running)
                at_work = Counter(work.place for work in running.values())
                for place, queue in queues.items():
                    room = _WINDOW * self._count_at(place) - at_work[place]
                    while queue and room > 0:
                        work = queue.popleft()
                        if work.id in self.journal.kept:  # its host had kept it
                            self.state.collected += 1
                            continue
                        room -= 1
                        running[asyncio.create_task(self._one(work, shown))] = work
                done: set[asyncio.Task[None]] = set()
                if running:
                    done, _ = await asyncio.wait(
                        running, timeout=_LOOK_SECONDS, return_when=asyncio.FIRST_COMPLETED
                    )
                else:
                    await asyncio.sleep(_LOOK_SECONDS)
                for task in done:
                    del running[task]
                    task.result()
        await self.collect()
        self._raise()

    async def collect(self) -> None:
        """Fetch what hosts have kept that are there now and were not asked yet."""
        await self._greet()
        self._write_state()

    async def _look(
        self, queues: dict[str, deque[Work]], running: dict[asyncio.Task[None], Work]
    ) -> None:
        """See who is there, and give up those that are not for too long."""
        await self._greet()
        now = time.time()
        for place, state in self.state.places.items():
            left = len(queues[place]) + sum(work.place == place for work in running.values())
            silent = now - state.heard
            if silent < self.fleet.silent:
                state.told = False
            elif left and not state.told:
                state.told = True
                since = datetime.fromtimestamp(state.heard).astimezone()
                self._say(
                    f"{place} is silent since {since:%Y-%m-%d %H:%M:%S}; "
                    f"{plural(left, 'run', 'runs')} of it to come."
                )
            if left and (state.refused or silent > self.fleet.patience):
                gone = [task for task, work in running.items() if work.place == place]
                for task in gone:
                    task.cancel()
                code = (NotAvailableError if state.refused else DeadlineError).exit_code
                why = state.refused or "nobody was there to do it"
                for work in [*(running.pop(task) for task in gone), *queues.pop(place)]:
                    self.state.failed.append(Failure(work.title, code, why))
                queues[place] = deque()
        if now - self.state.at > _STATE_SECONDS:
            self._write_state()

    def _count_at(self, place: str) -> int:
        there = self.link.present()
        return sum(
            host in there and (host == place or place in introduced.groups)
            for host, introduced in self._admitted.items()
        )

    async def _greet(self) -> None:
        there = self.link.present()
        for host in self._admitted.keys() & there.keys():
            for place in (host, *self._admitted[host].groups):
                if state := self.state.places.get(place):
                    state.heard = max(state.heard, there[host].heard)
        new = {host: at.connection for host, at in there.items()}.items() - self._known.items()
        await asyncio.gather(*(self._introduce(host, connection) for host, connection in new))

    async def _introduce(self, host: str, connection: object) -> None:
        """Ask a host who it is, bring what it lacks and fetch what it has kept."""
        try:
            reply = await self.link.ask(host, _pack(Hello(versions=self._versions)))
            introduced = msgspec.msgpack.decode(reply, type=Introduced)
            refuse_other(self.results, host, introduced.identity)
            if self.suite[0] not in introduced.suites:
                suite = TakeSuite(digest=self.suite[0], data=self.suite[1])
                await self.link.ask(host, _pack(suite))
            for name in introduced.kept:
                await self._fetch(host, name)
        except (NotAvailableError, UsageError) as error:
            state = self.state.places.setdefault(host, HostState(heard=time.time()))
            if state.refused != str(error):
                state.refused = str(error)
                self._say(f"{host} is refused: {error}")
        except (FtbenchError, TimeoutError, ValueError) as error:
            self._say(f"{host} could not be asked: {error}")
            return  # again, soon
        else:
            self.link.admit(host, introduced.groups)
            self._admitted[host] = introduced
            if host in self.state.places:
                self.state.places[host].refused = ""
        self._known[host] = connection

    async def _fetch(self, host: str, name: str) -> None:
        if name in self.journal.kept:  # its coordinator ended before it had said so
            await self.link.ask(host, _pack(Forget(names=(name,))))
        elif data := await self.link.ask(host, _pack(Fetch(name=name))):
            await self._take(data)

    async def _one(self, work: Work, shown: Bar) -> None:
        try:
            request = _pack(Do(work=work, versions=self._versions))
            await self._take(await self.link.do(work, request, self.fleet.retries))
        except FtbenchError as error:
            self._fail(work, error.exit_code, str(error))
        except Exception as error:  # noqa: BLE001 - of an agent: it must not end all the others
            self._fail(work, FtbenchError.exit_code, f"{type(error).__name__}: {error}")
        else:
            self.state.collected += 1
        shown.begin(work.title, weight=0.0)
        shown.update(completed=self.state.collected + len(self.state.failed))

    def _fail(self, work: Work, code: int, why: str) -> None:
        self.state.failed.append(Failure(work.title, code, why))
        self._say(f"{work.title}: {why}")

    async def _take(self, data: bytes) -> None:
        """Put a run into the results; whatever comes twice is taken once."""
        if not data:  # the agent knows that it is collected
            return
        run = unpacked(data)
        name = run.work.id
        async with self._merging:
            if name not in self.journal.kept:
                await asyncio.to_thread(merge, self.results, run, self.suite[0])
                self.journal.add(name, {"host": run.host, "started_at": run.started_at})
                self.journal.kept[name] = []
                if state := self.state.places.get(run.host):
                    state.collected += 1
        with suppress(FtbenchError, TimeoutError):  # or it is told when it is greeted
            await self.link.ask(run.host, _pack(Forget(names=(name,))))

    def _say(self, words: str) -> None:
        self.console.print(words, markup=False, highlight=False, soft_wrap=True)

    def _write_state(self) -> None:
        self.state.at = time.time()
        write_whole(self.state_path, msgspec.json.encode(self.state).decode())

    def _raise(self) -> None:
        if not (failed := self.state.failed):
            return
        codes = {each.code for each in failed}
        told = [f"{each.work}: {each.why}" for each in failed[:_TOLD]]
        if left := len(failed) - len(told):
            told.append(f"and {plural(left, 'other', 'others')}")
        raise (error_class(codes.pop()) if len(codes) == 1 else AsvError)(
            f"{plural(len(failed), 'run', 'runs')} of {self.state.total} could not be done.",
            story="\n".join(told),
            hint="All others are in the results; call this again to go on.",
        )
