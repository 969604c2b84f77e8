"""What of a results folder is asked for: by machine, release, arm, profile, build, benchmark."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace

from ftbench.errors import UsageError, unknown
from ftbench.facts.arms import arm_named
from ftbench.releases import Release
from ftbench.results.figure import Figure, ResultTree, Source


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """A choice; None takes everything."""

    machine: str | None = None
    release: Release | None = None
    arm: str | None = None
    profile: str | None = None
    flavour: str | None = None
    bench: re.Pattern[str] | None = None

    def takes(self, item: Figure | Source) -> bool:
        """Tell whether `item` is asked for; a source's benchmarks are not looked at."""
        return (
            self.machine in {None, item.machine}
            and self.release in {None, item.release}
            and self.arm in {None, item.arm.name}
            and self.profile in {None, item.profile}
            and self.flavour in {None, item.flavour}
            and (
                self.bench is None
                or isinstance(item, Source)
                or self.bench.search(item.series.name) is not None
            )
        )

    def of(self, tree: ResultTree) -> ResultTree:
        """Return the tree with the figures and sources that are asked for."""
        return replace(
            tree,
            figures=tuple(filter(self.takes, tree.figures)),
            sources=tuple(filter(self.takes, tree.sources)),
        )


def wanted(
    tree: ResultTree,
    *,
    machine: str | None = None,
    release: str | None = None,
    arm: str | None = None,
    profile: str | None = None,
    flavour: str | None = None,
    bench: str | None = None,
) -> Wanted:
    """Return the choice that a user's words mean.

    Raises `UsageError` for words that name nothing in `tree`, with what there is, and for a
    regular expression that is none or matches no series.
    """
    sources = tree.sources
    _check("machine", machine, (source.machine for source in sources))
    _check("profile", profile, (source.profile for source in sources))
    _check("build", flavour, (source.flavour for source in sources))
    return Wanted(
        machine=machine,
        release=None if release is None else measured_release(tree, release),
        arm=None if arm is None else arm_named(arm).name,
        profile=profile,
        flavour=flavour,
        bench=None if bench is None else _pattern(bench, tree),
    )


def measured_release(tree: ResultTree, name: str) -> Release:
    """Return a release that there are results of; raises `UsageError` for any other."""
    release = Release.parse(name)
    measured = sorted({source.release for source in tree.sources})
    if release not in measured:
        names = ", ".join(each.name for each in measured)
        raise UsageError(
            f"There are no results of CPython {release.name}.",
            hint=f"There are some of {names}. To measure it: asv run {release.name}^!",
            story="\n".join(f"not read: {warning}" for warning in tree.warnings),
        )
    return release


def _check(kind: str, name: str | None, known: Iterable[str]) -> None:
    names = set(known)
    if name is not None and name not in names:
        raise unknown(kind, name, names)


def _pattern(text: str, tree: ResultTree) -> re.Pattern[str]:
    try:
        pattern = re.compile(text)
    except re.error as error:
        raise UsageError(f"{text!r} is no regular expression: {error}.") from error
    names = (figure.series.name for figure in tree.figures)
    first = next(names, None)
    if first is None or pattern.search(first) or any(map(pattern.search, names)):
        return pattern
    raise UsageError(
        f"--bench {text!r} matches no series of the results.",
        hint=f"Names look like this: {first}.",
    )
