"""An alarm as a maintainer reads it: what runs, how much it changed, and whether it scales."""

from __future__ import annotations

import pytest
from fake_figures import figure

from ftbench.analysis.verdicts import JudgedSeries
from ftbench.report.effects import cells_of
from ftbench.statistics import Ratio
from ftbench.statistics.spread import Basis
from ftbench.statistics.verdict import Verdict, Word

CRUNCHING = "cpu_scaling.CpuScaling.track_"
OBJECTS = {"mode": "threads", "kernel": "objects"}


def judged(metric: str, before: float, after: float, word: Word, **params: str) -> JudgedSeries:
    sides = (
        figure(cost=cost, benchmark=CRUNCHING + metric, params=OBJECTS | params)
        for cost in (before, after)
    )
    effect = Ratio(value=after / before, interval=None, confidence=0.99, basis=Basis.PROCESSES)
    one, other = sides
    verdict = Verdict(word=word, effect=effect)
    return JudgedSeries(before=one, after=other, verdict=verdict, differences={}, efforts={})


@pytest.mark.parametrize(
    ("metric", "before", "after", "says"),
    [
        (
            "unit_2",
            1e-3,
            2.31e-3,
            "two threads creating objects: 2.31 times as long per unit of work, free-threaded",
        ),
        ("serial", 4e-3, 1e-3, "one thread creating objects: 4.00 times as fast, free-threaded"),
        (
            "relative_cpu_8",
            0.8,
            1.6,
            (
                "CPU time of each of eight threads creating objects, against one alone: "
                "2.00 times as long, free-threaded"
            ),
        ),
    ],
)
def test_an_alarm_is_a_sentence(metric: str, before: float, after: float, says: str) -> None:
    word = Word.WORSE if after > before else Word.BETTER
    (cell,) = cells_of([judged(metric, before, after, word)])
    assert cell.sentence == says


def test_it_says_that_a_program_stopped_scaling_and_names_its_other_metrics() -> None:
    alarm = judged("unit_2", 1e-3, 2.31e-3, Word.WORSE)
    (cell,) = cells_of([alarm, judged("relative_2", 1.0, 2.1, Word.UNDECIDED)])
    assert cell.sentence.endswith("free-threaded; stopped scaling")
    assert cell.rest.startswith("slow-down of 2 workers against one thread, same work each: 2.1")
