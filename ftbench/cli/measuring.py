"""What measures: `ftbench bench`, `duel`, `reproduce`, `noise`, `overhead` and so on."""

from __future__ import annotations

import math
import secrets
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import click
from rich.console import Console

from ftbench.analysis.advice.question import seconds, share
from ftbench.cli.arguments import names_of, quantity
from ftbench.errors import NotAvailableError, RegressionError, UsageError
from ftbench.experiments import rust_limit as limit
from ftbench.experiments.reproduce.plan import PARTS, PROCESSES, parts_named
from ftbench.facts.arms import ARMS
from ftbench.facts.profiles import PROFILES, current_profile
from ftbench.facts.units import plural
from ftbench.probe.run.document import Measurement, metric_row
from ftbench.pythons.install import at, choose, own_arm
from ftbench.pythons.interpreter import Interpreter, Spec
from ftbench.report.document import Document, Part, Row, Table
from ftbench.report.output import Output, output_options

# Each command loads what it runs: asv and scipy take longer than all the rest.

_ARM_NAMES: Final = click.Choice([arm.name for arm in ARMS])
_python = click.argument(
    "python", required=False, metavar="[RELEASE|PATH]", shell_complete=names_of("python")
)
_arm = click.option(
    "--arm", type=_ARM_NAMES, help="Default: ft, or for a path the build's own arm."
)
_bench = click.option(
    "--bench",
    metavar="REGEX",
    shell_complete=names_of("scenario"),
    help="Only the benchmarks that match.",
)
_profile = click.option("--profile", type=click.Choice(list(PROFILES)), help="Default: quick.")
_machine = click.option(
    "--machine",
    help="A name for this machine in the results. Default: its CPU and cores.",
)
_fresh = click.option(
    "--fresh",
    is_flag=True,
    help="Start over: forget an interrupted run; 'noise', 'selftest': also the cells' records.",
)


def _console() -> Console:
    return Console(stderr=True, highlight=False)


@click.command(
    help="""Measure every scenario on every arm of one RELEASE, publish the site, summarize.

    Without RELEASE: the newest with a GIL build and a free-threaded build of the same kind
    installed; if there is none, both are installed first.
    """
)
@click.argument("release", required=False, shell_complete=names_of("python"))
@_profile
@_machine
@_bench
@output_options
def bench(output: Output, *, profile: str | None, **options: Any) -> None:
    from ftbench.experiments import bench as job  # noqa: PLC0415
    from ftbench.results.project import project_folder  # noqa: PLC0415

    profile = profile or current_profile().name
    job.run(project_folder(), output, _console(), profile=profile, **options)


