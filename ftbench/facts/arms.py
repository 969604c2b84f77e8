"""The arms of every comparison: which build, with its GIL and its JIT on or off."""

from __future__ import annotations

from collections.abc import Container, Mapping
from dataclasses import dataclass, field
from typing import Final

from ftbench.errors import unknown


@dataclass(frozen=True, slots=True, kw_only=True)
class Arm:
    """A build of CPython and the states of GIL and JIT that it runs with."""

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
    jit: bool = False

    @property
    def variables(self) -> dict[str, str]:
        """What its interpreters find in their environment: no JIT unless it is asked for."""
        return {**jit_variable(on=self.jit), **self.environment}


def jit_variable(*, on: bool) -> dict[str, str]:
    """Return the variable that switches the JIT of a build that has one."""
    return {"PYTHON_JIT": "1" if on else "0"}


# The first series that says whether its JIT is on.
JIT_SINCE: Final = (3, 14)

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
    Arm(
        name="jit",
        title="GIL build, PYTHON_JIT=1",
        label="GIL build, JIT on",
        character="\N{BLACK DIAMOND}",
        python="gil",
        free_threaded=False,
        gil=True,
        jit=True,
        environment={"PYTHON_JIT": "1"},
    ),
)


# Those that each release has; the JIT is whoever's makes a build to build in.
USUAL_ARMS: Final = ARMS[:3]
# What has a GIL for itself is on the second what it is on the first.
WITHOUT_GIL, WITH_GIL = USUAL_ARMS[1:]


def usual_and(names: Container[str]) -> tuple[Arm, ...]:
    """Return the arms that every release has, and of the others those in `names`."""
    return tuple(arm for arm in ARMS if arm in USUAL_ARMS or arm.name in names)


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
