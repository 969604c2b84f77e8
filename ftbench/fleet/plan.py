"""What a fleet is to measure: `fleet.toml`, and the works that it comes to."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Annotated, Final

import msgspec

from ftbench.errors import UsageError
from ftbench.facts.arms import ARMS, arm_named
from ftbench.facts.profiles import DEFAULT, PROFILES
from ftbench.files import refuse_endless
from ftbench.releases import Release
from ftbench.results.records import digest_of

# Of hosts, which are machines of the results: a part of files' names.
NAME: Final = r"^[A-Za-z0-9]([A-Za-z0-9._-]{0,98}[A-Za-z0-9_-])?$"
Name = Annotated[str, msgspec.Meta(pattern=NAME)]

_Seconds = Annotated[float, msgspec.Meta(gt=0, le=7 * 24 * 3600)]
_Texts = Annotated[tuple[str, ...], msgspec.Meta(min_length=1, max_length=10_000)]


class Work(msgspec.Struct, frozen=True, kw_only=True):
    """One asv run on one host: minutes, in which releases and arms alternate."""

    host: Name
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
        return f"{self.host}-{digest_of(msgspec.to_builtins(self))}"

    @property
    def title(self) -> str:
        return f"{self.host}: {self.bench} on {', '.join(self.releases)}"


class Task(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A table `[[runs]]`: a run for each benchmark on each of the hosts."""

    hosts: _Texts  # or groups, each host of which is meant
    releases: _Texts
    benchmarks: _Texts
    arms: _Texts = tuple(arm.name for arm in ARMS)
    profile: str = DEFAULT
    rounds: Annotated[int, msgspec.Meta(ge=1, le=100)] | None = None

    def __post_init__(self) -> None:
        for text in self.releases:
            Release.parse(text)
        for arm in self.arms:
            arm_named(arm)
        if self.profile not in PROFILES:
            raise ValueError(f"the profile is one of {', '.join(PROFILES)}")
        for pattern in self.benchmarks:
            try:
                re.compile(pattern)
            except re.error as error:
                raise ValueError(f"{pattern!r} is no regular expression: {error}") from None


class Fleet(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A `fleet.toml`."""

    runs: Annotated[tuple[Task, ...], msgspec.Meta(min_length=1)]
    groups: dict[str, Annotated[tuple[Name, ...], msgspec.Meta(min_length=1)]] = {}
    # The network interface that the coordinator listens on: this machine alone, or one by name.
    interface: str = "lo"
    port: Annotated[int, msgspec.Meta(ge=0, le=65_535)] = 8786
    retries: Annotated[int, msgspec.Meta(ge=0, le=20)] = 2
    deadline: _Seconds = 6 * 3600.0  # of one run
    silent: _Seconds = 600.0  # after which a host that says nothing is told of
    patience: _Seconds = 12 * 3600.0  # after which nobody waits for it any more

    def __post_init__(self) -> None:
        for name, hosts in self.groups.items():
            if both := sorted(self.groups.keys() & hosts):
                raise ValueError(f"{both[0]!r} in the group {name!r} is a group, and no host")

    def works(self, suite: str, sitting: str) -> dict[str, list[Work]]:
        """Return what each host is to do, in its order; raises `UsageError` for a bad name."""
        works: dict[str, list[Work]] = {}
        for run in self.runs:
            hosts = [host for name in run.hosts for host in self.groups.get(name, (name,))]
            for host in dict.fromkeys(hosts):
                if not re.fullmatch(NAME, host):
                    raise UsageError(f"{host!r} cannot be the name of a host.")
                works.setdefault(host, []).extend(
                    Work(
                        host=host,
                        bench=bench,
                        deadline=self.deadline,
                        suite=suite,
                        sitting=sitting,
                        **{name: getattr(run, name) for name in _SHARED},
                    )
                    for bench in run.benchmarks
                )
        return {host: list(dict.fromkeys(those)) for host, those in works.items()}


_SHARED: Final = ("releases", "arms", "profile", "rounds")


def read_fleet(path: Path) -> Fleet:
    """Read a fleet; raises `UsageError` for one that makes no sense, by the place of the fault."""
    try:
        refuse_endless(path)
        fleet = msgspec.convert(tomllib.loads(path.read_text(encoding="utf-8")), Fleet)
        fleet.works("", "")
    except (OSError, ValueError, RecursionError, UsageError) as error:
        raise UsageError(f"{path}: {error}", hint="docs/fleet.md says what it may hold.") from error
    return fleet
