"""The `ftbench` command: one module per group of subcommands."""

from __future__ import annotations

import importlib
import os
import re
import shutil
import sys
import traceback
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final, NoReturn, TextIO

import click

from ftbench import __version__
from ftbench.errors import (
    EXIT_CODES,
    INTERRUPTED,
    NOBODY_READS,
    FaultError,
    FtbenchError,
    ResultsError,
    UsageError,
    meant,
)
from ftbench.report.output import show_what_can_be_shown

__all__ = ["cli", "main"]

# Whoever sets it sees the traceback of what ended the command.
DEBUG: Final = "FTBENCH_DEBUG"

COMMANDS: Final = {
    "Measure": {
        "bench": ("measuring", "Every scenario on every arm of one release; the site"),
        "try": ("trial", "A function of your own in every mode, on several builds"),
        "duel": ("measuring", "Two releases, arms or modes, in turns of milliseconds"),
        "fleet": ("fleet", "The same benchmarks on many hosts"),
        "noise": ("measuring", "An interpreter against itself: the noise floor"),
        "selftest": ("measuring", "Check that equal sides raise no alarm, and added work does"),
        "overhead": ("measuring", "The harness against a bare loop"),
        "reproduce": ("measuring", "What the article measured, and its claims"),
        "native": ("measuring", "The same shared set in Rust: the limit without Python"),
    },
    "Read what was measured": {
        "advise": ("report", "Rank the modes for a task of your own"),
        "compare": ("report", "Judge two releases, arms or machines"),
        "report": ("report", "Verdicts, and the modes side by side"),
        "open": ("report", "The pages in a browser"),
        "export": ("report", "For pyperf, Prometheus, Grafana, DuckDB"),
    },
    "Look after": {
        "engines": ("cpythons", "Dask, joblib and the like: which build has which; install them"),
        "pythons": ("cpythons", "The CPythons on this machine; install more"),
        "releases": ("cpythons", "CPython's releases: which are installed here, which measured"),
        "results": ("report", "The files of results"),
    },
}
"""By heading: each command's module in this package, loaded if it is called; what help says."""

# What a module calls a command whose name is Python's.
_NAMED: Final = {"try": "trial", "open": "open_site"}


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
    """The commands, loaded when they are called; they end as others do when nobody reads on."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        return [*(name for those in COMMANDS.values() for name in those), *self.commands]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        for those in COMMANDS.values():
            if cmd_name in those and cmd_name not in self.commands:
                module = importlib.import_module(f"{__name__}.{those[cmd_name][0]}")
                command = getattr(module, _NAMED.get(cmd_name, cmd_name))
                assert isinstance(command, click.Command)
                return command
        return super().get_command(ctx, cmd_name)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        for heading, those in COMMANDS.items():
            with formatter.section(heading):
                formatter.write_dl([(name, says) for name, (_, says) in those.items()])

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        with formatter.section("Exit codes"):
            formatter.write_dl([(str(code), means) for code, means in EXIT_CODES.items()])

    def invoke(self, ctx: click.Context) -> Any:
        """Call the command; a closed pipe ends it without a word, where click would end with 1."""
        from ftbench.probe.run.lacks import load_numpy  # noqa: PLC0415

        try:
            load_numpy()
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
    context_settings={"help_option_names": ["-h", "--help"], "show_default": True},
    help="Measure what threads, processes and subinterpreters cost, on which CPython.",
)
@click.version_option(__version__)
def cli() -> None:
    pass


def main() -> None:
    """Run the command; an error of ours is a message and the exit code of its class."""
    from ftbench.probe.run.child import reset_signals  # noqa: PLC0415

    reset_signals()
    # Of numpy's: where it may start no more of them it sends us a Ctrl-C, or waits for ever.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    show_what_can_be_shown()
    try:
        code = cli(standalone_mode=False, prog_name="ftbench")
        sys.stdout.flush()  # here, where a full disk can still be told of
        sys.exit(code)
    except click.ClickException as error:
        error.show()
        click.echo(_meant(error), err=True, nl=False)
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


def _meant(error: click.ClickException) -> str:
    """Return which command or choice was probably meant, where click itself says none."""
    word = re.search("'(.*?)'", error.message)
    context, parameter = getattr(error, "ctx", None), getattr(error, "param", None)
    kind = getattr(parameter, "type", None)
    known: Iterable[str] = ()
    if isinstance(kind, click.Choice):
        known = kind.choices
    elif "command" in error.message and context and isinstance(context.command, click.Group):
        known = context.command.list_commands(context)
    if not word or "Did you mean" in error.format_message():
        return ""
    return f"{near}\n" if (near := meant(word[1], known).rstrip()) else ""


def _lack_of(error: Exception) -> FtbenchError | None:
    from ftbench.probe.run.lacks import OF_PROGRAMS, lacking  # noqa: PLC0415

    try:
        Path.cwd()
    except FileNotFoundError:
        return UsageError("The folder that this was called in is gone.", hint="Go to another: cd")
    return lacking(f"{type(error).__name__}: {error}", OF_PROGRAMS)


def _end(error: FtbenchError) -> NoReturn:
    if os.environ.get(DEBUG):
        traceback.print_exc()
    try:
        from rich.console import Console  # noqa: PLC0415

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
