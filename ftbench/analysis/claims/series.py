"""A series of figures as a claim names it, in a line of text."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Self

from ftbench.errors import FtbenchError
from ftbench.facts.arms import ARMS, Arm, arm_named
from ftbench.facts.modes import EVERY_MODE

_ALL: Final = "*"
_ARM_NAMES: Final = {
    "gil": "GIL build",
    "ft": "free-threaded",
    "ft-gil1": "free-threaded, GIL on",
}
_MODES: Final = {mode.name: mode.title for mode in EVERY_MODE}
_COUNTED: Final = {"workers", "writers", "under way"}
_METRICS: Final = {
    "rss": "RSS",
    "uss": "USS",
    "pss": "PSS",
    "op": "an operation",
    "round": "a round",
    "start": "starting a worker",
    "dispatch": "handing over a task",
    "per_worker": "memory per worker",
    "cpu": "CPU",
    "item": "an item",
    "kernel": "time",
    "unit_2": "a unit by 2",
    "unit_8": "a unit by 8",
    "relative_2": "time of 2 over one's",
    "relative_4": "time of 4 over one's",
    "relative_10us": "time of 10 µs tasks over a loop's",
    "relative_100ms": "time of 100 ms tasks over a loop's",
    "overhead_100us": "overhead of a 100 µs task",
    "trip_1kib": "1 KiB there and back",
    "trip_1mib": "1 MiB there and back",
    "trip_16mib": "16 MiB there and back",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Series:
    """A series of one arm by its parameters, or by all values of the parameter `every`."""

    arm: Arm
    benchmark: str
    params: Mapping[str, str]
    every: str = ""

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read `ft lifecycle.Lifecycle.track_round mode=threads workers=8`, in any order.

        A parameter of `*` goes through all values.  Raises `FtbenchError` unless one arm and one
        benchmark are named.
        """
        names = {arm.name for arm in ARMS}
        words = text.split()
        arms = [word for word in words if word in names]
        benchmarks = [word for word in words if "=" not in word and word not in names]
        if len(arms) != 1 or len(benchmarks) != 1:
            raise FtbenchError(f"{text!r} must name one arm and one benchmark.")
        params = dict(word.split("=", 1) for word in words if "=" in word)
        every = next((name for name, value in params.items() if value == _ALL), "")
        return cls(
            arm=arm_named(arms[0]),
            benchmark=benchmarks[0],
            params={name: value for name, value in params.items() if name != every},
            every=every,
        )

    def at(self, value: str) -> Series:
        """Return the series of one value of `every`."""
        params = {**self.params, self.every: value}
        return Series(arm=self.arm, benchmark=self.benchmark, params=params)

    @property
    def metric(self) -> str:
        """What is measured, in a word or two."""
        name = self.benchmark.rpartition(".")[2].partition("_")[2]
        return _METRICS.get(name, name.replace("_", " "))


def names(series: Sequence[Series]) -> tuple[str, ...]:
    """Return what tells each of several series from the others; of a single one, what it is."""
    if len(series) == 1:
        (one,) = series
        mode = [_MODES[one.params["mode"]]] if "mode" in one.params else []
        return (f"{', '.join([*mode, one.metric])} ({_ARM_NAMES[one.arm.name]})",)
    several = {
        what
        for what, values in (
            ("mode", {each.params.get("mode", "") for each in series}),
            ("arm", {each.arm.name for each in series}),
            ("metric", {each.benchmark for each in series}),
        )
        if len(values) > 1
    }
    shared = set.intersection(*(set(each.params.items()) for each in series))
    return tuple(_name(each, several, shared) for each in series)


def _name(series: Series, several: set[str], shared: set[tuple[str, str]]) -> str:
    parts = [_MODES.get(series.params.get("mode", ""), "one thread")] if "mode" in several else []
    parts += [
        _param(name, value)
        for name, value in series.params.items()
        if name != "mode" and (name, value) not in shared
    ]
    if "metric" in several:
        parts.append(series.metric)
    text = ", ".join(parts)
    if "arm" in several:
        arm = _ARM_NAMES[series.arm.name]
        text = f"{text} ({arm})" if text else arm
    return text or series.metric


def _param(name: str, value: str) -> str:
    noun = name.replace("_", " ")
    if not value.isdecimal():
        return value.replace("_", " ")
    if noun in _COUNTED:
        return f"{value} {noun.removesuffix('s') if value == '1' else noun}"
    return f"{noun} {value}"
