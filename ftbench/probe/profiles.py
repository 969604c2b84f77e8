"""The profiles: how long to measure.  They change rounds and durations, never names or params."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass

VARIABLE = "FTBENCH_PROFILE"
DEFAULT = "quick"


@dataclass(frozen=True, kw_only=True)
class Profile:
    """How much of everything one run takes.

    A timed cell runs `least_rounds` rounds and goes on, up to `most_rounds`, while fewer than
    `seconds` have passed; the work of a round never changes.  A round that is itself thousands
    of operations is repeated from `least_repeats` to `most_repeats` times in the same way.  A
    footprint is held for `hold` seconds.  `processes` is how many fresh processes asv runs per
    cell (its `rounds`).
    """

    name: str
    least_rounds: int
    most_rounds: int
    least_repeats: int
    most_repeats: int
    seconds: float
    hold: float
    processes: int


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
            least_rounds=10,
            most_rounds=50,
            least_repeats=2,
            most_repeats=6,
            seconds=0.3,
            hold=0.5,
            processes=1,
        ),
        Profile(
            name="full",
            least_rounds=12,
            most_rounds=100,
            least_repeats=4,
            most_repeats=10,
            seconds=0.6,
            hold=1.0,
            processes=2,
        ),
    )
}


def profile_named(name: str) -> Profile:
    """Return the profile called `name`; raises `UsageError` for a name that is none."""
    if name not in PROFILES:
        from ftbench.errors import unknown  # noqa: PLC0415 - the measured process never comes here

        raise unknown("profile", name, PROFILES)
    return PROFILES[name]


def current_profile(environ: Mapping[str, str] = os.environ) -> Profile:
    """Return the profile that `FTBENCH_PROFILE` names, `quick` where it is not set."""
    return profile_named(environ.get(VARIABLE) or DEFAULT)
