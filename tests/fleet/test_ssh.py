"""A fleet by ssh: what stands for ssh where there is no sshd, and a real one where there is."""

from __future__ import annotations

import io
import json
import os
import pwd
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from threading import Thread

import msgspec
import psutil
import pytest
from fake_fleet import eventually
from rich.console import Console

from ftbench.errors import DeadlineError, FtbenchError, NotAvailableError, UsageError
from ftbench.fleet import coordinator, links
from ftbench.fleet.agent import Agent
from ftbench.fleet.coordinator import coordinate
from ftbench.fleet.links import Reply, SshLink
from ftbench.fleet.project import Project
from ftbench.probe.run import MARK

FILE = "31407f00-cpython-pygil-buildsource-profilesmoke.json"
# Carries standard input to the agent whose socket is named by the last word, as `ftbench fleet
# agent --once` answers, without what it takes to begin it; a shell may say what it likes.
CARRIER = """
import os, socket, sys
os.chdir(os.path.dirname(__file__))
print("a banner", flush=True)
with socket.socket(socket.AF_UNIX) as one:
    one.connect(sys.argv[-1].rpartition(" ")[2] + ".socket")
    one.sendall(sys.stdin.buffer.read())
    one.shutdown(socket.SHUT_WR)
    while part := one.recv(65536):
        sys.stdout.buffer.write(part)
print("good bye")
"""
# As root it needs a user and a folder, which only its own view of the system gets.
AS_ROOT = 'mount --bind "$0" /etc/passwd && mount -t tmpfs none /run && mkdir -m 755 /run/sshd'
SSHD = shutil.which("sshd", path=f"{os.environ['PATH']}:/usr/sbin:/usr/local/sbin")


@dataclass(frozen=True, kw_only=True)
class There:
    """A host: its agent, which answers whoever connects to its socket, and a project of ours."""

    agent: Agent
    folder: Path  # of the programs there
    project: Path
    console: Console

    def run(self, hosts: str, benchmarks: str, top: str = "") -> None:
        """Have the fleet do what is asked of hosts that are known as so many lines say."""
        names = [line.split()[0] for line in hosts.splitlines()]
        text = f"{top}\n[[runs]]\nhosts = {names}\nreleases = ['3.14.7']\n"
        (self.project / "fleet.toml").write_text(
            f"{text}benchmarks = {benchmarks.split()}\n", encoding="utf-8"
        )
        (self.project / "hosts.txt").write_text(f"{hosts}  # by ssh\n\n", encoding="utf-8")
        fleet = Project.of(self.project, self.project / "fleet.toml")
        coordinate(fleet, self.console, self.project, self.project / "hosts.txt")

    @property
    def collected(self) -> list[str]:
        """The benchmarks in the results."""
        text = (self.project / "results" / "a" / FILE).read_text("utf-8")
        return sorted(name.partition(".")[0] for name in json.loads(text)["results"])

    @property
    def measured(self) -> list[str]:
        """What the host has measured, in its order."""
        lines = (self.agent.folder / "measured.txt").read_text("utf-8").splitlines()
        return [line.split()[0] for line in lines]


def serve(agent: Agent, listening: socket.socket) -> None:
    """Answer as `ftbench fleet agent --once` does."""

    def answer(one: socket.socket) -> None:
        with suppress(OSError), one, one.makefile("rb") as asked:
            try:
                reply = Reply(data=agent.answer(asked.read()))
            except FtbenchError as error:
                reply = Reply(code=error.exit_code, message=str(error))
            one.sendall(f"{MARK}".encode() + msgspec.json.encode(reply) + b"\n")

    with suppress(OSError):
        while True:
            one, _ = listening.accept()
            Thread(target=answer, args=(one,), daemon=True).start()


