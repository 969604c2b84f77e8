"""How many inputs the fuzzed tests try: a few, always the same, or FTBENCH_FUZZ others."""

from __future__ import annotations

import os
from typing import Final

from hypothesis import HealthCheck, settings

EXAMPLES: Final = int(os.environ.get("FTBENCH_FUZZ", "40"))
FUZZ: Final = settings(
    max_examples=EXAMPLES,
    derandomize="FTBENCH_FUZZ" not in os.environ,
    deadline=None,
    database=None,
    suppress_health_check=list(HealthCheck),
)
FEWER: Final = settings(FUZZ, max_examples=max(EXAMPLES // 10, 8))
