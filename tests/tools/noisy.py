"""Draws costs as a noisy machine gives them: a process is off, and so is each of its samples."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ftbench.statistics import Processes


@dataclass(frozen=True, kw_only=True)
class Noise:
    """How noisy a machine is; shares of the cost.

    Processes are off by `between`, each by its own factor, and samples by `within`; a share of
    `disturbed` samples takes half as long again.
    """

    between: float
    within: float
    disturbed: float = 0.0

    def drawn(
        self, rng: np.random.Generator, processes: int, samples: int, *, cost: float = 1.0
    ) -> Processes:
        """Return so many processes of so many samples each, around `cost`."""
        shape = processes, samples
        off = self.between * rng.standard_normal((processes, 1))
        off = off + self.within * rng.standard_normal(shape)
        factors = np.where(rng.random(shape) < self.disturbed, 1.5, 1.0)
        return tuple(map(tuple, (cost * factors * np.exp(off)).tolist()))
