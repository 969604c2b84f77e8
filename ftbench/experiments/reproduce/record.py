"""What came of a reproduction, and its JSON form: everything else is made of this.

The schema `ftbench.reproduction`, version 1, is one object: "schema", and the fields of
`Reproduction`.  A document has "article", "tables" and "claims" too: for readers, not read again.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any, Final, Self

import msgspec

from ftbench.analysis.claims.rule import cores_of
from ftbench.errors import DAMAGE, FtbenchError, ResultsError
from ftbench.experiments.reproduce.plan import Knobs, ordered
from ftbench.probe.run.document import Measurement
from ftbench.pythons import Interpreter

SCHEMA: Final = {"name": "ftbench.reproduction", "version": 1}


class StepState(StrEnum):
    """What became of a step; the values are the words that users read."""

    MEASURED = "measured"
    UNAVAILABLE = "not available"
    FAILED = "failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """A step that a process has taken: its measurement, or why not; `elapsed` is in seconds."""

    key: str
    title: str
    state: StepState
    elapsed: float
    measurement: Measurement | None  # a whole document with every sample
    process: int = 0  # which of those that take the step in turn
    sitting: str = ""  # when the call began that measured it
    # Why there is none.
    reason: str = ""  # one sentence
    story: str = ""  # a worker's traceback or the like
    exit_code: int = 0  # of the error's class

    def __post_init__(self) -> None:
        if (self.measurement is None) is (self.state is StepState.MEASURED):
            raise ValueError(f"step {self.key!r} is {self.state}; measurement: {self.measurement}")

    def record(self) -> dict[str, Any]:
        document = self.measurement and self.measurement.to_json()
        return {**msgspec.to_builtins(self), "measurement": document}

    @classmethod
    def of(cls, record: Mapping[str, Any]) -> Self:
        """Read what `record` returned; raises what `DAMAGE` names, and `FtbenchError`."""
        document = record["measurement"]
        # Its own reading knows other schemas; what it is made of is then held to the types.
        measured = None if document is None else Measurement.from_json(document)
        return msgspec.convert({**record, "measurement": msgspec.to_builtins(measured)}, cls)


@dataclass(frozen=True, slots=True, kw_only=True)
class Python:
    """An interpreter that was measured, without a path; `build` is its record, `name` "3.14.7t"."""

    name: str
    origin: str
    flavour: str
    digest: str
    build: Mapping[str, Any]

    @classmethod
    def of(cls, interpreter: Interpreter) -> Self:
        return cls(
            name=interpreter.name,
            origin=str(interpreter.origin),
            flavour=interpreter.build.flavour,
            digest=interpreter.build.digest,
            build=interpreter.build.record(),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Reproduction:
    """One run of `ftbench reproduce`."""

    ftbench: str  # the version that measured
    started_at: str  # UTC, ISO 8601
    elapsed: float  # seconds of the whole run
    scale: float
    parts: tuple[str, ...]
    knobs: Knobs  # the article's by `scale`, of all processes together
    interpreters: Mapping[str, Python]  # by arm
    machine: Mapping[str, Any]  # the record of `ftbench.probe.instruments.machine`
    steps: tuple[Taken, ...]  # one a run
    processes: int = 1  # so many take each step, in turn

    def __post_init__(self) -> None:
        ordered(self.parts)  # an unknown one is an error

    @property
    def cores(self) -> float:
        """How many cores the runs had: those that a process may use, less if there is a quota."""
        return cores_of(self.machine)

    @property
    def failed(self) -> tuple[Taken, ...]:
        return tuple(step for step in self.steps if step.state is StepState.FAILED)

    def record(self) -> dict[str, Any]:
        """Return the JSON-able form that `from_record` reads."""
        steps = [step.record() for step in self.steps]
        return {"schema": SCHEMA, **msgspec.to_builtins(self), "steps": steps}

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> Self:
        """Read what `record` returned, whatever else is in it; raises `ResultsError`."""
        try:
            if record["schema"] != SCHEMA:
                raise ResultsError(f"it is of the schema {record['schema']!r}")
            taken = [
                Taken.of(step) for step in msgspec.convert(record["steps"], list[dict[str, Any]])
            ]
            return msgspec.convert({**record, "steps": msgspec.to_builtins(taken)}, cls)
        except (FtbenchError, *DAMAGE) as error:
            raise ResultsError(
                f"This is no whole {SCHEMA['name']} document of version {SCHEMA['version']}: "
                f"{error or type(error).__name__}."
            ) from error


def load(path: Path) -> Reproduction:
    """Return the reproduction that a file holds; raises `ResultsError` with the file's name."""
    try:
        return Reproduction.from_record(json.loads(path.read_text(encoding="utf-8")))
    except OSError as error:
        raise ResultsError(f"{path} cannot be read: {error.strerror}.") from error
    except (ValueError, RecursionError) as error:  # no JSON, or no text
        raise ResultsError(f"{path} is damaged: {error}.", hint=_HINT) from error
    except ResultsError as error:
        raise ResultsError(f"{path}: {error.message}", hint=_HINT) from error


_HINT: Final = "--from takes what --format json has written."
