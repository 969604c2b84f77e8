"""What tells of results: `ftbench report`, `compare`, `advise`, `open`, `export`, `results`."""

from __future__ import annotations

import functools
import http.server
import threading
import webbrowser
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from rich.console import Console

from ftbench.analysis.advice.question import (
    By,
    Question,
    cpu_price,
    load,
    memory_price,
    seconds,
    share,
    size,
    workers,
)
from ftbench.cli.arguments import names_of, quantity, selecting
from ftbench.errors import NothingError, RegressionError, ResultsError, UsageError
from ftbench.facts.units import plural
from ftbench.probe.scenarios.shared_set_strategies import KINDS, SEEN
from ftbench.processes import wait_in_turns
from ftbench.report.document import Document
from ftbench.report.output import Output, output_options, writable

if TYPE_CHECKING:
    from ftbench.results.migration import MigratedFile

# Each command loads what it runs: asv and scipy take longer than all the rest.


@click.command(
    help="""Show what was measured: each release's verdicts, and the modes side by side.

    Reads the results folder only. Without --release there are verdicts of every release
    of the machine.
    """
)
@selecting(
    release="Default: what was measured last, as on the site's first page.",
    bench="Only benchmarks with a matching series.",
)
@click.option("--every", is_flag=True, help="All tables of all scenarios, with intervals.")
@output_options
def report(output: Output, *, every: bool, **wanted: str | None) -> None:
    from ftbench.report.overview import overview  # noqa: PLC0415
    from ftbench.results.project import load_project  # noqa: PLC0415
    from ftbench.results.selection import parse_filter  # noqa: PLC0415

    tree = load_project()
    document = overview(tree, parse_filter(tree, **wanted), every=every)
    output.write(document)
    if all(figure["median"] is None for figure in document.record["figures"]):
        raise NothingError(
            "Nothing was measured of what is shown.",
            hint="To measure it: asv run, or ftbench bench",
        )


@click.command(
    help="""Judge what was measured AFTER against BEFORE: two releases, two arms or two machines.

    \b
    ftbench compare 3.14.6 3.14.7 --arm ft
    ftbench compare 3.14t 3.15t               the newest that was measured of each
    ftbench compare 3.14.7 3.14.7t
    ftbench compare machine:a machine:b --release 3.14.7

    Each machine, arm and profile is judged by itself, with its noise floor ('ftbench noise'); a
    duel of the same builds ('ftbench duel') stands in the place of two sittings.
    The exit code is 0 if nothing is worse, 10 if a series is, 11 if one that was measured before
    failed or vanished after (an arm, a machine, its records), 12 if nothing could be compared;
    'ftbench --help' lists all others.
    Nothing is called worse where the builds differ in more than what is compared.
    """
)
@click.argument("before", shell_complete=names_of("side"))
@click.argument("after", shell_complete=names_of("side"))
@selecting(
    release="The release of which two arms or machines are compared.",
    machine="Default: every machine of the results.",
    profile="Default: every profile that both sides have.",
    build="Default: every build that both sides have.",
)
@click.option("--every", is_flag=True, help="List the series without an alarm too.")
@output_options
def compare(output: Output, before: str, after: str, *, every: bool, **wanted: str | None) -> None:
    from ftbench.analysis import verdicts  # noqa: PLC0415
    from ftbench.analysis.sides import matches, sides_named  # noqa: PLC0415
    from ftbench.report.comparison import Compared, alarm, document_of  # noqa: PLC0415
    from ftbench.results.project import load_project  # noqa: PLC0415
    from ftbench.results.selection import parse_filter  # noqa: PLC0415

    tree = load_project()
    sides = sides_named(before, after, tree)
    known = verdicts.evidence(tree)
    compared = [
        Compared(
            match=match,
            comparison=verdicts.compare(known, *map(verdicts.side_of, (match.before, match.after))),
        )
        for match in matches(tree, sides, parse_filter(tree, **wanted))
    ]
    output.write(document_of(compared, tree, every=every))
    if (raised := alarm(compared)) is not None:
        raise raised


