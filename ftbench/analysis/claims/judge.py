"""Judges claims on figures: of asv's results here, of a reproduction elsewhere."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Self

from ftbench.analysis.claims.data import SYSTEMS, Claim, Series
from ftbench.analysis.claims.quantity import NOT_MEASURED, OTHER_RUN, Quantity, over
from ftbench.analysis.claims.rule import (
    TIMES,
    ClaimedRatio,
    ClaimVerdict,
    Named,
    cores_of,
    decide,
    ratios_of,
)
from ftbench.analysis.conditions import is_plain
from ftbench.analysis.names import param_name
from ftbench.analysis.price import GUARDED, Points
from ftbench.analysis.verdicts import NOTHING_KNOWN, Evidence
from ftbench.facts.arms import Arm, arm_named
from ftbench.releases import Release
from ftbench.results import Figure, Machine, ResultFile
from ftbench.results.duels import series_of
from ftbench.results.figure import SeriesKey
from ftbench.statistics.sequential import look
from ftbench.statistics.spread import Basis


@dataclass(frozen=True, slots=True, kw_only=True)
class Conditions:
    """What figures were taken on; `seconds` is the window of a time-boxed run, if it was short.

    Without a `system` or a `release` nobody asks whether a claim is about it, "" is an unknown one.
    `plain` builds have no PGO or no LTO.
    """

    cores: float
    system: str | None = None
    release: Release | None = None
    plain: bool = False
    seconds: float = math.inf


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """A claim, its verdict, what completes it, the ratios that led to it, and their figures.

    `obstacle` is what is in the way of any verdict here, such as the machine's cores.  Of a claim
    about others, `here` is what its figures are of: "before, on 3.14.7".
    """

    claim: Claim
    verdict: ClaimVerdict
    why: str = ""
    obstacle: str = ""
    here: str = ""
    ratios: tuple[ClaimedRatio, ...] = ()
    figures: Mapping[str, Figure | None] = field(default_factory=dict)

    @property
    def words(self) -> str:
        return self.why if self.here else f"{self.verdict} {self.why}".rstrip()


def judged(claim: Claim, named: Sequence[Named] | None, conditions: Conditions) -> Judgement:
    """Judge a claim on its figures, [] if one was not asked for, None if none can exist."""
    if claim.relation is None or named is None:
        return Judgement(claim=claim, verdict=ClaimVerdict.UNTESTED)
    if here := _here(claim, conditions):
        return _about_others(claim, named, here)
    if not named:
        return Judgement(claim=claim, verdict=ClaimVerdict.UNMEASURED)
    ratios = ratios_of(claim.relation, named, claimed=claim.ends, within=claim.within)
    figures = _figures(named)
    # What Price and gain takes is sound, and both sides of a duel met the same.
    sound = claim.measure or all(ratio.quantity.by_duel for ratio in ratios)
    doubts = (each.doubt for each in figures.values() if each and not sound)
    doubt = next((f"({doubt})" for doubt in doubts if doubt), "")
    obstacle = _obstacle(claim, conditions)
    verdict, why = decide(ratios, obstacle or doubt)
    return Judgement(
        claim=claim, verdict=verdict, why=why, obstacle=obstacle, ratios=ratios, figures=figures
    )


def _here(claim: Claim, here: Conditions) -> str:
    """Return what figures are of that a claim is not about, "" if it is."""
    systems = {*SYSTEMS.values()} & {*claim.about}
    system = None if here.system is None else SYSTEMS.get(here.system, here.system)
    if systems and system not in {None, *systems}:
        return f"on {system or 'an unknown system'}"
    aside = claim.aside(here.release) if here.release else ""
    return f"{aside}, on {here.release}" if aside else ""


def _about_others(claim: Claim, named: Sequence[Named], here: str) -> Judgement:
    """Return the judgement of a claim about others: what was measured here, and no verdict."""
    assert claim.relation is not None
    figures = _figures(named)
    if any(series.of for series in claim.of):
        # Beside another release this one would be called the one that it is about.
        named, figures = (), {claim.of[0].metric: figures[claim.names[0]]}
    words = (each.replace("+", " and later") for each in claim.about)
    return Judgement(
        claim=claim,
        verdict=ClaimVerdict.OTHER,
        why=f"about {', '.join(words)}",
        here=here,
        ratios=ratios_of(claim.relation, named, claimed=claim.ends, within=claim.within),
        figures=figures,
    )


def _figures(named: Sequence[Named]) -> Mapping[str, Figure | None]:
    return {name: figure for each in named for name, figure in each.figures.items()}


def _obstacle(claim: Claim, here: Conditions) -> str:
    """Return why a claim cannot be judged under these conditions, "" if it can."""
    if claim.pgo and here.plain:
        return "on builds without PGO and LTO"
    if here.cores < claim.cores or 0 < claim.most_cores < here.cores:
        return f"on {here.cores:g} {'core' if here.cores == 1 else 'cores'}"
    return f"in a window of {here.seconds:g} s" if here.seconds < claim.seconds else ""


@dataclass(frozen=True, slots=True, kw_only=True)
class AsvFigures:
    """What asv's results hold of one machine and release; `points` by measure, of any release."""

    figures: Mapping[tuple[Arm, SeriesKey], Figure]
    conditions: Conditions
    points: Mapping[str, Points] = field(default_factory=dict)
    # Of another release, by its series: "3.14".
    others: Mapping[str, Mapping[tuple[Arm, SeriesKey], Figure]] = field(default_factory=dict)
    known: Evidence = NOTHING_KNOWN  # has their duels

    @classmethod
    def of(
        cls,
        figures: Iterable[Figure],
        *,
        release: Release,
        sources: Sequence[ResultFile],
        machine: Machine | None,
        points: Mapping[str, Points] | None = None,
        others: Mapping[str, Iterable[Figure]] | None = None,
        known: Evidence = NOTHING_KNOWN,
    ) -> Self:
        """Return those of one machine, release, profile and build, on our record or asv's."""
        record = _record(sources, machine)
        own = _by_series(figures)
        return cls(
            figures=own,
            others={
                **{series: _by_series(each) for series, each in (others or {}).items()},
                release.series: own,
            },
            conditions=Conditions(
                cores=cores_of(record),
                system=str(record.get("system") or ""),
                release=release,
                plain=is_plain(sources),
            ),
            points=points or {},
            known=known,
        )

    def figure(self, series: Series | None) -> Figure | None:
        if series is None:
            return None
        figures = self.others.get(series.of, {}) if series.of else self.figures
        return figures.get((series.arm, series.key))

    @staticmethod
    def quantity(figure: Figure | None) -> Quantity:
        """Return a figure's median with its interval and noise floor, or why there is none."""
        if figure is None:
            return NOT_MEASURED
        if figure.median is None:
            return Quantity(
                word=str(figure.state), reason=figure.reason or "no reason is on record"
            )
        return Quantity(
            value=figure.median,
            spread=figure.interval,
            processes=figure.by_process,
            floor=figure.floor,
        )

    def ratio(self, above: Figure | None, below: Figure | None) -> Quantity:
        """Return the ratio of two figures of one run; to itself a figure has no interval."""
        if above is None or below is None:
            return NOT_MEASURED
        one = self.quantity(above)
        other = one if above is below else self.quantity(below)
        return over(one, other) if one_run([above, below]) else OTHER_RUN

    def named(self, claim: Claim) -> Sequence[Named] | None:
        """Return a claim's figures, or the ratio that it is about; None without either."""
        if claim.measure:
            return self._measured(claim)
        return self._each(claim) if claim.of else None

    def _each(self, claim: Claim) -> Sequence[Named]:
        figures = [self.figure(series) for series in claim.of]
        common = one_run([figure for figure in figures if figure is not None])
        return [
            Named(
                name=name,
                unit=claim.unit,
                quantity=_comparable(self.quantity(figure), claim, common=common),
                duels=self._duels(figure, zip(claim.names, figures, strict=True), rate=claim.rate),
                figures={name: figure},
            )
            for name, figure in zip(claim.names, figures, strict=True)
        ]

    def _duels(
        self, figure: Figure | None, others: Iterable[tuple[str, Figure | None]], *, rate: bool
    ) -> Mapping[str, Quantity]:
        """Return what a figure is over each of those that a duel has held it against."""
        found: dict[str, Quantity] = {}
        for name, other in others:
            duel = self.known.duel(other, figure) if figure and other else None
            effect = look(series_of(duel.record)).verdict.effect if duel else None
            if effect:
                ratio = Quantity(value=effect.value, spread=effect.interval, by_duel=True)
                found[name] = ratio.map(_inverse) if rate else ratio
        return found

    def _measured(self, claim: Claim) -> Sequence[Named]:
        """Return the ratio that Price and gain has of a claim's measure."""
        measure, arm = GUARDED[claim.measure], arm_named(claim.arm)
        points, release = self.points.get(claim.measure, {}), self.conditions.release
        point = points.get((release, arm.name)) if release else None
        if point is None:
            return ()
        count = len(point.of)
        what = f"geometric mean of {count}" if count > 1 else measure.name
        shown = {
            f"{param_name(measure.param, kernel)}, {side.label}": self.figures.get(
                (side, measure.series(kernel))
            )
            for kernel in point.of
            for side in ((arm,) if measure.against else (arm, arm_named("gil")))
        }
        base = measure.against or "GIL build"
        quantity = Quantity(
            value=point.mean.value,
            spread=point.mean.interval,
            by_duel=point.mean.basis is Basis.DUEL,
        )
        name = f"{what}: {arm.label} / {base}"
        return [Named(name=name, unit=TIMES, quantity=quantity, figures=shown)]


def _by_series(figures: Iterable[Figure]) -> dict[tuple[Arm, SeriesKey], Figure]:
    return {(figure.arm, figure.series): figure for figure in figures}


def _comparable(quantity: Quantity, claim: Claim, *, common: bool) -> Quantity:
    if quantity.value is None:
        return quantity
    if not common:
        return OTHER_RUN
    return quantity.map(_inverse) if claim.rate else quantity


def _inverse(value: float) -> float:
    return 1 / value


def one_run(figures: Sequence[Figure]) -> bool:
    """Tell whether figures may be compared: a ratio of modes is only sound within one run."""
    return len(figures) < 2 or bool(frozenset.intersection(*(each.runs for each in figures)))  # noqa: PLR2004 - a pair


def _record(sources: Sequence[ResultFile], machine: Machine | None) -> Mapping[str, Any]:
    own = next((source.machines[-1] for source in sources if source.machines), None)
    if own is not None:
        return own
    if machine is None:
        return {}
    cores = int(machine.num_cpu) if machine.num_cpu.isdecimal() else 1
    return {"cores": cores, "system": machine.os.partition(" ")[0]}