def program(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8")
    path.chmod(0o755)


@pytest.fixture
def there(agent: Agent, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[There]:
    project, folder = tmp_path / "project", tmp_path / "a venv"
    (project / "benchmarks").mkdir(parents=True)
    (project / "benchmarks" / "one.py").write_text("", encoding="utf-8")
    (project / "asv.conf.json").write_text("{}", encoding="utf-8")
    (tmp_path / "bin").mkdir()
    folder.mkdir()
    program(folder / "ftbench", f"#!{sys.executable} -S\n{CARRIER}")
    monkeypatch.setenv("PATH", str(tmp_path / "bin"), prepend=os.pathsep)
    monkeypatch.setattr(links, "_AGAIN_SECONDS", 0.3)
    monkeypatch.setattr(coordinator, "_LOOK_SECONDS", 0.1)
    monkeypatch.chdir(folder)
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind("a.socket")
        listening.listen()
        Thread(target=serve, args=(agent, listening), daemon=True).start()
        yield There(
            agent=agent, folder=folder, project=project, console=Console(file=io.StringIO())
        )
        listening.shutdown(socket.SHUT_RDWR)


@pytest.fixture
def sshd(there: There, tmp_path: Path) -> Iterator[psutil.Process]:
    """A server on the loopback, and an ssh that knows it as "good"."""
    if SSHD is None or (ssh := shutil.which("ssh")) is None:
        pytest.skip("needs sshd and ssh: of openssh-server and openssh-client")
    folder, home = tmp_path / "ssh", tmp_path / "home"
    for each in (folder, home):
        each.mkdir(mode=0o700)
    (home / ".bashrc").write_text("echo a shell that talks\n", encoding="utf-8")
    for name in ("host", "other", "mine"):
        command = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(folder / name)]
        subprocess.run(command, check=True)
    keys = {name: (folder / f"{name}.pub").read_text("utf-8") for name in ("host", "other", "mine")}
    with socket.socket() as one, socket.socket() as other:
        for free in (one, other):
            free.bind(("127.0.0.1", 0))
        port, closed = (free.getsockname()[1] for free in (one, other))
    mine = f'environment="HOME={home}" {keys["mine"]}'
    (folder / "authorized").write_text(mine, encoding="utf-8")
    for name in ("host", "other"):
        (folder / f"known-{name}").write_text(f"[127.0.0.1]:{port} {keys[name]}", encoding="utf-8")
    (folder / "sshd_config").write_text(
        f"ListenAddress 127.0.0.1\nPort {port}\nHostKey {folder}/host\nPidFile none\n"
        f"AuthorizedKeysFile {folder}/authorized\nStrictModes no\nUsePAM no\n"
        "PasswordAuthentication no\nKbdInteractiveAuthentication no\n"
        "PermitRootLogin prohibit-password\nPermitUserEnvironment yes\n",
        encoding="utf-8",
    )
    (folder / "config").write_text(
        f"Host down\n  Port {closed}\n"
        f"Host changed\n  UserKnownHostsFile {folder}/known-other\n"
        f"Host stranger\n  IdentityFile {folder}/other\n"
        f"Host *\n  HostName 127.0.0.1\n  Port {port}\n"
        f"  IdentitiesOnly yes\n  UserKnownHostsFile {folder}/known-host\n"
        "  GlobalKnownHostsFile /dev/null\n  StrictHostKeyChecking yes\n"
        f"Host * !stranger\n  IdentityFile {folder}/mine\n",
        encoding="utf-8",
    )
    program(tmp_path / "bin" / "ssh", f'#!/bin/sh\nexec {ssh} -F {folder}/config "$@"\n')
    command = [SSHD, "-D", "-e", "-f", f"{folder}/sshd_config"]
    if os.geteuid() == 0 and "sshd" not in {user.pw_name for user in pwd.getpwall()}:
        users = Path("/etc/passwd").read_text("utf-8")
        (folder / "passwd").write_text(f"{users}sshd:x:65533:65534::/:/bin/false\n", "utf-8")
        words = f'{AS_ROOT} && exec "$@"'
        command = ["unshare", "--mount", "sh", "-c", words, f"{folder}/passwd", *command]
    log = folder / "log"
    with log.open("wb") as file:
        server = subprocess.Popen(command, stderr=file)
    try:
        eventually(lambda: server.poll() is not None or b"listening" in log.read_bytes())
        if server.poll() is not None:
            pytest.skip(f"sshd cannot be begun here: {log.read_text('utf-8')}")
        yield psutil.Process(server.pid)
    finally:
        sessions = psutil.Process(server.pid).children() if server.poll() is None else []
        server.kill()
        for session in sessions:
            session.kill()
        server.wait()


def test_without_sshd_what_stands_for_ssh_carries_runs_too(there: There, tmp_path: Path) -> None:
    carrier = f"#!/bin/sh\nexec '{there.folder}/ftbench' \"$@\"\n"
    program(tmp_path / "bin" / "ssh", carrier)
    there.run("a  user@one", "x once")
    assert there.collected == ["once", "x"]
    assert there.measured == ["x", "once"]


def test_by_ssh_hosts_do_their_runs_whatever_their_shells_say(
    there: There, sshd: psutil.Process
) -> None:
    assert sshd.is_running()
    there.run(f"a good '{there.folder}/ftbench'", "x once")
    assert there.collected == ["once", "x"]
    assert there.measured == ["x", "once"]


def test_a_run_outlives_the_connection_that_asked_for_it(
    there: There, sshd: psutil.Process
) -> None:
    def cut() -> None:
        eventually((there.agent.folder / "slow.begun").exists)
        for session in sshd.children(recursive=True):
            with suppress(psutil.NoSuchProcess):
                session.kill()

    cutting = Thread(target=cut)
    cutting.start()
    there.run(f"a good '{there.folder}/ftbench'", "slow")
    cutting.join()
    assert there.collected == there.measured == ["slow"]


@pytest.mark.parametrize(
    ("name", "says"),
    [("changed", "Host key verification failed"), ("stranger", "Permission denied")],
)
def test_a_host_that_ssh_does_not_get_into_is_told_at_once(
    there: There, sshd: psutil.Process, name: str, says: str
) -> None:
    assert sshd.is_running()
    with pytest.raises(NotAvailableError, match=says):
        there.run(f"b {name}\na good '{there.folder}/ftbench'", "x")
    assert there.collected == ["x"]


def test_why_a_host_is_down_is_told(there: There, sshd: psutil.Process) -> None:
    assert sshd.is_running()
    with pytest.raises(DeadlineError, match=r"no answer: .*Connection refused"):
        there.run(f"b down\na good '{there.folder}/ftbench'", "x", "silent = 1\npatience = 3")
    assert there.collected == ["x"]


def test_a_host_without_ftbench_is_told_with_what_its_shell_says(
    there: There, sshd: psutil.Process
) -> None:
    assert sshd.is_running()
    with pytest.raises(NotAvailableError, match=r"something else\.\n.*nowhere.*not found"):
        there.run("b good nowhere", "x")


def test_a_file_of_hosts_gives_ssh_no_option(tmp_path: Path) -> None:
    (tmp_path / "hosts.txt").write_text("a -oProxyCommand=x", encoding="utf-8")
    with pytest.raises(UsageError, match="not NAME"):
        SshLink.of(tmp_path / "hosts.txt")
