"""A trial as people read it: the answer in a sentence, tables per build, what to write."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final

from msgspec import to_builtins
from msgspec.structs import replace

from ftbench.analysis.advice.interpolation import Estimate
from ftbench.analysis.advice.question import By
from ftbench.analysis.advice.ranking import cost_words
from ftbench.analysis.trial_verdicts import Judged, JudgedCell, alarm
from ftbench.analysis.trials import LOOP, Answer, Forecast, OnBuild, Tried, compared, titled
from ftbench.facts.arms import arm_named
from ftbench.facts.units import SAME, amount, digits, plural, span, times
from ftbench.report.answer import cost_with_reach
from ftbench.report.document import Document, Footnotes, Part, Row, Table, Tone
from ftbench.report.words import NONE, TONES, needed
from ftbench.results.trials import TrialBuild
from ftbench.statistics.ratio import Ratio
from ftbench.statistics.spread import ONE_PROCESS, Processes, location
from ftbench.statistics.verdict import Word

SCHEMA: Final = {"name": "ftbench.try", "version": 1}


def document_of(
    found: Answer,
    *,
    forecasts: Sequence[Forecast | str] = (),
    judged: Judged | None = None,
    picture: str = "",
) -> Document:
    """Return the document; `picture` is of the same, for HTML."""
    return Document(
        title=f"ftbench try {found.trial.target}",
        record=_record(found, forecasts, judged),
        lines=(sentence(found), *_checked(found)),
        parts=(
            *(Part(picture=picture) for _ in range(bool(picture))),
            *(_build_part(each, found) for each in found.builds),
            *_against(judged),
            *(Part(title="What to write", lines=code) for code in (tuple(_code(found)),) if code),
            Part(title="What else was found", lines=tuple(_findings(found, forecasts))),
            *_stories(found),
        ),
    )


def named(build: TrialBuild) -> str:
    """Return a build as tables name it: "● free-threaded 3.14.7t"."""
    arm = arm_named(build.arm)
    return f"{arm.character} {arm.label} {build.name}"


def sentence(found: Answer) -> str:
    """Return the answer with its numbers, and where it holds."""
    best, gil = found.best, found.best_on_gil
    machine = found.trial.machine
    cores = machine.get("usable_cores") or machine.get("cores") or "?"
    where = f"On {cores} cores of {machine.get('cpu') or 'this machine'}"
    if best is None and any(each.out for each in found.builds):
        return f"{where}, no measured mode meets the limits."
    if best is None:
        whys = dict.fromkeys(why.rstrip(".") for each in found.builds for why in _whys(each))
        return f"{where} nothing could be measured: {'; '.join(whys) or 'no mode was tried'}."
    told = f"{where}, the best mode for {_function(found)} is {_name(best)}: {_costs(best)}"
    if best.cell.mode == LOOP:
        told = f"{where}, no mode surely beats a plain loop of {_function(found)}: {_name(best)}, "
        told += _costs(best)
    if best.seconds.interval is None:
        told += f" ({ONE_PROCESS})"
    if gil is not None and gil is not best:
        told += f". On a GIL build it is {_name(gil)}: {_costs(gil)}; to move to the free-threaded "
        told += f"build is {_ratio(compared(gil, best))} as fast"
    elif gil is not None and any(each.every for each in found.builds if each.build.arm != "gil"):
        told += ". No other build is surely better"
    return f"{told}."


def _function(found: Answer) -> str:
    return found.trial.target.rpartition(":")[2] or found.trial.target


def _name(tried: Tried) -> str:
    cell = tried.cell
    workers = plural(cell.workers, "worker", "workers")
    much = "" if cell.mode == LOOP else f" with {workers}"
    return f"{tried.mode.title}{much} on {tried.build.name}"


def _costs(tried: Tried) -> str:
    told = f"{amount(tried.seconds.value, 'seconds')} a call"
    if tried.limits.by is By.COST and tried.cost:
        told += f", {cost_words(tried.cost.value, By.COST)} a million"
    speed_up = tried.gil_speed_up or tried.speed_up
    if speed_up:
        loops = tried.gil_loops or tried.loops
        told += f", {_ratio(speed_up)} as fast as a plain loop on {loops.build.name}"
    return told


def _ratio(found: Ratio | None) -> str:
    if found is None:
        return NONE
    ends = found.interval
    return f"{times(found.value)} ({span(ends.low, ends.high)})" if ends else times(found.value)


def _checked(found: Answer) -> Iterator[str]:
    trial = found.trial
    wrong = [each for build in found.builds for each in build.without if each.exit_code == _DIFFER]
    results = "results are not checked"
    if trial.check != "none":
        cells = plural(len(wrong), "cell", "cells")
        results = f"results differ in {cells}" if wrong else "results equal in every mode"
    yield (
        f"{plural(trial.calls, 'call', 'calls')} a round, "
        f"{plural(trial.inputs, 'input', 'inputs')}, "
        f"{amount(trial.serial_seconds, 'seconds')} each in a plain loop; {found.kind}; "
        f"arguments of {_size(trial.bytes_in)}, results of {_size(trial.bytes_out)}; {results}; "
        f"{_shaken(trial.builds)}."
    )


def _size(count: int) -> str:
    return amount(count, "bytes") if count >= _KIB else plural(count, "byte", "bytes")


_KIB: Final = 1024
_DIFFER: Final = 13  # the exit code of a mode whose results are not the serial twin's
# Once a process: the workers' start, their first round, and their end.
_ONCE: Final = {"start": "start", "first round": "cold", "end": "shutdown"}
_WORDS: Final = tuple(Word)  # the gravest first


def _shaken(builds: Sequence[TrialBuild]) -> str:
    shakes = [shake for build in builds for shake in build.shake.values()]
    calls, wrong = (sum(shake[name] for shake in shakes) for name in ("calls", "wrong"))
    if not calls:
        return "not shaken for thread safety"
    if wrong:
        return f"shaken for thread safety: {wrong} of {calls} results were wrong"
    return f"shaken for thread safety: nothing found in {calls} calls (no proof)"


def _whys(on: OnBuild) -> Iterator[str]:
    if on.build.skipped:
        yield f"{on.build.name}: {on.build.skipped}"
    yield from (f"{titled(cell)}: {cell.failed or cell.skipped}" for cell in on.without)


def _build_part(on: OnBuild, found: Answer) -> Part:
    if on.build.skipped:
        return Part(title=named(on.build), lines=(f"skipped: {on.build.skipped}",))
    return Part(
        title=named(on.build),
        lines=tuple(_of_build(on)),
        tables=tuple(table for table in (_ranking(on, found), _effort(on)) if table.rows),
    )


def _of_build(on: OnBuild) -> Iterator[str]:
    if on.price is not None:
        price = _ratio(on.price)
        yield f"The price of the build for one thread: {price} the time of the GIL build."
    first, *others = [each.title for each in on.close] or [""]
    if others:
        names = "; ".join(others) if len(on.close) < len(on.ranked) else "all others"
        yield f"Too close to {first} to call: {names}."
    yield from (f"{doubt}." for each in on.ranked for doubt in each.doubts())
    if any(each.seconds.interval is None for each in on.every):
        yield "A figure without an interval is of one process."


def _ranking(on: OnBuild, found: Answer) -> Table:
    priced, gil = found.limits.by is By.COST, any(each.gil_loops for each in on.every)
    notes = Footnotes()
    numbers = (
        *("a call", "calls a second"),
        *(("a million",) if priced else ()),
        "\N{MULTIPLICATION SIGN} plain loop",
        *(("\N{MULTIPLICATION SIGN} loop of the GIL build",) if gil else ()),
        "pays from",
    )
    shown = [
        (each, f"{'≈' * (rank > 1 and each in on.close)}{rank}", each.title)
        for rank, each in enumerate(on.ranked, 1)
    ]
    shown += [
        (each, "", f"{each.title}: {notes.pointed(f'breaks a limit: {why}')}")
        for each, why in on.out
    ]
    rows = [
        Row(cells=(*first, *_speed(each, priced=priced, gil=gil)), tone=_tone(each, on))
        for each, *first in shown
    ]
    for cell in sorted(on.without, key=lambda cell: not cell.failed):
        why = (
            f"failed: {cell.failed.rstrip('.')}"
            if cell.failed
            else f"skipped: {cell.skipped or 'no time'}"
        )
        tone = Tone.BAD if cell.failed else Tone.QUIET
        rows.append(Row(cells=("", f"{titled(cell)}: {notes.pointed(why)}"), tone=tone))
    return Table(
        columns=("", "mode", *numbers),
        rows=tuple(rows),
        numbers=len(numbers),
        notes=notes.lines,
    )


def _tone(tried: Tried, on: OnBuild) -> Tone:
    return Tone.BEST if tried in on.ranked[:1] else Tone.PLAIN


def _speed(tried: Tried, *, priced: bool, gil: bool) -> Iterator[str]:
    yield cost_with_reach(tried.seconds, By.SECONDS)
    yield digits(1 / tried.seconds.value)
    if priced:
        yield cost_with_reach(tried.cost, By.COST)
    yield "1" if tried.cell.mode == LOOP else _ratio(tried.speed_up)
    if gil:
        yield _ratio(tried.gil_speed_up)
    if tried.cell.mode == LOOP:
        yield ""
    else:
        calls = tried.pays_from
        yield "not surely" if calls is None else plural(calls, "call", "calls")


def _effort(on: OnBuild) -> Table:
    return Table(
        columns=("mode", "p50", "p95", "p99", "CPU a call", "cores busy", "memory", *_ONCE),
        rows=tuple(Row(cells=tuple(_efforts(each)), tone=_tone(each, on)) for each in on.every),
        numbers=6 + len(_ONCE),
    )


def _efforts(tried: Tried) -> Iterator[str]:
    yield tried.title
    known, calls = tried.percentiles, tried.calls
    lacks = f"slowest of {len(calls)}: {amount(max(calls), 'seconds')}" if calls else NONE
    for percent in (50, 95, 99):
        yield amount(known[percent], "seconds") if percent in known else lacks
        lacks = NONE if percent not in known else lacks
    yield cost_with_reach(tried.cpu, By.SECONDS)
    yield NONE if tried.busy is None else f"{tried.busy:.0%} of {tried.cores}"
    yield NONE if tried.memory is None else amount(tried.memory, "bytes")
    for name in _ONCE.values():
        took = tried.middle(name)
        yield amount(took, "seconds") if took > 0 else NONE


def _code(found: Answer) -> Iterator[str]:
    best, gil = found.best, found.best_on_gil
    if gil is not None:
        yield f"On a GIL build ({gil.build.name}): {code_of(gil, found)}"
    if best is not None and best is not gil:
        yield f"On a free-threaded build ({best.build.name}): {code_of(best, found)}"


def code_of(tried: Tried, found: Answer) -> str:
    """Return what to write for a mode."""
    executor = found.trial.asked.get("executor", "").rpartition(":")[2]
    cell = tried.cell
    if cell.mode == LOOP and tried.build.look.get("coroutine"):
        return f"[await {_function(found)}(i) for i in inputs]"
    return tried.mode.code.format(f=_function(found), n=cell.workers, c=cell.chunk, e=executor)


def _stories(found: Answer) -> Iterator[Part]:
    alike: dict[tuple[str, str, str], list[str]] = {}
    for each in found.builds:
        for cell in each.without:
            if cell.story:
                told = each.build.name, cell.failed, cell.story
                alike.setdefault(told, []).append(titled(cell))
    for (build, failed, story), titles in alike.items():
        title = f"{build}, {', '.join(titles)}: {failed}"
        yield Part(title=title, lines=tuple(story.splitlines()), level=2)


def _findings(found: Answer, forecasts: Sequence[Forecast | str]) -> Iterator[str]:
    for build in found.trial.builds:
        packages = ", ".join(f"{name} {version}" for name, version in build.packages.items())
        if packages:
            packages = f"with {packages}, one native thread in each worker"
        told = [*build.look.get("said", ()), *filter(None, [packages])]
        if told:
            yield f"{build.name}: {'; '.join(told)}."
    yield from found.trial.notes
    marked = sum(p.marked for cell in found.trial.cells for p in cell.processes)
    if marked:
        yield f"Other load disturbed {plural(marked, 'process', 'processes')}."
    for forecast in forecasts:
        yield forecast if isinstance(forecast, str) else _forecast(forecast)
    if not forecasts:
        yield "There are no results here for advise to answer from."


def _forecast(forecast: Forecast) -> str:
    predicted, best = forecast.predicted, forecast.best
    told = f"{forecast.on.build.name}: advise puts {predicted.mode.title} first"
    if predicted.mode.mode == best.mode.mode:
        return f"{told}, too, by {forecast.by}."
    if forecast.holds:
        return f"{told}, by {forecast.by}; here it is too close to {best.title} to call."
    behind = _ratio(forecast.behind)
    return f"{told}, by {forecast.by}; here it takes {behind} the time of {best.title}."


def _against(judged: Judged | None) -> Iterator[Part]:
    if judged is None:
        return
    title = "Against the earlier trial"
    if judged.reasons:
        yield Part(title=title, lines=(f"Not comparable: {'; '.join(judged.reasons)}.",))
        return
    cells = sorted(judged.cells, key=lambda each: _WORDS.index(each.verdict.word))
    rows = [Row(cells=("lost", what, why), tone=Tone.BAD) for what, why in judged.lost]
    columns = ("verdict", "what", "why", "before", "after", "effect")
    table = Table(columns=columns, numbers=3, rows=(*rows, *map(_judged_row, cells)))
    lines = (f"An effect is after over before, so above 1 is worse. {SAME}", *judged.notes)
    yield Part(title=title, lines=lines, tables=(table,))


def _judged_row(each: JudgedCell) -> Row:
    verdict = each.verdict
    return Row(
        cells=(
            str(verdict.word),
            each.title,
            needed(verdict) or verdict.why,
            *(_amount(side, each.unit) for side in (each.pair.before, each.pair.after)),
            _ratio(verdict.effect),
        ),
        tone=TONES[verdict.word],
    )


def _amount(side: Processes, unit: str) -> str:
    value = location(side)
    return NONE if value is None else amount(value, unit)


def _record(
    found: Answer, forecasts: Sequence[Forecast | str], judged: Judged | None
) -> dict[str, Any]:
    best, gil = found.best, found.best_on_gil
    return {
        **to_builtins(replace(found.trial, cells=(), builds=())),
        "schema": SCHEMA,
        "ranked_by": found.limits.by,
        "best": best and _place(best),
        "best_on_gil": gil and _place(gil),
        "code": {each.build.arm: code_of(each, found) for each in (best, gil) if each},
        "builds": [_build_record(each) for each in found.builds],
        "advise": [
            each if isinstance(each, str) else _fields(each, "predicted", "best", "holds", "behind")
            for each in forecasts
        ],
        "against": judged and _judged_record(judged),
    }


def _place(of: Tried | JudgedCell) -> dict[str, Any]:
    return {"build": of.build.name, "mode": of.cell.mode, "workers": of.cell.workers}


def _build_record(on: OnBuild) -> dict[str, Any]:
    return {
        **to_builtins(on.build),
        "price": _plain(on.price),
        "ranked": [
            {"rank": rank, "close": rank > 1 and each in on.close, **_tried_record(each)}
            for rank, each in enumerate(on.ranked, 1)
        ],
        "ruled_out": [{"why": why, **_tried_record(each)} for each, why in on.out],
        "without": [to_builtins(replace(cell, processes=())) for cell in on.without],
    }


def _tried_record(tried: Tried) -> dict[str, Any]:
    costs = ("seconds", "speed_up", "gil_speed_up", "pays_from", "cpu", "busy", "cores", "memory")
    processes = tried.cell.processes
    return {
        **to_builtins(replace(tried.cell, processes=())),
        **_fields(tried, *costs),
        **{name: tried.middle(name) for name in _ONCE.values()},
        "cost_per_million": _plain(tried.cost) if tried.limits.by is By.COST else None,
        "percentiles": {f"p{percent:g}": at for percent, at in tried.percentiles.items()},
        "calls": len(tried.calls),
        "slowest": max(tried.calls, default=None),
        "processes": len(processes),
        "marked": sum(each.marked for each in processes),
    }


def _fields(of: object, *names: str) -> dict[str, Any]:
    return {name: _plain(getattr(of, name)) for name in names}


def _plain(found: Any) -> Any:
    if isinstance(found, Tried):
        return _place(found)
    if not isinstance(found, Estimate | Ratio):
        return found
    ends = found.interval
    return {"value": found.value, "interval": ends and [ends.low, ends.high]}


def _judged_record(judged: Judged) -> dict[str, Any]:
    raised = alarm(judged)
    return {
        "exit_code": raised.exit_code if raised else 0,
        "not_comparable": judged.reasons,
        **_fields(judged, "lost", "notes"),
        "cells": [
            {
                **_place(each),
                "unit": each.unit,
                "before": location(each.pair.before),
                "after": location(each.pair.after),
                **_fields(each.verdict, "effect", "word", "why", "needs"),
            }
            for each in judged.cells
        ],
    }
