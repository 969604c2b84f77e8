"""The three columns, on samples whose figures can be told by heart."""

from __future__ import annotations

from dataclasses import replace

import pytest
from fake_measurements import FAILED, MIB, UNAVAILABLE, made

from ftbench.analysis.claims.quantity import Quantity
from ftbench.experiments.reproduce.figures import Computed, figures
from ftbench.experiments.reproduce.record import Reproduction, Taken
from ftbench.experiments.reproduce.report import judged


def line(done: Reproduction, name: str) -> Computed:
    return figures(done)[name]


# Of the samples in reproductions.py, by hand: its way here, corrected here, in stored units.
FIGURES = {
    "overhead.threads.round": (0.004, 0.002),
    "overhead.fork.round": (0.006, 0.004),
    "overhead.fork.relative": (1.5, 2.0),
    "overhead.threads.relative": (1.0, 1.0),
    "overhead.spawn.payload": (None, 0.042),
    "memory.threads.rss": (60 * MIB, 80 * MIB),
    "memory.spawn.uss": (50 * MIB, 60 * MIB),
    "memory.fork.pss": (0.9 * 28 * MIB, 28 * MIB),
    "shared_set.threads.ops": (5e6 / 5.5, 1e6),
    "shared_set.threads.inserts": (4e6 / 5.5, 0.8e6),
    "shared_set.threads.duplicates": (0.2, 0.2),
    "shared_set.fork.relative": (20.0, 20.0),
    "shared_set.fork.lock_wait": (80e-6, 80e-6),
    "shared_set.fork.lock_wait_p99": (None, 800e-6),
    "rust.python.ops": (5e6 / 5.5, 1e6),
    "rust.rust.ops": (6666667 / 5.5, 1e6 / 0.75),
    "rust.tax.ops": (6666667 / 5e6, 1 / 0.75),
    "rust.tax.lock_wait": (1 / 0.75, 1 / 0.75),
    "rust.python.memory": (120 * MIB, 100 * MIB),
    "rust.python.per_id": (120 * MIB / 4e6, 100 * MIB / 4e6),
    "rust.tax.per_id": (4 / 3 * 5333334 / 4e6, 4 / 3 * 5333334 / 4e6),
    "rust.python.cpu": (1.5 / 1.1, 1.5),
    "rust.rust.cpu_op": (None, 1.125e-6),
    "rust.python.waiting": (None, 0.5),
    "sharded.1.ops": (1562500 / 5.5, 312500.0),
    "sharded.4.put": (1.6e-6 / 3, 0.4e-6),
    "sharded.4.ack": (11.2e-6, 9.6e-6),
    "sharded.4.ack_p95": (None, 14.4e-6),
}


@pytest.mark.parametrize("name", FIGURES)
def test_a_figure_is_what_its_samples_make_it(name: str) -> None:
    got = line(made(), name)
    assert (got.way.value, got.corrected.value) == pytest.approx(FIGURES[name])


def test_a_median_has_its_spread_and_the_articles_average_none() -> None:
    got = line(made(), "overhead.fork.round")
    assert got.way.middle is None
    assert got.corrected.middle is not None
    assert got.corrected.middle.low < 0.004 < got.corrected.middle.high


def test_of_one_process_there_is_no_interval() -> None:
    assert line(made(), "overhead.fork.round").corrected.spread is None
    assert line(made(), "overhead.fork.relative").corrected == Quantity(value=2.0)
    assert line(made(), "overhead.threads.relative").corrected == Quantity(value=1.0)


def test_a_failed_step_is_failed_in_its_rows_and_in_no_others() -> None:
    done = made(broken={"lifecycle/spawn/empty": FAILED})
    round_, relative = (line(done, f"overhead.spawn.{name}") for name in ("round", "relative"))
    for quantity in (round_.corrected, relative.corrected):
        assert (quantity.value, quantity.word) == (None, "failed")
        assert "spawn" in quantity.reason
        assert "Worker 3 of 8" in quantity.reason
    assert round_.way.value == pytest.approx(0.042)
    assert line(done, "overhead.fork.relative").corrected.value == pytest.approx(2.0)


