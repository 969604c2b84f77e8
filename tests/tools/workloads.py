"""Digests of the measured work: a scenario's version must change when its work does.

`python tests/tools/workloads.py` writes the golden file anew.
"""

from __future__ import annotations

import ast
import hashlib
import json
from pathlib import Path
from typing import Any

from ftbench.probe import crews, tasks, workers
from ftbench.probe.scenarios import SCENARIOS, footprint, lifecycle

GOLDEN = Path(__file__).resolve().parents[1] / "probe" / "workloads.json"
_SHARED = (tasks, workers, crews)
_OF_SCENARIO = {"lifecycle": (*_SHARED, lifecycle), "footprint": (*_SHARED, footprint)}


def shape(node: Any) -> Any:
    """Return a syntax tree as lists without docstrings, alike in every version of Python."""
    if isinstance(node, list):
        return [shape(each) for each in node if not _is_docstring(each)]
    if not isinstance(node, ast.AST):
        return repr(node)
    # What is empty is left out: newer versions have more fields that say nothing.
    fields = [(n, v) for n, v in ast.iter_fields(node) if n == "value" or v not in (None, [], 0)]
    return [type(node).__name__, *([name, shape(value)] for name, value in fields)]


def _is_docstring(node: Any) -> bool:
    return (
        isinstance(node, ast.Expr)
        and isinstance(node.value, ast.Constant)
        and isinstance(node.value.value, str)
    )


def digest(*sources: str) -> str:
    """Return 16 hex digits of what `sources` do; comments, docstrings and layout do not count."""
    shapes = [shape(ast.parse(source)) for source in sources]
    return hashlib.sha256(json.dumps(shapes).encode()).hexdigest()[:16]


def workloads() -> dict[str, dict[str, str]]:
    """Return scenario → its version and the digest of its work, as they are now."""
    return {
        name: {
            "version": scenario.version,
            "digest": digest(
                *(Path(str(each.__file__)).read_text("utf-8") for each in _OF_SCENARIO[name])
            ),
        }
        for name, scenario in SCENARIOS.items()
    }


if __name__ == "__main__":
    GOLDEN.write_text(json.dumps(workloads(), indent=2) + "\n", encoding="utf-8")
