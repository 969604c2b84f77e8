"""`ftbench report`: what it takes, what it says, in which formats."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from commands import Command
from fake_results import arms, edit_records, result_file, slow_down, write_project
from synthetic import Plan

from ftbench.cli.report import compare, report
from ftbench.errors import LostError, NothingError, UsageError
from ftbench.report.output import Format, rendered
from ftbench.report.overview import overview
from ftbench.results import read_results
from ftbench.results.project import load_project
from ftbench.results.selection import parse_filter, picks

REPORT = Command(report)
ROOT = Path(__file__).parents[2]
RELEASES = ("3.13.5", "3.13.15", "3.14.2")
ONLY = ("e.track_round", "SharedSet.track_op", "track_pss")


@pytest.fixture(autouse=True)
def _in_its_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def results(tmp_path: Path) -> Path:
    """The results of three releases."""
    return write_project(tmp_path, Plan(releases=RELEASES, arms=arms("gil", "ft")), only=ONLY)


def test_it_has_what_choose_and_releases_show(results: Path) -> None:
    text = REPORT.said("--every")
    assert text.startswith("CPython 3.14.2 on quiet-vm")
    for expected in (
        "What do eight workers cost before they have done any work?",
        "time per round, 8 workers, empty task",
        "time per operation, 8 workers, grown set",
        "tail-call interpreter",
        "3.14.2 3.13.15 the newest release of the series before",
        "3.13.15 3.13.5 the release before it in its series",
        "asv run 3.14.2^! --bench ^pools",
    ):
        assert expected in text


def test_a_release_is_shown_with_its_own_steps_alone(results: Path) -> None:
    text = REPORT.said("--every", "--release", "3.13.15")
    assert text.startswith("CPython 3.13.15 on quiet-vm")
    assert "3.13.15 3.13.5" in text
    assert "the newest release of the series before 0" not in text
    assert "There is also" not in text
    assert {step["release"] for step in REPORT.document("--release", "3.13.15")["steps"]} == {
        "3.13.15"
    }


def test_alarms_of_a_release_are_listed(results: Path) -> None:
    slow_down(result_file(results, "3.13.15", "ft"), 1.5)
    words = ("--release", "3.13.15", "--arm", "ft", "--bench", "lifecycle")
    output = REPORT.call("--every", *words, "--format", "markdown").output
    assert "| 3.13.15 | 3.13.5 | worse | lifecycle, time per round: threads," in output
    (step,) = REPORT.document(*words)["steps"]
    assert step["counts"]["worse"] == 1


def test_what_is_lost_is_counted_as_compare_does(tmp_path: Path) -> None:
    fails = Plan(
        releases=RELEASES[1:2], arms=arms("ft"), spoil=lambda _, of: of.get("workers") == "8"
    )
    write_project(tmp_path, Plan(releases=RELEASES[:1], arms=arms("ft")), fails, only=ONLY[:1])
    told = Command(compare).document(*RELEASES[:2])
    (judged,) = told["comparisons"]
    assert told["exit_code"] == LostError.exit_code
    (step,) = REPORT.document()["steps"]
    assert step["lost"] == judged["lost"]
    count = len(judged["lost"])
    assert re.search(rf"3\.13\.15 +3\.13\.5 +ft +full +{count} ", REPORT.printed())
    assert "ftbench compare names each" in REPORT.said()
    assert f"measured before, but not after: {count} failed" in REPORT.said("--every")


def test_one_arm_is_shown_without_the_others(results: Path) -> None:
    text = REPORT.said("--every", "--arm", "ft")
    assert "quiet-vm, free-threaded build, full profile" in text
    assert "quiet-vm, GIL build, full profile" not in text
    assert {figure["arm"] for figure in REPORT.document("--arm", "ft")["figures"]} == {"ft"}


def test_benchmarks_are_shown_whole_and_others_not_at_all(results: Path) -> None:
    text = REPORT.said("--every", "--bench", "Lifecycle.*processes-spawn")
    assert "Starting and ending workers" in text
    assert "Sharing one set" not in text
    assert "1.00\N{MULTIPLICATION SIGN}" in text
    named = {figure["params"]["mode"] for figure in REPORT.document("--bench", "spawn")["figures"]}
    assert named == {"processes-spawn"}


def test_a_skipped_and_a_failed_cell_say_why(tmp_path: Path) -> None:
    write_project(tmp_path, Plan(releases=("3.13.5",)))
    text = REPORT.said("--every")
    assert "failed [" in text
    assert "] failed: WorkerFailedError: Worker 3 ended" in text
    assert "] skipped: subinterpreters need concurrent.interpreters" in text


def test_every_format_has_the_figures(results: Path) -> None:
    figure = next(
        each
        for each in REPORT.document("--bench", "Lifecycle")["figures"]
        if (each["arm"], each["params"])
        == ("ft", {"mode": "threads", "workers": "8", "task": "empty"})
    )
    number = f"{figure['median'] * 1e3:.3f}"
    for form in ("table", "markdown", "html"):
        output = REPORT.call("--every", "--bench", "Lifecycle", "--format", form).output
        assert number in output, form
        assert "What do eight workers cost" in output, form


def test_the_map_of_winners_is_a_table(tmp_path: Path) -> None:
    plan = Plan(releases=("3.14.2",), arms=arms("ft"))
    write_project(tmp_path, plan, only="", noise=False)
    text = REPORT.said("--every", "--bench", "crossover")
    assert "who wins with 8 workers" in text
    assert "free-threaded: plain loop" in text
    assert "no data" not in text


def test_html_needs_nothing_else_and_holds_no_script(results: Path) -> None:
    output = REPORT.call("--every", "--format", "html").output
    assert output.startswith("<!doctype html>")
    assert "default-src 'none'" in output
    assert not [word for word in ("<script", "src=", "http:", "https:") if word in output]


@pytest.mark.parametrize("form", ["table", "markdown", "html"])
def test_hostile_names_are_plain_text(tmp_path: Path, form: str) -> None:
    hostile = "<script>alert(1)</script>[red]|\x1b[31m"
    plan = Plan(releases=("3.13.5",), flavour=hostile, arms=arms("ft"))
    write_project(tmp_path, plan, noise=False)
    output = REPORT.call("--every", "--format", form).output
    assert "alert" in output
    assert "\x1b" not in output
    if form == "html":
        assert "<script" not in output
    if form == "markdown":
        assert r"\<script\>" in output
        assert "[red]|" not in output


def test_the_document_is_json_without_nan(results: Path) -> None:
    made = REPORT.document()
    assert (made["schema"]["name"], made["release"]) == ("ftbench.report", "3.14.2")
    assert made["builds"]["ft"][0]["free_threaded"] is True
    states = {figure["state"] for figure in made["figures"]}
    assert states == {"measured", "skipped"}
    assert "NaN" not in REPORT.call("--format", "json").output


def test_the_stick_is_in_the_head_and_in_every_figure(results: Path) -> None:
    for release, seconds in (("3.13.15", 0.002), ("3.14.2", 0.003)):
        path = result_file(results, release, "ft")
        edit_records(path, "cell", speed={"stick": "1-3.11", "seconds": seconds}, run=release)
    assert "Own check: ft too few to tell: stick 1.00 to 1.00." in REPORT.said("--every")
    slow = {tuple(each["slow"]) for each in REPORT.document()["figures"] if each["arm"] == "ft"}
    assert (1.0,) in slow


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--release", "3.12x"), "'3.12x' names no release"),
        (("--machine", "elsewhere"), "machine 'elsewhere' is not known"),
        (("--profile", "quick"), "profile 'quick' is not known"),
        (("--build", "mine"), "build 'mine' is not known"),
        (("--bench", "["), "is no regular expression"),
        (("--bench", "no such name"), "matches no series of the results"),
    ],
)
def test_what_makes_no_sense_is_refused(
    results: Path, words: tuple[str, ...], message: str
) -> None:
    refused = REPORT.error(*words)
    assert isinstance(refused, UsageError)
    assert message in refused.message


def test_a_combination_that_was_not_measured_says_what_was(tmp_path: Path) -> None:
    one = Plan(releases=("3.13.5",), machine="one", arms=arms("gil"))
    write_project(tmp_path, one, Plan(releases=("3.14.2",), machine="two"), noise=False)
    refused = REPORT.error("--machine", "one", "--release", "3.14.2")
    assert "Nothing that matches was measured" in refused.message
    assert "3.13.5 on one, full profile" in refused.hint
    assert (
        "Nothing that matches was measured"
        in REPORT.error("--machine", "one", "--arm", "ft").message
    )


def test_damaged_files_are_warned_of_and_the_rest_is_shown(results: Path) -> None:
    path = result_file(results, "3.14.2", "gil")
    path.write_text("{", encoding="utf-8")
    (results / "half").mkdir()
    (results / "half" / "machine.json").write_text("[]", encoding="utf-8")
    text = REPORT.said("--every", "--release", "3.14.2")
    assert text.count("not read:") == 2
    assert len(REPORT.document()["warnings"]) == 2


def test_no_results_say_how_to_get_some(tmp_path: Path) -> None:
    assert isinstance(REPORT.error(), UsageError)
    (tmp_path / "asv.conf.json").write_text("{}", encoding="utf-8")
    refused = REPORT.error()
    assert isinstance(refused, NothingError)
    assert "ftbench bench" in refused.hint


def test_nothing_to_show_has_an_exit_code_of_its_own(tmp_path: Path) -> None:
    failed = Plan(releases=("3.13.5",), arms=arms("ft"), spoil=lambda _group, _params: True)
    write_project(tmp_path, failed, Plan(releases=("3.13.15",), arms=arms("ft")))
    assert REPORT.code() == 0
    assert isinstance(REPORT.error("--release", "3.13.5"), NothingError)
    assert REPORT.said("--every", "--release", "3.13.5").startswith("CPython 3.13.5 on quiet-vm")
    refused = REPORT.error("--release", "3.12.0")
    assert isinstance(refused, NothingError)
    assert "There are no results of CPython 3.12.0" in refused.message


COMMITTED = sorted({(pick.machine, pick.profile) for pick in picks(read_results(ROOT / "results"))})


@pytest.mark.parametrize(("machine", "profile"), [*COMMITTED, (None, None)])
def test_what_was_measured_fits_a_narrow_terminal_and_few_lines(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, machine: str | None, profile: str | None
) -> None:
    monkeypatch.chdir(ROOT)
    monkeypatch.setenv("FTBENCH_CACHE", str(tmp_path))
    tree = load_project()
    wanted = parse_filter(tree, machine=machine, profile=profile)
    lines = rendered(overview(tree, wanted), Format.TABLE, width=80).splitlines()
    assert len(lines) <= 120
    assert max(map(len, lines)) <= 80
    text = "\n".join(lines)
    assert text.index("Verdicts") < text.index("Scenarios:")
    assert "against" in text  # some profile of the machine has verdicts


def test_it_begins_with_the_verdicts_and_has_each_scenario_in_a_line(results: Path) -> None:
    slow_down(result_file(results, "3.13.15", "ft"), 1.5, cells=2)
    text = REPORT.said()
    assert "worse, 3.13.5 to 3.13.15: Starting and ending workers, time per round, thr" in text
    assert text.index("Verdicts") < text.index("release against arm") < text.index("Scenarios")
    assert "Starting and ending workers: time per round, 8 workers, empty task gil: " in text
    assert "Sharing one set: time per operation, 8 workers, grown set gil: The" in text
    assert "Not measured: " in text
    assert text.endswith("All tables, intervals and reasons: --every. As pages: ftbench open.")
    assert "What do eight workers cost" not in text


def test_who_takes_least_and_who_most_is_of_the_arm_that_is_asked_for(results: Path) -> None:
    figures = REPORT.document("--arm", "ft", "--bench", "Lifecycle.track_round")["figures"]
    costs = sorted(
        (each["median"], each["params"]["mode"])
        for each in figures
        if each["median"] and each["params"].items() >= {"workers": "8", "task": "empty"}.items()
    )
    names = {"threads": "threads", "processes-spawn": "processes, spawn"}
    text = REPORT.printed("--arm", "ft")
    assert f"  ft: {names[costs[0][1]]} {costs[0][0] * 1e3:#.3g}" in text
    assert f" to {names[costs[-1][1]]} {costs[-1][0] * 1e3:.0f}\N{NO-BREAK SPACE}ms" in text
    assert "gil: " not in text


def test_more_alarms_than_a_screen_has_are_counted(results: Path) -> None:
    slow_down(result_file(results, "3.13.15", "ft"), 1.5, cells=20)
    text = REPORT.printed()
    assert text.count("worse, ") == 6
    assert "more alarms: --every." in text


def test_verdicts_of_another_profile_stand_in_where_one_has_none(tmp_path: Path) -> None:
    quick = Plan(releases=("3.14.2",), profile="quick")
    write_project(tmp_path, Plan(releases=RELEASES[:2]), quick)
    assert "3.13.15 3.13.5 gil full" in REPORT.said()
    assert "no older release" in REPORT.said("--profile", "quick")
