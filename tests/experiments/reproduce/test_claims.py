"""How a claim of the article is judged: its figures, the cores, one process."""

from __future__ import annotations

from dataclasses import replace

import pytest
from fake_measurements import FAILED, made

from ftbench.analysis.claims.data import article_claims
from ftbench.analysis.claims.judge import Judgement
from ftbench.analysis.claims.rule import ClaimVerdict
from ftbench.experiments.reproduce.record import Reproduction
from ftbench.experiments.reproduce.report import judged


def judgement(done: Reproduction, quote: str) -> Judgement:
    (found,) = (each for each in judged(done).judgements if quote in each.claim.quote)
    return found


def test_on_too_few_cores_a_claim_cannot_be_judged_and_its_figures_are_shown() -> None:
    fork = judgement(made(cores=2), "fork 1.70")
    assert (fork.verdict, fork.words) == (ClaimVerdict.CANNOT, "cannot be judged on 2 cores")
    assert fork.ratios[0].quantity.value == pytest.approx(2.0)
    assert judgement(made(cores=1), "fork 1.70").words == "cannot be judged on 1 core"


def test_in_too_short_a_window_neither() -> None:
    short = judgement(made(scale=0.1), "start method")
    assert short.words == "cannot be judged in a window of 0.5 s"
    assert short.ratios[0].quantity.value == pytest.approx(1 / 1.02)
    assert "window" not in judgement(made(scale=0.2), "start method").words
    assert "window" not in judgement(made(scale=0.1), "fork 1.70").words


def test_a_quota_of_cores_counts_as_cores() -> None:
    done = made()
    assert replace(done, machine={**done.machine, "quota_cores": 2.5}).cores == 2.5
    assert replace(done, machine={}).cores == 1


def test_one_process_decides_no_claim_and_its_corrected_figures_are_shown() -> None:
    # Its way: 42 ms over 4 ms is 10.5; corrected: 40 ms over 2 ms is 20.
    spawn = judgement(made(cores=8), "spawn 17.93")
    assert spawn.words == "cannot be judged (one process: no interval)"
    assert spawn.ratios[0].quantity.value == pytest.approx(20)
    assert spawn.ratios[0].quantity.spread is None


def test_what_failed_or_was_not_asked_for_is_not_measured() -> None:
    broken = made(broken={"lifecycle/fork/empty": FAILED})
    assert judgement(broken, "fork 1.70").words == "not measured (failed)"
    alone = made(parts=("sharded",))
    assert judgement(alone, "1-writer").words == "not measured"
    without = made(without=["lifecycle/fork/empty"])
    assert judgement(without, "fork 1.70").words == "not measured"


def test_a_claim_is_shown_under_its_table_only() -> None:
    report = judged(made(parts=("memory",)))
    assert {each.claim.table for each in report.judgements} == {"memory"}
    whole = judged(made())
    names = [table.name for table in whole.tables]
    shown = [each for name in names for each in whole.judgements if each.claim.table == name]
    assert sorted(each.claim.quote for each in shown) == sorted(
        each.quote for each in article_claims()
    )


def test_figures_of_one_row_are_told_apart_by_what_they_are_of() -> None:
    massive = judgement(made(), "RSS looks massive")
    assert massive.ratios[0].what == "RSS / PSS"
    writers = judgement(made(), "1-writer")
    assert writers.ratios[0].what == "1 writer / processes, forkserver"


def test_nothing_is_judged_without_tables() -> None:
    assert judged(made(parts=())).judgements == ()
