"""Tables of one machine: its builds and runs, what is missing or was disturbed, its noise.

And asv's own clock and peak beside the probe's figures of the same, and why they differ.
"""

from __future__ import annotations

import bisect
import itertools
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from statistics import median
from typing import Final, NamedTuple

from ftbench.analysis.conditions import BUILD_FACTS, gil_seen, own_check, value_words
from ftbench.analysis.names import cell_name, metric_name
from ftbench.facts.arms import ARMS, Arm, arm_named
from ftbench.facts.modes import EVERY_MODE
from ftbench.facts.units import digits
from ftbench.probe.instruments.build import REPLICA
from ftbench.probe.scenarios.shared_set import MANAGED_OPERATIONS, OPERATIONS
from ftbench.releases import Release
from ftbench.report.document import Row, Table
from ftbench.results import Figure, ResultFile, State
from ftbench.results.duels import Duel, series_of
from ftbench.results.figure import UNKNOWN, NoiseSeries, Start
from ftbench.results.floors import APART, Apart
from ftbench.results.records import DuelRecord, DuelSide, Record
from ftbench.site.timeline import scenario_titles
from ftbench.statistics.power import Floor
from ftbench.statistics.sequential import judge_series
from ftbench.statistics.verdict import Verdict, Word

_MODES: Final = {mode.name: mode.title for mode in EVERY_MODE}
_ORDER: Final = [arm.name for arm in ARMS]
_FEW: Final = 4
_MOST: Final = 40
_NO_REASON: Final = "no reason on record; most likely the run did not include it"
_NO_METRIC: Final = "the cell was measured and has none: without a lock, say, no wait for it"
# Told by the arm and the release beside them.
_OF_ITS_OWN: Final = ("version", "free_threaded")

_FINDABLE: Final = (0.05, 0.10, 0.20)
_EDGES: Final = (0.01, 0.02, 0.05, 0.10, 0.20, 0.50, 1.0)
_WORST: Final = 25
_THIN: Final = "\N{NARROW NO-BREAK SPACE}"
_ENDS: Final = [f"{edge * 100:g}" for edge in _EDGES]
BINS: Final = (
    f"up to {_ENDS[0]}{_THIN}%",
    *(f"{low} \N{EN DASH} {high}{_THIN}%" for low, high in itertools.pairwise(_ENDS)),
    f"above {_ENDS[-1]}{_THIN}%",
)


class Noisy(NamedTuple):
    """A series of an A/A run with its floor, its processes, and what the floor has not in."""

    run: NoiseSeries
    floor: Floor
    processes: int
    apart: Apart


def table(
    title: str,
    columns: Iterable[str],
    rows: Iterable[Sequence[str]],
    note: str = "",
    *,
    numbers: int = 0,
) -> Table:
    """Return a table; its last `numbers` columns hold numbers, and `note` stands below it."""
    return Table(
        title=title,
        columns=tuple(columns),
        rows=tuple(Row(cells=tuple(row)) for row in rows),
        numbers=numbers,
        notes=(note,) if note else (),
    )


def builds(sources: Sequence[ResultFile]) -> Table:
    """Return every build: those alike but for their version share a row, as do a build's arms."""
    facts = {key: title for key, title in BUILD_FACTS.items() if key not in _OF_ITS_OWN}
    releases: dict[tuple[str, ...], list[Release]] = {}
    arms: dict[tuple[str, ...], dict[str, str]] = {}  # and the state of the GIL in each
    for source in sorted(sources, key=lambda each: (_ORDER.index(each.arm.name), each.release)):
        for record in source.builds or ({},):
            row = (
                source.arm.python,
                source.flavour or UNKNOWN,
                *(value_words(record, key) for key in facts),
            )
            releases.setdefault(row, []).append(source.release)
            arms.setdefault(row, {}).setdefault(source.arm.label, gil_seen(source))
    return table(
        "Builds",
        ("arm", "releases", "build", "GIL seen", *facts.values()),
        (
            (
                *("; ".join(arms[row]), releases_text(every), row[1]),
                *("; ".join(arms[row].values()), *row[2:]),
            )
            for row, every in releases.items()
        ),
        "Builds that differ in compiler, PGO, LTO, JIT, libc, -O, -march, allocator, assertions or "
        "shared libpython are never called better or worse than each other. The state of the "
        "GIL is checked before and after the rounds.",
    )


