"""Duels on record: what `ftbench duel` found of two sides on one machine, series by series."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import msgspec

from ftbench.results.records import DUELS, DuelRecord, DuelSide, Provenance, Record, read_fitting


@dataclass(frozen=True, kw_only=True)
class DuelFile(Provenance):
    """A whole file: the last duel of each series of two sides."""

    duels: tuple[DuelRecord, ...] = ()

    def with_duels(self, later: DuelFile) -> DuelFile:
        """Return this file with later duels, which take the place of those of the same.

        Where their work has changed, they take the place of all of the same series.
        """
        new = {duel.asked for duel in later.duels}
        work = {duel.key: duel.version for duel in later.duels}
        kept = [
            duel
            for duel in self.duels
            if duel.asked not in new and work.get(duel.key, duel.version) == duel.version
        ]
        duels = (*kept, *later.duels)
        named = {name for duel in duels for name in (duel.machine, *(s.build for s in duel.sides))}
        return DuelFile(**vars(self.joined(later, named)), duels=duels)


def duel_path(folder: Path, first: DuelSide, second: DuelSide) -> Path:
    """Return where the duels of two sides lie in a machine's folder of the results."""
    return folder / f"{'_'.join(f'{e.release}-{e.arm}' for e in (first, second))}{DUELS.suffix}"


def read_duels(path: Path) -> DuelFile | None:
    """Read the file at `path`, None if there is none; raises `ResultsError` for a damaged one."""
    return DUELS.read(path, _parsed)


def _parsed(text: str) -> DuelFile:
    duels: list[DuelRecord] = []

    def take(record: Record) -> None:
        if record["kind"] == "duel":
            duels.append(read_fitting(record, DuelRecord))

    return DuelFile(**vars(DUELS.parse(text, take)), duels=tuple(duels))


def write_duels(path: Path, file: DuelFile) -> None:
    """Write a file whole or not at all; raises `ResultsError`."""
    DUELS.write(path, DUELS.text(file, map(msgspec.to_builtins, file.duels)))
