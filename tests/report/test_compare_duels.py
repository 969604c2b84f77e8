"""`ftbench compare` and `report` with duels on record: what they say, in every format."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import fake_duels
import pytest
from commands import Command
from fake_results import arms, count_effort, result_file, slow_down, write_project
from synthetic import Plan

from ftbench.cli.report import compare, report
from ftbench.errors import NothingError, RegressionError

COMPARE, REPORT = Command(compare), Command(report)
RELEASES = ("3.13.5", "3.13.15")
KERNEL = "single_thread.SingleThread.track_kernel"
CALLS = "single_thread, time of one run: plain loop, calls"
BY = "duel of 24 pairs"


@pytest.fixture
def results(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The kernels of two releases that cost the same, on one arm."""
    monkeypatch.chdir(tmp_path)
    return write_project(tmp_path, Plan(releases=RELEASES, arms=arms("ft")), only="track_kernel")


def fight(results: Path, factor: float, **changes: Any) -> Path:
    first, second = (fake_duels.side(release) for release in RELEASES)
    return fake_duels.write(results, fake_duels.record(first, second, factor, **changes))


def test_a_duel_is_told_with_its_interval_and_is_the_exit_code(results: Path) -> None:
    assert COMPARE.code(*RELEASES) == 0
    assert "duel of" not in COMPARE.said(*RELEASES)
    fight(results, 1.12)
    assert COMPARE.code(*RELEASES) == RegressionError.exit_code
    text = COMPARE.said(*RELEASES)
    assert "1 worse" in text
    assert "1 by duel." in text
    alarm = text[text.index(f"worse {CALLS}") : text.index("No alarm")]
    # With the digits that tell it, and no floor, which it does not need.
    assert re.search(rf"1\.12\d\d. 1\.11\d\d . 1\.12\d\d, {BY} . . ", alarm)


def test_what_other_processes_counted_is_not_said_of_a_duel(results: Path) -> None:
    for count, release in enumerate(RELEASES, start=1):
        count_effort(result_file(results, release, "ft"), count)
    slow_down(result_file(results, RELEASES[1], "ft"), 1.5, benchmark=KERNEL)
    assert "CPU seconds" in COMPARE.said(*RELEASES)
    fight(results, 1.12)
    text = COMPARE.said(*RELEASES, "--bench", "kernel=calls")
    assert "1 worse" in text
    assert "CPU seconds" not in text


def test_a_duel_clears_what_two_sittings_would_alarm_about(results: Path) -> None:
    slow_down(result_file(results, "3.13.15", "ft"), 1.5, benchmark=KERNEL)
    assert COMPARE.code(*RELEASES) == RegressionError.exit_code
    fight(results, 1.0)
    assert COMPARE.code(*RELEASES) == 0
    assert COMPARE.code(*reversed(RELEASES)) == 0
    text = COMPARE.said(*RELEASES, "--every")
    assert f"same {CALLS}" in text
    assert BY in text


def test_the_inverse_is_said_of_the_sides_exchanged(results: Path) -> None:
    fight(results, 0.9)
    assert COMPARE.code(*RELEASES) == 0
    assert COMPARE.code(*reversed(RELEASES)) == RegressionError.exit_code


def test_a_duel_decides_where_there_is_no_floor(results: Path) -> None:
    for noise in results.glob("*/*.noise.jsonl"):
        noise.unlink()
    assert COMPARE.code(*RELEASES) == NothingError.exit_code
    fight(results, 1.12)
    assert COMPARE.code(*RELEASES) == RegressionError.exit_code
    assert COMPARE.code(*RELEASES, "--bench", "kernel=(?!calls)") == NothingError.exit_code


def test_extra_work_is_never_used(results: Path) -> None:
    before = COMPARE.document(*RELEASES)
    first, second = fake_duels.side(RELEASES[0]), fake_duels.side(RELEASES[1], extra=0.12)
    fake_duels.write(results, fake_duels.record(first, second, 1.12))
    assert COMPARE.document(*RELEASES) == before


@pytest.mark.parametrize("form", ["table", "markdown", "json", "html"])
def test_every_format_says_what_it_is_by(results: Path, form: str) -> None:
    path = fight(results, 1.12)
    if form == "json":
        (found,) = COMPARE.document(*RELEASES)["comparisons"]
        every = {each["params"]["kernel"]: each for each in found["series"]}
        ours = every.pop("calls")
        (duel,) = map(json.loads, path.read_text("utf-8").splitlines()[-1:])
        assert (ours["verdict"], ours["pairs"]) == ("worse", duel["pairs"])
        assert (ours["basis"], ours["floor"]) == ("pairs of a duel", None)
        assert ours["after"]["location"] / ours["before"]["location"] == pytest.approx(
            ours["effect"], rel=0.003
        )
        assert all(each["pairs"] == [] for each in every.values())
    else:
        for command, words in ((COMPARE, RELEASES), (REPORT, ("--release", RELEASES[1]))):
            assert BY in " ".join(command.printed(*words, "--format", form).split())


def test_a_bad_file_is_named_and_two_sittings_stand(results: Path) -> None:
    before = COMPARE.document(*RELEASES)
    path = fight(results, 1.12)
    path.write_bytes(path.read_bytes()[:-9])
    for command, words in ((COMPARE, RELEASES), (REPORT, ())):
        for form in ("table", "markdown", "html"):
            assert path.name in command.said(*words, "--format", form).replace("\\", "")
    found = COMPARE.document(*RELEASES)
    assert found.pop("warnings")
    assert found == {name: each for name, each in before.items() if name != "warnings"}
