"""The ledgers of must_scale: which patterns must scale across threads, and which are known not to.

A pattern is in `MUST` if its threads have nothing to wait for each other for: where it does not
scale on a free-threaded build, CPython has something left to do.  It is in `KNOWN_NOT` if what it
shares is what it changes or counts; a program can do better, CPython hardly.
"""

from __future__ import annotations

from dataclasses import dataclass

MUST, KNOWN_NOT = "must scale", "known not to scale"


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One pattern: how often a thread does it per round, its ledger, and why it stands there.

    `turns` take some 8 ms on a machine of today, fewer where threads are expected to meet.
    """

    turns: int
    ledger: str = MUST
    reason: str = "nothing that is shared is changed"


def _not(turns: int, reason: str) -> Entry:
    return Entry(turns=turns, ledger=KNOWN_NOT, reason=reason)


# The names are those of the functions in `patterns`.
LEDGER = {
    "function_calls": Entry(turns=200_000),
    "method_calls": Entry(turns=200_000),
    "module_attributes": Entry(turns=300_000),
    "class_attributes": Entry(turns=300_000),
    "closures": Entry(turns=30_000),
    "constants": Entry(turns=150_000),
    "thread_locals": Entry(turns=90_000, reason="each thread has values of its own"),
    "containers": Entry(turns=80_000),
    "dataclasses": Entry(turns=40_000),
    "namedtuples": Entry(turns=25_000),
    "generators": Entry(turns=80_000),
    "context_managers": Entry(turns=70_000),
    "instance_checks": Entry(turns=70_000),
    "shared_dict_reads": Entry(turns=60_000, reason="a dict is read without its lock"),
    "enumerate_and_zip": Entry(turns=18_000),
    "f_strings": Entry(turns=35_000),
    "exceptions": Entry(turns=50_000),
    "imports": Entry(turns=22_000, reason="an import that is done is a look into sys.modules"),
    "weak_references": Entry(turns=60_000, reason="each thread refers to an object of its own"),
    "own_lock": Entry(turns=90_000, reason="nobody else wants the lock"),
    "own_random": Entry(turns=180_000, reason="each thread has a generator of its own"),
    "shared_pattern": Entry(turns=25_000, reason="a compiled pattern never changes"),
    "shared_instance": _not(60_000, "each use counts a reference to the one object"),
    "shared_dict_writes": _not(60_000, "each write takes the lock of the one dict"),
    "shared_deque": _not(60_000, "each append takes the lock of the one deque"),
    "shared_lock": _not(30_000, "one lock lets one thread through at a time"),
    "shared_random": _not(60_000, "each draw takes the lock of the one generator and changes it"),
}
