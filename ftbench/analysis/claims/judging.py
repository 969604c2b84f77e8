"""Judges every claim on the figures of one machine and release."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from ftbench.analysis.claims.cells import Cell, geometric_mean, over
from ftbench.analysis.claims.claim import Claim, claims
from ftbench.analysis.claims.reading import Reading, one_run
from ftbench.analysis.claims.rule import TIMES, Named, Ratio, Verdict, decide, on_cores, ratios_of
from ftbench.analysis.claims.series import Series
from ftbench.results import Figure

_SYSTEMS: Final = {"Windows": "Windows", "Darwin": "macOS"}
_OTHER_RUN: Final = Cell.none("no run in common", "A ratio of figures from two runs says little.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """A figure that a claim is about, under its name; `figure` is None where there is none."""

    name: str
    figure: Figure | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """A claim, its verdict, what completes it, the ratios that led to it, and their figures."""

    claim: Claim
    verdict: Verdict
    why: str = ""
    ratios: tuple[Ratio, ...] = ()
    figures: tuple[Shown, ...] = ()

    @property
    def words(self) -> str:
        """The verdict as users read it."""
        return f"{self.verdict} {self.why}".rstrip()


def judge(reading: Reading) -> tuple[Judgement, ...]:
    """Return a judgement of every claim."""
    return tuple(judged(claim, reading) for claim in claims())


def judged(claim: Claim, reading: Reading) -> Judgement:
    """Return the judgement of one claim."""
    if claim.relation is None:
        return Judgement(claim=claim, verdict=Verdict.UNTESTED)
    shown, cells = _means(claim, reading) if claim.of[0].every else _cells(claim, reading)
    ratios = ratios_of(claim.relation, cells, claimed=claim.edge, within=claim.within)
    verdict, why = decide(ratios, _obstacle(claim, reading))
    return Judgement(claim=claim, verdict=verdict, why=why, ratios=ratios, figures=shown)


def _cells(claim: Claim, reading: Reading) -> tuple[tuple[Shown, ...], tuple[Named, ...]]:
    """Return a claim's figures, and the same as the rule takes them."""
    figures = [reading.figure(series) for series in claim.of]
    shown = tuple(
        Shown(name=name, figure=figure) for name, figure in zip(claim.names, figures, strict=True)
    )
    common = one_run([figure for figure in figures if figure is not None])
    cells = (_cell(reading.cell(figure), claim, common=common) for figure in figures)
    return shown, tuple(
        Named(name=name, unit=claim.unit, cell=cell)
        for name, cell in zip(claim.names, cells, strict=True)
    )


def _cell(cell: Cell, claim: Claim, *, common: bool) -> Cell:
    if cell.value is None:
        return cell
    if not common:
        return _OTHER_RUN
    return cell.map(lambda seconds: 1 / seconds) if claim.rate else cell


def _means(claim: Claim, reading: Reading) -> tuple[tuple[Shown, ...], tuple[Named, ...]]:
    """Return the figures of every value, and the geometric mean of them or of their ratios."""
    values = reading.values(claim.of)
    shown = tuple(
        Shown(name=f"{value.replace('_', ' ')}, {name}", figure=reading.figure(series.at(value)))
        for value in values
        for series, name in zip(claim.of, claim.names, strict=True)
    )
    count = f" of {len(values)}" if values else ""
    what = f"geometric mean{count}: {' / '.join(claim.names)}"
    cell = geometric_mean([_share(claim.of, value, reading) for value in values])
    return shown, (Named(name=what, unit=TIMES, cell=cell),)


def _share(of: Sequence[Series], value: str, reading: Reading) -> Cell:
    figures = [reading.figure(series.at(value)) for series in of]
    if not one_run([figure for figure in figures if figure is not None]):
        return _OTHER_RUN
    first, *second = map(reading.cell, figures)
    return over(first, second[0]) if second else first


def _obstacle(claim: Claim, reading: Reading) -> str:
    """Return why a claim cannot be judged on this machine and release, "" if it can."""
    if claim.system and claim.system != reading.system:
        return f"on {reading.system or 'an unknown system'}: it speaks of {_SYSTEMS[claim.system]}"
    if claim.release and claim.release != reading.release.series:
        return f"on {reading.release.name}: it speaks of {claim.release}"
    if reading.cores < claim.cores or 0 < claim.most_cores < reading.cores:
        return on_cores(reading.cores)
    return ""