@click.command(
    help="""Measure A against B in turns of milliseconds: releases, arms or modes.

    \b
    ftbench duel 3.14.6 3.14.7 --arm ft
    ftbench duel 3.14.7 3.14.7t
    ftbench duel 3.14.7 3.14.7 --arm ft --mode threads --mode-b processes-fork --bench lifecycle

    Starts pairs of fresh processes, of which only one works at a time, until each series is worse,
    better or the same, or its budget is spent after at least 11 pairs. Whatever slows the machine
    slows both sides, so this finds what 'ftbench compare' of two runs cannot. Results are kept at
    once; another call adds pairs, or continues an interrupted one. Exit codes are those of 'ftbench
    compare'.
    """
)
@click.argument("a", metavar="RELEASE|PATH", shell_complete=names_of("python"))
@click.argument("b", metavar="RELEASE|PATH", shell_complete=names_of("python"))
@click.option("--arm", type=_ARM_NAMES, help="Default: the build's own arm (3.14.7t is ft).")
@click.option("--arm-b", type=_ARM_NAMES, help="Default: as --arm.")
@click.option(
    "--mode", shell_complete=names_of("mode"), help="Default: every mode of the benchmarks."
)
@click.option("--mode-b", shell_complete=names_of("mode"), help="Default: as --mode.")
@click.option(
    "--bench",
    metavar="REGEX",
    shell_complete=names_of("scenario"),
    help="Which series. Default: single_thread.",
)
@quantity("TIME", seconds, "--budget", default="15s", help="Per cell.")
@quantity(
    "SHARE",
    share,
    "--margin",
    help="Differences up to it are the same: 1%. Default: 3 % of a time.",
)
@click.option("--pairs", type=click.IntRange(5, 60), default=60)
@click.option(
    "--seed", type=click.IntRange(0), help="For orders and memory layouts. Default: random."
)
@quantity("SHARE", share, "--inject", "extra", default="0%", help="Work to add to B: 5%.")
@_machine
@_fresh
@output_options
def duel(
    output: Output,
    *,
    a: str,
    b: str,
    arm: str | None,
    arm_b: str | None,
    mode: str | None,
    mode_b: str | None,
    bench: str | None,
    seed: int | None,
    extra: float,
    machine: str | None,
    fresh: bool,
    **options: Any,
) -> None:
    from ftbench.asv.machines import register  # noqa: PLC0415
    from ftbench.experiments import duel as experiment  # noqa: PLC0415
    from ftbench.experiments import suite  # noqa: PLC0415
    from ftbench.experiments.harness import journal_of  # noqa: PLC0415
    from ftbench.results.project import project_folder  # noqa: PLC0415

    folder, console = project_folder(), _console()
    every = suite.chosen(suite.cells(folder), bench or experiment.USUAL)
    cells = experiment.cells_of(every, mode, mode_b)
    machine = register(folder / "results", machine, console.print)
    first, arm_a = choose(a, arm or own_arm(a), console)
    second, other = choose(b, arm_b or arm or own_arm(b), console)
    job = experiment.DuelJob(
        sides=(
            experiment.duellist("A", first, arm_a, mode),
            experiment.duellist("B", second, other, mode_b or mode, extra),
        ),
        cells=cells,
        among=experiment.series_in(cells),
        seed=secrets.randbelow(2**32) if seed is None else seed,
        folder=folder / "results" / machine,
        **options,
    )
    asked = [*job.asked, seed]
    with journal_of(asked, [first, second], console, fresh=fresh) as journal:
        result = experiment.run(job, console, journal)
        output.write(experiment.document_of(result))
    if (raised := experiment.alarm(result)) is not None:
        raise raised


@click.command(
    help="""Measure what the article measured, as it did and corrected, and judge its claims.

    On one RELEASE: threads on its free-threaded build, processes on its GIL build, as in the
    article.  Without RELEASE: the newest with both installed, of the same kind.
    A full run takes some twenty minutes, --scale 0.1 a few; the time left is shown.
    """
)
@click.argument("release", required=False, shell_complete=names_of("python"))
@click.option(
    "--scale",
    type=float,
    metavar="FRACTION",
    help="Run this fraction of the article's rounds and seconds. Default: 1, all of them.",
)
@click.option(
    "--processes",
    type=click.IntRange(1, 1_000),
    help=f"How many processes share the rounds of each step. Default: {PROCESSES}.",
)
@click.option(
    "--only", metavar="PARTS", help=f"Only these parts, separated by commas: {','.join(PARTS)}."
)
@click.option(
    "--from",
    "source",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Measure nothing: report on a file written with --format json.",
)
@_fresh
@output_options
def reproduce(
    output: Output,
    *,
    release: str | None,
    scale: float | None,
    processes: int | None,
    only: str | None,
    source: Path | None,
    fresh: bool,
) -> None:
    from ftbench.experiments.reproduce import runner  # noqa: PLC0415
    from ftbench.experiments.reproduce.report import (  # noqa: PLC0415
        document_of,
        judged,
        told_anew,
    )

    if source is not None:
        if fresh or (release, scale, processes, only) != (None,) * 4:
            raise UsageError("--from measures nothing: it goes only with options for the output.")
        output.write(told_anew(source))
        return
    amount, parts = 1.0 if scale is None else scale, parts_named(only)
    with runner.measure(release, amount, parts, processes or PROCESSES, fresh=fresh) as done:
        output.write(document_of(judged(done)))
    runner.raise_worst(done)


