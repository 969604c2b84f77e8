"""A site published by the real `asv publish` from made-up results, once for all tests here."""

from __future__ import annotations

from collections.abc import Iterator
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
import synthetic
from synthetic import Plan
from watching import axe_script

from ftbench.asv.publisher import write_pages
from ftbench.errors import FtbenchError
from ftbench.facts.arms import USUAL_ARMS
from ftbench.results import read_results

HOSTILE = "<img src=x onerror=alert(1)> \"'&{{7*7}}"
PLANS = (
    Plan(releases=("3.13.15", "3.14.2"), run="run-2"),
    Plan(machine="busy-laptop", releases=("3.14.2",), profile="quick", load=3.4),
    Plan(
        machine=f"evil {HOSTILE}".replace("/", ""),
        releases=("3.14.2",),
        arms=USUAL_ARMS[:1],
        machine_fields=dict.fromkeys(("os", "arch", "cpu", "num_cpu", "ram"), HOSTILE),
    ),
)

# A few of the series of some sections; of the others, as footprint, nothing was measured.
SHOWN = (
    "_round",
    "Pools.track_dispatch",
    "Grain.track_relative_100us",
    "Grain.track_relative_10ms",
    "Grain.track_idle_10ms",
    "SingleThread.track_kernel",
    "MustScale.track_relative_2",
    "MustScale.track_control_2",
    "Io.track_cpu",
    "SharedSet.track_op",
    "SharedSet.track_lock_wait_p99",
    "ShardedWriters.track_op",
    "ShardedWriters.track_ack_p99",
)


@pytest.fixture(scope="session")
def results(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a results folder with several machines, a hostile one among them."""
    folder = tmp_path_factory.mktemp("tree")
    synthetic.write_tree(folder, *PLANS)
    return folder


@pytest.fixture(scope="session")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a published project; the site lies in its folder `html`."""
    folder = tmp_path_factory.mktemp("project")
    synthetic.write_project(folder, *PLANS, only=SHOWN)
    done = synthetic.publish(folder)
    assert done.returncode == 0, done.stdout + done.stderr
    return folder


@pytest.fixture(scope="session")
def committed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of our pages as the committed results have them."""
    folder = tmp_path_factory.mktemp("committed")
    write_pages(read_results(Path(__file__).parents[2] / "results"), folder)
    return folder


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class's name
        """Say nothing."""


@pytest.fixture(scope="session")
def site(project: Path) -> Iterator[str]:
    """Return the address at which the published site is served."""

    def handler(*args: Any) -> _Quiet:
        return _Quiet(*args, directory=str(project / "html"))

    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()


@pytest.fixture(scope="session")
def axe(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Return axe-core's script."""
    folder = tmp_path_factory.mktemp("axe")
    try:
        return axe_script(folder)
    except FtbenchError as error:
        pytest.skip(f"axe-core cannot be had: {error}")
