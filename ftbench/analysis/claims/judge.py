"""Judges claims on figures: of asv's results here, of a reproduction elsewhere."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Protocol, Self

from ftbench.analysis.claims.data import Claim, Series
from ftbench.analysis.claims.quantity import NOT_MEASURED, OTHER_RUN, Quantity, geometric_mean, over
from ftbench.analysis.claims.rule import (
    TIMES,
    ClaimedRatio,
    ClaimVerdict,
    Named,
    Shown,
    cores_of,
    decide,
    on_cores,
    ratios_of,
)
from ftbench.facts.arms import Arm
from ftbench.releases import Release
from ftbench.results import Figure, Machine, ResultFile, State
from ftbench.results.figure import SeriesKey

_SYSTEMS: Final = {"Windows": "Windows", "Darwin": "macOS"}
_UNKNOWN_REASON: Final = "no reason is on record"


@dataclass(frozen=True, slots=True, kw_only=True)
class Conditions:
    """What figures were taken on; `seconds` is the window of a time-boxed run, if it was short."""

    cores: float
    system: str = ""
    release: Release | None = None
    seconds: float = math.inf


class FigureSource(Protocol):
    """Figures that claims can be judged on."""

    @property
    def conditions(self) -> Conditions:
        """What the figures were taken on."""

    def named(self, claim: Claim) -> Sequence[Named] | None:
        """Return a claim's figures, [] if one of them was not asked for, None if none can exist."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """A claim, its verdict, what completes it, the ratios that led to it, and their figures."""

    claim: Claim
    verdict: ClaimVerdict
    why: str = ""
    ratios: tuple[ClaimedRatio, ...] = ()
    figures: tuple[Shown, ...] = ()

    @property
    def words(self) -> str:
        """The verdict as users read it."""
        return f"{self.verdict} {self.why}".rstrip()


def judge(claims: Iterable[Claim], source: FigureSource) -> tuple[Judgement, ...]:
    """Return a judgement of every claim."""
    return tuple(judged(claim, source) for claim in claims)


def judged(claim: Claim, source: FigureSource) -> Judgement:
    """Return the judgement of one claim."""
    named = source.named(claim)
    if claim.relation is None or named is None:
        return Judgement(claim=claim, verdict=ClaimVerdict.UNTESTED)
    if not named:
        return Judgement(claim=claim, verdict=ClaimVerdict.UNMEASURED)
    ratios = ratios_of(claim.relation, named, claimed=claim.ends, within=claim.within)
    figures = tuple(shown for each in named for shown in each.figures)
    doubts = (each.figure.doubt for each in figures if each.figure)
    doubt = next((f"({doubt})" for doubt in doubts if doubt), "")
    verdict, why = decide(ratios, _obstacle(claim, source.conditions) or doubt)
    return Judgement(claim=claim, verdict=verdict, why=why, ratios=ratios, figures=figures)


def _obstacle(claim: Claim, here: Conditions) -> str:
    """Return why a claim cannot be judged under these conditions, "" if it can."""
    if claim.system and claim.system != here.system:
        return f"on {here.system or 'an unknown system'}: it speaks of {_SYSTEMS[claim.system]}"
    if claim.release and here.release and claim.release != here.release.series:
        return f"on {here.release.name}: it speaks of {claim.release}"
    if here.cores < claim.cores or 0 < claim.most_cores < here.cores:
        return on_cores(here.cores)
    return f"in a window of {here.seconds:g} s" if here.seconds < claim.seconds else ""


@dataclass(frozen=True, slots=True, kw_only=True)
class AsvFigures:
    """What asv's results hold of one machine and release."""

    figures: Mapping[tuple[Arm, SeriesKey], Figure]
    conditions: Conditions

    @classmethod
    def of(
        cls,
        figures: Iterable[Figure],
        *,
        release: Release,
        sources: Sequence[ResultFile],
        machine: Machine | None,
    ) -> Self:
        """Return those of one machine, release, profile and build, on our record or asv's."""
        record = _record(sources, machine)
        return cls(
            figures={(figure.arm, figure.series): figure for figure in figures},
            conditions=Conditions(
                cores=cores_of(record), system=str(record.get("system") or ""), release=release
            ),
        )

    def figure(self, series: Series | None) -> Figure | None:
        """Return the figure of a series, None if there is none."""
        return self.figures.get((series.arm, series.key)) if series else None

    def quantity(self, figure: Figure | None) -> Quantity:
        """Return a figure's median with its interval and noise floor, or why there is none."""
        if figure is None:
            return NOT_MEASURED
        if figure.median is None:
            return Quantity.none(str(figure.state), figure.reason or _UNKNOWN_REASON)
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
        quantity = self.quantity(above)
        if above is below:
            return over(quantity, quantity)
        return over(quantity, self.quantity(below)) if one_run([above, below]) else OTHER_RUN

    def named(self, claim: Claim) -> Sequence[Named] | None:
        """Return a claim's figures, or the mean of all that it is about; None without a series."""
        if not claim.of:
            return None
        return self._mean(claim) if claim.of[0].every else self._each(claim)

    def _each(self, claim: Claim) -> Sequence[Named]:
        figures = [self.figure(series) for series in claim.of]
        common = one_run([figure for figure in figures if figure is not None])
        return [
            Named(
                name=name,
                unit=claim.unit,
                quantity=_comparable(self.quantity(figure), claim, common=common),
                figures=(Shown(name=name, figure=figure),),
            )
            for name, figure in zip(claim.names, figures, strict=True)
        ]

    def _mean(self, claim: Claim) -> Sequence[Named]:
        values = self._values(claim.of)
        shown = tuple(
            Shown(name=f"{value.replace('_', ' ')}, {name}", figure=self.figure(series.at(value)))
            for value in values
            for series, name in zip(claim.of, claim.names, strict=True)
        )
        count = f" of {len(values)}" if values else ""
        what = f"geometric mean{count}: {' / '.join(claim.names)}"
        figures = ([self.figure(series.at(value)) for series in claim.of] for value in values)
        shares = [self.ratio(*each) if each[1:] else self.quantity(*each) for each in figures]
        quantity = geometric_mean(shares)
        return [Named(name=what, unit=TIMES, quantity=quantity, figures=shown)]

    def _values(self, series: Sequence[Series]) -> Sequence[str]:
        """Return the values of `every` at which all of several series were measured, sorted."""
        name = series[0].every
        values = {
            figure.params[name]
            for figure in self.figures.values()
            if figure.benchmark == series[0].benchmark and name in figure.params
        }
        figures = {value: [self.figure(each.at(value)) for each in series] for value in values}
        return sorted(
            value
            for value, ours in figures.items()
            if all(figure and figure.state is State.MEASURED for figure in ours)
        )


def _comparable(quantity: Quantity, claim: Claim, *, common: bool) -> Quantity:
    if quantity.value is None:
        return quantity
    if not common:
        return OTHER_RUN
    return quantity.map(lambda seconds: 1 / seconds) if claim.rate else quantity


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
