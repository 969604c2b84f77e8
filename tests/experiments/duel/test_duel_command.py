"""The command: what it refuses, what it keeps and goes on with, its exit codes, a real run."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from commands import Command
from fake_pairs import Takes

from ftbench.cli.measuring import duel
from ftbench.errors import (
    DeadlineError,
    InterpreterError,
    NotAvailableError,
    UsageError,
    WorkerFailedError,
)
from ftbench.experiments import duel as experiment
from ftbench.experiments.turns import Duellist, Layout, SideError
from ftbench.pythons import Interpreter, venvs
from ftbench.report.output import Format
from ftbench.results import read_results
from ftbench.results.duels import read_duels
from ftbench.statistics.sequential import fewest

ROOT = Path(__file__).resolve().parents[3]
DUEL = Command(duel)
CALLS = r"^single_thread.*'calls'"
SOME = r"^single_thread.*'(calls|json)'"


@pytest.fixture
def clone(clone: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The same with a cache of its own, and no environment is made."""
    monkeypatch.setenv("FTBENCH_CACHE", str(clone / "cache"))
    monkeypatch.setattr(venvs, "ready", lambda _venv, one: one.executable)
    return clone


@pytest.fixture
def takes(monkeypatch: pytest.MonkeyPatch) -> Takes:
    made = Takes()
    monkeypatch.setattr(experiment, "take", made)
    return made


Ask = Callable[..., list[str]]


@pytest.fixture
def asked(clone: Path, gil_python: Interpreter) -> Ask:
    python = str(gil_python.executable)
    return lambda *more: [python, python, "--machine", "vm", *more]


def title(kernel: str) -> str:
    return f"single_thread.SingleThread(serial, {kernel})"


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (["--bench", "nothing_like_it"], "matches no"),
        (["--mode-b", "threads"], "--mode-b goes with --mode"),
        (["--mode", "threads"], "None of these cells has threads"),
        (["--mode", "thread"], "mode 'thread' is not known"),
        (["--mode", "serial", "--mode-b", "thread"], "thread"),
        (["--arm", "ft"], "Arm ft is a free-threaded build"),
    ],
)
def test_what_makes_no_sense_is_refused(asked: Ask, words: list[str], why: str) -> None:
    error = DUEL.error(*asked(*words))
    assert isinstance(error, UsageError)
    assert why in str(error)


@pytest.mark.parametrize("option", ["--budget=0s", "--budget=9", "--inject=2", "--pairs=61"])
def test_a_number_out_of_range_is_refused(asked: Ask, option: str) -> None:
    assert DUEL.code(*asked(option)) == 2


@pytest.mark.parametrize(
    ("ratio", "word", "code"), [(1.03, "worse", 10), (0.98, "better", 0), (1.0, "same", 0)]
)
def test_the_word_is_also_the_exit_code(
    asked: Ask, takes: Takes, ratio: float, word: str, code: int
) -> None:
    takes.ratio = ratio
    words = asked("--bench", CALLS)
    assert DUEL.code(*words) == code
    document = DUEL.document(*words)
    assert {each["word"] for each in document["duels"]} == {word}
    assert document["exit_code"] == code
    for each in document["duels"]:
        low, high = each["interval"]
        assert low < ratio < high
        assert each["effect"] == pytest.approx(ratio, abs=0.005)
        assert len(each["pairs"]) < 30  # it ended when it was decided


def test_every_format_tells_the_same(asked: Ask, takes: Takes) -> None:
    takes.ratio = 1.05
    for form in Format:
        said = DUEL.said(*asked("--bench", CALLS, "--format", form))
        for what in ("worse", "1.0", "calls"):
            assert what in said


def test_a_budget_that_is_spent_leaves_it_undecided(asked: Ask, takes: Takes) -> None:
    takes.noise = 0.3
    words = asked("--bench", CALLS, "--budget", "1us")
    document = DUEL.document(*words)
    # As many as could have decided one of two series.
    assert {(each["word"], len(each["pairs"])) for each in document["duels"]} == {
        ("not decidable", fewest(among=2))
    }
    takes.noise, takes.ratio = 0.0, 1.1
    assert {
        each["word"] for each in DUEL.document(*words, "--fresh", "--inject", "1%")["duels"]
    } == {"worse"}
    takes.pairs.clear()
    DUEL.document(*asked("--bench", CALLS, "--pairs", "7"))
    assert takes.pairs == {title("calls"): 7}


