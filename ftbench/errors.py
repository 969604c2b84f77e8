"""Every fatal error of ftbench, one class per exit code.

    FtbenchError             1  anything of ours that has no class of its own
    ├── UsageError           2  the request makes no sense: unknown name, value out of range
    ├── NotAvailableError    3  this mode or scenario cannot run here, with the reason
    ├── WorkerFailedError    4  a worker raised, exited or was killed
    ├── DeadlineError        5  something did not end in time
    ├── GilStateError        6  the GIL was not in the state that was asked for
    ├── InterpreterError     7  an interpreter is missing, broken or could not be built
    ├── ResultsError         8  results could not be read or written
    └── AsvError             9  an asv command that we started failed

A message says what happened, what was probably meant and what to do.  Standard library only:
the measured side raises these too.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from typing import ClassVar


class FtbenchError(Exception):
    """An error that ends the command; `str()` is the whole message for the user."""

    exit_code: ClassVar[int] = 1

    def __init__(self, message: str, *, hint: str = "", story: str = "") -> None:
        """`hint` says what to do next; `story` is a worker's traceback or output."""
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.story = story

    def __str__(self) -> str:
        parts = [self.message]
        if self.story:
            parts.append(self.story.rstrip())
        if self.hint:
            parts.append(self.hint)
        return "\n".join(parts)


class UsageError(FtbenchError):
    """The request makes no sense."""

    exit_code = 2


class NotAvailableError(FtbenchError):
    """This mode, scenario or instrument does not exist on this build or system."""

    exit_code = 3


class WorkerFailedError(FtbenchError):
    """A worker raised, exited or was killed before it had done its work."""

    exit_code = 4


class DeadlineError(FtbenchError):
    """A wait passed its deadline."""

    exit_code = 5


class GilStateError(FtbenchError):
    """The GIL was not in the state that was asked for, before or after the measurement."""

    exit_code = 6


class InterpreterError(FtbenchError):
    """An interpreter is missing, is broken or could not be built."""

    exit_code = 7


class ResultsError(FtbenchError):
    """Results could not be read or written."""

    exit_code = 8


class AsvError(FtbenchError):
    """An asv command that we started failed."""

    exit_code = 9


def _subclasses(cls: type[FtbenchError]) -> list[type[FtbenchError]]:
    return [cls, *(sub for child in cls.__subclasses__() for sub in _subclasses(child))]


def error_class(exit_code: int) -> type[FtbenchError]:
    """Return the class of an exit code, `FtbenchError` itself for one that has no class."""
    return {cls.exit_code: cls for cls in _subclasses(FtbenchError)}.get(exit_code, FtbenchError)


def unknown(kind: str, name: str, known: Iterable[str]) -> UsageError:
    """Say that `name` is no `kind`, what was probably meant and what there is."""
    names = sorted(known)
    near = difflib.get_close_matches(name, names, n=1)
    meant = f"Did you mean {near[0]!r}? " if near else ""
    return UsageError(
        f"{kind} {name!r} is not known.", hint=f"{meant}There is: {', '.join(names)}."
    )
