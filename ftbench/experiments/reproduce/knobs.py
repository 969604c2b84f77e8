"""The article's knobs, and a fraction of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, Final, Self

from ftbench.errors import UsageError, unknown

PARTS: Final = ("lifecycle", "memory", "shared_set", "sharded", "rust")
LEAST_MS: Final = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Knobs:
    """What is run; the defaults are the article's.

    `rounds` of lifecycle; `holds` of `hold` seconds for memory, looked at every `interval`
    seconds; `duration` of a time-boxed run in milliseconds.
    """

    workers: int = 8
    rounds: int = 1000
    holds: int = 30
    hold: float = 1.0
    interval: float = 0.05
    duration: int = 5000
    writers: tuple[int, ...] = (1, 2, 4, 8)

    def scaled(self, scale: float) -> Self:
        """Return the fraction `scale` of these rounds, holds and durations.

        Never less than one round and 100 ms; a hold stays as long as it is, or there would be
        nothing to look at.  Raises `UsageError` unless 0 < scale <= 1.
        """
        if not 0 < scale <= 1:
            raise UsageError(f"The scale must be above 0 and at most 1, not {scale:g}.")
        return replace(
            self,
            rounds=max(1, round(self.rounds * scale)),
            holds=max(1, round(self.holds * scale)),
            duration=max(LEAST_MS, round(self.duration * scale)),
        )

    def record(self) -> dict[str, Any]:
        """Return the JSON-able form that `from_record` reads."""
        return asdict(self) | {"writers": list(self.writers)}

    @classmethod
    def from_record(cls, record: dict[str, Any]) -> Self:
        """Read what `record` returned; raises `TypeError` or `KeyError` for anything else."""
        return cls(**{**record, "writers": tuple(record["writers"])})


def parts_named(text: str | None) -> tuple[str, ...]:
    """Return the parts of `lifecycle,rust`, in the article's order; all of them for None.

    Raises `UsageError` for a name that is none, with what was probably meant.
    """
    if text is None:
        return PARTS
    return ordered([name.strip() for name in text.split(",")])


def ordered(names: Sequence[str]) -> tuple[str, ...]:
    """Return parts in the article's order, each once; raises `UsageError` for an unknown one."""
    for name in names:
        if name not in PARTS:
            raise unknown("part", name, PARTS)
    return tuple(part for part in PARTS if part in names)
