"""Profiles of one's own: what may be written, and what is made of it."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from probing import run_probe

from ftbench.errors import UsageError
from ftbench.facts.profiles import (
    DEFAULT,
    INTERVAL_SECONDS,
    KEYS,
    PROFILES,
    current_profile,
    profile_named,
)
from ftbench.pythons import Interpreter

ROUNDS = st.integers(1, 100_000)
HOLD = st.floats(0, 3600)
INTERVAL = st.floats(0.001, 60)


@given(st.fixed_dictionaries({}, optional={"rounds": ROUNDS, "hold": HOLD, "interval": INTERVAL}))
def test_what_is_written_is_what_is_done(values: dict[str, float]) -> None:
    if not values:
        return
    profile = profile_named(",".join(f"{name}={value!r}" for name, value in values.items()))
    quick = PROFILES[DEFAULT]
    assert profile.hold == values.get("hold", quick.hold)
    assert profile.interval == values.get("interval", INTERVAL_SECONDS)
    rounds = values.get("rounds")
    if rounds is None:
        assert (profile.least_rounds, profile.most_rounds) == (
            quick.least_rounds,
            quick.most_rounds,
        )
        assert (profile.least_repeats, profile.holds) == (quick.least_repeats, 1)
    else:
        assert {profile.least_rounds, profile.most_rounds, profile.holds} == {rounds}
        assert {profile.least_repeats, profile.most_repeats} == {rounds}


@given(ROUNDS, HOLD, INTERVAL)
def test_its_name_writes_it_out_whatever_the_order(
    rounds: int, hold: float, interval: float
) -> None:
    profile = profile_named(f"interval={interval!r}, hold={hold!r} ,rounds={rounds:05d}")
    assert profile == profile_named(profile.name)
    assert profile.name.startswith(f"rounds={rounds},hold=")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("rounds=0", "rounds must be a whole number from 1 to 100000, not '0'"),
        ("rounds=100001", "from 1 to 100000"),
        ("rounds=2.5", "whole number"),
        ("rounds=", "whole number"),
        ("hold=nan", "hold must be a number of seconds from 0 to 3600, not 'nan'"),
        ("hold=inf", "seconds"),
        ("hold=-1", "seconds"),
        ("interval=0", "from 0.001 to 60"),
        ("rounds=3,rounds=4", "says rounds twice"),
        ("round=3", "Did you mean 'rounds'"),
        ("rounds=3,", "profile key '' is not known"),
        ("=3", "There is: hold, interval, rounds"),
    ],
)
def test_what_makes_no_sense_is_told_what_would(text: str, words: str) -> None:
    with pytest.raises(UsageError) as caught:
        profile_named(text)
    assert words in str(caught.value)


@given(st.text())
def test_any_text_is_a_profile_or_a_usage_error(text: str) -> None:
    try:
        profile = profile_named(text)
    except UsageError:
        return
    assert profile.least_rounds >= 1


def test_a_profile_with_a_name_looks_and_holds_as_before() -> None:
    for profile in PROFILES.values():
        assert profile.holds == 1
        assert profile.interval == INTERVAL_SECONDS
        assert 1 <= profile.least_repeats <= profile.most_repeats
    assert set(KEYS) == {"rounds", "hold", "interval"}


def test_the_observer_looks_as_often_as_the_profile_says(gil_python: Interpreter) -> None:
    profile = "rounds=2,hold=0.3,interval=0.1"
    done = run_probe(gil_python.executable, "footprint", "--workers=2", "--json", profile=profile)
    assert done.returncode == 0, done.stderr
    notes = json.loads(done.stdout)["notes"]
    assert (notes["holds"], notes["observer"]["interval"]) == (2, 0.1)
    assert notes["looks"] >= 6


def test_the_environment_names_one_of_the_three() -> None:
    with pytest.raises(UsageError, match="is not known"):
        current_profile({"FTBENCH_PROFILE": "rounds=3"})
