"""The sections of Choose as one table, in the order in which they are read."""

from __future__ import annotations

from typing import Final

from ftbench.pages.scenarios.choosing import CHOOSING
from ftbench.pages.scenarios.computing import COMPUTING
from ftbench.pages.scenarios.failing import FAILING
from ftbench.pages.scenarios.sharing import SHARING
from ftbench.pages.scenarios.waiting import WAITING
from ftbench.pages.scenarios.workers import WORKERS

__all__ = ["GROUPS", "SECTIONS"]

GROUPS: Final = (CHOOSING, WORKERS, SHARING, COMPUTING, WAITING, FAILING)
SECTIONS: Final = tuple(section for group in GROUPS for section in group.sections)
