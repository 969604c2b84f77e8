"""What carries a coordinator's requests to its hosts, and the plain one of these: ssh."""

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

from ftbench.errors import FtbenchError, ResultsError, UsageError, error_class
from ftbench.fleet.agent import Agent
from ftbench.fleet.plan import Work
from ftbench.probe.run import MARK

_AGAIN_SECONDS: Final = 60.0  # until a host that could not be reached is tried again
_NO_CONNECTION: Final = 255  # ssh's own exit code


class Link(Protocol):
    """Carries requests to agents."""

    def heard(self, host: str, /) -> float:
        """Return when a host was heard last, by `time.time()`, 0.0 for one that never was."""

    async def ask(self, host: str, request: bytes, /) -> bytes:
        """Return an agent's reply, once it is there; raises its `FtbenchError`."""

    async def do(self, work: Work, request: bytes, retries: int, /) -> bytes:
        """Return the reply to a work; raises what its last attempt raised."""


class Reply(msgspec.Struct, frozen=True, kw_only=True):
    """What an agent has answered, by a carrier that knows no exceptions."""

    data: bytes = b""
    code: int = 0
    message: str = ""


def answer_once(agent: Agent) -> None:
    """Answer the request of standard input behind `MARK`, as `SshLink` reads it."""
    try:
        reply = Reply(data=agent.answer(sys.stdin.buffer.read()))
    except FtbenchError as error:
        reply = Reply(code=error.exit_code, message=str(error))
    print(MARK + msgspec.json.encode(reply).decode(), flush=True)


@dataclass(slots=True, kw_only=True)
class SshLink:
    """One ssh for each request: no engine, no port, and no agent that waits on the host."""

    destinations: Mapping[str, str]  # host → how ssh knows it
    command: str = "ftbench fleet agent --once --name"
    _heard: dict[str, float] = field(default_factory=dict)

    @classmethod
    def of(cls, path: Path) -> SshLink:
        """Read the lines `NAME [DESTINATION]` of a file of hosts; raises `UsageError`."""
        try:
            lines = path.read_text(encoding="utf-8").splitlines()
        except (OSError, ValueError) as error:
            raise UsageError(f"{path} could not be read: {error}") from error
        words = [each for line in lines if (each := line.partition("#")[0].split())]
        for each in words:
            if len(each) > 2 or each[-1].startswith("-"):  # noqa: PLR2004 - which would be an option
                raise UsageError(f"{path}: not NAME, or NAME DESTINATION: {' '.join(each)}")
        return cls(destinations={each[0]: each[-1] for each in words})

    def heard(self, host: str) -> float:
        return self._heard.get(host, 0.0)

    async def ask(self, host: str, request: bytes) -> bytes:
        if host not in self.destinations:
            raise UsageError(f"The file of hosts does not name {host}.")
        while True:
            self._heard[host] = float("inf")  # while ssh runs, it says itself when nobody answers
            process = await asyncio.create_subprocess_exec(
                *("ssh", "-o", "BatchMode=yes", "-o", "ServerAliveInterval=60"),
                *(self.destinations[host], f"{self.command} {shlex.quote(host)}"),
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.PIPE,
            )
            try:
                out, err = await process.communicate(request)
            finally:
                self._heard[host] = time.time()
                with suppress(ProcessLookupError):
                    process.kill()
            if process.returncode != _NO_CONNECTION:
                break
            self._heard[host] = 0.0
            await asyncio.sleep(_AGAIN_SECONDS)
        _, mark, text = out.rpartition(MARK.encode())
        try:
            reply = msgspec.json.decode(text if mark else b"", type=Reply)
        except ValueError as error:
            story = err.decode(errors="replace")
            raise ResultsError(f"{host} has answered something else.", story=story) from error
        if reply.code:
            raise error_class(reply.code)(reply.message)
        return reply.data

    async def do(self, work: Work, request: bytes, retries: int) -> bytes:
        for _ in range(retries):
            with suppress(FtbenchError):
                return await self.ask(work.host, request)
        return await self.ask(work.host, request)
