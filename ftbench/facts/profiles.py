"""The profiles: how long to measure.  They change rounds and durations, never names or params.

Three have names.  The probe and `measure` also take a profile of one's own, such as
`rounds=30,hold=1,interval=0.05`; figures that are kept always have a profile with a name.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import NamedTuple

VARIABLE = "FTBENCH_PROFILE"
DEFAULT = "quick"
INTERVAL_SECONDS = 0.5


class Profile(NamedTuple):
    """How much of everything one run takes."""

    name: str
    # A timed cell goes on beyond the least while fewer than `seconds` have passed; where a round
    # is thousands of operations, repeats stand for rounds.
    least_rounds: int
    most_rounds: int
    least_repeats: int
    most_repeats: int
    seconds: float
    # A footprint is held `holds` times for so many seconds, and looked at in this interval.
    hold: float
    processes: int  # fresh ones per cell, asv's `rounds`
    holds: int = 1
    interval: float = INTERVAL_SECONDS
    repeats: int = 0  # of a run that others disturbed, at most
    shorter: int = 1  # so many times shorter than usual is a round of many slices or trips


PROFILES = {
    profile.name: profile
    for profile in (
        Profile(
            name="smoke",
            least_rounds=2,
            most_rounds=2,
            least_repeats=1,
            most_repeats=1,
            seconds=0.0,
            hold=0.0,
            processes=1,
        ),
        Profile(
            name="quick",
            least_rounds=2,
            most_rounds=17,
            least_repeats=1,
            most_repeats=3,
            seconds=0.03,  # intervals are over processes, and rounds within one say little
            hold=0.1,
            processes=3,
            repeats=2,
        ),
        Profile(
            name="full",
            least_rounds=12,
            most_rounds=30,
            least_repeats=3,
            most_repeats=6,
            seconds=0.4,
            hold=1.0,
            processes=5,
            repeats=2,
        ),
    )
}


# In a duel the other side has its turn after each round, and there are as many as it is told.
DUEL = PROFILES["smoke"]._replace(
    name="duel",
    **dict.fromkeys(("least_rounds", "most_rounds", "least_repeats", "most_repeats"), 100_000),
    shorter=8,
)

# The keys of a profile of one's own: rounds or seconds, from the least to the most.
KEYS = {"rounds": (1, 100_000), "hold": (0, 3600), "interval": (0.001, 60)}


def _value(key: str, text: str) -> float:
    least, most = KEYS[key]
    whole = key == "rounds"
    try:
        value = int(text) if whole else float(text)
    except ValueError:
        value = float("nan")  # which is in no range
    if not least <= value <= most:
        from ftbench.errors import UsageError  # noqa: PLC0415 - as below

        kind = "a whole number" if whole else "a number of seconds"
        raise UsageError(
            f"A profile's {key} must be {kind} from {least:g} to {most:g}, not {text!r}."
        )
    return value


def profile_named(name: str) -> Profile:
    """Return the profile called `name`, or the one that it writes out; or `UsageError`."""
    return _written(name) if "=" in name else _named(name)


def _named(name: str) -> Profile:
    if name == DUEL.name:
        return DUEL
    if name not in PROFILES:
        from ftbench.errors import unknown  # noqa: PLC0415 - the measured process never comes here

        raise unknown("profile", name, PROFILES)
    return PROFILES[name]


def _written(text: str) -> Profile:
    """Return the profile of `rounds=3,hold=30,interval=0.05`, any of the keys, each once."""
    values: dict[str, float] = {}
    for assignment in text.split(","):
        name, _, value = (part.strip() for part in assignment.partition("="))
        if name not in KEYS or name in values:
            from ftbench.errors import UsageError, unknown  # noqa: PLC0415 - as above

            if name in values:
                raise UsageError(f"The profile {text!r} says {name} twice.")
            raise unknown("profile key", name, KEYS)
        values[name] = _value(name, value)
    profile = PROFILES[DEFAULT]._replace(
        # Whatever the order and the zeros in the text are.
        name=",".join(f"{name}={values[name]!r}" for name in KEYS if name in values),
        hold=values.get("hold", PROFILES[DEFAULT].hold),
        interval=values.get("interval", INTERVAL_SECONDS),
        repeats=0,
    )
    if "rounds" not in values:
        return profile
    rounds = int(values["rounds"])
    return profile._replace(
        least_rounds=rounds,
        most_rounds=rounds,
        least_repeats=rounds,
        most_repeats=rounds,
        seconds=0.0,
        holds=rounds,
    )


def current_profile(environ: Mapping[str, str] = os.environ) -> Profile:
    """Return the profile that `FTBENCH_PROFILE` names, `quick` where it is not set."""
    return _named(environ.get(VARIABLE) or DEFAULT)
