"""Which combinations of asv's parameters are modes, and how results do without the others."""

from __future__ import annotations

import itertools
import json
import math
from pathlib import Path

import pytest
import synthetic
from asv.results import Results
from fake_results import result_files
from synthetic import Plan

from ftbench.facts.modes import EVERY_MODE, mode_ladders
from ftbench.results import ladders, safe_loading

LADDERS = [
    ["'threads'", "'processes'", "'interpreters'"],
    ["'none'", "'fork'", "'forkserver'", "'spawn'"],
    ["1", "8"],
]
ROUND = "lifecycle.Lifecycle.track_round"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    synthetic.write_tree(tmp_path, Plan(releases=("3.14.2",)), only="Lifecycle.track_round")
    return result_files(tmp_path)[0]


def test_what_exists_is_every_mode_and_nothing_else() -> None:
    every = [list(map(repr, each)) for each in mode_ladders(m.name for m in EVERY_MODE).values()]
    cells = itertools.compress(itertools.product(*every), ladders.existing(every))
    found = [ladders.mode_in(values) for values in cells]
    assert sorted(mode.name for mode in found if mode) == sorted(m.name for m in EVERY_MODE)


def test_holes_have_no_place() -> None:
    cells = list(itertools.product(*LADDERS))
    left = ladders.without_holes(cells, LADDERS)
    assert len(left) == 10
    assert ("'threads'", "'fork'", "1") not in left
    assert ("'processes'", "'none'", "1") not in left
    assert left[2:4] == [("'processes'", "'fork'", "1"), ("'processes'", "'fork'", "8")]


@pytest.mark.parametrize(
    "other",
    [
        [],
        [["'threads'", "'serial'"]],
        [["'threads'"], ["'a pattern'"]],
        [["1", "8"], ["'none'"]],
        [["'threads'"], []],
        [["'threads'", "'processes-fork'"], ["'none'"]],
    ],
)
def test_other_ladders_have_no_holes(other: list[list[str]]) -> None:
    assert all(ladders.existing(other))
    names = [str(number) for number in range(len(other))]
    assert ladders.as_one(names, other) == (names, other)


def test_a_mode_as_one_parameter_has_a_value_for_each_cell_that_exists() -> None:
    names, values = ladders.as_one(["mode", "start_method", "workers"], LADDERS)
    assert names == ["mode, start_method", "workers"]
    modes = ["threads, none", "processes, fork", "processes, forkserver", "processes, spawn"]
    assert values == [[*modes, "interpreters, none"], ["1", "8"]]


def test_a_file_has_no_place_for_holes_and_what_is_read_has(path: Path) -> None:
    row = json.loads(path.read_text(encoding="utf-8"))["results"][ROUND]
    assert [len(values) for values in row[1]] == [3, 4, 2, 2]
    assert [len(each) for each in row if isinstance(each, list) and each is not row[1]] == [20] * 8
    results = safe_loading.load_any_layout(Results, str(path))
    values = results.get_result_value(ROUND, row[1])
    exist = ladders.existing(row[1])
    assert len(values) == len(exist) == 48
    assert all(math.isnan(value) for value, exists in zip(values, exist, strict=True) if not exists)
    assert ladders.without_holes(values, row[1]) == pytest.approx(row[0], nan_ok=True)


def test_what_is_read_and_written_again_is_the_same_file(path: Path) -> None:
    before = path.read_bytes()
    results = safe_loading.load_any_layout(Results, str(path))
    whole = dict(results._results)
    safe_loading.save_results(results, str(path.parents[1]))
    assert path.read_bytes() == before
    assert results._results == whole


def test_a_file_that_asv_itself_has_written_is_read_alike(path: Path) -> None:
    ours = safe_loading.load_any_layout(Results, str(path))
    small = path.stat().st_size
    safe_loading._save_results(ours, str(path.parents[1]))
    assert path.stat().st_size > small
    theirs = safe_loading.load_any_layout(Results, str(path))
    assert repr(theirs._results) == repr(ours._results)
    assert theirs._samples == ours._samples
    params = ours.get_result_params(ROUND)
    stats = (ladders.without_holes(each._stats[ROUND], params) for each in (theirs, ours))
    assert next(stats) == next(stats)
