"""The measurement: what one run of one cell yields, and its JSON form."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

from ftbench.errors import FtbenchError
from ftbench.facts.units import scale_for
from ftbench.probe.run.outcome import Invariant, Metric, percentile

SCHEMA = "ftbench.measurement"
VERSION = 1


@dataclass(frozen=True, kw_only=True)
class Switch:
    """A GIL or a JIT as it was asked for and as it was; True is on."""

    asked: bool
    before: bool
    after: bool


@dataclass(frozen=True, kw_only=True)
class Measurement:
    """One run of one cell; `probe.instruments` say what a build, a machine and so on are."""

    scenario: str
    mode: str
    params: dict[str, int | str]
    profile: str
    metrics: dict[str, Metric]
    invariants: tuple[Invariant, ...]
    gil: Switch
    build: dict[str, Any]
    machine: dict[str, Any]
    load: tuple[float | None, float | None]  # the run queue's average before and after
    started_at: str
    elapsed: float  # seconds, of the whole run
    notes: dict[str, Any]
    # What older documents of this version lack.
    jit: Switch | None = None  # of a build that has one
    effort: dict[str, Any] = field(default_factory=dict)  # of the run's own processes
    interference: dict[str, Any] = field(default_factory=dict)  # of others
    pinned: str | None = None  # which CPUs it was held to, None if to none
    speed: dict[str, Any] = field(default_factory=dict)  # of the measuring stick beside it

    def to_json(self) -> dict[str, Any]:
        """Return the document; every metric says that lower is better."""
        document = {"schema": {"name": SCHEMA, "version": VERSION}, **asdict(self)}
        document["metrics"] = {
            name: {**metric._asdict(), "better": "lower"} for name, metric in self.metrics.items()
        }
        document["invariants"] = [held._asdict() for held in self.invariants]
        return document

    @classmethod
    def from_json(cls, document: dict[str, Any]) -> Measurement:
        """Read a document; raises `FtbenchError` for one that is not of this schema."""
        schema = document.get("schema")
        if schema != {"name": SCHEMA, "version": VERSION}:
            raise FtbenchError(f"This is no {SCHEMA} document of version {VERSION}: {schema!r}.")
        try:
            fields = {name: document[name] for name in cls.__dataclass_fields__ if name in document}
            fields["metrics"] = {
                name: Metric(unit=metric["unit"], samples=tuple(metric["samples"]))
                for name, metric in document["metrics"].items()
            }
            fields["invariants"] = tuple(Invariant(**one) for one in document["invariants"])
            fields["gil"] = Switch(**document["gil"])
            fields["jit"] = Switch(**jit) if (jit := document.get("jit")) else None
            fields["load"] = tuple(document["load"])
            return cls(**fields)
        except (KeyError, TypeError, AttributeError) as error:
            raise FtbenchError(f"This {SCHEMA} document is not whole: {error!r}.") from error


def quantity(value: float, unit: str) -> str:
    """Return `value` with a unit that suits its size: `1.83 ms`, `25.6 MiB`."""
    scale = scale_for(unit, [value])
    return f"{value / scale.size:.4g} {scale.symbol}"


def metric_row(name: str, metric: Metric) -> tuple[str, ...]:
    """Return a metric's name, median, least, most and number of samples."""
    samples = list(metric.samples)
    figures = (percentile(samples, 50), min(samples), max(samples))
    return (name, *(quantity(figure, metric.unit) for figure in figures), str(len(samples)))


def table(measurement: Measurement) -> str:
    """Return the metrics as an aligned table, with what they were measured on."""
    build, machine = measurement.build, measurement.machine
    kind = "free-threaded" if build["free_threaded"] else "GIL"
    params = ", ".join(f"{name}={value}" for name, value in measurement.params.items())
    rows: list[tuple[str, ...]] = [("metric", "median", "least", "most", "samples")]
    rows += [metric_row(name, metric) for name, metric in measurement.metrics.items()]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    words = [name.upper() for name in ("pgo", "lto") if build[name]]
    load = " to ".join(map(str, measurement.load))
    gil = "on" if measurement.gil.after else "off"
    words += ["JIT on"] if measurement.jit and measurement.jit.after else []
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
    lines += ["", *(f"checked: {held.checked}" for held in measurement.invariants)]
    lines += [str(measurement.notes["unobserved"])] if "unobserved" in measurement.notes else []
    return "\n".join(lines)