def runs(sources: Sequence[ResultFile]) -> Table:
    """Return the runs, the latest first: when each began, the load it met, what it measured."""
    starts: dict[str, Start] = {}
    of_run: dict[str, list[ResultFile]] = {}
    for source in sources:
        for start in source.starts:
            starts.setdefault(start.run, start)
            of_run.setdefault(start.run, []).append(source)
    latest = sorted(starts.values(), key=lambda start: start.at, reverse=True)
    rows = []
    for start in latest:
        ours = of_run[start.run]
        rows.append(
            (
                start.at.strftime("%Y-%m-%d %H:%M"),
                releases_text(source.release for source in ours),
                ", ".join(sorted({source.arm.name for source in ours}, key=_ORDER.index)),
                several(source.profile for source in ours),
                "; ".join(own_check(ours, start.run)) or UNKNOWN,
                UNKNOWN if start.load is None else f"{start.load:g}",
            )
        )
    return table(
        "Runs",
        ("began, UTC", "releases", "arms", "profile", "own check", "load before"),
        rows,
        "A run interleaves its releases and arms, round after round: A B C, then C B A, so that "
        "a drift affects all of them equally. The load is the run queue's average before its first "
        "cell. The check, explained above, takes ten cells; the stick is the middle half of "
        "its times beside cells, over its usual time in the run.",
        numbers=1,
    )


def _side_words(side: DuelSide, build: Record) -> str:
    replica = [f for f in map(str, build.get("code_flags", ())) if f.startswith(REPLICA)]
    kind = ", replica ".join([side.flavour, *(flag.removeprefix(REPLICA) for flag in replica)])
    return f"{side.release}, {arm_named(side.arm).label} ({kind})"


def duels(every: Iterable[Duel]) -> Table:
    """Return the duels: of which sides, and what their series came to, scenario by scenario."""
    families: dict[tuple[str, str], list[DuelRecord]] = {}
    for duel in every:
        first, second = map(_side_words, duel.record.sides, duel.builds)
        families.setdefault((first, second), []).append(duel.record)
    of: dict[tuple[str, ...], list[Verdict]] = {}
    for (first, second), records in families.items():
        judged = judge_series(list(map(series_of, records))).verdicts
        for record, verdict in zip(records, judged, strict=True):
            one, other = (side.mode for side in record.sides)
            scenario = scenario_titles(record.group.partition(".")[0])[1]
            what = f"{first}, {one}", f"{second}, {other}", scenario
            of.setdefault(what, []).append(verdict)
    rows = []
    for names, verdicts in of.items():
        counts = Counter(each.word for each in verdicts)
        words = ", ".join(f"{counts[word]} {word}" for word in Word if counts[word])
        rows.append((*names, words, str(sum(each.pairs for each in verdicts))))
    return table(
        "Duels",
        ("first", "second", "scenario", "the second is", "pairs"),
        rows,
        "A pair: two fresh processes in turn, round by round. A duel counts before two sittings.",
        numbers=1,
    )


def states(figures: Sequence[Figure]) -> Table:
    """Return how many figures of each profile and arm were measured, skipped, failed, marked."""
    counts = Counter((each.profile, each.arm, each.state) for each in figures)
    marked = Counter((each.profile, each.arm) for each in figures if each.interference)
    rows = []
    for profile in sorted({each.profile for each in figures}):
        for arm in ARMS:
            measured, skipped, failed = (
                counts[profile, arm, state]
                for state in (State.MEASURED, State.SKIPPED, State.FAILED)
            )
            numbers = measured, marked[profile, arm], skipped, failed
            if any(numbers):
                rows.append((profile or "unnamed", arm.label, *map(str, numbers)))
    return table(
        "The state of every figure",
        ("profile", "arm", "measured", "disturbed", "skipped", "failed"),
        rows,
        "Skipped, failed and zero are different things. Disturbed cells are measured and marked.",
        numbers=4,
    )


