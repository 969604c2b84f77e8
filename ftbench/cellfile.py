"""What a cell yielded, kept in a file until each of its metrics has been taken.

asv starts a process per benchmark and parameter combination, and knows nothing of a run that
yields several figures.  The first metric of a cell runs it and leaves everything in the
directory that asv shares between the benchmarks of a `setup_cache`; the others take theirs from
here: the asv process itself does that, without starting anything.  A metric that comes for a
second time (another round) finds nothing, and the cell is run again.

Both sides use it: standard library only.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

Kept = dict[str, Any]


class CellFile:
    """The file of cell number `index` (asv's count) of the benchmark class `group`.

    It holds `{"metrics": {name: samples}}`, `{"failure": {...}}` or `{"skip": reason}`, and which
    metrics have `taken` theirs.
    """

    def __init__(self, folder: Path, group: str, index: int) -> None:
        """Name the file; it need not exist."""
        self._path = folder / f"cell-{group}-{index}.json"

    def take(self, metric: str) -> Kept | None:
        """Return what is there, None if there is nothing or `metric` has had it already."""
        try:
            kept: Kept = json.loads(self._path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            return None
        if metric in kept["taken"]:
            return None
        if "failure" in kept:
            return kept  # for the asv process, which leaves it to the benchmark's own to tell
        return self.keep(metric, kept)

    def keep(self, metric: str, kept: Mapping[str, Any]) -> Kept:
        """Write down what there is, and that `metric` has had it."""
        taken = dict.fromkeys([*kept.get("taken", ()), metric])
        written = {**kept, "taken": list(taken)}
        # Renamed into place: a benchmark can be killed at any moment, and half a file is worse
        # than none.
        beside = self._path.with_name(f"{self._path.name}.{os.getpid()}.new")
        beside.write_text(json.dumps(written), encoding="utf-8")
        beside.replace(self._path)
        return written


def samples_of(kept: Kept, metric: str) -> Sequence[float] | None:
    """Return the samples of `metric`; None where the cell or the metric does not exist here."""
    samples: Sequence[float] | None = kept.get("metrics", {}).get(metric)
    return samples


def in_asv_form(samples: Sequence[float] | None) -> Any:
    """Return what a `track_` method returns: asv reads NaN as skipped."""
    return float("nan") if samples is None else {"samples": list(samples), "number": 1}
