"""The fleet on Dask distributed, of which nothing else knows: scheduler and client, and workers.

Scheduler and client are one process, the coordinator: what one loses the other has lost too, and
the agents, which keep their runs, wait for the next.
"""

from __future__ import annotations

import asyncio
import logging
import multiprocessing
import os
import shutil
import signal
import socket
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any, Final

import dask
import psutil
from distributed import Client, Scheduler, Worker
from distributed.scheduler import KilledWorker
from distributed.security import Security
from distributed.utils import get_ip

from ftbench.errors import (
    INTERRUPTED,
    FtbenchError,
    NotAvailableError,
    UsageError,
    WorkerFailedError,
    unknown,
)
from ftbench.files import folder_made
from ftbench.fleet.agent import Agent
from ftbench.fleet.plan import Work
from ftbench.processes import run

_AGAIN_SECONDS: Final = 5.0
_LOOK_SECONDS: Final = 0.5
_PART_SECONDS: Final = 10.0
# By Dask's defaults an idle agent wakes many times a second, by these hardly ever.
_TUNED: Final = {
    "distributed.admin.tick.interval": "5s",
    "distributed.admin.tick.cycle": "60s",
    "distributed.admin.tick.limit": "60s",
    "distributed.admin.system-monitor.interval": "60s",
    "distributed.admin.system-monitor.gil.enabled": False,
    "distributed.worker.profile.enabled": False,
    "distributed.worker.memory.target": False,
    "distributed.worker.memory.spill": False,
    "distributed.worker.memory.pause": False,
    "distributed.worker.memory.terminate": False,
    "distributed.worker.http.routes": [],
    "distributed.scheduler.http.routes": [],
    # A run stays where it belongs, and a host that is long silent is still its host.
    "distributed.scheduler.work-stealing": False,
    "distributed.scheduler.allowed-failures": 3,
    "distributed.scheduler.worker-ttl": "1h",
    "distributed.comm.timeouts.tcp": "120s",
}
# No page of Dask's: its server answers this machine alone, and nothing but that there is nothing.
_NO_PAGES: Final[dict[str, Any]] = {"dashboard": False, "dashboard_address": "127.0.0.1:0"}
_CERTIFICATE: Final = "fleet.crt"
_KEY: Final = "fleet.key"


def make_certificate(folder: Path) -> None:
    """Make what a member of the fleet has and nobody else, unless it is there.

    One for all, that signs itself: Dask knows no roles, and one for each host would protect no
    more.  By openssl, which systems have; `cryptography` would be compiled code for one call.
    """
    if folder.exists():
        return
    if shutil.which("openssl") is None:
        raise NotAvailableError(
            "There is no openssl on this machine to make the fleet's certificate.",
            hint=f"Make it elsewhere, and copy its folder to {folder}.",
        )
    with folder_made(folder) as made:
        made.chmod(0o700)
        command = ["openssl", "req", "-x509", "-newkey", "rsa:3072", "-nodes", "-days", "3650"]
        command += ["-subj", "/CN=ftbench fleet", "-keyout", _KEY, "-out", _CERTIFICATE]
        done = run(command, environ=os.environ, deadline=60.0, folder=made)
        if done.code:
            raise FtbenchError("openssl made no certificate.", story=done.err)
        (made / _KEY).chmod(0o600)


def _security(folder: Path) -> Security:
    certificate, key = folder / _CERTIFICATE, folder / _KEY
    if not (certificate.is_file() and key.is_file()):
        raise UsageError(
            f"There is no {_CERTIFICATE} and {_KEY} in {folder}.",
            hint="'ftbench fleet run' makes them: copy both here from the coordinator.",
        )
    if os.name == "posix" and key.stat().st_mode & 0o077:
        raise UsageError(f"{key} can be read by others.", hint=f"chmod 600 {key}")
    options: dict[str, Any] = {"tls_ca_file": str(certificate), "require_encryption": True}
    for role in ("client", "scheduler", "worker"):
        options |= {f"tls_{role}_cert": str(certificate), f"tls_{role}_key": str(key)}
    return Security(**options)


def address_of(interface: str) -> str:
    """Return the address of a network interface; raises `UsageError` for one that is not here."""
    interfaces = psutil.net_if_addrs()
    if interface not in interfaces:
        raise unknown("interface", interface, interfaces)
    for each in interfaces[interface]:
        if each.family == socket.AF_INET:
            return each.address
    raise UsageError(f"The interface {interface} has no IPv4 address.")


def _pinned(host: str) -> dict[str, float]:
    # By resources, since a worker that begins again has its name, but not for what waits for it.
    return {"BENCH": 1.0, f"HOST_{host}": 1.0}


