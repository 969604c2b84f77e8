"""asv's results with our records: replaced or appended together, whole on disk or not at all."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from asv import util
from asv.results import Results
from asv.runner import BenchmarkResult
from fake_builds import RECORD
from hypothesis import given
from hypothesis import strategies as st

from ftbench.asv.environment import ENVIRONMENTS, MissingInterpreterError
from ftbench.asv.results_writer import RecordedResults, _shortened
from ftbench.pythons import PythonBuild
from ftbench.results.records import Records, read_records, records_path

NAME = "m.Group.track_x"
BENCHMARK = {"name": NAME, "version": "1", "params": []}
BUILD = {**RECORD, "free_threaded": True}


class FakeEnvironment:
    """One that has staged what it is told, and measures one build (or none)."""

    def __init__(self, build: dict[str, Any] | None = None) -> None:
        self.staged: list[dict[str, Any]] = []
        self.build = BUILD if build is None else build

    def take_staged(self) -> list[dict[str, Any]]:
        taken, self.staged = self.staged, []
        return taken

    def interpreter(self, _commit: str) -> Any:
        if not self.build:
            raise MissingInterpreterError("none here", elsewhere=False)
        build = PythonBuild.from_record(self.build)
        return type("Interpreter", (), {"build": build})()


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch) -> FakeEnvironment:
    environment = FakeEnvironment()
    monkeypatch.setitem(ENVIRONMENTS, "env", environment)
    return environment


def results() -> RecordedResults:
    return RecordedResults({"machine": "box"}, {}, "31402f00", 0, "ft", "env", {})


def measure(
    into: Results, environment: FakeEnvironment, samples: Sequence[float], **more: Any
) -> None:
    """Let a benchmark have been run."""
    environment.staged.append(
        {"kind": "cell", "group": "m.Group", "params": {}, "build": BUILD, "run": str(samples)}
    )
    result = BenchmarkResult(
        result=[True], samples=[list(samples)], number=[1], errcode=0, stderr="", profile=None
    )
    into.add_result(BENCHMARK, result, record_samples=True, **more)


def place(folder: Path) -> Path:
    return folder / "box" / "31402f00-env.json"


def saved(folder: Path, environment: FakeEnvironment, *samples: float) -> Path:
    one = results()
    measure(one, environment, samples)
    one.save(str(folder))
    return place(folder)


def contents(folder: Path) -> dict[str, bytes]:
    every = [each for each in folder.rglob("*") if each.is_file()]
    return {each.relative_to(folder).as_posix(): each.read_bytes() for each in every}


def test_samples_and_records_are_saved_side_by_side(
    tmp_path: Path, environment: FakeEnvironment
) -> None:
    path = saved(tmp_path, environment, 1.0, 2.0)
    assert set(contents(tmp_path)) == {
        "box/31402f00-env.json",
        "box/31402f00-env.records.jsonl",
    }
    (cell,) = read_records(records_path(path)).cells
    assert cell["run"] == "(1.0, 2.0)"


def test_what_was_not_measured_is_no_file(tmp_path: Path, environment: FakeEnvironment) -> None:
    results().save(str(tmp_path))
    assert contents(tmp_path) == {}


def test_what_was_not_measured_changes_no_file(
    tmp_path: Path, environment: FakeEnvironment
) -> None:
    """asv loads and saves for a skipped environment too, with a new build duration."""
    saved(tmp_path, environment, 1.0)
    before = contents(tmp_path)
    again = results()
    again.load_data(str(tmp_path))
    again.set_build_duration(7.0)
    again.save(str(tmp_path))
    assert contents(tmp_path) == before


def test_samples_and_record_are_replaced_together(
    tmp_path: Path, environment: FakeEnvironment
) -> None:
    saved(tmp_path, environment, 1.0)
    again = results()
    again.load_data(str(tmp_path))
    measure(again, environment, [2.0])
    again.save(str(tmp_path))
    assert again.get_result_samples(NAME, []) == [[2.0]]
    assert [each["run"] for each in read_records(records_path(place(tmp_path))).cells] == ["[2.0]"]


def test_samples_and_records_are_appended_together(
    tmp_path: Path, environment: FakeEnvironment
) -> None:
    saved(tmp_path, environment, 1.0)
    again = results()
    again.load_data(str(tmp_path))
    measure(again, environment, [2.0], append_samples=True)
    again.save(str(tmp_path))
    assert again.get_result_samples(NAME, []) == [[1.0, 2.0]]
    runs = [each["run"] for each in read_records(records_path(place(tmp_path))).cells]
    assert runs == ["(1.0,)", "[2.0]"]


@pytest.mark.parametrize("selected", [None, [0]])
def test_what_asv_forgets_before_a_later_round_has_no_records_either(
    tmp_path: Path, environment: FakeEnvironment, selected: list[int] | None
) -> None:
    # With others of more rounds beside it, asv calls this in the first and appends in the second.
    saved(tmp_path, environment, 1.0)
    again = results()
    again.load_data(str(tmp_path))
    again.remove_samples(NAME, selected)
    measure(again, environment, [2.0], append_samples=True)
    again.save(str(tmp_path))
    assert again.get_result_samples(NAME, []) == [[2.0]]
    assert [each["run"] for each in read_records(records_path(place(tmp_path))).cells] == ["[2.0]"]


def test_records_of_other_cells_stay_where_asv_forgets_some() -> None:
    cells = [
        {"kind": "cell", "group": group, "params": {"mode": mode, "workers": workers}}
        for group in ("m.Group", "m.Other")
        for mode, workers in (("threads", "1"), ("threads", "2"))
    ]
    left = Records(cells=tuple(cells)).without("m.Group", {("2", "threads")})
    assert left.cells == (cells[0], *cells[2:])


def test_figures_of_another_build_are_not_loaded(
    tmp_path: Path, environment: FakeEnvironment
) -> None:
    saved(tmp_path, environment, 1.0)
    before = contents(tmp_path)
    environment.build = {**BUILD, "code_flags": ["-O1"]}
    with pytest.raises(util.UserError, match=r"another build of the same(?s:.*)--machine NAME"):
        results().load_data(str(tmp_path))
    assert contents(tmp_path) == before


def test_records_that_have_lost_their_result_are_not_loaded(
    tmp_path: Path, environment: FakeEnvironment
) -> None:
    """`asv rm` knows of no records."""
    saved(tmp_path, environment, 1.0).unlink()
    again = results()
    again.load_data(str(tmp_path))
    measure(again, environment, [2.0], append_samples=True)
    again.save(str(tmp_path))
    assert [each["run"] for each in read_records(records_path(place(tmp_path))).cells] == ["[2.0]"]


def test_where_nothing_can_be_measured_there_is_nothing_to_refuse(
    tmp_path: Path, environment: FakeEnvironment
) -> None:
    saved(tmp_path, environment, 1.0)
    environment.build = {}
    again = results()
    again.load_data(str(tmp_path))
    assert again.get_all_result_keys()


@pytest.mark.parametrize("suffix", [".json", ".records.jsonl"])
def test_a_damaged_file_is_refused_and_left(
    tmp_path: Path, environment: FakeEnvironment, suffix: str
) -> None:
    path = saved(tmp_path, environment, 1.0).with_suffix("")
    path = path.with_name(path.name + suffix)
    path.write_bytes(path.read_bytes()[:-20])
    before = contents(tmp_path)
    with pytest.raises(util.UserError, match="left as it is"):
        results().load_data(str(tmp_path))
    assert contents(tmp_path) == before


@pytest.mark.parametrize("fails", ["result", "records"])
def test_a_full_disk_leaves_what_was_there(
    tmp_path: Path, environment: FakeEnvironment, monkeypatch: pytest.MonkeyPatch, fails: str
) -> None:
    saved(tmp_path, environment, 1.0)
    before = contents(tmp_path)
    again = results()
    again.load_data(str(tmp_path))
    measure(again, environment, [2.0])

    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    if fails == "result":
        monkeypatch.setattr(util, "write_json", full)
    else:
        monkeypatch.setattr(Path, "write_text", full)
    with pytest.raises(util.UserError, match=r"could not be written.*Make room"):
        again.save(str(tmp_path))
    assert contents(tmp_path) == before


def test_results_that_asv_loads_of_other_machines_have_no_environment(
    tmp_path: Path, environment: FakeEnvironment
) -> None:
    path = saved(tmp_path, environment, 1.0)
    read = json.loads(path.read_text(encoding="utf-8"))
    path.write_text(json.dumps({**read, "env_name": "of another machine"}), encoding="utf-8")
    loaded = RecordedResults.load(str(path))
    assert loaded.get_result_samples(NAME, []) == [[1.0]]


@given(st.lists(st.integers(min_value=0, max_value=2**53), max_size=5))
def test_bytes_are_kept_exactly(samples: list[int]) -> None:
    assert _shortened([[float(each) for each in samples]]) == [[float(each) for each in samples]]


@given(st.lists(st.floats(min_value=1e-9, max_value=1e4), min_size=1, max_size=5))
def test_seconds_are_kept_to_seven_digits_and_in_few_characters(samples: list[float]) -> None:
    (kept,) = _shortened([samples]) or [None]
    assert kept == pytest.approx(samples, rel=1e-6)
    assert max(len(json.dumps(each)) for each in kept or ()) <= 17


def test_what_has_no_samples_has_none_after() -> None:
    assert _shortened(None) is None
    assert _shortened([None, [1.5]]) == [None, [1.5]]


def test_a_cell_that_is_new_and_was_not_asked_for_has_not_failed(
    environment: FakeEnvironment,
) -> None:
    """asv takes what it has never heard of for failed."""
    one, modes = results(), ["'threads'", "'processes'", "'spark'"]
    for ladder, asked in ((modes[:2], {0, 1}), (modes, {0})):
        benchmark = {**BENCHMARK, "params": [ladder]}
        answers = [1.0 if at in asked else math.nan for at in range(len(ladder))]
        samples = [[answer] if at in asked else None for at, answer in enumerate(answers)]
        result = BenchmarkResult(
            result=answers,
            samples=samples,
            number=[1 if each else None for each in samples],
            errcode=0,
            stderr="",
            profile=None,
        )
        one.add_result(benchmark, result, record_samples=True, selected_idx=asked)
    threads, processes, spark = one.get_result_value(BENCHMARK["name"], [modes])
    assert (threads, processes) == (1.0, 1.0)
    assert math.isnan(spark)
