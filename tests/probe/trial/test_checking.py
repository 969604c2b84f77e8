"""checking: equal results have one digest, whatever they are; who differs is told where."""

from __future__ import annotations

import operator
import os
import pickle
import subprocess
import sys
import threading
from collections import Counter, OrderedDict, defaultdict, deque, namedtuple
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from enum import Enum
from fractions import Fraction
from pathlib import Path
from typing import Any
from unittest.mock import MagicMock

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from probing import environment, ran

from ftbench.errors import ResultsDifferError, UsageError
from ftbench.probe.trial.checking import (
    TOLD,
    Difference,
    Recorder,
    Twin,
    close,
    differ,
    digest,
    told,
    told_call,
)
from ftbench.pythons import Interpreter

Point = namedtuple("Point", "x y")  # noqa: PYI024 - a user's
NAN = float("nan")


class Colour(Enum):
    RED = 1
    BLUE = 2


@dataclass
class Record:
    name: str
    values: list[float] = field(default_factory=list)
    took: float = field(default=0.0, compare=False)


@dataclass(frozen=True, slots=True)
class Slotted:
    name: str
    tags: frozenset[str]


class Hostile:
    def __repr__(self) -> str:
        raise ValueError

    def __reduce_ex__(self, _protocol: Any) -> str:
        raise KeyError

    def __eq__(self, _other: object) -> bool:
        raise TypeError

    __hash__ = None  # type: ignore[assignment]


def _nested(depth: int, innermost: Any) -> Any:
    value = innermost
    for _ in range(depth):
        value = [value]
    return value


def _shared(depth: int, innermost: Any) -> Any:
    value = innermost
    for _ in range(depth):
        value = (value, value)
    return value


def _cyclic(end: int) -> list[Any]:
    value: list[Any] = [1, {"end": end}]
    value.append(value)
    return value


def _locked(name: str) -> Record:
    record = Record(name)
    record.lock = threading.Lock()  # type: ignore[attr-defined]
    return record


def _array(*values: Any, dtype: str = "float64") -> Any:
    return np.array(values, dtype=dtype)


# What makes a value, and what makes another one.
TWO: dict[str, tuple[Callable[[], Any], Callable[[], Any]]] = {
    "None": (lambda: None, lambda: 0),
    "int": (lambda: 1, lambda: 2),
    "int and bool": (lambda: 1, lambda: True),
    "int and float": (lambda: 1, lambda: 1.0),
    "int beyond what is printed": (lambda: 10**5000, lambda: 10**5000 + 1),
    "nan": (lambda: [float("nan")], lambda: [0.0]),
    "str": (lambda: "é\ud800", lambda: "e"),
    "str and bytes": (lambda: "a", lambda: b"a"),
    "tuple and list": (lambda: (1,), lambda: [1]),
    "where it is cut": (lambda: ["ab", "c"], lambda: ["a", "bc"]),
    "how deep": (lambda: [[1], 2], lambda: [[1, 2]]),
    "dict": (lambda: {"a": 1, "b": 2}, lambda: {"a": 2, "b": 1}),
    "set": (lambda: {"a", "b"}, lambda: {"a", "c"}),
    "OrderedDict": (
        lambda: OrderedDict(a=1, b=2),
        lambda: OrderedDict(b=2, a=1),
    ),
    "Counter": (lambda: Counter("abab"), lambda: Counter("abb")),
    "defaultdict": (lambda: defaultdict(list, a=[1]), lambda: {"a": [1]}),
    "deque": (lambda: deque([1, 2]), lambda: deque([2, 1])),
    "namedtuple": (lambda: Point(1, 2), lambda: (1, 2)),
    "dataclass": (lambda: Record("a", [NAN]), lambda: Record("a", [1.0])),
    "dataclass of slots": (
        lambda: Slotted("a", frozenset("xyz")),
        lambda: Slotted("a", frozenset("xy")),
    ),
    "enum": (lambda: Colour.RED, lambda: Colour.BLUE),
    "datetime": (
        lambda: datetime(2026, 1, 2, tzinfo=UTC),
        lambda: datetime(2026, 1, 3, tzinfo=UTC),
    ),
    "Decimal": (lambda: Decimal("1.5"), lambda: Fraction(3, 2)),
    "Path": (lambda: Path("a"), lambda: Path("b")),
    "exception": (lambda: ValueError("a"), lambda: ValueError("b")),
    "function": (lambda: operator.add, lambda: operator.sub),
    "class": (lambda: Record, lambda: Slotted),
    "a lock within": (lambda: _locked("a"), lambda: _locked("b")),
    "generator": (lambda: (i for i in "a"), lambda: [iter("a")]),
    "memoryview": (lambda: memoryview(b"abcd")[::2], lambda: memoryview(b"abcd")[::3]),
    "array": (lambda: _array(1, NAN), lambda: _array(1, 2)),
    "array's type": (lambda: _array(1), lambda: _array(1, dtype="float32")),
    "array's shape": (lambda: _array(1, 2), lambda: _array(1, 2).reshape(2, 1)),
    "array of objects": (
        lambda: _array("a", [1], dtype="object"),
        lambda: _array("a", [2], dtype="object"),
    ),
    "array's scalar": (lambda: np.float64(1), lambda: np.float64(2)),
    "deeper than the stack": (lambda: _nested(20_000, 1), lambda: _nested(20_000, 2)),
    "shared over and over": (lambda: _shared(60, "a"), lambda: _shared(60, "b")),
    "a part of itself": (lambda: _cyclic(1), lambda: _cyclic(2)),
}


