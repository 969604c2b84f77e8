"""The sections of Choose as one table, in the order in which they are read."""

from __future__ import annotations

from typing import Final

from ftbench.site.scenarios.choosing import CHOOSING
from ftbench.site.scenarios.computing import COMPUTING
from ftbench.site.scenarios.failing import FAILING
from ftbench.site.scenarios.sharing import SHARING
from ftbench.site.scenarios.waiting import WAITING
from ftbench.site.scenarios.workers import WORKERS

__all__ = ["GROUPS", "SECTIONS"]

GROUPS: Final = (CHOOSING, WORKERS, SHARING, COMPUTING, WAITING, FAILING)
SECTIONS: Final = tuple(section for group in GROUPS for section in group.sections)
