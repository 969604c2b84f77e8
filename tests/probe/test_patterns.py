"""The patterns of must_scale: one table, and the same work however often it is done."""

from __future__ import annotations

import inspect

import pytest

from ftbench.probe.scenarios import must_scale, must_scale_patterns
from ftbench.probe.scenarios.must_scale import KNOWN_NOT, LEDGER, MUST

TURNS = 100
EACH_PATTERN = pytest.mark.parametrize("pattern", LEDGER)


def test_every_pattern_is_in_a_ledger() -> None:
    public = {
        name
        for name, each in vars(must_scale_patterns).items()
        if inspect.isfunction(each)
        and each.__module__ == must_scale_patterns.__name__
        and not name.startswith("_")
    }
    assert public == LEDGER.keys()


def test_there_are_two_ledgers_and_each_entry_has_a_reason() -> None:
    assert {entry.ledger for entry in LEDGER.values()} == {MUST, KNOWN_NOT}
    known = {name: entry.reason for name, entry in LEDGER.items() if entry.ledger == KNOWN_NOT}
    assert all(name.startswith(("shared_", "no_bytecode")) for name in known)
    assert len(set(known.values())) == len(known)
    for entry in LEDGER.values():
        assert entry.reason
        assert entry.turns > TURNS


@EACH_PATTERN
def test_a_pattern_comes_to_the_same_however_often_and_whoever_has_it(pattern: str) -> None:
    expected = getattr(must_scale_patterns, pattern)(TURNS)
    assert expected > 0
    for _ in range(2):
        assert must_scale.do(pattern, TURNS)[3] == expected


@EACH_PATTERN
def test_more_turns_are_more_work(pattern: str) -> None:
    work = getattr(must_scale_patterns, pattern)
    assert work(2 * TURNS) > work(TURNS)
