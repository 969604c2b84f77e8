"""Runs cells on interpreters of this machine in a clean environment, and keeps what they yielded.

The probe runs in a virtual environment that holds the measured side, compiled beforehand: a
worker that is spawned must not pay for bytecode that could not be written.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, TypeVar

from rich.console import Console

from ftbench.asv.measuring_lock import MEASURING_LOCK
from ftbench.errors import DeadlineError, FtbenchError, error_class
from ftbench.facts.arms import jit_variable
from ftbench.files import cache_folder
from ftbench.probe.run.child import clean_environment
from ftbench.probe.run.document import Measurement
from ftbench.probe.run.measure import DEADLINE_SECONDS
from ftbench.probe.run.programs import Guarded
from ftbench.probe.run.streams import NO_STREAMS
from ftbench.pythons import Interpreter, venvs
from ftbench.results.journal import Journal, conditions
from ftbench.results.records import digest_of

# The probe's deadlines come first and tell a story; an observer may need its time besides.
_BACKSTOP_SECONDS: Final = 60.0
_PREFIX: Final = "ftbench.probe: "
# By a mark, for a hook of the interpreter may print anything.
_PROBE: Final = """
import json, os, sys
from ftbench.probe.__main__ import main
from ftbench.probe.run import MARK, streams

streams.take()
path = os.path.join(os.environ["TMPDIR"], "measurement.json")
code = main([*sys.argv[1:], "--output", path])
if code == 0:
    with open(path, encoding="utf-8") as file:
        print(MARK + json.dumps({"event": "done", "document": json.load(file)}), flush=True)
sys.exit(code)
"""
_ON_OFF: Final = {True: "on", False: "off"}


def probe(
    interpreter: Interpreter | Path,
    scenario: str,
    *,
    mode: str,
    params: Mapping[str, int | str],
    profile: str,
    gil: bool,
    jit: bool = False,
    deadline: float = DEADLINE_SECONDS,
    extra: float = 0.0,
) -> Measurement:
    """Run one cell of `scenario` by `python -m ftbench.probe`; return all its metrics.

    Parameters and errors are those of `ftbench.measure`; `InterpreterError` if the interpreter
    cannot carry the probe; a path is the Python of an environment that has it.  Whatever ends the
    wait, nothing of the run stays behind.
    """
    python = interpreter
    if isinstance(python, Interpreter):
        python = venvs.ready(environment_folder(python), python)
    command = [
        *(str(python), "-P", "-c", _PROBE),
        *(scenario, "--mode", mode, "--profile", profile),
        *("--gil", _ON_OFF[gil], "--deadline", repr(float(deadline))),
        *(("--extra", repr(extra)) if extra else ()),
        *(word for name, value in params.items() for word in ("--set", f"{name}={value}")),
    ]
    with Guarded(
        command,
        environ=clean_environment(os.environ, venvs.host_variables() | jit_variable(on=jit)),
        deadline=deadline + _BACKSTOP_SECONDS,
        name="probe",
        python=str(python),
    ) as guarded:
        code = guarded.follow()
        if code in {DeadlineError.exit_code, NO_STREAMS} and _PREFIX not in guarded.words:
            raise guarded.silent_end(code)
        if code:
            raise _error_of(code, guarded.words)
    return Measurement.from_json(guarded.event["document"])


def environment_folder(interpreter: Interpreter) -> Path:
    """Return where an interpreter's virtual environment for the probe lies."""
    name = f"{interpreter.name}-{interpreter.build.flavour}-{interpreter.build.digest}"
    # Two builds of the same source, made alike, are told apart by their place alone.
    return cache_folder() / "probing" / f"{name}-{digest_of(str(interpreter.executable))}"


def _error_of(code: int, said: str) -> FtbenchError:
    before, _, words = said.partition(_PREFIX)
    first, _, rest = (words or before).strip().partition("\n")
    message = first or f"The probe ended with code {code} without a message."
    return error_class(code)(message, story=rest)


@contextmanager
def journal_of(
    request: Sequence[Any], interpreters: Sequence[Interpreter], console: Console, *, fresh: bool
) -> Iterator[Journal]:
    """Hold the measuring lock, and yield a request's journal: forgotten when the body has it all.

    Nothing is taken over of other code, another interpreter or other conditions, or if `fresh`.
    """
    # First: making an environment anew would take it from under who measures.
    MEASURING_LOCK.acquire()
    folder = cache_folder() / "journals"
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{digest_of(request)}.jsonl"
    if fresh:
        path.unlink(missing_ok=True)
    same = [conditions(), *(venvs.stamp(each) + each.build.digest for each in interpreters)]
    journal = Journal(path, digest_of(same), datetime.now(UTC).isoformat())
    if journal.stale:
        console.print(
            "An interrupted run had other code, another interpreter or other conditions: nothing "
            "of it is reused.",
            soft_wrap=True,
        )
    yield journal
    journal.forget()


def taken_over(count: int, total: int, journal: Journal, what: str = "processes") -> str:
    """Return what to say where a run goes on with an earlier one."""
    return (
        f"{count} of {total} {what} were measured by {journal.measured_at} in an interrupted "
        f"run; they are reused, as a separate sitting. --fresh measures them again."
    )


# A cell that fails as often as this is left out: each try may wait for its deadline.
MOST_FAILURES: Final = 2

T = TypeVar("T")


def of_sittings(sittings: Mapping[str, int]) -> str:
    """Return what to say of processes of several sittings, begin → how many, "" of one."""
    if len(sittings) < 2:  # noqa: PLR2004 - several
        return ""
    each = (f"{count} from {begun[:16]} UTC on" for begun, count in sorted(sittings.items()))
    return f"The processes are of {len(sittings)} sittings: {', '.join(each)}."


def in_turn(sides: Sequence[T], replicates: int) -> Iterator[T]:
    """Yield each side `replicates` times: forth and back, A B B A or A B C C B A, and so on."""
    for number in range(replicates):
        yield from sides if number % 2 == 0 else reversed(sides)
