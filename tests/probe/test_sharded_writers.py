"""sharded_writers on real interpreters: every window and number of writers, in every mode."""

from __future__ import annotations

import sys
from array import array
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from probing import OPERATIONS, document_of, has_mode, run_probe, small_cells, words_of

from ftbench.errors import FtbenchError, UsageError
from ftbench.facts.modes import MODES, Mode, mode_named
from ftbench.facts.profiles import profile_named
from ftbench.probe.run.outcome import Outcome
from ftbench.probe.scenarios import sharded_writers
from ftbench.probe.scenarios.base import Cell, scenario_named
from ftbench.probe.scenarios.reports import Plan, new_ids
from ftbench.probe.scenarios.sharded_writers import as_run, costs_of, why_not
from ftbench.probe.scenarios.sharded_writers_loops import producing
from ftbench.probe.workers.base import Deadline, Round
from ftbench.probe.workloads.ids import prepare
from ftbench.pythons import Interpreter

SHARDED_WRITERS = scenario_named("sharded_writers")
THREADS = mode_named("threads")
METRICS = {"op", "put", "ack_p50", "cpu"}
TAILS = {"ack_p95", "ack_p99"}  # where there are enough acknowledgements
NOTES = {"rounds", "every", "clock", "on_cpu", "operations", "inserts", "distinct"}
NOTES |= {"put_mean", "ack_mean", "lacks"}
EVERYWHERE = pytest.mark.parametrize("mode", MODES, ids=lambda mode: mode.name)
EITHER = pytest.mark.parametrize("which", [0, 1], ids=["gil", "ft"])
Pair = tuple[Interpreter, Interpreter]
Params = dict[str, Any]


def _python(pair: Pair, which: int, mode: Mode) -> Interpreter:
    if not has_mode(pair[which], mode):
        pytest.skip(f"{pair[which].release} here has no {mode.name}")
    return pair[which]


def _has_figures(outcome: dict[str, Any], rounds: int) -> None:
    assert METRICS <= outcome["metrics"].keys() <= METRICS | TAILS
    for metric in outcome["metrics"].values():
        assert metric["unit"] == "seconds"
        assert len(metric["samples"]) == rounds
        assert all(sample >= 0 for sample in metric["samples"])
    found = [outcome["metrics"].get(f"ack_p{percent}") for percent in (50, 95, 99)]
    acks = [metric["samples"] for metric in found if metric]
    assert all(row[0] > 0 and list(row) == sorted(row) for row in zip(*acks, strict=True))
    assert outcome["notes"]["ack_mean"] > 0
    assert outcome["notes"]["put_mean"] >= 0
    assert outcome["metrics"]["op"]["samples"][0] > 0


@EITHER
@EVERYWHERE
def test_every_id_arrives_and_is_acknowledged(pair: Pair, which: int, mode: Mode) -> None:
    ladder = (
        [(1, 1, 1), (3, 64, 1), (3, 1, 64)]
        if mode.start_method == "spawn"
        else [(n, window, batch) for n in (1, 3) for window, batch in ((1, 1), (64, 1), (1, 64))]
    )
    cells = [
        {"workers": 2, "writers": writers, "window": window, "batch": batch}
        for writers, window, batch in ladder
    ]
    python = _python(pair, which, mode)
    outcomes = small_cells(python, "sharded_writers", mode, cells)
    for cell, outcome in zip(cells, outcomes, strict=True):
        polled = mode.kind == "interpreters" and cell["window"] == cell["batch"] == 1
        many = 1 if mode.kind == "interpreters" else 8
        share = 2 if cell["window"] > 1 else many if cell["batch"] > 1 else 1
        operations = 8 if polled else OPERATIONS * share
        notes = outcome["notes"]
        twin = new_ids(2, Plan(operations, 0.0, 1, 10_000_000))
        assert notes["inserts"] == notes["distinct"] == twin
        assert notes["operations"] == 2 * operations
        assert notes["every"] == (64 if cell["batch"] == 64 else 8)
        assert notes.keys() == NOTES
        assert [each["name"] for each in outcome["invariants"]] == ["inserts"]
        _has_figures(outcome, 2)


@pytest.mark.parametrize(
    "mode", [mode for mode in MODES if mode.start_method in (None, "fork")], ids=lambda m: m.name
)
def test_time_boxes_tell_their_wall_and_their_attempts(pair: Pair, mode: Mode) -> None:
    boxed = {"workers": 2, "writers": 2, "duration": 60, "id_space": 5_000}
    cells = [
        {**boxed, "form": "timed", "window": 1},
        {**boxed, "form": "timed", "window": 64},
        {**boxed, "form": "timed", "batch": 64},
        {**boxed, "form": "article", "window": 1},
    ]
    python = _python(pair, 1, mode)
    outcomes = small_cells(python, "sharded_writers", mode, cells)
    for stride, outcome in zip((8, 8, 64, 1), outcomes, strict=True):
        notes = outcome["notes"]
        assert notes["wall"] > 0.06
        assert notes["attempts"] == notes["operations"] >= notes["inserts"] > 0
        assert notes["distinct"] == notes["inserts"] <= 5_000
        assert notes["every"] == stride
        assert notes.keys() == NOTES | {"wall", "attempts"}
        _has_figures(outcome, 1)


def test_through_the_whole_chain_with_the_gil_as_asked_for(ft_python: Interpreter) -> None:
    words = ["--workers", "2", "--set", "writers=2", "--set", "batch=64"]
    for asked, gil in (("on", True), ("off", False)):
        mode = words_of(mode_named("processes-fork")) if sys.platform != "win32" else []
        document = document_of(
            ft_python.executable, "sharded_writers", *mode, *words, "--gil", asked
        )
        assert document["gil"] == {"asked": gil, "before": gil, "after": gil}
        assert document["metrics"].keys() == METRICS | {"ack_p95"}
        assert document["notes"]["inserts"] == new_ids(2, Plan(4_096, 0.0, 1, 10_000_000))


