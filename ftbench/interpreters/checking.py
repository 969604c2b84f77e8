"""Checks that a fresh build is whole: its modules, its GIL, its release."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Final

from ftbench.interpreters.asking import ask, broken, run_python
from ftbench.interpreters.provenance import PythonBuild
from ftbench.releases import Release

_MODULES: Final = ("ssl", "sqlite3", "ctypes", "zlib", "multiprocessing.synchronize")
_CHECK: Final = """
import importlib, json
missing = {}
for name in %r:
    try:
        importlib.import_module(name)
    except Exception as error:
        missing[name] = str(error)
print(json.dumps(missing))
"""
_DEADLINE: Final = 60.0


def check(executable: Path, *, release: Release, free_threaded: bool) -> PythonBuild:
    """Return what `executable` is; raises `InterpreterError` if it is not what it should be."""
    record = ask(executable, deadline=_DEADLINE)
    build = PythonBuild.from_record(record)
    if build.release != release:
        raise broken(executable, f"it says that it is {build.version}, not {release}")
    if build.free_threaded is not free_threaded or record["gil_enabled"] is free_threaded:
        expected = "off" if free_threaded else "on"
        raise broken(executable, f"its GIL should be {expected} and is not")
    _check_modules(executable)
    return build


def _check_modules(executable: Path) -> None:
    missing = json.loads(run_python(executable, ["-c", _CHECK % (_MODULES,)], deadline=_DEADLINE))
    if missing:
        story = "; ".join(f"{name}: {why}" for name, why in missing.items())
        raise broken(executable, f"it cannot import what it needs ({story})")