def test_pairs_in_which_a_side_saw_other_load_are_counted(asked: Ask, takes: Takes) -> None:
    takes.noticed = "a core was lost"
    duels = DUEL.document(*asked("--bench", CALLS))["duels"]
    assert [each["disturbed"] for each in duels] == [len(each["pairs"]) for each in duels]


def test_what_is_undecided_says_how_many_more_pairs_it_takes(asked: Ask, takes: Takes) -> None:
    takes.noise = 0.08
    words = asked("--bench", CALLS, "--budget", "1us", "--seed", "1")
    document, said = DUEL.document(*words), DUEL.said(*words)
    for each in document["duels"]:
        assert (each["word"], each["needs"] > 5) == ("not decidable", True)
        assert f"{len(each['pairs'])}, needs {each['needs']} more" in said
    takes.ratio = 1.5
    decided = DUEL.document(*words, "--fresh")
    assert [each["needs"] for each in decided["duels"]] == [None, None]


def test_a_repeat_adds_its_pairs_and_the_same_seed_again_does_not(
    clone: Path, asked: Ask, takes: Takes
) -> None:
    """The verdict of the command is that of `compare`: on all pairs on record."""
    takes.noise = 0.3
    words = asked("--bench", CALLS, "--pairs", "20")
    for seed, count in (("1", 20), ("2", 40), ("2", 20)):
        document = DUEL.document(*words, "--seed", seed)
        assert {len(each["pairs"]) for each in document["duels"]} == {count}
        (path,) = (clone / "results" / "vm").glob("*.duel.jsonl")
        file = read_duels(path)
        assert file
        assert [len(duel.pairs) for duel in file.duels] == [count, count]


def test_a_margin_of_ones_own_says_what_is_the_same(asked: Ask, takes: Takes) -> None:
    takes.noise = 0.02
    words = asked("--bench", CALLS, "--seed", "1")
    usual, finer = (DUEL.document(*words, *more)["duels"][0] for more in ((), ("--margin", "1%")))
    assert (usual["margin"], finer["margin"]) == (0.03, 0.01)
    assert (usual["word"], finer["word"]) == ("same", "same")
    assert len(usual["pairs"]) < len(finer["pairs"])
    assert max(map(abs, (end - 1 for end in finer["interval"]))) < 0.01
    said = DUEL.said(*words, "--margin", "0.5%", "--pairs", "5")
    assert "or where memory is looked at all, in turn" in " ".join(said.split())
    assert "Differences of at most 0.5 % count as the same." in " ".join(said.split())


def test_a_seed_repeats_orders_and_layouts_of_each_cell(asked: Ask, takes: Takes) -> None:
    def drawn(*words: str) -> list[tuple[Layout, float]]:
        takes.drawn.clear()
        DUEL.document(*asked("--pairs", "5", *words))
        return list(takes.drawn)

    one = drawn("--bench", CALLS, "--seed", "3")
    assert drawn("--bench", CALLS, "--seed", "3") == one
    assert drawn("--bench", SOME, "--seed", "3")[:5] == one
    assert drawn("--bench", CALLS, "--seed", "4") != one
    assert drawn("--bench", CALLS) != drawn("--bench", CALLS)


