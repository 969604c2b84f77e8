"""Engines: the packages beside the standard library that some modes need, and where they lie.

In a benchmark's environment an engine lies in a folder that only cells of its mode add to their
path.  By hand, it is whatever the interpreter has installed.
"""

from __future__ import annotations

import os
import sys
from importlib import import_module
from importlib.machinery import PathFinder
from pathlib import Path
from types import ModuleType

from ftbench.facts.modes import Mode

FOLDER = "engines"
# Names the environment to an interpreter that is a copy of its own.
ENVIRONMENT = "FTBENCH_ENVIRONMENT"


def place(engine: str) -> Path:
    """Return the folder of an engine in this interpreter's environment; it need not exist."""
    return Path(os.environ.get(ENVIRONMENT, sys.prefix), FOLDER, engine)


def reason_file(engine: str) -> str:
    """Return the name of the file beside an engine's place that says why it is not there."""
    return f"{engine}.txt"


def unavailable(mode: Mode) -> str | None:
    """Return why this interpreter cannot do `mode`, which needs an engine; None if it can."""
    assert mode.engine is not None
    folders = [*sys.path, str(place(mode.engine))]
    if PathFinder.find_spec(mode.engine, folders):  # without loading it
        return None
    try:
        return place(mode.engine).with_name(reason_file(mode.engine)).read_text(encoding="utf-8")
    except OSError:
        return f"{mode.engine} is not installed in this interpreter"


def load(engine: str) -> ModuleType:
    """Return an engine, for this process and its children to find; raises `ImportError`."""
    folder = str(place(engine))
    if place(engine).is_dir() and folder not in sys.path:
        sys.path.append(folder)
        path = os.environ.get("PYTHONPATH")
        os.environ["PYTHONPATH"] = f"{path}{os.pathsep}{folder}" if path else folder
    return import_module(engine)


def engine_of(mode: Mode) -> dict[str, str]:
    """Return the note that names the engine of a mode and its version, once it is loaded."""
    if mode.engine is None:
        return {}
    return {"engine": f"{mode.engine} {sys.modules[mode.engine].__version__}"}
