"""What an agent does on its host, asked by whatever carries its requests: Dask or ssh.

Requests and replies are data, read by their types; what runs is the suite, checked by its digest.
"""

from __future__ import annotations

import functools
import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from shutil import rmtree
from typing import Final, Literal

import msgspec
from filelock import FileLock, Timeout

from ftbench.asv import machines, measuring_lock
from ftbench.errors import DeadlineError, NotAvailableError, ResultsError, error_class
from ftbench.fleet.plan import Work
from ftbench.fleet.spool import Run, Spool, packed
from ftbench.probe.instruments.interference import AGENT_VARIABLE
from ftbench.processes import run
from ftbench.results.asvformat import BENCHMARKS
from ftbench.results.records import digest_of
from ftbench.results.safe_loading import MACHINE

# What must be alike on both sides, beside the agent's own code: it makes the figures.
_ALIKE: Final = ("asv", "asv_runner", "distributed", "msgspec", "numpy", "psutil", "virtualenv")
_STORY_LINES: Final = 30


@functools.cache
def versions() -> dict[str, str]:
    """Return what the coordinator and each of its hosts must have alike."""
    own = {path.name: path.read_text("utf-8") for path in Path(__file__).parent.glob("*.py")}
    there = {each.metadata["Name"].replace("-", "_"): each for each in metadata.distributions()}
    found = {name: there[name].version if name in there else "none" for name in _ALIKE}
    return {"ftbench.fleet": digest_of(own), **found}


class Request(msgspec.Struct, frozen=True, kw_only=True):
    """What a coordinator asks for; an agent whose `versions` are others refuses."""

    ask: Literal["hello", "suite", "do", "fetch", "forget"]
    versions: dict[str, str] = msgspec.field(default_factory=versions)
    work: Work | None = None
    name: str = ""  # of a run that is kept, of a suite
    data: bytes = b""  # that suite

    def packed(self) -> bytes:
        return msgspec.msgpack.encode(self)


class Hello(msgspec.Struct, frozen=True, kw_only=True):
    """Who an agent is, and what it has."""

    identity: str
    suites: tuple[str, ...]
    kept: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Agent:
    """The agent of a host, which measures for one coordinator after the other."""

    host: str  # its name in the results, too
    folder: Path
    # What measures in a suite's folder, by a file that holds the work; tests have another.
    program: Sequence[str] = (sys.executable, "-m", "ftbench.fleet.measure")

    @property
    def spool(self) -> Spool:
        return Spool(self.folder)

    def answer(self, data: bytes) -> bytes:
        """Do what is asked, and return the reply; raises `FtbenchError`."""
        try:
            request = msgspec.msgpack.decode(data, type=Request)
        except (ValueError, RecursionError) as error:
            raise ResultsError(f"This is no request to an agent: {error}.") from error
        ours, theirs = versions().items(), request.versions.items()
        if unlike := sorted({name for name, _ in ours ^ theirs}):
            mine = ", ".join(f"{name} {dict(ours).get(name)}" for name in unlike)
            raise NotAvailableError(
                f"{self.host} has {mine}; the coordinator has others.",
                hint="Install the same ftbench on both, then start the agent again.",
            )
        try:
            return self._answer(request)
        except OSError as error:  # of a full disk, say: Dask would take it for a lost connection
            raise ResultsError(
                f"{self.host} cannot work in {self.folder}: {error}.",
                hint="Make room there, or make it writable, and call again: what it keeps is safe.",
            ) from error

    def _answer(self, request: Request) -> bytes:
        if request.ask == "do" and request.work:
            return self._run(request.work)
        if request.ask == "fetch":
            return self.spool.get(request.name) or b""
        if request.ask == "suite":
            self.spool.take_suite(request.name, request.data)
        elif request.ask == "forget":
            self.spool.forget(request.name)
        return msgspec.msgpack.encode(
            Hello(
                identity=machines.identity(self.folder),
                suites=tuple(path.name for path in self.folder.glob("suites/*")),
                kept=tuple(self.spool.names()),
            )
        )

    def _run(self, work: Work) -> bytes:
        # Of this machine, whoever measures here: another agent, asv by hand, an older coordinator's
        # run of this very work, which is kept by the time that the lock is free.
        path = measuring_lock.place()
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            with FileLock(path).acquire(timeout=work.deadline, poll_interval=1.0):
                if (there := self.spool.get(work.id)) is not None:
                    return there
                data = packed(self._measured(work))
                self.spool.keep(work.id, data)
                return data
        except Timeout:
            raise DeadlineError(f"{self.host} measured something else all the time.") from None

    def _measured(self, work: Work) -> Run:
        self.spool.refuse_full()
        suite = self.spool.suite(work.suite)
        results, asked = suite / "results", suite / f"{work.id}.work"
        if not asked.exists():  # what an attempt of the same work has measured stays
            rmtree(results, ignore_errors=True)
            for other in suite.glob("*.work"):
                other.unlink()
            asked.write_bytes(msgspec.json.encode(work))
        started = datetime.now(UTC).isoformat(timespec="seconds")
        done = run(
            [*self.program, str(asked), self.host],
            environ={
                **os.environ,
                AGENT_VARIABLE: str(os.getpid()),
                # The machine's is ours meanwhile.
                measuring_lock.VARIABLE: str(self.folder / "suite.lock"),
            },
            deadline=work.deadline,
            folder=suite,
        )
        if done.code:
            story = (done.out + done.err).strip().splitlines()[-_STORY_LINES:]
            ended = f"{work.title}: it ended with code {done.code}."
            raise error_class(done.code)(ended, story="\n".join(story))
        texts = {path.name: path.read_text("utf-8") for path in (results / self.host).glob("*")}
        return Run(
            work=work,
            started_at=started,
            agent=versions(),
            machine=texts.pop(MACHINE),
            benchmarks=(results / BENCHMARKS).read_text("utf-8"),
            files=texts,
        )
