"""A reproduction as a report and as a JSON document, both made of its record alone."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Final

from ftbench.analysis.claims.data import (
    ArticleFigure,
    Claim,
    FigureSpec,
    TableSpec,
    article,
    article_claims,
)
from ftbench.analysis.claims.judge import Conditions, Judgement
from ftbench.analysis.claims.judge import judged as judged_on
from ftbench.analysis.claims.quantity import Quantity
from ftbench.analysis.claims.rule import (
    BEHIND,
    UNITS,
    ClaimedRatio,
    ClaimVerdict,
    Named,
    number,
    printed,
)
from ftbench.errors import DAMAGE, ResultsError
from ftbench.experiments.harness import of_sittings
from ftbench.experiments.reproduce.figures import Computed, figures
from ftbench.experiments.reproduce.record import Reproduction, load
from ftbench.facts.units import plural
from ftbench.progress import about
from ftbench.report import document
from ftbench.report.document import Document

_LONG_MS: Final = 2000
_COLUMNS: Final = ("article", "its way here", "corrected here")
_TONES: Final = {
    ClaimVerdict.HOLDS: document.Tone.GOOD,
    ClaimVerdict.NOT: document.Tone.BAD,
    ClaimVerdict.CANNOT: document.Tone.PLAIN,
    ClaimVerdict.UNMEASURED: document.Tone.QUIET,
    ClaimVerdict.OTHER: document.Tone.QUIET,
}
_SEVERAL: Final = (
    "In brackets after a median: its 99 % interval, from how far processes differ; claims are "
    "judged by it."
)
_ONE: Final = (
    "In brackets after a median: the middle half of its samples. Each figure is of one process, "
    "and another might differ, so its ratio is shown beside the article's and decides no claim."
)


@dataclass(frozen=True, kw_only=True)
class JudgedReproduction:
    """A reproduction with the article's figures, by their names, on which claims are judged."""

    done: Reproduction
    figures: Mapping[str, Computed]

    @property
    def conditions(self) -> Conditions:
        """What the figures were taken on; their release is anybody's choice."""
        seconds = self.done.knobs.duration / 1e3
        return Conditions(
            cores=self.done.cores, seconds=seconds, system=self.done.machine.get("system")
        )

    def named(self, claim: Claim) -> Sequence[Named]:
        """Return a claim's corrected figures, [] if not all of them were asked for."""
        computed = [self.figures.get(figure.name) for figure in claim.figures]
        return [
            Named(name=name, unit=claim.unit, quantity=figure.corrected)
            for name, figure in zip(claim.names, computed, strict=True)
            if figure and all(computed)
        ]

    @cached_property
    def judgements(self) -> tuple[Judgement, ...]:
        tables = {table.name for table in self.tables}
        claims = (claim for claim in article_claims() if claim.table in tables)
        return tuple(judged_on(claim, self.named(claim), self.conditions) for claim in claims)

    @property
    def tables(self) -> tuple[TableSpec, ...]:
        return tuple(table for table in article().tables if table.part in self.done.parts)

    def of(self, table: TableSpec, kind: FigureSpec) -> Iterator[tuple[ArticleFigure, Computed]]:
        for row in table.rows:
            figure = ArticleFigure(table=table.name, row=row, kind=kind)
            if figure.name in self.figures:
                yield figure, self.figures[figure.name]


def judged(done: Reproduction) -> JudgedReproduction:
    """Compute the article's figures from a reproduction, for its claims to be judged on."""
    return JudgedReproduction(done=done, figures=figures(done))


def document_of(whole: JudgedReproduction) -> Document:
    """Return the document: the article's tables, three columns each, each with its claims."""
    return Document(
        title=f"The article, measured again on {whole.done.machine.get('cpu', 'this machine')}",
        record=_record(whole),
        lines=tuple(_head(whole)),
        parts=tuple(part for table in whole.tables for part in _parts(whole, table)),
    )


def told_anew(path: Path) -> Document:
    """Return the document of what a file holds; raises `ResultsError` for what cannot be true."""
    done = load(path)
    try:
        return document_of(judged(done))
    except (*DAMAGE, ArithmeticError) as error:
        raise ResultsError(f"{path} holds what no run can have measured: {error!r}.") from error


