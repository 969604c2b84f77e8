"""What a fleet is to measure: `fleet.toml`, and the works that it comes to."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Final

import msgspec

from ftbench.errors import ResultsError, UsageError
from ftbench.facts.arms import ARMS, arm_named
from ftbench.facts.profiles import DEFAULT, PROFILES, profile_named
from ftbench.files import refuse_endless
from ftbench.releases import Release
from ftbench.results.records import digest_of

# Of asv's machines, which hosts are named as; of groups; of works: a part of files' names.
NAME: Final = r"^[A-Za-z0-9]([A-Za-z0-9._-]{0,98}[A-Za-z0-9_-])?$"
Name = Annotated[str, msgspec.Meta(pattern=NAME)]

_Seconds = Annotated[float, msgspec.Meta(gt=0, le=7 * 24 * 3600)]
_Names = Annotated[tuple[Name, ...], msgspec.Meta(max_length=10_000)]
_Texts = Annotated[tuple[str, ...], msgspec.Meta(min_length=1, max_length=1_000)]


class Work(msgspec.Struct, frozen=True, kw_only=True):
    """One asv run on one host: minutes, in which releases and arms alternate."""

    place: Name  # a host, or a group of which any host will do
    grouped: bool = False
    releases: tuple[str, ...]
    arms: tuple[str, ...]
    bench: str
    profile: str
    rounds: int | None = None  # processes a cell; by default the profile's
    deadline: float
    suite: str  # the digest of the benchmarks and all that runs them
    sitting: str  # what began it: the same work of another sitting is measured anew

    @property
    def id(self) -> str:
        """Its name, which no other work has: whoever asks for it again means the same run."""
        return f"{self.place}-{digest_of(msgspec.to_builtins(self))}"

    @property
    def title(self) -> str:
        """What it is, for people."""
        return f"{self.place}: {self.bench} on {', '.join(self.releases)}"


class Task(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A table `[[runs]]`: on each of the hosts, or on any one of a group, one run a benchmark."""

    hosts: _Names = ()
    group: Name | None = None
    releases: _Texts
    benchmarks: _Texts
    arms: _Texts = tuple(arm.name for arm in ARMS)
    profile: str = DEFAULT
    rounds: Annotated[int, msgspec.Meta(ge=1, le=100)] | None = None

    def __post_init__(self) -> None:
        if bool(self.hosts) == (self.group is not None):
            raise ValueError("'hosts' or 'group' must say where it runs, and not both")
        for text in self.releases:
            Release.parse(text)
        for arm in self.arms:
            arm_named(arm)
        if profile_named(self.profile).name not in PROFILES:
            raise ValueError(f"a profile of results is one of {', '.join(PROFILES)}")
        for pattern in self.benchmarks:
            try:
                re.compile(pattern)
            except re.error as error:
                raise ValueError(f"{pattern!r} is no regular expression: {error}") from None


class Fleet(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A `fleet.toml`."""

    runs: Annotated[tuple[Task, ...], msgspec.Meta(min_length=1, max_length=1_000)]
    # The network interface that the coordinator listens on: this machine alone, or one by name.
    interface: str = "lo"
    port: Annotated[int, msgspec.Meta(ge=0, le=65_535)] = 8786
    retries: Annotated[int, msgspec.Meta(ge=0, le=20)] = 2
    deadline: _Seconds = 6 * 3600.0  # of one run
    silent: _Seconds = 600.0  # after which a host that says nothing is told of
    patience: _Seconds = 12 * 3600.0  # after which nobody waits for it any more

    @property
    def hosts(self) -> tuple[str, ...]:
        """The hosts that are named, each once."""
        return tuple(dict.fromkeys(host for run in self.runs for host in run.hosts))

    def works(self, suite: str, sitting: str) -> Iterator[Work]:
        """Yield what is to be done: the first benchmark everywhere comes first."""
        for run in self.runs:
            for bench in run.benchmarks:
                for place in run.hosts or (str(run.group),):
                    yield Work(
                        place=place,
                        grouped=run.group is not None,
                        releases=run.releases,
                        arms=run.arms,
                        bench=bench,
                        profile=run.profile,
                        rounds=run.rounds,
                        deadline=self.deadline,
                        suite=suite,
                        sitting=sitting,
                    )


def read_fleet(path: Path) -> Fleet:
    """Read a fleet; raises `UsageError` for one that makes no sense, by the place of the fault."""
    try:
        refuse_endless(path)
        fleet = msgspec.convert(tomllib.loads(path.read_text(encoding="utf-8")), Fleet)
    except OSError as error:
        raise ResultsError(
            f"{path} could not be read: {error.strerror or error}.",
            hint="docs/fleet.md has one to begin with.",
        ) from error
    except (ValueError, RecursionError, UsageError) as error:
        raise UsageError(f"{path}: {error}", hint="docs/fleet.md says what it may hold.") from error
    works = list(fleet.works("", ""))
    if twice := {work.title for work in works if works.count(work) > 1}:
        raise UsageError(f"{path} asks for the same run twice: {min(twice)}.")
    return fleet
