"""A trial against an earlier one: worse, better, the same, lost; not comparable with a reason."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest
from fake_trials import FT, GIL, build, cell, trial, with_cell
from msgspec.structs import replace

from ftbench.analysis.trial_verdicts import BYTES, SECONDS, Judged, against, alarm
from ftbench.errors import LostError, NothingError, RegressionError
from ftbench.results.trials import Trial, TrialCell
from ftbench.statistics.verdict import Word


def words(judged: Judged, unit: str = SECONDS, mode: str = "") -> Counter[Word]:
    return Counter(
        each.verdict.word
        for each in judged.cells
        if each.unit == unit and mode in {"", each.cell.mode}
    )


def slowed(of: Trial, factor: float, stick: float) -> Trial:
    """Return a trial all of whose seconds are `factor` times as long, the stick's by another."""
    cells = []
    for each in of.cells:
        processes = tuple(
            replace(
                process,
                rounds=tuple(factor * seconds for seconds in process.rounds),
                stick=process.stick * stick,
            )
            for process in each.processes
        )
        cells.append(replace(each, processes=processes))
    return replace(of, cells=tuple(cells))


def test_a_trial_is_the_same_as_itself() -> None:
    judged = against(trial(), trial())
    assert set(words(judged)) == {Word.SAME}
    assert set(words(judged, BYTES)) == {Word.SAME}
    assert alarm(judged) is None


@pytest.mark.parametrize(("factor", "word"), [(1.15, Word.WORSE), (0.85, Word.BETTER)])
def test_what_takes_longer_is_worse_and_the_rest_the_same(factor: float, word: Word) -> None:
    judged = against(trial(), trial(factor))
    assert words(judged) == {word: 4, Word.SAME: 2}
    assert isinstance(alarm(judged), RegressionError) is (word is Word.WORSE)


@pytest.mark.parametrize("speed", [0.7, 1.4])
def test_another_speed_of_the_machine_is_no_news_of_the_function(speed: float) -> None:
    judged = against(trial(), slowed(trial(), speed, speed))
    assert set(words(judged)) == {Word.SAME}
    assert any("measuring stick" in note for note in judged.notes)


def test_what_waits_does_not_follow_the_stick() -> None:
    waits = trial(cpu_share=0.0)
    assert set(words(against(waits, slowed(waits, 1.0, 1.4)))) == {Word.SAME}
    assert set(words(against(waits, slowed(waits, 1.4, 1.4)))) == {Word.WORSE}


def test_more_memory_is_worse() -> None:
    heavy = cell(FT, "threadpool", 1.62e-3, memory=(50e6, 50.1e6, 50.2e6))
    light = with_cell(trial(), cell(FT, "threadpool", 1.62e-3, memory=(45e6, 45.1e6, 45.2e6)))
    judged = against(light, with_cell(trial(), heavy))
    assert words(judged, BYTES, "threadpool")[Word.WORSE] == 1
    assert isinstance(alarm(judged), RegressionError)


def test_memory_of_another_kind_is_not_compared() -> None:
    other = with_cell(trial(), cell(FT, "threadpool", 1.62e-3, memory_kind="rss"))
    assert words(against(trial(), other), BYTES)[Word.INCOMPARABLE] == 1


@pytest.mark.parametrize(
    "after",
    [
        trial(without=[(FT, "threadpool")]),
        with_cell(trial(), cell(FT, "threadpool", 1e-3, failed="results differ", exit_code=13)),
        with_cell(trial(), TrialCell(build=FT, mode="threadpool", workers=2, failed="SIGSEGV")),
    ],
)
def test_a_mode_that_vanished_or_failed_is_lost_whatever_else_is_worse(after: Trial) -> None:
    judged = against(trial(), slowed(after, 1.2, 1.0))
    (lost,) = judged.lost
    assert "ThreadPoolExecutor" in lost[0]
    raised = alarm(judged)
    assert isinstance(raised, LostError)
    assert "worse" in raised.message


def test_a_mode_that_is_skipped_with_a_reason_is_not_lost() -> None:
    skipped = TrialCell(build=FT, mode="threadpool", workers=2, skipped="no wheel for cp314t")
    judged = against(trial(), with_cell(trial(), skipped))
    assert judged.lost == ()
    assert alarm(judged) is None


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"machine": {**trial().machine, "identity": "other"}}, "one machine"),
        ({"machine": {"cpu": "Made Up"}}, "one machine"),
        ({"machine": {**trial().machine, "usable_cores": 1}}, "cores usable"),
        ({"asked": {"inputs": "beef"}}, "the inputs"),
        ({"asked": {"inputs": "feed", "worker_setup": "mymod:open"}}, "the worker setup"),
        ({"inputs": 13}, "the number of inputs"),
        ({"target": "mymod:crop"}, "the target"),
        ({"check": "none"}, "the check"),
    ],
)
def test_what_is_another_question_is_not_compared(changes: dict[str, Any], reason: str) -> None:
    judged = against(trial(), trial(1.5, **changes))
    assert judged == Judged(reasons=judged.reasons)
    assert any(reason in each for each in judged.reasons)
    raised = alarm(judged)
    assert isinstance(raised, NothingError)
    assert reason in raised.hint


def test_a_function_that_was_changed_is_judged_and_it_is_said() -> None:
    judged = against(trial(), trial(1.5, source="beef"))
    assert words(judged)[Word.WORSE] == 4
    assert any("changed" in note for note in judged.notes)


@pytest.mark.parametrize("stick", ["", "1-3.13.1-00000000"])
def test_without_a_stick_in_common_two_sittings_decide_nothing(stick: str) -> None:
    after = trial(1.5, stick=stick)
    if not stick:
        after = slowed(after, 1.0, 0.0)
    judged = against(trial(), after)
    assert set(words(judged)) == {Word.ELSEWHERE}
    assert set(words(judged, BYTES)) == {Word.SAME}  # is what it is, however fast the machine


def test_of_one_process_a_side_nothing_is_decided() -> None:
    alone = with_cell(trial(), cell(FT, "threadpool", 1.62e-3, processes=1))
    longer = with_cell(trial(), cell(FT, "threadpool", 2.62e-3, processes=1))
    judged = against(alone, longer)
    (verdict,) = (
        each.verdict
        for each in judged.cells
        if each.cell.mode == "threadpool" and each.build.name == FT and each.unit == SECONDS
    )
    assert verdict.word is Word.UNDECIDED
    assert "one process" in verdict.why


def test_the_next_release_of_an_arm_is_compared_with_the_one_before() -> None:
    later = replace(
        trial(1.2),
        builds=(build("3.14.8"), build("3.14.8t")),
        cells=tuple(
            replace(each, build=each.build.replace("3.14.7", "3.14.8")) for each in trial(1.2).cells
        ),
    )
    judged = against(trial(), later)
    assert judged.lost == ()
    assert words(judged)[Word.WORSE] == 4


def test_builds_that_were_made_otherwise_are_not_compared() -> None:
    other = replace(build(GIL), build={**build(GIL).build, "pgo": False})
    judged = against(trial(), trial(1.5, builds=(other, build(FT))))
    gil = {each.verdict.word for each in judged.cells if each.build.name == GIL}
    assert gil == {Word.INCOMPARABLE}
    assert words(judged)[Word.WORSE] == 2
