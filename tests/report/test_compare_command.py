"""`ftbench compare`: what it takes, what it says, how it ends."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from commands import Command
from fake_results import (
    ROUND,
    arms,
    count_effort,
    edit_records,
    forget,
    result_file,
    slow_down,
    write_project,
)
from synthetic import Plan

from ftbench.cli.report import compare, report
from ftbench.errors import LostError, NothingError, RegressionError, ResultsError, UsageError

COMPARE = Command(compare)
REPORT = Command(report)
ROUNDS = "lifecycle, time per round"
RELEASES = ("3.13.5", "3.13.15")
PLAN = Plan(releases=RELEASES, arms=arms("gil", "ft"))


@pytest.fixture(autouse=True)
def _in_its_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def results(tmp_path: Path) -> Path:
    """The results of two releases that cost the same, on two arms."""
    return write_project(tmp_path, PLAN)


def test_a_comparison_is_told_as_it_was(
    results: Path, assert_golden: Callable[[str, str], None]
) -> None:
    before, after = (result_file(results, release, "ft") for release in RELEASES)
    slow_down(after, 1.5, cells=2)
    count_effort(before, 1)
    count_effort(after, 2)
    assert_golden(COMPARE.printed(*RELEASES, "--arm", "ft"), "compare.txt")


def test_releases_that_cost_the_same_raise_no_alarm_and_no_exit_code(results: Path) -> None:
    assert COMPARE.code(*RELEASES) == 0
    text = COMPARE.said(*RELEASES)
    assert "Alarms" not in text
    assert "alarms would be expected" in text
    assert COMPARE.document(*RELEASES)["regression"] is False


def test_a_slower_series_is_worse_and_comes_first_and_is_the_exit_code(results: Path) -> None:
    slow_down(result_file(results, "3.13.15", "ft"), 1.5)
    assert COMPARE.code(*RELEASES) == RegressionError.exit_code
    text = COMPARE.said(*RELEASES, "--arm", "ft")
    assert "1 worse" in text
    assert text.index("Alarms") < text.index(f"worse {ROUNDS}: threads") < text.index("No alarm")


def test_a_table_that_cannot_be_written_is_not_worse(
    results: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_args: object) -> None:
        raise OSError(28, "No space left on device")

    slow_down(result_file(results, "3.13.15", "ft"), 1.5)
    monkeypatch.setattr(Path, "replace", full)
    words = (*RELEASES, "--output", tmp_path / "told")
    assert COMPARE.code(*words) == ResultsError.exit_code
    assert "1 worse" in COMPARE.call(*words).output


def test_a_faster_series_is_better_and_no_regression(results: Path) -> None:
    slow_down(result_file(results, "3.13.15", "ft"), 0.5)
    assert COMPARE.code(*RELEASES) == 0
    assert "1 better" in COMPARE.said(*RELEASES, "--arm", "ft")
    assert COMPARE.code(*reversed(RELEASES)) == RegressionError.exit_code


def test_a_regression_elsewhere_is_not_one_here(results: Path) -> None:
    slow_down(result_file(results, "3.13.15", "ft"), 1.5)
    assert COMPARE.code(*RELEASES, "--arm", "gil") == 0
    assert COMPARE.code(*RELEASES, "--bench", "processes-spawn") == 0
    assert (
        COMPARE.code(*RELEASES, "--bench", "Lifecycle.track_round.*threads")
        == RegressionError.exit_code
    )


def test_builds_that_differ_are_never_a_regression_and_it_says_in_what(results: Path) -> None:
    path = result_file(results, "3.13.15", "ft")
    slow_down(path, 3)
    edit_records(path, "build", pgo=True)
    assert COMPARE.code(*RELEASES) == 0  # the other arm was compared
    assert COMPARE.code(*RELEASES, "--arm", "ft") == NothingError.exit_code
    text = COMPARE.said(*RELEASES, "--arm", "ft")
    assert "Nothing is called a regression here, for the builds differ: PGO (no, yes)" in text
    assert "Alarms" not in text
    found = COMPARE.document(*RELEASES, "--arm", "ft")["comparisons"][0]["series"]
    assert {each["verdict"] for each in found} == {"not comparable"}
    assert max(each["effect"] for each in found) == pytest.approx(3, rel=0.1)


def test_packaged_builds_that_were_made_otherwise_are_never_a_regression(results: Path) -> None:
    before, after = (result_file(results, release, "ft") for release in RELEASES)
    slow_down(after, 3)
    edit_records(
        before,
        "build",
        packager="standalone",
        libc="glibc 2.17",
        code_flags=["-O3", "-march=x86-64-v3"],
    )
    edit_records(after, "build", packager="standalone", libc="", code_flags=["-O0"])
    assert COMPARE.code(*RELEASES) == 0
    said = "libc (glibc, musl), -O (3, 0), -march (x86-64-v3, default)"
    assert f"for the builds differ: {said}" in COMPARE.said(*RELEASES, "--arm", "ft")


def test_another_setting_of_the_machine_is_never_a_regression(results: Path) -> None:
    before, after = (result_file(results, release, "ft") for release in RELEASES)
    slow_down(after, 3)
    edit_records(before, "machine", huge_pages="madvise", scheduling="other, nice 0")
    edit_records(after, "machine", huge_pages="always", scheduling="other, nice 10")
    assert COMPARE.code(*RELEASES) == 0
    said = "for the conditions differ: huge pages (madvise, always), scheduling (other, nice 0,"
    assert said in COMPARE.said(*RELEASES, "--arm", "ft")


def test_cells_that_were_measured_otherwise_are_left_out_alone(results: Path) -> None:
    before, after = (result_file(results, release, "ft") for release in RELEASES)
    edit_records(before, "machine", pinned="no")
    edit_records(after, "machine", pinned="no")
    beside = after.with_name(f"{after.stem}.records.jsonl")
    records = list(map(json.loads, beside.read_text("utf-8").splitlines()))
    (machine,) = (each for each in records if each["kind"] == "machine")
    records.append({**machine, "digest": "other", "pinned": "one thread per core"})
    for each in records:
        if each["kind"] == "cell" and each["params"].get("mode") == "threads":
            each["machine"] = "other"
    beside.write_text("".join(f"{json.dumps(each)}\n" for each in records), "utf-8")
    text = COMPARE.said(*RELEASES, "--arm", "ft")
    assert "Nothing is called a regression in 4 series, for the conditions differ: pinned" in text


def test_efforts_stand_beside_an_alarm(results: Path) -> None:
    before, after = (result_file(results, release, "ft") for release in RELEASES)
    slow_down(after, 1.5)
    count_effort(before, 1)
    count_effort(after, 2)
    text = COMPARE.said(*RELEASES, "--arm", "ft")
    assert "CPU seconds 0.500 → 1.00" in text
    assert "minor page faults 900 →" in text
    alarms = [
        each
        for each in COMPARE.document(*RELEASES, "--arm", "ft")["comparisons"][0]["series"]
        if each["efforts"]
    ]
    assert [each["verdict"] for each in alarms] == ["worse"]
    assert alarms[0]["efforts"]["voluntary_switches"] == [120, 240]


def test_interference_is_said_beside_an_alarm(results: Path) -> None:
    path = result_file(results, "3.13.15", "ft")
    slow_down(path, 1.5)
    marked = {"marked": True, "why": "others used 0.8 cores"}
    edit_records(path, "cell", interference=marked)
    assert "after under interference (others used 0.8 cores)" in COMPARE.said(
        *RELEASES, "--arm", "ft"
    )


def test_what_is_doubtful_of_a_side_is_said_beside_an_alarm(results: Path) -> None:
    path = result_file(results, "3.13.15", "ft")
    slow_down(path, 1.5)
    edit_records(path, "cell", doubts={"round": "half of it is the sender's"})
    assert "half of it is the sender's" in COMPARE.said(*RELEASES, "--arm", "ft")


def test_without_noise_floors_nothing_is_decided_and_it_says_what_to_do(tmp_path: Path) -> None:
    results = write_project(tmp_path, PLAN, noise=False)
    slow_down(result_file(results, "3.13.15", "ft"), 3)
    told = COMPARE.error(*RELEASES)
    assert isinstance(told, NothingError)
    assert "ftbench noise" in told.hint
    text = COMPARE.said(*RELEASES)
    assert "alarms would be expected" not in text


def test_arms_of_a_release_are_compared(results: Path) -> None:
    found = COMPARE.document("gil", "ft", "--release", "3.13.15")
    assert (found["compared"], found["before"], found["after"]) == ("arm", "gil", "ft")
    (comparison,) = found["comparisons"]
    assert comparison["release"] == "3.13.15"
    assert {each["verdict"] for each in comparison["series"]} & {"worse", "better"}


def test_machines_are_compared_and_what_differs_in_them_is_said(tmp_path: Path) -> None:
    fields = {**Plan().machine_fields, "cpu": "Other CPU", "num_cpu": "64"}
    both = (
        Plan(releases=("3.13.5",), machine="one"),
        Plan(releases=("3.13.5",), machine="two", machine_fields=fields),
    )
    write_project(tmp_path, *both)
    text = COMPARE.said("one", "two")
    assert "The machines differ, and every effect is theirs too" in text
    assert "cores (2, 64)" in text
    assert len(COMPARE.document("one", "two", "--arm", "ft")["comparisons"]) == 1


def test_every_series_is_listed_when_asked_for(results: Path) -> None:
    assert "Without an alarm" not in COMPARE.said(*RELEASES)
    text = COMPARE.said(*RELEASES, "--every", "--arm", "gil")
    assert "Without an alarm" in text
    assert "processes, fork," in text


def spoil_threads(_group: str, params: Mapping[str, str]) -> bool:
    return params.get("mode") == "threads"


@pytest.mark.parametrize("is_worse", [False, True])
def test_what_fails_after_is_an_alarm_before_all_others(tmp_path: Path, *, is_worse: bool) -> None:
    spoiled = Plan(releases=("3.13.15",), arms=arms("ft"), spoil=spoil_threads)
    results = write_project(tmp_path, Plan(releases=("3.13.5",), arms=arms("ft")), spoiled)
    if is_worse:
        slow_down(result_file(results, "3.13.15", "ft"), 1.5)
    told = COMPARE.error(*RELEASES)
    assert isinstance(told, LostError)
    assert ("1 series is worse" in told.message) is is_worse
    text = COMPARE.said(*RELEASES)
    assert "Measured before, but not after: 4 failed." in text
    assert text.index("Alarms") < text.index(f"lost {ROUNDS}: threads")
    if is_worse:
        assert text.index(f"lost {ROUNDS}: threads") < text.index(f"worse {ROUNDS}")
    document = COMPARE.document(*RELEASES)
    assert (document["exit_code"], document["regression"]) == (LostError.exit_code, is_worse)
    lost = document["comparisons"][0]["lost"][0]
    assert (lost["benchmark"], lost["state"]) == (ROUND, "failed")
    assert lost["reason"].startswith("WorkerFailedError")


def test_what_failed_before_is_no_alarm(tmp_path: Path) -> None:
    spoiled = Plan(releases=("3.13.5",), arms=arms("ft"), spoil=spoil_threads)
    write_project(tmp_path, spoiled, Plan(releases=("3.13.15",), arms=arms("ft")))
    assert COMPARE.code(*RELEASES) == 0
    assert f"Only after, failed before: {ROUND}(mode=threads" in COMPARE.said(*RELEASES)


def test_a_benchmark_that_vanished_is_an_alarm(results: Path) -> None:
    forget(result_file(results, "3.13.15", "ft"), ROUND)
    assert isinstance(COMPARE.error(*RELEASES), LostError)
    assert COMPARE.code(*RELEASES, "--arm", "gil") == 0
    assert f"lost {ROUNDS}: threads" in COMPARE.said(*RELEASES)


def test_a_scenario_that_no_run_was_asked_for_is_not_lost(tmp_path: Path) -> None:
    only = ("e.track_round", "SharedSet.track_op")
    results = write_project(tmp_path, Plan(releases=RELEASES, arms=arms("ft")), only=only)
    forget(result_file(results, "3.13.15", "ft"), "shared_set.SharedSet.track_op")
    assert COMPARE.code(*RELEASES) == 0
    text = COMPARE.said(*RELEASES)
    assert re.search(r"Only before, not measured after: \d+ series of shared_set \(", text)
    assert COMPARE.document(*RELEASES)["comparisons"][0]["lost"] == []
    assert isinstance(COMPARE.error(*RELEASES, "--bench", "shared_set"), NothingError)
    (step,) = REPORT.document()["steps"]
    assert step["lost"] == []
    assert step["only_before"]


@pytest.mark.parametrize("damage", [Path.unlink, lambda path: path.write_text("{")])
def test_an_arm_that_vanished_is_an_alarm_beside_a_sound_one(
    results: Path, damage: Callable[[Path], object]
) -> None:
    damage(result_file(results, "3.13.15", "ft"))
    assert isinstance(COMPARE.error(*RELEASES), LostError)
    text = COMPARE.said(*RELEASES)
    assert text.index("quiet-vm, gil") < text.index("quiet-vm, ft")
    assert "Measured before, but not after: 16 not measured." in text
    assert COMPARE.code(*reversed(RELEASES)) == 0


def test_what_a_build_lacks_after_is_said_and_no_alarm(tmp_path: Path) -> None:
    write_project(tmp_path, Plan(releases=("3.14.2", "3.13.5"), arms=arms("ft")))
    assert COMPARE.code("3.14.2", "3.13.5") in {0, RegressionError.exit_code}
    assert f"Only before, skipped after: {ROUND}(mode=interpreters" in COMPARE.said(
        "3.14.2", "3.13.5"
    )


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("3.13.5", "3.13.6"), "There are no results of CPython 3.13.6"),
        (("gil", "ft-gil1", "--release", "3.13.5"), "never measured with everything else equal"),
        (("gil", "ft", "--release", "3.12.1"), "There are no results of CPython 3.12.1"),
    ],
)
def test_nothing_to_compare_has_a_code_of_its_own(
    results: Path, words: tuple[str, ...], message: str
) -> None:
    refused = COMPARE.error(*words)
    assert isinstance(refused, NothingError)
    assert message in refused.message
    assert refused.hint


def test_markdown_is_a_table_of_plain_text(results: Path) -> None:
    slow_down(result_file(results, "3.13.15", "ft"), 1.5)
    result = COMPARE.call(*RELEASES, "--format", "markdown")
    assert result.output.startswith("# Before: CPython 3.13.5.")
    assert r"| worse | lifecycle, time per round: threads" in result.output
    assert isinstance(result.exception, RegressionError)


def test_html_needs_nothing_else(results: Path) -> None:
    output = COMPARE.call(*RELEASES, "--format", "html").output
    assert output.startswith("<!doctype html>")
    assert "<script" not in output
    assert "default-src 'none'" in output


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("3.13.5", "3.13.5"), "Both sides are the release 3.13.5"),
        (("3.13.5", "v3.13.5"), "Both sides are the release 3.13.5"),
        (("gil", "arm:gil", "--release", "3.13.5"), "Both sides are the arm gil"),
        (("3.13.5", "gil"), "'3.13.5' is a release, and 'gil' is an arm"),
        (("3.13.5", "nonsense"), "release, arm or machine 'nonsense' is not known"),
        (("machine:gil", "machine:ft"), "machine 'gil' is not known"),
        (("gil", "ft"), "measured on several releases: 3.13.5, 3.13.15"),
        (("gil", "ft", "--release", "sundry"), "'sundry' names no release"),
        (("gil", "ft", "--arm", "ft"), "--arm does not go with two arms"),
        ((*RELEASES, "--release", "3.13.5"), "--release does not go with two releases"),
        ((*RELEASES, "--machine", "elsewhere"), "machine 'elsewhere' is not known"),
        ((*RELEASES, "--profile", "quick"), "profile 'quick' is not known"),
        ((*RELEASES, "--build", "mine"), "build 'mine' is not known"),
        ((*RELEASES, "--bench", "(("), "is no regular expression"),
        ((*RELEASES, "--bench", "no such name"), "matches no series of the results"),
    ],
)
def test_what_makes_no_sense_is_refused_with_what_there_is(
    results: Path, words: tuple[str, ...], message: str
) -> None:
    refused = COMPARE.error(*words)
    assert isinstance(refused, UsageError)
    assert message in refused.message
    assert refused.hint or "does not go" in message or "expression" in message


@pytest.mark.parametrize(
    ("words", "sides", "arms_of_both"),
    [
        (("3.13.5", "3.13"), ("3.13.5", "3.13.15"), {"gil", "ft"}),
        (("v3.13.5t", "3.13t"), ("3.13.5", "3.13.15"), {"ft"}),
        (("3.13.5+gil", "3.13.15+gil"), ("3.13.5", "3.13.15"), {"gil"}),
        (("3.13", "3.13t"), ("gil", "ft"), {None}),
        (("3.13.15t", "3.13.15+gil"), ("ft", "gil"), {None}),
        (("gil", "ft", "--release", "3.13"), ("gil", "ft"), {None}),
    ],
)
def test_names_are_understood_as_everywhere(
    results: Path, words: tuple[str, ...], sides: tuple[str, str], arms_of_both: set[str | None]
) -> None:
    told = COMPARE.document(*words)
    assert (told["before"], told["after"]) == sides
    assert {each.get("arm") for each in told["comparisons"]} == arms_of_both
    assert {each.get("release", "3.13.15") for each in told["comparisons"]} == {"3.13.15"}


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("3.13.5t", "3.13.15"), "3.13.5t and 3.13.15 are of two releases and of two builds"),
        (("3.13.15t", "3.13t"), "Both sides are the release 3.13.15t"),
        (("3.13.5t", "3.13.15t", "--arm", "gil"), "Arm gil is a GIL build"),
        (("3.13", "3.13t", "--release", "3.13.5"), "--release does not go with two builds"),
        (("gil", "ft", "--release", "3.13t"), "--arm does not go with two arms"),
    ],
)
def test_builds_that_cannot_be_are_refused(
    results: Path, words: tuple[str, ...], message: str
) -> None:
    assert message in COMPARE.error(*words).message


def test_hints_name_what_was_measured_alone(results: Path) -> None:
    assert "Say which: --release 3.13.15" in COMPARE.error("gil", "ft").hint
    assert "There are some of 3.13.5, 3.13.15." in COMPARE.error("3.12", "3.13").hint
    assert "ft-gil1" not in COMPARE.error("nonsense", "3.13").hint


def test_what_one_side_alone_has_is_named_only_where_it_is_asked_for(results: Path) -> None:
    path = result_file(results, "3.13.5", "ft")
    forget(path, ROUND)
    text = COMPARE.said(*RELEASES, "--arm", "ft")
    assert "series of lifecycle (--every names them)." in text
    assert f"not measured before: {ROUND}" in COMPARE.said(*RELEASES, "--arm", "ft", "--every")


def test_a_word_that_means_two_things_has_to_say_which(tmp_path: Path) -> None:
    write_project(
        tmp_path,
        Plan(releases=("3.13.5",), machine="gil"),
        Plan(releases=("3.13.5",), machine="ft"),
    )
    assert "may be arms or machines" in COMPARE.error("gil", "ft").message
    assert len(COMPARE.document("arm:gil", "arm:ft")["comparisons"]) == 2
    assert COMPARE.document("machine:gil", "machine:ft")["compared"] == "machine"


def test_sides_of_different_profiles_are_said_to_be_where_they_are(tmp_path: Path) -> None:
    write_project(
        tmp_path, Plan(releases=("3.13.5",)), Plan(releases=("3.13.15",), profile="quick")
    )
    hint = COMPARE.error(*RELEASES).hint
    assert "3.13.5: quiet-vm, ft, full" in hint
    assert "3.13.15: quiet-vm, ft, quick" in hint


def test_like_builds_are_compared_where_there_are_some(tmp_path: Path) -> None:
    ft = arms("ft")
    plans = (
        Plan(releases=RELEASES, flavour="source", arms=ft),
        Plan(releases=("3.13.5",), flavour="debian", arms=ft),
        Plan(releases=("3.14.2",), flavour="uv", arms=ft),
    )
    write_project(tmp_path, *plans)
    assert [each["builds"] for each in COMPARE.document(*RELEASES)["comparisons"]] == [
        ["source"] * 2
    ]
    found = COMPARE.document("3.13.15", "3.14.2")["comparisons"]
    assert [each["builds"] for each in found] == [["source", "uv"]]
    assert found[0]["counts"]["worse"] == 0
    assert found[0]["counts"]["not comparable"] > 0


def test_a_folder_without_results_says_how_to_get_some(tmp_path: Path) -> None:
    assert "asv.conf.json" in COMPARE.error(*RELEASES).message
    (tmp_path / "asv.conf.json").write_text("{}", encoding="utf-8")
    refused = COMPARE.error(*RELEASES)
    assert isinstance(refused, NothingError)
    assert "There are no results" in refused.message


def test_a_damaged_file_is_named_and_the_rest_is_compared(results: Path) -> None:
    path = result_file(results, "3.13.15", "gil")
    path.write_text(path.read_text("utf-8")[:500], encoding="utf-8")
    text = COMPARE.said(*RELEASES)
    assert f"not read: {path}"[:40] in text
    assert COMPARE.code(*RELEASES) == LostError.exit_code
    lost, compared = COMPARE.document(*RELEASES)["comparisons"]
    assert (lost["arm"], lost["series"], compared["arm"]) == ("gil", [], "ft")


def test_a_side_that_could_not_be_read_is_named(results: Path) -> None:
    """Else a damaged file would look like a release that was never measured."""
    for path in results.glob("*/*.json"):
        if "31315" in path.name:
            path.write_text("{", encoding="utf-8")
    assert "not read" in COMPARE.error(*RELEASES).story


@pytest.mark.parametrize("damage", [Path.unlink, lambda path: path.write_text("{")])
def test_an_arm_whose_records_vanished_is_an_alarm_and_builds_that_nobody_vouches_for(
    results: Path, damage: Callable[[Path], object]
) -> None:
    path = result_file(results, "3.13.15", "ft")
    slow_down(path, 2)
    damage(path.with_name(f"{path.stem}.records.jsonl"))
    for words in ((), ("--arm", "ft")):
        assert COMPARE.code(*RELEASES, *words) == LostError.exit_code
    assert COMPARE.code(*RELEASES, "--arm", "gil") == 0
    text = COMPARE.said(*RELEASES, "--arm", "ft")
    assert "PGO (no, not known)" in text
    assert "its records are gone" in text
    assert COMPARE.code(*reversed(RELEASES), "--arm", "ft") == NothingError.exit_code


def test_the_records_of_one_mode_vanished(results: Path) -> None:
    """The build of its file is known by the others."""
    path = result_file(results, "3.13.15", "ft")
    beside = path.with_name(f"{path.stem}.records.jsonl")
    lines = beside.read_text("utf-8").splitlines(keepends=True)
    beside.write_text("".join(line for line in lines if '"mode": "threads"' not in line))
    assert beside.read_text("utf-8").count("\n") < len(lines)
    assert isinstance(COMPARE.error(*RELEASES), LostError)
    lost = [each["lost"] for each in COMPARE.document(*RELEASES)["comparisons"]]
    assert [[each["params"]["mode"] for each in one] for one in lost] == [[], ["threads"] * 4]


def test_a_machine_that_vanished_is_an_alarm_beside_a_sound_one(tmp_path: Path) -> None:
    other = Plan(releases=RELEASES[:1], arms=arms("ft"), machine="other")
    write_project(tmp_path, PLAN, other)
    assert isinstance(COMPARE.error(*RELEASES), LostError)
    assert COMPARE.code(*RELEASES, "--machine", PLAN.machine) == 0
    assert COMPARE.code(*reversed(RELEASES)) == 0


@pytest.mark.parametrize("what", ["benchmark", "value"])
def test_what_the_list_of_benchmarks_has_no_more_is_lost_if_it_is_not_there_after(
    results: Path, what: str
) -> None:
    listed = json.loads((results / "benchmarks.json").read_text("utf-8"))
    path = result_file(results, "3.13.15", "ft")
    if what == "benchmark":
        del listed[ROUND]
    else:
        modes = listed[ROUND]["params"][0]
        modes.remove("'threads'")
    (results / "benchmarks.json").write_text(json.dumps(listed), encoding="utf-8")
    asked = (*RELEASES, "--arm", "ft")
    assert "of what it does not list" in COMPARE.said(*asked)
    assert COMPARE.code(*asked) in {0, NothingError.exit_code}
    forget(path, ROUND)
    assert isinstance(COMPARE.error(*asked), LostError)
    assert f"lost {ROUNDS}: " in COMPARE.said(*asked)
    assert COMPARE.code(*RELEASES, "--arm", "gil") in {0, NothingError.exit_code}


def test_a_folder_of_nothing_but_damaged_files_says_which(
    results: Path,
) -> None:
    for path in results.glob("*/*.json"):
        path.write_text("{", encoding="utf-8")
    refused = COMPARE.error(*RELEASES)
    assert isinstance(refused, ResultsError)
    assert "not read" in refused.story


def test_a_machine_that_is_none_is_answered_with_machines_alone(results: Path) -> None:
    refused = COMPARE.error("machine:nowhere", "machine:elsewhere")
    assert "3.13.5" not in refused.hint
    assert "gil" not in refused.hint