@click.command(
    help="""Rank the modes for a task of your own, from measured cells only.

    Seconds, CPU and memory of each mode on each arm, with intervals, interpolated between
    measured cells and never beyond them: there it says "no data", and how to measure it.
    With --verify the first three then run in turn as plain programs that share nothing with the
    harness, to see whether the ranking holds; that takes a minute.
    The exit code is 12 if there is no recommendation, 10 if a ranking did not hold.
    """
)
@quantity("TIME", seconds, "--task", required=True, help="Its time in a plain loop: 200us.")
@quantity("SIZE", size, "--payload", default="0", help="64KiB, 1MiB.")
@quantity(
    "SHARE",
    share,
    "--shared-writes",
    "shared",
    default="0%",
    help="The share of tasks that write to shared data: 5%.",
)
@click.option(
    "--shared-kind",
    type=click.Choice(list(KINDS)),
    default=SEEN,
    help="When others see a write: "
    + "; ".join(f"{kind} (by {', '.join(names)})" for kind, names in KINDS.items()),
)
@quantity("COUNT", workers, "--workers", default="8", help="How many.")
@quantity(
    "SHARE",
    share,
    "--waiting",
    default="0%",
    help="The share of its time that it waits without using a core: 90%.",
)
@quantity("SIZE", size, "--memory", help="A limit for the memory of all processes: 2GiB.")
@quantity(
    "TIME",
    seconds,
    "--p99",
    help="A limit for the 99th percentile, from when a request is due: 20ms.",
)
@quantity(
    "LOAD",
    load,
    "--load",
    help="Requests: 400/s, or 50% of what one core can do. Default: the lower measured one.",
)
@quantity("PRICE", cpu_price, "--price-cpu", "cpu_price", help="Per core: 0.04/h.")
@quantity("PRICE", memory_price, "--price-memory", "memory_price", help="Of memory: 0.005/GiBh.")
@click.option(
    "--by",
    type=click.Choice([each.value for each in By]),
    help="What to rank by. Default: seconds, or cost with a price.",
)
@selecting("arm", "release", "machine", "profile", release="Default: what was measured last.")
@click.option("--verify", is_flag=True, help="Run the first three as programs, and compare.")
@output_options
def advise(
    output: Output,
    *,
    verify: bool,
    by: str | None,
    arm: str | None,
    release: str | None,
    machine: str | None,
    profile: str | None,
    **task: Any,
) -> None:
    from ftbench.analysis.advice.cells import chosen, pick_of  # noqa: PLC0415
    from ftbench.analysis.advice.ranking import advise as ranked  # noqa: PLC0415
    from ftbench.report.advice import Given, document_of  # noqa: PLC0415

    asked = Question(by=By(by) if by else None, **task)
    if asked.by is By.COST and not asked.priced:
        raise UsageError(
            "There is no cost without a price.", hint="Say --price-cpu, --price-memory or both."
        )
    if verify and asked.waiting:
        raise UsageError("The programs that verify compute all the time: say no --waiting.")
    if verify and asked.ranked_by is not By.SECONDS:
        raise UsageError(
            f"A ranking by {asked.ranked_by} cannot be verified: programs report seconds only.",
            hint="Say --by seconds.",
        )
    tree, one = chosen(machine=machine, release=release, profile=profile, arm=arm)
    pick, cells = pick_of(tree)
    arms = [one] if one else None
    cores = next((each.num_cpu for each in tree.machines if each.name == pick.machine), "")
    given = Given(advice=ranked(cells, asked, arms), pick=pick, cores=cores, warnings=tree.warnings)
    document, wrong = document_of(given), ""
    if verify and given.advice.ranked:
        from ftbench.experiments.verification import verified  # noqa: PLC0415

        console = Console(stderr=True, highlight=False)
        document, wrong = verified(given, tree.machines, document, console)
    output.write(document)
    if not given.advice.ranked:
        raise NothingError(
            "There is no recommendation.",
            hint="The answer above gives the reason for each mode, and how to measure it.",
        )
    if wrong:
        raise RegressionError(wrong)


class _Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_: Any) -> None:
        """Say nothing of each request."""


@click.command(
    "open",
    help="""Show the pages in a browser, served on this machine alone, until Ctrl-C.

    With --file there is no server, and so no raw graphs.
    """,
)
@click.option("--file", "as_file", is_flag=True, help="Open the file, without a server.")
@click.option("--port", type=click.IntRange(0, 65535), help="Default: any free one.")
@click.option("--no-browser", is_flag=True, help="Only print the address.")
def open_site(*, as_file: bool, port: int | None, no_browser: bool) -> None:
    from ftbench.results.project import project_folder  # noqa: PLC0415

    first = project_folder() / "html" / "choose.html"
    if not first.is_file():
        raise NothingError(
            "The pages are not drawn yet.",
            hint="asv publish draws them from results/; ftbench bench measures and draws.",
        )
    if as_file:
        _show(first.as_uri(), silent=no_browser)
        return
    handler = functools.partial(_Quiet, directory=first.parent)
    try:
        server = http.server.ThreadingHTTPServer(("127.0.0.1", port or 0), handler)
    except OSError as error:
        raise ResultsError(
            f"Nothing can be served on port {port}: {error.strerror}.",
            hint="Leave --port out for a free one, or say --file.",
        ) from error
    with server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        _show(f"http://127.0.0.1:{server.server_port}/{first.name}", silent=no_browser)
        click.echo("Ctrl-C ends it.", err=True)
        try:
            wait_in_turns(threading.Event().wait)
        except KeyboardInterrupt:
            server.shutdown()


def _show(address: str, *, silent: bool) -> None:
    click.echo(address)
    if not silent and not webbrowser.open(address):
        click.echo("No browser could be started: open this address in one.", err=True)


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
            "Nothing that matches was measured.",
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
    from ftbench.results.migration import Migration, migrate  # noqa: PLC0415
    from ftbench.results.project import results_folder  # noqa: PLC0415

    looked_in = folder or results_folder()
    files = tuple(migrate(looked_in))
    if not files:
        raise UsageError(f"There are no results in {looked_in}.")
    output.write(_migrated(files))
    left = sum(each.state is Migration.LEFT for each in files)
    if left:
        raise ResultsError(
            f"{plural(left, 'file was', 'files were')} not migrated.",
            hint="Take what is damaged from version control, or remove it and measure again.",
        )


@results.command(
    help="""Say that this machine is the machine NAME of the results, from before identities.

    From then on it is measured under that name, by default if that is its CPU and cores.
    """
)
@click.argument("name", shell_complete=names_of("machine"))
def adopt(name: str) -> None:
    from ftbench.asv import machines  # noqa: PLC0415
    from ftbench.results.project import results_folder  # noqa: PLC0415

    click.echo(f"It is on record in {machines.adopt(results_folder(), name)}.")


def _migrated(files: Sequence[MigratedFile]) -> Document:
    counts = Counter(each.state for each in files)
    states = ", ".join(f"{count} {state}" for state, count in counts.items())
    return Document(
        title="Results, migrated",
        record=[{"file": f"{e.path}", "state": f"{e.state}", "why": e.why} for e in files],
        lines=(
            f"{plural(len(files), 'file', 'files')}: {states}.",
            *(f"{each.path}: {each.why}" for each in files if each.why),
        ),
    )
