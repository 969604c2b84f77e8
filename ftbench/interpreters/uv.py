"""Has uv install an interpreter, where uv is there; it is never required."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Final

from ftbench.errors import DeadlineError, InterpreterError
from ftbench.interpreters.processes import Finished, run
from ftbench.interpreters.spec import Spec
from ftbench.probe.environ import clean_environment

_DEADLINE: Final = 900.0


def find_uv() -> Path | None:
    """Return uv's executable, from PATH or from the package of that name."""
    on_path = shutil.which("uv")
    if on_path:
        return Path(on_path)
    try:
        # Not a dependency: used where somebody has it.
        from uv import find_uv_bin  # type: ignore[import-not-found,unused-ignore]  # noqa: PLC0415

        return Path(find_uv_bin())
    except (ImportError, OSError):
        return None


def install(uv: Path, spec: Spec) -> Path:
    """Have uv install `spec` and return the executable; raises `InterpreterError`."""
    request = f"{spec.release or spec.series}{'+freethreaded' if spec.free_threaded else ''}"
    _uv(uv, "python", "install", "--no-bin", request)
    found = _uv(uv, "python", "find", "--managed-python", "--no-project", request)
    return Path(found.out.strip())


def _uv(uv: Path, *arguments: str) -> Finished:
    environ = clean_environment(os.environ)
    environ.pop("VIRTUAL_ENV", None)
    try:
        done = run([uv, *arguments], environ=environ, deadline=_DEADLINE)
    except DeadlineError as error:
        raise InterpreterError(str(error)) from error
    except OSError as error:
        raise InterpreterError(f"uv could not be started: {error.strerror}") from error
    if done.code != 0:
        said = " ".join(done.err.split()) or f"it ended with {done.code}"
        raise InterpreterError(f"uv could not provide it: {said}")
    return done
