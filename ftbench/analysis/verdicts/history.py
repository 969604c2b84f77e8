"""The history of an environment: each release against the last one, and feature release."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from enum import StrEnum

from ftbench.analysis.verdicts.comparing import JudgedFamily, compare_sides, evidence, side_of
from ftbench.releases import Level, Release
from ftbench.results import Figure, ResultTree, State
from ftbench.results.keys import Environment


class Against(StrEnum):
    """What a release is judged against; the values are the words that users read."""

    BEFORE = "the release before it in its series"
    FEATURE = "the last feature release"


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One release judged against another one in the same environment."""

    environment: Environment
    release: Release
    base: Release
    against: Against
    comparison: JudgedFamily


def environments(tree: ResultTree) -> tuple[Environment, ...]:
    """Return the environments that there are results of, in their order."""
    return tuple(sorted({source.environment for source in tree.sources}, key=_order))


def _order(environment: Environment) -> tuple[str, str, str, int]:
    return environment.order


def history(tree: ResultTree, environment: Environment) -> tuple[Step, ...]:
    """Return every step of an environment, oldest first; a release has up to two.

    Each step is a family of its own.  A release is judged against the newest older one of its
    series that there are figures of, and against the last feature release, see `last_feature`.
    """
    figures: dict[Release, list[Figure]] = {}
    for figure in tree.figures:
        if figure.state is State.MEASURED and figure.environment == environment:
            figures.setdefault(figure.release, []).append(figure)
    known = evidence(_share(tree, environment))
    sides = {release: side_of(known, measured) for release, measured in figures.items()}
    return tuple(
        Step(
            environment=environment,
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


def _share(tree: ResultTree, environment: Environment) -> ResultTree:
    """Return the tree with the noise of one environment alone, of whatever build.

    The floors of thousands of series take time.
    """
    place = environment.machine, environment.profile, environment.arm
    return replace(
        tree,
        noise=tuple(run for run in tree.noise if (run.machine, run.profile, run.arm) == place),
    )
