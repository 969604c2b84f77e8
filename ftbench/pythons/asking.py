"""Asks an interpreter what it is: runs `probe/build.py` in it as a file, in a clean process."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from ftbench.errors import DAMAGE, DeadlineError, InterpreterError
from ftbench.files import write_whole
from ftbench.probe.instruments import build
from ftbench.probe.run import MARK
from ftbench.probe.run.child import clean_environment
from ftbench.probe.run.lacks import OF_PROGRAMS, lacking
from ftbench.processes import run

ASK_DEADLINE: Final = 20.0
"""Seconds; an interpreter answers in 0.1 s, in a few on a busy machine with cold disks."""

QUESTION: Final = Path(build.__file__)

# Understood by every Python there ever was; `build.py` by those that can be measured.
_TOO_OLD_FOR_IT: Final = """
import platform, runpy, sys
if sys.version_info < (3, 11):
    print(MARK + '{"implementation": "%s", "version": "%s", "virtual": false}' % (
        platform.python_implementation(), platform.python_version()))
else:
    runpy.run_path(sys.argv[1])["main"](MARK)
"""

# A hook of the interpreter may have replaced `sys.stdout`.
_OWN_OUTPUT: Final = "import os, sys; sys.stdout = os.fdopen(1, 'w')"
_SILENT: Final = "does its sitecustomize or a .pth file close or replace its standard output?"


def ask(
    executable: Path,
    environ: Mapping[str, str] | None = None,
    *,
    deadline: float = ASK_DEADLINE,
) -> dict[str, Any]:
    """Return the record that `build.py` has of `executable`; raises `InterpreterError`.

    One that is too old to be measured only says its implementation and version.
    """
    record = answer_of(
        executable, _TOO_OLD_FOR_IT, str(QUESTION), environ=environ, deadline=deadline
    )
    if not isinstance(record, dict) or "version" not in record:
        raise broken(executable, f"it answered {json.dumps(record)[:200]!r}")
    return record


def answer_of(
    executable: Path,
    code: str,
    *arguments: str,
    environ: Mapping[str, str] | None = None,
    deadline: float = ASK_DEADLINE,
) -> Any:
    """Return the JSON that `code` prints in `executable` behind `MARK`, a name that it has."""
    command = ["-c", f"MARK = {MARK!r}\n{_OWN_OUTPUT}\n{code}", *arguments]
    out = run_python(executable, command, environ, deadline=deadline)
    answer = out.rpartition(MARK)[2].strip()
    try:
        return json.loads(answer.partition("\n")[0])
    except DAMAGE:
        silent = "" if MARK in out else f"; {_SILENT}"
        raise broken(executable, f"it answered {out.strip()[:200]!r}{silent}") from None


def run_python(
    executable: Path,
    arguments: list[str],
    environ: Mapping[str, str] | None = None,
    *,
    deadline: float = ASK_DEADLINE,
) -> str:
    """Return what `executable` prints without user's site-packages or PYTHON* variables."""
    try:
        done = run(
            [executable, "-s", *arguments],
            environ=clean_environment(os.environ if environ is None else environ),
            deadline=deadline,
        )
    except DeadlineError as error:
        raise broken(executable, f"it did not answer within {deadline:g} s") from error
    except OSError as error:
        lack = lacking(f"{type(error).__name__}: {error}", OF_PROGRAMS)
        raise lack or broken(executable, f"it could not be started: {error.strerror}") from error
    if done.code != 0:
        last = done.err.strip().splitlines()[-1:] or [f"no message; {_SILENT}"]
        raise broken(executable, f"it ended with {done.code}: {last[0][:300]}")
    return done.out


def broken(executable: Path, why: str) -> InterpreterError:
    """Say that the interpreter is of no use, and why."""
    return InterpreterError(
        f"The interpreter {executable} is broken: {why}.",
        hint="Remove it or install it again; 'ftbench pythons' lists what works.",
    )


class Answers:
    """Records by executable, valid while its file and the question are what they were.

    Only good answers are kept: a broken interpreter may be whole the next time.
    """

    def __init__(self, file: Path) -> None:
        self._file = file
        self._known: dict[str, Any] = self._load()
        self._changed = False

    def ask(self, executable: Path, environ: Mapping[str, str]) -> dict[str, Any]:
        """Return the record of `executable`; raises `InterpreterError` if it is broken."""
        key, state = str(executable), self._state(executable)
        known = self._known.get(key)
        if known and state is not None and known["state"] == state:
            return dict(known["record"])
        record = ask(executable, environ)
        self._known[key] = {"state": state, "record": record}
        self._changed = True
        return record

    def save(self) -> None:
        """Write what was learned; a cache that cannot be written is no reason to fail."""
        if self._changed:
            text = json.dumps(self._known)
            with contextlib.suppress(OSError):
                self._file.parent.mkdir(parents=True, exist_ok=True)
                write_whole(self._file, f"{self._digest(text)} {text}")

    def _load(self) -> dict[str, Any]:
        try:
            digest, _, text = self._file.read_text(encoding="utf-8").partition(" ")
            return dict(json.loads(text)) if digest == self._digest(text) else {}
        except (OSError, *DAMAGE):
            return {}

    @staticmethod
    def _digest(text: str) -> str:
        # Of the question too: other answers, or damaged ones, are none.
        return hashlib.sha256(QUESTION.read_bytes() + text.encode()).hexdigest()

    @staticmethod
    def _state(executable: Path) -> list[Any] | None:
        """Return what changes when the interpreter is replaced, or moved under a link."""
        try:
            real = Path(os.path.realpath(executable))
            facts = real.stat()
        except OSError:
            return None
        return [str(real), facts.st_mtime_ns, facts.st_size]
