"""Each release held against the lines that others have drawn for free threading: claims by `rail`.

What is held is a ratio of Price and gain, as is; how it stands is the claim's judgement.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from ftbench.analysis.claims.data import Claim, claims
from ftbench.analysis.claims.judge import AsvFigures, Judgement, judged
from ftbench.analysis.claims.rule import ClaimVerdict
from ftbench.analysis.price import GUARDED, Measure, Point, Points, guarded
from ftbench.facts.arms import WITHOUT_GIL
from ftbench.releases import Release
from ftbench.results import Machine, ResultTree

_ACROSS: Final = "the interval crosses it"


@dataclass(frozen=True, slots=True, kw_only=True)
class Guarded:
    """A measure, its lines, and how each release stands to them, the newest first."""

    measure: Measure
    rails: tuple[Claim, ...]
    points: Points
    rows: tuple[tuple[Release, Point, tuple[Judgement | None, ...]], ...]


def guard_rails(tree: ResultTree, machine: Machine | None) -> Iterator[Guarded]:
    """Yield every measure with a line; `tree` has results of one rig.

    A line that was drawn for another series of releases is None.
    """
    points = guarded(tree)
    for name, measure in GUARDED.items():
        rails = tuple(claim for claim in claims() if claim.rail and claim.measure == name)
        ours = {
            (release, arm): point
            for (release, arm), point in points[name].items()
            if arm == WITHOUT_GIL.name and not all(claim.aside(release) for claim in rails)
        }
        rows = []
        for release, arm in sorted(ours, reverse=True):
            here = AsvFigures.of(
                (),
                release=release,
                sources=[source for source in tree.sources if source.release == release],
                machine=machine,
                points=points,
            )
            judgements = (
                None if each.aside(release) else judged(each, here.named(each), here.conditions)
                for each in rails
            )
            rows.append((release, ours[release, arm], tuple(judgements)))
        yield Guarded(measure=measure, rails=rails, points=ours, rows=tuple(rows))


def standing(judgement: Judgement) -> tuple[str, str]:
    """Return how a release stands to a line: "within", and why nobody can tell, "" if one can."""
    (ratio,) = judgement.ratios
    side = "below" if ratio.quantity.spread and ratio.quantity.spread.high < ratio.low else "above"
    words = {ClaimVerdict.HOLDS: "within", ClaimVerdict.NOT: side}
    if judgement.here or judgement.verdict in words:
        return words.get(judgement.verdict, judgement.why), ""
    here = words.get(ratio.verdict, _ACROSS if ratio.quantity.spread else "there is no interval")
    why = f"{judgement.obstacle} (here: {here})" if judgement.obstacle else here
    return str(judgement.verdict), why


def rules(of: Guarded) -> list[tuple[float, str]]:
    """Return where a picture has the lines that a release is held against, a range its end."""
    names: dict[float, list[str]] = {}
    for number, rail in enumerate(of.rails):
        if any(judgements[number] for _, _, judgements in of.rows):
            names.setdefault(rail.ends[-1], []).append(rail.rail.partition(",")[0])
    return [(value, ", ".join(every)) for value, every in names.items()]
