"""The report in a terminal, as a golden file and where it says something else."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from fake_measurements import FAILED, UNAVAILABLE, made

from ftbench.analysis.claims.quantity import Quantity
from ftbench.analysis.claims.rule import TIMES, ClaimVerdict, number, printed
from ftbench.experiments.reproduce.record import Reproduction
from ftbench.experiments.reproduce.report import document_of, judged
from ftbench.report.output import Format, rendered
from ftbench.statistics.spread import Interval

BROKEN = {
    "lifecycle/spawn/empty": FAILED,
    "native/article": UNAVAILABLE,
    "native/timed": UNAVAILABLE,
}


def shown(done: Reproduction, width: int = 80) -> str:
    return rendered(document_of(judged(done)), Format.TABLE, width=width)


def test_the_report_is_as_it_was(assert_golden: Callable[[str, str], None]) -> None:
    assert_golden(shown(made(cores=8, scale=0.2, broken=BROKEN, processes=3)), "reproduction.txt")


def test_it_fits_into_eighty_columns() -> None:
    assert max(map(len, shown(made()).splitlines())) <= 80


def test_no_number_is_cut_short() -> None:
    assert "\N{HORIZONTAL ELLIPSIS}" not in shown(made())


def test_a_reason_is_said_once_under_its_table_and_pointed_at() -> None:
    text = shown(made(broken=BROKEN))
    assert "failed [1]" in text
    assert "not available [1]" in text.partition("The native limit")[2]
    assert text.count("[1] lifecycle, processes, spawn, empty task: Worker 3 of 8") == 1
    assert "There is no rustc." in text


def test_what_was_run_is_told() -> None:
    text = " ".join(shown(made(scale=0.1, parts=("lifecycle",))).split())
    assert "A fraction of 0.1 of the article's rounds and seconds: 100 rounds, by" in text
    assert "holds" not in text.partition("Overhead")[0]
    whole = " ".join(shown(made()).split())
    assert "The article's own rounds and seconds: 1000 rounds, 30 holds of 1 s looked at" in whole
    assert "looked at every 50 ms, 5 s of inserting, by 8 workers" in whole
    assert "CPython 3.14.7t, source-gcc12 (GCC 12.2.0)" in whole


def test_several_processes_judge_claims_and_are_told() -> None:
    text = " ".join(shown(made(processes=3)).split())
    assert "by 8 workers, by 3 processes in turn, which share rounds and holds; it took" in text
    assert "its 99 % interval, from how far processes differ" in text
    assert "decides no claim" not in text
    verdicts = {each.verdict for each in judged(made(processes=3)).judgements}
    assert {ClaimVerdict.HOLDS, ClaimVerdict.NOT} <= verdicts
    alone = {each.verdict for each in judged(made()).judgements}
    assert not {ClaimVerdict.HOLDS, ClaimVerdict.NOT} & alone
    assert "decides no claim" in " ".join(shown(made()).split())


def test_two_sittings_are_told() -> None:
    done = made(parts=("memory",), processes=3)
    begun = {0: "2026-11-29T10:00:00", 1: "2026-11-30T11:00:00", 2: "2026-11-30T11:00:00"}
    steps = tuple(replace(step, sitting=begun[step.process]) for step in done.steps)
    text = " ".join(shown(replace(done, steps=steps)).split())
    assert "of 2 sittings: 4 from 2026-11-29T10:00 UTC on, 8 from 2026-11-30T11:00" in text


def test_a_busy_machine_and_a_short_window_are_warned_of() -> None:
    assert "was busy" in shown(_busy(made(), load=9.0))
    assert "was busy" not in shown(made())
    assert "A window of 0.5 s" in shown(made(scale=0.1))
    assert "A window of" not in shown(made())
    assert "A window of" not in shown(made(scale=0.1, parts=("memory",)))


def _busy(done: Reproduction, load: float) -> Reproduction:
    first, *others = done.steps
    assert first.measurement is not None
    loaded = replace(first, measurement=replace(first.measurement, load=(load, load)))
    return replace(done, steps=(loaded, *others))


def test_markup_in_a_name_is_plain_text() -> None:
    assert "[red]x" in shown(made(cpu="[red]x"))


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (0.001832, "ms", "1.832"),
        (99.0 * 2**20, "MiB", "99.0"),
        (160.0 * 2**20, "MiB", "160"),
        (1098066.0, "/s", "1\u202f098\u202f066"),
        (17.93, TIMES, f"17.93{TIMES}"),
        (1.7, TIMES, f"1.70{TIMES}"),
        (0.2501, "%", "25.01\u202f%"),
    ],
)
def test_the_articles_number_has_the_digits_that_it_prints(
    value: float, unit: str, text: str
) -> None:
    assert printed(Quantity(value=value), unit) == text


def test_a_number_carries_its_spread_and_a_hopeless_one_is_not_spelled_out() -> None:
    notes: dict[str, int] = {}
    quantity = Quantity(value=2e-3, spread=Interval(low=1.9e-3, high=2.2e-3))
    assert number(quantity, "ms", notes) == "2.00 (1.90\N{EN DASH}2.20)"
    wide = Quantity(value=2.0, spread=Interval(low=1e-9, high=1e9))
    assert number(wide, TIMES, notes) == f"2.00{TIMES} (wide)"
    assert number(Quantity(word="failed", reason="why"), "ms", notes) == "failed [1]"
    assert number(Quantity(word="failed", reason="other"), "ms", notes) == "failed [2]"
    assert number(Quantity(word="not available", reason="why"), "ms", notes) == "not available [1]"
