"""pauses on real interpreters: in every mode, by both triggers, and what can go wrong."""

from __future__ import annotations

import sys
from typing import Any

import pytest
from probing import document_of, has_mode, program, run_probe, words_of

from ftbench.facts.modes import MODES, Mode
from ftbench.pythons import Interpreter

Pair = tuple[Interpreter, Interpreter]

METRICS = {"p50", "p99", "max", "collect"}
EITHER = pytest.mark.parametrize("which", [0, 1], ids=["gil", "ft"])
needs_fork = pytest.mark.skipif(sys.platform == "win32", reason="needs fork")
SMALL = ["--workers", "2", "--set", "heap=small"]


def _measured(python: Interpreter, mode: Mode, *words: str) -> dict[str, Any]:
    if not has_mode(python, mode):
        pytest.skip(f"{python.release} here has no {mode.name}")
    return document_of(python.executable, "pauses", *words_of(mode), *words)


@EITHER
@pytest.mark.parametrize("mode", MODES, ids=lambda mode: mode.name)
def test_pauses_are_measured_in_every_mode(pair: Pair, which: int, mode: Mode) -> None:
    document = _measured(pair[which], mode, *SMALL)
    samples = {name: metric["samples"] for name, metric in document["metrics"].items()}
    assert samples.keys() == METRICS
    assert all(metric["unit"] == "seconds" for metric in document["metrics"].values())
    [[p50], [p99], [most]] = (samples[name] for name in ("p50", "p99", "max"))
    assert 0 < p50 <= p99 <= most
    assert [each["name"] for each in document["invariants"]] == ["collections", "heap"]
    notes = document["notes"]
    assert notes["ticks"] == 600
    assert notes["lacks"] == {"p999": "600 samples are too few for it, which needs 5000"}
    assert notes["collections"] >= 3
    assert notes["collected"] >= 3_000
    free_threaded = pair[which].build.free_threaded
    assert (notes["gc"]["mode"] == "free-threaded") is free_threaded


@EITHER
def test_automatic_collections_are_measured(pair: Pair, which: int) -> None:
    document = _measured(pair[which], MODES[0], *SMALL, "--set", "trigger=churn")
    assert document["notes"]["collections"] >= 1
    assert document["metrics"]["collect"]["samples"][0] > 0


def test_the_arm_with_its_gil_has_the_collector_of_its_build(ft_python: Interpreter) -> None:
    document = document_of(ft_python.executable, "pauses", *SMALL, environ={"PYTHON_GIL": "1"})
    assert document["gil"]["before"] is True
    assert document["notes"]["gc"]["mode"] == "free-threaded"


_BAD_CELL = """
import gc, os, signal, time
from ftbench.probe.scenarios import pauses_workers as ticking
from ftbench.probe.run import cell
{what}
cell.main()
"""


def _with(what: str) -> list[str]:
    return program(_BAD_CELL.format(what=what))


@pytest.mark.parametrize("mode", ["threads", pytest.param("processes-fork", marks=needs_fork)])
@pytest.mark.parametrize(
    ("what", "who"),
    [
        ("def bad(*_args):\n    raise RuntimeError('boom')\nticking.tick = bad", "Ticker"),
        ("def bad(*_args):\n    raise RuntimeError('boom')\nticking.make = bad", "Maker 0 of 1"),
    ],
    ids=["ticker", "maker"],
)
def test_a_member_that_raises_ends_the_run_with_its_story(mode: str, what: str, who: str) -> None:
    done = run_probe(sys.executable, "pauses", "--mode", mode, *SMALL, how=_with(what))
    assert (done.returncode, done.stdout) == (4, "")
    assert who in done.stderr
    assert "RuntimeError: boom" in done.stderr


@needs_fork
def test_a_maker_that_is_killed_has_failed() -> None:
    what = "def bad(*_args):\n    os.kill(os.getpid(), signal.SIGKILL)\nticking.make = bad"
    words = ["--mode", "processes-fork", *SMALL]
    done = run_probe(sys.executable, "pauses", *words, how=_with(what))
    assert (done.returncode, done.stdout) == (4, "")
    assert "was killed by SIGKILL" in done.stderr


def test_a_ticker_that_hangs_meets_the_deadline() -> None:
    what = "def bad(*_args):\n    time.sleep(600)\nticking.tick = bad"
    done = run_probe(sys.executable, "pauses", *SMALL, "--deadline", "2", how=_with(what))
    assert (done.returncode, done.stdout) == (5, "")
    assert "2 tickers of 3 members to end their round" in done.stderr


def test_a_collector_that_does_not_collect_is_refused() -> None:
    what = "ticking.gc.collect = lambda: 0\ngc.disable()"
    done = run_probe(sys.executable, "pauses", *SMALL, how=_with(what))
    assert (done.returncode, done.stdout) == (1, "")
    assert "collections in a round" in done.stderr
