"""The noise floor: the same interpreter twice, as if it were two releases, and what differs.

job        A/A passes of one interpreter, kept beside its results
report     the table: what differs by itself, and what could be told from it
"""

from __future__ import annotations

from ftbench.experiments.noise.job import NoiseJob, NoiseResult, run

__all__ = ["NoiseJob", "NoiseResult", "run"]
