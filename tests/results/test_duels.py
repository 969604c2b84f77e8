"""Duels on record: which stand, which are pooled, and that a bad file is named and left alone."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import fake_duels
import pytest
from fake_results import arms, write_project
from msgspec.structs import replace
from synthetic import Plan

from ftbench.results import read_results
from ftbench.results.records import DuelRecord

A, B = fake_duels.side("3.13.5"), fake_duels.side("3.13.15")
DUEL = fake_duels.record(A, B, 1.1)
MIXED = fake_duels.record(replace(A, mode="threads"), replace(B, mode="fork"), of=("a.A", "round"))


@pytest.fixture
def results(tmp_path: Path) -> Path:
    plan = Plan(releases=("3.13.5", "3.13.15"), arms=arms("ft"))
    return write_project(tmp_path, plan, only="SingleThread.track_kernel", noise=False)


def test_duels_are_read_with_their_machine_and_builds(results: Path) -> None:
    fake_duels.write(results, DUEL)
    tree = read_results(results)
    (duel,) = tree.duels
    assert (duel.machine, duel.record) == ("quiet-vm", DUEL)
    assert [build["version"] for build in duel.builds] == ["3.13.5", "3.13.15"]
    assert duel.series in {figure.series for figure in tree.figures}


def test_turned_it_says_the_inverse_of_the_other_mode(results: Path) -> None:
    fake_duels.write(results, MIXED)
    (duel,) = read_results(results).duels
    assert duel.turned.series.params == {**duel.series.params, "mode": "fork"}
    assert duel.turned.turned == duel
    for (log, a, b), turned in zip(duel.record.pairs, duel.turned.record.pairs, strict=True):
        assert turned == (-log, b, a)


@pytest.mark.parametrize("made", [DUEL, MIXED])
def test_duels_of_the_same_are_pooled_whichever_side_was_named_first(
    results: Path, made: DuelRecord
) -> None:
    first, second = made.sides
    params = made.params | {"mode": second.mode}
    again = fake_duels.record(
        second, first, of=(made.group, made.metric), params=params, sitting="2026-12-01"
    )
    fake_duels.write(results, made)
    fake_duels.write(results, again)
    (duel,) = read_results(results).duels
    assert duel.record.sides == (second, first)  # of the latest
    logs = [pair[0] for pair in duel.record.pairs]
    assert logs == [-pair[0] for pair in made.pairs] + [pair[0] for pair in again.pairs]


@pytest.mark.parametrize("margin", [0.0, 0.001, 0.5])
def test_whatever_margin_was_asked_for_the_usual_one_stands_beside_other_verdicts(
    results: Path, margin: float
) -> None:
    fake_duels.write(results, replace(DUEL, margin=margin))
    (duel,) = read_results(results).duels
    assert duel.record == DUEL


def test_a_version_of_one_metric_alone_is_none_of_its_scenario(results: Path) -> None:
    """Whichever of a class's metrics comes last."""
    fake_duels.write(results, DUEL)
    path = results / "benchmarks.json"
    known = json.loads(path.read_text("utf-8"))
    kernel = known["single_thread.SingleThread.track_kernel"]
    for name, version in (("track_pss", "1.1"), ("track_rss", "1"), ("track_uss", "1.1")):
        full = f"single_thread.SingleThread.{name}"
        known[full] = {**kernel, "name": full, "version": version}
        path.write_text(json.dumps(known), "utf-8")
        assert len(read_results(results).duels) == 1


@pytest.mark.parametrize(
    "other",
    [
        {"machine": "m2"},
        {"metric": "cpu"},
        {"params": {"mode": "serial", "kernel": "floats"}},
        {"sides": (replace(B, build="other"), A)},
        {"sides": (replace(B, flavour="other"), A)},
    ],
    ids=repr,
)
def test_what_is_of_another_machine_build_or_series_is_not_pooled(
    results: Path, other: dict[str, object]
) -> None:
    fake_duels.write(results, DUEL)
    turned = replace(DUEL, sides=(B, A), sitting="2026-12-01")
    fake_duels.write(results, replace(turned, **other))
    assert [len(duel.record.pairs) for duel in read_results(results).duels] == [24, 24]


@pytest.mark.parametrize(
    "made",
    [
        replace(DUEL, version="2"),
        replace(DUEL, version="2", metric="cpu"),  # which no benchmark tracks
        replace(DUEL, sides=(A, replace(B, extra=0.05))),
        replace(DUEL, sides=(replace(A, extra=0.05), B)),
    ],
)
def test_other_work_and_extra_work_are_never_used(results: Path, made: DuelRecord) -> None:
    fake_duels.write(results, made)
    tree = read_results(results)
    assert (tree.duels, tree.warnings) == ((), ())


def renamed(path: Path) -> None:
    path.rename(path.with_name(f"mine{path.name}"))


def replaced(old: str, new: str) -> Callable[[Path], object]:
    return lambda path: path.write_text(path.read_text("utf-8").replace(old, new), "utf-8")


@pytest.mark.parametrize(
    ("spoil", "why"),
    [
        (lambda path: path.write_bytes(path.read_bytes()[:-20]), "is no record"),
        (replaced("ftbench.duel", "ftbench.later"), "names the schema"),
        (renamed, "it has what belongs in 3.13.5-ft_3.13.15-ft.duel.jsonl"),
        (replaced('"arm": "ft"', '"arm": "no"'), "is no record"),
        (replaced('"release": "3.13.5"', '"release": "3.13"'), "is no record"),
        (replaced('"digest": "3.13.5-ft"', '"digest": "other"'), "of which builds"),
        (replaced("[[", "[[1e300, 1, 1], ["), "is no record"),
        (replaced("[[", "[[NaN, 1, 1], ["), "is no record"),
        (replaced("[[", "[[1, -1, 1], ["), "is no record"),
        (replaced('"cores": 2', '"cpu": "another"'), "on another machine (another, not "),
    ],
)
def test_what_is_damaged_or_foreign_is_named_and_the_rest_is_read(
    results: Path, spoil: Callable[[Path], object], why: str
) -> None:
    sound = fake_duels.write(results, fake_duels.record(B, fake_duels.side("3.14.2")))
    assert sound.is_file()
    path = fake_duels.write(results, DUEL, replace(DUEL, metric="cpu"))
    spoil(path)
    tree = read_results(results)
    assert [duel.record.sides[0] for duel in tree.duels] == [B]
    (warning,) = tree.warnings
    assert (warning.path.name.endswith(path.name), why in warning.why) == (True, True), warning


def test_a_folder_without_a_machine_is_named(results: Path) -> None:
    path = fake_duels.write(results, DUEL, machine="gone")
    assert path.parent.name == "gone"
    tree = read_results(results)
    assert [warning.path for warning in tree.warnings] == [path.with_name("machine.json")]
    assert "left out" in tree.warnings[0].why


def test_a_copy_is_left_out_and_its_pairs_are_not_counted_twice(results: Path) -> None:
    path = fake_duels.write(results, DUEL)
    shutil.copy(path, path.with_name("3.13.5-ft_3.13.15-ft (1).duel.jsonl"))
    tree = read_results(results)
    assert [len(duel.record.pairs) for duel in tree.duels] == [24]
    assert [warning.path.name[-14:] for warning in tree.warnings] == ["(1).duel.jsonl"]
