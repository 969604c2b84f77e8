"""The patterns of must_scale: one table, the same work in both arms, and nothing in common."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from types import FunctionType, ModuleType
from typing import Any

import pytest

from ftbench.probe.scenarios import must_scale, must_scale_patterns
from ftbench.probe.scenarios.must_scale import KNOWN_NOT, LEDGER, MUST

TURNS = 100
EACH_PATTERN = pytest.mark.parametrize("pattern", LEDGER)


def in_two_threads(function: Callable[[], Any]) -> list[Any]:
    """Return what `function` returns in two threads that are there at the same time."""
    both = Barrier(2, timeout=30)

    def call() -> Any:
        both.wait()
        return function()

    with ThreadPoolExecutor(2) as pool:
        return [each.result() for each in [pool.submit(call), pool.submit(call)]]


def _own(module: ModuleType) -> dict[str, Any]:
    """Return the functions and classes that a module has made, and its own objects."""
    made = {
        name: each
        for name, each in vars(module).items()
        if isinstance(each, (FunctionType, type)) and each.__module__ == module.__name__
    }
    objects = (
        "SETTINGS",
        "_LOCAL",
        "_TABLE",
        "_WORD",
        "_SHARED",
        "_BOARD",
        "_RING",
        "_LOCK",
        "_DRAW",
    )
    return made | {name: getattr(module, name) for name in objects}


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
        assert entry.turns > must_scale.WARM_TURNS


@EACH_PATTERN
def test_a_pattern_comes_to_the_same_however_often_and_whoever_has_it(pattern: str) -> None:
    expected = getattr(must_scale_patterns, pattern)(TURNS)
    assert expected > 0
    for arm in (must_scale.SHARED, must_scale.ALONE):
        must_scale.get_ready(arm, pattern)
        assert must_scale.do(arm, pattern, TURNS)[-1] == expected


@EACH_PATTERN
def test_more_turns_are_more_work(pattern: str) -> None:
    work = getattr(must_scale_patterns, pattern)
    assert work(2 * TURNS) > work(TURNS)


def _code(function: FunctionType) -> Iterator[Any]:
    yield function.__code__
    yield from (each for each in function.__code__.co_consts if inspect.iscode(each))


def test_threads_that_share_nothing_have_nothing_of_the_module_in_common() -> None:
    first, second = in_two_threads(must_scale.load)
    assert len({first.__name__, second.__name__, must_scale_patterns.__name__}) == 3
    both = [_own(module) for module in (must_scale_patterns, first, second)]
    assert both[0].keys() == both[1].keys() == both[2].keys()
    for name in both[0]:
        assert len({id(own[name]) for own in both}) == 3, name
    for pattern in LEDGER:
        functions = [getattr(module, pattern) for module in (must_scale_patterns, first, second)]
        assert len({id(function.__globals__) for function in functions}) == 3
        codes = [set(map(id, _code(function))) for function in functions]
        assert not codes[0] & codes[1] | codes[1] & codes[2]


def test_a_thread_loads_its_own_module_once() -> None:
    def twice() -> list[int]:
        found = []
        for _ in range(2):
            must_scale.get_ready(must_scale.ALONE, "closures")
            found.append(id(must_scale._OWN.module))
        return found

    first, second = in_two_threads(twice)
    assert len(set(first)) == len(set(second)) == 1
    assert first != second
