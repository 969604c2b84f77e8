"""Runs one cell on an interpreter of this machine: from the host, in a clean environment.

The probe runs in a virtual environment that holds the measured side, compiled beforehand: a
worker that is spawned must not pay for bytecode that could not be written.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from ftbench.errors import FtbenchError, error_class
from ftbench.files import cache_folder
from ftbench.probe.run.child import clean_environment
from ftbench.probe.run.document import Measurement
from ftbench.probe.run.measure import DEADLINE_SECONDS
from ftbench.probe.run.observer_client import HOST_PYTHON
from ftbench.processes import Finished, run
from ftbench.pythons import Interpreter, venvs

# The probe's deadlines come first and tell a story; an observer may need its time besides.
_BACKSTOP_SECONDS: Final = 60.0
_PREFIX: Final = "ftbench.probe: "
_ON_OFF: Final = {True: "on", False: "off"}


def probe(
    interpreter: Interpreter,
    scenario: str,
    *,
    mode: str,
    params: Mapping[str, int | str],
    profile: str,
    gil: bool,
    deadline: float = DEADLINE_SECONDS,
    extra: float = 0.0,
) -> Measurement:
    """Run one cell of `scenario` by `python -m ftbench.probe`; return all its metrics.

    `mode`, `params`, `profile`, `gil`, `deadline` (seconds) and `extra` are those of
    `ftbench.measure`, and so are the errors; `InterpreterError` if the interpreter cannot carry the
    probe.  Whatever ends the wait, an interrupt too, nothing of the run stays behind.
    """
    python = venvs.ready(environment_folder(interpreter), interpreter)
    done = run(
        [
            python,
            *("-P", "-m", "ftbench.probe", scenario, "--mode", mode, "--profile", profile),
            *("--gil", _ON_OFF[gil], "--deadline", repr(float(deadline)), "--json"),
            *(("--extra", repr(extra)) if extra else ()),
            *(word for name, value in params.items() for word in ("--set", f"{name}={value}")),
        ],
        environ=clean_environment(os.environ, {HOST_PYTHON: sys.executable}),
        deadline=deadline + _BACKSTOP_SECONDS,
    )
    if done.code:
        raise _told(done)
    try:
        return Measurement.from_json(json.loads(done.out))
    except ValueError as error:
        raise FtbenchError("The probe's document is no JSON.", story=done.out[:1000]) from error


def environment_folder(interpreter: Interpreter) -> Path:
    """Return where an interpreter's virtual environment for the probe lies."""
    name = f"{interpreter.name}-{interpreter.build.flavour}-{interpreter.build.digest}"
    return cache_folder() / "probing" / name


def _told(done: Finished) -> FtbenchError:
    """Return the error that the probe told of, of the class of its exit code."""
    before, _, words = done.err.partition(_PREFIX)
    first, _, rest = (words or before).strip().partition("\n")
    message = first or f"The probe ended with code {done.code} without a word."
    return error_class(done.code)(message, story=rest)
