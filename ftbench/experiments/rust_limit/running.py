"""Runs the native program as the probe runs a cell: under the guard, with a deadline.

Whatever happens to it or to us, nothing of it stays behind.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

from ftbench.errors import DeadlineError, FtbenchError, WorkerFailedError, error_class
from ftbench.probe.run.environ import clean_environment
from ftbench.probe.run.measure import PACKAGE_PARENT
from ftbench.probe.run.pipes import Lines, Tail

# The guard is the backstop: the program's own deadline comes first and tells a better story.
_BACKSTOP_SECONDS = 5.0
_PREFIX: Final = "shared_set: "


def run(program: Path, options: list[str], *, deadline: float) -> dict[str, Any]:
    """Run `program` and return the document that it prints.

    Raises the error of its exit code with its words, `WorkerFailedError` if it was killed,
    `DeadlineError` if it neither ended nor was ended by itself after `deadline` seconds.
    """
    backstop = deadline + _BACKSTOP_SECONDS
    command = [str(program), *options, "--deadline", f"{deadline:g}"]
    process = subprocess.Popen(
        [sys.executable, "-P", "-m", "ftbench.probe.run.guard", f"{backstop:g}", *command],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=clean_environment(os.environ, {"PYTHONPATH": str(PACKAGE_PARENT)}),
        # Ctrl-C is for us alone, as in `measuring`.
        start_new_session=True,
        creationflags=getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0),  # Windows
    )
    lines, words = Lines(process.stdout), Tail(process.stderr)
    try:
        line = lines.following(backstop + _BACKSTOP_SECONDS)
        code = process.wait(_BACKSTOP_SECONDS)
        if code != 0:
            raise _failure(code, words.text().strip(), backstop)
    except (TimeoutError, subprocess.TimeoutExpired) as error:
        raise _not_ended(backstop, words.text()) from error
    finally:
        _end(process)
        lines.close()
        words.close()
    return _document(line)


def _end(guard: subprocess.Popen[bytes]) -> None:
    """Close the guard's standard input, by which it knows to end everything, and wait for it."""
    assert guard.stdin is not None
    with suppress(OSError):
        guard.stdin.close()
    try:
        guard.wait(_BACKSTOP_SECONDS)
    except subprocess.TimeoutExpired:
        guard.kill()
        guard.wait(_BACKSTOP_SECONDS)


def _document(line: bytes) -> dict[str, Any]:
    try:
        document: dict[str, Any] = json.loads(line)
    except ValueError:
        raise WorkerFailedError(
            "The native program ended well, but did not tell what it measured.",
            story=line.decode(errors="replace"),
        ) from None
    return document


def _failure(code: int, words: str, backstop: float) -> FtbenchError:
    *story, last = words.splitlines() or [""]
    if last.startswith(_PREFIX):
        return error_class(code)(last.removeprefix(_PREFIX), story="\n".join(story))
    if code == DeadlineError.exit_code:
        return _not_ended(backstop, words)
    return WorkerFailedError(
        f"The native program ended with code {code} before it could tell what it measured.",
        story=words,
        hint="Codes above 128 are signals: 137 is SIGKILL and 134 SIGABRT, both often for want "
        "of memory.",
    )


def _not_ended(seconds: float, words: str) -> DeadlineError:
    return DeadlineError(
        f"The native program did not end within {seconds:g} s; it was ended.", story=words
    )
