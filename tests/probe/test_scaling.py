"""Slices and what cpu_scaling, native and must_scale make of them: pairs, ratios, checks, notes."""

from __future__ import annotations

import itertools
import os
import random
import time
from collections import Counter
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ftbench.errors import FtbenchError
from ftbench.facts.modes import mode_named
from ftbench.facts.profiles import profile_named
from ftbench.probe.scenarios import scaling
from ftbench.probe.scenarios.base import Cell
from ftbench.probe.scenarios.scaling import (
    ONE,
    PAIRS,
    Block,
    Report,
    Side,
    Turn,
    blocks_of,
    by_hand,
    by_team,
    check,
    ladder,
    metrics,
    notes,
    ratios,
)
from ftbench.probe.workers.base import Deadline, nothing
from ftbench.probe.workloads import kernels
from ftbench.probe.workloads.kernels import KERNELS, crunch

SECOND = 10**9
SPANS = st.integers(1, 10**10)


def turn(*spans: int, cpu: int | None = None, checksum: int = 7) -> Turn:
    """A slice of workers that begin together and take so many nanoseconds, all of it on a CPU."""
    return Turn(
        reports=tuple(Report(0, span, span if cpu is None else cpu, checksum, 0) for span in spans)
    )


LOST = Turn(reports=(Report(begin=0, end=200, cpu=100, checksum=7, preempted=1),), apart=True)


def cell_of(mode: str = "threads", rounds: int = 1) -> Cell:
    """A cell of so many blocks, at which nobody looks."""
    return Cell(
        mode=mode_named(mode),
        params={},
        profile=profile_named(f"rounds={rounds}"),
        deadline=Deadline(60),
        observe=lambda *_: None,
    )


@given(st.integers(1, 256))
def test_a_ladder_doubles_up_to_the_most(most: int) -> None:
    steps = ladder(most)
    assert steps[0] == 1
    assert steps[-1] == max(steps) == most
    assert list(steps) == sorted(set(steps))
    assert all(after <= 2 * before for before, after in itertools.pairwise(steps))


def test_the_tracked_ladder() -> None:
    assert ladder(8) == (1, 2, 4, 8)
    assert ladder(6) == (1, 2, 4, 6)


@given(st.lists(st.tuples(SPANS, SPANS, SPANS), min_size=1, max_size=6))
def test_a_slice_lasts_from_the_first_begin_to_the_last_end(
    workers: list[tuple[int, int, int]],
) -> None:
    whole = Turn(
        reports=tuple(
            Report(begin, begin + span, min(cpu, span), 0, 0) for begin, span, cpu in workers
        )
    )
    assert whole.seconds() >= max(span for _, span, _ in workers) / SECOND * (1 - 1e-9)
    assert 0 <= whole.on_cpu() <= 1 + 1e-9


@pytest.mark.parametrize(
    ("report", "lost"),
    [
        (Report(1_000, 2_000, 1_000, 7, preempted=0), False),
        (Report(1_000, 2_000, 900, 7, preempted=1), True),
        (Report(1_000, 2_000, 960, 7, preempted=1), False),
        # It waited, but for nobody who took its core: a lock of CPython's.
        (Report(1_000, 2_000, 300, 7, preempted=0), False),
        # It was late.
        (Report(1_100, 2_000, 900, 7, preempted=0), True),
    ],
)
def test_a_core_is_lost_by_coming_late_and_by_being_preempted(
    report: Report, *, lost: bool
) -> None:
    reports = (Report(1_000, 2_000, 1_000, 7, preempted=0), report)
    assert Turn(reports=reports, apart=True).lost() is lost
    # Who was to have no core of its own has lost none.
    assert not Turn(reports=reports).lost()


def side(name: str, log: list[str], turns: Iterator[Turn] | None = None, length: int = 1) -> Side:
    """A side that writes down its name, and whose slices take ever longer."""

    def take() -> Turn:
        log.append(name)
        return next(turns) if turns else turn(len(log))

    return Side(length, take, lambda: log.append(f"end of {name}"))


