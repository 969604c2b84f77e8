"""shared_set on real interpreters: every strategy in every mode, and what cannot be."""

from __future__ import annotations

import itertools
import sys
from itertools import islice
from pathlib import Path
from typing import Any

import pytest
from probing import (
    GROWN,
    MANAGED_OPERATIONS,
    OPERATIONS,
    document_of,
    has_mode,
    run_probe,
    small_cells,
    words_of,
)

from ftbench.errors import FtbenchError, UsageError
from ftbench.facts.modes import MODES, Mode, mode_named
from ftbench.probe.run.outcome import LEAST_SAMPLES
from ftbench.probe.scenarios import shared_set
from ftbench.probe.scenarios.base import scenario_named
from ftbench.probe.scenarios.reports import Plan, Report, Run, new_ids
from ftbench.probe.scenarios.shared_set import (
    MOST_SLOTS,
    costs_of,
    fairness,
    peak_rss,
    price_of,
    why_not,
)
from ftbench.probe.scenarios.shared_set_strategies import MANAGED, STRATEGIES
from ftbench.probe.workers.base import Round
from ftbench.probe.workloads.ids import draw
from ftbench.probe.workloads.locks import packed
from ftbench.pythons import Interpreter

SHARED_SET = scenario_named("shared_set")
WORKERS = 2
LOCKED = ("lock", "striped", "shared_memory")
LOCK_WAITS = {"lock_wait", "lock_wait_p50", "lock_wait_p99", "lock_wait_max"}
NOTES = {"rounds", "every", "clock", "on_cpu", "operations", "inserts", "distinct"}
# Of a process that has all workers in it.
OWN_NOTES = {"peak_rss"}
ONE_OF_A_KIND = [mode for mode in MODES if mode.start_method in (None, "forkserver")]
EITHER = pytest.mark.parametrize("which", [0, 1], ids=["gil", "ft"])
linux = pytest.mark.skipif(sys.platform != "linux", reason="memory is told by Linux's /proc")
Pair = tuple[Interpreter, Interpreter]
Params = dict[str, Any]


def _python(pair: Pair, which: int, mode: Mode) -> Interpreter:
    if not has_mode(pair[which], mode):
        pytest.skip(f"{pair[which].release} here has no {mode.name}")
    return pair[which]


def _cells(mode: Mode, **more: Any) -> list[Params]:
    """Return every strategy that the mode can have, cold and grown; spawn takes its time."""
    fills = ("grown",) if mode.start_method == "spawn" else ("cold", "grown")
    grid = itertools.product(STRATEGIES, fills)
    cells = [{"workers": WORKERS, "strategy": name, "fill": fill, **more} for name, fill in grid]
    return [cell for cell in cells if why_not(mode, SHARED_SET.parse(cell)) is None]


def _twin(cell: Params, operations: int) -> int:
    grown = set(islice(draw(WORKERS, 10_000_000), GROWN)) if cell["fill"] == "grown" else set()
    return new_ids(WORKERS, Plan(operations, 0.0, 1, 10_000_000), sorted(grown))


def _has_notes(notes: dict[str, Any], mode: Mode, *more: str) -> None:
    own = set() if mode.kind == "processes" else OWN_NOTES
    assert notes.keys() == NOTES | own | set(more)
    if own:
        # No CPython is smaller.
        assert (notes["peak_rss"] or 0) > (4 << 20 if sys.platform == "linux" else -1)


def _has_figures(
    outcome: dict[str, Any], strategy: str, rounds: int, *, priced: bool = False
) -> None:
    """Check the metrics' names, units and samples, and what must be larger than what."""
    found = outcome["metrics"]
    waits = LOCK_WAITS if strategy in LOCKED else set()
    if outcome["notes"]["operations"] < LEAST_SAMPLES[99]:
        waits = waits - {"lock_wait_p99"}
    # A write amid work that others make look cheaper than none has no price.
    prices = {"write", "write_cpu"} & found.keys() if priced else set()
    assert found.keys() == {"op", "fairness", "cpu"} | waits | prices
    for name, metric in found.items():
        assert metric["unit"] == ("ratio" if name == "fairness" else "seconds")
        assert len(metric["samples"]) == rounds
        assert all(sample >= (name == "fairness") for sample in metric["samples"])
    assert all(sample > 0 for name in ("op", "cpu") for sample in found[name]["samples"])
    if waits:
        rising = [found[name]["samples"] for name in sorted(waits - {"lock_wait", "lock_wait_max"})]
        rising.append(found["lock_wait_max"]["samples"])
        assert all(list(each) == sorted(each) for each in zip(*rising, strict=True))


