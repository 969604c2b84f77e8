"""asv's other commands on real results: they take names, and say names."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest
from asvproject import CHEAP, AsvProject

from ftbench.pythons import Interpreter, discover
from ftbench.releases import Release
from ftbench.results.records import read_records, records_path

COMMIT_ID = re.compile(r"\b3\d{4}[abcf]\d{2}\b(?!-)")


def said(project: AsvProject, *arguments: str) -> str:
    done = project.asv(*arguments)
    assert done.code == 0, done.said
    assert not COMMIT_ID.search(done.said), done.said
    return done.said


def test_show_lists_the_releases_that_were_measured(measured: AsvProject, release: str) -> None:
    listed = said(measured, "show")
    assert listed.count(f"    {release}\n") == 3
    assert "cpython-pyft-" in listed


def test_show_says_the_figures_of_a_release(measured: AsvProject, release: str) -> None:
    shown = said(measured, "show", release, "--details", *CHEAP)
    assert f"Commit: {release}" in shown
    assert shown.count("lifecycle.ThreadClock.time_start_join [box/") == 3


def test_show_says_how_long_things_took(measured: AsvProject) -> None:
    assert "Run durations" in said(measured, "show", "--durations")


def test_show_takes_an_arm(measured: AsvProject, release: str) -> None:
    shown = said(measured, "show", release, "-E", "ft-gil1", *CHEAP)
    (name,) = re.findall(r"\[box/(\S+)\]", shown)
    assert name.endswith("-PYTHON_GIL1")


@pytest.mark.parametrize("arm", ["gil", "ft", "ft-gil1"])
def test_an_arm_is_shown_whatever_its_profile_and_flavour_were(
    measured: AsvProject, release: str, arm: str
) -> None:
    """Here the profile is smoke; without FTBENCH_PROFILE it would be quick."""
    done = measured.asv("show", release, "-E", arm, *CHEAP, FTBENCH_PROFILE="")
    assert done.said.count("[box/") == 1, done.said


def test_compare_takes_two_releases(measured: AsvProject, release: str) -> None:
    """Of one release with itself: nothing has changed."""
    compared = said(measured, "compare", release, release)
    assert f"Before {release}" in compared
    assert "lifecycle.ThreadClock.time_start_join" in compared
    assert "1.00" in compared


def test_check_finds_nothing_wrong_with_the_benchmarks(project: AsvProject) -> None:
    assert "No problems found" in said(project, "check", "-E", "ft")


def test_a_closed_pipe_ends_a_command_quietly(measured: AsvProject) -> None:
    process = subprocess.Popen(
        measured.command("show", "--durations"),
        cwd=measured.folder,
        env=measured.environ(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    process.stdout.close()
    assert process.stderr is not None
    with process.stderr:
        complaint = process.stderr.read()
    assert process.wait(60) == 1
    assert complaint == ""


def test_publish_makes_a_site_that_knows_the_release(project: AsvProject, release: str) -> None:
    done = project.asv("publish")
    assert done.code == 0, done.said
    html = project.folder / "html"
    assert (html / "choose.html").is_file()
    index = (html / "index.json").read_text(encoding="utf-8")
    assert f'"{release}"' in index
    assert '"profile": ["smoke"]' in index


def test_profile_runs_a_benchmark_below_the_profiler(project: AsvProject, release: str) -> None:
    before = project.files()
    name = "lifecycle.ThreadClock.time_start_join"
    assert "time_start_join" in said(project, "profile", name, release, "-E", "ft")
    assert project.files() == before


def test_removed_results_can_be_measured_anew(project: AsvProject, release: str) -> None:
    commit = Release.parse(release).commit_id
    assert project.asv("rm", f"commit_hash={commit}", "-y").code == 0
    done = project.run(f"{release}^!", *CHEAP, "-E", "ft", "--quick")
    assert done.code == 0, done.said
    (result,) = project.results.glob("3*.json")
    assert {each["group"] for each in read_records(records_path(result)).cells} == {
        "lifecycle.ThreadClock"
    }


@pytest.fixture
def older(pair: tuple[Interpreter, Interpreter]) -> Interpreter:
    """A free-threaded build like the pair's, of an older release."""
    for other in discover():
        alike = other.build.flavour == pair[1].build.flavour
        if alike and other.build.free_threaded and other.release < pair[1].release:
            return other
    pytest.skip("needs free-threaded builds of two releases of one flavour")


@pytest.fixture
def two(
    empty: AsvProject, tmp_path: Path, pair: tuple[Interpreter, ...], older: Interpreter
) -> AsvProject:
    """A project with nothing measured, on a machine with both."""
    project = empty.copy(tmp_path / "two")
    return AsvProject(folder=project.folder, pythons=(pair[1].executable, older.executable))


def test_continuous_measures_two_releases_and_compares_them(
    two: AsvProject, release: str, older: Interpreter
) -> None:
    before = older.release.name
    done = two.asv("continuous", before, release, "-m", "box", "-E", "ft", *CHEAP, "--quick")
    assert done.code in {0, 1}, done.said
    assert "Traceback" not in done.said, done.said
    assert {before, release} <= set(re.findall(r"For CPython commit (\S+)", done.said))
    assert not COMMIT_ID.search(done.said), done.said


def test_find_searches_between_two_releases_and_records_what_it_measures(
    two: AsvProject, release: str
) -> None:
    done = two.asv("find", "installed", "ThreadClock", "-m", "box", "-E", "ft")
    assert done.code == 0, done.said
    assert "Greatest regression found" in done.said
    assert not COMMIT_ID.search(done.said), done.said
    for result in two.results.glob("3*.json"):
        assert read_records(records_path(result)).cells


def test_run_measures_the_installed_releases_of_a_range(
    two: AsvProject, release: str, older: Interpreter
) -> None:
    done = two.run(f"{older.release}..{release}", *CHEAP, "-E", "ft", "--quick", "--dry-run")
    assert re.findall(r"For CPython commit (\S+):", done.said) == [release]
    done = two.run("installed", *CHEAP, "-E", "ft", "--quick", "--dry-run")
    assert re.findall(r"For CPython commit (\S+):", done.said) == [release, older.release.name]


def test_new_is_what_was_not_measured_yet(two: AsvProject, release: str) -> None:
    assert two.run(f"{release}^!", *CHEAP, "-E", "ft", "--quick").code == 0
    done = two.run("NEW", *CHEAP, "-E", "ft", "--quick")
    assert release not in re.findall(r"For CPython commit (\S+):", done.said)
