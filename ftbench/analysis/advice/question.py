"""What is asked: a task, its payload, how many workers; limits and prices."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class By(StrEnum):
    """What modes are ranked by; the values are what users write."""

    SECONDS = "seconds"
    COST = "cost"
    MEMORY = "memory"
    TAIL = "tail"


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """A task and what is expected of whoever runs it.

    `task` is the seconds that it takes in a plain loop, `payload` its bytes; `shared` is the share
    of tasks that write to what all workers share.  `memory`, in bytes, and `p99`, in seconds, are
    limits.  Prices are those of a core for a second and of a byte for a second.
    """

    task: float
    payload: int = 0
    workers: int = 8
    shared: float = 0.0
    memory: int | None = None
    p99: float | None = None
    cpu_price: float | None = None
    memory_price: float | None = None
    by: By | None = None

    @property
    def priced(self) -> bool:
        """Tell whether a cost can be named: a price of the CPU, of memory, or both."""
        return self.cpu_price is not None or self.memory_price is not None

    @property
    def ranked_by(self) -> By:
        """What modes are ranked by: what was said, else the cost where there is a price."""
        return self.by or (By.COST if self.priced else By.SECONDS)