@pytest.mark.parametrize("name", TWO)
def test_equal_results_have_one_digest_and_others_another(name: str) -> None:
    make, other = TWO[name]
    one, same, differs = make(), make(), other()
    found = digest(one), digest(same), digest(differs)
    # pytest itself would not survive the printing of some.
    assert found[0] == found[1]
    assert found[0] != found[2]
    assert close(one, same, 1e-9)
    assert not close(one, differs, 1e-9) or name == "int and float"


def test_the_layout_of_an_array_and_the_identity_of_strings_are_no_difference() -> None:
    table = np.arange(6).reshape(2, 3)
    assert digest(table) == digest(np.asfortranarray(table))
    assert digest(Path("a/b")) == digest(Path("a") / "b")
    text = str(b"name", "ascii")
    one, same = Record(text), Record("name")
    assert digest([one, text]) == digest([same, "name"])
    same.values, one.values = [], []
    assert digest(one) == digest(same)


def test_what_says_nothing_of_itself_or_raises_is_no_end() -> None:
    assert digest(Hostile()) == digest(Hostile())
    assert told(Hostile()).startswith("<Hostile instance")
    assert told(_nested(20_000, 1)).startswith("[[[[")
    assert not close(Hostile(), Record("a"), 0.1)
    assert len(digest(MagicMock())) == 64


def test_what_cannot_be_read_has_a_digest_nevertheless() -> None:
    class Changing(list):  # type: ignore[type-arg]
        def __iter__(self) -> Iterator[int]:
            raise RuntimeError

    assert digest(Changing()) == digest(Changing()) != digest([])


@settings(max_examples=25, deadline=None)
@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.binary(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
        max_leaves=30,
    )
)
def test_a_value_that_went_through_a_pickle_is_the_same(value: Any) -> None:
    again = pickle.loads(pickle.dumps(value))  # noqa: S301
    assert digest(again) == digest(value)
    assert close(again, value, 0.0)


def _digest_elsewhere(seed: str) -> str:
    program = (
        "from ftbench.probe.trial.checking import digest\n"
        "print(digest([{'abc', 'd', 'e'}, {chr(i): i for i in range(99)}, frozenset('xyz')]))"
    )
    done = ran(
        [sys.executable, "-c", program], check=True, env=environment({"PYTHONHASHSEED": seed})
    )
    return done.stdout


