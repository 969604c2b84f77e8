"""Results: asv's result files and our side records, read into value types."""

from ftbench.results import asv_import as _first  # noqa: F401
from ftbench.results.asvformat import read_results
from ftbench.results.figure import Figure, Machine, ResultFile, ResultTree, State, Unreadable

__all__ = [
    "Figure",
    "Machine",
    "ResultFile",
    "ResultTree",
    "State",
    "Unreadable",
    "read_results",
]
