"""A kept trial is read back as it was, or refused with a sentence; whatever lies in the file."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import msgspec
import pytest
from fake_trials import GIL, build, cell, trial
from fuzzing import FUZZ, JSON, ODD, mutated
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from ftbench.analysis.trial_verdicts import against, alarm
from ftbench.analysis.trials import answer
from ftbench.errors import ResultsError
from ftbench.report.output import Format, rendered
from ftbench.report.trial import document_of
from ftbench.results.trials import parse_trial, read_trial, write_trial

MODES = ("serial", "threads", "threadpool", "loky")
SOUND = msgspec.json.encode(trial()).decode()


def test_a_trial_is_read_back_as_it_was(tmp_path: Path) -> None:
    path = tmp_path / "kept.json"
    write_trial(path, trial())
    assert read_trial(path) == trial()


def test_of_many_calls_as_many_are_kept_as_can_be_read_again(tmp_path: Path) -> None:
    seconds = tuple(1.2345678901234567e-05 * (1 + n / 5_000) for n in range(5_000))
    many = replace(
        trial(),
        cells=tuple(
            replace(each, processes=each.processes * 30)
            for each in trial(cells=tuple(cell(GIL, m, 1e-3, calls=seconds) for m in MODES)).cells
        ),
    )
    write_trial(tmp_path / "kept.json", many)
    kept = read_trial(tmp_path / "kept.json").cells[0].processes[0]
    assert 50 < len(kept.calls) < 5_000
    assert kept.rounds == many.cells[0].processes[0].rounds


def test_what_was_there_stays_where_a_trial_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    with pytest.raises(ResultsError, match="cannot be written"):
        write_trial(tmp_path / "folder", trial())
    with pytest.raises(ResultsError, match="cannot be written"):
        write_trial(tmp_path / "odd", trial(notes=("half a character: \ud800",)))
    assert [each.name for each in tmp_path.iterdir()] == ["folder"]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{}",
        "[1]",
        '{"schema": "ftbench.trial"',
        json.dumps({"target": "a:b", "inputs": -1, "calls": 1, "check": "", "started_at": ""}),
    ],
)
def test_damage_is_refused_with_the_name_of_the_file(tmp_path: Path, text: str) -> None:
    path = tmp_path / "kept.json"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ResultsError, match=r"kept\.json cannot be read"):
        read_trial(path)


def test_a_trial_of_another_version_or_twice_of_a_cell_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "kept.json"
    write_trial(path, replace(trial(), version=9))
    with pytest.raises(ResultsError, match="version 9"):
        read_trial(path)
    with pytest.raises(ValueError, match="twice"):
        replace(trial(), cells=(cell(GIL, "serial", 1e-3), cell(GIL, "serial", 2e-3)))
    with pytest.raises(ValueError, match="of builds that it does not have"):
        replace(trial(), builds=(build(GIL),))


@FUZZ
@given(document=JSON)
def test_random_json_is_refused(document: Any) -> None:
    with pytest.raises(ResultsError):
        parse_trial(json.dumps(document))


@FUZZ
@given(seed=st.integers(), odd=ODD)
def test_whatever_a_file_says_an_earlier_trial_is_judged_or_refused(seed: int, odd: Any) -> None:
    chance = random.Random(seed)  # noqa: S311 - no secret
    try:
        earlier = parse_trial(json.dumps(mutated(json.loads(SOUND), chance, odd)))
    except ResultsError as error:
        str(error).encode()
        return
    judged = against(earlier, trial())
    gravest = alarm(judged)
    assert gravest is None or str(gravest)
    for form in (Format.TABLE, Format.JSON):
        assert rendered(document_of(answer(trial()), judged=judged), form).encode()
