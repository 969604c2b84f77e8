"""A fleet of this machine, and its certificate."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import fake_agent
import pytest
from fake_fleet import Hosts

from ftbench.fleet.agent import Agent
from ftbench.fleet.dask_link import make_certificate


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate, which takes a second of CPU to make."""
    made = tmp_path_factory.mktemp("fleet") / "certificate"
    make_certificate(made)
    return made


@pytest.fixture
def hosts(tmp_path: Path, certificate: Path) -> Iterator[Hosts]:
    made = Hosts.made(tmp_path)
    made.certificate.symlink_to(certificate)
    yield made
    made.end()


@pytest.fixture
def agent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Agent:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    monkeypatch.setenv("FTBENCH_MEASURING_LOCK", str(tmp_path / "lock"))
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(sys.path))
    return fake_agent.made("a", tmp_path)
