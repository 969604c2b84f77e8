"""latency: one schedule for every mode, time from when a request was due, who cannot keep up."""

from __future__ import annotations

import sys
import time
from functools import partial
from typing import Any

import pytest
from probing import document_of, has_mode, program, run_probe, words_of

from benchmarks.latency import Latency
from ftbench.errors import DeadlineError, FtbenchError
from ftbench.facts.modes import MODES, Mode, mode_named
from ftbench.facts.profiles import PROFILES
from ftbench.probe.scenarios import latency
from ftbench.probe.scenarios.latency import LATENCY, Load, Served, by_pool, figures, in_a_loop
from ftbench.probe.workers.base import Deadline
from ftbench.probe.workers.pools import pool_of
from ftbench.probe.workloads.crunching import errand
from ftbench.pythons import Interpreter

THREADS = mode_named("threads")
MILLI = 1_000_000


def small(count: int = 5, gap: int = MILLI, **changes: Any) -> Load:
    """Return a load whose requests take next to no time, one every `gap` ns."""
    load = Load(
        size=next(iter(latency.SIZES)),
        percent=50,
        rate=1.0,
        steps=3,
        times=[gap * number for number in range(count)],
        answer=errand(3, b""),
    )
    return load._replace(**changes)


# -- what is offered


def test_every_mode_has_the_same_schedule_at_the_rate_of_its_share_of_a_core() -> None:
    every = latency.loads(PROFILES["full"])
    assert every == latency.loads(PROFILES["full"])
    for load in every:
        assert load.rate * load.size.nominal == pytest.approx(load.percent / 100)
        span = load.times[-1] * 1e-9
        assert len(load.times) / load.rate == pytest.approx(span, rel=0.15)
        assert load.answer == errand(load.size.steps, b"")
    more = latency.loads(PROFILES["quick"], lambda steps: 2 * steps)
    assert [load.steps for load in more] == [2_000, 2_000, 20_000, 20_000]


def test_a_percentile_has_its_requests_wherever_there_is_time_for_the_size() -> None:
    for profile in (PROFILES["quick"], PROFILES["full"]):
        counts = {each.name: len(each.times) for each in latency.loads(profile)}
        assert min(counts.values()) * profile.least_repeats >= 500
    assert {each.size.name for each in latency.loads(PROFILES["quick"])} == {"100us", "1ms"}


