"""Every fatal error of ftbench, one class per exit code: what happened, what to do."""

from __future__ import annotations

TYPE_CHECKING = False  # typing itself would be luggage in every guard of a cell
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import ClassVar, Final

# As a shell says it: 128 and the number of SIGINT, of SIGPIPE.
INTERRUPTED: Final = 130
NOBODY_READS: Final = 141

# 1 is also what Python itself ends with, so it never is an outcome.
EXIT_CODES: Final = {
    0: "done; of 'compare', 'duel' and 'try --against': nothing is worse",
    1: "any other error",
    2: "an invalid request: an unknown name, a value out of range",
    3: "this mode or scenario cannot run here",
    4: "a worker raised, exited or was killed",
    5: "something took longer than its deadline",
    6: "the GIL or the JIT was not in the requested state",
    7: "an interpreter is missing, broken or could not be built",
    8: "results or output could not be read or written",
    9: "an asv command failed",
    10: "'compare', 'duel', 'try --against': a series is worse; 'selftest': an alarm was false or "
    "missing; 'advise --verify': the ranking did not hold",
    11: "'compare', 'duel', 'try --against': something measured before has failed or vanished "
    "since, even if others are worse",
    12: "nothing could be measured, compared, advised or shown",
    13: "'try': a mode's results are not the serial twin's",
    70: "a bug in ftbench; FTBENCH_DEBUG=1 shows where",
    INTERRUPTED: "interrupted; what is saved is kept",
    NOBODY_READS: "the reader of the output closed it (broken pipe)",
}


# What JSON of another shape ends in, be it nested too deep or larger than a float.
DAMAGE: Final = (
    ValueError,
    LookupError,
    TypeError,
    AttributeError,
    RecursionError,
    OverflowError,
)


class FtbenchError(Exception):
    """An error that ends the command; `str()` is the whole message for the user."""

    exit_code: ClassVar[int] = 1

    def __init_subclass__(cls, *, exit_code: int | None = None) -> None:
        """Give a class its exit code; one without a code of its own has its base's."""
        if exit_code is not None:
            cls.exit_code = exit_code
            _CLASSES[exit_code] = cls

    def __init__(self, message: str, *, hint: str = "", story: str = "") -> None:
        """`hint` says what to do next; `story` is a worker's traceback or output."""
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.story = story

    def __str__(self) -> str:
        return "\n".join(filter(None, (self.message, self.story.rstrip(), self.hint)))


_CLASSES: dict[int, type[FtbenchError]] = {}


class UsageError(FtbenchError, exit_code=2):
    """The request makes no sense."""


class NotAvailableError(FtbenchError, exit_code=3):
    """This mode, scenario or instrument does not exist on this build or system."""


class WorkerFailedError(FtbenchError, exit_code=4):
    """A worker raised, exited or was killed before it had done its work."""


class DeadlineError(FtbenchError, exit_code=5):
    """A wait passed its deadline."""


class GilStateError(FtbenchError, exit_code=6):
    """The GIL or the JIT was not as it was asked for, before or after the measurement."""


class InterpreterError(FtbenchError, exit_code=7):
    """An interpreter is missing, is broken or could not be built."""


class ResultsError(FtbenchError, exit_code=8):
    """Results could not be read or written."""


class AsvError(FtbenchError, exit_code=9):
    """An asv command that we started failed."""


class RegressionError(FtbenchError, exit_code=10):
    """Something that was judged is worse than it was, or than it must be."""


class LostError(FtbenchError, exit_code=11):
    """Something that was measured before failed or vanished after."""


class NothingError(FtbenchError, exit_code=12):
    """Nothing could be measured, compared, advised or shown, though the request makes sense."""


class ResultsDifferError(FtbenchError, exit_code=13):
    """The results of a user's function are not those of its serial twin."""


class FaultError(FtbenchError, exit_code=70):
    """A fault of ftbench itself."""


def error_class(exit_code: int) -> type[FtbenchError]:
    """Return the class of an exit code, `FtbenchError` itself for one that has no class."""
    return _CLASSES.get(exit_code, FtbenchError)


def meant(name: str, known: Iterable[str]) -> str:
    """Return which name was probably meant, "Did you mean 'threads'? ", or "" if none is near."""
    import difflib  # noqa: PLC0415 - a quarter of what a guard would load

    names = {each.lower(): each for each in sorted(known)}
    near = difflib.get_close_matches(name.lower(), names, n=1)
    near += [each for each in names if name and each.startswith(name.lower())]
    return f"Did you mean {names[near[0]]!r}? " if near else ""


def unknown(kind: str, name: str, known: Iterable[str]) -> UsageError:
    """Say that `name` is no `kind`, what was probably meant and what there is."""
    names = sorted(known)
    there = f"There is: {', '.join(names)}." if names else "There is none."
    return UsageError(f"{kind} {name!r} is not known.", hint=f"{meant(name, names)}{there}")
