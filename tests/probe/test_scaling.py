"""Pairs and what cpu_scaling and native make of them: ratios, ladders, checks."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ftbench.errors import FtbenchError
from ftbench.facts.modes import mode_named
from ftbench.facts.profiles import profile_named
from ftbench.probe.scenarios.base import Cell
from ftbench.probe.scenarios.scaling import (
    Pair,
    Report,
    Side,
    Turn,
    by_hand,
    by_team,
    check,
    ladder,
    metrics,
    pairs,
    shares,
)
from ftbench.probe.workers import team_of
from ftbench.probe.workers.base import Deadline, Member
from ftbench.probe.workloads.kernels import KERNELS, crunch, warm

SECOND = 10**9
SPANS = st.integers(1, 10**10)


def turn(*spans: int, cpu: float = 0.0, checksum: int = 7) -> Turn:
    """A turn of workers that begin together and take so many nanoseconds, all of it on a CPU."""
    return Turn(reports=tuple(Report(0, span, span, checksum) for span in spans), cpu=cpu)


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
def test_a_turn_lasts_from_the_first_begin_to_the_last_end(
    workers: list[tuple[int, int, int]],
) -> None:
    reports = tuple(Report(begin, begin + span, min(cpu, span), 0) for begin, span, cpu in workers)
    whole = Turn(reports=reports, cpu=0.0)
    assert whole.seconds >= max(span for _, span, _ in workers) / SECOND * (1 - 1e-9)
    assert 0 <= whole.on_cpu <= 1 + 1e-9


@given(SPANS, SPANS)
def test_workers_that_scale_ideally_cost_one(span: int, more: int) -> None:
    assert Pair(one=turn(span), many=turn(span, span)).relative == pytest.approx(1)
    assert Pair(one=turn(span), many=turn(span, span + more)).relative > 1


def test_the_metrics_of_known_pairs() -> None:
    found = {
        1: [Pair(one=turn(4 * SECOND), many=turn(5 * SECOND, cpu=5.0))],
        2: [Pair(one=turn(6 * SECOND), many=turn(9 * SECOND, 3 * SECOND, cpu=12.0))],
    }
    made = metrics(found, 3)
    assert {name: metric.samples for name, metric in made.items()} == {
        "serial": pytest.approx((5 / 3,)),
        "unit_1": pytest.approx((5 / 3,)),
        "unit_2": pytest.approx((1.5,)),
        "relative_1": pytest.approx((1.25,)),
        "relative_2": pytest.approx((1.5,)),
        "cpu": pytest.approx((2.0,)),
    }
    assert {metric.unit for metric in made.values()} == {"seconds", "ratio"}


def _recording(name: str, log: list[str]) -> Side:
    def side() -> Turn:
        log.append(name)
        return turn(len(log))

    return side


@given(st.integers(1, 7))
def test_sides_take_turns_a_b_b_a(rounds: int) -> None:
    log: list[str] = []
    sides = {"x": (_recording("one", log), _recording("many", log))}
    cell = Cell(
        mode=mode_named("threads"),
        params={},
        profile=profile_named(f"rounds={rounds}"),
        deadline=Deadline(60),
        observe=lambda *_: None,
    )
    found = pairs(cell, sides)
    assert "".join(word[0] for word in log) == ("om" + "mo") * (rounds // 2) + "om" * (rounds % 2)
    # However they were called, each is filed as what it is.
    for number, pair in enumerate(found["x"]):
        times = (pair.one.seconds, pair.many.seconds)
        assert (times[0] < times[1]) is (number % 2 == 0)


def test_one_wrong_checksum_refuses_the_run() -> None:
    right, wrong = turn(1, 2), turn(1, checksum=8)
    assert "3 checksums of lcg" in check("lcg", {2: [Pair(one=turn(1), many=right)]}, 7).checked
    with pytest.raises(FtbenchError, match=r"lcg: checksums \[7, 8\] are not 7"):
        check("lcg", {2: [Pair(one=wrong, many=right)]}, 7)


def test_shares_are_those_of_the_many() -> None:
    half = Turn(reports=(Report(0, 10, 5, 7),), cpu=0.0)
    assert shares({4: [Pair(one=turn(1), many=half)] * 3}) == {"4": 0.5}


def test_workers_that_run_one_after_the_other_had_half_of_a_cpu_each() -> None:
    """Their own spans do not tell: the second begins when it first gets a CPU."""
    in_turn = Turn(reports=(Report(0, 10, 10, 7), Report(10, 20, 10, 7)), cpu=0.0)
    assert in_turn.on_cpu == pytest.approx(0.5)
    assert Pair(one=turn(10), many=in_turn).relative == pytest.approx(2)


def test_a_member_by_hand_is_what_it_is_in_a_team() -> None:
    member = Member(role="worker", run=(crunch, ("is_prime", 2)), prepare=(warm, ("is_prime",)))
    team = team_of(mode_named("threads"), Deadline(30), [member] * 3)
    alone, together = by_hand(member)(), by_team(team)()
    team.end()
    expected = 2 * KERNELS["is_prime"][1]
    assert [report.checksum for report in alone.reports] == [expected]
    assert [report.checksum for report in together.reports] == [expected] * 3
    assert alone.cpu > 0
    assert together.cpu > 0