def test_without_threads_no_row_is_relative_to_them() -> None:
    done = made(broken={"lifecycle/threads/empty": FAILED})
    assert line(done, "overhead.fork.relative").corrected.word == "failed"
    assert line(done, "overhead.fork.round").corrected.value == pytest.approx(0.004)


def test_without_a_compiler_rust_is_not_available_and_python_stands() -> None:
    done = made(broken=dict.fromkeys(("native/article", "native/timed"), UNAVAILABLE))
    for row in ("rust", "tax"):
        got = line(done, f"rust.{row}.ops")
        assert {got.way.word, got.corrected.word} == {"not available"}
        assert "There is no rustc." in got.way.reason
    assert line(done, "rust.python.ops").corrected.value == pytest.approx(1e6)


def test_a_system_without_pss_says_so() -> None:
    done = made()
    (spawn,) = (step for step in done.steps if step.key == "memory/spawn")
    assert spawn.measurement is not None
    del spawn.measurement.metrics["pss"]
    del spawn.measurement.notes["without_helpers"]["pss"]
    got = line(done, "memory.spawn.pss")
    for quantity in (got.way, got.corrected):
        assert quantity.word == "not available"
        assert "does not report pss" in quantity.reason
    assert line(done, "memory.spawn.uss").corrected.value == pytest.approx(60 * MIB)


def test_a_step_that_is_not_there_was_not_measured() -> None:
    done = made(without=["sharded_writers/forkserver/2/timed"])
    got = line(done, "sharded.2.ops")
    assert got.corrected.word == "not measured"
    assert got.way.value is not None


def test_waits_that_would_be_more_than_the_time_there_was_are_not_told() -> None:
    done = made()
    (timed,) = (step for step in done.steps if step.key == "native/timed")
    assert timed.measurement is not None
    lock_wait = timed.measurement.metrics["lock_wait"]
    more = lock_wait._replace(samples=(lock_wait.samples[0] * 2.1,))
    timed.measurement.metrics["lock_wait"] = more
    got = line(done, "rust.rust.waiting").corrected
    assert (got.value, got.word) == (None, "not known")


def test_where_the_peak_is_known_it_is_the_articles_memory() -> None:
    done = made()
    (run,) = (step for step in done.steps if step.key == "native/article")
    assert run.measurement is not None
    run.measurement.notes["peak_rss"] = 7 * MIB
    assert line(done, "rust.rust.memory").way == Quantity(value=7.0 * MIB)


def test_only_the_parts_that_were_asked_for_have_a_table() -> None:
    done = judged(made(parts=("memory", "rust")))
    assert [table.name for table in done.tables] == ["memory", "rust"]
    assert {name.partition(".")[0] for name in done.figures} == {"memory", "rust"}


def test_of_several_processes_a_figure_has_their_interval_and_the_articles_way_their_mean() -> None:
    got = line(made(processes=3), "overhead.fork.round")
    assert got.way.value == pytest.approx(0.006)
    assert got.way.spread is None
    assert got.corrected.value == pytest.approx(0.004, rel=1e-3)
    assert [len(own) for own in got.corrected.processes] == [11] * 3
    assert got.corrected.spread is not None
    assert got.corrected.spread.low < 0.99 * 0.004 < 1.01 * 0.004 < got.corrected.spread.high


def test_a_ratio_is_of_each_process_by_itself() -> None:
    """All of a process is dearer alike, so that its ratios are not."""
    got = line(made(processes=3), "overhead.fork.relative").corrected
    assert got.value == pytest.approx(2.0)
    assert got.spread is not None
    assert got.spread.low == pytest.approx(2.0)
    assert got.spread.high == pytest.approx(2.0)
    assert line(made(processes=3), "overhead.threads.relative").corrected == Quantity(value=1.0)


def test_one_process_that_failed_leaves_the_others() -> None:
    done = made(processes=3)
    steps = [
        taken_anew(step) if (step.key, step.process) == ("lifecycle/spawn/empty", 1) else step
        for step in done.steps
    ]
    got = line(replace(done, steps=tuple(steps)), "overhead.spawn.round").corrected
    assert len(got.processes) == 2
    every = made(processes=3, broken={"lifecycle/spawn/empty": FAILED})
    assert line(every, "overhead.spawn.round").corrected.word == "failed"


def taken_anew(step: Taken) -> Taken:
    return replace(step, **FAILED)  # type: ignore[arg-type]
