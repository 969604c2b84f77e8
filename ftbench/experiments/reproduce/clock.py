"""How much time is left: from what each step was guessed to take, corrected by those done."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from ftbench.experiments.reproduce.plan import Step

_MINUTE: Final = 60.0
_HOUR: Final = 3600.0


class Clock:
    """The steps that are done, with the seconds that they took; the others are yet to come."""

    def __init__(self, steps: Sequence[Step]) -> None:
        """Begin before the first of `steps`, which are done in this order."""
        self._steps = tuple(steps)
        self._took: list[float] = []

    def done(self, seconds: float) -> None:
        """Say that the next step is done and took so many `seconds`."""
        self._took.append(seconds)

    def guess(self, step: Step) -> float:
        """Return how long a step takes, by those of its kind that are done, else by all others."""
        finished = list(zip(self._steps, self._took, strict=False))
        alike = [each for each in finished if each[0].kind == step.kind] or [
            each for each in finished if each[0].scenario == step.scenario
        ]
        guessed = sum(each.seconds for each, _ in alike)
        return step.seconds * (sum(took for _, took in alike) / guessed if guessed else 1.0)

    def left(self, passed: float) -> float:
        """Return the seconds that are left when the running step has run for `passed` seconds."""
        guesses = [self.guess(step) for step in self._steps[len(self._took) :]]
        return max(0.0, guesses[0] - passed) + sum(guesses[1:]) if guesses else 0.0


def about(seconds: float) -> str:
    """Return a time that nobody takes to the second: `under a minute`, `3 min`, `1 h 20 min`."""
    if seconds < _MINUTE:
        return "under a minute"
    if seconds < _HOUR:
        return f"{seconds / _MINUTE:.0f} min"
    hours, rest = divmod(round(seconds / _MINUTE), 60)
    return f"{hours} h {rest} min"
