"""`ftbench native`: the native limit of shared_set, in Rust."""

from __future__ import annotations

import click
from rich.console import Console

from ftbench.experiments import rust_limit as limit
from ftbench.experiments.rust_limit import FILLS, FORMS
from ftbench.facts.units import plural
from ftbench.probe.run.document import Measurement, quantity
from ftbench.probe.run.outcome import Metric, percentile
from ftbench.report.document import Document, Part, Row, Table
from ftbench.report.output import Output, output_options

native = click.Group(
    "native",
    help="The limit that shared_set has without Python: the same threads, set and lock in Rust.",
)


@native.command(
    help="""Compile it, once per source, compiler and processor; needs rustc.

    FTBENCH_RUSTC names a compiler; else it is that of PATH, else cargo's.
    """
)
def build() -> None:
    program = limit.build(Console(stderr=True))
    click.echo(f"{program.rustc.title}: {program.path}")


@native.command(
    help="Compile it if need be, and measure: the same forms and metrics as the probe's."
)
@click.option("--form", type=click.Choice(FORMS), default="fixed", show_default=True)
@click.option("--workers", type=int, default=8, show_default=True, help="How many threads.")
@click.option("--fill", type=click.Choice(FILLS), default="cold", show_default=True)
@click.option(
    "--duration", type=int, default=5000, show_default=True, metavar="MS", help="Not for fixed."
)
@click.option("--id-space", type=int, default=10_000_000, show_default=True)
@click.option("--profile", help="Default: FTBENCH_PROFILE, quick.")
@click.option("--deadline", type=float, metavar="SECONDS", help="Default: 60 and the time box.")
@output_options
def run(
    output: Output, *, profile: str | None, deadline: float | None, **params: int | str
) -> None:
    output.write(document_of(limit.measure(params, profile=profile, deadline=deadline)))


def document_of(measurement: Measurement) -> Document:
    """Return the document: the metrics as the probe has them, and what they were measured on."""
    build, machine = measurement.build, measurement.machine
    params = ", ".join(f"{name}={value}" for name, value in measurement.params.items())
    load = " to ".join(map(str, measurement.load))
    cores = plural(machine["usable_cores"], "core", "cores")
    table = Table(
        title="",
        columns=("metric", "median", "least", "most", "samples"),
        rows=tuple(Row(cells=row(name, each)) for name, each in measurement.metrics.items()),
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


def row(name: str, metric: Metric) -> tuple[str, ...]:
    """Return a metric's cells."""
    samples = list(metric.samples)
    figures = (percentile(samples, 50), min(samples), max(samples))
    return (name, *(quantity(each, metric.unit) for each in figures), str(len(samples)))