def whole(**how: Any) -> Cell:
    """A cell whose rounds are not shortened."""
    cell = cell_of(**how)
    return cell._replace(profile=cell.profile._replace(shorter=1))


def test_sides_alternate_in_an_order_drawn_at_random_and_always_the_same() -> None:
    logs: list[list[str]] = []
    for _ in range(2):
        log: list[str] = []
        sides = {name: side(name, log) for name in ("one", "x_2", "x_8")}
        sides["x_8"] = side("x_8", log, length=4)
        blocks, turns = blocks_of(whole(rounds=2), sides, {"x_2": "one", "x_8": "one"})
        logs.append(log)
        assert [len(block.kept["x_2"]) for block in blocks] == [PAIRS, PAIRS]
        # Fewer where one takes as long as four.
        assert [len(block.kept["x_8"]) for block in blocks] == [PAIRS // 4, PAIRS // 4]
        # What it is compared with is next to it, and one for both.
        assert len(turns) == Counter(log)["one"] + Counter(log)["x_2"] + Counter(log)["x_8"] - 3
        assert Counter(log)["one"] == 2 * PAIRS + 1
    assert logs[0] == logs[1]
    assert logs[0][:3] == ["one", "x_2", "x_8"]  # once each, to warm up
    pairs = [logs[0][at : at + 2] for at in range(3 + 3 * PAIRS // 4, 3 + 3 * PAIRS // 4 + 8, 2)]
    assert all(set(pair) == {"one", "x_2"} for pair in pairs)
    assert len(set(map(tuple, pairs))) == 2
    assert logs[0][-3:] == ["end of one", "end of x_2", "end of x_8"]


def test_what_lost_a_core_is_left_out_and_taken_again() -> None:
    turns = itertools.chain([turn(9), LOST, LOST], itertools.repeat(turn(20)))
    sides = {"one": side("one", [], itertools.repeat(turn(10))), "x_2": side("x_2", [], turns)}
    (block,), taken = blocks_of(whole(), sides, {"x_2": "one"})
    assert (len(block.kept["x_2"]), len(block.lost["x_2"])) == (PAIRS, 2)
    assert ratios([block]) == {"x_2": [2.0], "x_cpu_2": [2.0]}
    assert check("x", taken, 7).checked.startswith(f"{2 * PAIRS + 4} checksums of x were 7")
    said = notes([block])
    assert (said["pairs"], said["lost"], said["rounds"]) == ({"x_2": PAIRS}, {"x_2": 2}, 1)
    assert "disturbed" not in said


def test_a_cell_that_lost_most_is_marked_and_the_least_lost_pair_stands_for_all() -> None:
    late = [
        Turn(
            reports=(Report(0, 400, 400, 7, 0), Report(begin, begin + 400, 400, 7, 0)),
            apart=True,
        )
        for begin in (400, 100)
    ]
    sides = {
        "one": side("one", [], itertools.repeat(turn(400))),
        "x_2": side("x_2", [], itertools.cycle(late)),
    }
    (block,), _ = blocks_of(whole(), sides, {"x_2": "one"})
    assert (block.kept["x_2"], len(block.lost["x_2"])) == ([], PAIRS + 1)
    assert ratios([block])["x_2"] == [1.25]
    said = notes([block])
    assert said["disturbed"] == f"a core was lost in {PAIRS + 1} of {PAIRS + 1} slices of x_2"


@given(SPANS, SPANS)
def test_workers_that_scale_ideally_cost_one(span: int, more: int) -> None:
    ideal, worse = turn(span, span), turn(span, span + more)
    pairs = {"x_2": [(turn(span), ideal)], "y_2": [(turn(span), worse)]}
    found = ratios([Block(kept=pairs, lost={})])
    assert found["x_2"] == found["x_cpu_2"] == [pytest.approx(1)]
    assert found["y_2"][0] > found["y_cpu_2"][0] > 1


def test_a_ratio_is_of_sums() -> None:
    """One core is twice as fast as the other: who has them in turn pays what both together do."""
    fast, slow, both = turn(100), turn(200), turn(100, 200)
    block = Block(kept={"x_2": [(fast, both), (slow, both)]}, lost={})
    assert ratios([block]) == {"x_2": [pytest.approx(4 / 3)], "x_cpu_2": [pytest.approx(1)]}


def test_many_that_share_nothing_come_to_one_against_the_slowest_of_as_many_in_a_row() -> None:
    draw = random.Random(7)  # noqa: S311 - no secrets here

    def slices(count: int) -> Turn:
        return turn(*(draw.choice((100, 100, 100, 130)) for _ in range(count)))._replace(apart=True)

    for many in (2, 4):
        name = f"x_{many}"
        block = Block(kept={name: [(slices(1), slices(many)) for _ in range(4000)]}, lost={})
        assert ratios([block])[name][0] > 1.05
        assert ratios([block], Block.over_slowest)[name] == [pytest.approx(1, abs=0.01)]


def test_who_shares_a_core_or_has_but_one_slice_is_held_against_the_mean() -> None:
    pairs = [(turn(100), turn(100, 300)), (turn(200), turn(100, 300))]
    for kept, ratio in ((pairs, 2.0), ([(turn(200), turn(300, 300)._replace(apart=True))], 1.5)):
        block = Block(kept={"x_2": kept}, lost={"x_2": []})
        assert ratios([block], Block.over_slowest)["x_2"] == [pytest.approx(ratio)]


def test_a_clock_that_ticks_seldom_tells_nothing_of_a_slice(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(scaling, "get_clock_info", lambda _: SimpleNamespace(resolution=0.016))
    assert ratios([Block(kept={"x_2": [(turn(10, cpu=0), turn(20))]}, lost={})]) == {"x_2": [2.0]}
    found = metrics([Block(kept={"relative_1": [(turn(10), turn(20))]}, lost={})], (1,), 1)
    assert found.keys() == {"serial", "unit_1", "relative_1"}


def test_workers_that_run_one_after_the_other_had_half_of_a_cpu_each() -> None:
    """Their own spans do not tell: the second begins when it first gets a CPU."""
    in_turn = Turn(reports=(Report(0, 10, 10, 7, 0), Report(10, 20, 10, 7, 0)))
    assert in_turn.on_cpu() == pytest.approx(0.5)
    block = Block(kept={"x_2": [(turn(10), in_turn)]}, lost={"x_2": []})
    assert ratios([block]) == {"x_2": [2.0], "x_cpu_2": [1.0]}
    assert notes([block])["on_cpu"] == {"x_2": 0.5}


def test_the_metrics_of_known_pairs() -> None:
    kept = {
        "relative_1": [(turn(4 * SECOND), turn(5 * SECOND))],
        "relative_2": [(turn(6 * SECOND), turn(9 * SECOND, 3 * SECOND))],
    }
    made = metrics([Block(kept=kept, lost={})], (1, 2), 2)
    assert {name: metric.samples for name, metric in made.items()} == {
        "serial": pytest.approx((2.0,)),
        "unit_1": pytest.approx((2.5,)),
        "unit_2": pytest.approx((9 / 4,)),
        "relative_1": pytest.approx((1.25,)),
        "relative_2": pytest.approx((1.5,)),
        "relative_cpu_1": pytest.approx((1.25,)),
        "relative_cpu_2": pytest.approx((1.0,)),
        "cpu": pytest.approx((3.0,)),
    }
    assert {metric.unit for metric in made.values()} == {"seconds", "ratio"}


def test_one_wrong_checksum_refuses_the_run() -> None:
    assert "3 checksums of lcg" in check("lcg", [turn(1), turn(1, 2)], 7).checked
    with pytest.raises(FtbenchError, match=r"lcg: checksums \[7, 8\] are not 7"):
        check("lcg", [turn(1), turn(1, checksum=8)], 7)


@pytest.mark.parametrize("mode", ["threads", "processes-spawn"])
def test_a_side_by_hand_is_what_it_is_in_a_team(mode: str) -> None:
    run = crunch, ("is_prime", 2)
    hand, team = by_hand(run), by_team(cell_of(mode), "worker", run, 3)
    alone, together = hand.take(), team.take()
    team.end()
    expected = 2 * KERNELS["is_prime"][1]
    assert [report.checksum for report in alone.reports] == [expected]
    assert [report.checksum for report in together.reports] == [expected] * 3
    assert alone.cpu() > 0
    assert together.cpu() > 0


@pytest.mark.skipif(not hasattr(os, "sched_getaffinity"), reason="needs to choose a CPU")
def test_workers_that_have_a_core_each_begin_together_on_another_in_every_slice(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    allowed, cpus = os.sched_getaffinity(0), scaling._cpus()
    found: list[set[int]] = []
    begun: list[tuple[int, int]] = []

    def work() -> int:
        found.append(os.sched_getaffinity(0))
        return 7

    monkeypatch.setitem(KERNELS, "lcg", (work, 7))
    alone = by_hand((crunch, ("lcg", 1)))
    for _ in cpus:
        asked = time.perf_counter_ns()
        begun.append((asked, alone.take().reports[0].begin))
    assert sorted(map(min, found)) == sorted(cpus)
    assert all(len(each) == 1 for each in found)
    assert all(begin - asked >= scaling._LEAD for asked, begin in begun)
    assert os.sched_getaffinity(0) == allowed


def test_workers_that_share_a_core_or_a_gil_do_not_spin_for_each_other(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    run = crunch, ("is_prime", 1)
    monkeypatch.setattr(scaling, "team_of", lambda *_: _Nobody)
    monkeypatch.setattr(scaling, "usable", lambda: {0, 1, 2, 3})
    # Two CPUs of each core.
    monkeypatch.setattr(scaling, "one_per_core", lambda cpus: sorted(cpus)[::2])
    for gil, count, lets_go, spins in (
        (False, 2, False, True),
        (False, 3, False, False),
        (True, 2, False, False),
        (True, 1, False, True),
        (True, 2, True, True),
    ):
        monkeypatch.setattr(scaling, "gil_enabled", lambda gil=gil: gil)
        made = by_team(cell_of(), "worker", run, count, lets_go=lets_go)
        assert (made.length == 1) is spins
        made.take()
        assert bool(_Nobody.at) is spins


def test_who_waits_for_its_instant_leaves_the_gil_to_others(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    slept: list[float] = []
    monkeypatch.setattr(kernels, "sleep", slept.append)
    at = time.perf_counter_ns() + 10 * kernels._SPIN
    begin, *_ = crunch("lcg", 1, (), at)
    assert begin >= at
    [seconds] = slept
    assert 0 < seconds < 10 * kernels._SPIN / SECOND


@pytest.mark.skipif(not hasattr(os, "sched_getaffinity"), reason="needs to choose a CPU")
@pytest.mark.parametrize("error", [PermissionError, OSError])
def test_where_no_cpu_may_be_chosen_the_system_chooses(
    error: type[OSError], monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise error

    monkeypatch.setattr(os, "sched_setaffinity", refuse)
    [report] = by_hand((crunch, ("lcg", 1))).take().reports
    assert report.checksum == KERNELS["lcg"][1]


class _Nobody:
    """A team of nobody, which keeps the instant at which it was to begin."""

    end = nothing
    reports: tuple[Report, ...] = ()
    at = 0

    @classmethod
    def round(cls, at: int) -> type[_Nobody]:
        cls.at = at
        return cls


def test_the_one_is_the_first_of_a_pair() -> None:
    block = Block(kept={"x_2": [(turn(1 * SECOND), turn(2 * SECOND))]}, lost={})
    assert block.mean("x_2", ONE, Turn.seconds) == pytest.approx(1.0)
