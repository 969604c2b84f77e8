"""The fleet on Dask distributed, of which nothing else knows: scheduler and client, and workers.

Scheduler and client are one process, the coordinator: what one loses the other has lost too, and
the agents, which keep their runs, wait for the next.
"""

from __future__ import annotations

import asyncio
import logging
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
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
from ftbench.fleet.agent import Agent
from ftbench.fleet.certificates import Certificates
from ftbench.fleet.links import Contact
from ftbench.fleet.plan import Work

_MEASURES: Final = "BENCH"
_AGAIN_SECONDS: Final = 5.0
_ASK_SECONDS: Final = 120.0
# By Dask's defaults an idle agent takes 5 % of a core, by these less than 1.
_TUNED: Final = {
    "distributed.admin.tick.interval": "5s",
    "distributed.admin.tick.cycle": "60s",
    "distributed.admin.tick.limit": "60s",
    "distributed.admin.system-monitor.interval": "60s",
    "distributed.admin.system-monitor.gil.enabled": False,
    "distributed.admin.event-loop": "asyncio",
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
    "distributed.comm.timeouts.connect": "30s",
}
# No page of Dask's: its server answers this machine alone, and nothing but that there is nothing.
_NO_PAGES: Final[dict[str, Any]] = {"dashboard": False, "dashboard_address": "127.0.0.1:0"}


def _security(certificates: Certificates) -> Security:
    certificates.refuse_lacking()
    pair: dict[str, Any] = {
        f"tls_{role}_{kind}": str(path)
        for role in ("client", "scheduler", "worker")
        for kind, path in (("cert", certificates.certificate), ("key", certificates.key))
    }
    ca = str(certificates.certificate)
    return Security(tls_ca_file=ca, require_encryption=True, **pair)


def address_of(interface: str) -> str:
    """Return the address of a network interface; raises `UsageError` for one that is not here."""
    interfaces = psutil.net_if_addrs()
    if interface not in interfaces:
        raise unknown("interface", interface, interfaces)
    for each in interfaces[interface]:
        if each.family == socket.AF_INET:
            return each.address
    raise UsageError(f"The interface {interface} has no IPv4 address.")


class DaskLink:
    """The carrier of a coordinator."""

    def __init__(self, scheduler: Scheduler, client: Client) -> None:
        self._scheduler, self._client = scheduler, client

    @property
    def address(self) -> str:
        """Where agents find it."""
        return str(self._scheduler.address)

    def present(self) -> Mapping[str, Contact]:
        workers = self._scheduler.workers.values()
        return {str(each.name): Contact(each.address, each.last_seen) for each in workers}

    def admit(self, host: str, groups: tuple[str, ...]) -> None:
        """Nothing: the agent's own resources say it."""

    async def ask(self, host: str, request: bytes) -> bytes:
        try:
            address = self.present()[host].connection
            async with asyncio.timeout(_ASK_SECONDS):
                replies = await self._client.run(_answer, request, workers=[str(address)])
        except FtbenchError:
            raise
        except Exception as error:
            raise WorkerFailedError(f"{host} has gone: {error}") from error
        return bytes(replies[str(address)])

    async def do(self, work: Work, request: bytes, retries: int) -> bytes:
        future = self._client.submit(
            _do,
            request,
            key=work.id,
            pure=False,
            retries=retries,
            resources={_MEASURES: 1, _resource(work.place, grouped=work.grouped): 1},
        )
        try:
            return bytes(await future)
        except KilledWorker as error:
            raise WorkerFailedError(
                f"{work.title}: its agent was killed, again and again."
            ) from error
        finally:
            future.release()


def _resource(place: str, *, grouped: bool) -> str:
    return f"{'GROUP' if grouped else 'HOST'}_{place}"


@asynccontextmanager
async def listening(
    interface: str, port: int, certificates: Certificates
) -> AsyncIterator[DaskLink]:
    """Yield a link that agents with the certificate can come to; raises `FtbenchError`."""
    logging.getLogger("distributed").setLevel(logging.CRITICAL)
    security = _security(certificates)
    with dask.config.set(_TUNED):
        try:
            scheduler = await Scheduler(
                host=address_of(interface),
                port=port,
                protocol="tls",
                security=security,
                **_NO_PAGES,
            )
        except OSError as error:
            raise UsageError(
                f"Nothing can listen on {interface}, port {port}: {error}.",
                hint="Is another coordinator at work? 'ftbench fleet status' says so.",
            ) from error
        async with (
            scheduler,
            Client(
                scheduler.address, security=security, asynchronous=True, name="coordinator"
            ) as client,
        ):
            yield DaskLink(scheduler, client)


# The agent of this process: what Dask carries to it is the name of a function and bytes.
_AGENT: list[Agent] = []
# Whom a coordinator cannot use says so, leaves, and comes back this much later.
_REFUSED_SECONDS: Final = 60.0
_REFUSED: Final[list[str]] = []


async def _answer(request: bytes, dask_worker: Worker) -> bytes:
    try:
        return await asyncio.to_thread(_AGENT[0].answer, request)
    except NotAvailableError as error:
        _REFUSED[:] = [str(error)]
        asyncio.get_running_loop().call_later(
            1.0, lambda: asyncio.ensure_future(dask_worker.close(reason="refused"))
        )
        raise


def _do(request: bytes) -> bytes:
    return _AGENT[0].answer(request)


class _Worker(Worker):
    """One that leaves at once: what it measures goes on, is kept, and the next one finds it."""

    async def close(self, *_: Any, reason: str = "", **others: Any) -> Any:
        others |= {"timeout": 1, "executor_wait": False}
        return await super().close(reason=reason, **others)


async def serve(agent: Agent, address: str, certificates: Certificates) -> None:
    """Work for whichever coordinator is at an address, for ever."""
    logging.getLogger("distributed").setLevel(logging.CRITICAL)
    _AGENT[:] = [agent]
    security = _security(certificates)
    host, _, port = address.removeprefix("tls://").rpartition(":")
    resources = {_resource(agent.host, grouped=False): 1.0, _MEASURES: 1.0}
    resources |= {_resource(group, grouped=True): 1.0 for group in agent.groups}
    while True:
        with (
            suppress(OSError, ValueError, RuntimeError),
            dask.config.set(_TUNED),
            tempfile.TemporaryDirectory() as temporary,
        ):
            # Asked plainly: Dask itself would ask ten times a second.
            _, writer = await asyncio.open_connection(host, int(port))
            writer.close()
            worker = _Worker(
                f"tls://{host}:{port}",
                name=agent.host,
                nthreads=1,
                resources=resources,
                host=get_ip(host),
                security=security,
                memory_limit=0,
                local_directory=temporary,
                **_NO_PAGES,
            )
            async with worker:
                await worker.finished()
        if _REFUSED:
            print(f"ftbench: {_REFUSED.pop()}", file=sys.stderr, flush=True)
            await asyncio.sleep(_REFUSED_SECONDS)
        await asyncio.sleep(_AGAIN_SECONDS)


def supervised(command: Sequence[str]) -> int:
    """Run an agent, and another one when it is killed; return its exit code when it ends."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(INTERRUPTED))
    while True:
        process = subprocess.Popen(command)
        try:
            code = process.wait()
        finally:
            process.terminate()
        if code >= 0:
            return code
        time.sleep(_AGAIN_SECONDS)
