"""Made-up pairs of duels, in the place of `turns.take`."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Sequence
from typing import Any

from ftbench.experiments.turns import Duellist, Layout, Pair


class Takes:
    """Stands for the pairs: B costs `ratio` as much, unless a cell (and share) has an end."""

    def __init__(self, ratio: float = 1.0) -> None:
        self.ratio = ratio
        self.reached = 1.0  # the part of what is injected that shows
        self.noise = 0.01  # of a pair, either way
        self.ends: dict[str, BaseException] = {}
        self.once: dict[str, BaseException] = {}
        self.pairs: Counter[str] = Counter()
        self.drawn: list[tuple[Layout, float]] = []
        self.asked: list[tuple[str, float]] = []
        self.sides: Sequence[Duellist] = ()
        self.metrics = ["kernel", "round", "cpu"]
        self.noticed = ""
        self.builds: tuple[dict[str, Any], dict[str, Any]] = {"version": "a"}, {"version": "b"}

    def __call__(
        self, sides: Sequence[Duellist], cell: Any, layout: Layout, draw: random.Random, **_: Any
    ) -> Pair:
        self.pairs[cell.title] += 1
        self.asked.append((cell.title, sides[1].extra))
        self.drawn.append((layout, draw.random()))
        self.sides = sides
        if end := self.ends.get(cell.title) or self.ends.get(f"{cell.title} {sides[1].extra}"):
            raise end
        if self.pairs[cell.title] > 1 and (end := self.once.pop(cell.title, None)):
            raise end
        ratio = (
            self.ratio
            * (1 + self.reached * sides[1].extra)
            * draw.uniform(1 - self.noise, 1 + self.noise)
        )
        return Pair(
            rounds=3,
            costs=dict.fromkeys(self.metrics, [(1e-3, 1e-3 * ratio)] * 3),
            units=dict.fromkeys(self.metrics, "seconds"),
            builds=self.builds,
            cpu=0.0,
            fixed=True,
            noticed=self.noticed,
        )
