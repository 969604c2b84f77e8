"""Odd JSON; how many inputs fuzzed tests try: a few, always the same, or FTBENCH_FUZZ others."""

from __future__ import annotations

import os
import random
from typing import Any, Final

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

EXAMPLES: Final = int(os.environ.get("FTBENCH_FUZZ", "40"))
FUZZ: Final = settings(
    max_examples=EXAMPLES,
    derandomize="FTBENCH_FUZZ" not in os.environ,
    deadline=None,
    database=None,
    suppress_health_check=list(HealthCheck),
)
FEWER: Final = settings(FUZZ, max_examples=max(EXAMPLES // 10, 8))

NUMBERS = (0, -1, 10**40, 10**400, -(2**63), 1e-31, 1e31, 5e-324, 1e308, -1e30, 0.5)
NO_NUMBERS = (float("inf"), float("-inf"), float("nan"), True, False, None, "5", "1e999")
DEEP: list[Any] = []
for _ in range(400):
    DEEP = [DEEP]
TEXTS = ("", "\ud800", "\x00", "../..", "x" * 5000, "é\u2028\x1b[31m", "[]", "'threads'")
TREES: Any = ([], {}, DEEP, [[]], {"": {}}, ["a"] * 30, [1e-3] * 20, {"version": 2})
ODD = st.one_of(
    st.sampled_from([*NUMBERS, *NO_NUMBERS, *TEXTS, *TREES]), st.integers(), st.floats(), st.text()
)
JSON = st.recursive(
    ODD,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=12,
)


def mutated(value: Any, chance: random.Random, odd: Any) -> Any:
    """Return a document with one place of it replaced, removed, doubled or renamed."""
    if not isinstance(value, (dict, list)) or not value or chance.random() < 0.1:
        return odd
    keys = list(value) if isinstance(value, dict) else list(range(len(value)))
    key = chance.choice(keys)
    how = chance.random()
    made: Any = dict(value) if isinstance(value, dict) else list(value)
    if how < 0.05:
        del made[key]
    elif how < 0.1 and isinstance(made, list):
        made.append(made[key])
    elif how < 0.1:
        made[odd if isinstance(odd, str) else str(odd)[:200]] = made.pop(key)
    else:
        made[key] = mutated(made[key], chance, odd)
    return made
