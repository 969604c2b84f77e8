"""What a fleet costs: `fleet_costs.py idle|many|dask`.

CPU seconds and memory, which mean the same on a machine that is busy, of an idle agent; of a
coordinator of 200 hosts with 500 runs each that take no time; and of one of 200 that come by Dask.
"""

from __future__ import annotations

import asyncio
import io
import json
import logging
import sys
import tempfile
import time
from pathlib import Path

import dask
import fake_cell
import msgspec
import psutil
from fake_fleet import PROCESSES, Hosts, eventually
from rich.console import Console

from ftbench.fleet import dask_link
from ftbench.fleet.agent import Hello, Request
from ftbench.fleet.coordinator import Coordinator
from ftbench.fleet.links import Link
from ftbench.fleet.plan import Fleet, Task, Work
from ftbench.fleet.project import Project
from ftbench.fleet.spool import Run, packed
from ftbench.releases import Release, known_releases

SECONDS = 60.0
SUITE = ("s", b"")
BENCHMARKS = 25  # as many as ours has classes; more runs are of further releases


def idle() -> None:
    """Say what an agent uses, without a coordinator and with one."""
    with tempfile.TemporaryDirectory() as temporary:
        hosts = Hosts.made(Path(temporary))
        dask_link.make_certificate(hosts.certificate)
        process = psutil.Process(hosts.agent("a", "usual").pid)

        def told(when: str) -> None:
            before, switches = process.cpu_times(), process.num_ctx_switches().voluntary
            time.sleep(SECONDS)
            after = process.cpu_times()
            used = after.user + after.system - before.user - before.system
            each = (process.num_ctx_switches().voluntary - switches) / SECONDS
            memory = process.memory_full_info().uss / 2**20
            print(
                f"{when}: {used:.2f} s of CPU in {SECONDS:.0f} s ({used / SECONDS:.2%} of a core), "
                f"{each:.1f} switches a second, {memory:.0f} MiB of its own"
            )

        async def listen() -> None:
            async with dask_link.listening("lo", hosts.port, hosts.certificate) as link:
                await link.ask("a", Request(ask="hello").packed())
                await asyncio.to_thread(told, "with a coordinator")

        eventually((hosts.folder / "a.log").exists)
        time.sleep(10)
        told("without a coordinator")
        asyncio.run(listen())
        hosts.end()


def answered(request: bytes) -> bytes:
    """Answer as a host would that measures in no time."""
    asked = msgspec.msgpack.decode(request, type=Request)
    if (work := asked.work) is None:
        hello = Hello(identity="i", suites=(SUITE[0],), kept=())
        return msgspec.msgpack.encode(hello)
    content = fake_cell.results(work.host, work.bench.removesuffix("\\."), time.time())
    content["commit_hash"] = commit = Release.parse(work.releases[0]).commit_id
    return packed(
        Run(
            work=work,
            started_at="",
            agent={},
            machine=json.dumps({"machine": work.host, "identity": "i", "version": 1}),
            benchmarks="{}",
            files={f"{commit}-cpython-pygil-buildsource-profilesmoke.json": json.dumps(content)},
        )
    )


class Direct:
    """Hosts that are asked without anything between."""

    def heard(self, _: str) -> float:
        return time.time()

    def trouble(self, _: str) -> str:
        return ""

    async def ask(self, _: str, request: bytes) -> bytes:
        await asyncio.sleep(0)
        return answered(request)

    async def do(self, _: Work, request: bytes, __: int) -> bytes:
        return await self.ask("", request)


class _Any:
    """What answers for each of many workers of one process."""

    answer = staticmethod(answered)


def _workers(address: str, certificate: Path, count: int) -> None:
    logging.getLogger("distributed").setLevel(logging.CRITICAL)

    async def serve() -> None:
        dask_link._AGENT[:] = [_Any()]  # type: ignore[list-item]
        with dask.config.set(dask_link._TUNED):
            workers = [
                await dask_link.worker_of(f"host-{number}", address, certificate, None)
                for number in range(count)
            ]
            await workers[0].finished()

    asyncio.run(serve())


def many(count: int = 200, runs: int = 500, *, by_dask: bool = False) -> None:
    """Say what a coordinator uses for so many hosts and runs of each."""
    names = tuple(f"host-{number}" for number in range(count))
    benchmarks = tuple(f"class_{number}\\." for number in range(min(runs, BENCHMARKS)))
    tasks = (
        Task(hosts=names, releases=(each.release.name,), benchmarks=benchmarks)
        for each in known_releases()[: runs // len(benchmarks)]
    )
    fleet = Fleet(runs=tuple(tasks))
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        (folder / "env" / "fleet").mkdir(parents=True)
        project = Project(folder=folder, file=folder / "f.toml", fleet=fleet, suite=SUITE)
        journal, console = project.journal(), Console(file=io.StringIO())
        works = project.works(journal)

        async def run(link: Link) -> None:
            process = psutil.Process()
            memory, times = process.memory_full_info().uss, process.cpu_times()
            await Coordinator(project, journal, works, console).run(link)
            after = process.cpu_times()
            used = after.user + after.system - times.user - times.system
            more = (process.memory_full_info().uss - memory) / 2**20
            print(
                f"{count} hosts, {runs} runs each: {used:.0f} s of CPU, "
                f"{used / count / runs * 1e3:.1f} ms a run, {more:.0f} MiB more"
            )

        async def come() -> None:
            certificate = folder / "certificate"
            dask_link.make_certificate(certificate)
            async with dask_link.listening("lo", 0, certificate) as link:
                process = PROCESSES.Process(
                    target=_workers, args=(link.address, certificate, count)
                )
                process.start()
                for name in names:
                    await link.ask(name, Request(ask="hello").packed())
                await run(link)
                process.kill()

        asyncio.run(come() if by_dask else run(Direct()))


if __name__ == "__main__":
    kind = sys.argv[1]
    sizes = [int(size) for size in sys.argv[2:]]
    if kind == "idle":
        idle()
    else:
        many(*sizes, by_dask=kind == "dask")
