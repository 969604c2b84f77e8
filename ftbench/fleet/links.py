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

from ftbench.errors import (
    FtbenchError,
    NotAvailableError,
    ResultsError,
    UsageError,
    error_class,
)
from ftbench.fleet.agent import Agent
from ftbench.fleet.plan import Work
from ftbench.probe.run import MARK

_AGAIN_SECONDS: Final = 60.0  # until a host that could not be reached is tried again
_CONNECT_SECONDS: Final = 30
_NO_CONNECTION: Final = 255  # ssh's own exit code
# After which it would only say the same again.
_REFUSED: Final = (b"Host key verification failed", b"Permission denied")


class Link(Protocol):
    """Carries requests to agents."""

    def heard(self, host: str, /) -> float:
        """Return when a host was heard last, by `time.time()`, 0.0 for one that never was."""

    def trouble(self, host: str, /) -> str:
        """Return why a host was not reached at the last try, "" where that is not known."""

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

    destinations: Mapping[str, tuple[str, str]]  # host → how ssh knows it, ftbench there
    _heard: dict[str, float] = field(default_factory=dict)
    _begun: dict[str, float] = field(default_factory=dict)  # while an ssh runs
    _trouble: dict[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, path: Path) -> SshLink:
        """Read the lines `NAME [DESTINATION [FTBENCH]]`; raises `UsageError`."""
        try:
            lines = path.read_text(encoding="utf-8").splitlines()
        except (OSError, ValueError) as error:
            raise UsageError(f"{path} could not be read: {error}") from error
        destinations = {}
        for line in lines:
            if each := line.partition("#")[0].split(maxsplit=2):
                each += [each[0], "ftbench"][len(each) - 1 :]  # what is not said
                name, destination, program = each
                if destination.startswith("-"):  # which would be an option
                    raise UsageError(f"{path}: not NAME [DESTINATION [FTBENCH]]: {line}")
                destinations[name] = destination, program.strip()
        return cls(destinations=destinations)

    def heard(self, host: str) -> float:
        # An ssh that runs for so long is connected, and says itself when nobody answers.
        now = time.time()
        if now - self._begun.get(host, now) > 2 * _CONNECT_SECONDS:
            return now
        return self._heard.get(host, 0.0)

    def trouble(self, host: str) -> str:
        return self._trouble.get(host, "")

    async def ask(self, host: str, request: bytes) -> bytes:
        if host not in self.destinations:
            raise UsageError(f"The file of hosts does not name {host}.")
        destination, program = self.destinations[host]
        options = ("BatchMode=yes", f"ConnectTimeout={_CONNECT_SECONDS}", "ServerAliveInterval=60")
        while True:
            self._begun[host] = time.time()
            process = await asyncio.create_subprocess_exec(
                *("ssh", *(word for option in options for word in ("-o", option))),
                *(destination, f"{program} fleet agent --once --name {shlex.quote(host)}"),
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.PIPE,
            )
            try:
                out, err = await process.communicate(request)
            finally:
                del self._begun[host]
                with suppress(ProcessLookupError):
                    process.kill()
            story = err.decode(errors="replace").strip()
            if process.returncode != _NO_CONNECTION:
                break
            if any(words in err for words in _REFUSED):
                raise NotAvailableError(
                    "ssh does not get in.",
                    story=story,
                    hint=f"Mend it until this works: ssh -o BatchMode=yes {destination} true",
                )
            self._trouble[host] = story.rpartition("\n")[2]
            await asyncio.sleep(_AGAIN_SECONDS)
        self._heard[host], self._trouble[host] = time.time(), ""
        _, mark, text = out.rpartition(MARK.encode())
        try:  # what a shell says before and after is not ours
            reply = msgspec.json.decode(text.partition(b"\n")[0] if mark else b"", type=Reply)
        except ValueError as error:
            raise ResultsError(f"{host} has answered something else.", story=story) from error
        if reply.code:
            raise error_class(reply.code)(reply.message)
        return reply.data

    async def do(self, work: Work, request: bytes, retries: int) -> bytes:
        for _ in range(retries):
            with suppress(FtbenchError):
                return await self.ask(work.host, request)
        return await self.ask(work.host, request)
