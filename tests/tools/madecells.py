"""Cells of benchmarks and measurements of them, made up."""

from __future__ import annotations

from typing import Any

from ftbench.experiments.suite import SuiteCell
from ftbench.probe.run.document import Gil, Measurement
from ftbench.probe.run.outcome import Metric

BUILD: dict[str, Any] = {
    "implementation": "CPython",
    "version": "3.14.2",
    "revision": "",
    "free_threaded": True,
    "debug": False,
    "pystats": False,
    "jit": "none",
    "tail_call": False,
    "pgo": False,
    "lto": False,
    "compiler": "GCC 12.2.0",
    "code_flags": [],
    "configure_args": [],
    "libc": "glibc 2.36",
    "platform": "linux-x86_64",
    "packager": "source",
}


def measurement(cell: SuiteCell, **samples: tuple[float, ...]) -> Measurement:
    """Return a measurement of `cell` that has these samples by metric."""
    return Measurement(
        scenario=cell.scenario,
        mode=cell.mode,
        params=dict(cell.params),
        profile="quick",
        metrics={name: Metric(unit="seconds", samples=each) for name, each in samples.items()},
        invariants=(),
        gil=Gil(asked=False, before=False, after=False),
        build=BUILD,
        machine={"cpu": "a CPU", "cores": 2},
        load=(0.5, 0.5),
        started_at="2026-11-21T12:00:00Z",
        elapsed=1.0,
        notes={},
    )
