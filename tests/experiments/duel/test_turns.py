"""A pair of a duel: sides take turns, in a drawn order, and neither outlives the other's end."""

from __future__ import annotations

import math
import random
import sys
from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import psutil
import pytest
from probing import eventually

from ftbench.errors import (
    DeadlineError,
    FtbenchError,
    GilStateError,
    NotAvailableError,
    UsageError,
    WorkerFailedError,
)
from ftbench.experiments import turns
from ftbench.experiments.suite import SuiteCell
from ftbench.experiments.turns import Duellist, Layout, Pair, SideError, take
from ftbench.facts.arms import arm_named

# A cell whose metrics tell when each round began and ended, and what it was told.
CELL = """
import os, sys, time
from ftbench.probe.run import cell
from ftbench.probe.run.outcome import Metric, Outcome
def run(c):
    rows, born = [], os.getpid()
    for number in c.rounds():
        begin = time.perf_counter()
        {work}
        c.pass_turn() if {parts} else None
        counts = (number + 1, 1 + c.extra, hash("a") % 1000 + 1, born)
        rows.append((begin, time.perf_counter(), *counts))
    names = ("begin", "end", "number", "work", "hash", "born")
    samples = dict(zip(names, zip(*rows))) | {{"once": (1.0,)}}
    metrics = {{name: Metric("seconds", own) for name, own in samples.items()}}
    return Outcome(metrics, (), {{"rounds": len(rows)}})
real = cell.scenario_named
cell.main(lambda name: real(name)._replace(run=run))
"""
A = Duellist(
    name="A",
    python=Path(sys.executable),
    release="3.11.2",
    flavour="source-gcc12",
    arm=arm_named("gil"),
)
B = replace(A, name="B", extra=0.5)
KERNEL = SuiteCell(
    group="single_thread.SingleThread",
    scenario="single_thread",
    mode="serial",
    params={"kernel": "calls"},
    values=("serial", "none", "calls"),
    metrics={"kernel": "seconds"},
)

Given = Callable[..., None]


@pytest.fixture
def given(monkeypatch: pytest.MonkeyPatch) -> Given:
    def replaced(work: str = "time.sleep(0.002)", *, parts: bool = False) -> None:
        monkeypatch.setattr(turns, "CELL", CELL.format(work=work, parts=parts))

    return replaced


def seeded(seed: int = 1) -> random.Random:
    return random.Random(seed)  # noqa: S311 - no secrets here


def pair(
    rounds: int | None = 12, *, seed: int = 1, deadline: float = 30.0, seconds: float = 2.0
) -> Pair:
    draw = seeded(seed)
    layout = Layout.drawn(0, draw, alone=True)
    limits = {"seconds": seconds, "deadline": deadline}
    return take((A, B), KERNEL, layout, draw, rounds=rounds, **limits)


def order(done: Pair) -> list[bool]:
    return [a < b for a, b in done.costs["begin"]]


@pytest.mark.parametrize("parts", [False, True])
def test_only_one_side_is_at_work_and_no_round_begins_before_both_did_the_last(
    given: Given,
    parts: bool,  # noqa: FBT001
) -> None:
    given(parts=parts)
    done = pair()
    assert done.rounds == 11
    spans = list(zip(done.costs["begin"], done.costs["end"], strict=True))
    for begins, ends in spans:
        if not parts:  # else the other side has its turn amid the round
            assert max(begins) >= min(ends)
    for (_, ends), (begins, _) in pairwise(spans):
        assert max(ends) <= min(begins)


def test_the_order_is_drawn_and_a_seed_repeats_it(given: Given) -> None:
    given("pass")
    first, again, other = pair(40), pair(40), pair(40, seed=2)
    assert order(first) == order(again) != order(other)
    assert 5 < sum(order(first)) < 35


def test_which_side_is_started_first_is_drawn_for_each_pair(given: Given) -> None:
    given("pass")
    drawn = [pair(2, seed=seed).costs["born"][0] for seed in range(12)]
    assert {a < b for a, b in drawn} == {True, False}


def test_the_first_round_does_not_count_nor_what_is_not_of_rounds(given: Given) -> None:
    given()
    done = pair(5)
    assert done.costs["number"] == [(n, n) for n in (2.0, 3.0, 4.0, 5.0)]
    assert "once" not in done.costs
    assert done.units["number"] == "seconds"


