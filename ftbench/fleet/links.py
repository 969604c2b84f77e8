"""What a coordinator asks of whatever carries its requests, and the plain one of these: ssh."""

from __future__ import annotations

import asyncio
import shlex
import sys
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Protocol

import msgspec

from ftbench.errors import FtbenchError, ResultsError, UsageError, WorkerFailedError, error_class
from ftbench.fleet.agent import Agent
from ftbench.fleet.plan import Work
from ftbench.probe.run import MARK

_ASK_SECONDS: Final = 120.0
_LOOK_SECONDS: Final = 0.2
_AGAIN_SECONDS: Final = 60.0  # until a host that could not be reached is tried again
_NO_CONNECTION: Final = 255  # ssh's own exit code


class Reply(msgspec.Struct, frozen=True, kw_only=True):
    """What an agent has answered, by a carrier that knows no exceptions."""

    data: bytes = b""
    code: int = 0
    message: str = ""


@dataclass(frozen=True, slots=True)
class Contact:
    """A host that can be asked: a new connection is another one."""

    connection: object
    heard: float  # when, by time.time()


class Link(Protocol):
    """Carries requests to agents."""

    def present(self) -> Mapping[str, Contact]:
        """Return the hosts that can be asked."""

    async def ask(self, host: str, request: bytes) -> bytes:
        """Return an agent's reply; raises `FtbenchError`."""

    async def do(self, work: Work, request: bytes, retries: int) -> bytes:
        """Return the reply to a work, of its host or of any in its group; raises `FtbenchError`."""

    def admit(self, host: str, groups: tuple[str, ...]) -> None:
        """Let a host have works: it was asked who it is."""


@dataclass(slots=True, kw_only=True)
class SshLink:
    """One ssh for each request: no engine, no port, and no agent that waits on the host."""

    # host → how ssh knows it
    destinations: Mapping[str, str]
    command: str = "ftbench fleet agent"
    ssh: tuple[str, ...] = ("ssh", "-o", "BatchMode=yes")
    _again: dict[str, float] = field(default_factory=dict)
    _groups: dict[str, tuple[str, ...]] = field(default_factory=dict)
    _busy: dict[str, asyncio.Lock] = field(default_factory=dict)

    def present(self) -> Mapping[str, Contact]:
        now = time.time()
        tried = {host: self._again.get(host, 0.0) for host in self.destinations}
        return {host: Contact(again, now) for host, again in tried.items() if again <= now}

    def admit(self, host: str, groups: tuple[str, ...]) -> None:
        self._groups[host] = groups
        self._busy[host] = asyncio.Lock()

    async def ask(self, host: str, request: bytes) -> bytes:
        async with asyncio.timeout(_ASK_SECONDS):
            return await self._ask(host, request)

    async def _ask(self, host: str, request: bytes) -> bytes:
        words = shlex.join([*shlex.split(self.command), "--name", host, "--once"])
        process = await asyncio.create_subprocess_exec(
            *self.ssh,
            self.destinations[host],
            words,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        try:
            out, err = await process.communicate(request)
        finally:
            with suppress(ProcessLookupError):
                process.kill()
        _, mark, text = out.rpartition(MARK.encode())
        if process.returncode == _NO_CONNECTION or not mark:
            self._again[host] = time.time() + _AGAIN_SECONDS
            raise WorkerFailedError(
                f"{host} could not be asked by ssh.", story=err.decode(errors="replace")
            )
        try:
            reply = msgspec.json.decode(text, type=Reply)
        except ValueError as error:
            raise ResultsError(f"{host} has answered something else: {error}") from error
        if reply.code:
            raise error_class(reply.code)(reply.message)
        return reply.data

    async def do(self, work: Work, request: bytes, retries: int) -> bytes:
        for attempt in range(retries + 1):
            while not (free := [h for h in self._fitting(work) if not self._busy[h].locked()]):  # noqa: ASYNC110
                await asyncio.sleep(_LOOK_SECONDS)
            try:
                async with self._busy[free[0]]:
                    return await self._ask(free[0], request)
            except FtbenchError:
                if attempt == retries:
                    raise
        raise AssertionError

    def _fitting(self, work: Work) -> list[str]:
        if work.grouped:
            return [host for host, groups in self._groups.items() if work.place in groups]
        return [host for host in self._groups if host == work.place]


def read_hosts(path: Path) -> dict[str, str]:
    """Read the lines `NAME [DESTINATION]` of a file of hosts; raises `UsageError`."""
    hosts = {}
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, ValueError) as error:
        raise UsageError(f"{path} could not be read: {error}") from error
    for number, line in enumerate(lines, 1):
        words = line.partition("#")[0].split()
        if words and (len(words) > 2 or words[-1].startswith("-") or words[0] in hosts):  # noqa: PLR2004 - a name, a destination
            raise UsageError(f"{path}, line {number}: not NAME or NAME DESTINATION, once: {line}")
        if words:
            hosts[words[0]] = words[-1]
    return hosts


def answer_once(agent: Agent) -> None:
    """Answer the request of standard input behind `MARK`, as `SshLink` reads it."""
    try:
        reply = Reply(data=agent.answer(sys.stdin.buffer.read()))
    except FtbenchError as error:
        reply = Reply(code=error.exit_code, message=str(error))
    print(MARK + msgspec.json.encode(reply).decode(), flush=True)
