"""Whatever lies in `results/`, what reads it ends with what there is to show, or with a sentence.

`FTBENCH_FUZZ=5000 pytest tests/results/test_fuzz.py` tries so many inputs of each kind, others at
each call; without it a few are tried, always the same.
"""

from __future__ import annotations

import functools
import json
import os
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import fake_duels
import pytest
from commands import Command
from fake_results import arms, write_project
from fuzzing import FEWER, FUZZ, JSON, ODD, mutated
from hypothesis import given
from hypothesis import strategies as st
from synthetic import Plan

from ftbench.cli import cli
from ftbench.errors import FtbenchError
from ftbench.results import read_results, safe_loading

RELEASES = ("3.13.5", "3.13.15")


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    folder = tmp_path_factory.mktemp("fuzz")
    before = Path.cwd()
    plan = Plan(releases=RELEASES, arms=arms("ft"), samples=4)
    made = write_project(folder, plan, only="e.track_round")
    for records in made.glob("*/*.records.jsonl"):  # of what is in the result files alone
        lines = records.read_text("utf-8").splitlines(keepends=True)
        ours = [line for line in lines if '"group"' not in line or ".Lifecycle" in line]
        records.write_text("".join(ours[:60]), encoding="utf-8")
    first, second = (fake_duels.side(release, mode="threads") for release in RELEASES)
    params = {"mode": "threads", "workers": "8", "task": "empty"}
    fake_duels.write(
        made, fake_duels.record(first, second, 1.2, of=fake_duels.ROUND, params=params)
    )
    os.chdir(folder)
    yield made
    os.chdir(before)


KINDS = {
    "results": "*/31315*pyft*full.json",
    "records": "*/31315*pyft*.records.jsonl",
    "noise": "*/31315*pyft*.noise.jsonl",
    "duel": "*/*.duel.jsonl",
    "machine": "*/machine.json",
    "benchmarks": "benchmarks.json",
}


def mutation(text: str, seed: int, odd: Any) -> bytes:
    """Return a file with one fault, most of them within sound JSON."""
    chance = random.Random(seed)  # noqa: S311 - no secret
    if chance.random() < 0.1:
        raw = bytearray(text.encode())
        for _ in range(chance.randint(1, 4)):
            raw[chance.randrange(len(raw))] = chance.randrange(256)
        return bytes(raw[: chance.randint(0, len(raw))] if chance.random() < 0.3 else raw)
    try:
        return json.dumps(mutated(json.loads(text), chance, odd)).encode()
    except ValueError:  # a record a line
        lines = text.splitlines()
        number = chance.randrange(len(lines))
        lines[number] = json.dumps(mutated(json.loads(lines[number]), chance, odd))
        return "\n".join(lines).encode()


class Spoilt:
    """A file with other content, for a while."""

    def __init__(self, results: Path, kind: str) -> None:
        (self.path,) = results.glob(KINDS[kind])
        self.sound = self.path.read_bytes()

    def __enter__(self) -> Path:
        return self.path

    def __exit__(self, *_: object) -> None:
        self.path.write_bytes(self.sound)


sound_tree = functools.cache(read_results)


def assert_read_past(results: Path, kind: str, content: bytes) -> None:
    """Everything of the other files is read, or the file is one that all of them need."""
    sound = sound_tree(results)
    with Spoilt(results, kind) as path:
        path.write_bytes(content)
        tree = read_results(results)
        list(safe_loading.iter_results(str(results)))
        if kind in {"results", "records", "noise"}:
            (victim,) = (each.key for each in sound.sources if each.path.stem in path.name)
            others = {each.key for each in sound.sources} - {victim}
            # Not their intervals, which stand on the noise of all.
            seen = [
                [(f.key, f.series, f.state, f.samples) for f in each.figures if f.key in others]
                for each in (tree, sound)
            ]
            assert seen[0] == seen[1]
            assert {f for f in sound.noise if f.key in others} <= set(tree.noise)
        elif kind == "duel":
            assert tree.figures == sound.figures
        elif kind == "machine" and not tree.figures:
            assert [warning.path for warning in tree.warnings] == [path]
        str(tree.warnings).encode()


COMMANDS = (
    ("compare", *RELEASES),
    ("report", "--release", "3.13.15"),
    ("report", "--every", "--format", "html"),
    ("advise", "--task", "1ms"),
    ("compare", *RELEASES, "--format", "json"),
)


def assert_told(results: Path, kind: str, content: bytes, words: tuple[str, ...]) -> None:
    """A command ends with what it says or with an error of ours."""
    with Spoilt(results, kind) as path:
        path.write_bytes(content)
        called = Command(cli).call(*words)
        if called.exception is not None and not isinstance(called.exception, SystemExit):
            assert isinstance(called.exception, FtbenchError), called.exception


@pytest.mark.parametrize("kind", KINDS)
@FUZZ
@given(document=JSON)
def test_random_json_is_read_past(results: Path, kind: str, document: Any) -> None:
    assert_read_past(results, kind, json.dumps(document).encode())


@pytest.mark.parametrize("kind", KINDS)
@FUZZ
@given(seed=st.integers(), odd=ODD)
def test_mutations_are_read_past(results: Path, kind: str, seed: int, odd: Any) -> None:
    (path,) = results.glob(KINDS[kind])
    assert_read_past(results, kind, mutation(path.read_text("utf-8"), seed, odd))


@pytest.mark.parametrize("kind", KINDS)
@FEWER
@given(seed=st.integers(), odd=ODD, words=st.sampled_from(COMMANDS))
def test_commands_end_whatever_was_mutated(
    results: Path, kind: str, seed: int, odd: Any, words: tuple[str, ...]
) -> None:
    (path,) = results.glob(KINDS[kind])
    assert_told(results, kind, mutation(path.read_text("utf-8"), seed, odd), words)
