"""Draws what README and docs/*.md say of the committed results: no figure is copied by hand.

    python tests/tools/draw_docs.py

Writes README's picture, light and dark, and every block between `<!-- drawn: NAME -->` and
`<!-- drawn -->`; `tests/test_drawn.py` fails where one differs from what results/ have.
"""

from __future__ import annotations

import json
import re
import zlib
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from math import exp, inf
from pathlib import Path
from statistics import geometric_mean, median
from typing import Any, Final

import matplotlib as mpl
import numpy as np
from left_out import misses
from matplotlib.figure import Figure as Drawing

from ftbench.analysis.advice.cells import cells_of
from ftbench.analysis.comparison import FigureIndex
from ftbench.analysis.conditions import is_plain
from ftbench.analysis.grid import Grid, compare, grid_of
from ftbench.analysis.verdicts import JudgedSeries, Side, evidence, side_of
from ftbench.analysis.verdicts import compare as judge
from ftbench.experiments import selftest, suite
from ftbench.facts.arms import ARMS, WITHOUT_GIL, Arm, arm_named
from ftbench.facts.modes import MODES
from ftbench.facts.units import digits, span, times
from ftbench.releases import Release
from ftbench.report.document import Tone
from ftbench.report.sections.workers import ROUND_EMPTY, SHARING, TREE_PSS
from ftbench.report.words import NONE
from ftbench.results import Figure, ResultTree, State, read_results
from ftbench.results.duels import read_duels, series_of
from ftbench.results.figure import SeriesKey
from ftbench.results.health import CONTROL_WITHIN
from ftbench.results.records import TRIALS, DuelRecord, DuelSide
from ftbench.results.selection import Pick, first_pick, picks, picks_of
from ftbench.statistics.sequential import judge_series
from ftbench.statistics.verdict import Word