def _head(whole: JudgedReproduction) -> Iterator[str]:
    done = whole.done
    yield (
        f"\N{LEFT DOUBLE QUOTATION MARK}{article().title}\N{RIGHT DOUBLE QUOTATION MARK}: each "
        "of its figures, the same figure computed its way on this machine, and the figure as it "
        f"should be. {_counted(whole)}"
    )
    yield f"The article: {article().machine}"
    yield f"Here: {_machine(done)}"
    yield from _builds(done)
    yield f"{_amount(done)} Measured {done.started_at} by ftbench {done.ftbench}."
    sittings = Counter(step.sitting for step in done.steps if step.sitting)
    yield from filter(None, (_busy(done), _short(done), of_sittings(sittings)))
    how = _SEVERAL if done.processes > 1 else _ONE
    yield f"{how} Not available is not failed is not zero."


def _counted(whole: JudgedReproduction) -> str:
    verdicts = [judgement.verdict for judgement in whole.judgements]
    counts = [f"{each}: {verdicts.count(each)}" for each in ClaimVerdict if each in verdicts]
    return f"{plural(len(verdicts), 'claim', 'claims')}; {', '.join(counts)}."


def _parts(whole: JudgedReproduction, table: TableSpec) -> Iterator[document.Part]:
    yield document.Part(title=table.title, tables=(_figures(whole, table),))
    under = [each for each in whole.judgements if each.claim.table == table.name]
    if under:
        rows = tuple(_claim(judgement) for judgement in under)
        claims = document.Table(columns=("claim", "verdict", "ratio"), rows=rows)
        yield document.Part(title="The article's claims", tables=(claims,), level=2)


def _figures(whole: JudgedReproduction, table: TableSpec) -> document.Table:
    notes: dict[str, int] = {}
    rows = []
    for kind in table.figures:
        # With the unit, unless the numbers carry it themselves.
        unit = "" if kind.unit in {*BEHIND, "/s"} else f", {kind.unit}"
        rows.append(document.Row(cells=(f"{kind.title}{unit}",), tone=document.Tone.HEADING))
        rows += [_row(figure, here, notes) for figure, here in whole.of(table, kind)]
    made = zip(_COLUMNS, (table.article, table.way, table.corrected), strict=True)
    return document.Table(
        columns=("", *_COLUMNS),
        rows=tuple(rows),
        numbers=len(_COLUMNS),
        notes=(
            *(f"{column}: {words}" for column, words in made),
            *(f"[{count}] {reason}" for reason, count in notes.items()),
        ),
    )


def _row(figure: ArticleFigure, here: Computed, notes: dict[str, int]) -> document.Row:
    return document.Row(
        cells=(
            figure.row.title,
            printed(figure.printed, figure.unit),
            number(here.way, figure.unit, notes),
            number(here.corrected, figure.unit, notes),
        )
    )


def _claim(judgement: Judgement) -> document.Row:
    claim = judgement.claim
    means = f" ({claim.means})" if claim.means else ""
    quote = f"\N{LEFT DOUBLE QUOTATION MARK}{claim.quote}\N{RIGHT DOUBLE QUOTATION MARK}{means}"
    ratios = "; ".join(
        f"{each.what}: {each.measured}" + (f", {each.asked}" if each.quantity.value else "")
        for each in judgement.ratios
    )
    return document.Row(
        cells=(quote, judgement.words, ratios),
        tone=_TONES[judgement.verdict],
    )


def _amount(done: Reproduction) -> str:
    knobs = done.knobs
    whole = "The article's own rounds and seconds"
    part = f"A fraction of {done.scale:g} of the article's rounds and seconds"
    inserting = f"{knobs.duration / 1e3:g} s of inserting"
    amounts = {
        "lifecycle": plural(knobs.rounds, "round", "rounds"),
        "memory": f"{plural(knobs.holds, 'hold', 'holds')} of {knobs.hold:g} s{_looks(done)}",
    }
    asked = dict.fromkeys(amounts.get(name, inserting) for name in done.parts)
    several = (
        f", by {done.processes} processes in turn, which share rounds and holds"
        if done.processes > 1
        else ""
    )
    return (
        f"{whole if done.scale == 1 else part}: {', '.join(asked)}, by {knobs.workers} workers"
        f"{several}; it took {about(done.elapsed)}."
    )


