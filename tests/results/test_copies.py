"""Of two files with the same figures one is shown, the one that asv has written."""

from __future__ import annotations

import copy
import json
import math
import shutil
from pathlib import Path
from typing import Any

import pytest
from commands import Command
from fake_results import arms, result_file, write_project
from synthetic import Plan

from ftbench.cli import cli
from ftbench.results import ResultTree, read_results, safe_loading
from ftbench.results.records import NOISE, records_path

RELEASES = ("3.13.5", "3.13.15")
FTBENCH = Command(cli)
NAMES = (
    "{} (1).json",
    "{}.sync-conflict-20260101-000000-AAAAAAA.json",
    "Copy of {}.json",
    ".{}.json",
    "backup.json",
    "00000000.json",
    "{} ü.json",
)


@pytest.fixture
def results(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    plan = Plan(releases=RELEASES, arms=arms("gil", "ft"))
    return write_project(tmp_path, plan, only="e.track_round")


@pytest.fixture
def original(results: Path) -> Path:
    return result_file(results, "3.13.15", "ft")


def shown(tree: ResultTree) -> Any:
    return tree.figures, [source.path for source in tree.sources], tree.noise


def edit(path: Path, **changes: Any) -> None:
    path.write_text(json.dumps(json.loads(path.read_text("utf-8")) | changes), encoding="utf-8")


@pytest.mark.parametrize("name", NAMES)
def test_a_copy_is_left_out_and_both_are_named(results: Path, original: Path, name: str) -> None:
    before = shown(read_results(results))
    copy = original.with_name(name.format(original.stem))
    shutil.copy(original, copy)
    tree = read_results(results)
    assert shown(tree) == before
    (warning,) = tree.warnings
    assert warning.path == copy
    assert original.name in warning.why
    paths = {path.name for path in results.glob("*/*.json")}
    assert len(list(safe_loading.iter_results(str(results)))) == len(paths) - 2  # and a machine


def test_many_copies_are_one_file(results: Path, original: Path) -> None:
    before = shown(read_results(results))
    for number in range(30):
        shutil.copy(original, original.with_name(f"{original.stem} ({number}).json"))
    tree = read_results(results)
    assert shown(tree) == before
    assert len(tree.warnings) == 30


@pytest.mark.parametrize(
    "words", [("compare", *RELEASES), ("report",), ("advise", "--task", "1ms")]
)
def test_commands_say_what_they_say_without_a_copy(
    results: Path, original: Path, words: tuple[str, ...]
) -> None:
    before = FTBENCH.call(*words, "--format", "json")
    copy = original.with_name(f"{original.stem} (1).json")
    shutil.copy(original, copy)
    after = FTBENCH.call(*words, "--format", "json")
    assert after.exit_code == before.exit_code
    said, was = json.loads(after.stdout), json.loads(before.stdout)
    assert said | {"warnings": []} == was
    assert copy.name in " ".join(FTBENCH.call(*words).stdout.split())


def test_a_copy_stands_in_for_an_original_that_is_damaged(results: Path, original: Path) -> None:
    figures = len(read_results(results).figures)
    copy = original.with_name(f"{original.stem} (1).json")
    shutil.copy(original, copy)
    original.write_text("{", encoding="utf-8")
    tree = read_results(results)
    assert len(tree.figures) == figures
    assert [warning.path for warning in tree.warnings] == [original]


def shards(original: Path) -> tuple[Path, Path]:
    """Write half of a file's benchmarks elsewhere, with all of its records."""
    every = json.loads(original.read_text("utf-8"))["results"]
    first, *rest = sorted(every)
    other = original.with_name(f"{original.stem}-shard-2.json")
    shutil.copy(original, other)
    shutil.copy(records_path(original), records_path(other))
    edit(original, results={first: every[first]})
    edit(other, results={name: every[name] for name in rest})
    return original, other


def test_disjoint_shards_are_one_series(tmp_path: Path, results: Path) -> None:
    write_project(tmp_path, Plan(releases=RELEASES, arms=arms("ft")), only="round", noise=False)
    figures = set(map(str, read_results(results).figures))
    shards(result_file(results, "3.13.15", "ft"))
    tree = read_results(results)
    assert set(map(str, tree.figures)) == figures
    assert not tree.warnings
    assert FTBENCH.call("compare", *RELEASES, "--arm", "ft").exit_code in {0, 1}


def test_shards_that_split_the_cells_of_each_benchmark_are_one_series(
    tmp_path: Path, results: Path
) -> None:
    write_project(tmp_path, Plan(releases=RELEASES, arms=arms("ft")), only="round", noise=False)
    before = read_results(results)
    compared = FTBENCH.call("compare", *RELEASES, "--arm", "ft", "--format", "json")
    original = result_file(results, "3.13.15", "ft")
    read = json.loads(original.read_text("utf-8"))
    place = read["result_columns"].index("result")
    paths = [original, *(original.with_name(f"{original.stem}-{n}.json") for n in "23")]
    for number, path in enumerate(paths):
        shard = copy.deepcopy(read)
        for row in shard["results"].values():
            row[place] = [
                each if index % len(paths) == number else math.nan
                for index, each in enumerate(row[place])
            ]
        path.write_text(json.dumps(shard), encoding="utf-8")
        if path != original:
            shutil.copy(records_path(original), records_path(path))
    tree = read_results(results)
    assert not tree.warnings
    assert set(map(str, tree.figures)) == set(map(str, before.figures))
    after = FTBENCH.call("compare", *RELEASES, "--arm", "ft", "--format", "json")
    assert (after.exit_code, after.stdout) == (compared.exit_code, compared.stdout)
    # Copies of them are left out as those of a whole file are.
    for path in paths:
        shutil.copy(path, path.with_name(f"{path.stem} (1).json"))
    tree = read_results(results)
    assert len(tree.warnings) == len(paths)
    assert set(map(str, tree.figures)) == set(map(str, before.figures))


def test_a_copy_of_a_file_in_which_all_was_skipped_is_named(results: Path, original: Path) -> None:
    read = json.loads(original.read_text("utf-8"))
    place = read["result_columns"].index("result")
    for row in read["results"].values():
        row[place] = [math.nan] * len(row[place])
    edit(original, results=read["results"])
    shutil.copy(original, original.with_name(f"{original.stem} (1).json"))
    (warning,) = read_results(results).warnings
    assert original.name in warning.why


def test_a_shard_that_overlaps_is_left_out_and_both_are_named(
    tmp_path: Path, results: Path
) -> None:
    write_project(tmp_path, Plan(releases=RELEASES, arms=arms("ft")), only="round", noise=False)
    original = result_file(results, "3.13.15", "ft")
    every = json.loads(original.read_text("utf-8"))["results"]
    first, second = shards(original)
    edit(second, results=every)
    (warning,) = read_results(results).warnings
    assert (warning.path, first.name in warning.why) == (second, True)


def test_a_file_that_only_names_another_environment_is_a_copy(
    results: Path, original: Path
) -> None:
    """Its name is the one that asv gives to what it says it is of, and still it is the same."""
    before = shown(read_results(results))
    other = original.with_name(f"{original.name[:8]}-anything.json")
    shutil.copy(original, other)
    edit(other, env_name="anything")
    tree = read_results(results)
    assert shown(tree) == before
    assert [warning.path for warning in tree.warnings] == [other]


def test_a_copy_of_noise_is_left_out_and_both_are_named(results: Path, original: Path) -> None:
    before = shown(read_results(results))
    noise = NOISE.beside(original)
    copy = noise.with_name(f"0 {noise.name}")
    shutil.copy(noise, copy)
    tree = read_results(results)
    assert shown(tree) == before
    (warning,) = tree.warnings
    assert (warning.path, noise.name in warning.why) == (copy, True)


def test_what_lies_beside_machines_or_below_them_is_not_read(results: Path) -> None:
    before = shown(read_results(results)), len(list(safe_loading.iter_results(str(results))))
    (machine,) = (path.parent for path in results.glob("*/machine.json"))
    shutil.copytree(machine, machine / "old")
    shutil.copytree(results, results / "backup" / "results")
    after = shown(read_results(results)), len(list(safe_loading.iter_results(str(results))))
    assert after == before


def test_a_copy_of_a_machines_folder_is_named(results: Path) -> None:
    before = read_results(results)
    (machine,) = (path.parent for path in results.glob("*/machine.json"))
    shutil.copytree(machine, copied := results / f"{machine.name} (1)")
    tree = read_results(results)
    assert [warning.path.parent for warning in tree.warnings] == [copied]
    assert (tree.figures, tree.sources) == (before.figures, before.sources)
