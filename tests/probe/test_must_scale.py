"""must_scale through the probe: what it yields, what it says of a pattern, how it ends."""

from __future__ import annotations

import sys

import pytest
from probing import document_of, program, run_probe

from ftbench.probe.scenarios.must_scale import LEDGER, metrics
from ftbench.probe.scenarios.scaling import Block, Report, Turn
from ftbench.pythons import Interpreter

RATIOS = {f"{arm}_{n}" for arm in ("relative", "control") for n in (2, 4)}
METRICS = {"op", "op_2", *RATIOS, *(name.replace("_", "_cpu_") for name in RATIOS)}

# A cell whose pattern is `bad` in the threads, and the real one in the serial twin.
_BAD_PATTERN = """
import threading
from ftbench.probe.scenarios import must_scale_patterns as patterns
from ftbench.probe.run import cell
real = patterns.closures
def either(turns):
    main = threading.current_thread() is threading.main_thread()
    return real(turns) if main else 0
patterns.closures = either
cell.main()
"""


def _turn(seconds: int) -> Turn:
    return Turn(reports=(Report(0, seconds * 10**9, 10**9, 0, 0),))


@pytest.mark.parametrize("build", [0, 1], ids=["gil", "ft"])
@pytest.mark.parametrize("pattern", ["imports", "shared_lock"])
def test_a_pattern_is_measured_in_both_arms(
    pair: tuple[Interpreter, Interpreter], build: int, pattern: str
) -> None:
    python = pair[build]
    document = document_of(python.executable, "must_scale", "--set", f"pattern={pattern}")
    assert document["metrics"].keys() == METRICS
    for metric in document["metrics"].values():
        assert all(sample > 0 for sample in metric["samples"])
    assert f"checksums of {pattern} were" in document["invariants"][0]["checked"]
    notes = document["notes"]
    assert (notes["ledger"], notes["reason"]) == (LEDGER[pattern].ledger, LEDGER[pattern].reason)
    assert (notes["rounds"], notes["turns"]) == (2, LEDGER[pattern].turns)
    assert notes["on_cpu"].keys() == notes["pairs"].keys() == notes["lost"].keys() == RATIOS


def test_the_metrics_of_known_pairs() -> None:
    kept = {
        "relative_2": [(_turn(2), _turn(3))],
        "relative_4": [(_turn(4), _turn(4))],
        "control_2": [(_turn(8), _turn(4))],
    }
    found = metrics([Block(kept=kept, lost={})], 10)
    assert {name: metric.samples for name, metric in found.items()} == {
        "op": pytest.approx((0.2,)),
        "op_2": pytest.approx((0.3,)),
        "relative_2": (1.5,),
        "relative_4": (1.0,),
        "control_2": (0.5,),
        **dict.fromkeys(("relative_cpu_2", "relative_cpu_4", "control_cpu_2"), (1.0,)),
    }


def test_only_threads_share() -> None:
    done = run_probe(sys.executable, "must_scale", "--mode", "processes-spawn")
    assert (done.returncode, done.stdout) == (3, "")
    assert "must_scale is measured in threads" in done.stderr


def test_a_thread_that_lies_ends_the_run() -> None:
    how = program(_BAD_PATTERN)
    done = run_probe(sys.executable, "must_scale", "--set", "pattern=closures", how=how)
    assert (done.returncode, done.stdout) == (1, "")
    assert "closures: checksums" in done.stderr