def disturbed(figures: Sequence[Figure]) -> Table:
    """Return the cells that something else ran beside, cell by cell."""
    cells: dict[tuple[str, ...], list[Figure]] = {}
    for figure in figures:
        if figure.interference:
            title = f"{_scenario_title(figure)}: {cell_name(figure.params)}"
            cell = title, figure.arm.label, figure.release.name, figure.interference
            cells.setdefault(cell, []).append(figure)
    often = sorted(cells.items(), key=lambda item: (-len(item[1]), item[0]))
    return table(
        "Disturbed while it was measured",
        ("cell", "arm", "release", "what else ran", "figures"),
        ((*cell, str(len(ours))) for cell, ours in often[:_MOST]),
        "If other programs used a tenth of the cores' time, a cell is measured again, twice at "
        "most, and marked if it was disturbed each time; one beside which the measuring stick was "
        f"more than a tenth off its run's usual speed is marked.{_left(len(often), 'cells', ' ')}",
        numbers=1,
    )


def reasons_of(state: State, figures: Sequence[Figure]) -> Table:
    """Return the reasons for which figures were skipped, or failed."""
    reasons: dict[str, list[Figure]] = {}
    measured = {_whole_cell(each) for each in figures if each.state is State.MEASURED}
    for figure in figures:
        if figure.state is state:
            without = _NO_METRIC if _whole_cell(figure) in measured else _NO_REASON
            reasons.setdefault(figure.reason or without, []).append(figure)
    often = sorted(reasons.items(), key=lambda item: -len(item[1]))
    return table(
        "Failed, and how" if state is State.FAILED else "Skipped, and why",
        ("why", "scenarios", "modes", "releases", "figures"),
        (
            (
                reason,
                several(_scenario_title(each) for each in ours),
                several(_mode_title(each.params.get("mode", "")) for each in ours),
                releases_text(each.release for each in ours),
                str(len(ours)),
            )
            for reason, ours in often[:_MOST]
        ),
        _left(len(often), "reasons"),
        numbers=1,
    )


def _whole_cell(figure: Figure) -> tuple[object, ...]:
    of = (figure.release, figure.arm.name, figure.flavour, figure.profile)
    return (*of, figure.group, *sorted(figure.params.items()))


def _mode_title(name: str) -> str:
    return _MODES.get(name, name or "one thread")


def _left(count: int, noun: str, before: str = "") -> str:
    return f"{before}The {_MOST} most frequent of {count} {noun}." if count > _MOST else ""


def _scenario_title(measured: Figure | NoiseSeries) -> str:
    return scenario_titles(measured.benchmark.partition(".")[0])[1]


def several(items: Iterable[str]) -> str:
    """Return what there is, each once, or how many there are where that is too much to list."""
    every = tuple(dict.fromkeys(items))
    if len(every) <= _FEW:
        return "; ".join(every)
    return f"{'; '.join(every[: _FEW - 1])} and {len(every) - _FEW + 1} more"


def releases_text(releases: Iterable[Release]) -> str:
    """Return releases by name: all of few, of more the first and the last and how many."""
    every: Sequence[Release] = sorted(set(releases))
    if len(every) <= _FEW:
        return ", ".join(release.name for release in every)
    return f"{len(every)} from {every[0].name} to {every[-1].name}"


def floor_counts(noisy: Iterable[Noisy]) -> Counter[tuple[Arm, int]]:
    """Return how many series there are by arm and by place of their floor in `BINS`."""
    return Counter((each.run.arm, bisect.bisect_left(_EDGES, each.floor.effect)) for each in noisy)


