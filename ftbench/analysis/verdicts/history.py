"""The history of a line of results: each release against the last one, and feature release."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from enum import StrEnum

from ftbench.analysis.verdicts.comparing import Comparison, compare_sides, evidence, side_of
from ftbench.facts.arms import ARMS, Arm
from ftbench.releases import Level, Release
from ftbench.results import Figure, ResultTree, Source, State


class Against(StrEnum):
    """What a release is judged against; the values are the words that users read."""

    BEFORE = "the release before it in its series"
    FEATURE = "the last feature release"


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """What may be compared from release to release: one machine, flavour, profile and arm.

    Hashed without the arm, which cannot be.
    """

    machine: str
    flavour: str
    profile: str
    arm: Arm = field(hash=False)

    def has(self, figure: Figure) -> bool:
        """Tell whether a figure is one of this line's."""
        return (
            figure.machine == self.machine
            and figure.arm.name == self.arm.name
            and figure.flavour == self.flavour
            and figure.profile == self.profile
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One release judged against another one of its line."""

    line: Line
    release: Release
    base: Release
    against: Against
    comparison: Comparison


def lines(tree: ResultTree) -> tuple[Line, ...]:
    """Return the lines that there are results of, sorted; of one build, in the arms' order."""
    return tuple(sorted({_line_of(source) for source in tree.sources}, key=_rank))


def history(tree: ResultTree, line: Line) -> tuple[Step, ...]:
    """Return every step of a line, oldest first; a release has up to two.

    Each step is a family of its own.  A release is judged against the newest older one of its
    series that there are figures of, and against the last feature release, see `last_feature`.
    """
    figures: dict[Release, list[Figure]] = {}
    for figure in tree.figures:
        if figure.state is State.MEASURED and line.has(figure):
            figures.setdefault(figure.release, []).append(figure)
    known = evidence(_share(tree, line))
    sides = {release: side_of(known, measured) for release, measured in figures.items()}
    return tuple(
        Step(
            line=line,
            release=release,
            base=base,
            against=against,
            comparison=compare_sides(known, sides[base], sides[release]),
        )
        for release in sorted(sides)
        for against, base in bases(release, sides)
    )


def bases(release: Release, measured: Iterable[Release]) -> Iterator[tuple[Against, Release]]:
    """Yield what a release is judged against, of those that were measured."""
    older = sorted(each for each in measured if each < release)
    if older and older[-1].series == release.series:
        yield Against.BEFORE, older[-1]
    feature = last_feature(release, older)
    if feature is not None:
        yield Against.FEATURE, feature


def last_feature(release: Release, measured: Iterable[Release]) -> Release | None:
    """Return the newest final release of the series before that was measured, None without one.

    Not its x.y.0: who looks at 3.15 asks what it changes for the users of 3.14, and those run the
    newest 3.14; what that series' own maintenance changed is in the other column.  So the base of
    a series is one and the same for all its releases, and moves when a newer one is measured.
    """
    start = release.major, release.minor
    finals = (each for each in measured if each.level is Level.FINAL)
    return max((each for each in finals if (each.major, each.minor) < start), default=None)


def _share(tree: ResultTree, line: Line) -> ResultTree:
    """Return the tree with the noise of one line alone: of thousands of series, floors take time.

    A floor is of whatever build.
    """
    place = line.machine, line.profile, line.arm.name
    return replace(
        tree,
        noise=tuple(run for run in tree.noise if (run.machine, run.profile, run.arm.name) == place),
    )


def _line_of(source: Source) -> Line:
    return Line(
        machine=source.machine, flavour=source.flavour, profile=source.profile, arm=source.arm
    )


def _rank(line: Line) -> tuple[str, str, str, int]:
    order = [arm.name for arm in ARMS]
    return line.machine, line.flavour, line.profile, order.index(line.arm.name)
