"""Constants of measured code are immortal on a free-threaded build, whatever the caller has set."""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path

import pytest
from probing import ROOT, environment, ran

from ftbench.probe.instruments import constants
from ftbench.pythons import Interpreter

_CELL = ["must_scale", "--profile", "smoke", "--json"]
# The first cell of a tree without bytecode; `no_right` stands for a tree that cannot be written.
_MEASURE = """
import os, sys
from ftbench.probe.run import measure
from ftbench.probe.__main__ import main
if sys.argv.pop(1) == "no_right":
    os.access = lambda *_: False
if sys.argv.pop(1) == "once":  # as it would be if nobody looked
    measure.MORTAL = "never"
sys.exit(main())
"""


def _notes(python: Path, tree: Path, *how: str, cache: Path) -> str:
    variables = {
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONPATH": str(tree),
        "FTBENCH_CACHE": str(cache),
    }
    done = ran([python, "-P", "-c", _MEASURE, *how, *_CELL], env=environment() | variables)
    assert done.returncode == 0, done.stderr
    said: str = json.loads(done.stdout)["notes"]["constants"]
    return said


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """Return a copy of what a measured interpreter needs, without bytecode."""
    without = shutil.ignore_patterns("__pycache__")
    for part in ("probe", "facts"):
        shutil.copytree(ROOT / "ftbench" / part, tmp_path / "tree/ftbench" / part, ignore=without)
    for part in ("__init__.py", "errors.py"):
        shutil.copy(ROOT / "ftbench" / part, tmp_path / "tree/ftbench" / part)
    return tmp_path / "tree"


def test_a_caller_who_writes_no_bytecode_changes_nothing(
    ft_python: Interpreter, tree: Path, tmp_path: Path
) -> None:
    cache = tmp_path / "cache"
    assert _notes(ft_python.executable, tree, "right", "once", cache=cache) == constants.MORTAL
    for kept in tree.rglob("*.pyc"):
        kept.unlink()
    assert _notes(ft_python.executable, tree, "right", "twice", cache=cache) == constants.IMMORTAL
    assert not cache.exists()


def test_where_a_tree_cannot_be_written_bytecode_lies_in_the_cache(
    ft_python: Interpreter, tree: Path, tmp_path: Path
) -> None:
    cache = tmp_path / "cache"
    assert _notes(ft_python.executable, tree, "no_right", "twice", cache=cache) == (
        constants.IMMORTAL
    )
    assert any(cache.rglob("must_scale*.pyc"))
    assert not any(tree.rglob("*.pyc"))


def test_a_build_with_a_gil_counts_all_references() -> None:
    counted = not hasattr(sys, "_is_gil_enabled") or sys._is_gil_enabled()
    assert counted
    assert constants.of_loaded_code() == constants.COUNTED
