"""Made-up histories: what figures go through from release to release, and verdicts on them."""

from __future__ import annotations

import itertools
import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ftbench.analysis.verdicts import JudgedFamily, JudgedSeries, Step, bases
from ftbench.facts.arms import Arm
from ftbench.releases import Release
from ftbench.results import Figure, ResultTree, State
from ftbench.results.figure import Environment
from ftbench.results.records import NoiseCell
from ftbench.statistics import Basis, Ratio
from ftbench.statistics.power import Floor
from ftbench.statistics.spread import Interval
from ftbench.statistics.verdict import Verdict, Word

# What a hostile file would have run, loaded, or broken out of.
HOSTILE = "<img src=x onerror=alert(1)></script><script>alert(2)</script> \"'&{{7*7}}\u202e</td>"


@dataclass(frozen=True, kw_only=True)
class Change:
    """A known change: from `release` on, costs of what ends so and has these parameters.

    `factor` times what they were before; on the named arms, () for all.
    """

    release: str
    factor: float
    ends: str = ""
    params: Mapping[str, str] = field(default_factory=dict)
    arms: tuple[str, ...] = ()

    def touches(self, name: str, params: Mapping[str, str], release: Release, arm: Arm) -> bool:
        """Tell whether a series of this release has changed."""
        return (
            release >= Release.parse(self.release)
            and name.endswith(self.ends)
            and (not self.arms or arm.name in self.arms)
            and self.params.items() <= params.items()
        )


def _nowhere(_group: str, _params: Mapping[str, str], _process: int) -> bool:
    return False


@dataclass(frozen=True, kw_only=True)
class History:
    """How figures come about; the default is one quiet process, and nothing ever changes.

    `processes` fresh ones per figure are off by `between` each, their samples by `within`, both
    as a share of the cost.  Costs rise by `drift` with each release, and by `changes`.  `marked`
    tells which processes were disturbed.  `noise` is how many processes an A/A run of each series
    has, in the newest release of each arm; 0 for no such run.  `text` stands in every free text of
    the records.
    """

    processes: int = 1
    between: float = 0.0
    within: float = 0.03
    drift: float = 0.0
    changes: Sequence[Change] = ()
    marked: Callable[[str, Mapping[str, str], int], bool] = _nowhere
    noise: int = 0
    text: str = ""

    def factor(
        self, name: str, params: Mapping[str, str], release: Release, arm: Arm, past: int
    ) -> float:
        """Return what a cost is to an unchanging history's; `past` releases came before."""
        factor = (1 + self.drift) ** past
        for change in self.changes:
            if change.touches(name, params, release, arm):
                factor *= change.factor
        return factor

    def samples(self, center: float, count: int, chance: random.Random) -> list[float]:
        """Return `count` samples of each process, process by process, as asv pools them."""
        made = []
        for _ in range(self.processes):
            # Without several processes nothing is drawn for them: older figures stay.
            off = chance.lognormvariate(0, self.between) if self.between else 1.0
            made += [center * off * chance.lognormvariate(0, self.within) for _ in range(count)]
        return made

    def counted(self, group: str, params: Mapping[str, str], process: int) -> dict[str, Any]:
        """Return what a process's record says of its effort, and of what disturbed it."""
        if self.processes == 1 and self.marked is _nowhere:
            return {}
        chance = random.Random(f"{group} {sorted(params.items())} {process}")  # noqa: S311
        marked = self.marked(group, params, process)
        foreign = round(0.6 if marked else 0.01, 2)
        why = f"others took {foreign:.0%} of the cores' time"
        return {
            "effort": {
                "cpu_seconds": round(chance.lognormvariate(-1, 0.05), 4),
                "voluntary_switches": chance.randrange(400, 500),
                "involuntary_switches": chance.randrange(900 if marked else 30),
                "minor_faults": chance.randrange(2_000, 2_100),
            },
            "interference": {
                "foreign": foreign,
                "steal": 0.0,
                "repeats": 2 if marked else 0,
                "marked": marked,
                "why": f"{why} {self.text}".strip() if marked else "",
            },
            "pinned": None,
        }

    def noise_cells(
        self, series: Mapping[str, Mapping[str, Any]], units: Mapping[str, Any]
    ) -> Iterator[NoiseCell]:
        """Yield the cells of an A/A run; `series` is group → name of a cell → its parameters."""
        for group, each in series.items():
            for params in each.values():
                yield self._noise_cell(group, params, units[group])

    def _noise_cell(
        self, group: str, params: Mapping[str, str], units: Mapping[str, str]
    ) -> NoiseCell:
        chance = random.Random(f"noise {group} {sorted(params.items())}")  # noqa: S311
        spread = self.between or self.within
        return NoiseCell(
            group=group,
            params=dict(params),
            order="".join(itertools.islice(itertools.cycle("ABBA"), self.noise)),
            started_at="2026-11-20T12:00:00Z",
            load=0.1,
            build="",
            machine="",
            units={name.partition("_")[2]: unit for name, unit in units.items()},
            medians={
                name.partition("_")[2]: tuple(
                    chance.lognormvariate(0, spread) for _ in range(self.noise)
                )
                for name in units
            },
        )


