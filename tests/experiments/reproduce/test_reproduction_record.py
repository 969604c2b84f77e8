"""What is written is read again; what is damaged is said to be, and never half-read."""

from __future__ import annotations

import json
import random
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from fake_measurements import FAILED, UNAVAILABLE, made
from fuzzing import FUZZ, JSON, ODD, mutated
from hypothesis import given
from hypothesis import strategies as st

from ftbench.errors import FtbenchError, ResultsError
from ftbench.experiments.reproduce.record import SCHEMA, Reproduction, load
from ftbench.experiments.reproduce.report import document_of, judged, told_anew

DONE = made(
    scale=0.1,
    broken={"lifecycle/spawn/empty": FAILED, "native/timed": UNAVAILABLE},
)
TEXT = json.dumps(DONE.record())


def test_a_record_is_read_as_it_was_written() -> None:
    assert Reproduction.from_record(json.loads(TEXT)) == DONE


def test_a_record_of_before_is_of_one_process() -> None:
    record = json.loads(json.dumps(made(parts=("memory",)).record()))
    del record["processes"]
    for step in record["steps"]:
        del step["process"], step["sitting"], step["reason"], step["story"], step["exit_code"]
    assert Reproduction.from_record(record) == made(parts=("memory",))


def test_several_processes_of_a_step_are_read_as_they_were_written() -> None:
    done = made(parts=("rust",), processes=3)
    assert Reproduction.from_record(json.loads(json.dumps(done.record()))) == done


@pytest.mark.parametrize("processes", [0, -1, 10**12])
def test_a_number_of_processes_that_is_none_is_told_in_bounded_time(processes: int) -> None:
    record = {**json.loads(TEXT), "processes": processes, "steps": []}
    assert judged(Reproduction.from_record(record)).figures


def test_the_whole_document_tells_the_same_when_it_is_read_again() -> None:
    whole = json.loads(json.dumps(document_of(judged(DONE)).record))
    assert whole["schema"] == SCHEMA
    again = document_of(judged(Reproduction.from_record(whole))).record
    assert json.loads(json.dumps(again)) == whole


def test_what_was_computed_is_computed_anew() -> None:
    whole = document_of(judged(DONE)).record
    forged = {**whole, "tables": [], "claims": "forged"}
    assert document_of(judged(Reproduction.from_record(forged))).record == whole


def test_the_document_holds_every_sample_every_figure_and_every_judgement() -> None:
    whole = document_of(judged(DONE)).record
    steps = {step["key"]: step for step in whole["steps"]}
    samples = steps["lifecycle/fork/empty"]["measurement"]["metrics"]["round"]["samples"]
    assert len(samples) == 11
    failed = steps["lifecycle/spawn/empty"]
    assert (failed["state"], failed["exit_code"]) == ("failed", 4)
    assert "killed" in failed["story"]
    (overhead,) = (table for table in whole["tables"] if table["name"] == "overhead")
    (spawn, fork) = (
        next(
            line for line in overhead["figures"] if (line["row"], line["figure"]) == (row, "round")
        )
        for row in ("spawn", "fork")
    )
    assert fork["unit"] == "ms"
    assert fork["article"]["value"] == pytest.approx(3.121)
    assert fork["corrected"]["value"] == pytest.approx(4.0)
    assert fork["corrected"]["samples"] == 11
    assert spawn["corrected"]["word"] == "failed"
    assert {claim["verdict"] for claim in whole["claims"]} >= {"cannot be judged", "not measured"}


@given(st.integers(0, len(TEXT) - 1))
def test_a_file_that_was_cut_short_is_damaged(
    tmp_path_factory: pytest.TempPathFactory, end: int
) -> None:
    path = tmp_path_factory.getbasetemp() / "cut.json"
    path.write_text(TEXT[:end], encoding="utf-8")
    with pytest.raises(ResultsError, match="damaged"):
        load(path)


def _without(*names: str) -> dict[str, Any]:
    record = json.loads(TEXT)
    inner = record
    for name in names[:-1]:
        inner = inner[int(name) if name.isdigit() else name]
    del inner[names[-1]]
    return record  # type: ignore[no-any-return]


@pytest.mark.parametrize(
    "record",
    [
        [],
        None,
        3,
        "text",
        {},
        {"schema": {"name": "ftbench.measurement", "version": 1}},
        {**json.loads(TEXT), "schema": {**SCHEMA, "version": 2}},
        {**json.loads(TEXT), "steps": {}},
        {**json.loads(TEXT), "steps": [None]},
        {**json.loads(TEXT), "parts": ["nonsense"]},
        {**json.loads(TEXT), "knobs": {"workers": 8}},
        {**json.loads(TEXT), "machine": None},
        {**json.loads(TEXT), "elapsed": "long"},
        {**json.loads(TEXT), "interpreters": {"gil": None}},
        {**json.loads(TEXT), "interpreters": {"gil": {"name": "3.14.7"}}},
        _without("machine"),
        _without("steps", "0", "measurement"),
        _without("steps", "0", "measurement", "metrics"),
        _without("steps", "0", "measurement", "schema"),
        _without("steps", "0", "key"),
    ],
    ids=lambda record: json.dumps(record)[:40],
)
def test_a_document_that_is_not_whole_is_refused(record: object, tmp_path: Path) -> None:
    path = tmp_path / "bad.json"
    path.write_text(json.dumps(record), encoding="utf-8")
    with pytest.raises(ResultsError, match=r"bad\.json: .*ftbench\.reproduction"):
        load(path)


def test_a_measured_step_without_a_measurement_is_refused() -> None:
    record = json.loads(TEXT)
    record["steps"][0]["measurement"] = None
    with pytest.raises(ResultsError, match="lifecycle/threads/empty"):
        Reproduction.from_record(record)


def test_a_file_that_is_no_text_or_is_not_there(tmp_path: Path) -> None:
    path = tmp_path / "picture.json"
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ResultsError, match="damaged"):
        load(path)
    with pytest.raises(ResultsError, match="cannot be read"):
        load(tmp_path / "missing.json")


@FUZZ
@given(seed=st.integers(), odd=ODD)
def test_a_file_with_one_fault_is_told_anew_or_refused(
    tmp_path_factory: pytest.TempPathFactory, seed: int, odd: Any
) -> None:
    path = tmp_path_factory.getbasetemp() / "fault.json"
    chance = random.Random(seed)  # noqa: S311 - no secret
    path.write_text(json.dumps(mutated(json.loads(TEXT), chance, odd)), encoding="utf-8")
    with suppress(FtbenchError):
        assert json.loads(json.dumps(told_anew(path).record))


@FUZZ
@given(content=st.binary() | JSON.map(lambda value: json.dumps(value).encode()))
def test_any_other_file_is_refused(
    tmp_path_factory: pytest.TempPathFactory, content: bytes
) -> None:
    path = tmp_path_factory.getbasetemp() / "other.json"
    path.write_bytes(content)
    with pytest.raises(ResultsError, match=path.name):
        load(path)
