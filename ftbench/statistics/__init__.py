"""Statistics: ratios of what was measured, with intervals that own up to how they were had."""

from ftbench.statistics.ratio import CONFIDENCE, Ratio, paired_ratio, ratio
from ftbench.statistics.spread import Basis, Processes

__all__ = ["CONFIDENCE", "Basis", "Processes", "Ratio", "paired_ratio", "ratio"]
