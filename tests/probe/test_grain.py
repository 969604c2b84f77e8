"""grain: its arithmetic, and real pools in every mode."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st
from probing import document_of, has_mode, words_of

from ftbench.errors import FtbenchError
from ftbench.facts.modes import MODES, Mode, mode_named
from ftbench.probe.pool_tasks import grind
from ftbench.probe.scenarios import grain
from ftbench.probe.scenarios.grain import SIZES, Size, Turn, metrics, turn
from ftbench.probe.workers.base import Deadline, nothing
from ftbench.probe.workers.pools import Pool
from ftbench.pythons import Interpreter

SECONDS = st.floats(1e-7, 10)
WORKERS = st.integers(1, 64)


@given(SECONDS, WORKERS)
def test_workers_that_do_nothing_but_their_tasks_are_never_idle(work: float, n: int) -> None:
    ideal = Turn(serial=work, task=work / n).costs(n)
    assert ideal["relative"] == pytest.approx(1 / n)
    assert ideal["overhead"] == pytest.approx(0, abs=1e-12)
    assert ideal["idle"] == pytest.approx(0, abs=1e-9)


@given(SECONDS, SECONDS, WORKERS)
def test_overhead_and_idleness_are_two_views_of_one_time(work: float, task: float, n: int) -> None:
    costs = Turn(serial=work, task=task).costs(n)
    assert costs["overhead"] >= 0
    assert 0 <= costs["idle"] < 1
    assert costs["idle"] * task * n == pytest.approx(costs["overhead"], rel=1e-6, abs=1e-12)


def test_one_worker_at_a_time_leaves_the_other_three_idle() -> None:
    under_a_gil = Turn(serial=1.0, task=1.0)
    assert under_a_gil.costs(4) == {"relative": 1, "overhead": 3.0, "idle": 0.75}


def test_metrics_have_a_sample_per_round_for_every_size() -> None:
    rounds = [[Turn(serial=1.0, task=float(n + 1)) for n, _ in enumerate(SIZES)]] * 3
    found = metrics(rounds, 2)
    names = {f"{metric}_{s.name}" for metric in ("relative", "overhead", "idle") for s in SIZES}
    assert set(found) == names
    assert found["relative_100us"].samples == (2.0, 2.0, 2.0)
    assert found["overhead_100us"].samples == (3.0, 3.0, 3.0)
    assert found["idle_100us"].samples == (0.75, 0.75, 0.75)


def test_sizes_are_a_ladder_of_fixed_work() -> None:
    assert [size.name for size in SIZES] == ["10us", "100us", "1ms", "10ms", "100ms"]
    for size in SIZES:
        assert size.steps == pytest.approx(size.nominal / 100e-9)
        assert size.per_worker >= 1
        assert size.alone >= 1
    assert [size.steps for size in SIZES] == sorted(size.steps for size in SIZES)


def test_grinding_is_that_many_steps_of_the_generator() -> None:
    number = 7
    for steps in range(5):
        assert grind((7, steps)) == number
        number = (number * 1103515245 + 12345) % 2**32


def test_a_result_that_is_not_the_serial_twins_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    pool = Pool(mode_named("threads"), 2, Deadline(10), None)
    monkeypatch.setattr(pool, "_map", lambda *_task: [-1])
    with pytest.raises(FtbenchError, match="serial twin"):
        turn(pool, SIZES[0])


def test_every_other_round_begins_from_the_other_end(monkeypatch: pytest.MonkeyPatch) -> None:
    done: list[tuple[str, bool]] = []

    def turn_of(_pool: Pool, size: Size, _more: int, *, pool_first: bool, after: object) -> Turn:
        assert after is nothing
        done.append((size.name, pool_first))
        return Turn(serial=size.nominal, task=1.0)

    monkeypatch.setattr(grain, "turn", turn_of)
    pool = Pool(mode_named("threads"), 2, Deadline(10), None)
    names = [size.name for size in SIZES]
    for number in range(2):
        turns = grain.one_round(pool, number, dict.fromkeys(names, 0))
        assert [each.serial for each in turns] == [size.nominal for size in SIZES]
    assert done == [(name, False) for name in names] + [(name, True) for name in names[::-1]]


@pytest.mark.parametrize(("pool_first", "order"), [(False, "LPPLLPPL"), (True, "PLLPPLLP")])
def test_a_loop_and_the_pool_are_timed_in_turn_whichever_is_first(
    monkeypatch: pytest.MonkeyPatch, order: str, *, pool_first: bool
) -> None:
    done: list[str] = []

    def by_hand(task: tuple[int, int]) -> int:
        done.append("l")
        return grind(task)

    def by_pool(_function: object, tasks: list[tuple[int, int]], *_rest: object) -> list[int]:
        done.append("P")
        time.sleep(0.05)
        return [grind(task) for task in tasks]

    pool = Pool(mode_named("threads"), 2, Deadline(10), None)
    monkeypatch.setattr(pool, "_map", by_pool)
    monkeypatch.setattr(grain, "grind", by_hand)
    size = SIZES[0]
    measured = turn(pool, size, pool_first=pool_first)
    assert "".join(done).replace("l" * size.alone, "L") == order
    assert measured.task * 2 * size.per_worker >= 0.05
    assert measured.serial > 0


@pytest.mark.parametrize("mode", MODES, ids=lambda mode: mode.name)
def test_every_mode_has_every_size(gil_python: Interpreter, mode: Mode) -> None:
    if not has_mode(gil_python, mode):
        pytest.skip(f"no {mode.name} here")
    document = document_of(gil_python.executable, "grain", *words_of(mode), "--workers", "2")
    notes = document["notes"]
    assert len(document["metrics"]) == 3 * len(SIZES)
    assert set(notes["serial"]) == {size.name for size in SIZES}
    assert notes["serial"]["10us"] < notes["serial"]["100ms"]
    assert 1 <= notes["capacity"] <= 2
    assert notes["tasks"] == {size.name: 2 * size.slices * size.per_worker for size in SIZES}
    results = notes["rounds"] * sum(notes["tasks"].values())
    assert document["invariants"][0]["checked"].startswith(f"all {results} results")


@pytest.mark.parametrize("pool", ["executor", "multiprocessing"])
def test_a_free_threaded_build_has_it_too(ft_python: Interpreter, pool: str) -> None:
    words = ["--workers", "2", "--set", f"pool={pool}"]
    document = document_of(ft_python.executable, "grain", *words)
    assert document["gil"]["after"] is False
