"""Writes the pages of Choose: of each machine, release and build the answer, then each question."""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property, partial
from pathlib import Path
from typing import Any, Final

from ftbench.analysis.advice import question as units
from ftbench.analysis.advice.cells import (
    MODES,
    ONE,
    POOLED,
    SERIAL,
    Cells,
    cells_of,
    first_with_map,
)
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
from ftbench.analysis.advice.question import Question, seconds, size
from ftbench.analysis.advice.ranking import ALONE, NOTHING, advise
from ftbench.analysis.claims import tables as article_tables
from ftbench.analysis.claims.data import article
from ftbench.analysis.claims.judge import AsvFigures
from ftbench.facts.arms import Arm, usual_and
from ftbench.facts.modes import Mode
from ftbench.probe.scenarios import grain
from ftbench.probe.scenarios.base import MOST_WORKERS
from ftbench.probe.scenarios.crossover import PAYLOADS, SIZES
from ftbench.probe.scenarios.latency import CANNOT, LOADS
from ftbench.probe.scenarios.latency import SIZES as REQUESTS
from ftbench.probe.scenarios.shared_set_strategies import KINDS, SEEN, STRATEGIES
from ftbench.report.answer import (
    AT_BEST,
    BETWEEN,
    DISTURBED,
    MEASURED,
    answer_of,
    asked,
    measured_on,
    writes_note,
)
from ftbench.report.choice import Choice, SectionFigures, choice_of
from ftbench.results import ResultTree
from ftbench.results.selection import Pick, newest_first, picks, shares
from ftbench.site import frame
from ftbench.site.menus import Item, address, elsewhere, menus
from ftbench.site.mode_charts import draw
from ftbench.site.winner_map import FRAME, draw_map

PICTURED: Final = 16
"""How many picks have pictures: pages of pictures take ten times as long as those of tables."""
ARTICLE: Final = "article"
ANSWER: Final = "answer"
SCRIPT: Final = "choose/choose.js"
MODEL: Final = "model.js"
WORDS: Final = {
    "nothing": NOTHING,
    "alone": ALONE,
    "between": BETWEEN,
    "measured": MEASURED,
    "at_best": AT_BEST,
    "disturbed": DISTURBED,
}
OPTIONS: Final = {
    "task": "--task",
    "payload": "--payload",
    "workers": "--workers",
    "shared": "--shared-writes",
    "kind": "--shared-kind",
    "waiting": "--waiting",
    "p99": "--p99",
}
"""What each field of the form is called in a terminal."""
UNSAID: Final = {"shared": "0%", "kind": SEEN, "waiting": "0%", "p99": ""}
"""What the form has at first and a terminal need not be told."""
USUAL_TEXTS: Final = {"task": "200us", "payload": "64KiB", **UNSAID}


@dataclass(frozen=True, kw_only=True)
class Pages:
    """The pages of a pick: the answer, at `address`, and those of what was measured, by question.

    Those that are not `drawn` have strips in the place of pictures.
    """

    choice: Choice
    cells: Cells
    address: str
    tables: tuple[article_tables.ArticleTable, ...]
    drawn: bool

    @cached_property
    def measured(self) -> Mapping[str, SectionFigures]:
        """The questions of which anything was measured, by name, in the order of reading."""
        sections = (each for _, group in self.choice.groups for each in group)
        return {each.section.name: each for each in sections if each.views}

    @cached_property
    def links(self) -> Mapping[str, str]:
        """Where the page of each lies, the article's last, relative to the site's own folder."""
        names = [*self.measured, *([ARTICLE] if self.tables else [])]
        return {name: f"{self._folder}/{name}.html" for name in names}

    @property
    def _folder(self) -> str:
        return f"choose/{self.choice.pick.page.removesuffix('.html')}"

    def write(self, html_dir: Path, every: Mapping[Pick, Mapping[str, str]]) -> Iterator[Path]:
        """Write them, the answer first, and yield their paths; `every` is where all pages lie."""
        answer, model = self._answer(), model_of(self.cells)
        if model is not None:
            model |= {"map": FRAME | {"workers": self._workers}, "words": WORDS, **self._terminal}
            text = f"window.ftbenchModel = {json.dumps(model)};\n"
            answer["model"] = f"{self._folder}/{MODEL}"
            frame.write(html_dir / answer["model"], text)
        first = {**self._values("", every), **answer}
        yield frame.write_page(html_dir, self.address, "choose", first)
        for name, link in self.links.items():
            values, template = self._values(name, every), "choose-question.html.j2"
            if name == ARTICLE:
                values |= {"article": article(), "tables": self.tables}
                template = "choose-article.html.j2"
            yield frame.write_page(html_dir, link, "choose", values, template)

    @property
    def _workers(self) -> int:
        """The workers that the form has at first: of those measured the fewest that use all cores.

        The most of them, where none do.
        """
        machine, every = self.choice.machine, self.cells.workers or (POOLED,)
        cores = int(machine.num_cpu) if machine and machine.num_cpu.isdecimal() else every[-1]
        return min((count for count in every if count >= cores), default=every[-1])

    @property
    def _terminal(self) -> dict[str, Any]:
        """What the script needs to write a question as a command."""
        pick = self.choice.pick
        where = "--release", pick.release.name, "--machine", pick.machine, "--profile", pick.profile
        return {"options": OPTIONS, "unsaid": UNSAID, "where": shlex.join(where)}

    def _answer(self) -> dict[str, Any]:
        """Return what the first page has beside the questions: the answer to the usual one."""
        machine, crossover = self.choice.machine, self.measured.get("crossover")
        usual = {**USUAL_TEXTS, "workers": str(self._workers)}
        task, payload = seconds(usual["task"]), size(usual["payload"])
        question = Question(task=task, payload=payload, workers=self._workers)
        said = (f"{OPTIONS[name]} {text}" for name, text in usual.items() if name not in UNSAID)
        maps = crossover.maps if crossover else ()
        return {
            "answer": answer_of(advise(self.cells, question)),
            "asked": asked(question),
            "measured_on": measured_on(self.choice.pick, machine.num_cpu if machine else ""),
            "usual": usual,
            "command": " ".join(["ftbench advise", *said, self._terminal["where"]]),
            "kinds": KINDS,
            "maps": [replace(m, folded=False) for m in maps if m.workers == self._workers],
            "model": None,
            "script": SCRIPT,
        }

    def _values(self, name: str, every: Mapping[Pick, Mapping[str, str]]) -> dict[str, Any]:
        """Return what a template shows; of a question where `name` is one."""
        pick, wanted = self.choice.pick, name or ANSWER
        where = f"CPython {pick.release.name} on {pick.machine}"
        figures = self.measured.get(name)
        # The same question of another pick, or its first page where it has not that.
        addresses = {other: of.get(wanted, of[""]) for other, of in every.items()}
        having = {other for other, of in every.items() if wanted in of}
        return {
            "title": f"{figures.section.title}: {where}" if figures else where,
            "name": name,
            "figures": figures,
            "arms": usual_and({source.arm.name for source in self.choice.sources}),
            "pages": self,
            "choice": self.choice,
            "menus": menus(pick, addresses, having, "not measured" if name else "no ranking"),
            "elsewhere": partial(_elsewhere, pick, every),
            "warnings": self.choice.warnings,
            "drawn": self.drawn,
            "pictured": min(len(every), PICTURED),
            "picture": draw if self.drawn else _no_picture,
            "map": draw_map if self.drawn else _no_picture,
        }


