"""The examples of `ftbench try`: their texts agree, and those of the standard library work."""

from __future__ import annotations

import ast
import json
import re
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import confirm_try
import pytest

import examples
from ftbench.pythons.requirements import of_script

FOLDER = Path(__file__).parent.parent / "examples"
TRIALS: dict[str, dict[str, Any]] = tomllib.loads((FOLDER / "pyproject.toml").read_text("utf-8"))[
    "tool"
]["ftbench"]["try"]

# What a call with the first input and one with the last come to.
ANSWERS = """
import inspect, json, sys
sys.dont_write_bytecode = True
sys.path.insert(0, ".")
from importlib import import_module
module, function, inputs, setup, before, given = json.loads(sys.argv[1])
module = import_module(module)
given = given or list(getattr(module, inputs)())
for hook in filter(None, (setup, before)):
    getattr(module, hook)()
def call(value):
    function_ = getattr(module, function)
    result = function_(**value) if isinstance(value, dict) else function_(value)
    if inspect.iscoroutine(result):
        import asyncio
        result = asyncio.run(result)
    return repr(result)
print(json.dumps([call(value) for value in (given[0], given[-1])]))
"""


def command(options: dict[str, Any]) -> str:
    """What somebody types who has no table."""
    words = ["ftbench try", options["target"]]
    for name, value in options.items():
        for each in value if isinstance(value, list) else [value]:
            if name != "target":
                words += [f"--{name}"] if each is True else [f"--{name} {each}"]
    return " ".join(words)


@pytest.mark.parametrize("name", TRIALS)
def test_a_file_says_how_it_is_tried(name: str) -> None:
    file = FOLDER / TRIALS[name]["target"].partition(":")[0]
    docstring = ast.get_docstring(ast.parse(file.read_text("utf-8")))
    assert docstring
    assert command(TRIALS[name]) in docstring


def test_the_table_of_the_readme_has_each_once() -> None:
    text = (FOLDER / "README.md").read_text("utf-8")
    rows = re.findall(r"^\| `([a-z-]+)` \|", text, re.MULTILINE)
    assert rows == list(TRIALS)
    files = {each["target"].partition(":")[0] for each in TRIALS.values()}
    assert files == {file.name for file in FOLDER.glob("*.py")}


@pytest.mark.parametrize("name", TRIALS)
def test_a_function_has_the_same_results_twice(name: str, tmp_path: Path) -> None:
    options = TRIALS[name]
    module, _, function = options["target"].partition(".py:")
    if of_script(FOLDER / f"{module}.py").named:
        pytest.skip("it needs packages")
    hooks = [
        options.get(key, ":").partition(":")[2] for key in ("inputs-from", "worker-setup", "before")
    ]
    given = options.get("input", [])
    if file := options.get("inputs"):
        given = [json.loads(line) for line in (FOLDER / file).read_text("utf-8").splitlines()]
    asked = json.dumps([module, function, *hooks, given])
    environ = {"TMPDIR": str(tmp_path), "PATH": "", "TEMP": str(tmp_path)}
    first, second = (
        subprocess.run(
            [sys.executable, "-c", ANSWERS, asked],
            cwd=FOLDER,
            env=environ,
            stdout=subprocess.PIPE,
            check=True,
            timeout=60,
        ).stdout
        for _ in range(2)
    )
    assert first == second
    assert len(set(json.loads(first))) == 2, "inputs that differ have results that differ"


def test_each_trial_is_told_of_in_the_docs_in_brief() -> None:
    blocks = list(examples.BLOCK.finditer(examples.PAGE.read_text("utf-8")))
    told = [re.findall(r"ftbench try ([a-z-]+)", each["command"])[0] for each in blocks]
    assert sorted(told) == sorted(TRIALS)
    whole = [
        each["command"]
        for each in blocks
        if examples.brief(each["answer"].rstrip()) != each["answer"].rstrip()
    ]
    assert whole == [examples.SAMPLE]


def test_the_docs_have_what_literal_programs_confirmed() -> None:
    kept = json.loads(confirm_try.KEPT.read_text("utf-8"))
    page = confirm_try.PAGE.read_text("utf-8")
    assert page.endswith("\n".join(confirm_try.drawn(kept)) + "\n")
    kept["shop"]["rows"].append({"build": "3.14.7", "mode": "threadpool(2)", "wrong": "ahead"})
    assert "| 4 of 5 |" in "\n".join(confirm_try.drawn(kept))