def test_cells_that_are_done_are_kept_and_not_measured_again(
    clone: Path, asked: Ask, takes: Takes
) -> None:
    takes.ends[title("json")] = KeyboardInterrupt()
    words = asked("--bench", SOME)
    DUEL.call(*words)
    (path,) = (clone / "results" / "vm").glob("*.duel.jsonl")
    file = read_duels(path)
    assert file
    assert {duel.params["kernel"] for duel in file.duels} == {"calls"}
    takes.ends.clear()
    takes.pairs.clear()
    seed = file.duels[0].seed
    done = DUEL.call(*words)
    assert "1 of 2 cells were measured" in done.stderr
    assert set(takes.pairs) == {title("json")}
    file = read_duels(path)
    assert file
    assert {duel.seed for duel in file.duels} == {seed}
    assert f"Seed: {seed}." in " ".join(done.stdout.split())
    assert [(d.params["kernel"], d.metric) for d in file.duels] == [
        *(("calls", "kernel"), ("calls", "cpu"), ("json", "kernel"), ("json", "cpu"))
    ]
    assert {build for duel in file.duels for build in [s.build for s in duel.sides]} == set(
        file.builds
    )
    takes.pairs.clear()
    DUEL.call(*words)  # that one was through: this is another
    assert len(takes.pairs) == 2
    again = read_duels(path)
    assert again
    assert len(again.duels) == 4
    # asv's readers do not mind the file.
    warnings = read_results(clone / "results").warnings
    assert {warning.path.name for warning in warnings} == {"benchmarks.json"}


def test_fresh_forgets_a_run_that_was_ended(asked: Ask, takes: Takes) -> None:
    takes.ends[title("json")] = KeyboardInterrupt()
    DUEL.call(*asked("--bench", SOME))
    takes.ends.clear()
    takes.pairs.clear()
    DUEL.call(*asked("--bench", SOME, "--fresh"))
    assert len(takes.pairs) == 2


@pytest.mark.parametrize(
    ("failed", "code", "tries"),
    [
        (SideError(1, WorkerFailedError("it broke", story="Traceback: here")), 11, 2),
        (SideError(1, DeadlineError("it hung")), 11, 2),
        (SideError(0, WorkerFailedError("it broke")), 0, 2),
        (SideError(1, NotAvailableError("no such thing")), 0, 1),
        (SideError(0, InterpreterError("gone")), 7, 1),
    ],
)
def test_a_cell_that_a_side_cannot_run_is_told_and_others_go_on(
    asked: Ask, takes: Takes, failed: SideError, code: int, tries: int
) -> None:
    takes.ends[title("calls")] = failed
    words = asked("--bench", SOME)
    assert DUEL.code(*words) == code
    assert takes.pairs[title("calls")] == tries
    if code != 7:
        document = DUEL.document(*words)
        (lost,) = document["lost"]
        assert lost == {"cell": title("calls"), "reason": str(failed)}
        assert len(document["duels"]) == 2
        ended = "failed in 2 pairs, which ends a cell" if tries == 2 else "skipped"
        words_of_it = " ".join(str(failed).split())
        assert f"{ended}: {title('calls')}: {words_of_it}" in DUEL.said(*words)


def test_a_pair_that_failed_is_told_though_the_next_ones_did_not(asked: Ask, takes: Takes) -> None:
    """A build that crashes once in many processes is news."""
    words = asked("--bench", SOME)
    crashed = SideError(1, WorkerFailedError("it ended with code 139"))
    takes.once[title("calls")] = crashed
    document = DUEL.document(*words)
    assert document["failed_once"] == [{"cell": title("calls"), "reason": str(crashed)}]
    assert (document["exit_code"], document["lost"], len(document["duels"])) == (0, [], 4)
    takes.once[title("calls")] = crashed
    said = " ".join(DUEL.said(*words).split())
    assert f"failed once, in a pair that does not count: {title('calls')}: it ended" in said
    assert DUEL.document(*words)["failed_once"] == []


def test_a_metric_without_pairs_is_named(asked: Ask, takes: Takes) -> None:
    words = asked("--bench", r"Lifecycle.track_(round|start)\('threads', '\w+', 8, 'empty'")
    takes.metrics = ["round", "cpu"]
    cell = "lifecycle.Lifecycle(threads, 8, empty)"
    assert DUEL.document(*words)["left_out"] == {cell: ["start"]}
    said = " ".join(DUEL.said(*words).split())
    assert "something on both sides: start of 1 cell" in said
    takes.metrics = ["start", "round"]
    assert DUEL.document(*words, "--fresh")["left_out"] == {}


