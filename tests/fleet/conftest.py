"""A fleet of this machine, and its certificate."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from fake_fleet import Hosts

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
