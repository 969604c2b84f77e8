"""`ftbench results`: what is done with result files themselves."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ftbench.errors import ResultsError, UsageError
from ftbench.facts.units import plural
from ftbench.report.document import Document
from ftbench.report.output import Output, output_options

if TYPE_CHECKING:
    from ftbench.results.migration import MigratedFile


results = click.Group("results", help="Look after result files.")


@results.command(
    "migrate",
    help="""Rewrite results of an older ftbench, in which a start method was part of the mode.

    FOLDER is `results` of this project unless one is named.  Each file is rewritten whole or not
    at all; figures and records stay as they are.  A second call changes nothing.
    """,
)
@click.argument(
    "folder", required=False, type=click.Path(path_type=Path, exists=True, file_okay=False)
)
@output_options
def migrate_results(output: Output, *, folder: Path | None) -> None:
    # Loaded when it is needed: asv takes longer than all the rest of the command line.
    from ftbench.results.asvformat import results_folder  # noqa: PLC0415
    from ftbench.results.migration import Migration, migrate  # noqa: PLC0415

    looked_in = folder or results_folder()
    files = tuple(migrate(looked_in))
    if not files:
        raise UsageError(f"There are no results in {looked_in}.")
    output.write(_document(files))
    left = sum(each.state is Migration.LEFT for each in files)
    if left:
        raise ResultsError(
            f"{plural(left, 'file was', 'files were')} not migrated.",
            hint="Take what is damaged from version control, or remove it and measure again.",
        )


def _document(files: Sequence[MigratedFile]) -> Document:
    counts = Counter(each.state for each in files)
    told = ", ".join(f"{count} {state}" for state, count in counts.items())
    return Document(
        title="Results, migrated",
        record=[{"file": f"{e.path}", "state": f"{e.state}", "why": e.why} for e in files],
        lines=(
            f"{plural(len(files), 'file', 'files')}: {told}.",
            *(f"{each.path}: {each.why}" for each in files if each.why),
        ),
    )
