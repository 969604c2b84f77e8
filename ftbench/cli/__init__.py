"""The `ftbench` command: one module per group of subcommands."""

from __future__ import annotations

import os
import shutil
import sys
import traceback
from collections.abc import Iterable
from typing import Any, Final, NoReturn, TextIO

import click
from rich.console import Console

from ftbench import __version__
from ftbench.cli.cpythons import pythons, releases
from ftbench.cli.measuring import bench, duel, native, noise, overhead, reproduce, selftest
from ftbench.cli.report import advise, compare, report, results
from ftbench.cli.trial import trial
from ftbench.errors import (
    EXIT_CODES,
    INTERRUPTED,
    NOBODY_READS,
    FaultError,
    FtbenchError,
    ResultsError,
)
from ftbench.probe.run.lacks import OF_PROGRAMS, lacking
from ftbench.report.output import show_what_can_be_shown

__all__ = ["cli", "main"]

# Whoever sets it sees the traceback of what ended the command.
DEBUG: Final = "FTBENCH_DEBUG"


class _Formatter(click.HelpFormatter):
    """Help as wide as the terminal, where click's own has 50 columns at least."""

    def __init__(self, **_: Any) -> None:
        super().__init__(width=max(min(shutil.get_terminal_size().columns, 80) - 2, 20))

    def write_dl(
        self, rows: Iterable[tuple[str, str]], col_max: int = 30, col_spacing: int = 2
    ) -> None:
        super().write_dl(rows, min(col_max, self.width // 2), col_spacing)


click.Context.formatter_class = _Formatter


class _Commands(click.Group):
    """The commands, which end as others do when nobody reads on."""

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        with formatter.section("Exit codes"):
            formatter.write_dl([(str(code), means) for code, means in EXIT_CODES.items()])

    def invoke(self, ctx: click.Context) -> Any:
        """Call the command; a closed pipe ends it without a word, where click would end with 1."""
        try:
            return super().invoke(ctx)
        except BrokenPipeError:
            _discard_output()
            raise SystemExit(NOBODY_READS) from None
        except SystemExit as end:
            if isinstance(end.__context__, BrokenPipeError):
                end.code = NOBODY_READS
            raise


@click.group(
    cls=_Commands,
    context_settings={"help_option_names": ["-h", "--help"]},
    help="Measure which concurrency model a program should pay for, on which CPython.",
)
@click.version_option(__version__)
def cli() -> None:
    pass


_MEASURING: Final = (bench, trial, duel, reproduce, overhead, noise, selftest, native)

for command in (*_MEASURING, advise, report, compare, results, pythons, releases):
    cli.add_command(command)


def main() -> None:
    """Run the command; an error of ours is a message and the exit code of its class."""
    # Of numpy's: where it may start no more of them it sends us a Ctrl-C, or waits for ever.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    show_what_can_be_shown()
    try:
        code = cli(standalone_mode=False, prog_name="ftbench")
        sys.stdout.flush()  # here, where a full disk can still be told of
        sys.exit(code)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except click.Abort:
        click.echo("ftbench: interrupted; what is saved is kept.", err=True)
        sys.exit(INTERRUPTED)
    except BrokenPipeError:
        _discard_output()
        sys.exit(NOBODY_READS)
    except OSError as error:
        _discard_output()
        _end(
            _lack_of(error)
            or ResultsError(
                f"The system could not read or write: {error}.",
                hint="Is the disk full, or a folder not yours to write? What is saved is kept.",
            )
        )
    except FtbenchError as error:
        _end(error)
    except Exception as error:  # noqa: BLE001 - whatever it is, it is no outcome of the command
        _end(
            _lack_of(error)
            or FaultError(
                f"This is a fault of ftbench: {type(error).__name__}: {error}",
                hint="Please report it where you have ftbench from, with the traceback that "
                f"{DEBUG}=1 shows.",
            )
        )


def _lack_of(error: Exception) -> FtbenchError | None:
    return lacking(f"{type(error).__name__}: {error}", OF_PROGRAMS)


def _end(error: FtbenchError) -> NoReturn:
    if os.environ.get(DEBUG):
        traceback.print_exc()
    try:
        Console(stderr=True, highlight=False, soft_wrap=True).print(
            f"ftbench: {error}", style="red", markup=False
        )
    except MemoryError:
        sys.stderr.write(f"ftbench: {error}\n")
    except (OSError, SystemExit):  # nobody can be told, but for the exit code
        _discard_output(sys.stderr)
    sys.exit(error.exit_code)


def _discard_output(file: TextIO | None = None) -> None:
    """Leave nothing that Python would try to write again as it ends, and complain about."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), (file or sys.stdout).fileno())
