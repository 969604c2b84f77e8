"""trial_serial: what a call takes, moves and changes, and whether it comes to the same twice."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from trying import Tried

from ftbench.errors import DeadlineError, UsageError, WorkerFailedError
from ftbench.probe.trial import serial
from ftbench.probe.trial.serial import COMPUTING, MIXED, WAITING, Clock, kind_of
from ftbench.pythons import Interpreter

SQUARES = "def f(n): return n * n\n"


def test_each_input_is_called_once_and_a_second_process_compares(
    pair: tuple[Interpreter, Interpreter], tmp_path: Path
) -> None:
    tried = Tried(tmp_path, SQUARES)
    first = tried.document(pair[0], "trial_serial")
    assert len(first["metrics"]["call"]["samples"]) == 3
    assert (first["notes"]["calls"], first["notes"]["wrong"], first["invariants"]) == (3, 0, [])
    entries = json.loads((tmp_path / "reference").read_text("utf-8"))
    assert [(entry["input"], entry["wanted"]) for entry in entries] == [
        ("1", "1"),
        ("2", "4"),
        ("3", "9"),
    ]
    again = tried.document(pair[1], "trial_serial")
    assert again["notes"]["digests"] == first["notes"]["digests"]
    assert "3 results were those of the serial twin" in again["invariants"][0]["checked"]


def test_the_order_of_a_set_is_no_difference_and_what_hangs_on_it_is(
    gil_python: Interpreter, tmp_path: Path
) -> None:
    for name, source, wrong in (
        ("set", "def f(n): return {'abcdefgh'[i] * i for i in range(8)}", 0),
        ("list", "def f(n): return list({'abcdefgh'[i] * i for i in range(8)})", 1),
    ):
        (folder := tmp_path / name).mkdir()
        tried = Tried(folder, source, [1])
        digests = []
        for seed in ("1", "2"):
            notes = tried.notes(gil_python, "trial_serial", environ={"PYTHONHASHSEED": seed})
            digests.append(notes["digests"])
        assert notes["wrong"] == wrong
        assert (len(set(map(tuple, digests))) == 2) is bool(wrong)
    assert notes["first"]["input"] == "1"


def test_a_function_that_computes_is_told_from_one_that_waits(
    ft_python: Interpreter, tmp_path: Path
) -> None:
    for name, source, kind in (
        ("computes", "def f(n): return sum(range(3_000_000))", COMPUTING),
        ("waits", "import time\ndef f(n): time.sleep(0.1)", WAITING),
        (
            "both",
            """
                import time
                def f(n):
                    end = time.process_time() + 0.1
                    while time.process_time() < end: pass
                    time.sleep(0.12)
            """,
            MIXED,
        ),
    ):
        (folder := tmp_path / name).mkdir()
        notes = Tried(folder, source, [1]).notes(ft_python, "trial_serial")
        assert notes["kind"] == kind, notes


def test_a_wait_for_a_cpu_is_no_wait_of_the_functions(monkeypatch: pytest.MonkeyPatch) -> None:
    queued, cpu = iter([5.0, 5.9]), iter([1.0, 1.1])
    monkeypatch.setattr(serial, "_queued", lambda: next(queued))
    monkeypatch.setattr(serial, "cpu_seconds", lambda: next(cpu))
    clock_of = SimpleNamespace(perf_counter=iter([0.0, 1.0]).__next__)
    monkeypatch.setattr(serial, "time", clock_of)
    with (clock := Clock()):
        pass
    assert kind_of(clock.share) == COMPUTING


def test_bytes_moved_and_what_cannot_be(gil_python: Interpreter, tmp_path: Path) -> None:
    tried = Tried(tmp_path, "def f(text): return bytes(100_000)", ["x" * 5_000])
    notes = tried.notes(gil_python, "trial_serial")
    assert 5_000 < notes["bytes_in"] < 5_200
    assert 100_000 < notes["bytes_out"] < 100_200
    assert not notes["unpicklable"]
    (folder := tmp_path / "more").mkdir()
    notes = Tried(folder, "def f(n): return (i for i in 'ab')").notes(gil_python, "trial_serial")
    assert "cannot pickle 'generator' object" in notes["unpicklable"]
    assert notes["bytes_out"] == 0


def test_a_function_that_changes_its_arguments_is_noticed(
    gil_python: Interpreter, tmp_path: Path
) -> None:
    source = "def f(values): values.append(len(values)); return sum(values)"
    notes = Tried(tmp_path, source, [[1], [2, 3]]).notes(gil_python, "trial_serial")
    assert notes["changed"] == 2
    assert (notes["first_changed"]["wanted"], notes["first_changed"]["got"]) == ("[1]", "[1, 1]")
    entries = json.loads((tmp_path / "reference").read_text("utf-8"))
    assert [entry["input"] for entry in entries] == ["[1]", "[2, 3]"]


def test_a_coroutine_function_is_awaited(ft_python: Interpreter, tmp_path: Path) -> None:
    source = """
        import asyncio
        async def f(n):
            await asyncio.sleep(0.02)
            return n
    """
    document = Tried(tmp_path, source).document(ft_python, "trial_serial")
    assert min(document["metrics"]["call"]["samples"]) >= 0.02
    assert document["notes"]["kind"] == WAITING


def test_what_it_prints_is_counted_and_in_nobodys_way(
    gil_python: Interpreter, tmp_path: Path
) -> None:
    notes = Tried(tmp_path, "def f(n): print('x' * 999)").notes(gil_python, "trial_serial")
    assert notes["printed"] == 3_000


@pytest.mark.parametrize(
    ("source", "asked", "code", "words"),
    [
        ("def f(n): raise LookupError(n)", {}, WorkerFailedError, ("LookupError: 1", "input 1: 1")),
        ("def f(n): raise SystemExit(3)", {}, WorkerFailedError, ("end the program", "input 1: 1")),
        (
            "import time\ndef f(n): time.sleep(50)",
            {"call_deadline": 0.5},
            DeadlineError,
            ("0.5 s", "input 1"),
        ),
        ("def f(n): return lambda: n", {"check": "close:1e-9"}, UsageError, ("do not pickle",)),
        ("import nothing_of_that_name", {}, UsageError, ("ModuleNotFoundError", "crunch.py")),
    ],
)
def test_bad_ends(
    gil_python: Interpreter,
    tmp_path: Path,
    source: str,
    *,
    asked: dict[str, Any],
    code: type[WorkerFailedError],
    words: tuple[str, ...],
) -> None:
    ended, said = Tried(tmp_path, source).failure(gil_python, "trial_serial", **asked)
    assert ended == code.exit_code, said
    assert all(each in said for each in words), said
    assert not (tmp_path / "reference").exists()