@pytest.mark.parametrize(
    ("which", "mode"),
    [(which, mode) for which in (0, 1) for mode in MODES if which or mode.start_method != "spawn"],
    ids=lambda value: value.name if isinstance(value, Mode) else ("gil", "ft")[value],
)
def test_every_strategy_inserts_what_the_serial_twin_does(
    pair: Pair, which: int, mode: Mode
) -> None:
    cells = _cells(mode)
    outcomes = small_cells(_python(pair, which, mode), "shared_set", mode, cells)
    for cell, outcome in zip(cells, outcomes, strict=True):
        proxied = mode.kind == "processes" and cell["strategy"] in MANAGED
        operations = MANAGED_OPERATIONS if proxied else OPERATIONS
        notes = outcome["notes"]
        assert notes["inserts"] == notes["distinct"] == _twin(cell, operations)
        assert notes["operations"] == WORKERS * operations
        piped = mode.kind == "interpreters" and cell["strategy"] == "shared_memory"
        assert notes["every"] == (1 if proxied or piped else 64)
        _has_notes(notes, mode)
        assert notes["rounds"] == 2
        # Far over 1 in spans this short: a page fault beside them is work of the thread too.
        assert notes["on_cpu"] >= 0
        assert [each["name"] for each in outcome["invariants"]] == ["inserts"]
        _has_figures(outcome, cell["strategy"], 2, priced=proxied and cell["fill"] == "grown")
        members = ["owner", "sender", "sender"] if cell["strategy"] == "actor" else ["worker"] * 2
        manager = ["manager"] if proxied else []
        roles = sorted([*members, *manager]) if mode.kind == "processes" else []
        assert outcome["roles"] == roles


@pytest.mark.parametrize("mode", ONE_OF_A_KIND, ids=lambda mode: mode.name)
def test_a_time_box_tells_its_wall_and_its_attempts(pair: Pair, mode: Mode) -> None:
    python = _python(pair, 1, mode)
    boxed = {"form": "timed", "duration": 60, "id_space": 2_000}
    cells = [cell for cell in _cells(mode, **boxed) if cell["fill"] == "cold"]
    for cell, outcome in zip(cells, small_cells(python, "shared_set", mode, cells), strict=True):
        notes = outcome["notes"]
        assert notes["wall"] > 0.06
        assert notes["attempts"] == notes["operations"] >= notes["inserts"] > 0
        assert notes["distinct"] == notes["inserts"] <= 2_000
        _has_notes(notes, mode, "wall", "attempts")
        assert notes["rounds"] == 1
        _has_figures(outcome, cell["strategy"], 1)


@pytest.mark.parametrize("mode", [m for m in MODES if m.name in ("threads", "processes-spawn")])
def test_the_articles_form_has_its_own_instrument(pair: Pair, mode: Mode) -> None:
    cell = {"workers": WORKERS, "form": "article", "duration": 60}
    [outcome] = small_cells(_python(pair, 1, mode), "shared_set", mode, [cell])
    assert outcome["metrics"].keys() == {"op", "fairness", "cpu", "lock_wait"}
    assert outcome["metrics"]["lock_wait"]["samples"][0] > 0
    notes = outcome["notes"]
    assert notes["every"] == 1
    assert notes["wall"] > 0.06
    assert notes["attempts"] >= notes["inserts"] > 0
    # It is looked at when the workers are gone: what still lives is the manager alone.
    assert outcome["roles"] == (["manager"] if mode.kind == "processes" else [])


class Manager:
    """A strategy, and a team whose second round is dearer by the writes."""

    def __init__(self, sizes: tuple[int, int]) -> None:
        self.size = iter(sizes).__next__
        self._rounds = iter([(10_000, 4e-5), (16_000, 7e-5)])

    def round(self) -> Round:
        end, cpu = next(self._rounds)
        return Round(reports=(tuple(_report(1_000, end, 1)), tuple(_report(0, end, 1))), cpu=cpu)


def test_a_write_amid_work_costs_what_the_same_work_is_dearer_by() -> None:
    both: Any = Manager((100, 102))
    assert price_of(both, both) == pytest.approx({"write": 3e-6, "write_cpu": 1.5e-5})


def test_a_write_amid_work_that_the_set_does_not_have_is_refused() -> None:
    both: Any = Manager((100, 101))
    with pytest.raises(FtbenchError, match="Of 2 new ids 2 were found new, and the set grew by 1"):
        price_of(both, both)


@EITHER
@pytest.mark.parametrize("mode", [m for m in MODES if m.name in ("threads", "processes-fork")])
def test_through_the_whole_chain_the_tree_is_weighed_at_its_fullest(
    pair: Pair, which: int, mode: Mode
) -> None:
    python = _python(pair, which, mode)
    words = ["--workers", "2", "--set", "strategy=atomic"]
    document = document_of(python.executable, "shared_set", *words_of(mode), *words)
    gil = not python.build.free_threaded
    assert document["gil"] == {"asked": gil, "before": gil, "after": gil}
    assert [each["name"] for each in document["invariants"]] == ["inserts"]
    memory = {"rss", "uss", "pss"} if sys.platform == "linux" else {"rss"}
    assert document["metrics"].keys() >= memory | {"op", "fairness", "cpu"}
    for kind in memory:
        [size] = document["metrics"][kind]["samples"]
        assert document["metrics"][kind]["unit"] == "bytes"
        assert size == sum(role[kind] for role in document["notes"]["roles"].values())
    seen = {role: each["processes"] for role, each in document["notes"]["roles"].items()}
    processes = {"worker": 2, "manager": 1} if mode.kind == "processes" else {}
    assert seen == {"parent": 1, **processes}


