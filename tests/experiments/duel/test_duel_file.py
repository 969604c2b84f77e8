"""The files of duels: read back as written, added to, never mended where they are damaged."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from msgspec.structs import replace

from ftbench.errors import ResultsError
from ftbench.results.duels import DuelFile, duel_path, read_duels, write_duels
from ftbench.results.figure import SeriesKey
from ftbench.results.records import DuelRecord, DuelSide
from ftbench.statistics.sequential import MOST_PAIRS

FIRST = DuelSide(release="3.14.6", arm="gil", flavour="source-gcc12", mode="serial", build="b1")
SECOND = replace(FIRST, release="3.14.7", build="b2", extra=0.05)
DUEL = DuelRecord(
    group="single_thread.SingleThread",
    params={"mode": "serial", "kernel": "calls"},
    metric="kernel",
    unit="seconds",
    version="1",
    sides=(FIRST, SECOND),
    machine="m1",
    sitting="2026-11-30T03:00:00+00:00",
    seed=7,
    rounds=40,
    margin=0.03,
    pairs=((0.05, 1e-4, 1.05e-4), (0.04, 1e-4, 1.04e-4)),
    fixed=True,
)
BUILDS = {"b1": {"version": "3.14.6"}, "b2": {"version": "3.14.7"}}
FILE = DuelFile(builds=BUILDS, machines={"m1": {"cpu": "a CPU"}}, duels=(DUEL,))


def written(folder: Path, file: DuelFile = FILE) -> Path:
    path = duel_path(folder / "vm", FIRST, SECOND)
    write_duels(path, file)
    return path


def test_a_file_is_read_back_as_it_was_written(tmp_path: Path) -> None:
    path = written(tmp_path)
    assert path.name == "3.14.6-gil_3.14.7-gil.duel.jsonl"
    assert read_duels(path) == FILE
    assert list(path.parent.iterdir()) == [path]
    assert read_duels(path.with_name("another.duel.jsonl")) is None


def test_a_duel_names_its_series_as_asv_does() -> None:
    params = {"mode": "serial", "kernel": "calls"}
    assert DUEL.key == SeriesKey.of("single_thread.SingleThread", params)


def test_a_later_duel_takes_the_place_of_the_same_and_others_stay() -> None:
    again = replace(DUEL, rounds=41, sides=(FIRST, SECOND))
    other = replace(DUEL, metric="cpu")
    plain = replace(DUEL, sides=(FIRST, replace(SECOND, extra=0.0, build="b3")))
    later = DuelFile(builds={"b3": {}}, duels=(again, other, plain))
    both = FILE.with_duels(later)
    assert both.duels == (again, other, plain)
    assert set(both.builds) == {"b1", "b2", "b3"}
    assert FILE.with_duels(DuelFile(duels=(other,))).duels == (DUEL, other)


def test_a_repeat_has_the_pairs_on_record_before_its_own() -> None:
    again = replace(DUEL, seed=8, pairs=((0.03, 1e-4, 1.03e-4),), disturbed=2)
    (both,) = FILE.with_duels(DuelFile(duels=(again,))).duels
    assert both.pairs == DUEL.pairs + again.pairs
    assert (both.seed, both.disturbed, both.fixed) == (8, 2, True)
    for other in ({"seed": 7}, {"machine": "m2"}, {"version": "2"}, {"unit": "bytes"}):
        changed = replace(again, **other)
        assert FILE.with_duels(DuelFile(duels=(changed,))).duels == (changed,)


def test_a_pool_has_the_latest_pairs_of_four_sittings() -> None:
    file = FILE
    for number in range(6):
        pairs = ((number / 100, 1.0, 1.0),) * MOST_PAIRS
        later = replace(DUEL, seed=10 + number, pairs=pairs)
        file = file.with_duels(DuelFile(duels=(later,)))
    (pool,) = file.duels
    assert [pair[0] for pair in pool.pairs[::MOST_PAIRS]] == [0.02, 0.03, 0.04, 0.05]


def test_work_that_has_changed_forgets_the_duels_of_before() -> None:
    newer = replace(DUEL, version="2", metric="cpu")
    assert FILE.with_duels(DuelFile(duels=(newer,))).duels == (newer,)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("pairs", []),
        ("pairs", [[0.1, 0.0, 1.0]]),
        ("pairs", [[0.1, 1.0]]),
        ("sides", []),
        ("metric", 3),
        ("margin", 1e99),
    ],
)
def test_one_bad_line_is_told_by_its_number_and_the_file_left_alone(
    tmp_path: Path, field: str, value: object
) -> None:
    path = written(tmp_path)
    *lines, last = path.read_text(encoding="utf-8").splitlines()
    damaged = "\n".join([*lines, json.dumps({**json.loads(last), field: value})])
    path.write_text(damaged, encoding="utf-8")
    with pytest.raises(ResultsError, match=f"Line {len(lines) + 1} is no record"):
        read_duels(path)
    assert path.read_text(encoding="utf-8") == damaged


def test_what_a_record_may_lack_need_not_fit(tmp_path: Path) -> None:
    path = written(tmp_path)
    path.write_text(path.read_text("utf-8").replace('"fixed": true', '"fixed": 3'), "utf-8")
    file = read_duels(path)
    assert file
    assert file.duels == (replace(DUEL, fixed=False),)
