"""asv's own clock and peak beside the probe's figures of the same, and why they differ."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Final, NamedTuple

from ftbench.probe.scenarios.shared_set import MANAGED_OPERATIONS, OPERATIONS
from ftbench.report.document import Row, Table
from ftbench.results.figure import Figure

AGREE: Final = 0.10
_GATE: Final = "asv's clock begins before the gate opens and ends when all reports have come"


class Witness(NamedTuple):
    """A benchmark of asv's and the probe's that sees the same, and why they may differ."""

    asv: str
    probe: str
    params: Mapping[str, str]
    why: str
    # How many of the latter asv times at once: by threads, and by processes if that is another.
    factor: float = 1.0
    by_processes: float = 0.0

    def times(self, mode: str) -> float:
        return (mode != "threads" and self.by_processes) or self.factor


WITNESSES: Final = (
    Witness(
        "lifecycle.RoundClock.time_round",
        "lifecycle.Lifecycle.track_round",
        {"workers": "8", "task": "empty"},
        "asv's process is larger, its garbage is not collected, reports are read in it",
    ),
    Witness(
        "pools.ColdClock.time_cold",
        "pools.Pools.track_cold",
        {"pool": "executor"},
        "asv's process is larger, and its garbage is not collected",
    ),
    Witness(
        "shared_set.RoundClock.time_round",
        "shared_set.SharedSet.track_op",
        {"strategy": "lock", "fill": "cold"},
        _GATE,
        factor=8.0 * OPERATIONS,
        by_processes=8.0 * MANAGED_OPERATIONS,
    ),
    Witness(
        "shared_set.Peak.peakmem_inserting",
        "shared_set.SharedSet.track_rss",
        {"strategy": "lock", "fill": "cold"},
        "asv's process has asv and the harness loaded, and a table is copied while it grows",
    ),
    Witness(
        "cpu_scaling.TeamClock.time_round",
        "cpu_scaling.CpuScaling.track_unit_2",
        {"kernel": "sum_of_squares"},
        f"{_GATE}; its workers are not held to cores of their own",
        factor=2.0 * 25,
    ),
    Witness(
        "footprint.Peak.peakmem_busy",
        "footprint.Footprint.track_rss",
        {"workers": "8"},
        "asv's process has asv and the harness loaded",
    ),
)


def ratios(figures: Iterable[Figure]) -> Iterator[tuple[Witness, Figure, float]]:
    """Yield what asv saw and its ratio to what the probe did, of one run."""
    known = [each for each in figures if each.median]
    for witness in WITNESSES:
        for ours in (each for each in known if each.benchmark == witness.asv):
            mode = ours.params["mode"]
            wanted = {"mode": mode, **witness.params}
            for other in known:
                same = other.benchmark == witness.probe and other.key == ours.key
                if same and other.params == wanted and other.shares_run(ours):
                    assert ours.measured
                    assert other.measured
                    yield witness, ours, ours.measured / (other.measured * witness.times(mode))


def table(figures: Iterable[Figure]) -> Table:
    """Return the witnesses as a table, each with why it differs where it does."""
    rows = []
    for witness, ours, ratio in ratios(figures):
        apart = abs(ratio - 1) > AGREE
        why = witness.why if apart else "they agree"
        seen = witness.asv, witness.probe, ours.params["mode"], ours.arm.label, str(ours.release)
        rows.append(Row(cells=(*seen, why, f"{ratio:.2f}\N{MULTIPLICATION SIGN}")))
    return Table(
        title="Witnesses: asv's own clock and peak over the probe's figure of the same",
        columns=("asv's", "the probe's", "mode", "arm", "release", "beyond 10 %", "ratio"),
        rows=tuple(rows),
        numbers=1,
    )
