"""The history of a line of results: each release against the last one, and feature release."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from ftbench.arms import Arm
from ftbench.releases import Release
from ftbench.results import ResultTree
from ftbench.verdicts.comparing import Comparison


class Against(StrEnum):
    """What a release is judged against; the values are the words that users read."""

    BEFORE = "the release before it in its series"
    FEATURE = "the last feature release"


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Line:
    """What may be compared from release to release: one machine, flavour, profile and arm."""

    machine: str
    flavour: str
    profile: str
    arm: Arm


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One release judged against another one of its line."""

    line: Line
    release: Release
    base: Release
    against: Against
    comparison: Comparison


def lines(tree: ResultTree) -> tuple[Line, ...]:
    """Return the lines that there are results of, sorted."""
    raise NotImplementedError


def history(tree: ResultTree, line: Line) -> tuple[Step, ...]:
    """Return every step of a line, oldest first; a release has up to two."""
    raise NotImplementedError
