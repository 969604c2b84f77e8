"""Unpickles, in a fresh interpreter, what a user's function is about, and calls it one deeper.

For `look`, which runs it; all that is imported loads in a subinterpreter.
"""

from __future__ import annotations

import json
import os
import pickle
import sys

from ftbench.errors import FtbenchError
from ftbench.probe.trial import target
from ftbench.probe.trial.checking import digest, one_line

# A folder of TMPDIR, which is the parent's: what makes the inputs may have left files there.
FOLDER = "inside"
# What is handed over, each a file of that; what came of it, also files of the folder.
FUNCTION, ARGUMENTS, RESULT = "the function", "its arguments", "its result"
AGAIN, DEEPER = "again.json", "deeper.json"


TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


def _write(name: str, found: dict[str, Any]) -> None:
    with open(os.path.join(os.environ["TMPDIR"], FOLDER, name), "w", encoding="utf-8") as file:
        json.dump(found, file)


def _read(what: str) -> Any:
    with open(os.path.join(os.environ["TMPDIR"], FOLDER, what), "rb") as file:
        return pickle.load(file)  # noqa: S301 - our own


def again() -> None:
    """Unpickle all that there is."""
    lost, value = {}, None
    for what in (FUNCTION, ARGUMENTS, RESULT):
        try:
            value = _read(what)
        except FileNotFoundError:  # it does not pickle
            continue
        except Exception as error:  # noqa: BLE001 - a user's class may raise anything
            lost[what] = one_line(error)
    _write(AGAIN, {"lost": lost, "digest": digest(value)})


def call() -> None:
    """Call it in this subinterpreter, and leave word of what came of it."""
    try:
        target.enter()
        found = {"digest": digest(target.call(_read(ARGUMENTS))[0])}
    except FtbenchError as error:
        found = {"why": error.message, "story": error.story}
    except BaseException as error:  # noqa: BLE001 - every end must be told
        found = {"why": one_line(error)}
    _write(DEEPER, found)


def main() -> None:
    """Do it, and end: whatever an import has started, nobody waits for it."""
    again()
    if sys.argv[1:]:
        from importlib import import_module  # noqa: PLC0415 - it is not there before 3.14

        interpreters = import_module("concurrent.interpreters")
        interpreters.create().exec(f"from {call.__module__} import call; call()")
    os._exit(0)
