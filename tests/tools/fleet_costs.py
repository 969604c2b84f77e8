"""What a fleet costs: an idle agent, and a coordinator of many hosts: `fleet_costs.py idle|many`.

CPU seconds and memory, which mean the same on a machine that is busy.  `many` is of 200 hosts and
500 runs each that take no time: the hosts are left out, works, journal and merging are not.
"""

from __future__ import annotations

import asyncio
import io
import json
import sys
import tempfile
import time
from pathlib import Path

import fake_cell
import msgspec
import psutil
from fake_fleet import Hosts, eventually
from rich.console import Console

from ftbench.fleet import dask_link
from ftbench.fleet.agent import Hello, Request
from ftbench.fleet.coordinator import Coordinator
from ftbench.fleet.plan import Fleet, Task, Work
from ftbench.fleet.project import Project
from ftbench.fleet.spool import Run, packed

SECONDS = 60.0


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


class Made:
    """Hosts that have measured at once whatever they are asked for."""

    def heard(self, _: str) -> float:
        return time.time()

    async def ask(self, host: str, _: bytes) -> bytes:
        await asyncio.sleep(0)
        hello = Hello(identity=host, suites=("s",), kept=())
        return msgspec.msgpack.encode(hello)

    async def do(self, asked: Work, _: bytes, __: int) -> bytes:
        await asyncio.sleep(0)
        files = {
            "31407f00-cpython-pygil-buildsource-profilesmoke.json": json.dumps(
                fake_cell.results(asked.host, f"c{hash(asked.bench) % 20}", time.time())
            )
        }
        machine = {"machine": asked.host, "identity": asked.host, "version": 1}
        return packed(
            Run(
                work=asked,
                started_at="",
                agent={},
                machine=json.dumps(machine),
                benchmarks="{}",
                files=files,
            )
        )


def many(count: int = 200, runs: int = 500) -> None:
    """Say what a coordinator uses for so many hosts and runs of each."""
    names = tuple(f"host-{number}" for number in range(count))
    task = Task(
        hosts=names, releases=("3.14.7",), benchmarks=tuple(f"class_{n}\\." for n in range(runs))
    )
    fleet = Fleet(runs=(task,))
    process = psutil.Process()

    def cpu() -> float:
        times = process.cpu_times()
        return times.user + times.system

    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        before, memory = cpu(), process.memory_full_info().uss
        works = fleet.works("s", "")
        planned = cpu() - before
        (folder / "env" / "fleet").mkdir(parents=True)
        project = Project(folder=folder, file=folder / "f.toml", fleet=fleet, suite=("s", b""))
        journal, console = project.journal(), Console(file=io.StringIO())
        coordinator = Coordinator(project, Made(), journal, works, console)
        begun = cpu()
        asyncio.run(coordinator.run())
        used = cpu() - begun
        print(
            f"{count} hosts, {runs} runs each: planned in {planned:.1f} s of CPU, done in "
            f"{used:.0f}, "
            f"{used / count / runs * 1e3:.2f} ms a run, "
            f"{(process.memory_full_info().uss - memory) / 2**20:.0f} MiB more"
        )


if __name__ == "__main__":
    {"idle": idle, "many": many}[sys.argv[1]]()
