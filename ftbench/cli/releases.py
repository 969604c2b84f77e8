"""`ftbench releases`: the CPython releases that are known, and how new ones get known."""

from __future__ import annotations

import click
from rich import box
from rich.console import Console
from rich.table import Table

from ftbench.releases.known import DATA_FILE, KnownRelease, dumps, known_releases, merge, save
from ftbench.releases.tags import check_origin, read_tags


@click.group(invoke_without_command=True)
@click.option("--json", "as_json", is_flag=True, help="Print the list as JSON.")
@click.pass_context
def releases(context: click.Context, *, as_json: bool) -> None:
    """List the CPython releases that ftbench knows, oldest first."""
    if context.invoked_subcommand is not None:
        return
    if as_json:
        click.echo(dumps(known_releases()), nl=False)
    else:
        Console(highlight=False).print(_table(known_releases()))


@releases.command()
@click.argument("source")
def add(source: str) -> None:
    """Take new releases from SOURCE: a git clone of CPython, or its URL."""
    known = known_releases()
    found = read_tags(source)
    check_origin(found, known, source=source)
    have = {entry.release for entry in known}
    new = [entry for entry in found if entry.release not in have]
    if not new:
        click.echo(f"Nothing new in {source}: all of its {len(found)} releases are known.")
        return
    save(DATA_FILE, merge(known, new))
    for entry in new:
        click.echo(f"{entry.release} of {entry.date:%Y-%m-%d} is known now.")


def _table(entries: tuple[KnownRelease, ...]) -> Table:
    table = Table(box=box.SIMPLE_HEAD)
    for title in ("release", "date (UTC)", "commit"):
        table.add_column(title, no_wrap=True)
    for entry in entries:
        table.add_row(entry.release.name, f"{entry.date:%Y-%m-%d %H:%M}", entry.commit)
    return table