def _looks(done: Reproduction) -> str:
    for step in done.steps:
        observer = step.measurement.notes.get("observer") if step.measurement else None
        interval = observer.get("interval") if isinstance(observer, dict) else None
        if step.key.startswith("memory/") and isinstance(interval, int | float):
            return f" looked at every {interval * 1e3:g} ms"
    return ""


def _short(done: Reproduction) -> str:
    if done.knobs.duration >= _LONG_MS or not {"shared_set", "sharded", "rust"} & set(done.parts):
        return ""
    return (
        f"A window of {done.knobs.duration / 1e3:g} s: the article's wall is mostly creating and "
        "joining workers, so its way is further from the article's figures than with 5 s."
    )


def _machine(done: Reproduction) -> str:
    record = done.machine
    virtual = ", virtual" if record.get("virtual") else ""
    cores = "1 core" if done.cores == 1 else f"{done.cores:g} cores"
    where = f"{record.get('cpu', 'unknown CPU')}, {cores}{virtual}"
    return f"{where}; {record.get('system', '')} {record.get('kernel', '')}".strip("; ")


def _busy(done: Reproduction) -> str:
    loads = [step.measurement.load[0] for step in done.steps if step.measurement]
    if not loads or loads[0] is None or loads[0] < done.cores / 2:
        return ""
    return (
        f"The machine was busy when this began (load {loads[0]:g} on {done.cores:g} cores): "
        "its figures are of both."
    )


def _builds(done: Reproduction) -> Iterator[str]:
    for arm, what in (("ft", "Threads, GIL off"), ("gil", "Processes")):
        if arm in done.interpreters:
            one = done.interpreters[arm]
            compiler = one.build.get("compiler", "an unknown compiler")
            yield f"{what}: CPython {one.name}, {one.flavour} ({compiler})"


def _record(whole: JudgedReproduction) -> dict[str, Any]:
    return {
        **whole.done.record(),
        "article": {"title": article().title, "machine": article().machine},
        "tables": [_table(whole, table) for table in whole.tables],
        "claims": [_judgement(judgement) for judgement in whole.judgements],
    }


def _table(whole: JudgedReproduction, table: TableSpec) -> dict[str, Any]:
    lines = [
        {"figure": kind.name, **_line(figure, here)}
        for kind in table.figures
        for figure, here in whole.of(table, kind)
    ]
    return {"name": table.name, "title": table.title, "figures": lines}


def _line(figure: ArticleFigure, here: Computed) -> dict[str, Any]:
    unit = UNITS[figure.unit]
    return {
        "row": figure.row.name,
        "unit": figure.unit,
        "article": _quantity(figure.printed, unit),
        "way": _quantity(here.way, unit),
        "corrected": _quantity(here.corrected, unit),
    }


def _quantity(quantity: Quantity, unit: float) -> dict[str, Any]:
    """Return a quantity in the unit that is printed; `samples` says of how many it is a median."""
    if quantity.value is None:
        return {"value": None, "word": quantity.word, "reason": quantity.reason}
    ends = {"interval": quantity.spread, "middle_half": quantity.middle}
    return {
        "value": quantity.value / unit,
        **{name: each and [each.low / unit, each.high / unit] for name, each in ends.items()},
        "samples": sum(map(len, quantity.processes)),
    }


def _judgement(judgement: Judgement) -> dict[str, Any]:
    claim = judgement.claim
    return {
        "table": claim.table,
        "quote": claim.quote,
        "means": claim.means,
        "relation": claim.relation,
        "of": [figure.name for figure in claim.figures],
        "cores": claim.cores,
        "seconds": claim.seconds,
        "verdict": judgement.verdict,
        "words": judgement.words,
        "ratios": [_ratio(ratio) for ratio in judgement.ratios],
    }


def _ratio(ratio: ClaimedRatio) -> dict[str, Any]:
    unit = UNITS[ratio.unit]
    ends = [ratio.low / unit, None if math.isinf(ratio.high) else ratio.high / unit]
    return {
        "what": ratio.what,
        "unit": ratio.unit,
        **_quantity(ratio.quantity, unit),
        "range": ends,
    }
