"""What bad luck gets: a message and an exit code, and nothing that was saved is lost."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from asvproject import CELLS, CHEAP, DEADLINE_SECONDS, FTBENCH, AsvProject
from filelock import FileLock

from ftbench.errors import NothingError
from ftbench.pythons import Interpreter
from ftbench.releases import Release

POSIX = pytest.mark.skipif(os.name == "nt", reason="signals and scripts of POSIX")


@pytest.fixture
def result(project: AsvProject, release: str, pair: tuple[Interpreter, Interpreter]) -> Path:
    """The result file of the free-threaded arm."""
    name = f"{Release.parse(release).commit_id}-cpython-pyft-build{pair[1].build.flavour}"
    return project.results / f"{name}-profilesmoke.json"


def refused(project: AsvProject, *arguments: str, **extra: str) -> str:
    """Run `asv run` on the free-threaded arm: exit code 1, no traceback, nothing changed."""
    before = project.files()
    done = project.run(*arguments, *CHEAP, "-E", "ft", **extra)
    assert done.code == 1, done.said
    assert "Traceback" not in done.said, done.said
    assert project.files() == before
    return done.said


def test_a_result_file_that_is_cut_short_is_named_and_left_as_it_is(
    project: AsvProject, result: Path, release: str
) -> None:
    result.write_bytes(result.read_bytes()[:300])
    said = refused(project, f"{release}^!")
    assert result.name in said
    assert "It is left as it is" in said


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"version": 2}', "\udcff"])
def test_a_result_file_that_is_no_result_is_named_and_left_as_it_is(
    project: AsvProject, result: Path, release: str, text: str
) -> None:
    result.write_bytes(text.encode("utf-8", "surrogateescape"))
    assert result.name in refused(project, f"{release}^!")


@pytest.mark.parametrize(
    ("word", "meant"), [("3.31", "3.15"), ("3.14.22", "3.14.2"), ("3.14.22^!", "3.14.2")]
)
def test_an_unknown_release_is_told_what_was_probably_meant(
    project: AsvProject, word: str, meant: str
) -> None:
    assert f"Did you mean {meant}" in refused(project, word)


def test_run_tags_says_what_to_say_instead(project: AsvProject) -> None:
    assert "Did you mean: asv run installed?" in refused(project, "TAGS")


@pytest.fixture
def another_run(project: AsvProject) -> Iterator[None]:
    with FileLock(project.folder / "lock"):
        yield


@pytest.mark.usefixtures("another_run")
def test_a_second_run_is_refused_before_it_touches_anything(
    project: AsvProject, release: str
) -> None:
    assert "is measuring on this machine" in refused(project, f"{release}^!")
    assert "is measuring on this machine" in refused(project, f"{release}^!", "-j", "2")


@pytest.mark.usefixtures("another_run")
def test_a_check_is_refused_while_another_run_measures(project: AsvProject) -> None:
    """It would put its own release under the benchmarks of the run."""
    done = project.asv("check", "-E", "ft")
    assert done.code == 1
    assert "is measuring on this machine" in done.said


@pytest.mark.usefixtures("another_run")
def test_results_can_be_looked_at_while_another_run_measures(
    project: AsvProject, release: str
) -> None:
    assert project.asv("show", release).code == 0


def begun(project: AsvProject, release: str) -> subprocess.Popen[str]:
    words = ("run", f"{release}^!", "--machine", "box", "-E", "ft", *CELLS)
    return project.begun(project.command(*words))


@POSIX
def test_after_a_kill_the_results_are_what_they_were_and_a_new_run_works(
    project: AsvProject, release: str
) -> None:
    before = project.files()
    process = begun(project, release)
    assert process.stdout is not None
    with process.stdout:
        for line in process.stdout:
            if "Benchmarking" in line:
                break
        time.sleep(0.2)
        process.kill()
        process.wait(DEADLINE_SECONDS)
    assert project.files() == before
    done = project.run(f"{release}^!", "-E", "ft", *CHEAP)
    assert done.code == 0, done.said
    assert project.files() != before


@POSIX
def test_an_interrupt_ends_a_run_with_a_word_and_keeps_what_was_saved(
    project: AsvProject, release: str
) -> None:
    before = project.files()
    process = begun(project, release)
    assert process.stdout is not None
    said = ""
    with process.stdout:
        for line in process.stdout:
            said += line
            if "Benchmarking" in line:
                time.sleep(0.2)
                process.send_signal(signal.SIGINT)
        code = process.wait(DEADLINE_SECONDS)
    assert code == 1, said
    assert "Interrupted." in said
    assert "Traceback" not in said, said
    assert project.files() == before


FULL = """
import os, runpy, sys
from asv import util
name, real = sys.argv.pop(1), util.write_json
def full(path, *rest, **more):
    if name not in os.path.basename(path):
        return real(path, *rest, **more)
    with open(path, "w") as file:
        file.write('{"ha')
    raise OSError(28, "No space left on device", path)
