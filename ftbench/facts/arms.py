"""The arms of every comparison: which build, with its GIL on or off."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from ftbench.errors import unknown


@dataclass(frozen=True, slots=True, kw_only=True)
class Arm:
    """A build of CPython and the state of the GIL that it runs with."""

    name: str
    title: str
    # How tables and pictures name it: the shape comes first, a colour stands only beside it.
    label: str
    character: str
    # What asv.conf.json says in `pythons` and `matrix`.
    python: str
    environment: Mapping[str, str] = field(default_factory=dict, hash=False)
    free_threaded: bool
    gil: bool


ARMS: Final = (
    Arm(
        name="gil",
        title="GIL build",
        label="GIL build",
        character="\N{BLACK SQUARE}",
        python="gil",
        free_threaded=False,
        gil=True,
    ),
    Arm(
        name="ft",
        title="free-threaded build",
        label="free-threaded",
        character="\N{BLACK CIRCLE}",
        python="ft",
        free_threaded=True,
        gil=False,
    ),
    Arm(
        name="ft-gil1",
        title="free-threaded build, PYTHON_GIL=1",
        label="free-threaded, GIL on",
        character="\N{BLACK UP-POINTING TRIANGLE}",
        python="ft",
        free_threaded=True,
        gil=True,
        environment={"PYTHON_GIL": "1"},
    ),
)


# What has a GIL for itself is on the last what it is on the one before it.
WITHOUT_GIL, WITH_GIL = ARMS[1:]


def arm_named(name: str) -> Arm:
    """Return the arm called `name`; raises `UsageError` for a name that is none."""
    for arm in ARMS:
        if arm.name == name:
            return arm
    raise unknown("arm", name, (arm.name for arm in ARMS))


def arm_of(python: str, environment: Mapping[str, str]) -> Arm | None:
    """Return the arm of an asv environment, None where it is none of ours."""
    asked = python, dict(environment)
    return next((arm for arm in ARMS if (arm.python, dict(arm.environment)) == asked), None)