CROSSING = """
import datetime, decimal, fractions, collections, enum, pathlib, re, uuid, array
from ftbench.probe.trial.checking import digest
class C(enum.Enum): A = 1
print(digest([
    datetime.datetime(2026, 1, 2), datetime.timedelta(1), decimal.Decimal("1.5"),
    fractions.Fraction(1, 3), collections.Counter("aab"), collections.deque([1]), C.A,
    pathlib.Path("a/b"), re.compile("a"), uuid.UUID(int=5), array.array("d", [1.5]),
    range(3), slice(1), Exception("a"), len, OSError(2, "no", "file"), frozenset("ab"), 1j,
]))
"""


def test_releases_agree_on_digests(pair: tuple[Interpreter, ...], new_python: Interpreter) -> None:
    digests = {
        subprocess.run(
            [python.executable, "-c", CROSSING], capture_output=True, check=True, env=environment()
        ).stdout
        for python in (*pair, new_python)
    }
    assert len(digests) == 1


def test_the_seed_of_hashes_makes_no_difference() -> None:
    assert _digest_elsewhere("1") == _digest_elsewhere("2")


NEAR = 1 + 1e-12


@pytest.mark.parametrize(
    ("got", "wanted"),
    [
        (1.0, NEAR),
        (1, 1.0),
        ({"a": [1.0, NAN]}, {"a": [NEAR, NAN]}),
        ({1.0, 2.0}, {2.0, NEAR}),
        ({"b": 2, "a": 1.0}, {"a": NEAR, "b": 2}),
        (complex(1, 0), complex(NEAR, 0)),
        (Record("a", [1.0]), Record("a", [NEAR])),
        (_array(1, NAN), _array(NEAR, NAN)),
        ([_array(1)], [_array(NEAR)]),
        (np.float64(1), np.float64(NEAR)),
        (float("inf"), float("inf")),
    ],
)
def test_numbers_within_are_near(got: Any, wanted: Any) -> None:
    assert close(got, wanted, 1e-9)
    assert not close(got, wanted, 0.0) or repr(got) == repr(wanted) or (got, wanted) == (1, 1.0)


@pytest.mark.parametrize(
    ("got", "wanted"),
    [
        (1.0, 1.1),
        (1.0, "1.0"),
        ([1.0], [1.0, 1.0]),
        ([1.0], (1.0,)),
        ({"a": 1.0}, {"b": 1.0}),
        ({1.0, 2.0}, {1.0, 3.0}),
        (NAN, 1.0),
        (10**400, 1.0),
        (float("inf"), 1e308),
        (_array(1), _array(2)),
        (_array(1), _array(1, 1)),
        (Record("a"), Record("b")),
        (None, 0.0),
    ],
)
def test_what_is_no_near_number_is_not_close(got: Any, wanted: Any) -> None:
    assert not close(got, wanted, 1e-9)


# -- checks, by way of the file


def _resolve(name: str) -> Any:
    return globals()[name.partition(":")[2]]


def sums(result: Any, expected: Any) -> bool:
    return bool(sum(result) == sum(expected))


def asserts(result: Any, expected: Any) -> None:
    assert sum(result) == sum(expected), "the sums"


def fails(_result: Any, _expected: Any) -> bool:
    raise LookupError("here")


def _twin(tmp_path: Path, check: str, *results: Any) -> Twin:
    path = os.fspath(tmp_path / f"reference-{len(list(tmp_path.iterdir()))}")
    with Recorder(path, check) as recorder:
        for number, result in enumerate(results):
            recorder.add(told_call((number,), {"more": True}), result, 0.5 + number)
        assert not Path(path).exists()
    return Twin(path, check, _resolve)


