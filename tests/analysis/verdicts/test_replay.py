"""The commands of docs/replay.md, on the results of this repository: known answers are found."""

from __future__ import annotations

import json
import re
import shlex
import statistics
from collections import Counter
from pathlib import Path

import pytest
from click.testing import CliRunner

from ftbench.cli.report import compare
from ftbench.errors import RegressionError
from ftbench.results import read_results
from ftbench.statistics.verdict import Word

ROOT = Path(__file__).parents[3]
PAGE = (ROOT / "docs" / "replay.md").read_text(encoding="utf-8")


def commands(section: str) -> list[list[str]]:
    """Return the words of each `ftbench compare` below a heading."""
    (text,) = (part for part in PAGE.split("\n## ")[1:] if part.startswith(section))
    return [
        shlex.split(line) for line in re.findall(r"^\$ ftbench compare (.+)$", text, re.MULTILINE)
    ]


def replayed(words: list[str], monkeypatch: pytest.MonkeyPatch) -> tuple[Counter[str], int]:
    """Return how often each verdict came, and the exit code; skips where nothing was measured."""
    monkeypatch.chdir(ROOT)
    result = CliRunner().invoke(compare, [*words, "--format", "json"], standalone_mode=False)
    if not result.output:
        pytest.skip(f"results/ has nothing of it: {result.exception}")
    series = [each for one in json.loads(result.output)["comparisons"] for each in one["series"]]
    if all(each["p"] is None for each in series):
        pytest.skip("results/ has no noise floor for it")
    assert not [each for each in series if each["verdict"] == "same" and each["floor"] > 0.03]
    found = Counter(each["verdict"] for each in series)
    assert not found[Word.ELSEWHERE], "a run measured both: the page says so"
    return found, getattr(result.exception, "exit_code", 0)


def test_the_page_has_the_commands() -> None:
    differ, alike = commands("Known to differ"), commands("Known not to differ")
    there, back = ["3.13.15", "3.14.7"], ["3.14.7", "3.13.15"]
    assert [words[:2] for words in differ] == [there, back, there]
    assert [words[:2] for words in alike] == [["3.13.15", "3.14.7"]]


def test_releases_that_differ_are_told_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    there, back, kernels = commands("Known to differ")
    found, code = replayed(there, monkeypatch)
    assert (found["better"], found["worse"]) == (6, 0)
    mirrored, code_back = replayed(back, monkeypatch)
    assert mirrored["worse"] == found["better"]
    assert code_back == RegressionError.exit_code
    assert code == (RegressionError.exit_code if found["worse"] else 0)
    by_duel, code = replayed(kernels, monkeypatch)
    assert (by_duel, code) == ({"better": 12}, 0)


def test_the_price_of_one_thread_fell_from_3_13_to_3_14_in_every_kernel_but_few() -> None:
    """By the duels on record, whichever releases of a series they are of."""
    prices: dict[str, dict[str, float]] = {}
    for duel in read_results(ROOT / "results").duels:
        record, (first, second) = duel.record, duel.record.sides
        if (record.metric, first.arm, second.arm) == ("kernel", "gil", "ft"):
            middle = statistics.median(pair[0] for pair in record.pairs)
            prices.setdefault(first.release, {})[record.params["kernel"]] = middle
    before, after = prices["3.13.15"], prices["3.14.7"]
    assert before.keys() == after.keys()
    assert sum(after[kernel] < before[kernel] for kernel in before) >= 10
    assert statistics.mean(before.values()) > 2 * statistics.mean(after.values())


def test_releases_that_do_not_differ_are_not_told_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    (words,) = commands("Known not to differ")
    found, code = replayed(words, monkeypatch)
    assert found[Word.SAME], "native code on one machine"
    assert not found["worse"] + found["better"], found
    assert code == 0