def test_rounds_that_nobody_counts_are_as_many_as_fit(
    given: Given, monkeypatch: pytest.MonkeyPatch
) -> None:
    given("time.sleep(0.02)")
    assert 1 <= pair(None, seconds=0.3).rounds <= 0.3 / 0.04
    given("time.sleep(0.5)")
    assert pair(None, seconds=0.3).rounds == 1
    given("pass")
    monkeypatch.setattr(turns, "SECONDS", 0.0)
    assert pair(None, seconds=600).rounds == turns.ENOUGH - 1
    monkeypatch.setattr(turns, "SECONDS", 600.0)
    assert pair(None, seconds=600).rounds == turns.MOST - 1


def test_more_work_is_asked_of_one_side_alone(given: Given) -> None:
    given()
    assert set(pair(3).costs["work"]) == {(1.0, 1.5)}


def test_the_layout_is_alike_on_both_sides_and_another_in_the_next_pair(given: Given) -> None:
    given()
    draw = seeded()
    first, second = (Layout.drawn(number, draw, alone=True) for number in (0, 1))
    done = take((A, B), KERNEL, first, seeded(), rounds=3)
    assert len({a for a, _ in done.costs["hash"]} | {b for _, b in done.costs["hash"]}) == 1
    assert first[:2] != second[:2]
    assert first == Layout.drawn(0, seeded(), alone=True)
    names = {"FTBENCH_PADDING", "PYTHONHASHSEED"}
    assert names <= first.environment(A.arm).keys()
    assert first.environment(A.arm) == first.environment(B.arm)


_READ_ONLY = """
import os, sys
os.access = lambda *_: False
sys.dont_write_bytecode = True
sys.implementation.cache_tag = "none"
"""