def write_choose(tree: ResultTree, html_dir: Path) -> tuple[Path, ...]:
    """Write `choose.html` and the pages it leads to; return their paths, the first page first."""
    picked = picks(tree)
    first = first_with_map(tree)
    if first is None:
        return frame.write_empty(html_dir, "choose", tree)
    newest = [first, *(pick for pick in newest_first(picked) if pick != first)]
    drawn = newest[:PICTURED]
    ordered = sorted(picked, key=lambda pick: (pick.machine != first.machine, pick != first))

    def made() -> Iterator[Pages]:
        for pick, share in shares(tree, ordered):
            yield pages_of(pick, share, where=address(pick, first, "choose"), drawn=pick in drawn)

    # Made twice: pages link to one another, and those of all are too much for the memory.
    links = {
        pages.choice.pick: {
            "": pages.address,
            **({ANSWER: pages.address} if pages.cells.loop and pages.cells.workers else {}),
            **pages.links,
        }
        for pages in made()
    }
    every = {pick: links[pick] for pick in newest}
    frame.write_script(html_dir, SCRIPT)
    return tuple(path for pages in made() for path in pages.write(html_dir, every))


def pages_of(pick: Pick, tree: ResultTree, *, where: str, drawn: bool = True) -> Pages:
    """Return the pages of a pick, of the results that it shows."""
    choice = choice_of(pick, tree)
    tables = article_tables_of(choice, tree)
    cells = cells_of(filter(pick.shows, tree.figures))
    return Pages(choice=choice, cells=cells, address=where, tables=tables, drawn=drawn)


def _elsewhere(pick: Pick, every: Mapping[Pick, Mapping[str, str]], name: str) -> tuple[Item, ...]:
    return elsewhere(pick, {other: of[name] for other, of in every.items() if name in of})


def _no_picture(*_: object) -> str:
    return ""


def article_tables_of(choice: Choice, tree: ResultTree) -> tuple[article_tables.ArticleTable, ...]:
    """Return the article's tables of which anything was measured for the pick of a choice."""
    pick, benchmarks = choice.pick, article_tables.benchmarks()
    measured = AsvFigures.of(
        (each for each in tree.figures if pick.shows(each) and each.benchmark in benchmarks),
        release=pick.release,
        sources=tree.sources,
        machine=choice.machine,
    )
    return tuple(table for table in article_tables.tables(measured) if table.measured)


# A number of workers that no text has by chance.
_MANY: Final = 987_654_321
_POOL: Final = next(mode for mode in MODES if mode != SERIAL)


def model_of(cells: Cells) -> dict[str, Any] | None:
    """Return what the script of the form goes by: what is expected at each measured place.

    Between them it does what `interpolation` does; None where too little was measured for any.
    """
    if cells.loop is None or not cells.workers:
        return None
    return {
        "loop": cells.loop.seconds,
        "sizes": [size.nominal for size in SIZES],
        "payloads": [payload.size for payload in PAYLOADS],
        "workers": cells.workers,
        "most": MOST_WORKERS,
        "pooled": POOLED,
        "load": LOADS[0] / 100,
        "shared": writes_note(cells),
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
    return [cost.value, *ends, cost.doubt, cost.disturbed]
