"""How each arm looks, in pictures and tables alike: a shape first, a colour only beside it."""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from ftbench.facts.arms import ARMS, Arm


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """The mark of one arm: matplotlib's marker, the character like it, a CSS variable, a name."""

    marker: str
    character: str
    colour: str
    label: str


_MARKS: Final = MappingProxyType(
    {
        "gil": Mark(
            marker="s", character="\N{BLACK SQUARE}", colour="--arm-gil", label="GIL build"
        ),
        "ft": Mark(
            marker="o", character="\N{BLACK CIRCLE}", colour="--arm-ft", label="free-threaded"
        ),
        "ft-gil1": Mark(
            marker="^",
            character="\N{BLACK UP-POINTING TRIANGLE}",
            colour="--arm-ft-gil1",
            label="free-threaded, GIL on",
        ),
    }
)


def mark_of(arm: Arm) -> Mark:
    """Return the arm's mark."""
    return _MARKS[arm.name]


@dataclass(frozen=True, slots=True, kw_only=True)
class ArmText:
    """An arm in a legend, in a sentence or at the head of a column."""

    name: str
    character: str
    label: str


ARM_TEXTS: Final = MappingProxyType(
    {
        arm.name: ArmText(name=arm.name, character=mark_of(arm).character, label=mark_of(arm).label)
        for arm in ARMS
    }
)
