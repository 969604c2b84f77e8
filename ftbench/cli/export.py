"""`ftbench export`: results for other programs."""

from __future__ import annotations

from pathlib import Path

import click

from ftbench.cli.arguments import selecting
from ftbench.errors import NothingError, ResultsError, UsageError
from ftbench.report.output import writable


@click.command(
    help="""Write what was measured for other programs.

    pyperf: a suite of one build, for 'pyperf stats' and 'hist'. 'pyperf compare_to' takes all
    samples for independent, and calls noise significant: judge by 'ftbench compare'.

    openmetrics: for 'promtool tsdb create-blocks-from openmetrics', each release at its date, so
    that Prometheus has to keep years (--storage.tsdb.retention.time=10y); with --no-timestamps for
    node_exporter's textfile collector. docs/grafana.json draws it.

    parquet: a row for each sample, for DuckDB, pandas, polars; needs ftbench[export].
    """
)
@click.option(
    "--to", "form", required=True, type=click.Choice(["pyperf", "openmetrics", "parquet"])
)
@selecting()
@click.option("--no-timestamps", is_flag=True, help="Of openmetrics.")
@click.option(
    "-o",
    "--output",
    "path",
    metavar="FILE",
    type=click.Path(path_type=Path),
    callback=writable,
    help="Written whole or not at all. Default: printed.",
)
def export(form: str, path: Path | None, *, no_timestamps: bool, **wanted: str | None) -> None:
    from ftbench.files import written_whole  # noqa: PLC0415
    from ftbench.report import exports  # noqa: PLC0415
    from ftbench.results.project import load_project  # noqa: PLC0415
    from ftbench.results.selection import parse_filter  # noqa: PLC0415

    tree = load_project()
    asked = parse_filter(tree, **wanted).of(tree)
    if not any(each.median is not None for each in asked.figures):
        raise NothingError(
            "Nothing was measured of all that is asked for.",
            hint="ftbench report says what there is.",
        )
    if form == "parquet" and path is None:
        raise UsageError("A Parquet file is not printed.", hint="Say where: -o FILE.")
    if form == "pyperf" and (lacks := exports.left_out(asked)):
        click.echo(f"Without what pyperf has no unit for: {lacks}.", err=True)
    text = ""
    if form == "pyperf":
        text = exports.pyperf(asked)
    elif form == "openmetrics":
        text = exports.openmetrics(asked, tree, timestamps=not no_timestamps)
    if path is None:
        click.echo(text, nl=False)
        return
    try:
        with written_whole(path) as beside:
            if form == "parquet":
                exports.parquet(asked, beside)
            else:
                beside.write_text(text, encoding="utf-8", newline="\n")
    except OSError as error:
        raise ResultsError(f"{path} cannot be written: {error.strerror}.") from error
