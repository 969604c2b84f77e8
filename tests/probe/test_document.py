"""The document of a measurement: out and in again, and nothing else in."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ftbench.errors import FtbenchError
from ftbench.probe.run.document import SCHEMA, VERSION, Measurement, Switch
from ftbench.probe.run.outcome import Invariant, Metric

_NAMES = st.text(min_size=1, max_size=8)
_METRICS = st.builds(
    Metric,
    unit=st.sampled_from(["seconds", "bytes"]),
    samples=st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=1).map(tuple),
)
_LOADS = st.none() | st.floats(0, 99)
MEASUREMENTS = st.builds(
    Measurement,
    scenario=_NAMES,
    mode=_NAMES,
    params=st.dictionaries(_NAMES, st.integers() | _NAMES, max_size=3),
    profile=_NAMES,
    metrics=st.dictionaries(_NAMES, _METRICS, max_size=3),
    invariants=st.lists(st.builds(Invariant, name=_NAMES, checked=_NAMES), max_size=2).map(tuple),
    gil=st.builds(Switch, asked=st.booleans(), before=st.booleans(), after=st.booleans()),
    build=st.dictionaries(_NAMES, _NAMES, max_size=2),
    machine=st.dictionaries(_NAMES, st.none() | st.integers(), max_size=2),
    load=st.tuples(_LOADS, _LOADS),
    started_at=_NAMES,
    elapsed=st.floats(0, 1e4),
    notes=st.dictionaries(_NAMES, st.integers(), max_size=2),
    effort=st.dictionaries(_NAMES, st.integers(), max_size=2),
    interference=st.dictionaries(_NAMES, st.none() | st.booleans(), max_size=2),
    pinned=st.none() | _NAMES,
    speed=st.dictionaries(_NAMES, _NAMES | st.floats(0, 1e4), max_size=2),
)


@given(MEASUREMENTS)
def test_a_measurement_survives_its_journey_through_json(measured: Measurement) -> None:
    assert Measurement.from_json(json.loads(json.dumps(measured.to_json()))) == measured


@given(MEASUREMENTS)
def test_the_document_says_what_it_is_and_that_lower_is_better(measured: Measurement) -> None:
    document = measured.to_json()
    assert document["schema"] == {"name": SCHEMA, "version": VERSION}
    for name, metric in document["metrics"].items():
        assert metric == {
            "unit": measured.metrics[name].unit,
            "better": "lower",
            "samples": measured.metrics[name].samples,
        }


@given(MEASUREMENTS)
def test_a_document_from_before_there_were_guards_is_read(measured: Measurement) -> None:
    document = measured.to_json()
    for name in ("effort", "interference", "pinned", "speed"):
        del document[name]
    read = Measurement.from_json(document)
    assert (read.effort, read.interference, read.pinned, read.speed) == ({}, {}, None, {})
    assert read.metrics == measured.metrics


@pytest.mark.parametrize(
    "schema", [None, {"name": SCHEMA, "version": VERSION + 1}, {"name": "other", "version": 1}]
)
def test_another_schema_is_refused(schema: dict[str, Any] | None) -> None:
    with pytest.raises(FtbenchError, match=SCHEMA):
        Measurement.from_json({"schema": schema})


def test_a_document_that_is_not_whole_is_refused() -> None:
    with pytest.raises(FtbenchError, match="not whole: KeyError"):
        Measurement.from_json({"schema": {"name": SCHEMA, "version": VERSION}, "mode": "threads"})
