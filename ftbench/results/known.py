"""What is known of alarms: notes that people keep beside the results, in `known.toml`."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Final

import msgspec

from ftbench.releases import Release
from ftbench.results.figure import Unreadable

if TYPE_CHECKING:
    from ftbench.results.figure import Figure

KNOWN: Final = "known.toml"


class Known(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A note on what changed in the release `since`; what it does not name may be any.

    `benchmark` is the beginning of a name: of a scenario, a class or a single metric.
    """

    since: str
    benchmark: str
    note: str
    params: Mapping[str, str] = {}
    arm: str = ""
    machine: str = ""

    def explains(self, before: Figure, after: Figure) -> bool:
        """Tell whether a difference of two figures of one series is what the note is about."""
        return (
            before.release < Release.parse(self.since) <= after.release
            and after.benchmark.startswith(self.benchmark)
            and self.params.items() <= after.params.items()
            and self.arm in {"", after.arm.name}
            and self.machine in {"", after.machine}
        )


class _File(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    known: tuple[Known, ...] = ()


def read_known(folder: Path, warnings: list[Unreadable]) -> tuple[Known, ...]:
    """Return the notes of a results folder; a file with a fault is a warning and no notes."""
    path = folder / KNOWN
    try:
        notes = msgspec.convert(tomllib.loads(path.read_text(encoding="utf-8")), _File).known
        for note in notes:
            Release.parse(note.since)
    except FileNotFoundError:
        return ()
    except Exception as error:  # noqa: BLE001 - anybody may have written it
        warnings.append(Unreadable.of(path, error))
        return ()
    return notes