@click.command(
    help="""Measure an interpreter against itself: how far two equal runs differ.

    Passes over all cells in the order A B B A, each cell in a fresh process. The noise is kept in
    the results, and verdicts use it. Without RELEASE or PATH: the newest release with both builds
    installed. A run at another time adds a sitting; --against takes a second build of the same
    source as B, such as a replica of 'pythons install'. The report says what each of them adds.
    """
)
@_python
@click.option(
    "--arm",
    "arms",
    multiple=True,
    type=_ARM_NAMES,
    help="Can be given several times. Default: all, or for a path the build's own.",
)
@_bench
@_profile
@click.option(
    "--replicates",
    type=click.IntRange(2, 1_000),
    default=4,
    help="How many fresh processes per cell and side.",
)
@_machine
@click.option(
    "--against",
    multiple=True,
    metavar="PATH",
    help="A second build of the same kind, on its own arms. Can be given several times.",
)
@_fresh
@output_options
def noise(
    output: Output,
    *,
    python: str | None,
    arms: tuple[str, ...],
    bench: str | None,
    profile: str | None,
    machine: str | None,
    against: tuple[str, ...],
    **options: Any,
) -> None:
    from ftbench.asv.machines import register  # noqa: PLC0415
    from ftbench.experiments import noise as experiment  # noqa: PLC0415
    from ftbench.experiments import suite  # noqa: PLC0415
    from ftbench.results.project import project_folder  # noqa: PLC0415

    folder = project_folder()
    cells = suite.chosen(suite.cells(folder), bench)
    console = _console()
    machine = register(folder / "results", machine, console.print)
    others = [at(Path(path)) for path in against]
    jobs = []
    for name in arms or _arms(python, others):
        try:
            interpreter, arm = choose(python, name, console)
        except NotAvailableError as error:  # of a build without a JIT
            if arms:
                raise
            console.print(f"Skipped: {error.message}", soft_wrap=True)
            continue
        job = experiment.NoiseJob(
            interpreter=interpreter,
            arm=arm,
            cells=cells,
            profile=profile or current_profile().name,
            results=folder / "results",
            machine=machine,
            **options,
        )
        jobs += [experiment.second_build(job, other) for other in others] or [job]
    results: list[experiment.NoiseResult] = []
    try:
        results.extend(experiment.run(jobs, console))
    finally:  # whatever ends a later arm, the earlier ones are reported
        if results:
            output.write(experiment.document_of(results))


def _arms(python: str | None, others: Sequence[Interpreter]) -> tuple[str | None, ...]:
    if python is not None and Path(python).name != python:
        return (None,)
    kinds = {other.build.free_threaded for other in others} or {True, False}
    kinds = {True} if python and Spec.parse(python).free_threaded else kinds
    return tuple(arm.name for arm in ARMS if arm.free_threaded in kinds)


@click.command(
    help="""Measure the harness against a bare loop: ratio, interval, target 1.02 or less.

    Same interpreter, same work, in turns, in clean processes. The loop in the article's shape is
    measured too. Without RELEASE or PATH: the interpreter that 'ftbench bench' would measure.
    """
)
@_python
@_arm
@click.option(
    "--scenario",
    "scenarios",
    multiple=True,
    metavar="NAME",
    shell_complete=names_of("scenario"),
    help="Only this one.",
)
@click.option(
    "--pairs", type=click.IntRange(1, 10_000), default=3, help="Rounds of A B B A per process."
)
@click.option(
    "--processes",
    type=click.IntRange(1, 1_000),
    default=8,
    help="How many fresh processes per loop.",
)
@click.option("--deadline", type=float, default=120.0, help="Seconds per process.")
@_fresh
@output_options
def overhead(
    output: Output,
    *,
    python: str | None,
    arm: str | None,
    scenarios: tuple[str, ...],
    fresh: bool,
    **options: Any,
) -> None:
    from ftbench.experiments import overhead as experiment  # noqa: PLC0415
    from ftbench.experiments.harness import journal_of  # noqa: PLC0415

    loops, console = experiment.loops_of(scenarios), _console()
    interpreter, chosen = choose(python, arm, console)
    job = experiment.OverheadJob(interpreter=interpreter, arm=chosen, loops=loops, **options)
    with journal_of(*job.asked(), console, fresh=fresh) as journal:
        output.write(experiment.document_of(experiment.run(job, console, journal)))