def test_cells_of_sources_that_cannot_be_written_have_bytecode_in_the_cache(
    given: Given, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("FTBENCH_CACHE", str(tmp_path))
    monkeypatch.setattr(turns, "_BYTECODE", _READ_ONLY + turns._BYTECODE)
    turns._bytecode.cache_clear()
    given("born = len(sys.pycache_prefix or '')")
    done = pair(3)
    turns._bytecode.cache_clear()
    length = len(str(tmp_path / "bytecode"))
    assert set(done.costs["born"]) == {(length, length)}


@pytest.mark.skipif(sys.platform != "linux", reason="personality(2) is Linux's")
def test_addresses_are_fixed_in_what_is_started_and_not_here(given: Given) -> None:
    told = Path("/proc/self/personality")
    before = told.read_text("ascii")
    given(f"assert int(open('{told}').read(), 16) & {turns._ADDR_NO_RANDOMIZE}")
    with turns.fixed_addresses() as fixed:
        pass
    if fixed:
        assert pair(2).fixed
    assert told.read_text("ascii") == before


def children() -> set[psutil.Process]:
    """All processes below this one, of which other tests may leave a stick."""
    return set(psutil.Process().children(recursive=True))


@pytest.mark.parametrize("guilty", [0, 1])
@pytest.mark.parametrize(
    ("worst", "kind", "words"),
    [
        ("raise ValueError('no more')", FtbenchError, "no more"),
        ("os._exit(9)", WorkerFailedError, "ended with code 9"),
        ("os.kill(os.getpid(), 9)", WorkerFailedError, "ended with code 137"),
        ("time.sleep(600)", DeadlineError, "did not end within"),
    ],
)
def test_a_side_that_goes_wrong_is_named_and_nothing_of_either_stays(
    given: Given, guilty: int, worst: str, kind: type[FtbenchError], words: str
) -> None:
    given(f"(number == 2 and bool(c.extra) == {bool(guilty)}) and exec({worst!r})")
    before = children()
    with pytest.raises(SideError) as raised:
        pair(deadline=1.0 if kind is DeadlineError else 30.0)
    assert raised.value.number == guilty
    assert type(raised.value.error) is kind
    assert raised.value.error.message.startswith("AB"[guilty] + ": CPython 3.11.2, GIL build")
    assert words in raised.value.error.message
    eventually(lambda: children() <= before, "that all of both sides is gone")


@pytest.mark.parametrize("round_", [0, 2])
def test_what_neither_side_can_do_is_no_news_of_b(given: Given, round_: int) -> None:
    """Whoever was drawn to be the first: a gate would call it lost on B."""
    given(f"(number == {round_}) and exec('raise ValueError')")
    for seed in range(3):
        with pytest.raises(SideError) as raised:
            pair(seed=seed)
        assert raised.value.number == 0


def test_a_gil_in_another_state_than_asked_for_is_no_pair(given: Given) -> None:
    given()
    with pytest.raises(SideError) as raised:
        take((replace(A, arm=arm_named("ft")), B), KERNEL, Layout(1, 0, None), seeded(), rounds=3)
    assert isinstance(raised.value.error, GilStateError)


def test_what_has_no_rounds_takes_no_turns(given: Given) -> None:
    given("break")
    with pytest.raises(SideError, match="single_thread has no rounds") as raised:
        pair()
    assert isinstance(raised.value.error, NotAvailableError)


def counted(samples: list[float], **notes: str) -> dict[str, Any]:
    """What a cell tells of an overhead that has a sample a round, the first of them cold."""
    return {
        "metrics": {"overhead": {"unit": "seconds", "samples": [9.0, *samples]}},
        "notes": {"rounds": len(samples) + 1, **notes},
        "build": {},
        "effort": {},
    }


@pytest.mark.parametrize(
    ("first", "second", "ratio"),
    [
        ([0.0, 0.0, 10.0, 10.0, 10.0], [20.0] * 5, 2.0),
        ([0.0, 0.0, 10.0, 10.0, 8.0], [9.0] * 5, 9 / 8),  # by the last three alone B is better
        ([0.0, 0.0, 1.0, 1.0, 1.0], [0.0, 0.0, 1.0, 1.0, 1.0], 1.0),
        ([0.0, 0.0, 0.0, 10.0, 10.0], [2.0] * 5, None),
        ([0.0] * 5, [0.0] * 5, None),
    ],
)
def test_rounds_without_a_cost_count_as_less_than_any(
    first: list[float], second: list[float], ratio: float | None
) -> None:
    done = turns._pair(KERNEL, [counted(first), counted(second)], fixed=True)
    if ratio is None:  # in most rounds one side has no cost: a ratio of the others tells nothing
        assert done.costs == {}
    else:
        assert math.exp(turns.log_ratio(done.costs["overhead"])) == pytest.approx(ratio)


def test_what_a_side_saw_of_other_load_is_told() -> None:
    calm, busy = counted([1.0]), counted([1.0], disturbed="a core was lost")
    assert turns._pair(KERNEL, [calm, busy], fixed=True).noticed == "a core was lost"
    assert turns._pair(KERNEL, [calm, calm], fixed=True).noticed == ""


@pytest.mark.parametrize("mode", ["serial", "loky"])
def test_a_module_that_switches_the_gil_on_is_not_hidden(
    monkeypatch: pytest.MonkeyPatch, mode: str
) -> None:
    """Nothing tells a cell of its GIL if it loads such modules and is to be without."""
    told: list[dict[str, str]] = []
    monkeypatch.setattr(turns, "Guarded", lambda *_, environ, **_more: told.append(environ))
    for arm in ("gil", "ft", "ft-gil1"):
        turns._cell(replace(A, arm=arm_named(arm), mode=mode), KERNEL, Layout(1, 0, None), 9.0)
    off = "0" if mode == "serial" else None
    assert [each.get("PYTHON_GIL") for each in told] == [None, off, "1"]


@pytest.mark.skipif(not Path("/proc/self/smaps_rollup").exists(), reason="needs Linux's PSS")
def test_memory_is_of_whole_processes_and_as_much_more_as_was_added() -> None:
    grown = replace(KERNEL, scenario="footprint", mode="threads", params={"workers": 1})
    more = take((A, replace(A, extra=0.5)), grown, Layout(1, 0, None), seeded())
    (before, after) = more.costs["pss"][0]
    assert 1.4 < after / before < 1.7
    assert (more.rounds, more.units["pss"]) == (1, "bytes")


@pytest.mark.parametrize(
    ("scenario", "extra", "kind"),
    [("failure", 0.5, NotAvailableError), ("single_thread", 2.0, UsageError)],
)
def test_what_cannot_be_asked_starts_nothing(
    scenario: str, extra: float, kind: type[FtbenchError]
) -> None:
    side, cell = replace(A, extra=extra), replace(KERNEL, scenario=scenario, params={})
    before = children()
    with pytest.raises(SideError) as raised:
        take((side, side), cell, Layout(1, 0, None), seeded())
    assert isinstance(raised.value.error, kind)
    assert children() <= before
