"""The payloads that workers run, each with the checksum that proves it was run.

Imported by every spawned worker: no imports.
"""

ARTICLE_STEPS = 20_000


def empty() -> int:
    """Do nothing: what is left is the price of having a worker."""
    return 0


def article() -> int:
    """Run the article's payload: 20 000 steps of a linear congruential generator.

    Source: scenario 1 of "Free-Threading Python vs Multiprocessing" (its `cpu_task`).
    """
    x = 0x12345678
    for _ in range(ARTICLE_STEPS):
        x = (x * 1103515245 + 12345) & 0xFFFFFFFF
        x ^= x >> 16
    return x


TASKS = {"empty": empty, "article": article}