@click.command(
    help="""Check that equal sides raise no alarm on this machine, and that added work does.

    Each cell duels against itself, unchanged and with a known share of work or memory added to one
    side; a table of targets says what must be found, and how fast. Trials are kept in the results:
    another call goes on with them. Exit code 10 if equal sides raised an alarm, or if added work is
    surely found in fewer than 95 % of the trials.
    """
)
@_python
@_arm
@click.option(
    "--bench", metavar="REGEX", help="Of the matching cells, those with targets; if none has, all."
)
@quantity(
    "SHARE",
    share,
    "--slowdown",
    "share",
    help="Work to add. Default: each target's. 0%: equal sides.",
)
@click.option("--trials", type=click.IntRange(1, 1_000), default=20, help="Per cell.")
@quantity("TIME", seconds, "--budget", "seconds", help="Per trial. Default: each target's.")
@quantity(
    "TIME",
    seconds,
    "--within",
    help="Start no trial later than this: 720s. Another call continues.",
)
@_machine
@_fresh
@output_options
def selftest(
    output: Output,
    *,
    python: str | None,
    arm: str | None,
    bench: str | None,
    within: float | None,
    machine: str | None,
    **options: Any,
) -> None:
    from ftbench.asv.machines import register  # noqa: PLC0415
    from ftbench.experiments import selftest as experiment  # noqa: PLC0415
    from ftbench.experiments import suite  # noqa: PLC0415
    from ftbench.experiments.duel import duellist  # noqa: PLC0415
    from ftbench.results.project import project_folder  # noqa: PLC0415

    folder, console = project_folder(), _console()
    every = suite.chosen(suite.cells(folder), bench or ".")
    machine = register(folder / "results", machine, console.print)
    interpreter, chosen = choose(python, arm, console)
    job = experiment.SelftestJob(
        sides=(duellist("A", interpreter, chosen), duellist("B", interpreter, chosen)),
        cells=experiment.with_targets(every),
        build=interpreter.build.digest,
        folder=folder / "results" / machine,
        within=math.inf if within is None else within,
        **options,
    )
    result = experiment.run(job, console)
    output.write(experiment.document_of(result))
    if not result.passed:
        raise RegressionError(
            "An alarm was raised that should not be, or added work missed that must be found.",
            hint="The last column says how many pairs it takes; a quieter machine needs fewer.",
        )


native = click.Group(
    "native",
    help="The limit of shared_set without Python: the same threads, set and lock in Rust.",
)


@native.command(
    "build",
    help="""Compile it, once per source, compiler and processor; needs rustc.

    Uses FTBENCH_RUSTC, or rustc on PATH, or cargo's.
    """,
)
def build_native() -> None:
    program = limit.build(Console(stderr=True))
    click.echo(f"{program.rustc.title}: {program.path}")


@native.command(
    "run",
    help="Compile it if needed, and measure the same forms and metrics as the probe.",
)
@click.option("--form", type=click.Choice(limit.FORMS), default="fixed")
@click.option("--workers", type=int, default=8, help="How many threads.")
@click.option("--fill", type=click.Choice(limit.FILLS), default="cold")
@click.option("--duration", type=int, default=5000, metavar="MS", help="Not for form fixed.")
@click.option("--id-space", type=int, default=10_000_000)
@click.option("--profile", help="Default: FTBENCH_PROFILE, quick.")
@click.option("--deadline", type=float, metavar="SECONDS", help="Default: 60 plus the time box.")
@output_options
def run_native(
    output: Output, *, profile: str | None, deadline: float | None, **params: int | str
) -> None:
    output.write(_native_document(limit.measure(params, profile=profile, deadline=deadline)))


def _native_document(measurement: Measurement) -> Document:
    build, machine = measurement.build, measurement.machine
    params = ", ".join(f"{name}={value}" for name, value in measurement.params.items())
    load = " to ".join(map(str, measurement.load))
    cores = plural(machine["usable_cores"], "core", "cores")
    table = Table(
        columns=("metric", "median", "least", "most", "samples"),
        rows=tuple(Row(cells=metric_row(name, each)) for name, each in measurement.metrics.items()),
        numbers=4,
        notes=tuple(f"checked: {each.checked}" for each in measurement.invariants),
    )
    return Document(
        title=f"{measurement.scenario} · native {measurement.mode} · {params} · "
        f"profile {measurement.profile}",
        record=measurement.to_json(),
        lines=(
            f"{build['compiler']}, {build['target']}, {' '.join(build['flags'])}",
            f"{machine['cpu']}, {cores}, load {load}",
        ),
        parts=(Part(tables=(table,)),),
    )
