"""What names a result: the environment and the release it was measured in, and its series."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Self

from ftbench.facts.arms import ARMS, Arm
from ftbench.releases import Release


@dataclass(frozen=True, slots=True, kw_only=True)
class Environment:
    """Where and with what something is measured; releases may be compared within one.

    `flavour` tells the builds of a release apart ("source-gcc12").
    """

    machine: str
    arm: Arm
    flavour: str
    profile: str

    @property
    def order(self) -> tuple[str, str, str, int]:
        """Its place among others: those of one build stand together, in the arms' order."""
        return self.machine, self.flavour, self.profile, _ARM_NAMES.index(self.arm.name)


_ARM_NAMES = [arm.name for arm in ARMS]


@dataclass(frozen=True, slots=True, kw_only=True)
class SeriesKey:
    """A benchmark, or the class of some, at one value of each of its parameters.

    `params` maps a parameter's name to its plain text (`{"mode": "threads", "workers": "8"}`);
    their order plays no part.
    """

    benchmark: str
    params: Mapping[str, str] = field(compare=False)
    _pairs: frozenset[tuple[str, str]] = field(init=False, repr=False)

    @classmethod
    def of(cls, benchmark: str, params: Mapping[str, object]) -> Self:
        """Return the key of what has parameters of whatever types."""
        return cls(benchmark=benchmark, params={name: str(each) for name, each in params.items()})

    def __post_init__(self) -> None:
        # Kept, for a set knows its hash once it was asked, and there are thousands of figures.
        object.__setattr__(self, "_pairs", frozenset(self.params.items()))

    @property
    def name(self) -> str:
        """What the series is called: "lifecycle.Lifecycle.track_round(mode=threads)"."""
        params = ", ".join(f"{name}={value}" for name, value in self.params.items())
        return f"{self.benchmark}({params})" if params else self.benchmark


class Measured:
    """Something of one release in one environment, whose parts can be asked of it directly."""

    __slots__ = ()

    environment: Environment
    release: Release

    @property
    def key(self) -> tuple[Environment, Release]:
        """What tells asv's result files apart."""
        return self.environment, self.release

    @property
    def machine(self) -> str:
        """The name of the machine."""
        return self.environment.machine

    @property
    def arm(self) -> Arm:
        """The build's threading, and the state of its GIL."""
        return self.environment.arm

    @property
    def flavour(self) -> str:
        """What tells the build from others of its release."""
        return self.environment.flavour

    @property
    def profile(self) -> str:
        """How thoroughly it was measured."""
        return self.environment.profile


class MeasuredSeries(Measured):
    """Something of one series."""

    __slots__ = ()

    series: SeriesKey

    @property
    def benchmark(self) -> str:
        """The benchmark's name."""
        return self.series.benchmark

    @property
    def params(self) -> Mapping[str, str]:
        """Its parameters in plain text, by name."""
        return self.series.params
