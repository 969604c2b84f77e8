"""Makes results of the older layout of such as are: the mode as one parameter of asv's."""

from __future__ import annotations

import itertools
import json
from collections.abc import Sequence
from pathlib import Path

from ftbench.facts.modes import mode_of


def make_older(folder: Path) -> None:
    """Rewrite every file of a results folder as it was before `start_method` was a parameter."""
    listed = json.loads((folder / "benchmarks.json").read_text(encoding="utf-8"))
    for each in listed.values():
        if isinstance(each, dict) and "start_method" in each["param_names"]:
            each["param_names"].remove("start_method")
            each["params"] = older_ladders(each["params"])
    text = json.dumps(listed, indent=4, sort_keys=True)
    (folder / "benchmarks.json").write_text(text, encoding="utf-8")
    for path in result_files(folder):
        document = json.loads(path.read_text(encoding="utf-8"))
        for row in document["results"].values():
            if len(row[1]) > 1 and "'none'" in row[1][1]:
                row[1] = older_ladders(row[1])
        path.write_text(json.dumps(document), encoding="utf-8")


def older_ladders(ladders: Sequence[Sequence[str]]) -> list[list[str]]:
    """Return the values of a benchmark's parameters with a start method as part of the mode."""
    pairs = itertools.product(*([text.strip("'") for text in each] for each in ladders[:2]))
    modes = [mode_of(*pair) for pair in pairs]
    return [[repr(mode.name) for mode in modes if mode], *map(list, ladders[2:])]


def result_files(folder: Path) -> list[Path]:
    """Return the result files in a results folder."""
    return sorted(each for each in folder.glob("*/*.json") if each.name != "machine.json")
