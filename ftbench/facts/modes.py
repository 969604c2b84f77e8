"""The modes: every way of running workers that ftbench compares, as one table."""

from __future__ import annotations

import sys
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Mode:
    """One concurrency model.

    `name` is the value of the benchmarks' `mode` parameter; `kind` and `start_method` are what
    `--mode` and `--start-method` say on the probe's command line.  `engine` is the package that a
    mode needs beside the standard library.
    """

    name: str
    kind: str
    title: str
    start_method: str | None = None
    engine: str | None = None


MODES = (
    Mode(name="threads", kind="threads", title="threads"),
    Mode(name="processes-fork", kind="processes", start_method="fork", title="processes, fork"),
    Mode(
        name="processes-forkserver",
        kind="processes",
        start_method="forkserver",
        title="processes, forkserver",
    ),
    Mode(name="processes-spawn", kind="processes", start_method="spawn", title="processes, spawn"),
    Mode(name="interpreters", kind="interpreters", title="subinterpreters"),
)

# What only some scenarios have: those name them.
FURTHER = (
    Mode(name="serial", kind="serial", title="serial"),
    Mode(name="asyncio", kind="asyncio", title="asyncio"),
    Mode(name="asyncio-per-thread", kind="asyncio-per-thread", title="asyncio, a loop per thread"),
    Mode(name="loky", kind="loky", title="joblib, loky", engine="joblib"),
)
EVERY_MODE = (*MODES, *FURTHER)

MODE_NAMES = tuple(mode.name for mode in MODES)
# sys.hexversion of the first release with concurrent.interpreters.
CONCURRENT_INTERPRETERS = 0x030E0000

KINDS = tuple(dict.fromkeys(mode.kind for mode in EVERY_MODE))
START_METHODS = tuple(mode.start_method for mode in MODES if mode.start_method)


def mode_named(name: str) -> Mode:
    """Return the mode whose `mode` parameter is `name`; raises `UsageError` if there is none."""
    for mode in EVERY_MODE:
        if mode.name == name:
            return mode
    from ftbench.errors import unknown  # noqa: PLC0415 - spawned workers never come here

    raise unknown("mode", name, [mode.name for mode in EVERY_MODE])


def unavailable(mode: Mode) -> str | None:
    """Return why the running interpreter cannot do `mode`, None if it can."""
    if mode.kind == "interpreters":
        if sys.hexversion < CONCURRENT_INTERPRETERS:
            return "subinterpreters need concurrent.interpreters, which is new in CPython 3.14"
        return None
    if mode.engine is not None:
        from ftbench.probe import engines  # noqa: PLC0415 - spawned workers never come here

        if not engines.found(mode.engine):
            return f"{mode.engine} is not installed in this interpreter"
    if mode.start_method is not None:
        import multiprocessing  # noqa: PLC0415 - threads and interpreters must not pay for it

        if mode.start_method not in multiprocessing.get_all_start_methods():
            return f"{sys.platform} has no start method {mode.start_method!r}"
    return None