def _run(**params: Any) -> Outcome:
    """Run a cell by threads of this process."""
    cell = Cell(
        mode=THREADS,
        params=SHARDED_WRITERS.parse(params),
        profile=profile_named("smoke"),
        deadline=Deadline(30),
        observe=lambda *_: None,
    )
    return SHARDED_WRITERS.run(cell)


@settings(max_examples=15, deadline=None)
@given(
    st.integers(1, 4),
    st.integers(1, 5),
    st.sampled_from([(1, 1), (1, 2), (1, 16), (2, 1), (7, 1), (16, 1)]),
    st.integers(1, 80) | st.integers(1, 1 << 62),
)
def test_writers_together_hold_what_one_set_would(
    workers: int, writers: int, sent: tuple[int, int], id_space: int
) -> None:
    window, batch = sent
    operations = 48 * (2 if window > 1 else 8 if batch > 1 else 1)
    kept = sharded_writers.OPERATIONS
    sharded_writers.OPERATIONS = 48
    try:
        found = _run(
            workers=workers, writers=writers, window=window, batch=batch, id_space=id_space
        )
    finally:
        sharded_writers.OPERATIONS = kept
    assert found.notes["inserts"] == new_ids(workers, Plan(operations, 0.0, 1, id_space))


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["batch=3"], "512 operations per producer, no multiple of this batch"),
        (["batch=64", "window=64"], "a window of batches is not measured"),
        (["form=article", "window=64"], "the article measured window 1 alone, without batches"),
        (["form=article", "batch=64"], "the article measured window 1 alone, without batches"),
    ],
)
def test_what_is_not_measured_is_code_3(words: list[str], said: str) -> None:
    set_to = [word for each in words for word in ("--set", each)]
    done = run_probe(sys.executable, "sharded_writers", *set_to)
    assert (done.returncode, done.stdout) == (3, "")
    assert said in done.stderr


def test_every_window_and_every_batch_of_the_ladder_is_measured_in_every_mode() -> None:
    for mode in MODES:
        for params in ({"window": 1}, {"window": 64}, {"window": 512}, {"batch": 64}):
            assert why_not(mode, SHARDED_WRITERS.parse(params)) is None


class _Acknowledged:
    """A writer in place of queues, that acknowledges the oldest message; it counts what is out."""

    def __init__(self) -> None:
        self.out = self.most = 0
        self.waits: list[int] = []

    def put(self, message: tuple[int, int | None]) -> None:
        self.out += message[1] is not None
        self.most = max(self.most, self.out)

    def get(self) -> bool:
        self.waits.append(self.out)
        self.out -= 1
        return True


@pytest.mark.parametrize("window", [1, 4, 64])
def test_so_many_messages_are_under_way_as_the_window_says(window: int) -> None:
    plan, both = (256, 0.0, 8, 1_000), _Acknowledged()
    prepare(0, plan)
    producing(0, plan, window, (both,), both)
    assert (both.out, both.most) == (0, window)
    # A message is waited for when the window is full, until the end: then there are no more.
    assert both.waits[: 257 - window] == [window] * (257 - window)


@pytest.mark.parametrize(
    ("params", "said"),
    [
        ({"window": 1_025}, "window must be from 1 to 512"),
        ({"writers": 0}, "writers must be from 1 to 256"),
        ({"workers": 0}, "workers must be from 1 to 256"),
        ({"form": "boxed"}, "There is: article, fixed, timed"),
        ({"fill": "cold"}, "sharded_writers parameter 'fill'"),
    ],
)
def test_a_parameter_out_of_range_is_refused(params: Params, said: str) -> None:
    with pytest.raises(UsageError) as caught:
        SHARDED_WRITERS.parse(params)
    assert said in str(caught.value)


def _packed(*times: int) -> bytes:
    return array("q", times).tobytes()


def _producer(begin: int, end: int, puts: bytes, acks: bytes) -> tuple[Any, ...]:
    return begin, end, end - begin, 8, 0, b"", (puts, acks)


def _writer(attempts: int, inserts: int, held: int) -> tuple[Any, ...]:
    return 0, 1, 1, attempts, inserts, b"", held


def test_a_round_is_timed_from_the_first_begin_to_the_last_acknowledgement() -> None:
    producers = (
        _producer(1_000, 5_000, _packed(10, 20), _packed(100, 300)),
        _producer(2_000, 9_000, _packed(30), _packed(200)),
    )
    one = as_run(Round(reports=(*producers, _writer(16, 3, 3)), cpu=32e-6), 2)
    assert costs_of(one) == pytest.approx(
        {
            "op": 8_000e-9 / 16,
            "put": 20e-9,
            "ack_p50": 200e-9,
            "cpu": 2e-6,
        }
    )
    assert costs_of(one, 8)["op"] == 2 * costs_of(one)["op"]


@pytest.mark.parametrize(
    ("writer", "said"),
    [
        (_writer(7, 3, 3), "8 ids were sent and 7 arrived"),
        (_writer(9, 3, 3), "8 ids were sent and 9 arrived"),
        (_writer(8, 4, 3), "say that 4 ids were new, but hold 3"),
        (_writer(8, 2, 3), "say that 2 ids were new, but hold 3"),
    ],
)
def test_writers_that_do_not_add_up_are_refused(writer: tuple[Any, ...], said: str) -> None:
    reports = (_producer(0, 1, _packed(1), _packed(1)), writer)
    with pytest.raises(FtbenchError, match=said):
        as_run(Round(reports=reports, cpu=0.0), 1)
