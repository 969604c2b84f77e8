"""`ftbench native`: the native limit of shared_set, in Rust."""

from __future__ import annotations

import json

import click
from rich.console import Console
from rich.table import Table

from ftbench.experiments import rust_limit as limit
from ftbench.experiments.rust_limit.measuring import FILLS, FORMS
from ftbench.probe.instruments.samples import percentile
from ftbench.probe.run.document import Measurement, Metric, quantity


@click.group()
def native() -> None:
    """The limit that shared_set has without Python: the same threads, set and lock in Rust."""


@native.command()
def build() -> None:
    """Compile it, once per source, compiler and processor; needs rustc.

    FTBENCH_RUSTC names a compiler; else it is that of PATH, else cargo's.
    """
    program = limit.build(Console(stderr=True))
    click.echo(f"{program.rustc.title}: {program.path}")


@native.command()
@click.option("--form", type=click.Choice(FORMS), default="fixed", show_default=True)
@click.option("--workers", type=int, default=8, show_default=True, help="How many threads.")
@click.option("--fill", type=click.Choice(FILLS), default="cold", show_default=True)
@click.option(
    "--duration", type=int, default=5000, show_default=True, metavar="MS", help="Not for fixed."
)
@click.option("--id-space", type=int, default=10_000_000, show_default=True)
@click.option("--profile", help="Default: FTBENCH_PROFILE, quick.")
@click.option("--deadline", type=float, metavar="SECONDS", help="Default: 60 and the time box.")
@click.option("--json", "as_json", is_flag=True, help="Print the whole measurement.")
def run(*, profile: str | None, deadline: float | None, as_json: bool, **params: int | str) -> None:
    """Compile it if need be, and measure: the same forms and metrics as the probe's."""
    measurement = limit.measure(params, profile=profile, deadline=deadline)
    if as_json:
        click.echo(json.dumps(measurement.to_json()))
    else:
        show(measurement, Console(highlight=False, soft_wrap=True))


def show(measurement: Measurement, console: Console) -> None:
    """Print the metrics as the probe does, with what they were measured on."""
    build, machine = measurement.build, measurement.machine
    params = ", ".join(f"{name}={value}" for name, value in measurement.params.items())
    load = " to ".join(map(str, measurement.load))
    scenario, mode = measurement.scenario, measurement.mode
    lines = (
        f"{scenario} · native {mode} · {params} · profile {measurement.profile}",
        f"{build['compiler']}, {build['target']}, {' '.join(build['flags'])}",
        f"{machine['cpu']}, {machine['usable_cores']} cores, load {load}",
        "",
    )
    for line in lines:
        console.print(line, markup=False)
    table = Table(box=None, pad_edge=False)
    table.add_column("metric", no_wrap=True)
    for name in ("median", "least", "most", "samples"):
        table.add_column(name, justify="right", no_wrap=True)
    for name, metric in measurement.metrics.items():
        table.add_row(*row(name, metric))
    console.print(table)
    for each in measurement.invariants:
        console.print(f"\nchecked: {each.checked}", markup=False)


def row(name: str, metric: Metric) -> tuple[str, ...]:
    """Return a metric's cells."""
    samples = list(metric.samples)
    figures = (percentile(samples, 50), min(samples), max(samples))
    return (name, *(quantity(each, metric.unit) for each in figures), str(len(samples)))