def histogram(arms: Sequence[Arm], counts: Counter[tuple[Arm, int]]) -> Table:
    """Return how many series have floors of which size."""
    return table(
        "Series by noise floor",
        ("noise floor", *(arm.label for arm in arms)),
        (
            (title, *(str(counts[arm, number] or "\N{EN DASH}") for arm in arms))
            for number, title in enumerate(BINS)
        ),
        numbers=len(arms),
    )


def findable(noisy: Sequence[Noisy], arms: Sequence[Arm]) -> Table:
    """Return how many series of each profile and arm could find changes of which size."""
    rows = []
    for profile in sorted({each.run.profile for each in noisy}):
        for arm in arms:
            of = profile, arm
            ours = [each.floor for each in noisy if (each.run.profile, each.run.arm) == of]
            if ours:
                rows.append((profile or "unnamed", arm.label, *_shares(ours)))
    return table(
        "What could be found",
        (
            "profile",
            "arm",
            "series",
            *(f"{share * 100:g}{_THIN}%" for share in _FINDABLE),
            "middle floor",
            "processes a side",
        ),
        rows,
        "In how many series a change of 5, 10 or 20 % would be found in 95 of 100 cases, with the "
        "profile's number of processes a side. A change within its floor is noise.",
        numbers=len(_FINDABLE) + 3,
    )


def _shares(floors: Sequence[Floor]) -> tuple[str, ...]:
    effects = [floor.effect for floor in floors]
    counts = (sum(effect <= share for effect in effects) for share in _FINDABLE)
    return (
        str(len(floors)),
        *(f"{count} ({100 * count / len(floors):.0f}{_THIN}%)" for count in counts),
        _percent(median(effects)),
        str(floors[0].processes),
    )


def floors_by_scenario(noisy: Iterable[Noisy]) -> Table:
    """Return the floors of each scenario, the steadiest first."""
    floors: dict[str, list[float]] = {}
    for each in noisy:
        floors.setdefault(_scenario_title(each.run), []).append(each.floor.effect)
    ordered = sorted(floors.items(), key=lambda item: median(item[1]))
    return table(
        "By scenario, the steadiest first",
        ("scenario", "series", "lowest floor", "middle floor", "highest floor"),
        (
            (title, str(len(effects)), *(_percent(of(effects)) for of in (min, median, max)))
            for title, effects in ordered
        ),
        numbers=4,
    )


def worst(noisy: Iterable[Noisy]) -> Table:
    """Return the series with the highest floors."""
    ordered = sorted(noisy, key=lambda each: -each.floor.effect)[:_WORST]
    return table(
        "The worst series",
        (
            *("series", "arm", "profile", "floor", "spread of processes", "A/A processes"),
            *Apart._fields,
        ),
        (
            (
                _series_title(run),
                run.arm.label,
                run.profile or "unnamed",
                _percent(floor.effect),
                _percent(floor.spread),
                str(processes),
                *("\N{EN DASH}" if share is None else _percent(share) for share in apart),
            )
            for run, floor, processes, apart in ordered
        ),
        "The spread is the standard deviation of the logarithms of what fresh processes of the "
        f"same interpreter took. {APART}",
        numbers=5,
    )


def _series_title(run: NoiseSeries) -> str:
    return f"{_scenario_title(run)}, {metric_name(run.benchmark)}: {cell_name(run.params)}"


def _percent(share: float) -> str:
    return f"{digits(share * 100)}{_THIN}%"


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
        f"{_GATE}; its workers are not pinned to their own cores",
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


def witnesses(figures: Iterable[Figure]) -> Table:
    """Return the witnesses as a table, each with why it differs where it does."""
    rows = []
    for witness, ours, ratio in ratios(figures):
        why = witness.why if abs(ratio - 1) > AGREE else "they agree"
        seen = witness.asv, witness.probe, ours.params["mode"], ours.arm.label, str(ours.release)
        rows.append((*seen, why, f"{ratio:.2f}\N{MULTIPLICATION SIGN}"))
    return table(
        "Witnesses: asv's own clock and peak over the probe's figure of the same",
        ("asv's", "the probe's", "mode", "arm", "release", "beyond 10 %", "ratio"),
        rows,
        numbers=1,
    )