def test_a_free_threaded_build_with_its_gil_is_an_arm_of_its_own(ft_python: Interpreter) -> None:
    document = document_of(ft_python.executable, "shared_set", "--workers", "2", "--gil", "on")
    assert document["gil"] == {"asked": True, "before": True, "after": True}


@pytest.mark.parametrize("strategy", MANAGED)
def test_a_strategy_that_subinterpreters_cannot_have_is_code_3(
    new_python: Interpreter, strategy: str
) -> None:
    words = ["--mode", "interpreters", "--set", f"strategy={strategy}"]
    done = run_probe(new_python.executable, "shared_set", *words)
    assert (done.returncode, done.stdout) == (3, "")
    assert "subinterpreters share no set and no dict" in done.stderr


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (["strategy=local", "form=article"], "the article measured strategy lock alone"),
        (
            ["strategy=shared_memory", "form=timed", f"id_space={MOST_SLOTS + 1}"],
            f"a slot for every id, {MOST_SLOTS} at most",
        ),
    ],
)
def test_a_combination_that_makes_no_sense_is_code_3(words: list[str], reason: str) -> None:
    sets = [part for word in words for part in ("--set", word)]
    done = run_probe(sys.executable, "shared_set", *sets)
    assert (done.returncode, done.stdout) == (3, "")
    assert reason in done.stderr


def test_a_table_of_as_many_slots_as_may_be_makes_sense() -> None:
    boxed: Params = {"strategy": "shared_memory", "form": "timed", "id_space": MOST_SLOTS}
    fixed: Params = {"strategy": "shared_memory", "id_space": 1 << 62}
    for params in (boxed, fixed):
        assert why_not(mode_named("threads"), SHARED_SET.parse(params)) is None


@pytest.mark.parametrize(
    ("params", "said"),
    [
        ({"strategy": "locks"}, "Did you mean 'lock'"),
        ({"fill": "warm"}, "There is: cold, grown"),
        ({"form": "fixd"}, "Did you mean 'fixed'"),
        ({"duration": 0}, "from 1 to 600000"),
        ({"id_space": (1 << 62) + 1}, "from 1 to 4611686018427387904"),
        ({"workers": 257}, "from 1 to 256"),
        ({"writers": 2}, "shared_set parameter 'writers'"),
    ],
)
def test_a_parameter_out_of_range_is_told_what_it_may_be(params: Params, said: str) -> None:
    with pytest.raises(UsageError) as caught:
        SHARED_SET.parse(params)
    assert said in str(caught.value)


def _report(
    begin: int, end: int, attempts: int, quicks: tuple[int, ...] = (), waits: tuple[int, ...] = ()
) -> Report:
    return Report(begin, end, end - begin, attempts, 1, packed(quicks, waits), sum(waits))


def test_a_round_is_timed_from_the_first_begin_to_the_last_of_the_work() -> None:
    one = Run(
        # Four operations: one waited, of the three that did not two were timed.
        reports=(_report(1_000, 5_000, 2, (10,), (560,)), _report(3_000, 4_000, 2, (20,))),
        inserts=2,
        end=9_000,
        cpu=2e-6,
    )
    costs = {
        "op": 8_000e-9 / 4,
        "cpu": 2e-6 / 4,
        "fairness": 4.0,
        "lock_wait": (560 + 3 * 15) / 4 * 1e-9,
        "lock_wait_p50": 15e-9,
        "lock_wait_max": 560e-9,
    }
    assert costs_of(one) == pytest.approx(costs)
    assert costs_of(one, 2)["cpu"] == 2 * costs_of(one)["cpu"]
    assert costs_of(one, 500)["lock_wait_p99"] == pytest.approx(560e-9)  # of so many there is one
    assert costs_of(one, article=True)["lock_wait"] == pytest.approx(140e-9)


@linux
def test_the_peak_stays_when_what_made_it_is_gone() -> None:
    before = peak_rss() or 0
    held = bytearray(before + (8 << 20))
    held[:] = b"x" * len(held)
    size = len(held)
    del held
    assert before > 0
    assert (peak_rss() or 0) >= size


def test_a_peak_is_read_as_the_system_writes_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    status = tmp_path / "status"
    monkeypatch.setattr(shared_set, "STATUS", status)
    assert peak_rss() is None
    status.write_text("Name:\tpython\nVmRSS:\t      9 kB\n", encoding="ascii")
    assert peak_rss() is None
    status.write_text("VmPeak:\t  9 kB\nVmHWM:\t   123 kB\n", encoding="ascii")
    assert peak_rss() == 123 * 1024


def test_fairness_of_a_time_box_compares_paces_and_never_divides_by_nothing() -> None:
    boxed = Run(
        reports=(_report(0, 1_000, 100), _report(0, 1_000, 25), _report(0, 1_000, 0)),
        inserts=1,
        end=1_000,
        cpu=0.0,
    )
    assert fairness(boxed) == pytest.approx(100)
    assert "lock_wait" not in costs_of(boxed)
