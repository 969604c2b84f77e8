"""A fleet of this machine, and its certificate."""

from __future__ import annotations

import os
import signal
import socket
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from fake_fleet import Hosts

from ftbench.fleet.certificates import Certificates


@pytest.fixture(scope="session")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    """A certificate, which takes a second of CPU to make."""
    made = Certificates(tmp_path_factory.mktemp("fleet") / "certificate")
    made.make()
    return made


@pytest.fixture
def hosts(tmp_path: Path, certificates: Certificates) -> Iterator[Hosts]:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port = one.getsockname()[1]
    made = Hosts(tmp_path, port)
    for name in ("ftbench", "benchmarks"):
        (made.project / name).mkdir(parents=True)
        (made.project / name / "__init__.py").write_text("", encoding="utf-8")
    (made.project / "asv.conf.json").write_text("{}", encoding="utf-8")
    made.certificates.folder.symlink_to(certificates.folder)
    yield made
    for process in made.processes:
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid or 0, signal.SIGKILL)
        process.join()
        process.close()
