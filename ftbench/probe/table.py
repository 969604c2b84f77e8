"""Prints a measurement for people, with the standard library alone."""

from __future__ import annotations

from ftbench.probe.document import Measurement, Metric
from ftbench.probe.samples import percentile

_SCALES = {
    "seconds": ((1.0, "s"), (1e-3, "ms"), (1e-6, "µs"), (1e-9, "ns")),
    "bytes": ((2**30, "GiB"), (2**20, "MiB"), (2**10, "KiB"), (1, "B")),
}


def quantity(value: float, unit: str) -> str:
    """Return `value` with a unit that suits its size: `1.83 ms`, `25.6 MiB`."""
    scales = _SCALES.get(unit)
    if scales is None:
        return f"{value:.4g} {unit}"
    factor, name = next((each for each in scales if abs(value) >= each[0]), scales[-1])
    return f"{value / factor:.4g} {name}"


def _row(name: str, metric: Metric) -> tuple[str, ...]:
    samples = list(metric.samples)
    figures = (percentile(samples, 50), min(samples), max(samples))
    return (name, *(quantity(each, metric.unit) for each in figures), str(len(samples)))


def table(measurement: Measurement) -> str:
    """Return the metrics as an aligned table, with what they were measured on."""
    build, machine = measurement.build, measurement.machine
    kind = "free-threaded" if build["free_threaded"] else "GIL"
    params = ", ".join(f"{name}={value}" for name, value in measurement.params.items())
    rows: list[tuple[str, ...]] = [("metric", "median", "least", "most", "samples")]
    rows += [_row(name, metric) for name, metric in measurement.metrics.items()]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    words = [name.upper() for name in ("pgo", "lto") if build[name]]
    load = " to ".join(map(str, measurement.load))
    gil = "on" if measurement.gil.after else "off"
    lines = [
        f"{measurement.scenario} · {measurement.mode} · {params} · profile {measurement.profile}",
        ", ".join(
            [f"CPython {build['version']}, {kind} build", f"GIL {gil}", build["compiler"], *words]
        ),
        f"{machine['cpu']}, {machine['usable_cores']} cores, load {load}",
        "",
    ]
    lines += [
        "  ".join(
            cell.ljust(width) if place == 0 else cell.rjust(width)
            for place, (cell, width) in enumerate(zip(row, widths, strict=True))
        )
        for row in rows
    ]
    lines += ["", *(f"checked: {each.checked}" for each in measurement.invariants)]
    return "\n".join(lines)
