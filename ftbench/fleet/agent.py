"""What an agent does on its host, asked by whatever carries its requests: Dask or ssh.

Requests and replies are data, read by their types; what runs is the suite, checked by its digest.
"""

from __future__ import annotations

import os
import platform
import re
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from shutil import rmtree
from typing import Final

import msgspec
from filelock import FileLock, Timeout

from ftbench.asv import machines, measuring_lock
from ftbench.errors import DeadlineError, NotAvailableError, ResultsError, error_class
from ftbench.files import data_folder
from ftbench.fleet.plan import NAME, Work
from ftbench.fleet.spool import Run, Spool, packed
from ftbench.probe.instruments.interference import AGENT_VARIABLE
from ftbench.processes import Finished, run
from ftbench.results.asvformat import BENCHMARKS
from ftbench.results.records import digest_of
from ftbench.results.safe_loading import MACHINE

_MEASURE: Final = (sys.executable, "-m", "ftbench.fleet.measure")
# What must be alike on both sides, beside the agent's own code: it makes the figures.
_ALIKE: Final = ("asv", "asv_runner", "distributed", "msgspec", "numpy", "psutil", "virtualenv")
_STORY_LINES: Final = 30


def versions() -> dict[str, str]:
    """Return what the coordinator and each of its hosts must have alike."""
    own = {path.name: path.read_text("utf-8") for path in Path(__file__).parent.glob("*.py")}
    found = {"ftbench.fleet": digest_of(own)}
    for package in _ALIKE:
        try:
            found[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            found[package] = "none"
    return found


class Hello(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """Asks who is there; `versions` are those of the coordinator."""

    versions: dict[str, str]


class TakeSuite(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """Brings a suite."""

    digest: str
    data: bytes


class Do(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """Asks for a run: measured now, or the one that is kept."""

    work: Work
    versions: dict[str, str]


class Fetch(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """Asks for a run that is kept."""

    name: str


class Forget(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """Says that runs are collected, and on the coordinator's disk."""

    names: tuple[str, ...]


Request = Hello | TakeSuite | Do | Fetch | Forget


class Introduced(msgspec.Struct, frozen=True, kw_only=True):
    """Who an agent is, and what it has."""

    host: str
    identity: str
    groups: tuple[str, ...]
    suites: tuple[str, ...]
    kept: tuple[str, ...]


def unlike(ours: dict[str, str], theirs: dict[str, str]) -> list[str]:
    """Return in what two sides differ that must be alike."""
    names = sorted({*ours, *theirs})
    pairs = [(name, ours.get(name, "none"), theirs.get(name, "none")) for name in names]
    return [f"{name} {there} and not {here}" for name, here, there in pairs if here != there]


@dataclass(frozen=True, slots=True, kw_only=True)
class Agent:
    """The agent of a host, which measures for one coordinator after the other."""

    host: str  # its name in the results, too
    groups: Sequence[str] = ()
    folder: Path
    # What measures in a suite's folder, by a file that holds the work; tests have another.
    program: Sequence[str] = _MEASURE

    @classmethod
    def usual(cls, host: str, groups: Sequence[str]) -> Agent:
        """Return that of this user; raises `NotAvailableError` for a name that cannot be one."""
        for name in (host, *groups):
            if not re.fullmatch(NAME, name):
                raise NotAvailableError(f"{name!r} cannot be the name of a host or a group.")
        return cls(host=host, groups=groups, folder=data_folder() / "fleet" / host)

    @property
    def spool(self) -> Spool:
        """What it keeps."""
        return Spool(self.folder)

    def answer(self, data: bytes) -> bytes:
        """Do what is asked, and return the reply; raises `FtbenchError`."""
        try:
            request = msgspec.msgpack.decode(data, type=Request)
        except (ValueError, RecursionError) as error:
            raise ResultsError(f"This is no request to an agent: {error}.") from error
        match request:
            case Hello():
                self._refuse_unlike(request.versions)
                return msgspec.msgpack.encode(self._introduced())
            case TakeSuite(digest=digest, data=content):
                self.spool.take_suite(digest, content)
            case Do(work=work):
                self._refuse_unlike(request.versions)
                return self._run(work)
            case Fetch(name=name):
                return self.spool.get(name) or b""
            case Forget(names=names):
                self.spool.forget(names)
        return b""

    def _refuse_unlike(self, theirs: dict[str, str]) -> None:
        if different := unlike(versions(), theirs):
            raise NotAvailableError(
                f"The coordinator has {', '.join(different)} of {self.host}.",
                hint="Install the same ftbench on both, then start the agent again.",
            )

    def _introduced(self) -> Introduced:
        (self.folder / "results").mkdir(parents=True, exist_ok=True)
        return Introduced(
            host=self.host,
            identity=machines.identity(self.folder),
            groups=tuple(self.groups),
            suites=tuple(path.name for path in self.folder.glob("suites/*")),
            kept=tuple(self.spool.names()),
        )

    def _run(self, work: Work) -> bytes:
        """Return the run of a work: the one that is kept, else measured and kept now."""
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
            raise DeadlineError(
                f"{self.host} was measuring something else for {work.deadline:g} s."
            ) from None

    def _measured(self, work: Work) -> Run:
        self.spool.refuse_full()
        suite = self.spool.suite(work.suite)
        if not suite.is_dir():
            raise ResultsError(f"{self.host} does not have the suite {work.suite[:12]}.")
        results, asked = suite / "results", suite / f"{work.id}.work"
        if not asked.exists():  # what an attempt of the same work has measured stays
            rmtree(results, ignore_errors=True)
            for other in suite.glob("*.work"):
                other.unlink()
            asked.write_bytes(msgspec.json.encode(work))
        started, begun = datetime.now(UTC), time.monotonic()
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
            raise _error_of(done, work)
        folder = results / self.host
        return Run(
            work=work,
            host=self.host,
            started_at=started.isoformat(timespec="seconds"),
            seconds=round(time.monotonic() - begun, 1),
            agent={**versions(), "python": platform.python_version()},
            machine=(folder / MACHINE).read_text(encoding="utf-8"),
            benchmarks=(results / BENCHMARKS).read_text(encoding="utf-8"),
            files={
                path.name: path.read_text(encoding="utf-8")
                for path in sorted(folder.glob("*.json*"))
                if path.name != MACHINE
            },
        )


def _error_of(done: Finished, work: Work) -> Exception:
    lines = (done.out + done.err).strip().splitlines()[-_STORY_LINES:]
    return error_class(done.code)(
        f"{work.title}: it ended with code {done.code}.", story="\n".join(lines)
    )
