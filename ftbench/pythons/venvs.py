"""The virtual environments that benchmarks run in: one per interpreter, no network, no compiler.

A virtual environment holds asv_runner and the measured side of ftbench, copied and compiled to
bytecode by the interpreter itself.  A file beside them says where each engine lies: on no path
until a cell of its steps in (`workers.engines`).  An environment is made beside its place and
renamed, so one that exists is whole; a stamp says what it was made of.
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Final

import asv_runner
import virtualenv
from filelock import FileLock

import ftbench
from ftbench.errors import InterpreterError
from ftbench.files import data_folder, folder_made, write_whole
from ftbench.probe.run.child import clean_environment
from ftbench.probe.run.lacks import OF_PROGRAMS, lacking
from ftbench.probe.run.programs import HOST_PYTHON, STICK_PYTHON
from ftbench.probe.workers import engines
from ftbench.pythons import Interpreter
from ftbench.pythons.asking import answer_of, run_python
from ftbench.pythons.engines import known_to

# The measured side: all that is ever copied into a benchmarked interpreter.
MEASURED: Final = (
    "__init__.py",
    "errors.py",
    "facts",
    "probe",
)
_STICK: Final = "measuring-stick"
DEADLINE_SECONDS: Final = 60.0
OPTIONS: Final = ("--quiet", "--no-seed", "--no-periodic-update", "--no-vcs-ignore")
_STAMP: Final = "ftbench-stamp.json"
_PACKAGE: Final = Path(ftbench.__file__).parent
_RUNNER: Final = Path(asv_runner.__file__).parent


def host_variables() -> dict[str, str]:
    """Return the variables that name the Pythons beside a cell: what watches it, and its stick.

    The stick is a machine's own, lest two clones have two: the first Python that was one, while it
    is there, or what the user names.
    """
    return {
        HOST_PYTHON: sys.executable,
        STICK_PYTHON: os.environ.get(STICK_PYTHON) or _stick_python(),
    }


def _stick_python() -> str:
    python = os.path.realpath(sys.executable)  # a virtual environment is made anew
    with suppress(OSError, UnicodeDecodeError):
        chosen = data_folder() / _STICK
        if chosen.exists() and os.access(known := chosen.read_text("utf-8").strip(), os.X_OK):
            return known
        chosen.parent.mkdir(parents=True, exist_ok=True)
        write_whole(chosen, python)
    return python


def measured_files() -> Iterator[Path]:
    """Yield every source file of the measured side, relative to the package, in order."""
    for name in MEASURED:
        path = _PACKAGE / name
        files = [path] if path.is_file() else sorted(path.rglob("*.py"))
        yield from (file.relative_to(_PACKAGE) for file in files)


def _on_path() -> dict[Path, bytes]:
    """Return what an environment has on its path: the measured side and asv's runner."""
    contents = {Path("ftbench") / file: (_PACKAGE / file).read_bytes() for file in measured_files()}
    for file in sorted(_RUNNER.rglob("*.py")):
        contents[Path("asv_runner") / file.relative_to(_RUNNER)] = file.read_bytes()
    return contents


def stamp(interpreter: Interpreter) -> str:
    """Return what an environment is made of; another stamp means another environment."""
    sources = hashlib.sha256()
    for target, content in _on_path().items():
        sources.update(f"{target.as_posix()}\0".encode() + content)
    executable = interpreter.executable.stat()
    return json.dumps(
        {
            "sources": sources.hexdigest(),
            "engines": known_to(interpreter),
            "executable": str(interpreter.executable),
            "size": executable.st_size,
            "mtime_ns": executable.st_mtime_ns,
        }
    )


def python_of(venv: Path) -> Path:
    """Return the interpreter of a virtual environment."""
    if os.name == "nt":
        return venv / "Scripts" / "python.exe"
    return venv / "bin" / "python"


def _fill(venv: Path, interpreter: Interpreter) -> None:
    python = python_of(venv)
    where = "import json, sysconfig; print(MARK + json.dumps(sysconfig.get_path('purelib')))"
    purelib = Path(answer_of(python, where, deadline=DEADLINE_SECONDS))
    for target, content in _on_path().items():
        (purelib / target).parent.mkdir(parents=True, exist_ok=True)
        (purelib / target).write_bytes(content)
    (venv / engines.FILE).write_text(json.dumps(known_to(interpreter)), encoding="utf-8")
    run_python(python, ["-m", "compileall", "-q", str(purelib)], deadline=DEADLINE_SECONDS)


def ready(venv: Path, interpreter: Interpreter) -> Path:
    """Return the Python of an environment at `venv`, made if need be; raises `InterpreterError`."""
    try:
        made_of = stamp(interpreter)
        if stamp_of(venv) != made_of:
            venv.parent.mkdir(parents=True, exist_ok=True)
            with FileLock(venv.with_name(f"{venv.name}.lock"), timeout=DEADLINE_SECONDS):
                if stamp_of(venv) != made_of:  # another process may have made it meanwhile
                    _make(venv, interpreter, made_of)
    except (OSError, RuntimeError, SystemExit) as error:
        raise lacking(f"{type(error).__name__}: {error}", OF_PROGRAMS) or InterpreterError(
            f"{interpreter.executable} cannot carry a virtual environment: {error}",
            hint="Is the installation whole? ftbench pythons says which interpreters answer; "
            "ftbench pythons install makes a new one.",
        ) from error
    return python_of(venv)


def stamp_of(venv: Path) -> str:
    """Return what an environment was made of, "" for one that is not whole."""
    try:
        return (venv / _STAMP).read_text(encoding="utf-8") if python_of(venv).exists() else ""
    except OSError:
        return ""


def _make(venv: Path, interpreter: Interpreter, made_of: str) -> None:
    # asv shows every log record of every library as a line of its own.
    for talkative in ("virtualenv", "python_discovery", "filelock", "distlib"):
        logging.getLogger(talkative).setLevel(logging.ERROR)
    with folder_made(venv) as staging:
        virtualenv.cli_run(
            [*OPTIONS, "--python", str(interpreter.executable), str(staging)],
            setup_logging=False,
            env=clean_environment(os.environ),
        )
        _fill(staging, interpreter)
        (staging / _STAMP).write_text(made_of, encoding="utf-8")