ROOT: Final = Path(__file__).resolve().parents[2]
PAGES: Final = (ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md")))
BLOCK: Final = re.compile(r"(<!-- drawn: ([\w-]+) -->\n).*?(<!-- drawn -->)", re.DOTALL)
RESULTS: Final = ROOT / "results"
KIB: Final = 1024
MIB: Final = KIB * KIB
BUDGET_OF_A_RESULT: Final = 512 * KIB
"""A release in one environment, asv's file, its records and its noise, as git packs them."""
BUDGET_OF_ALL: Final = 10 * MIB
# What the pages that follow releases show.
FOLLOWED: Final = (
    *("lifecycle", "footprint", "single_thread"),
    *("cpu_scaling", "must_scale", "native"),
)
_GIL: Final = arm_named("gil")
_PAIR: Final = (_GIL, WITHOUT_GIL)
_BAR: Final = 0.26
NEIGHBOURS: Final = (
    ("3.13.14", "3.13.15"),
    ("3.13.15", "3.14.7"),
    ("3.14.6", "3.14.7"),
    ("3.14.7", "3.15.0rc1"),
)
DECIDED: Final = frozenset({Word.WORSE, Word.BETTER, Word.SAME})


@dataclass(frozen=True, slots=True, kw_only=True)
class Theme:
    """A picture's colours: of its words and of the arms."""

    ink: str
    arms: tuple[str, ...]


PICTURES: Final = {
    ROOT / "docs" / "pictures" / "eight-workers.svg": Theme(
        ink="#30302c", arms=("#0072b2", "#c44e00", "#007a59", "#7a3e9d")
    ),
    ROOT / "docs" / "pictures" / "eight-workers-dark.svg": Theme(
        ink="#d8d8d4", arms=("#56b4e9", "#ff9e4a", "#3fd0a4", "#c99be8")
    ),
}


@dataclass(frozen=True, kw_only=True)
class Shown:
    """The results, and the pick that the pages open with."""

    tree: ResultTree
    pick: Pick

    def having(self, scenario: str) -> Shown:
        """Return the same with the first pick that a scenario was measured of."""
        pick = first_pick(picks_of(scenario, self.tree), self.tree)
        assert pick
        return Shown(tree=self.tree, pick=pick)

    @cached_property
    def figures(self) -> tuple[Figure, ...]:
        """Those of the pick."""
        return tuple(filter(self.pick.shows, self.tree.figures))

    @cached_property
    def index(self) -> FigureIndex:
        """The same by benchmark."""
        return FigureIndex(self.figures)

    @cached_property
    def rounds(self) -> Grid:
        """What a round of eight workers takes."""
        return compare(self.index, ROUND_EMPTY)

    @cached_property
    def trees(self) -> Grid:
        """What eight workers weigh."""
        return compare(self.index, TREE_PSS)

    @cached_property
    def where(self) -> str:
        """What it was measured on, and with: "CPython 3.14.7, two cores …"."""
        sources = tuple(filter(self.pick.shows, self.tree.sources))
        machine = next(each for each in self.tree.machines if each.name == self.pick.machine)
        builds = "without PGO and LTO" if is_plain(sources) else "with PGO and LTO"
        return (
            f"CPython {self.pick.release.name} on `{self.pick.machine}` ({machine.num_cpu} cores), "
            f"{self.pick.profile} profile, builds {builds}"
        )


def shown() -> Shown:
    """Return the committed results."""
    tree = read_results(RESULTS)
    pick = first_pick(picks(tree), tree)
    assert pick
    return Shown(tree=tree, pick=pick)


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    """Yield the lines of a table, its first column of words."""
    yield f"| {' | '.join(head)} |"
    yield f"|---|{'---:|' * (len(head) - 1)}"
    yield from (f"| {' | '.join(row)} |" for row in rows)


def _text(grid: Grid, mode: object, arm: object) -> str:
    cost = next((c.median for c in grid.cells if c.mode == mode and c.arm == arm), None)
    return NONE if cost is None else grid.scale.text(cost)


def _answer(of: Shown) -> Iterator[str]:
    ends = sorted(
        (cell.median, cell.mode)
        for mode in MODES
        for cell in [of.rounds.cell(mode, WITHOUT_GIL)]
        if cell.median
    )
    (_, least), (_, most) = ends[0], ends[-1]

    def said(mode: object) -> str:
        scales = of.rounds.scale.symbol, of.trees.scale.symbol
        grids = (of.rounds, of.trees)
        values = [_text(grid, mode, WITHOUT_GIL) for grid in grids]
        return f"{values[0]} {scales[0]} a round, {values[1]} {scales[1]}"

    yield (
        f"**On the free-threaded build, eight workers with an empty task cost least as "
        f"{least.title} ({said(least)}) and most as {most.title} ({said(most)}).**"
    )
    yield ""
    head = [
        "eight workers",
        *(f"{of.rounds.scale.symbol} a round, {arm.label}" for arm in _PAIR),
        *(f"{of.trees.scale.symbol}, {arm.label}" for arm in _PAIR),
    ]
    yield from table(
        head,
        [
            [
                mode.title,
                *(_text(grid, mode, arm) for grid in (of.rounds, of.trees) for arm in _PAIR),
            ]
            for mode in MODES
        ],
    )
    yield ""
    plain = ": read mechanisms, not magnitudes" if "without" in of.where else ""
    yield f"{of.where}{plain}."


def _round_ratios(of: Shown) -> Iterator[str]:
    base = _text(of.rounds, MODES[0], WITHOUT_GIL)
    yield (
        f"A round of eight workers with an empty task, as a ratio to threads on the free-threaded "
        f"build ({base} {of.rounds.scale.symbol}); {of.where}:"
    )
    yield ""
    rows = [
        [mode.title, *(times(ratio) if ratio else NONE for ratio in ratios)]
        for mode in MODES
        for ratios in [[of.rounds.cell(mode, arm).ratio for arm in of.rounds.arms]]
    ]
    yield from table(["mode", *(arm.name for arm in of.rounds.arms)], rows)


def _memory(of: Shown) -> Iterator[str]:
    yield (
        f"Memory of the whole process tree while eight workers are busy (PSS), in "
        f"{of.trees.scale.symbol}, from the same results:"
    )
    yield ""
    rows = [[mode.title, *(_text(of.trees, mode, arm) for arm in _PAIR)] for mode in MODES]
    yield from table(["mode", *(arm.name for arm in _PAIR)], rows)


def _shared_set(of: Shown) -> Iterator[str]:
    of = of.having("shared_set")
    view = SHARING.sections[0].views[0]
    grid = grid_of(of.index, view.metric, view.rungs.ladder, MODES)  # type: ignore[union-attr]
    base = grid.baseline.figure
    assert base
    assert base.median
    assert base.interval
    low, high, scale = base.interval.low, base.interval.high, grid.scale
    yield (
        "Cost of an operation when eight workers share one large set of ids, as a ratio to one "
        f"lock around one set on the free-threaded build ({scale.text(base.median)} "
        f"{scale.symbol}, interval {span(low / scale.size, high / scale.size)}); {of.where}:"
    )
    yield ""
    places = [(mode, arm) for mode in MODES for arm in _PAIR]
    places = [
        (mode, arm)
        for mode, arm in places
        if any(grid.cell(mode, arm, value).median for value in grid.ladder.values)
    ]
    rows = [
        [
            value.replace("_", " "),
            *(
                times(ratio) if ratio else NONE
                for mode, arm in places
                for ratio in [grid.cell(mode, arm, value).ratio]
            ),
        ]
        for value in grid.ladder.values
    ]
    yield from table(["strategy", *(f"{mode.title}: {arm.name}" for mode, arm in places)], rows)


def _left_out(of: Shown) -> Iterator[str]:
    of = of.having("crossover")
    missed = misses(cells_of(of.figures))
    middle, most = np.quantile(missed, (0.5, 0.9))
    yield (
        f"{of.where}: of {len(missed)} cells half are off by {middle:.1%} or less, and nine in "
        f"ten by {most:.1%} or less."
    )


def _controls(of: Shown) -> Iterator[str]:
    counts = {}
    for name in ("control_2", "control_cpu_2"):
        every = [
            abs(each.median - 1) <= CONTROL_WITHIN
            for each in of.figures
            if each.benchmark == f"must_scale.MustScale.track_{name}" and each.median
        ]
        counts[name] = f"{sum(every)} of {len(every)}"
    yield (
        f"{of.where}: {counts['control_2']} controls of two processes are within 1.00 ± "
        f"{CONTROL_WITHIN:g} by time, and {counts['control_cpu_2']} by CPU time."
    )


def _judged(of: Shown, arm: Arm, benchmark: str) -> tuple[Side, Side, Sequence[JudgedSeries]]:
    """Return both sides of docs/replay.md, and their series judged."""
    before, after = (
        side_of(
            each
            for each in of.tree.figures
            if (each.machine, each.profile, each.arm, each.release.name)
            == ("amd-epyc-2cpu", "full", arm, release)
            and re.match(benchmark, each.benchmark)
        )
        for release in ("3.13.15", "3.14.7")
    )
    return before, after, judge(evidence(of.tree), before, after).judgements


def _replay(of: Shown) -> Iterator[str]:
    before, after, judgements = _judged(of, WITHOUT_GIL, "cpu_scaling")

    def key(metric: str) -> SeriesKey:
        params = {"mode": "threads", "kernel": "objects"}
        return SeriesKey(benchmark=f"cpu_scaling.CpuScaling.track_{metric}", params=params)

    judged = {each.after.series: each for each in judgements}
    costs = []
    for metric in ("serial", "unit_2"):
        effect = judged[key(metric)].verdict.effect
        assert effect
        assert effect.interval
        ends = span(effect.interval.low, effect.interval.high)
        costs.append(f"{digits(effect.value)} times ({ends})")
    cpu = [times(side[key("relative_cpu_8")].median or 0) for side in (before, after)]
    yield (
        f"One thread's unit of work costs {costs[0]} as much as before, two threads' {costs[1]}, "
        f"with 99 % intervals. Ratios within a build mislead here: 8 threads took {cpu[0]} the "
        f"CPU of one thread and now take {cpu[1]}, because one thread gained more."
    )


def _replay_duel(of: Shown) -> Iterator[str]:
    _, _, judgements = _judged(of, WITHOUT_GIL, "single_thread.*track_kernel$")
    every = {each.after.params["kernel"]: each for each in judgements if each.duel}
    effects = {
        kernel: effect.value for kernel, each in every.items() if (effect := each.verdict.effect)
    }
    (best, least), *_, (worst, most) = sorted(effects.items(), key=lambda item: item[1])
    counts = Counter(each.verdict.word for each in every.values())
    words = [f"{counts[word]} {word}" for word in Word if counts[word]]
    yield (
        f"By duel, of {len(every)} kernels: {', '.join(words)}. A run takes "
        f"{digits(geometric_mean(effects.values()))} times as long in the geometric mean, from "
        f"{digits(least)} ({best}) to {digits(most)} ({worst})."
    )


def _replay_native(of: Shown) -> Iterator[str]:
    _, _, judgements = _judged(of, _GIL, r"native.*track_(serial|unit_1)$")
    counts = Counter(each.verdict.word for each in judgements)
    words = [f"{counts[word]} {word}" for word in Word if counts[word]]
    yield f"On the same machine, of {counts.total()} series: {', '.join(words)}."


def _record(of: Shown) -> Iterator[str]:
    classes: dict[tuple[str, Release, str, str], set[str]] = defaultdict(set)
    for each in of.tree.figures:
        if each.state is State.MEASURED:
            place = each.machine, each.release, each.flavour, each.profile
            classes[place].add(each.benchmark.rpartition(".")[0])
    rows = []
    for place, groups in sorted(classes.items()):
        machine, release, flavour, profile = place
        sources = [
            each
            for each in of.tree.sources
            if (each.machine, each.release, each.flavour, each.profile) == place
        ]
        days = sorted(start.at.date() for each in sources for start in each.starts)
        arms = [arm.name for arm in ARMS if any(each.arm == arm for each in sources)]
        floors = {
            noise.benchmark.rpartition(".")[0]
            for noise in of.tree.noise
            if (noise.machine, noise.release, noise.flavour, noise.profile) == place
        }
        duels = {
            duel.record.group
            for duel in of.tree.duels
            if duel.machine == machine
            and any(side.release == release.name for side in duel.record.sides)
        }
        when = " to ".join(dict.fromkeys(map(str, (days[0], days[-1])))) if days else NONE
        words = machine, release.name, flavour, profile, ", ".join(arms), when
        rows.append((*words, *map(str, map(len, (groups, floors, duels)))))
    head = "machine", "release", "build", "profile", "arms", "measured"
    yield from table((*head, "classes", "with a noise floor", "in duels"), rows)


def packed(content: bytes) -> int:
    """Return how many bytes a file adds to a clone, whose objects git packs as zlib does."""
    return len(zlib.compress(content))


def _followed(path: Path) -> bytes:
    """Return of a result's file what it has of the scenarios that each release is measured in."""
    content = path.read_text("utf-8")
    if path.suffix == ".json":
        result = json.loads(content)
        every = result["results"].items()
        result["results"] = {name: row for name, row in every if name.partition(".")[0] in FOLLOWED}
        return json.dumps(result).encode()
    lines = [(line, json.loads(line)) for line in content.splitlines()]
    kept = [
        line for line, of in lines if of.get("group", FOLLOWED[0]).partition(".")[0] in FOLLOWED
    ]
    return "\n".join(kept).encode()


def _record_size(_: Shown) -> Iterator[str]:
    """Yield what the results weigh in a clone, and what a year of releases would."""
    sizes = {path: packed(path.read_bytes()) for path in RESULTS.rglob("*") if path.is_file()}
    results: Counter[str] = Counter()
    releases: defaultdict[tuple[str, str, str], list[Path]] = defaultdict(list)
    for path, size in sizes.items():
        if found := re.match(r"(\d{5}\w{3})-.*-build([^.]+?)(?:-PYTHON_\w+)?\.", path.name):
            results[f"{path.parent.name}/{path.name.partition('.')[0]}"] += size
            releases[path.parent.name, found[1], found[2]].append(path)
    (machine, commit, flavour), files = max(
        releases.items(), key=lambda release: sum(map(sizes.__getitem__, release[1]))
    )
    ((largest, most),) = results.most_common(1)
    whole = sum(sizes[path] for path in files)
    followed = sum(packed(_followed(path)) for path in files)
    raw = sum(path.stat().st_size for path in sizes)
    builds = 2 * (2 * 5 + 6)
    yield (
        f"`results/` has {digits(raw / MIB)} MiB in {len(sizes)} files, "
        f"{digits(sum(sizes.values()) / MIB)} MiB as git packs them, of {BUDGET_OF_ALL // MIB} MiB "
        f"that it may have. A result, which is a release in one environment, may have "
        f"{BUDGET_OF_A_RESULT // KIB} KiB packed; the largest, `{largest}`, has "
        f"{digits(most / KIB)} KiB. Of {Release.from_commit_id(commit).name} on `{machine}` "
        f"(`{flavour}`) there is most: {digits(whole / KIB)} KiB packed on all arms, "
        f"{digits(followed / KIB)} KiB of it of {', '.join(FOLLOWED[:-1])} and {FOLLOWED[-1]}. "
        f"A year of two series with five releases each and six previews of a third, optimized and "
        f"plain, would take {digits(whole * builds / MIB)} MiB a machine with all scenarios, "
        f"{digits(followed * builds / MIB)} MiB with these alone."
    )


def _side_words(machine: str, side: DuelSide) -> str:
    arm = arm_named(side.arm)
    return f"CPython {side.release}, {arm.title} ({side.flavour}), `{machine}`"


def _selftest(_: Shown) -> Iterator[str]:
    paths = sorted(RESULTS.glob(f"*/*{TRIALS}"))
    if not paths:
        yield "No trial is on record yet."
    tries = selftest.tries_of(selftest.with_targets(suite.cells(ROOT)))
    for path in paths:
        file = read_duels(path)
        assert file
        trials: dict[selftest.Target, list[selftest.Trial]] = {target: [] for _, target in tries}
        for asked, own in selftest.on_record(file.duels, tries).items():
            trials[asked[1]] += own
        tried = [selftest.Tried(target=each, trials=own) for each, own in trials.items() if own]
        days = sorted({duel.sitting[:10] for duel in file.duels})
        count, whole = sum(map(len, trials.values())), len(tries) * selftest.EQUAL
        yield (
            f"{_side_words(path.parent.name, file.duels[0].sides[0])}, "
            f"{' to '.join(dict.fromkeys((days[0], days[-1])))}, {count} of {whole} trials "
            f"({selftest.EQUAL} of each target and cell):"
        )
        yield ""
        targets, series = selftest.target_table(tried), selftest.series_table(tried)
        yield from table(targets.columns, [row.cells for row in targets.rows])
        far = [row.cells for row in series.rows if row.tone is Tone.BAD]
        yield ""
        yield (
            "With more pairs than a series may have, or more seconds than its target: "
            f"{len(far) or 'none'} of {len(series.rows)} series."
        )
        if far:
            yield ""
            yield from table(series.columns, far)
        if never := [target.title for target, own in trials.items() if not own]:
            yield ""
            yield f"Not tried yet: {'; '.join(never)}."


def _by_sides(of: Shown, *, alike: bool) -> dict[tuple[str, DuelSide, DuelSide], list[DuelRecord]]:
    """Return the duels of single_thread by machine and sides, of one source if `alike`."""
    found = defaultdict(list)
    for duel in of.tree.duels:
        first, second = duel.record.sides
        same = (first.release, first.arm) == (second.release, second.arm)
        ours = duel.record.group.startswith("single_thread.") and duel.record.metric == "kernel"
        if ours and same is alike:
            found[duel.machine, first, second].append(duel.record)
    return dict(sorted(found.items(), key=lambda item: str(item[0])))


def _over_gil(of: Shown, *, arm: str, head: str) -> Iterator[str]:
    """Yield the table of what one thread takes on an arm over the GIL build of its release."""
    rows = []
    for (machine, first, second), duels in _by_sides(of, alike=False).items():
        if first.release == second.release and (first.arm, second.arm) == ("gil", arm):
            ratios = [exp(_middle(each)) for each in duels]
            ends = f"{digits(min(ratios))} to {digits(max(ratios))}"
            mean = digits(geometric_mean(ratios))
            rows.append([first.release, first.flavour, f"`{machine}`", mean, ends])
    yield from table(("release", "build", "machine", head, "from, to"), rows)


def _replay_neighbours(of: Shown) -> Iterator[str]:
    rows = []
    known, apart = defaultdict(list), _apart(of)
    for (machine, first, second), duels in _by_sides(of, alike=False).items():
        if first.arm == second.arm:
            key = first.release, second.release, second.arm
            known[key].append((first.flavour, f"`{machine}`", duels))
    for pair in NEIGHBOURS:
        for arm in ("gil", "ft"):
            which = [" to ".join(pair), arm]
            if not (every := known[*pair, arm]):
                missing = f"no duel on record: `ftbench duel {' '.join(pair)} --arm {arm}`"
                rows.append([*which, "", "", missing, "", ""])
            for flavour, machine, duels in every:
                verdicts = judge_series(list(map(series_of, duels))).verdicts
                counts = Counter(each.word for each in verdicts)
                words = ", ".join(f"{counts[word]} {word}" for word in Word if counts[word])
                logs = {each.params["kernel"]: _middle(each) for each in duels}
                ends = " to ".join(
                    digits(exp(end)) for end in (min(logs.values()), max(logs.values()))
                )
                span = next(filter(None, (apart.get((r, arm, flavour, machine)) for r in pair)), {})
                beyond = sum(abs(log) > span.get(kernel, inf) for kernel, log in logs.items())
                rows.append([*which, flavour, machine, words, ends, str(beyond) if span else NONE])
    yield "| single_thread | arm | build | machine | kernels | from, to | beyond replicas |"
    yield "|---|---|---|---|---|---:|---:|"
    yield from (f"| {' | '.join(row)} |" for row in rows)


def _replay_instructions(of: Shown) -> Iterator[str]:
    counts: dict[tuple[str, str, str, str], dict[str, dict[str, float]]] = defaultdict(
        lambda: defaultdict(dict)
    )
    for each in of.tree.figures:
        if each.benchmark == "instructions.SingleThread.track_instructions" and each.median:
            place = each.arm.name, each.flavour, f"`{each.machine}`", each.profile
            counts[place][each.release.name][each.params["kernel"]] = each.median
    rows = []
    for before, after in NEIGHBOURS:
        for place, releases in sorted(counts.items()):
            first, second = releases.get(before, {}), releases.get(after, {})
            if ratios := {kernel: second[kernel] / first[kernel] for kernel in first if second}:
                ends = [choose(ratios, key=ratios.__getitem__) for choose in (min, max)]
                mean = f"{geometric_mean(ratios.values()):.3f}"
                words = [f"{ratios[kernel]:.3f} ({kernel})" for kernel in ends]
                rows.append([f"{before} to {after}", *place[:-1], mean, *words])
    yield "| instructions | arm | build | machine | geometric mean | least | most |"
    yield "|---|---|---|---|---:|---:|---:|"
    yield from (f"| {' | '.join(row)} |" for row in rows)


def _middle(duel: DuelRecord) -> float:
    return median(pair[0] for pair in duel.pairs)


def _apart(of: Shown) -> dict[tuple[str, ...], dict[str, float]]:
    """Return how far the farthest two builds of a source lie apart, by side and kernel, in logs."""
    places: dict[tuple[str, ...], dict[str, list[float]]] = defaultdict(
        lambda: defaultdict(lambda: [0.0])
    )
    for (machine, first, _), duels in _by_sides(of, alike=True).items():
        side = first.release, first.arm, first.flavour, f"`{machine}`"
        for each in duels:
            places[side][each.params["kernel"]].append(_middle(each))
    return {
        side: {kernel: max(logs) - min(logs) for kernel, logs in kernels.items()}
        for side, kernels in places.items()
    }


def _decided(of: Shown) -> Iterator[str]:
    rows = []
    for (machine, *sides), duels in _by_sides(of, alike=False).items():
        words = [each.word for each in judge_series(list(map(series_of, duels))).verdicts]
        pairs = sorted(len(each.pairs) for each in duels)
        took = [each.seconds for each in duels]
        rows.append(
            [
                f"{' against '.join(f'{each.release} {each.arm}' for each in sides)}, `{machine}`",
                f"{sum(word in DECIDED for word in words)} of {len(words)}",
                f"{median(pairs):g}, at most {pairs[-1]}",
                f"{sum(took):.0f} s" if all(took) else NONE,
            ]
        )
    yield from table(("single_thread", "kernels decided", "pairs of a kernel", "all"), rows)


def _replicas(of: Shown) -> Iterator[str]:
    found: dict[tuple[str, str], dict[str, list[float]]] = defaultdict(lambda: defaultdict(list))
    for (machine, first, _), duels in _by_sides(of, alike=True).items():
        for each in duels:
            ratio = exp(_middle(each))
            found[machine, _side_words(machine, first)][each.params["kernel"]].append(ratio)
    if not found:
        yield "No two builds of one source are on record yet."
    for (_, title), kernels in found.items():
        apart = [abs(ratio - 1) for ratios in kernels.values() for ratio in ratios]
        builds = max(map(len, kernels.values()))
        yield (
            f"{title}, against {builds} other build{'s' * (builds > 1)} of its source: a kernel "
            f"takes {median(apart):.1%} more or less in the middle, at most {max(apart):.1%}."
        )
        yield ""
        rows = [[kernel, *map("{:.4f}".format, own)] for kernel, own in kernels.items()]
        yield from table(["kernel", *(f"replica {n + 1}" for n in range(builds))], rows)
        yield ""


BLOCKS: Final[Mapping[str, Callable[[Shown], Iterator[str]]]] = {
    "answer": _answer,
    "rounds": _round_ratios,
    "memory": _memory,
    "shared-set": _shared_set,
    "left-out": _left_out,
    "controls": _controls,
    "replay": _replay,
    "replay-duel": _replay_duel,
    "replay-native": _replay_native,
    "replay-price": partial(_over_gil, arm="ft", head="free-threaded / GIL"),
    "replay-jit": partial(_over_gil, arm="jit", head="JIT on / off"),
    "replay-neighbours": _replay_neighbours,
    "replay-instructions": _replay_instructions,
    "record": _record,
    "record-size": _record_size,
    "selftest": _selftest,
    "decided": _decided,
    "replicas": _replicas,
}


def drawn(text: str, of: Shown) -> str:
    """Return a page with its blocks as the results have them."""
    return BLOCK.sub(
        lambda found: found[1] + "".join(f"{each}\n" for each in BLOCKS[found[2]](of)) + found[3],
        text,
    )


def draw(path: Path, theme: Theme, of: Shown) -> None:
    """Draw README's picture."""
    words = ("text.color", "axes.labelcolor", "axes.edgecolor", "xtick.color", "ytick.color")
    ink: dict[Any, str] = dict.fromkeys(words, theme.ink)
    with mpl.rc_context({**ink, "svg.hashsalt": "ftbench", "svg.fonttype": "none"}):
        figure = Drawing(figsize=(9, 3.4), layout="constrained")
        for axes, grid, title in zip(
            figure.subplots(1, 2, sharey=True),
            (of.rounds, of.trees),
            ("time of a round", "memory (PSS)"),
            strict=True,
        ):
            _bars(axes, grid, theme)
            axes.set_xscale("log")
            axes.set_xlabel(f"{title}, {grid.scale.symbol}, logarithmic; lower is better")
        figure.axes[0].invert_yaxis()  # of both
        figure.axes[0].legend(frameon=False, fontsize="small", loc="upper right")
        title = f"Eight workers with an empty task: {of.pick.title}"
        figure.suptitle(title, fontsize="medium")
        figure.savefig(path, metadata={"Date": None, "Creator": None}, transparent=True)


def _bars(axes: mpl.axes.Axes, grid: Grid, theme: Theme) -> None:
    for number, (arm, colour) in enumerate(zip(grid.arms, theme.arms, strict=False)):
        found = [(place, grid.cell(mode, arm)) for place, mode in enumerate(MODES)]
        known = [(place, cell.median) for place, cell in found if cell.median]
        values = [median / grid.scale.size for _, median in known]
        places = [place + (number - 1) * _BAR for place, _ in known]
        bars = axes.barh(places, values, _BAR, color=colour, label=arm.label)
        axes.bar_label(bars, [f" {digits(value)}" for value in values], fontsize="x-small")
    axes.set_yticks(range(len(MODES)), [mode.title for mode in MODES])
    axes.spines[["top", "right"]].set_visible(False)
    axes.margins(x=0.12)


def main() -> None:
    """Draw all of it."""
    of = shown()
    for path, theme in PICTURES.items():
        draw(path, theme, of)
    for path in PAGES:
        text = path.read_text("utf-8")
        path.write_text(drawn(text, of), "utf-8", newline="\n")


if __name__ == "__main__":
    main()
