"""Duels on record: what `ftbench duel` found of two sides on one machine, series by series."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import msgspec
from msgspec.structs import replace

from ftbench.errors import ResultsError
from ftbench.facts.units import margin_of
from ftbench.results.figure import SeriesKey, Unreadable
from ftbench.results.records import DUELS, DuelRecord, DuelSide, Provenance, Record, read_fitting
from ftbench.statistics.sequential import MOST_PAIRS, MOST_SITTINGS, Series

_MOST: Final = MOST_SITTINGS * MOST_PAIRS  # a file may hold what it likes


@dataclass(frozen=True, kw_only=True)
class DuelFile(Provenance):
    """A whole file: a duel of each series of two sides."""

    duels: tuple[DuelRecord, ...] = ()

    def with_duels(self, later: DuelFile) -> DuelFile:
        """Return this file with later duels, each with the pairs before its own of the same series.

        Those stay that are of the same builds, machine and work with another seed: the same tosses
        of the coin prove nothing twice.  Else a later duel takes the place of the same, and where
        work has changed, of all of the same series.

        A pool has the bar of as many pairs as its sittings could have (`Series.most`).  It bounds
        false alarms to 1 % if how often a duel is repeated was fixed beforehand; whoever repeats it
        until there is one comes to 1.5 % with the fourth sitting, the last that adds to a pool.
        """
        before = {duel.asked: duel for duel in self.duels}
        added = tuple(_repeated(before.get(duel.asked), duel) for duel in later.duels)
        new = {duel.asked for duel in added}
        work = {duel.key: duel.version for duel in added}
        kept = [
            duel
            for duel in self.duels
            if duel.asked not in new and work.get(duel.key, duel.version) == duel.version
        ]
        return self.of((*kept, *added), later)

    def of(self, duels: tuple[DuelRecord, ...], later: Provenance = Provenance()) -> DuelFile:  # noqa: B008 - frozen
        """Return these duels, with what stands behind them here or in what was measured later."""
        named = {name for duel in duels for name in (duel.machine, *(s.build for s in duel.sides))}
        return DuelFile(**vars(self.joined(later, named)), duels=duels)


def _repeated(before: DuelRecord | None, duel: DuelRecord) -> DuelRecord:
    if before is None or before.seed == duel.seed or _work(before) != _work(duel):
        return duel
    return _pooled(before, duel)


def _work(duel: DuelRecord) -> tuple[str, ...]:
    return duel.machine, duel.version, duel.unit


def _pooled(before: DuelRecord, duel: DuelRecord) -> DuelRecord:
    return replace(
        duel,
        pairs=(before.pairs + duel.pairs)[-_MOST:],
        fixed=before.fixed and duel.fixed,
        disturbed=before.disturbed + duel.disturbed,
        seconds=before.seconds and before.seconds + duel.seconds,
    )


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


def series_of(duel: DuelRecord) -> Series:
    """Return the pairs as they are judged: any effect that is sure is worse or better."""
    return Series(logs=tuple(pair[0] for pair in duel.pairs), margin=duel.margin)


@dataclass(frozen=True, slots=True, kw_only=True)
class Duel:
    """A series of two sides on a machine, with the latest pairs of all its sittings."""

    machine: str
    record: DuelRecord
    builds: tuple[Record, Record]

    @property
    def series(self) -> SeriesKey:
        """The series, in the mode of the first side."""
        return SeriesKey.of(f"{self.record.group}.track_{self.record.metric}", self.record.params)

    @property
    def turned(self) -> Duel:
        """The same with its sides exchanged."""
        first, second = self.record.sides
        record = replace(
            self.record,
            params=self.record.params | {"mode": second.mode},
            sides=(second, first),
            pairs=tuple((-log, after, before) for log, before, after in self.record.pairs),
        )
        return Duel(machine=self.machine, record=record, builds=self.builds[::-1])

    def after(self, earlier: Duel | None) -> Duel:
        """Return this with the pairs of an earlier one of the same before its own."""
        if earlier is None:
            return self
        same = earlier if earlier.record.sides == self.record.sides else earlier.turned
        record = _pooled(same.record, self.record)
        return Duel(machine=self.machine, record=record, builds=self.builds)


def duels_in(
    folder: Path, versions: Mapping[str, str | None], warnings: list[Unreadable]
) -> tuple[Duel, ...]:
    """Return the duels of work that is measured now, without extra work, the latest last.

    Those of the same builds on the same machine are one, whichever side was named first.  A file
    that is damaged, or not called what its sides are, is a warning.
    """
    # With asv, which who has the results from the cache need not load.
    from ftbench.results.asv_import import util  # noqa: PLC0415
    from ftbench.results.safe_loading import MACHINE, load_machine  # noqa: PLC0415

    # The scenario's; behind it is a metric's own.
    work = {
        name.partition(".track_")[0]: version and version.partition(".")[0]
        for name, version in versions.items()
    }
    found: list[Duel] = []
    for path in sorted(folder.glob(f"*/*{DUELS.suffix}")):
        try:
            file = read_duels(path) or DuelFile()
            machine = load_machine(path.with_name(MACHINE))
            found += [_duel(record, file, path, machine) for record in file.duels]
        except (util.UserError, OSError):
            continue  # no machine is there, which is said of the folder
        except ResultsError as error:
            warnings.append(Unreadable.of(path, error.message))
    pools: dict[Hashable, Duel] = {}
    for duel in sorted(found, key=lambda each: each.record.sitting):
        record, (first, second) = duel.record, duel.record.sides
        if not (first.extra or second.extra) and work.get(record.group) in {None, record.version}:
            rest = frozenset(record.params.items() - {("mode", first.mode)})
            of = record.group, record.metric, record.unit, record.version, rest
            key = duel.machine, record.machine, *of, frozenset(record.sides)
            pools[key] = duel.after(pools.pop(key, None))
    return tuple(pools.values())


def _duel(record: DuelRecord, file: DuelFile, path: Path, machine: Mapping[str, Any]) -> Duel:
    """Return a record as a value; raises `ResultsError` for one that has no place in its file."""
    name = duel_path(path.parent, *record.sides).name
    if name != path.name:
        raise ResultsError(f"it has what belongs in {name}; if it is a copy, remove it")
    here, there = (of.get("cpu") for of in (machine, file.machines.get(record.machine, {})))
    if here and there and here != there:
        raise ResultsError(f"it was measured on another machine ({there}, not {here})")
    first, second = (file.builds.get(side.build) for side in record.sides)
    if first is None or second is None:
        raise ResultsError("it does not say of which builds it is")
    # Whatever margin was asked for: what is shown side by side has the usual one.
    margin = margin_of(record.unit)
    record = replace(record, pairs=record.pairs[-_MOST:], margin=margin)
    return Duel(machine=path.parent.name, record=record, builds=(first, second))