def cells(
    ladders: Mapping[str, Mapping[str, Sequence[object]]],
) -> Iterator[tuple[str, dict[str, str]]]:
    """Yield every cell: the name of its class, and its parameters in plain text."""
    for group, ladder in ladders.items():
        for values in itertools.product(*ladder.values()):
            yield group, dict(zip(ladder, map(str, values), strict=True))


FLOOR = Floor(spread=0.01, freedom=10, processes=5, effect=0.03)
_MARGIN = 1.02
_EFFORTS = {"cpu_seconds": (1.25, 1.5), "involuntary_switches": (12.0, 480.0)}


def history(tree: ResultTree, environment: Environment, *, every: bool = False) -> tuple[Step, ...]:
    """Return what `verdicts.history.history` does, each verdict from two medians."""
    releases: dict[Release, dict[object, Figure]] = {}
    for figure in tree.figures:
        if figure.environment == environment and figure.state is State.MEASURED:
            releases.setdefault(figure.release, {})[figure.series] = figure
    return tuple(
        Step(
            environment=environment,
            release=release,
            base=base,
            against=against,
            comparison=_compare(releases[base], releases[release]),
        )
        for release in sorted(releases)
        for against, base in bases(release, releases, every=every)
    )


def _compare(before: Mapping[object, Figure], after: Mapping[object, Figure]) -> JudgedFamily:
    return JudgedFamily(
        judgements=tuple(
            _judgement(before[series], after[series], number)
            for number, series in enumerate(before)
            if series in after
        ),
        only_before=tuple(figure for series, figure in before.items() if series not in after),
        only_after=tuple(figure for series, figure in after.items() if series not in before),
        by_chance=len(after) / 2_000,
        rate=0.01,
    )


def _judgement(before: Figure, after: Figure, number: int) -> JudgedSeries:
    value = (after.median or 1.0) / (before.median or 1.0)
    interval = Interval(low=value / _MARGIN, high=value * _MARGIN)
    effect = Ratio(value=value, interval=interval, confidence=0.99, basis=Basis.PROCESSES)
    word = _word(interval, number)
    verdict = Verdict(
        word=word,
        effect=effect,
        floor=FLOOR,
        p=0.001,
        needs=4 if word is Word.UNDECIDED else None,
        why="its interval crosses the floor" if word is Word.UNDECIDED else "",
    )
    return JudgedSeries(
        before=before,
        after=after,
        verdict=verdict,
        differences={"PGO": ("no", "yes")} if word is Word.INCOMPARABLE else {},
        efforts=_EFFORTS if verdict.alarm else {},
    )


def _word(interval: Interval, number: int) -> Word:
    if number % 11 == 10:
        return Word.INCOMPARABLE
    if interval.low > 1 + FLOOR.effect:
        return Word.WORSE
    if interval.high < 1 / (1 + FLOOR.effect):
        return Word.BETTER
    within = 1 / (1 + FLOOR.effect) <= interval.low and interval.high <= 1 + FLOOR.effect
    return Word.SAME if within else Word.UNDECIDED
