"""The results in version control: small, whole, and nothing of a machine's private matters."""

from __future__ import annotations

import platform
import re
import subprocess
from pathlib import Path
from typing import Final

import pytest
from draw_docs import BUDGET_OF_A_RESULT, BUDGET_OF_ALL, RESULTS, packed

from ftbench.releases import Release, known_releases
from ftbench.results import read_results
from ftbench.results.records import DUELS, NOISE, TRIALS, read_records, records_path

FILES: Final = sorted(each for each in RESULTS.glob("*/*.json") if each.name != "machine.json")
# A path that means something on one machine only.
PRIVATE_PATH: Final = re.compile(r"(?<![\w.])/(?:home|root|tmp|Users|work|mnt|srv)/|[A-Z]:\\\\")

each_result = pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)


def noise_path(path: Path) -> Path:
    """Return where the A/A runs of a result's environment lie, if there are any."""
    return NOISE.beside(path)


def test_there_are_results_that_can_be_read_without_a_warning() -> None:
    tree = read_results(RESULTS)
    assert tree.warnings == ()
    assert tree.figures


def test_all_results_are_within_their_budget() -> None:
    size = sum(packed(each.read_bytes()) for each in RESULTS.rglob("*") if each.is_file())
    assert size <= BUDGET_OF_ALL


def test_what_a_file_adds_to_a_clone_is_what_git_packs_it_to(tmp_path: Path) -> None:
    def git(*words: str, given: bytes = b"") -> bytes:
        command = ["git", "-C", str(tmp_path), *words]
        return subprocess.run(command, input=given, check=True, capture_output=True).stdout

    git("init", "-q")
    largest = max(FILES, key=lambda path: path.stat().st_size)
    for path in (largest, records_path(largest)):
        pack = git("pack-objects", "-q", "--stdout", given=git("hash-object", "-w", str(path)))
        assert len(pack) == pytest.approx(packed(path.read_bytes()), rel=0.05)


@each_result
def test_a_result_is_within_its_budget(path: Path) -> None:
    beside = [records_path(path), noise_path(path)]
    size = sum(packed(each.read_bytes()) for each in (path, *beside) if each.exists())
    assert size <= BUDGET_OF_A_RESULT


@each_result
def test_a_result_has_records_of_what_stands_behind_it(path: Path) -> None:
    records = read_records(records_path(path))
    measured = [each for each in records.cells if each["kind"] == "cell"]
    assert measured
    for each in measured:
        assert each["build"] in records.builds
        assert each["machine"] in records.machines


@each_result
def test_a_result_is_of_a_known_release(path: Path) -> None:
    release = Release.from_commit_id(path.name.partition("-")[0])
    assert release in {each.release for each in known_releases()}


def test_there_is_nothing_but_results_their_records_and_noise() -> None:
    expected = {RESULTS / "benchmarks.json", *(each.parent / "machine.json" for each in FILES)}
    expected |= {*FILES, *(records_path(each) for each in FILES)}
    expected |= {noise_path(each) for each in FILES}
    expected |= {*RESULTS.glob(f"*/*{DUELS.suffix}"), *RESULTS.glob(f"*/*{TRIALS}")}
    assert {each for each in RESULTS.rglob("*") if each.is_file()} <= expected


def test_nothing_in_them_is_private_to_a_machine() -> None:
    host = platform.node()
    for path in (each for each in RESULTS.rglob("*") if each.is_file()):
        text = path.read_text(encoding="utf-8")
        assert not PRIVATE_PATH.search(text), f"{path.name}: {PRIVATE_PATH.search(text)}"
        assert len(host) < 4 or f'"{host}"' not in text, path.name