def test_nothing_that_could_be_compared_is_code_12(asked: Ask, takes: Takes) -> None:
    takes.ends[title("calls")] = SideError(1, NotAvailableError("no such thing"))
    assert DUEL.code(*asked("--bench", CALLS)) == 12
    takes.metrics = ["cold"]  # of each round, but nobody asked for it
    error = DUEL.error(*asked("--bench", SOME))
    assert (error.exit_code, "has a sample a round" in str(error)) == (12, True)


def test_modes_are_compared_and_named(asked: Ask, takes: Takes) -> None:
    bench = r"Lifecycle.track_round\('\w+', '\w+', 8, 'empty'"
    words = ["--mode", "threads", "--mode-b", "processes-spawn", "--inject", "5%"]
    document = DUEL.document(*asked("--bench", bench, *words))
    assert [side.mode for side in takes.sides] == ["threads", "processes-spawn"]
    assert [side.extra for side in takes.sides] == [0.0, 0.05]
    duel = document["duels"][0]
    assert [side["mode"] for side in duel["sides"]] == ["threads", "processes-spawn"]
    assert duel["params"] == {"mode": "threads", "workers": "8", "task": "empty"}
    assert "threads" in DUEL.said(*asked("--bench", bench, *words))


def test_a_damaged_file_is_left_alone(clone: Path, asked: Ask, takes: Takes) -> None:
    DUEL.call(*asked("--bench", CALLS))
    (path,) = (clone / "results" / "vm").glob("*.duel.jsonl")
    path.write_text("{", encoding="utf-8")
    takes.pairs.clear()
    assert DUEL.code(*asked("--bench", CALLS)) == 8
    assert not takes.pairs
    assert path.read_text(encoding="utf-8") == "{"


def test_nothing_is_measured_that_could_not_be_kept(
    clone: Path, asked: Ask, takes: Takes, monkeypatch: pytest.MonkeyPatch
) -> None:
    may = os.access
    folder = clone / "results" / "vm"
    monkeypatch.setattr(os, "access", lambda path, how: Path(path) != folder and may(path, how))
    error = DUEL.error(*asked("--bench", CALLS))
    assert (error.exit_code, takes.pairs) == (8, {})
    assert f"{folder} is not yours to write" in error.message


def test_real_interpreters_duel(
    pair: tuple[Interpreter, Interpreter], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """GIL against free-threaded, half as much work more: the way it shows, on record."""
    shutil.copy(ROOT / "asv.conf.json", tmp_path)
    shutil.copytree(ROOT / "benchmarks", tmp_path / "benchmarks")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("FTBENCH_MEASURING_LOCK", str(tmp_path / "lock"))
    gil, free = (str(each.executable) for each in pair)
    words = ["--bench", CALLS, "--pairs", "5", "--inject", "50%", "--seed", "1", "--machine", "vm"]
    document = DUEL.document(gil, free, *words)
    assert [duel["metric"] for duel in document["duels"]] == ["kernel", "cpu"]
    for each in document["duels"]:
        first, second = each["sides"]
        assert (first["arm"], second["arm"]) == ("gil", "ft")
        assert (first["extra"], second["extra"]) == (0.0, 0.5)
        assert first["build"] != second["build"]
        assert each["effect"] > 1
        assert len(each["pairs"]) == 5


def test_builds_that_were_not_made_alike_are_said_to_differ(
    asked: Ask, takes: Takes, monkeypatch: pytest.MonkeyPatch
) -> None:
    words = asked("--bench", CALLS, "--pairs", "5")
    assert "not made alike" not in DUEL.said(*words)
    made = experiment.duellist

    def unlike(name: str, *more: Any) -> Duellist:
        side = made(name, *more)
        return replace(side, flavour=side.flavour + "-pgo-lto" * (name == "B"))

    monkeypatch.setattr(experiment, "duellist", unlike)
    flavour = takes.sides[0].flavour
    said = " ".join(DUEL.said(*words, "--fresh").split())
    assert f"The builds are of different kinds: a difference is also one between {flavour}" in said
