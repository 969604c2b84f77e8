"""The noise files: read back as written, added to, and a warning where they are damaged."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from ftbench.errors import ResultsError
from ftbench.facts.arms import arm_named
from ftbench.releases import Release
from ftbench.results import read_results
from ftbench.results.figure import Environment
from ftbench.results.noise import (
    NoiseFile,
    parse_noise,
    read_noise,
    read_noise_file,
    write_noise_file,
)
from ftbench.results.records import NoiseCell

CELL = NoiseCell(
    group="lifecycle.Lifecycle",
    params={"mode": "threads", "workers": "8"},
    order="ABBA",
    started_at="2026-11-21T12:00:00Z",
    load=0.25,
    build="b1",
    machine="m1",
    units={"round": "seconds", "cpu": "seconds"},
    medians={"round": (1.0, 1.1, 1.2, 1.3), "cpu": (2.0, 2.0, 2.0, 2.0)},
    disturbed=1,
)
OTHER = msgspec.structs.replace(CELL, params={"mode": "threads", "workers": "1"}, build="b2")
FILE = NoiseFile(
    environment=Environment(
        machine="vm", arm=arm_named("ft-gil1"), flavour="source-gcc12", profile="full"
    ),
    release=Release.parse("3.14.2"),
    builds={"b1": {"version": "3.14.2"}},
    machines={"m1": {"cpu": "a CPU", "cores": 2}},
    cells=(CELL,),
)


def test_a_file_is_read_back_as_it_was_written(tmp_path: Path) -> None:
    """Write, read: the same value, and nothing else in the folder."""
    path = tmp_path / "vm" / "a.noise.jsonl"
    write_noise_file(path, FILE)
    assert read_noise_file(path) == FILE
    assert list(path.parent.iterdir()) == [path]


def test_no_file_is_none(tmp_path: Path) -> None:
    """Nothing measured yet is no error."""
    assert read_noise_file(tmp_path / "a.noise.jsonl") is None


def test_other_cells_are_added() -> None:
    """A second run of other cells adds them, with their build."""
    later = dataclasses.replace(FILE, builds={"b2": {"version": "x"}}, cells=(OTHER,))
    both = FILE.with_cells(later, fresh=False)
    assert both.cells == (CELL, OTHER)
    assert set(both.builds) == {"b1", "b2"}


AGAIN = msgspec.structs.replace(
    CELL, order="AB", build="b2", medians={"round": (5.0, 6.0)}, sitting="2026-11-29"
)
LATER = dataclasses.replace(FILE, builds={"b2": {"version": "x"}}, cells=(AGAIN,))


def test_the_same_cell_is_replaced_if_asked_and_its_build_forgotten() -> None:
    """A build that nobody names goes."""
    after = FILE.with_cells(LATER, fresh=True)
    assert after.cells == (AGAIN,)
    assert set(after.builds) == {"b2"}


def test_a_later_sitting_follows_the_earlier_one_and_is_never_there_twice() -> None:
    """Each with its own processes, conditions and build; kept again, it is the same one."""
    after = FILE.with_cells(LATER, fresh=False)
    assert after.cells == (CELL, AGAIN)
    assert after.with_cells(LATER, fresh=False) == after
    assert [series.order for series in after.series()] == ["ABBA", "ABBA", "AB"]


def test_noise_of_work_that_has_changed_is_replaced_and_applied_to_nothing(tmp_path: Path) -> None:
    """As asv forgets figures of another version; records of before are of the first one."""
    newer = dataclasses.replace(LATER, cells=(msgspec.structs.replace(AGAIN, version="2"),))
    assert FILE.with_cells(newer, fresh=False).cells == newer.cells
    write_noise_file(tmp_path / "vm" / "a.noise.jsonl", FILE)
    (tmp_path / "vm" / "b.json").write_text("{}")
    name = "lifecycle.Lifecycle.track_round"
    listed = {"name": name, "param_names": [], "params": [], "version": "2", "unit": "seconds"}
    (tmp_path / "benchmarks.json").write_text(json.dumps({name: listed, "version": 2}))
    assert [series.benchmark for series in read_results(tmp_path).noise] == [
        "lifecycle.Lifecycle.track_cpu"
    ]


def test_a_floor_holds_of_a_metric_with_a_version_of_its_own(tmp_path: Path) -> None:
    write_noise_file(tmp_path / "vm" / "a.noise.jsonl", FILE)
    (tmp_path / "vm" / "b.json").write_text("{}")
    name = "lifecycle.Lifecycle.track_round"
    listed = {"name": name, "param_names": [], "params": [], "version": "1.1", "unit": "seconds"}
    (tmp_path / "benchmarks.json").write_text(json.dumps({name: listed, "version": 2}))
    assert name in {series.benchmark for series in read_results(tmp_path).noise}


def test_a_tree_has_a_series_per_metric(tmp_path: Path) -> None:
    """What a results folder holds is in its tree, named as asv names the series."""
    write_noise_file(tmp_path / "vm" / "a.noise.jsonl", FILE)
    tree = read_results(tmp_path)
    assert [series.benchmark for series in tree.noise] == [
        "lifecycle.Lifecycle.track_cpu",
        "lifecycle.Lifecycle.track_round",
    ]
    series = tree.noise[1]
    assert (series.machine, series.arm.name, series.profile) == ("vm", "ft-gil1", "full")
    assert (series.medians, series.order, series.unit) == (CELL.medians["round"], "ABBA", "seconds")
    assert tree.warnings == ()


def without_subject(text: str) -> str:
    """Leave out the line that says what was measured."""
    return "".join(line for line in text.splitlines(keepends=True) if '"subject"' not in line)


@pytest.mark.parametrize(
    ("spoil", "why"),
    [
        (lambda text: text[:-20], "Line 5 is no record"),
        (lambda text: text.replace('"version": 1}', '"version": 9}'), "names the schema"),
        (lambda text: text.replace("ABBA", "ABBX"), "not of A and B"),
        (lambda text: text.replace("ABBA", "ABBAB"), "one number for each"),
        (lambda text: text.replace("1.1", "NaN"), "$.medians[...][1]"),
        (lambda text: text.replace("1.1", "1e999"), "$.medians[...][1]"),
        (lambda text: text.replace("1.1", "true"), "$.medians[...][1]"),
        (lambda text: text.replace("1.1", '"1.1"'), "Expected `float`, got `str`"),
        (lambda text: text.replace("ft-gil1", "gil2"), "gil2"),
        (lambda text: text.replace('"3.14.2", ', '"three", ').replace("3.14.2", "three"), "three"),
        (without_subject, "does not say of which"),
        (lambda _text: "", "names the schema None"),
        (lambda _text: "[]\n", "Line 1 is no record"),
        (lambda _text: "[" * 100_000, "Line 1 is no record"),
        (lambda text: text.replace("1.1", "1" + "0" * 400), "is no record"),
    ],
)
def test_a_damaged_file_is_a_warning(tmp_path: Path, spoil: Callable[[str], str], why: str) -> None:
    """It is told by its name and left out; the file stays as it is."""
    path = tmp_path / "vm" / "a.noise.jsonl"
    path.parent.mkdir()
    path.write_text(spoil(FILE.text()))
    before = path.read_bytes()
    tree = read_results(tmp_path)
    assert tree.noise == ()
    (warning,) = tree.warnings
    assert warning.path == path
    assert why in warning.why
    assert path.read_bytes() == before


def test_a_line_of_a_later_kind_is_passed_over() -> None:
    """What a later version may add does not make the file unreadable."""
    assert parse_noise(FILE.text() + json.dumps({"kind": "remark"}) + "\n", "vm") == FILE


def test_a_write_that_fails_leaves_what_was_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No room, no right: an error with its reason, and no half file."""
    path = tmp_path / "a.noise.jsonl"
    path.write_text("as it was")

    def full(*_: object, **__: object) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_text", full)
    with pytest.raises(ResultsError, match="untouched"):
        write_noise_file(path, FILE)
    assert path.read_text() == "as it was"


@pytest.mark.parametrize(("version", "metrics"), [("1", {"round", "cpu"}), ("2", {"cpu"})])
def test_noise_of_work_that_has_changed_is_left_out(
    tmp_path: Path, version: str, metrics: set[str]
) -> None:
    write_noise_file(tmp_path / "vm" / "a.noise.jsonl", FILE)
    name = "lifecycle.Lifecycle.track_"
    noise = read_noise(tmp_path, {f"{name}round": version}, [])
    assert {run.series.benchmark for run in noise} == {name + each for each in metrics}
