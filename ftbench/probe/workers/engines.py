"""Engines: the packages beside the standard library that some modes need, and where they lie.

A benchmark's environment has a file that says of each in which folder it lies, or why there is none
for this build; only cells that need an engine add its folder to their path.  By hand, it is
whatever the interpreter has installed.
"""

from __future__ import annotations

import os
import sys
from importlib import import_module
from importlib.machinery import PathFinder
from pathlib import Path
from types import ModuleType

from ftbench.facts.modes import Mode

FILE = "engines.json"
# What the file has of each engine: one of them.
PLACE, REASON = "place", "reason"
# Names the environment to an interpreter that is a copy of its own.
ENVIRONMENT = "FTBENCH_ENVIRONMENT"


def _known(engine: str) -> dict[str, str]:
    import json  # noqa: PLC0415 - few cells come here

    path = Path(os.environ.get(ENVIRONMENT, sys.prefix), FILE)
    try:
        known: dict[str, str] = json.loads(path.read_text(encoding="utf-8")).get(engine, {})
    except OSError:
        return {}
    return known


def module_of(engine: str) -> str:
    """Return what an engine is imported as."""
    from ftbench.facts.engines import ENGINES  # noqa: PLC0415

    return ENGINES[engine].module if engine in ENGINES else engine


def why_not(engine: str) -> str | None:
    """Return why this interpreter does not have an engine, None if it does."""
    known = _known(engine)
    # Without loading it.
    if PathFinder.find_spec(module_of(engine), [*sys.path, *filter(None, [known.get(PLACE)])]):
        return None
    return known.get(REASON, f"{engine} is not installed in this interpreter")


def unavailable(mode: Mode) -> str | None:
    """Return why this interpreter cannot do `mode`, which needs an engine; None if it can."""
    assert mode.engine is not None
    return why_not(mode.engine)


def load(engine: str, module: str = "") -> ModuleType:
    """Return an engine, or a module of it, for this process and its children to find.

    Raises `ImportError`.
    """
    folder = _known(engine).get(PLACE)
    if folder and folder not in sys.path:
        sys.path.append(folder)
        path = os.environ.get("PYTHONPATH")
        os.environ["PYTHONPATH"] = f"{path}{os.pathsep}{folder}" if path else folder
    return import_module(module or module_of(engine))


def engine_of(mode: Mode) -> dict[str, str]:
    """Return the note that names the engine of a mode and its version, once it is loaded."""
    if mode.engine is None:
        return {}
    version = getattr(sys.modules[module_of(mode.engine)], "__version__", "")
    if not version:
        from importlib import metadata  # noqa: PLC0415 - of the packages that do not know it

        version = metadata.version(mode.engine)
    return {"engine": f"{mode.engine} {version}"}
