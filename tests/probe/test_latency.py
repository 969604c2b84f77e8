"""latency: one schedule for every mode, time from when a request was due, who cannot keep up."""

from __future__ import annotations

import sys
import time
from functools import partial
from typing import Any

import pytest
from probing import bad_errand, document_of, has_mode, run_probe, words_of

from ftbench.errors import DeadlineError, FtbenchError
from ftbench.facts.modes import MODES, Mode, mode_named
from ftbench.facts.profiles import PROFILES
from ftbench.probe.scenarios import latency
from ftbench.probe.scenarios.base import Cell
from ftbench.probe.scenarios.crossover import Size
from ftbench.probe.scenarios.latency import (
    LATENCY,
    LOADS,
    SIZES,
    Load,
    Served,
    by_pool,
    figures,
    in_a_loop,
    load_of,
    sizes,
)
from ftbench.probe.workers.base import Deadline
from ftbench.probe.workers.pools import pool_of
from ftbench.probe.workloads.crunching import errand
from ftbench.pythons import Interpreter

THREADS = mode_named("threads")
MILLI = 1_000_000


def small(count: int = 5, gap: int = MILLI, **changes: Any) -> Load:
    """Return a load whose requests take next to no time, one every `gap` ns."""
    times = [gap * number for number in range(count)]
    load = Load(name="100us_50", steps=3, times=times, answer=errand(3, b""), share=0.5)
    return load._replace(**changes)


# -- what is offered


@pytest.mark.parametrize("percent", LOADS)
@pytest.mark.parametrize("size", SIZES, ids=lambda size: size.name)
def test_every_mode_has_the_same_schedule_at_the_rate_of_its_share_of_a_core(
    size: Size, percent: int
) -> None:
    load = load_of(size, percent, size.steps // 10)
    assert load.times == load_of(size, percent, 1).times
    assert load.name == f"{size.name}_{percent}"
    rate = percent / 100 / size.nominal
    assert len(load.times) / rate == pytest.approx(load.times[-1] * 1e-9, rel=0.15)
    assert load.answer == errand(size.steps // 10, b"")
    assert load.share > 0


def test_a_percentile_has_its_requests_wherever_there_is_time_for_the_size() -> None:
    for profile in (PROFILES["quick"], PROFILES["full"]):
        counts = [SIZES[size] for size in sizes(profile)]
        assert min(counts) * profile.least_repeats >= 500
    assert {size.name for size in sizes(PROFILES["quick"])} == {"100us", "1ms"}


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
    found, lacks = figures("100us_50", rounds)
    assert found == pytest.approx({"p50_100us_50": 2e-3, "p99_100us_50": 3e-3})
    assert not lacks
    found, lacks = figures("100us_50", rounds[:1])
    assert found.keys() == {"p50_100us_50"}
    assert lacks["p99_100us_50"].startswith("250 samples are too few")


def test_who_cannot_keep_up_has_no_figure_but_a_reason() -> None:
    growing = served(*[number * 1e-3 for number in range(1, 601)])
    found, lacks = figures("100us_50", [growing])
    assert not found
    assert lacks.keys() == {"p50_100us_50", "p99_100us_50"}
    assert set(lacks.values()) == {"cannot keep up: the backlog grew to the end"}
    # One long stop, after which the backlog clears, is a tail and no overload.
    stopped = served(*[1e-3] * 500, *[(100 - number) * 1e-3 for number in range(100)])
    assert figures("100us_50", [stopped])[0]["p99_100us_50"] > 0.09
    # In most of the rounds it clears.
    assert figures("100us_50", [growing, stopped, stopped])[0]
    assert not figures("100us_50", [growing, growing, stopped])[0]


@pytest.mark.parametrize(("late", "doubted"), [(0.4e-3, 0), (1.5e-3, 4)])
def test_a_p99_that_is_the_senders_own_wait_says_so(
    late: float, doubted: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(latency, "in_a_loop", lambda _: served(*[2e-3] * 500, late=late))
    cell = Cell(
        mode=mode_named("serial"),
        params={"workers": 1},
        profile=PROFILES["smoke"],
        deadline=Deadline(50),
        observe=lambda *_: None,
    )
    notes = latency.run(cell).notes
    assert notes["sent_late"]["1ms_50"] == pytest.approx(late)
    names = [f"p99_{size}_{load}" for size in ("100us", "1ms") for load in LOADS]
    assert [*notes["doubts"]] == names[:doubted]


# -- real pools


@pytest.mark.parametrize("mode", MODES, ids=lambda mode: mode.name)
def test_every_mode_answers_all_requests(pair: tuple[Interpreter, Interpreter], mode: Mode) -> None:
    python = pair[MODES.index(mode) % 2]
    if not has_mode(python, mode):
        pytest.skip(f"no {mode.name} here")
    document = document_of(python.executable, "latency", *words_of(mode), "--workers", "2")
    _is_whole(document)
    assert all(late > 0 for late in document["notes"]["sent_late"].values())


def test_a_plain_loop_is_offered_the_same(gil_python: Interpreter) -> None:
    document = document_of(gil_python.executable, "latency", "--mode", "serial", "--workers", "1")
    _is_whole(document)
    assert set(document["notes"]["sent_late"].values()) == {0}


def _is_whole(document: dict[str, Any]) -> None:
    notes, found = document["notes"], set(document["metrics"])
    # A figure or the reason why there is none: how fast this machine is, nobody knows.
    assert found | set(notes["lacks"]) == {spec.name for spec in LATENCY.metrics}
    assert not found & set(notes["lacks"])
    assert set(notes["offered"]) == set(notes["requests"])
    answers = sum(notes["requests"].values()) * notes["rounds"]
    assert document["invariants"][0]["checked"].startswith(f"all {answers} answers are ")


_COUNTING = """
from multiprocessing import Value
from ftbench.probe.workloads import arrivals
done, send_off = Value("l"), arrivals.send_off
def sent_off(times, *rest):
    assert not any(times) or done.value >= 20 * 2, f"only {done.value} were done before"
    return send_off(times, *rest)
arrivals.send_off = sent_off
"""


@pytest.mark.skipif(sys.platform == "win32", reason="needs fork")
def test_workers_are_warm_before_requests_come_by_the_schedule() -> None:
    counted = "done.get_lock().acquire(); done.value += 1; done.get_lock().release()"
    how = bad_errand(counted, _COUNTING)
    words = ["--mode", "processes", "--start-method", "fork", "--workers", "2"]
    done = run_probe(sys.executable, "latency", *words, how=how)
    assert done.returncode == 0, done.stderr
