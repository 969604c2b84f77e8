"""A trial's document: the answer first, reasons below, the same in every format."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from fake_trials import FT, GIL, SECONDS, build, cell, trial, with_cell
from msgspec.structs import replace

from ftbench.analysis.trial_verdicts import against
from ftbench.analysis.trials import Forecast, Limits, answer
from ftbench.facts.trial_modes import TRIAL_MODES, trial_mode_named
from ftbench.report.output import Format, rendered
from ftbench.report.trial import code_of, document_of, sentence
from ftbench.results.trials import Trial, TrialCell

WIDTH = 160


def told(of: Trial, limits: Limits | None = None) -> str:
    return rendered(document_of(answer(of, limits)), Format.TABLE, width=WIDTH)


def flat(text: str) -> str:
    return " ".join(text.split())


def test_a_trial_is_told_as_it_was(assert_golden: Callable[[str, str], None]) -> None:
    document = document_of(answer(trial()), judged=against(trial(), trial(1.15)))
    assert_golden(rendered(document, Format.TABLE, width=WIDTH), "trial.txt")


def test_the_answer_stands_first_with_numbers_machine_and_cores() -> None:
    said = sentence(answer(trial()))
    for words in (
        "2 cores of Made Up",
        "resize",
        "ThreadPoolExecutor",
        FT,
        "ms a call",
        "GIL build",
    ):
        assert words in said


def test_a_reason_is_a_footnote_and_a_story_a_finding() -> None:
    wrong = TrialCell(
        build=FT,
        mode="threadpool",
        workers=2,
        failed="results differ",
        story="input [30]: got 7, wanted 8",
        exit_code=13,
    )
    said = flat(told(with_cell(trial(), wrong)))
    assert "ThreadPoolExecutor (2): failed [1]" in said
    assert "[1] failed: results differ" in said
    assert "got 7, wanted 8" in said
    assert "results differ in 1" in said
    assert "results equal in every mode" not in said


def test_modes_with_the_same_story_tell_it_once() -> None:
    shared: dict[str, Any] = {
        "failed": "results differ",
        "story": "got 7, wanted 8",
        "exit_code": 13,
    }
    wrong = [
        TrialCell(build=FT, mode=mode, workers=2, **shared) for mode in ("threadpool", "to-thread")
    ]
    said = flat(told(with_cell(with_cell(trial(), wrong[0]), wrong[1])))
    assert said.count("got 7, wanted 8") == 1
    assert "ThreadPoolExecutor (2), asyncio.to_thread (2): results differ" in said


@pytest.mark.parametrize(
    ("seconds", "says"),
    [
        (1.62e-3, "advise puts ThreadPoolExecutor first, too, by 3.14.7."),
        (1.9e-3, "first, by 3.14.7; here it is too close to ProcessPoolExecutor"),
        (6e-3, "here it takes 3.1"),
    ],
)
def test_what_advise_says_is_held_against_what_was_measured(seconds: float, says: str) -> None:
    found = answer(with_cell(trial(), cell(FT, "threadpool", seconds, spread=0.03)))
    of = next(each for each in found.builds if each.build.name == FT)
    best = min(of.ranked, key=lambda tried: tried.rank)
    predicted = next(each for each in of.ranked if each.cell.mode == "threadpool")
    if "too close" in says:
        best = next(each for each in of.ranked if each.cell.mode != "threadpool")
    forecast = Forecast(on=of, predicted=predicted, best=best, by="3.14.7")
    assert says in flat(rendered(document_of(found, forecasts=[forecast]), Format.TABLE))


def test_nothing_measured_says_why() -> None:
    nothing = trial(
        builds=(build(GIL, skipped="no wheel for cp314: numpy"),),
        cells=(),
    )
    said = flat(told(nothing))
    assert "nothing could be measured: 3.14.7: no wheel for cp314: numpy" in said
    record = json.loads(rendered(document_of(answer(nothing)), Format.JSON))
    assert record["best"] is None


def test_one_process_is_said_not_to_be_told_apart() -> None:
    cells = tuple(cell(name, mode, s, processes=1) for (name, mode), s in SECONDS.items())
    assert "one process: no interval" in flat(told(trial(cells=cells)))


def test_few_calls_have_their_slowest_in_the_place_of_percentiles() -> None:
    few = with_cell(trial(), cell(FT, "threadpool", 1.62e-3, calls=(3e-3, 9e-3), processes=5))
    assert "slowest of 10: 9.00 ms" in flat(told(few))


def test_what_breaks_a_limit_stands_below_with_its_figures() -> None:
    said = flat(told(trial(), Limits(slo={99.0: 6e-3})))
    assert "plain loop: breaks a limit [" in said
    assert "is above 6.00 ms" in said


def test_a_shake_that_found_nothing_is_no_proof() -> None:
    assert "nothing found in 800 calls (no proof)" in flat(told(trial()))
    found = build(FT, shake={"threadpool": {"calls": 800, "wrong": 32}})
    said = flat(told(trial(builds=(build(GIL), found))))
    assert "32 of 800 results were wrong" in said


def test_packages_are_told_with_the_native_threads_that_they_had() -> None:
    builds = (build(GIL, packages={"numpy": "2.4.0"}), build(FT))
    said = flat(told(replace(trial(), builds=builds)))
    assert "with numpy 2.4.0, one native thread in each worker." in said


def test_the_code_of_every_mode_can_be_filled_in() -> None:
    found = answer(trial())
    assert found.best is not None
    assert code_of(found.best, found) == "ThreadPoolExecutor(2).map(resize, inputs)"
    for mode in (*TRIAL_MODES, trial_mode_named("custom")):
        text = mode.code.format(f="resize", n=2, c=8, e="made")
        assert "{" not in text


@pytest.mark.parametrize("form", list(Format))
def test_every_format_tells_texts_of_others_as_they_are(form: Format) -> None:
    odd = trial(target="<b>mod</b>:f", notes=("a <script> | and *stars* \x1b[31m",))
    text = rendered(document_of(answer(odd)), form)
    assert "\x1b[31m" not in text
    if form is Format.HTML:
        assert "<script>" not in text


def test_programs_get_it_unrounded() -> None:
    found = answer(trial(), Limits(slo={99.0: 6e-3}))
    judged = against(trial(), trial(1.15))
    record = json.loads(rendered(document_of(found, judged=judged), Format.JSON))
    assert record["best"] == {"build": FT, "mode": "threadpool", "workers": 2}
    assert record["against"]["exit_code"] == 10
    (row, *_) = next(each for each in record["builds"] if each["name"] == FT)["ranked"]
    assert found.best is not None
    assert row["seconds"]["value"] == found.best.seconds.value


def test_where_all_break_a_limit_it_is_said_first() -> None:
    found = answer(trial(), Limits(slo={99.0: 1e-6}))
    assert "no measured mode meets the limits" in sentence(found)
    assert "What to write" not in told(trial(), Limits(slo={99.0: 1e-6}))


def test_staying_on_the_gil_build_is_said_where_nothing_is_surely_better() -> None:
    alike = trial()
    for mode in ("threadpool", "processpool-forkserver"):
        alike = with_cell(alike, cell(FT, mode, 1.74e-3, spread=0.02))
    assert "No other build is surely better." in sentence(answer(alike))
    assert "to move to the free-threaded build is" in sentence(answer(trial()))
