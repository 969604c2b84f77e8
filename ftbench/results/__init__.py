"""Results: asv's result files and our side records, read into value types."""

from ftbench.results.asvformat import read_results
from ftbench.results.comparison import Cell, Comparison, Metric, compare
from ftbench.results.figure import Figure, Interval, Machine, ResultTree, Source, State, Unreadable

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
