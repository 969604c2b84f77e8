"""The sections of Choose as one table, in the order in which they are read."""

from __future__ import annotations

from typing import Final

from ftbench.report.sections.computing import CHOOSING, COMPUTING
from ftbench.report.sections.workers import FAILING, SHARING, WAITING, WORKERS

__all__ = ["GROUPS", "SECTIONS"]

GROUPS: Final = (CHOOSING, WORKERS, SHARING, COMPUTING, WAITING, FAILING)
SECTIONS: Final = tuple(section for group in GROUPS for section in group.sections)
