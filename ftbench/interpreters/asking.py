"""Asks an interpreter what it is: runs `probe/build.py` in it as a file, in a clean process."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from ftbench.errors import DeadlineError, InterpreterError
from ftbench.interpreters.processes import run
from ftbench.probe import build
from ftbench.probe.environ import clean_environment

ASK_DEADLINE: Final = 20.0
"""Seconds; an interpreter answers in 0.1 s, in a few on a busy machine with cold disks."""

QUESTION: Final = Path(build.__file__)

# Understood by every Python there ever was; `build.py` by those that can be measured.
_TOO_OLD_FOR_IT: Final = """
import platform, runpy, sys
if sys.version_info < (3, 11):
    print('{"implementation": "%s", "version": "%s", "virtual": false}' % (
        platform.python_implementation(), platform.python_version()))
else:
    runpy.run_path(sys.argv[1], run_name="__main__")
"""


def ask(
    executable: Path,
    environ: Mapping[str, str] | None = None,
    *,
    deadline: float = ASK_DEADLINE,
) -> dict[str, Any]:
    """Return the record that `probe/build.py` prints in `executable`.

    One that is too old to be measured only says its implementation and version.
    Raises `InterpreterError` if it does not start, crashes, hangs or says something else.
    """
    answer = run_python(
        executable, ["-c", _TOO_OLD_FOR_IT, str(QUESTION)], environ, deadline=deadline
    )
    try:
        record = json.loads(answer)
    except ValueError:
        record = None
    if not isinstance(record, dict) or "version" not in record:
        raise broken(executable, f"it answered {answer.strip()[:200]!r}")
    return record


def run_python(
    executable: Path,
    arguments: list[str],
    environ: Mapping[str, str] | None = None,
    *,
    deadline: float = ASK_DEADLINE,
) -> str:
    """Return what a run of `executable` prints; raises `InterpreterError` unless it exits 0.

    Without the user's site-packages (-s), without the caller's PYTHON* variables.
    """
    try:
        done = run(
            [executable, "-s", *arguments],
            environ=clean_environment(os.environ if environ is None else environ),
            deadline=deadline,
        )
    except DeadlineError as error:
        raise broken(executable, f"it did not answer within {deadline:g} s") from error
    except OSError as error:
        raise broken(executable, f"it could not be started: {error.strerror}") from error
    if done.code != 0:
        last = done.err.strip().splitlines()[-1:] or ["no message"]
        raise broken(executable, f"it ended with {done.code}: {last[0][:300]}")
    return done.out


def broken(executable: Path, why: str) -> InterpreterError:
    """Say that the interpreter is of no use, and why."""
    return InterpreterError(
        f"The interpreter {executable} is broken: {why}.",
        hint="Remove it or install it again; 'ftbench pythons' lists what works.",
    )
