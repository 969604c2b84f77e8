"""Results of the older layout are named, and migrated without a figure that changes."""

from __future__ import annotations

import itertools
import json
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import synthetic
from commands import Command
from fake_results import make_older, result_files
from synthetic import Plan

from ftbench.cli.report import results
from ftbench.errors import ResultsError, UsageError
from ftbench.results import read_results
from ftbench.results.migration import Migration, migrate

MIGRATE = Command(results)
COMMAND = "ftbench results migrate"
ROUND = "lifecycle.Lifecycle.track_round"


def contents(folder: Path) -> dict[Path, bytes]:
    return {each.relative_to(folder): each.read_bytes() for each in folder.rglob("*.json*")}


@pytest.fixture(scope="module")
def current(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Results as they are today; to be looked at only."""
    folder = tmp_path_factory.mktemp("current")
    only = ("track_round", "track_unit_1", "track_dispatch", "track_calls")
    synthetic.write_tree(folder, Plan(releases=("3.14.2",)), only=only)
    return folder


@pytest.fixture
def older(current: Path, tmp_path: Path) -> Path:
    """The same results of the older layout."""
    for name, content in contents(current).items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(content)
    make_older(tmp_path)
    return tmp_path


def edit_row(path: Path, change: Callable[[list[Any]], None]) -> None:
    document = json.loads(path.read_text(encoding="utf-8"))
    change(document["results"][ROUND])
    path.write_text(json.dumps(document), encoding="utf-8")


def test_older_results_are_no_figures_but_warnings_with_the_command_that_helps(
    older: Path,
) -> None:
    tree = read_results(older)
    assert (tree.figures, tree.sources) == ((), ())
    assert {each.path for each in tree.warnings} == {
        older / "benchmarks.json",
        *result_files(older),
    }
    assert all(COMMAND in each.why for each in tree.warnings)


def test_migrated_results_are_what_would_be_written_today(older: Path, current: Path) -> None:
    assert contents(older) != contents(current)
    assert {each.state for each in migrate(older)} == {Migration.MIGRATED}
    assert contents(older) == contents(current)


def test_records_name_a_mode_as_ever(older: Path) -> None:
    before = {each: each.read_bytes() for each in older.rglob("*.jsonl")}
    list(migrate(older))
    assert before
    assert {each: each.read_bytes() for each in older.rglob("*.jsonl")} == before


def test_a_second_call_changes_nothing(older: Path) -> None:
    list(migrate(older))
    before = {each: each.stat().st_mtime_ns for each in older.rglob("*")}
    assert {each.state for each in migrate(older)} == {Migration.CURRENT}
    assert {each: each.stat().st_mtime_ns for each in older.rglob("*")} == before


def test_modes_in_any_order_keep_their_figures(older: Path, current: Path) -> None:
    path = result_files(older)[0]

    def turned(row: list[Any]) -> None:
        rest = len(row[1][1]) * len(row[1][2])
        row[1][0].reverse()
        for column in (0, *range(5, len(row))):
            values = row[column]
            if isinstance(values, list):
                blocks = [values[at : at + rest] for at in range(0, len(values), rest)]
                row[column] = list(itertools.chain(*reversed(blocks)))

    edit_row(path, turned)
    list(migrate(older))
    mended, wanted = read_results(older), read_results(current)
    assert mended.warnings == ()
    named = {(each.environment, each.series): each.samples for each in wanted.figures}
    assert {(each.environment, each.series): each.samples for each in mended.figures} == named


DAMAGE: dict[str, tuple[Callable[[list[Any]], None], str]] = {
    "a mode that is not known": (
        lambda row: row[1][0].__setitem__(0, "'fibers'"),
        "'fibers'",
    ),
    "a mode that is there twice": (
        lambda row: row[1][0].__setitem__(0, "'processes-fork'"),
        "'processes-fork'",
    ),
    "too few results": (lambda row: row[0].pop(), "the results of"),
    "too few samples": (lambda row: row[11].pop(), "samples"),
}


@pytest.mark.parametrize(("damage", "why"), DAMAGE.values(), ids=DAMAGE)
def test_what_is_not_understood_is_left_as_it_is_and_named(
    older: Path, damage: Callable[[list[Any]], None], why: str
) -> None:
    path = result_files(older)[0]
    edit_row(path, damage)
    before = path.read_bytes()
    states = {each.path: each for each in migrate(older)}
    assert states.pop(path).state is Migration.LEFT
    assert {each.state for each in states.values()} == {Migration.MIGRATED}
    assert path.read_bytes() == before
    assert why in next(each.why for each in migrate(older) if each.path == path)


@pytest.mark.parametrize("content", [b"", b"{ cut", b"7", b"\xff", b'{"version": 2, "results": 5}'])
@pytest.mark.parametrize("name", ["benchmarks.json", "quiet-vm/31402f00-x.json"])
def test_a_damaged_file_is_left_as_it_is_and_named(older: Path, name: str, content: bytes) -> None:
    (older / name).write_bytes(content)
    (left,) = (each for each in migrate(older) if each.state is Migration.LEFT)
    assert left.path == older / name
    assert left.why
    assert (older / name).read_bytes() == content


def test_a_list_of_benchmarks_of_another_shape_is_left_as_it_is(older: Path) -> None:
    path = older / "benchmarks.json"
    path.write_text('{"version": 2, "a": {"params": 5}}', encoding="utf-8")
    (left,) = (each for each in migrate(older) if each.state is Migration.LEFT)
    assert (left.path, "no list of benchmarks" in left.why) == (path, True)


def test_a_file_that_cannot_be_written_is_what_it_was(
    older: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    before = contents(older)
    monkeypatch.setattr(Path, "replace", full)
    assert {each.state for each in migrate(older)} == {Migration.LEFT}
    assert contents(older) == before


def test_the_command_says_what_it_did(older: Path) -> None:
    count = len(result_files(older)) + 1
    assert f"{count} files: {count} migrated." in MIGRATE.said("migrate", older)
    assert f"{count} files: {count} already so." in MIGRATE.said("migrate", older)
    states = Counter(each["state"] for each in MIGRATE.document("migrate", older))
    assert states == {"already so": count}


def test_the_command_ends_with_an_error_if_a_file_is_left(older: Path) -> None:
    path = result_files(older)[0]
    path.write_bytes(b"{ cut")
    called = MIGRATE.call("migrate", older)
    assert isinstance(called.exception, ResultsError)
    assert "1 file was not migrated" in str(called.exception)
    assert path.name in called.stdout


def test_the_command_takes_the_results_of_the_project(
    older: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = tmp_path / "project"
    project.mkdir()
    (project / "asv.conf.json").write_text("{}", encoding="utf-8")
    monkeypatch.chdir(project)
    assert isinstance(MIGRATE.error("migrate"), UsageError)
    (project / "results").symlink_to(older)
    assert "migrated" in MIGRATE.said("migrate")
    assert read_results(project / "results").figures