@pytest.mark.parametrize("serve", [in_a_loop, by_pool])
def test_time_runs_from_when_a_request_was_due_whoever_was_in_the_way(
    serve: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def held_up(steps: int, payload: bytes) -> int:
        time.sleep(0.03)
        return errand(steps, payload)

    monkeypatch.setattr(latency, "errand", held_up)
    pool = pool_of("executor", THREADS, 1, Deadline(20))
    served = (serve if serve is in_a_loop else partial(by_pool, pool))(small(3))
    pool.shutdown()
    # Due after 0, 1 and 2 ms, done after 30, 60 and 90: not 30 ms each.
    assert [took >= at * MILLI for took, at in zip(served.latencies, (30, 59, 88), strict=True)]
    assert served.latencies == sorted(served.latencies)
    assert served.latencies[-1] >= 80 * MILLI
    assert len(served.late) == (0 if serve is in_a_loop else 3)


def test_an_answer_that_is_not_the_serial_twins_is_refused() -> None:
    pool = pool_of("executor", THREADS, 2, Deadline(20))
    for serve in (in_a_loop, partial(by_pool, pool)):
        with pytest.raises(FtbenchError, match="serial twin"):
            serve(small(answer=-1))
    pool.shutdown()


def test_a_request_that_nobody_answers_meets_the_deadline(monkeypatch: pytest.MonkeyPatch) -> None:
    pool = pool_of("executor", THREADS, 1, Deadline(0.2))
    monkeypatch.setattr(latency, "errand", lambda *_: time.sleep(0.6))
    with pytest.raises(DeadlineError, match="a request to be answered"):
        by_pool(pool, small(2))


# -- what it comes to


def served(*latencies: float, late: float = 0.0) -> Served:
    """Return a round of these times in seconds."""
    return Served([int(each * 1e9) for each in latencies], [int(late * 1e9)] * len(latencies))


def test_who_clears_the_backlog_has_percentiles_of_all_requests_of_the_process() -> None:
    rounds = [served(*[1e-3, 3e-3] * 125)] * 2
    found, lacks = figures(small(), rounds)
    assert found == pytest.approx({"p50_100us_50": 2e-3, "p99_100us_50": 3e-3})
    assert not lacks
    found, lacks = figures(small(), rounds[:1])
    assert found.keys() == {"p50_100us_50"}
    assert lacks["p99_100us_50"].startswith("250 samples are too few")


def test_who_cannot_keep_up_has_no_figure_but_a_reason() -> None:
    growing = served(*[number * 1e-3 for number in range(1, 601)])
    found, lacks = figures(small(), [growing])
    assert not found
    assert lacks.keys() == {"p50_100us_50", "p99_100us_50"}
    assert all(why.startswith("cannot keep up: ") and "401" in why for why in lacks.values())
    # One long stop, after which the backlog clears, is a tail and no overload.
    stopped = served(*[1e-3] * 500, *[(100 - number) * 1e-3 for number in range(100)])
    assert figures(small(), [stopped])[0]["p99_100us_50"] > 0.09
    # In most of the rounds it clears.
    assert figures(small(), [growing, stopped, stopped])[0]
    assert not figures(small(), [growing, growing, stopped])[0]


def test_a_sender_that_was_late_for_most_of_an_answers_time_is_named() -> None:
    rounds = {"1ms_50": [served(2e-3, late=1.5e-3)], "1ms_125": [served(2e-3, late=5e-4)]}
    notes = latency.sending(rounds, {"p99_1ms_50": 2e-3, "p99_1ms_125": 2e-3})
    assert notes["sent_late"] == pytest.approx({"1ms_50": 1.5e-3, "1ms_125": 5e-4})
    assert notes["sender"] == ["1ms_50"]
    assert latency.sending({"1ms_50": [Served([1], [])]}, {}) == {"sent_late": {}, "sender": []}


# -- real pools


@pytest.mark.parametrize("mode", MODES, ids=lambda mode: mode.name)
def test_every_mode_answers_all_requests(pair: tuple[Interpreter, Interpreter], mode: Mode) -> None:
    python = pair[MODES.index(mode) % 2]
    if not has_mode(python, mode):
        pytest.skip(f"no {mode.name} here")
    document = document_of(python.executable, "latency", *words_of(mode), "--workers", "2")
    _is_whole(document)
    assert document["notes"]["sent_late"].keys() == document["notes"]["requests"].keys()


def test_a_plain_loop_is_offered_the_same(gil_python: Interpreter) -> None:
    document = document_of(gil_python.executable, "latency", "--mode", "serial", "--workers", "1")
    _is_whole(document)
    assert document["notes"]["sent_late"] == {}


def _is_whole(document: dict[str, Any]) -> None:
    notes, found = document["notes"], set(document["metrics"])
    # A figure or the reason why there is none: how fast this machine is, nobody knows.
    assert found | set(notes["lacks"]) == {spec.name for spec in LATENCY.metrics}
    assert not found & set(notes["lacks"])
    assert set(notes["offered"]) == set(notes["requests"])
    answers = sum(notes["requests"].values()) * notes["rounds"]
    assert document["invariants"][0]["checked"].startswith(f"all {answers} answers are ")


_BAD = """
import os, time
from ftbench.probe.workloads import crunching as module
from ftbench.probe.run import cell
parent = os.getpid()
real = module.errand
def bad(steps, payload):
    if os.getpid() != parent:
        {worst}
    return real(steps, payload)
bad.__module__, bad.__qualname__, module.errand = module.__name__, "errand", bad
cell.main()
"""


@pytest.mark.skipif(sys.platform == "win32", reason="needs fork")
@pytest.mark.parametrize(
    ("worst", "code", "story"),
    [
        ("os._exit(3)", 4, "BrokenProcessPool"),
        ("time.sleep(600)", 5, "a request to be answered"),
        ("return -1", 1, "serial twin"),
    ],
)
def test_a_worker_that_fails_ends_the_run_with_its_story(worst: str, code: int, story: str) -> None:
    how = program(_BAD.format(worst=worst))
    words = ["--mode", "processes", "--start-method", "fork", "--workers", "2", "--deadline", "6"]
    done = run_probe(sys.executable, "latency", *words, how=how)
    assert (done.returncode, done.stdout) == (code, "")
    assert story in done.stderr


def test_the_class_has_a_plain_loop_and_pools_of_eight() -> None:
    cells = {
        (mode.name, params["workers"])
        for _, mode, params in Latency.cells()
        if LATENCY.why_not(mode, params) is None
    }
    pools = ("threads", "processes-spawn", "interpreters")
    assert cells == {("serial", 1), *((mode, 8) for mode in pools)}
