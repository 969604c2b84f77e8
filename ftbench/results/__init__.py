"""Results: asv's result files and our side records, read into value types."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ftbench.results.figure import Figure, Machine, ResultFile, ResultTree, State, Unreadable

if TYPE_CHECKING:
    from ftbench.results.asvformat import read_results

__all__ = [
    "Figure",
    "Machine",
    "ResultFile",
    "ResultTree",
    "State",
    "Unreadable",
    "read_results",
]


def __getattr__(name: str) -> object:
    """Load `read_results`, and asv with it, when somebody asks for it."""
    if name == "read_results":
        from ftbench.results.asvformat import read_results  # noqa: PLC0415

        return read_results
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
