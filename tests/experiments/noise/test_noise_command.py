"""The command: refusals, and one small real run."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from ftbench.cli.measuring import noise
from ftbench.errors import UsageError
from ftbench.pythons import Interpreter
from ftbench.results import read_results

CELL = r"Lifecycle.track_round\('threads', 'none', 1, 'empty'\)"


@pytest.mark.usefixtures("clone")
@pytest.mark.parametrize(
    ("words", "why"),
    [(["--bench", "nothing_like_it"], "matches no"), (["3.2.1"], "too old"), (["x"], "x")],
)
def test_what_cannot_be_measured_is_refused(words: list[str], why: str) -> None:
    """Before anything is installed or measured."""
    with pytest.raises(UsageError) as raised:
        CliRunner().invoke(noise, words, catch_exceptions=False)
    assert why in str(raised.value)


@pytest.mark.usefixtures("clone")
def test_a_second_build_is_of_its_own_arms_alone(gil_python: Interpreter) -> None:
    words = [gil_python.name, "--against", str(gil_python.executable), "--bench", CELL]
    with pytest.raises(UsageError, match="is side A already"):
        CliRunner().invoke(noise, words, catch_exceptions=False)


def test_a_real_interpreter_is_measured_against_itself(
    clone: Path, gil_python: Interpreter
) -> None:
    """Four fresh processes of one cell: a series with four medians, and on record."""
    words = ["--bench", CELL, "--profile", "smoke", "--replicates", "2", "--machine", "vm"]
    python = str(gil_python.executable)
    done = CliRunner().invoke(noise, [python, *words, "--format", "json"], catch_exceptions=False)
    assert done.exit_code == 0
    (document,) = json.loads(done.stdout)
    (series,) = document["series"]
    assert series["order"] == "ABBA"
    assert len(set(series["medians"])) > 1
    (kept,) = read_results(clone / "results").noise
    assert list(kept.medians) == series["medians"]
    assert (kept.machine, kept.arm.name, kept.profile) == ("vm", "gil", "smoke")
