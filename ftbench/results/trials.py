"""Trials: what `ftbench try` found of a user's function, as values and as a file."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Final

import msgspec
from msgspec.structs import replace

from ftbench.errors import DAMAGE, FtbenchError, ResultsError
from ftbench.facts.arms import arm_named
from ftbench.facts.trial_modes import trial_mode_named
from ftbench.files import refuse_endless, write_whole
from ftbench.results.records import Number, refuse_half_characters

_Count = Annotated[int, msgspec.Meta(ge=0, le=10**15)]
SCHEMA: Final = "ftbench.trial"
VERSION: Final = 2
_MOST_CALLS: Final = 300_000  # that are kept


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

    def __post_init__(self) -> None:
        _ = arm_named(self.arm)


class TrialProcess(msgspec.Struct, frozen=True, kw_only=True):
    """One process of a cell; all in seconds, and per call those with a figure for a warm round."""

    rounds: tuple[Number, ...]
    loop: tuple[Number, ...]  # of a plain loop right before and after each; its own are itself
    cpu: tuple[Number, ...] = ()  # of the whole tree; () where the system does not tell
    calls: tuple[Number, ...] = ()  # of single calls, as their workers timed them
    start: Number = 0.0  # from making the workers until each has done its set-up
    cold: Number = 0.0  # from there until the results of a first round are all there
    shutdown: Number = 0.0
    stick: Number = 0.0  # a slice of the measuring stick, 0.0 without one
    marked: bool = False  # others kept the machine busy

    def __post_init__(self) -> None:
        if len(self.loop) != len(self.rounds):
            raise ValueError("not every round has a plain loop beside it")


class TrialCell(msgspec.Struct, frozen=True, kw_only=True):
    """A mode on a build with a number of workers."""

    build: str
    mode: str  # of TRIAL_MODES
    workers: _Count
    chunk: _Count = 1
    processes: tuple[TrialProcess, ...] = ()
    # Bytes of the tree at work, PSS, else USS, else RSS, a figure for each process looked at.
    memory: tuple[Number, ...] = ()
    memory_kind: str = ""
    skipped: str = ""  # why there is no such cell here
    failed: str = ""  # what went wrong, in a sentence; it is never ranked
    story: str = ""  # the traceback, or the input with what was got and wanted
    exit_code: int = 0  # of the error's class

    def __post_init__(self) -> None:
        _ = trial_mode_named(self.mode)


class Trial(msgspec.Struct, frozen=True, kw_only=True):
    """All of it; `started_at` is UTC in ISO 8601."""

    target: str
    inputs: _Count  # different ones
    calls: _Count  # of a round
    check: str
    started_at: str
    # As the probe knows it, and its `identity`.
    machine: dict[str, Any]
    # What must be alike before two trials are compared, beside target and check: name → its text,
    # or its digest ("inputs").  The function's own source is not of it: whether it has become
    # slower is what is asked.
    asked: dict[str, str] = {}
    source: str = ""  # a digest of the file that the function stands in
    stick: str = ""  # the measuring stick beside all its processes
    conditions: dict[str, Any] = {}
    seed: _Count = 0
    # Of the serial calls: seconds of a call, and the share of them that was on a CPU.
    serial_seconds: Number = 0.0
    cpu_share: Number = 0.0
    bytes_in: _Count = 0  # of the pickled arguments of a call, in the middle
    bytes_out: _Count = 0
    builds: tuple[TrialBuild, ...] = ()
    cells: tuple[TrialCell, ...] = ()
    notes: tuple[str, ...] = ()  # sentences: what was seen that is no figure
    schema: str = SCHEMA
    version: int = VERSION

    def __post_init__(self) -> None:
        names = [build.name for build in self.builds]
        cells = [(cell.build, cell.mode, cell.workers) for cell in self.cells]
        if len(set(names)) < len(names) or len(set(cells)) < len(cells):
            raise ValueError("a build or a cell is there twice")
        if others := {cell.build for cell in self.cells}.difference(names):
            raise ValueError(f"there are cells of builds that it does not have: {sorted(others)}")

    def build(self, name: str) -> TrialBuild:
        return next(build for build in self.builds if build.name == name)


def parse_trial(text: str) -> Trial:
    """Read a file's text; raises `ResultsError` for one that is not whole or of this schema."""
    try:
        if "\\u" in text:
            refuse_half_characters(msgspec.json.decode(text))
        trial = msgspec.json.decode(text, type=Trial)
    except (*DAMAGE, FtbenchError, msgspec.MsgspecError) as error:
        raise ResultsError(f"It is no trial: {error}") from error
    if (trial.schema, trial.version) != (SCHEMA, VERSION):
        raise ResultsError(f"It is of {trial.schema!r}, version {trial.version}.")
    return trial


def read_trial(path: Path) -> Trial:
    """Read the trial at `path`; raises `ResultsError` if there is none, or it is damaged."""
    try:
        refuse_endless(path)
        return parse_trial(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, ResultsError) as error:
        raise ResultsError(
            f"{path} cannot be read: {error}",
            hint="It is left as it is. ftbench try --save writes such a file.",
        ) from error


def write_trial(path: Path, trial: Trial) -> None:
    """Write a trial whole or not at all, of many calls some; raises `ResultsError`."""
    try:
        write_whole(path, msgspec.json.encode(_thinned(trial)).decode() + "\n")
    except (OSError, UnicodeEncodeError) as error:
        why = getattr(error, "strerror", None) or error
        raise ResultsError(f"{path} cannot be written: {why}.") from error


def _thinned(trial: Trial) -> Trial:
    """Return a trial whose file can be read again: quick functions have millions of calls."""
    processes = [process for cell in trial.cells for process in cell.processes]
    step = -(-sum(len(process.calls) for process in processes) // _MOST_CALLS) or 1
    return replace(
        trial,
        cells=tuple(
            replace(
                cell, processes=tuple(replace(p, calls=p.calls[::step]) for p in cell.processes)
            )
            for cell in trial.cells
        ),
    )
