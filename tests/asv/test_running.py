"""`asv run` as a user calls it, with real interpreters: what is measured, recorded and said."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from asvproject import CELL, CHEAP, AsvProject, result_of

from ftbench.facts.arms import USUAL_ARMS
from ftbench.pythons import Interpreter
from ftbench.releases import Release
from ftbench.results.records import read_records, records_path

COMMIT_ID = re.compile(r"\b3\d{4}[abcf]\d{2}\b(?!-)")


def result_files(project: AsvProject) -> list[Path]:
    return sorted(each for each in project.results.glob("*.json") if each.name != "machine.json")


def result_file(project: AsvProject, release: str, arm: str) -> Path:
    """The result file of a release on an arm."""
    prefix = f"{Release.parse(release).commit_id}-cpython-py{arm.removesuffix('-gil1')}-"
    suffix = "PYTHON_GIL1.json"
    (found,) = [
        each
        for each in result_files(project)
        if each.name.startswith(prefix) and each.name.endswith(suffix) is arm.endswith("gil1")
    ]
    return found


def test_each_arm_has_one_file_of_results_and_one_of_records(
    measured: AsvProject, release: str
) -> None:
    files = result_files(measured)
    assert files == sorted(result_file(measured, release, arm.name) for arm in USUAL_ARMS)
    assert {each.name for each in measured.results.iterdir()} == {
        "machine.json",
        *(each.name for each in files),
        *(records_path(each).name for each in files),
    }


def test_asv_says_releases_and_never_an_id(measured: AsvProject, release: str) -> None:
    said = (measured.folder / "said.txt").read_text(encoding="utf-8")
    assert f"For CPython commit {release}:" in said
    assert not COMMIT_ID.search(said), said


def test_flavour_and_profile_are_part_of_what_asv_compares_by(
    measured: AsvProject, release: str, pair: tuple[Interpreter, Interpreter]
) -> None:
    read = json.loads(result_file(measured, release, "ft").read_text(encoding="utf-8"))
    flavour = pair[1].build.flavour
    assert read["requirements"] == {"build": flavour, "profile": "smoke"}
    assert read["params"]["build"] == flavour
    assert read["params"]["profile"] == "smoke"


@pytest.mark.parametrize("arm", USUAL_ARMS, ids=lambda arm: arm.name)
def test_a_cell_was_run_once_for_all_its_metrics(
    measured: AsvProject, release: str, arm: object
) -> None:
    """One record, whose one run stands behind the samples of both metrics."""
    path = result_file(measured, release, getattr(arm, "name", ""))
    cells = [
        each
        for each in read_records(records_path(path)).cells
        if each["group"] == "lifecycle.Lifecycle"
    ]
    assert [each["params"] for each in cells] == [
        {"mode": "threads", "workers": "1", "task": "empty"}
    ]
    results = result_of(path)
    for metric in ("round", "first_round"):
        samples = results[f"lifecycle.Lifecycle.track_{metric}"]["samples"][0]
        assert len(samples) == cells[0]["samples"][metric]


@pytest.mark.parametrize("arm", USUAL_ARMS, ids=lambda arm: arm.name)
def test_every_record_says_the_gil_the_build_and_the_machine(
    measured: AsvProject, release: str, arm: object
) -> None:
    wanted = next(each for each in USUAL_ARMS if each == arm)
    records = read_records(records_path(result_file(measured, release, wanted.name)))
    assert records.cells
    for each in records.cells:
        assert each["gil"] == [wanted.gil, wanted.gil]
        assert records.builds[each["build"]]["version"] == release
        assert records.builds[each["build"]]["free_threaded"] is wanted.free_threaded
        assert each["machine"] in records.machines
        assert each["profile"] == "smoke"


def test_a_dry_run_changes_no_figure_and_no_record(project: AsvProject, release: str) -> None:
    before = project.files()
    done = project.run(f"{release}^!", *CHEAP, "-E", "ft", "--dry-run")
    assert done.code == 0, done.said
    assert "ThreadClock.time_start_join" in done.said
    assert project.files() == before


def test_a_plain_run_measures_the_newest_release_of_each_installed_series_on_every_arm(
    project: AsvProject, release: str
) -> None:
    """That a listed series has no interpreter here does not matter."""
    done = project.run(*CHEAP, "--dry-run", "--quick")
    assert done.code == 0, done.said
    assert re.findall(r"For CPython commit (\S+):", done.said) == [release]
    assert done.said.count("Benchmarking") == len(USUAL_ARMS)
    assert "(1 commits * 3 environments * 1 benchmarks)" in done.said


def test_measuring_again_replaces_the_samples_and_their_record(
    project: AsvProject, release: str
) -> None:
    path = result_file(project, release, "ft")
    before = read_records(records_path(path))
    done = project.run(f"{release}^!", *CELL, "-E", "ft", "--record-samples")
    assert done.code == 0, done.said
    after = read_records(records_path(path))
    assert len(after.cells) == len(before.cells)
    assert {each["run"] for each in before.cells} < {each["run"] for each in after.cells}
    assert "lifecycle.ThreadClock.time_start_join" in result_of(path)


def test_appended_samples_keep_the_record_of_the_run_before(
    project: AsvProject, release: str
) -> None:
    path, name = result_file(project, release, "ft"), "lifecycle.Lifecycle.track_round"
    before = result_of(path)[name]["samples"][0]
    done = project.run(f"{release}^!", *CELL, "-E", "ft", "--append-samples")
    assert done.code == 0, done.said
    after = result_of(path)[name]["samples"][0]
    assert after[: len(before)] == before
    assert len(after) == 2 * len(before)
    cells = read_records(records_path(path)).cells
    assert len([each for each in cells if each["group"] == "lifecycle.Lifecycle"]) == 2


def test_what_is_there_can_be_left_out(project: AsvProject, release: str) -> None:
    before = project.files()
    done = project.run(f"{release}^!", *CHEAP, "-E", "ft", "--skip-existing-successful")
    assert done.code == 0, done.said
    assert "Benchmarking" not in done.said
    assert project.files() == before


def test_environments_are_made_in_parallel_and_recorded_as_ever(
    empty: AsvProject, tmp_path: Path, release: str
) -> None:
    """With -j, asv selects the release in other processes than the one that records."""
    project = empty.copy(tmp_path / "project")
    done = project.run(f"{release}^!", *CHEAP, "-j", "2")
    assert done.code == 0, done.said
    for arm in USUAL_ARMS:
        assert read_records(records_path(result_file(project, release, arm.name))).cells


@pytest.mark.parametrize("gil", ["0", "1", "nonsense"])
def test_the_callers_python_gil_reaches_no_benchmark(
    project: AsvProject, release: str, gil: str
) -> None:
    done = project.run(f"{release}^!", *CHEAP, "--quick", PYTHON_GIL=gil)
    if "Fatal Python error" in done.said:  # asv's own interpreter refused to start
        pytest.skip("the host's Python heeds PYTHON_GIL itself")
    assert done.code == 0, done.said
    for arm in USUAL_ARMS:
        cells = read_records(records_path(result_file(project, release, arm.name))).cells
        assert [each["gil"] for each in cells] == [[arm.gil, arm.gil]] * len(cells)
