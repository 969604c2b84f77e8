"""Statistics: ratios of measured costs, with intervals that say what they rest on.

`spread` says where a cost lies and how surely, `ratio` compares two, `verdict` judges many pairs
together, `power` says how many processes it takes to find a difference.  Pure functions; the
distributions are those of scipy (`student`).
"""

from ftbench.statistics.ratio import Ratio, paired_ratio, ratio
from ftbench.statistics.spread import CONFIDENCE, Basis, Processes, location

__all__ = ["CONFIDENCE", "Basis", "Processes", "Ratio", "location", "paired_ratio", "ratio"]
