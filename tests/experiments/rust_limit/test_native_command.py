"""`ftbench native`: build and run, for people and as JSON."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from click.testing import CliRunner

from ftbench.cli.measuring import native
from ftbench.errors import UsageError
from ftbench.experiments import rust_limit as limit
from ftbench.probe.run.document import Measurement, Switch
from ftbench.probe.run.outcome import Invariant, Metric

MEASURED = Measurement(
    scenario="shared_set",
    mode="threads",
    params={"workers": 8, "form": "fixed"},
    profile="quick",
    metrics={
        "op": Metric(unit="seconds", samples=(81.3e-9, 77.2e-9, 104.8e-9)),
        "pss": Metric(unit="bytes", samples=(3.25 * 2**20,)),
    },
    invariants=(Invariant(name="distinct", checked="7 inserts are as many distinct ids"),),
    gil=Switch(asked=False, before=False, after=False),
    build={
        "compiler": "rustc 1.99.0 (0123abcd 2026-01-02)",
        "target": "some-target",
        "flags": ["-Copt-level=3", "-Ctarget-cpu=native"],
    },
    machine={"cpu": "A Processor", "usable_cores": 2},
    load=(0.1, 0.25),
    started_at="2026-11-21T02:00:00Z",
    elapsed=1.5,
    notes={},
)


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """What the command asks to be measured."""
    found: dict[str, Any] = {}

    def measure(params: Any, **rest: Any) -> Measurement:
        found.update(params=params, **rest)
        return MEASURED

    monkeypatch.setattr(limit, "measure", measure)
    return found


def test_build_says_which_compiler_and_where(fake_rustc: Any) -> None:
    fake_rustc()
    done = CliRunner().invoke(native, ["build"])
    assert done.exit_code == 0, done.output
    assert done.stdout.startswith("rustc 1.99.0 (0123abcd 2026-01-02): ")
    assert done.stdout.strip().endswith("shared_set")


def test_run_prints_an_aligned_table(
    asked: dict[str, Any], assert_golden: Callable[[str, str], None]
) -> None:
    done = CliRunner().invoke(native, ["run"])
    assert_golden(done.stdout, "native.txt")


def test_run_prints_the_whole_measurement_as_json(asked: dict[str, Any]) -> None:
    done = CliRunner().invoke(native, ["run", "--format", "json"])
    assert Measurement.from_json(json.loads(done.stdout)) == MEASURED


def test_every_option_reaches_the_measurement(asked: dict[str, Any]) -> None:
    words = "run --form timed --workers 3 --fill grown --duration 70 --id-space 9 --profile smoke"
    CliRunner().invoke(native, [*words.split(), "--deadline", "4"])
    assert asked == {
        "params": {"form": "timed", "workers": 3, "fill": "grown", "duration": 70, "id_space": 9},
        "profile": "smoke",
        "deadline": 4.0,
    }


def test_a_value_out_of_range_is_a_usage_error(fake_rustc: Any) -> None:
    fake_rustc()
    done = CliRunner().invoke(native, ["run", "--workers", "0"])
    assert isinstance(done.exception, UsageError)
    assert CliRunner().invoke(native, ["run", "--form", "fast"]).exit_code == 2
