"""`ftbench fleet`: the same benchmarks on many hosts, each measured on its own and kept there."""

from __future__ import annotations

import re
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import click
from rich.console import Console

from ftbench.errors import NotAvailableError, UsageError
from ftbench.files import data_folder
from ftbench.report.output import Output, output_options

if TYPE_CHECKING:
    from ftbench.fleet.project import Project

_path = click.Path(path_type=Path)
_file = click.argument("file", type=_path, default="fleet.toml", required=False)
_ssh = click.option(
    "--ssh",
    type=_path,
    metavar="HOSTS",
    help="By ssh, without agents: a file with lines NAME [DESTINATION [FTBENCH]].",
)
_certificate = click.option(
    "--certificate",
    type=_path,
    default=lambda: data_folder() / "fleet-certificate",
    show_default=False,
    metavar="FOLDER",
    help="Where fleet.crt and fleet.key are. Default: in the user's data folder.",
)


@click.group(
    help="""Measure on many hosts what FILE asks for (fleet.toml): see docs/fleet.md.

    Each host measures one run at a time and keeps it until it is collected. Runs are sent by Dask
    distributed over TLS (the extra 'fleet'), or by ssh (--ssh).
    """
)
def fleet() -> None:
    pass


def _project(file: Path) -> Project:
    from ftbench.fleet.project import Project  # noqa: PLC0415
    from ftbench.results.project import project_folder  # noqa: PLC0415

    return Project.of(project_folder(), file)


def _need_dask() -> None:
    if find_spec("distributed") is None:
        raise NotAvailableError(
            "Dask distributed is not installed.",
            hint="pip install 'ftbench[fleet]'; or measure by ssh: --ssh HOSTS",
        )


@fleet.command(help="List the runs of FILE, and which of them are collected.")
@_file
@output_options
def plan(output: Output, file: Path) -> None:
    output.write(_project(file).plan())


@fleet.command(
    help="Show how far the coordinator of FILE is, and when each host was last heard from."
)
@_file
@output_options
def status(output: Output, file: Path) -> None:
    output.write(_project(file).status())


@fleet.command(
    help="""Do the runs of FILE, and put them into the results.

    Call it again to continue an interrupted one: what is collected is not measured again, and what
    a host has kept is fetched. Hosts that are silent or refused are listed.
    """
)
@_file
@_ssh
@_certificate
@click.option("--fresh", is_flag=True, help="Measure again what is already collected.")
def run(*, file: Path, ssh: Path | None, certificate: Path, fresh: bool) -> None:
    _coordinate(file, ssh, certificate, fresh=fresh)


@fleet.command(help="Fetch what hosts have kept, for any coordinator; measure nothing.")
@_file
@_ssh
@_certificate
def collect(*, file: Path, ssh: Path | None, certificate: Path) -> None:
    _coordinate(file, ssh, certificate, only_collect=True)


def _coordinate(file: Path, ssh: Path | None, certificate: Path, **how: bool) -> None:
    from ftbench.fleet.coordinator import coordinate  # noqa: PLC0415

    if ssh is None:
        _need_dask()
    console = Console(stderr=True, highlight=False)
    coordinate(_project(file), console, certificate, ssh, **how)


@fleet.command(
    help="""Serve on this host: measure for the coordinator at ADDRESS, HOST:PORT.

    Needs the folder of the coordinator's certificate. Whoever holds it can have this host run
    anything, so keep it like an ssh key.
    """
)
@click.argument("address", required=False)
@click.option("--name", required=True, help="The machine's name in the results.")
@_certificate
@click.option("--once", is_flag=True, hidden=True, help="Answer one request of standard input.")
def agent(*, address: str | None, name: str, certificate: Path, once: bool) -> None:
    from ftbench.fleet.agent import Agent  # noqa: PLC0415
    from ftbench.fleet.links import answer_once  # noqa: PLC0415
    from ftbench.fleet.plan import NAME  # noqa: PLC0415

    if not re.fullmatch(NAME, name):
        raise UsageError(f"{name!r} cannot be the name of a host.")
    own = Agent(host=name, folder=data_folder() / "fleet" / name)
    if once:
        answer_once(own)
        return
    if address is None:
        raise UsageError("The coordinator's ADDRESS is missing.")
    _need_dask()
    from ftbench.fleet.dask_link import supervised  # noqa: PLC0415

    supervised(own, address, certificate)