def test_calls_over_and_over_are_held_against_their_inputs(tmp_path: Path) -> None:
    twin = _twin(tmp_path, "equal", "a", "b")
    assert [twin.difference(number, "ab"[number % 2]) for number in range(5)] == [None] * 5
    found = twin.difference(3, "a")
    assert found == Difference("1, more=True", "'a'", "'b'")
    assert twin.seconds == [0.5, 1.5]
    assert "5 results were those of the serial twin" in twin.held(5).checked


def test_a_class_says_by_itself_what_is_equal(tmp_path: Path) -> None:
    twin = _twin(tmp_path, "equal", Record("a", took=1.0))
    assert digest(Record("a", took=1.0)) != digest(Record("a", took=2.0))
    assert twin.difference(0, Record("a", took=2.0)) is None
    assert twin.difference(0, Record("b", took=1.0))
    assert twin.difference(0, Hostile())
    assert twin.difference(0, _array(1, 2))


def test_results_that_do_not_pickle_are_compared_by_what_they_say(tmp_path: Path) -> None:
    twin = _twin(tmp_path, "equal", _locked("a"))
    assert twin.difference(0, _locked("a")) is None
    assert twin.difference(0, _locked("b"))


@pytest.mark.parametrize("check", ["x:sums", "x:asserts"])
def test_the_users_check_decides_by_a_truth_or_by_an_assertion(tmp_path: Path, check: str) -> None:
    twin = _twin(tmp_path, check, [1, 3])
    assert twin.difference(0, [2, 2]) is None
    found = twin.difference(0, [2, 3])
    assert found
    assert ("(the check returned False)" if check == "x:sums" else "(the sums") in found.story


def test_a_check_that_raises_is_the_askers_fault(tmp_path: Path) -> None:
    twin = _twin(tmp_path, "x:fails", 1)
    with pytest.raises(UsageError, match="LookupError"):
        twin.difference(0, 1)


def test_tolerance_and_none(tmp_path: Path) -> None:
    twin = _twin(tmp_path, "close:1e-6", [1.0])
    assert twin.difference(0, [1.0000001]) is None
    assert twin.difference(0, [1.1])
    twin = _twin(tmp_path, "none", 1)
    assert twin.difference(0, 2) is None
    assert "not looked at" in twin.held(2).checked


def test_a_check_of_results_needs_results_that_pickle(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="do not pickle"):
        _twin(tmp_path, "close:1e-9", _locked("a"))
    assert [file.name for file in tmp_path.iterdir()] == ["reference-0.pickles"]


def test_large_results_are_kept_as_digests_alone(tmp_path: Path) -> None:
    large = bytes(3_000_000)
    twin = _twin(tmp_path, "equal", large)
    assert sum(file.stat().st_size for file in tmp_path.iterdir()) < 10_000
    assert twin.difference(0, bytes(3_000_000)) is None
    assert twin.difference(0, bytes(3_000_001))


# -- the story


def test_a_story_shows_long_results_where_they_begin_to_differ() -> None:
    numbers = [*range(90)]
    got, wanted = told(numbers), told([*numbers[:80], -1, *numbers[81:]])
    lines = Difference("30", got, wanted).story.splitlines()
    assert [line.partition(":")[0] for line in lines] == ["input", "got", "wanted"]
    assert "79, 80, 81" in lines[1]
    assert "79, -1, 81" in lines[2]
    assert max(map(len, lines)) < 220


def test_a_story_of_what_is_not_shown_says_so() -> None:
    assert told([*range(10_000)]) == told([*range(9_999), 0])
    assert len(told("x" * 10_000)) <= TOLD + 3
    assert "not shown" in Difference("", told([*range(10_000)]), told([*range(10_001)])).story
    assert told_call((1, "a"), {"k": [2]}) == "1, 'a', k=[2]"


def test_the_error_has_the_story_and_its_exit_code() -> None:
    error = differ("ThreadPoolExecutor", 3, 40, Difference("30", "1", "2"))
    assert isinstance(error, ResultsDifferError)
    assert error.exit_code == 13
    assert "3 of 40 results" in error.message
    assert "wanted: 2" in str(error)
