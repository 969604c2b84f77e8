"""`ftbench pythons`: what CPythons are here, and how to get another one."""

from __future__ import annotations

import json
import sys

import click
from rich.console import Console
from rich.table import Table

from ftbench.pythons import Interpreter, Survey, ensure, survey
from ftbench.pythons.interpreter import Spec

_YES_NO = {True: "yes", False: "no", None: "?"}


@click.group(invoke_without_command=True)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
@click.pass_context
def pythons(context: click.Context, *, as_json: bool) -> None:
    """List every CPython on this machine, and what each of them was built with.

    FTBENCH_PYTHONS may name more: executables, prefixes, or folders of prefixes.
    """
    if context.invoked_subcommand is not None:
        return
    found = survey()
    if as_json:
        click.echo(json.dumps(document(found), indent=2))
        return
    show(found)


@pythons.command()
@click.argument("specs", nargs=-1, required=True, metavar="SPEC...")
@click.option("--optimized", is_flag=True, help="Only a build with PGO and LTO will do.")
def install(specs: tuple[str, ...], *, optimized: bool) -> None:
    """Make sure that interpreters are here: 3.14t, 3.13.15, 3.14+freethreaded, 3.15.0rc1t.

    Takes what is installed; else uv's; else builds it from Debian's source package.
    """
    parsed = [Spec.parse(text) for text in specs]
    console = Console(stderr=True)
    for spec in parsed:
        for one in ensure([spec.name], optimized=optimized, console=console):
            click.echo(f"{one.name} ({one.build.flavour}): {one.executable}")


def document(found: Survey) -> dict[str, object]:
    """Return what `--json` prints."""
    unusable = {"too_old": found.too_old, "broken": found.broken}
    return {
        "schema": {"name": "ftbench.pythons", "version": 1},
        "interpreters": [one.record() for one in found.interpreters],
        **{
            name: [{"executable": str(one.executable), "reason": one.reason} for one in those]
            for name, those in unusable.items()
        },
    }


def show(found: Survey) -> None:
    """Print one line per interpreter, then what cannot be measured and why."""
    # Where the output is no terminal it goes to a file or a pipe: lines are never cut there.
    console = Console(width=None if sys.stdout.isatty() else 400, highlight=False)
    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in ("release", "build", "from", "PGO", "LTO", "JIT", "compiler"):
        table.add_column(name, no_wrap=True)
    table.add_column("path", overflow="fold")
    for one in found.interpreters:
        table.add_row(*row(one))
    console.print(table)
    for unusable in (*found.broken, *found.too_old):
        word = "too old" if unusable.too_old else "broken"
        console.print(
            f"{word}: {unusable.executable} ({unusable.reason})", markup=False, soft_wrap=True
        )


def row(one: Interpreter) -> tuple[str, ...]:
    """Return an interpreter's cells."""
    build = one.build
    return (
        one.name,
        build.flavour,
        str(one.origin),
        _YES_NO[build.pgo],
        _YES_NO[build.lto],
        build.jit,
        build.compiler,
        str(one.executable),
    )
