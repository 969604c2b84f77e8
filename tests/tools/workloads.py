"""Digests of the measured work: a scenario's version must change when its work does.

`pytest --update-golden tests/probe/test_workload_versions.py` writes the golden file anew.
"""

from __future__ import annotations

import ast
import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import ftbench.probe
from ftbench.facts.modes import mode_named
from ftbench.probe.scenarios.base import NAMES, scenario_named

GOLDEN = Path(__file__).resolve().parents[1] / "probe" / "workloads.json"
PROBE = Path(ftbench.probe.__file__).parent
# What a scenario imports and does not work with: words, value types, the instrument.
NOT_WORK = {
    "",  # the package itself
    "scenarios",
    "scenarios.base",
    "workloads",
    "workloads.injected",  # what is added on purpose, to no figure that is kept
    "workloads.ballast",
}
INSTRUMENTS = ("run", "instruments")
# What the files of the modes load for the scenarios that ask for it: those import it themselves.
ON_REQUEST = {"workers.pools", "workloads.trips"}


def _file(module: str) -> Path:
    """Return where a module of the probe lies, a package or not; it need not be there."""
    path = PROBE.joinpath(*module.split("."))
    package = path / "__init__.py"  # a folder alone may be what bytecode has left of one
    return package if package.is_file() else path.with_suffix(".py")


def _imported(source: str) -> Iterator[str]:
    """Yield the modules of the probe that `source` imports anywhere, in functions too."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            # `from package import module` and `from module import name` look alike.
            names = [f"{node.module}.{alias.name}" for alias in node.names] + [str(node.module)]
        else:
            continue
        for name in names:
            module = name.removeprefix("ftbench.probe").removeprefix(".")
            if name.startswith("ftbench.probe") and _file(module).is_file():
                yield module


def work_of(scenario: str) -> list[str]:
    """Return the modules of the probe that make the work of a scenario, by what imports what."""
    found: list[str] = []
    # A mode's file is loaded by its name.
    files = {mode_named(mode).workers for mode in scenario_named(scenario).modes} - {None}
    of_modes = [f"workers.{file}" for file in files]
    ahead = [f"scenarios.{scenario}"]
    while ahead:
        module = ahead.pop()
        room = module.partition(".")[0]
        if module not in found and module not in NOT_WORK and room not in INSTRUMENTS:
            found.append(module)
            imported = set(_imported(_file(module).read_text("utf-8")))
            ahead += imported - ON_REQUEST if room == "workers" else imported
            ahead += of_modes if module == "workers" else []
    return sorted(found)


def shape(node: Any) -> Any:
    """Return a syntax tree as lists without docstrings, alike in every version of Python."""
    if isinstance(node, list):
        return [shape(each) for each in node if not _is_no_work(each)]
    if not isinstance(node, ast.AST):
        return repr(node)
    if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "MetricSpec":
        node = ast.Call(node.func, node.args[:2], [])  # the words, and who has it, are not the work
    if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "in_seconds":
        return [keyword.arg for keyword in node.keywords]
    if isinstance(node, ast.keyword) and node.arg == "computes":
        return []  # how its figures are read
    # What is empty is left out: newer versions have more fields that say nothing.
    fields = [(n, v) for n, v in ast.iter_fields(node) if n == "value" or v not in (None, [], 0)]
    return [type(node).__name__, *([name, shape(value)] for name, value in fields)]


def _is_docstring(node: Any) -> bool:
    return (
        isinstance(node, ast.Expr)
        and isinstance(node.value, ast.Constant)
        and isinstance(node.value.value, str)
    )


def _is_no_work(node: Any) -> bool:
    return _is_docstring(node) or _is_own_import(node)


def _is_own_import(node: Any) -> bool:
    names = [str(node.module)] if isinstance(node, ast.ImportFrom) else []
    names += [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
    return any(name.partition(".")[0] == "ftbench" for name in names)


def digest(*sources: str) -> str:
    """Return 16 hex digits of what `sources` do.

    Comments, docstrings, layout, and which module a statement stands in do not count.
    """
    # Sorted and without repetition: a module that is moved, split or merged is the same work.
    statements = {json.dumps(each) for source in sources for each in shape(ast.parse(source).body)}
    return hashlib.sha256("\n".join(sorted(statements)).encode()).hexdigest()[:16]


def workloads() -> dict[str, dict[str, str]]:
    """Return scenario → its version and the digest of its work, as they are now."""
    return {
        name: {
            "version": scenario_named(name).version,
            "digest": digest(*(_file(each).read_text("utf-8") for each in work_of(name))),
        }
        for name in NAMES
    }