class DaskLink:
    """The carrier of a coordinator."""

    def __init__(self, scheduler: Scheduler, client: Client) -> None:
        self._scheduler, self._client = scheduler, client

    @property
    def address(self) -> str:
        return str(self._scheduler.address)

    def heard(self, host: str) -> float:
        address = self._scheduler.aliases.get(host)
        return float(self._scheduler.workers[address].last_seen) if address else 0.0

    def trouble(self, _: str) -> str:
        return ""  # an agent comes by itself, or does not

    async def ask(self, host: str, request: bytes) -> bytes:
        while True:
            while (address := self._scheduler.aliases.get(host)) is None:  # noqa: ASYNC110
                await asyncio.sleep(_LOOK_SECONDS)
            with suppress(OSError, ValueError, KeyError):  # gone meanwhile: it will be back
                replies = await self._client.run(_answer, request, workers=[address])
                return bytes(replies[address])
            await asyncio.sleep(_LOOK_SECONDS)

    async def do(self, work: Work, request: bytes, retries: int) -> bytes:
        future = self._client.submit(
            *(_do, request),
            key=work.id,
            pure=False,
            retries=retries,
            resources=_pinned(work.host),
        )
        try:
            return bytes(await future)
        except KilledWorker as error:
            raise WorkerFailedError("The agent was killed each time.") from error


@asynccontextmanager
async def listening(interface: str, port: int, certificates: Path) -> AsyncIterator[DaskLink]:
    """Yield a link that agents with the certificate can come to; raises `FtbenchError`."""
    logging.getLogger("distributed").setLevel(logging.CRITICAL)
    security, host = _security(certificates), address_of(interface)
    options: dict[str, Any] = {"host": host, "port": port, "protocol": "tls", **_NO_PAGES}
    with dask.config.set(_TUNED):
        try:
            scheduler = await Scheduler(security=security, **options)
        except OSError as error:
            raise UsageError(
                f"Nothing can listen on {interface}, port {port}: {error}.",
                hint="Is another coordinator at work? Give this one another port.",
            ) from error
        client = Client(scheduler.address, security=security, asynchronous=True)
        try:
            yield DaskLink(scheduler, await client)
        finally:  # all is in the results: no host that is slow to part may keep us
            with suppress(TimeoutError):
                async with asyncio.timeout(_PART_SECONDS):
                    await client.close()
                    await scheduler.close()


# The agent of this process: what Dask carries to it is the name of a function and bytes.
_AGENT: Final[list[Agent]] = []


async def _answer(request: bytes) -> bytes:
    return await asyncio.to_thread(_do, request)


def _do(request: bytes) -> bytes:
    return _AGENT[0].answer(request)


class _Worker(Worker):
    """One that leaves at once: what it measures goes on, is kept, and the next one finds it."""

    async def close(self, *_: Any, reason: str = "", **others: Any) -> Any:
        others |= {"timeout": 1, "executor_wait": False}
        return await super().close(reason=reason, **others)


def worker_of(name: str, address: str, certificates: Path, folder: str | None) -> Worker:
    """Return the Dask worker of a host, which has not begun."""
    host, _, port = address.removeprefix("tls://").rpartition(":")
    return _Worker(
        f"tls://{host}:{port}",
        name=name,
        nthreads=1,
        resources=_pinned(name),
        host=get_ip(host),
        security=_security(certificates),
        memory_limit=0,
        local_directory=folder,
        **_NO_PAGES,
    )


async def serve(agent: Agent, address: str, certificates: Path) -> None:
    """Work for whichever coordinator is at an address, for ever."""
    logging.getLogger("distributed").setLevel(logging.CRITICAL)
    _AGENT[:] = [agent]
    _security(certificates)  # or it ends now
    host, _, port = address.removeprefix("tls://").rpartition(":")
    while True:
        with (
            suppress(OSError, ValueError, RuntimeError),
            dask.config.set(_TUNED),
            tempfile.TemporaryDirectory() as temporary,
        ):
            # Asked plainly: Dask itself would ask ten times a second.
            _, writer = await asyncio.open_connection(host, int(port))
            writer.close()
            async with worker_of(agent.host, address, certificates, temporary) as worker:
                await worker.finished()
        await asyncio.sleep(_AGAIN_SECONDS)


if sys.platform == "linux":  # which has all loaded already, and only one thread
    _Process = multiprocessing.get_context("fork").Process
else:
    _Process = multiprocessing.get_context("spawn").Process


def supervised(agent: Agent, address: str, certificates: Path) -> None:
    """Serve for ever; where the process that does is killed, another one goes on."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(INTERRUPTED))
    code = -1
    while code < 0:
        process = _Process(target=_serve, args=(agent, address, certificates))
        process.start()
        try:
            process.join()
        finally:
            process.terminate()
        code = process.exitcode or 0
        time.sleep(_AGAIN_SECONDS)


def _serve(agent: Agent, address: str, certificates: Path) -> None:
    signal.signal(signal.SIGTERM, signal.SIG_DFL)  # not what it was forked with
    asyncio.run(serve(agent, address, certificates))