util.write_json = full
runpy.run_module("asv", run_name="__main__")
"""
"""asv on a disk that is full as soon as it comes to a certain file."""


@pytest.mark.parametrize("name", ["benchmarks.json", "profilesmoke"])
def test_a_full_disk_is_said_and_leaves_every_file_whole(
    project: AsvProject, release: str, name: str
) -> None:
    before = project.files()
    words = ["run", f"{release}^!", "--machine", "box", "-E", "ft", *CHEAP, "--quick"]
    done = project.ended([sys.executable, "-c", FULL, name, *words])
    assert done.code == 1, done.said
    assert "No space left on device" in done.said
    assert "before is untouched" in done.said
    assert "Traceback" not in done.said, done.said
    assert project.files() == before


def test_a_results_folder_that_cannot_be_written_is_said_before_anything_is_measured(
    empty: AsvProject, tmp_path: Path, release: str
) -> None:
    """Root may write anywhere, so a file stands where the folder belongs."""
    project = empty.copy(tmp_path / "project")
    (project.folder / "results").write_text("no folder", encoding="utf-8")
    done = project.run(f"{release}^!", *CHEAP)
    assert done.code == 1
    assert "results" in done.said
    assert "asv.conf.json names the folders" in done.said
    assert "Traceback" not in done.said, done.said


def test_a_missing_interpreter_is_said_once_and_recorded_as_nothing(
    tmp_path: Path, gil_python: Interpreter
) -> None:
    project = AsvProject.made(tmp_path / "project", [gil_python])
    done = project.run(f"{gil_python.release}^!", *CHEAP, "--quick")
    assert done.code == 0, done.said
    assert done.said.count("There is no free-threaded build here: the arm ft is left out") == 1
    assert [each.name.split("-")[2] for each in project.results.glob("3*.json")] == ["pygil"]


@pytest.mark.parametrize("extra", [(), ("--dry-run",)])
def test_a_run_that_measures_nothing_says_why_and_is_no_success(
    project: AsvProject, release: str, extra: tuple[str, ...]
) -> None:
    other = "3.13.5" if release != "3.13.5" else "3.14.2"
    before = project.files()
    done = project.run(f"{other}^!", *CHEAP, "-E", "ft", *extra)
    assert done.code == 12, done.said
    assert "Nothing was measured. Every cell was skipped:" in done.said
    assert f"ftbench pythons install {other}t" in done.said.rpartition("Every cell")[2]
    assert project.files() == before


def test_what_was_measured_before_is_no_cell_that_was_skipped(
    project: AsvProject, release: str
) -> None:
    other = "3.13.5" if release != "3.13.5" else "3.14.2"
    here, there = (Release.parse(each).commit_id for each in (release, other))
    for path in project.results.glob(f"{here[:8]}-cpython-pygil-*.json"):
        text = path.read_text("utf-8").replace(here, there)
        path.with_name(path.name.replace(here[:8], there[:8])).write_text(text, "utf-8")
    words = (f"{other}^!", *CHEAP, "--skip-existing")
    done = project.run(*words)
    assert done.code == 0, done.said
    assert f"CPython {other} has no free-threaded build here" in done.said
    assert "Nothing was measured" not in done.said
    assert project.run(*words, "-E", "ft").code == 12


def test_a_run_of_cells_that_are_all_skipped_is_no_success(
    project: AsvProject, release: str
) -> None:
    if Release.parse(release) >= Release.parse("3.14.0"):
        pytest.skip("this release has every mode")
    words = (f"{release}^!", "--bench", r"lifecycle.*track_round\(.interpreters.*, 1, .empty")
    done = project.run(*words, "-E", "ft")
    assert done.code == 12, done.said
    assert "subinterpreters" in done.said.rpartition("Every cell")[2]
    bench = ["bench", release, "--profile", "smoke", *words[1:], "--machine", "box"]
    ended = project.ended([*FTBENCH, *bench])
    assert ended.code == 12, ended.said
    assert "Nothing was measured" in ended.said


def test_an_interpreter_that_goes_between_runs_is_skipped_and_its_figures_stay(
    project: AsvProject, result: Path, release: str, pair: tuple[Interpreter, Interpreter]
) -> None:
    before = project.files()
    alone = AsvProject(folder=project.folder, pythons=(pair[0].executable,))
    done = alone.run(f"{release}^!", *CHEAP, "-E", result.name.partition("-")[2][:-5])
    assert done.code == 1
    assert "environment" in done.said
    assert project.files() == before


@POSIX
def test_a_broken_interpreter_is_named_with_its_reason_and_records_nothing(
    project: AsvProject, tmp_path: Path, release: str, pair: tuple[Interpreter, Interpreter]
) -> None:
    broken = tmp_path / "half" / "bin" / "python3"
    broken.parent.mkdir(parents=True)
    broken.write_text("#!/bin/sh\nexit 3\n", encoding="utf-8")
    broken.chmod(0o755)
    other = "3.13.5" if release != "3.13.5" else "3.14.2"
    project = AsvProject(folder=project.folder, pythons=(*project.pythons, broken.parent.parent))
    before = project.files()
    done = project.run(f"{other}^!", *CHEAP, "-E", "ft")
    assert f"CPython {other} has no free-threaded build here" in done.said
    assert done.code == NothingError.exit_code
    assert f"{broken} is broken: it ended with 3" in " ".join(done.said.split())
    assert project.files() == before
