"""`ftbench releases`: the CPython releases that are known, and how new ones get known."""

from __future__ import annotations

import click

from ftbench.releases.known import (
    DATA_FILE,
    KnownRelease,
    check_origin,
    known_releases,
    merge,
    read_tags,
    save,
    to_json,
)
from ftbench.report.document import Document, Part, Row, Table
from ftbench.report.output import Output, output_options


@click.group(
    invoke_without_command=True,
    help="List the CPython releases that ftbench knows, oldest first.",
)
@output_options
def releases(output: Output) -> None:
    if click.get_current_context().invoked_subcommand is None:
        output.write(_document(known_releases()))


@releases.command(help="Take new releases from SOURCE: a git clone of CPython, or its URL.")
@click.argument("source")
def add(source: str) -> None:
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


def _document(entries: tuple[KnownRelease, ...]) -> Document:
    table = Table(
        title="",
        columns=("release", "date (UTC)", "commit"),
        rows=tuple(
            Row(cells=(entry.release.name, f"{entry.date:%Y-%m-%d %H:%M}", entry.commit))
            for entry in entries
        ),
    )
    return Document(
        title="The CPython releases that are known",
        record=[to_json(entry) for entry in merge((), entries)],
        parts=(Part(tables=(table,)),),
    )
