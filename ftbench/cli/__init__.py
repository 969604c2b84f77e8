"""The `ftbench` command: one module per group of subcommands."""

from __future__ import annotations

import sys
from typing import Final

import click
from rich.console import Console

from ftbench import __version__
from ftbench.cli.advise import advise
from ftbench.cli.bench import bench
from ftbench.cli.compare import compare
from ftbench.cli.native import native
from ftbench.cli.noise import noise
from ftbench.cli.overhead import overhead
from ftbench.cli.pythons import pythons
from ftbench.cli.releases import releases
from ftbench.cli.report import report
from ftbench.cli.reproduce import reproduce
from ftbench.cli.selftest import selftest
from ftbench.errors import FtbenchError

__all__ = ["cli", "main"]

# As a shell says it: 128 and the number of SIGINT.
INTERRUPTED: Final = 130


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__)
def cli() -> None:
    """Measure which concurrency model a program should pay for, on which CPython."""


_MEASURING: Final = (bench, reproduce, overhead, noise, selftest, native)

for command in (*_MEASURING, advise, report, compare, pythons, releases):
    cli.add_command(command)


def main() -> None:
    """Run the command; an error of ours is a message and the exit code of its class."""
    try:
        sys.exit(cli(standalone_mode=False))
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except click.Abort:
        click.echo("ftbench: interrupted; what is saved is kept.", err=True)
        sys.exit(INTERRUPTED)
    except FtbenchError as error:
        Console(stderr=True, highlight=False, soft_wrap=True).print(
            f"ftbench: {error}", style="red", markup=False
        )
        sys.exit(error.exit_code)
