"""Statistics: ratios of what was measured, with intervals that own up to how they were had.

`spread` says where a cost lies and how surely, `ratio` compares two, `verdict` judges many pairs
together (`multiple_testing` is its arithmetic), `detectable` says which differences so many
processes can tell from noise, and `power` how many processes it takes.  Pure functions; the
distributions are scipy's.
"""

from ftbench.statistics.ratio import CONFIDENCE, Ratio, paired_ratio, ratio
from ftbench.statistics.spread import Basis, Processes, location

__all__ = ["CONFIDENCE", "Basis", "Processes", "Ratio", "location", "paired_ratio", "ratio"]
