"""Puts a run of another host into the results: cell by cell, the newer figures of each."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import Final

from asv import util
from asv.results import Results

from ftbench.asv import machines
from ftbench.asv.results_writer import refuse_another_build
from ftbench.errors import ResultsError
from ftbench.files import write_whole
from ftbench.fleet.spool import Run
from ftbench.pythons import PythonBuild
from ftbench.results.asvformat import BENCHMARKS
from ftbench.results.records import Records, read_records, records_path, records_written
from ftbench.results.safe_loading import MACHINE, load_machine, load_results, save_results

# What asv keeps by benchmark, and of these what is a list of one value a cell.
_KEPT: Final = (
    *("_results", "_samples", "_stats", "_benchmark_params", "_started_at", "_duration"),
    "_benchmark_version",
)
_PER_CELL: Final = ("_results", "_samples", "_stats")
_SAME: Final = ("_benchmark_params", "_benchmark_version")


def merge(results: Path, run: Run, suite: str) -> None:
    """Put a run into the results, whose benchmarks are those of `suite`; again changes nothing.

    Raises `UsageError` where they have its host's name for another machine, and `ResultsError`.
    """
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary) / run.work.host  # by which its record is known
        folder.mkdir()
        for name, text in (run.files | {MACHINE: run.machine}).items():
            (folder / name).write_text(text, encoding="utf-8")
        try:
            machines.introduce_other(results, run.work.host, load_machine(folder / MACHINE))
            for name in sorted(run.files):
                if name.endswith(".json"):
                    _merge_file(results / run.work.host / name, folder / name, run.work.host)
        except (util.UserError, KeyError) as error:
            raise ResultsError(f"The run of {run.work.title} is damaged: {error}") from error
    listed = results / BENCHMARKS
    if run.work.suite == suite or not listed.exists():
        write_whole(listed, run.benchmarks)


def _merge_file(own: Path, other: Path, machine: str) -> None:
    ours = theirs = load_results(Results, str(other), machine)
    records = Records()
    if own.exists():
        ours, records = load_results(Results, str(own), machine), read_records(records_path(own))
    their_records = read_records(records_path(other))
    for build in their_records.builds.values():
        refuse_another_build(own.name, records, PythonBuild.from_record(build).digest)
    at = ours.started_at
    newer = {name for name, then in theirs.started_at.items() if at.get(name, 0.0) <= then}
    for name in newer:
        _take(ours, theirs, name)
    groups = {name.rpartition(".")[0] for name in newer}
    shared = {"build": their_records.builds, "machine": their_records.machines}
    staged = [
        {**cell, **{kind: known.get(cell.get(kind, "")) for kind, known in shared.items()}}
        for cell in their_records.cells
        if cell["group"] in groups
    ]
    with records_written(records_path(own), records.with_staged(staged, append=False)):
        save_results(ours, str(own.parent.parent))
    for path in (own, records_path(own)):  # on the disk, before the host forgets it
        with path.open("rb") as file:
            os.fsync(file.fileno())


def _take(ours: Results, theirs: Results, name: str) -> None:
    """Take over a benchmark; where theirs lacks a cell of the same work, ours stays."""
    older = {kept: getattr(ours, kept).get(name) for kept in _KEPT}
    for kept in _KEPT:
        stored = getattr(theirs, kept)
        if name in stored:
            getattr(ours, kept)[name] = stored[name]
    if any(older[kept] != getattr(theirs, kept)[name] for kept in _SAME) or not older["_results"]:
        return
    values = theirs._results[name]  # noqa: SLF001 - its accessor fills up what is too short
    for kept in _PER_CELL:
        new, old = getattr(theirs, kept)[name], older[kept]
        if new is None or old is None:  # no cell has any
            new, old = ([None] * len(values) if each is None else each for each in (new, old))
        pairs = zip(values, new, old, strict=True)
        merged = [then if util.is_nan(value) else now for value, now, then in pairs]
        getattr(ours, kept)[name] = merged if any(each is not None for each in merged) else None
