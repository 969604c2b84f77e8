"""Results: asv's result files and our side records, read into value types."""

from ftbench.analysis.comparison import Cell, Comparison, Metric, compare
from ftbench.results.asvformat import read_results
from ftbench.results.figure import Figure, Machine, ResultTree, Source, State, Unreadable
from ftbench.statistics.spread import Interval

__all__ = [
    "Cell",
    "Comparison",
    "Figure",
    "Interval",
    "Machine",
    "Metric",
    "ResultTree",
    "Source",
    "State",
    "Unreadable",
    "compare",
    "read_results",
]
