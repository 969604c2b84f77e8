"""What is asked: a task, its payload, how many workers, limits and prices; and their units."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from ftbench.errors import UsageError
from ftbench.probe.scenarios.base import MOST_WORKERS
from ftbench.probe.scenarios.shared_set_strategies import SEEN


class By(StrEnum):
    """What modes are ranked by; what users write, and the name of the cost."""

    SECONDS = "seconds"
    COST = "cost"
    MEMORY = "memory"


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """What is offered: requests per second, or a share of what a plain loop can do."""

    value: float
    per_second: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """A task and what is expected of whoever runs it."""

    task: float  # seconds in a plain loop
    payload: int = 0  # bytes
    workers: int = 8
    shared: float = 0.0  # of the tasks, the share that writes to what all workers share
    shared_kind: str = SEEN  # when the others see a write
    memory: int | None = None  # most bytes
    load: Load | None = None  # None: the lower one that was measured
    waiting: float = 0.0  # of the task's time, the share that it waits and needs no core
    p99: float | None = None  # most seconds from when a request is due, at that load
    cpu_price: float | None = None  # of a core for a second
    memory_price: float | None = None  # of a byte for a second
    by: By | None = None

    @property
    def work(self) -> float:
        """The seconds of the task that compute."""
        return self.task * (1 - self.waiting)

    @property
    def offered(self) -> float | None:
        """The share of one core that is offered."""
        load = self.load
        return None if load is None else load.value * (self.work if load.per_second else 1.0)

    @property
    def priced(self) -> bool:
        """Tell whether a cost can be named: a price of the CPU, of memory, or both."""
        return self.cpu_price is not None or self.memory_price is not None

    @property
    def ranked_by(self) -> By:
        """What modes are ranked by, as asked, else by the cost where there is a price."""
        return self.by or (By.COST if self.priced else By.SECONDS)


_QUANTITY: Final = re.compile(r"(?P<number>\d+(?:\.\d*)?|\.\d+)\s*(?P<unit>\D*)", re.ASCII)
SECONDS: Final = {"ns": 1e-9, "us": 1e-6, "µs": 1e-6, "μs": 1e-6, "ms": 1e-3, "s": 1.0} | {
    **dict.fromkeys(("m", "min"), 60.0),
    "h": 3600.0,
}
BYTES: Final = {
    "": 1.0,
    "B": 1.0,
    "KiB": 2.0**10,
    "MiB": 2.0**20,
    "GiB": 2.0**30,
    "kB": 1e3,
    "MB": 1e6,
    "GB": 1e9,
}
SHARES: Final = {"": 1.0, "%": 0.01}
_PER_CORE_SECOND: Final = {"/h": 1 / 3600, "/s": 1.0}
_PER_BYTE_SECOND: Final = {"/GiBh": 1 / 3600 / 2**30, "/MiBh": 1 / 3600 / 2**20}


def seconds(text: str) -> float:
    """Return the seconds, above zero, that `text` means: `200us`, `1.5 ms`, `2s`."""
    return _parse(text, SECONDS, "a time", "200us, 1.5ms or 2s", above_zero=True)


def size(text: str) -> int:
    """Return the whole bytes that `text` means: `64KiB`, `1 MiB`, `0`, `100kB`."""
    return round(_parse(text, BYTES, "a size", "0, 64KiB or 1MiB"))


def share(text: str) -> float:
    """Return the share from 0 to 1 that `text` means: `5%` or `0.05`."""
    value = _parse(text, SHARES, "a share", "5% or 0.05")
    if value > 1:
        raise UsageError(
            f"{text!r} is too much: a share is between 0 and 1, or 0% and 100%.",
            hint=f"Was it meant to be {text.strip()}%?" if "%" not in text else "",
        )
    return value


def workers(text: str) -> int:
    """Return how many workers `text` means: `8`."""
    digits = text.strip()
    if not (digits.isascii() and digits.isdecimal() and 1 <= float(digits) <= MOST_WORKERS):
        raise UsageError(
            f"{text!r} is not a number of workers: a whole number from 1 to {MOST_WORKERS}."
        )
    return int(digits)


def load(text: str) -> Load:
    """Return the load that `text` means: `400/s`, `50%` or `1.2` of one core."""
    rate = text.strip().endswith("/s")
    units = {"/s": 1.0} if rate else SHARES
    value = _parse(text, units, "a load", "400/s, 50% or 1.2", above_zero=True)
    return Load(value=value, per_second=rate)


def cpu_price(text: str) -> float:
    """Return the price of a second of a core that `text` means: `0.04/h`."""
    return _parse(text, _PER_CORE_SECOND, "a price of a core", "0.04/h")


def memory_price(text: str) -> float:
    """Return the price of a byte for a second that `text` means: `0.005/GiBh`."""
    return _parse(text, _PER_BYTE_SECOND, "a price of memory", "0.005/GiBh")


def _parse(
    text: str, units: Mapping[str, float], kind: str, examples: str, *, above_zero: bool = False
) -> float:
    """Return a number times its unit; raises `UsageError` that says what is wrong with `text`."""
    match = _QUANTITY.fullmatch(text.strip())
    written = f"{kind[:1].upper()}{kind[1:]} is written like {examples}."
    if match is None:
        raise UsageError(f"{text!r} is not {kind}.", hint=written)
    unit = match["unit"].strip()
    if unit not in units:
        raise UsageError(f"{text!r} is not {kind}: {_unit_words(unit, units)}", hint=written)
    value = float(match["number"]) * units[unit]
    if not math.isfinite(value) or (above_zero and not value):
        raise UsageError(f"{text!r} is not {kind}: it must be above zero and finite.", hint=written)
    return value


def _unit_words(unit: str, units: Mapping[str, float]) -> str:
    known = ", ".join(each for each in units if each and each != "μs")
    if not unit:
        return f"it needs a unit: {known}."
    alike = [each for each in units if each.lower() == unit.lower()]
    meant = f" Is {alike[0]} meant?" if alike else ""
    return f"{unit!r} is none of {known}.{meant}"
