"""The model as plain tables, for the site's script: what is expected at each measured place.

All of it is what `Asked` answers there.  Between the places the script does what `interpolation`
does, and where there is nothing it says the same words.
"""

from __future__ import annotations

from typing import Any, Final

from ftbench.analysis.advice import question as units
from ftbench.analysis.advice.cells import MODES, ONE, POOLED, SERIAL, Cells
from ftbench.analysis.advice.estimate import (
    ITS_WORKERS,
    NO_PAYLOADS,
    NO_WAITING,
    PARTLY,
    Asked,
    Expectation,
    NoData,
    strategy_title,
)
from ftbench.analysis.advice.interpolation import Estimate
from ftbench.analysis.advice.question import Question
from ftbench.facts.arms import Arm
from ftbench.facts.modes import Mode
from ftbench.probe.scenarios import grain
from ftbench.probe.scenarios.crossover import PAYLOADS, SIZES
from ftbench.probe.scenarios.latency import CANNOT, LOADS
from ftbench.probe.scenarios.latency import SIZES as REQUESTS
from ftbench.probe.scenarios.shared_set_strategies import KINDS, STRATEGIES

# A number of workers that no text has by chance.
_MANY: Final = 987_654_321
_POOL: Final = next(mode for mode in MODES if mode != SERIAL)


def model_of(cells: Cells) -> dict[str, Any] | None:
    """Return the tables; None where too little was measured for any."""
    if cells.loop is None or not cells.workers:
        return None
    return {
        "loop": cells.loop.seconds,
        "sizes": [size.nominal for size in SIZES],
        "payloads": [payload.size for payload in PAYLOADS],
        "workers": cells.workers,
        "pooled": POOLED,
        "load": LOADS[0] / 100,
        "requests": [size in REQUESTS for size in SIZES],
        "strategies": {name: strategy_title(name) for name in STRATEGIES},
        "grain": grain.SIZES[-1].nominal,
        "why": _whys(cells, cells.arms[0], cells.loop.seconds[-1]),
        "units": {"time": units.SECONDS, "size": units.BYTES, "share": units.SHARES},
        "contestants": [_contestant(cells, arm, mode) for arm in cells.arms for mode in MODES],
    }


def _whys(cells: Cells, arm: Arm, longest: float) -> dict[str, str]:
    """Return why there is nothing beyond what was measured, by what is beyond it."""

    def why(**asked: Any) -> str:
        answer = Asked(cells=cells, arm=arm, question=Question(**asked)).of(_POOL)
        return answer.why if isinstance(answer, NoData) else ""

    return {
        "larger": why(task=longest * (1 + 1e-9)),
        "beyond": why(task=2 * grain.SIZES[-1].nominal),
        "payload": why(task=longest, payload=2 * PAYLOADS[-1].size),
        "workers": why(task=longest, workers=_MANY).replace(str(_MANY), "{workers}"),
        "one": why(task=longest, workers=ONE),
        "cannot": CANNOT,
        "partly": PARTLY,
        "payloads": NO_PAYLOADS,
        "waiting": NO_WAITING,
        "its_workers": ITS_WORKERS,
    }


def _contestant(cells: Cells, arm: Arm, mode: Mode) -> dict[str, Any]:
    """Return the costs of a mode on an arm: a number and its interval, or why there is none."""
    assert cells.loop is not None
    sizes = cells.loop.seconds

    def ask(**asked: Any) -> Expectation | NoData:
        return Asked(cells=cells, arm=arm, question=Question(**asked)).of(mode)

    counts = (ONE,) if mode == SERIAL else cells.workers
    places = {
        count: [
            ask(task=task, payload=payload.size, workers=count)
            for task in sizes
            for payload in PAYLOADS
        ]
        for count in counts
    }
    known = {count: _first(every) for count, every in places.items()}
    requests = [ask(task=task, workers=POOLED) for task in sizes]
    writes: dict[str, Any] = {}
    for kind in KINDS if mode != SERIAL and any(known.values()) else ():
        count = next(count for count, each in known.items() if each)
        place = next(n for n, each in enumerate(places[count]) if isinstance(each, Expectation))
        size, payload = divmod(place, len(PAYLOADS))
        shared = ask(
            task=sizes[size],
            payload=PAYLOADS[payload].size,
            workers=count,
            shared=1.0,
            shared_kind=kind,
        )
        writes[kind] = shared.why if isinstance(shared, NoData) else _writes(shared)
    return {
        "arm": {"title": arm.title, "label": f"{arm.character} {arm.label}"},
        "mode": {"title": mode.title, "loop": mode == SERIAL},
        "task": {
            str(count): [
                each.why if isinstance(each, NoData) else _numbers(each.seconds) for each in every
            ]
            for count, every in places.items()
        },
        "memory": {str(count): each and _cost(each, "memory") for count, each in known.items()},
        "p99": [isinstance(each, Expectation) and _cost(each, "p99") for each in requests],
        "writes": writes,
    }


def _first(every: list[Expectation | NoData]) -> Expectation | None:
    return next((each for each in every if isinstance(each, Expectation)), None)


def _cost(each: Expectation, name: str) -> Any:
    cost: Estimate | None = getattr(each, name)
    return _numbers(cost) if cost else each.lacks[name].why


def _writes(each: Expectation) -> list[Any]:
    sharing = each.sharing
    return [[name, *_numbers(cost)] for name, cost in sharing.ops.items()] if sharing else []


def _numbers(cost: Estimate) -> list[Any]:
    ends = [cost.interval.low, cost.interval.high] if cost.interval else [None, None]
    return [cost.value, *ends, cost.doubt]
