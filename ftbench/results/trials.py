"""Trials: what `ftbench try` found of a user's function, as values and as a file."""

from __future__ import annotations

from typing import Any, Final

import msgspec

SCHEMA: Final = "ftbench.trial"
VERSION: Final = 1


class TrialBuild(msgspec.Struct, frozen=True, kw_only=True):
    """A build on which the function was tried, and what was found before anything was measured."""

    name: str  # "3.14.7t", told apart from others of this trial
    release: str
    flavour: str
    arm: str
    build: dict[str, Any] = {}  # the probe's build record, {} of one that did not answer
    skipped: str = ""  # why nothing was measured on it
    # Which import switched the GIL on, what is pickled, printed, opened: see `probe.trial.look`.
    look: dict[str, Any] = {}
    # Calls of the shake, and how many of their results differed, mode by mode.
    shake: dict[str, Any] = {}
    packages: dict[str, str] = {}  # name → version, as installed for its ABI


class TrialProcess(msgspec.Struct, frozen=True, kw_only=True):
    """One process of a cell; all in seconds, `rounds` and `cpu` per call, a figure a warm round."""

    rounds: tuple[float, ...]
    cpu: tuple[float, ...] = ()  # of the whole tree; () where the system does not tell
    calls: tuple[float, ...] = ()  # of single calls, as their workers timed them
    start: float = 0.0  # from making the workers until each has done its set-up
    cold: float = 0.0  # from there until the results of a first round are all there
    shutdown: float = 0.0
    stick: float = 0.0  # a slice of the measuring stick, 0.0 without one
    marked: bool = False  # others kept the machine busy


class TrialCell(msgspec.Struct, frozen=True, kw_only=True):
    """A mode on a build with a number of workers."""

    build: str
    mode: str  # of TRIAL_MODES
    workers: int
    chunk: int = 1
    processes: tuple[TrialProcess, ...] = ()
    memory: tuple[float, ...] = ()  # bytes of the tree at work, PSS, else USS, else RSS
    memory_kind: str = ""
    skipped: str = ""  # why there is no such cell here
    failed: str = ""  # what went wrong, in a sentence; it is never ranked
    story: str = ""  # the traceback, or the input with what was got and wanted
    exit_code: int = 0  # of the error's class


class Trial(msgspec.Struct, frozen=True, kw_only=True):
    """All of it; `started_at` is UTC in ISO 8601."""

    target: str
    inputs: int  # different ones
    calls: int  # of a round
    check: str
    started_at: str
    machine: dict[str, Any]
    conditions: dict[str, Any] = {}
    seed: int = 0
    # Of the serial calls: seconds of a call, and the share of them that was on a CPU.
    serial_seconds: float = 0.0
    cpu_share: float = 0.0
    bytes_in: int = 0  # of the pickled arguments of a call, in the middle
    bytes_out: int = 0
    builds: tuple[TrialBuild, ...] = ()
    cells: tuple[TrialCell, ...] = ()
    notes: tuple[str, ...] = ()  # sentences: what was seen that is no figure
    schema: str = SCHEMA
    version: int = VERSION
