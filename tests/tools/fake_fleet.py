"""A fleet on this machine: agents as processes, each with a lock of its own as if on a host."""

from __future__ import annotations

import ctypes
import multiprocessing
import os
import signal
import socket
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from multiprocessing.context import ForkServerProcess
from pathlib import Path
from typing import Self

import fake_agent

from ftbench.asv.measuring_lock import VARIABLE as LOCK

SECONDS = 60.0
_CLONE_NEWNET = 0x40000000
# Forked from one that has loaded all: a process of its own would load asv and scipy for seconds.
PROCESSES = multiprocessing.get_context("forkserver")
PROCESSES.set_forkserver_preload(
    ["ftbench.cli", "ftbench.fleet.coordinator", "ftbench.fleet.dask_link", "scipy.stats"]
)


def eventually(happened: Callable[[], object], seconds: float = SECONDS) -> None:
    """Wait until something has happened."""
    until = time.monotonic() + seconds
    while not happened():
        assert time.monotonic() < until, "it did not happen"
        time.sleep(0.05)


def _begin(log: Path, environ: dict[str, str], folder: Path) -> None:
    os.setsid()
    os.environ.update(environ)
    os.chdir(folder)
    file = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    for each in (1, 2):
        os.dup2(file, each)


def _agent(log: Path, environ: dict[str, str], folder: Path, words: list[str]) -> None:
    _begin(log, environ, folder)
    if space := environ["NETWORK_NAMESPACE"]:
        with Path("/run/netns", space).open("rb") as file:
            assert ctypes.CDLL(None).setns(file.fileno(), _CLONE_NEWNET) == 0
    fake_agent.main(*words)


def _command(log: Path, environ: dict[str, str], folder: Path, words: list[str]) -> None:
    _begin(log, environ, folder)
    from ftbench.cli import main  # noqa: PLC0415 - loaded by then
    from ftbench.fleet import coordinator  # noqa: PLC0415

    coordinator.COLLECT_SECONDS = 3.0  # type: ignore[misc]
    sys.argv = ["ftbench", "fleet", *words]
    main()


@dataclass
class Hosts:
    """A project with a fleet.toml, and agents that look for its coordinator."""

    folder: Path
    port: int
    processes: list[ForkServerProcess] = field(default_factory=list)

    @classmethod
    def made(cls, folder: Path) -> Self:
        """Make a project, whose coordinator nobody has called yet."""
        with socket.socket() as one:
            one.bind(("127.0.0.1", 0))
            made = cls(folder, one.getsockname()[1])
        for name in ("ftbench", "benchmarks"):
            (made.project / name).mkdir(parents=True)
            (made.project / name / "__init__.py").write_text("", encoding="utf-8")
        (made.project / "asv.conf.json").write_text("{}", encoding="utf-8")
        return made

    def end(self) -> None:
        """End all that was begun."""
        for process in self.processes:
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(process.pid or 0, signal.SIGKILL)
            process.join()
            process.close()

    @property
    def project(self) -> Path:
        return self.folder / "project"

    @property
    def certificate(self) -> Path:
        return self.folder / "certificate"

    def ask(self, runs: str, top: str = "", release: str = "3.14.7") -> None:
        """Write what the fleet is to do."""
        text = f"port = {self.port}\n{top}\n[[runs]]\nreleases = ['{release}']\n{runs}"
        (self.project / "fleet.toml").write_text(text, encoding="utf-8")

    def _begin(
        self, target: Callable[..., None], name: str, lock: str, words: list[str], space: str = ""
    ) -> ForkServerProcess:
        environ = {
            "XDG_DATA_HOME": str(self.folder / "data"),
            LOCK: str(self.folder / f"{lock}.lock"),
            "NETWORK_NAMESPACE": space,
            "PATH": os.environ["PATH"],
            "PYTHONPATH": os.pathsep.join(sys.path),
        }
        arguments = (self.folder / f"{name}.log", environ, self.project, words)
        process = PROCESSES.Process(target=target, args=arguments)
        process.start()
        self.processes.append(process)
        return process

    def agent(
        self, name: str, *words: str, lock: str = "", at: str = "127.0.0.1", space: str = ""
    ) -> ForkServerProcess:
        """Start one; agents with the same lock are of the same machine."""
        address = f"{at}:{self.port}"
        words = (name, address, str(self.folder), *words)
        return self._begin(_agent, name, lock or name, list(words), space)

    def command(self, *words: str) -> ForkServerProcess:
        """Begin `ftbench fleet ...`."""
        certificate: list[str] = []
        if words[0] in {"run", "collect"}:
            certificate = ["--certificate", str(self.certificate)]
        return self._begin(_command, "command", "coordinator", [*words, *certificate])

    @property
    def said(self) -> str:
        """What the last command said."""
        return (self.folder / "command.log").read_text(encoding="utf-8")

    def run(self, *words: str, code: int = 0) -> str:
        """Run `ftbench fleet ...` to its end, which must be of that code; return what it said."""
        self.ended(self.command(*(words or ("run",))), code)
        return self.said

    def ended(self, process: ForkServerProcess, code: int = 0) -> None:
        """Wait until a command has ended as it should."""
        process.join(SECONDS)
        assert process.exitcode == code, self.said

    def measured(self, host: str) -> list[tuple[str, float, float]]:
        """Return what a host has measured, in its order: benchmark, begin, end."""
        path = self.folder / host / "measured.txt"
        lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
        return [(b, float(x), float(y)) for b, x, y in map(str.split, lines)]

    def collected(self, host: str) -> int:
        """Return how many benchmarks of a host are in the results."""
        files = (self.project / "results" / host).glob("*cpython*.json")
        return sum(path.read_text(encoding="utf-8").count("Class.track_round") for path in files)
