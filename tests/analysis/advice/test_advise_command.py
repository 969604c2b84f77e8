"""`ftbench advise`, as a user calls it in a project with results."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import synthetic
from click.testing import CliRunner, Result
from fake_histories import History
from synthetic import Plan

from ftbench.analysis.advice.cells import MODES, pick_of
from ftbench.analysis.advice.interpolation import Estimate
from ftbench.analysis.advice.question import By
from ftbench.analysis.advice.ranking import NOTHING
from ftbench.cli.report import advise
from ftbench.errors import FtbenchError, NothingError
from ftbench.facts.arms import arm_named
from ftbench.facts.modes import mode_named
from ftbench.report.answer import cost_with_reach
from ftbench.results import ResultTree, read_results
from ftbench.statistics.spread import Interval

OLD, NEW = "3.13.15", "3.14.2"
PLANS = (
    Plan(releases=(OLD, NEW), history=History(processes=3, between=0.002, within=0.01)),
    Plan(machine="busy-laptop", releases=(NEW,), profile="quick", run="run-0"),
)


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("project")
    only = tuple(
        f"{cost}_{size}_{payload}"
        for cost in ("task", "cpu")
        for size in ("10us", "100us", "1ms", "10ms")
        for payload in ("0", "1kib", "64kib", "1mib")
    )
    shared, loads = ("SharedSet.track_op", "SharedSet.track_cpu"), ("_50", "_125")
    synthetic.write_tree(
        folder / "results",
        *PLANS,
        only=(*only, "Crossover.track_pss", *shared, "_round", *loads),
    )
    (folder / "asv.conf.json").write_text("{}", encoding="utf-8")
    return folder


@pytest.fixture(autouse=True)
def _in_project(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(project)


def called(*words: str) -> Result:
    return CliRunner().invoke(advise, words, catch_exceptions=False)


def told(*words: str) -> str:
    done = CliRunner().invoke(advise, words)
    assert isinstance(done.exception, NothingError | None), done.output
    return done.stdout


def document(*words: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(told(*words, "--format", "json"))
    return found


def test_the_issues_own_call_is_answered() -> None:
    text = told(
        *("--task", "200us", "--payload", "64KiB", "--shared-writes", "5%", "--workers", "8"),
        *("--memory", "2GiB", "--p99", "20ms"),
        *("--price-cpu", "0.04/h", "--price-memory", "0.005/GiBh"),
    )
    flat = " ".join(text.split())
    for label in ("■ GIL build", "● free-threaded", "▲ free-threaded, GIL on"):
        assert label in flat
    assert "plain loop" in flat
    assert "All builds in one ranking Cheapest: " in flat
    assert "interpolated between measured cells: task_100us_64kib" in flat
    assert "otherwise one write after the other. Processes were measured with spawn only." in flat
    assert "no p50 or p99: " in flat
    assert "latency was measured without payloads" in flat
    assert "threads: a write takes" in flat
    assert "striped, seen at once" in flat or "atomic, seen at once" in flat
    assert "CPython 3.14.2 on quiet-vm, 2 cores, full profile" in flat
    assert "5 % of the tasks write to what is shared, seen at once" in flat
    assert "asv run 3.14.2^! --bench '^crossover'" in flat


@pytest.mark.parametrize(
    ("low", "high", "said"),
    [
        (9e-4, 1.1e-3, "1.00 ms ±11 %"),
        (1e-4, 5e-3, "1.00 ms (100 µs \N{EN DASH} 5.00 ms)"),
        (0.0, 5e-3, "1.00 ms (up to 5.00 ms)"),
    ],
)
def test_an_interval_wider_than_its_cost_is_told_by_its_ends(
    low: float, high: float, said: str
) -> None:
    cost = Estimate(value=1e-3, interval=Interval(low=low, high=high), sources=())
    shown = cost_with_reach(cost, By.SECONDS)
    assert (
        shown.replace("\N{NO-BREAK SPACE}", " ").replace("\N{NARROW NO-BREAK SPACE}", " ") == said
    )


def test_the_document_has_every_mode_with_its_cells() -> None:
    words = "--task", "200us", "--payload", "1KiB", "--workers", "2"
    found = document(*words)
    assert found["schema"] == {"name": "ftbench.advice", "version": 4}
    assert (found["machine"], found["release"], found["profile"]) == ("quiet-vm", NEW, "full")
    assert found["question"]["payload"] == 1024
    assert [arm["arm"] for arm in found["arms"]] == ["gil", "ft", "ft-gil1"]
    for arm in found["arms"]:
        modes = [each["mode"] for part in ("ranked", "ruled_out", "no_data") for each in arm[part]]
        assert len(modes) == len(set(modes)) == len(MODES)
        assert len(arm["why"]) == 2
        for each in arm["ranked"]:
            low, high = each["seconds"]["interval"]
            assert low <= each["seconds"]["value"] <= high
            assert each["seconds"]["interpolated"]
            assert len(each["seconds"]["cells"]) == 2
            assert each["memory"]["cells"][0].startswith("pss(")
    together = [(each["arm"], each["mode"]) for each in found["ranked"]]
    of_arms = [(arm["arm"], each["mode"]) for arm in found["arms"] for each in arm["ranked"]]
    assert sorted(together) == sorted(of_arms)
    seconds = [each["seconds"]["value"] for each in found["ranked"]]
    assert seconds == sorted(seconds)
    assert [each["rank"] for each in found["ranked"]] == list(range(1, len(seconds) + 1))
    table = told(*words).partition("All builds in one ranking")[2].splitlines()
    rows = [line for line in table if line[:1] == "≈" or line[:1].isdigit()]
    assert len(rows) == len(together)
    for row, (arm, mode) in zip(rows, together, strict=True):
        assert f" {mode_named(mode).title} " in row
        assert f" {arm_named(arm).label} " in row


def test_a_doubtful_p99_is_marked_in_its_row(monkeypatch: pytest.MonkeyPatch) -> None:
    real = pick_of

    def doubtful(tree: ResultTree) -> Any:
        figures = (replace(each, doubt="half of it is late") for each in tree.figures)
        return real(replace(tree, figures=tuple(figures)))

    words = ("--task", "1ms", "--arm", "ft", "--p99", "10s")
    assert "\N{DAGGER}" not in told(*words)
    monkeypatch.setattr("ftbench.analysis.advice.cells.pick_of", doubtful)
    text = " ".join(told(*words).split())
    assert "\N{DAGGER} p99: threads: half of it is late" in text
    (arm,) = document(*words)["arms"]
    assert {each["p99"]["doubt"] for each in arm["ranked"]} == {"half of it is late"}


def test_a_limit_holds_from_when_a_request_is_due_at_the_load_that_is_offered() -> None:
    words = ("--task", "1ms", "--arm", "ft", "--load", "800/s")
    text = " ".join(told(*words, "--p99", "1us").split())
    assert "its p99," in text
    assert "is above 1.00 µs" in text
    free = document(*words)
    assert free["question"]["load"] == {"value": 800.0, "per_second": True}
    (arm,) = free["arms"]
    assert all(each["p50"]["value"] > 0 for each in arm["ranked"])
    assert "800 a second, 80% of what one core can do" in " ".join(told(*words).split())


def test_a_kind_of_sharing_is_asked_for_by_name() -> None:
    text = " ".join(told("--help").split())
    assert "seen-at-once (by lock, atomic, striped, shared_memory)" in text
    words = ("--task", "1ms", "--shared-writes", "5%", "--arm", "ft")
    seen, merged = (
        document(*words, "--shared-kind", kind) for kind in ("seen-at-once", "merged-at-end")
    )
    (arm,) = seen["arms"]
    assert not arm["ruled_out"]
    for each in arm["ranked"]:
        if each["mode"] != "serial":
            assert set(each["writes"]) <= {"lock", "atomic", "striped", "shared_memory"}
            assert each["strategy"] == min(
                each["writes"], key=lambda name: each["writes"][name]["value"]
            )
    strategies = {each["strategy"] for arm in merged["arms"] for each in arm["ranked"]}
    assert strategies == {None, "local"}


def test_what_failed_and_what_a_release_lacks_is_no_data_with_what_would_get_it() -> None:
    new, old = (
        {
            each["mode"]: each
            for arm in document("--task", "1ms", "--release", release)["arms"]
            if arm["arm"] == "ft-gil1"
            for each in arm["no_data"]
        }
        for release in (NEW, OLD)
    )
    assert set(new) == {"processes-forkserver", "dask"}  # an engine that is not there
    assert "failed: WorkerFailedError" in new["processes-forkserver"]["why"]
    command = "FTBENCH_PROFILE=full asv run 3.14.2^! --bench '^crossover'"
    assert new["processes-forkserver"]["command"] == command
    assert "new in CPython 3.14" in old["interpreters"]["why"]


def test_beyond_what_was_measured_there_is_nothing_but_no_data() -> None:
    with pytest.raises(NothingError, match="There is no recommendation"):
        called("--task", "5s")
    found = document("--task", "5s")
    assert found["ranked"] == []
    assert not any(arm["ranked"] for arm in found["arms"])
    text = " ".join(told("--task", "5s").split())
    assert f"{NOTHING} Measured with CPython 3.14.2 on " in text
    assert "no data: threads; processes, fork" in text


def test_results_are_chosen_by_name() -> None:
    words = ("--task", "1ms", "--machine", "busy-laptop", "--profile", "quick", "--arm", "ft")
    found = document(*words)
    assert (found["machine"], found["profile"]) == ("busy-laptop", "quick")
    assert [arm["arm"] for arm in found["arms"]] == ["ft"]
    assert "All builds" not in told(*words)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--task", "200"), "'200' is not a time: it needs a unit"),
        (("--task", "1ms", "--payload", "64kib"), "Is KiB meant?"),
        (("--task", "1ms", "--shared-writes", "5"), "Was it meant to be 5%?"),
        (("--task", "1ms", "--workers", "0"), "'--workers'"),
        (("--task", "1ms", "--price-cpu", "4"), "it needs a unit: /h, /s"),
        ((), "Missing option '--task'"),
    ],
)
def test_a_word_that_makes_no_sense_is_a_usage_error(words: tuple[str, ...], message: str) -> None:
    done = called(*words)
    assert done.exit_code == 2
    assert message in " ".join(done.output.split())


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--by", "cost"), "no cost without a price"),
        (("--machine", "other"), "'other' is not known"),
        (("--release", "3.12.0"), "no results of CPython 3.12.0"),
        (("--release", OLD, "--machine", "busy-laptop"), "Nothing that matches"),
    ],
)
def test_a_request_that_nothing_answers_is_an_error_of_ours(
    words: tuple[str, ...], message: str
) -> None:
    with pytest.raises(FtbenchError, match=message):
        called("--task", "1ms", *words)


def test_results_with_a_map_come_before_those_without(project: Path) -> None:
    tree = read_results(project / "results")
    assert pick_of(tree)[0].machine == "quiet-vm"
    without = tuple(
        replace(each, scenarios={"single_thread": 9}) if each.machine == "quiet-vm" else each
        for each in tree.sources
    )
    pick, cells = pick_of(replace(tree, sources=without))
    assert pick.machine == "busy-laptop"
    assert cells.workers == (2, 8)


def test_no_results_are_an_error() -> None:
    with pytest.raises(NothingError, match="no such results"):
        pick_of(ResultTree())
