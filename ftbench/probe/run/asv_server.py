"""Runs cells of asv's benchmark classes, one after the other: none pays for a start of asv.

    python -m ftbench.probe.run.asv_server BENCHMARK_DIR

A line on standard input names a cell, or a class whose cache asv wants; the answer, behind `MARK`,
is whether it was one of ours.  It ends, with a cell under way, when its standard input closes.
"""

from __future__ import annotations

import importlib
import itertools
import json
import os
import queue
import sys
import threading
from pathlib import Path

from ftbench.probe.run import MARK, streams
from ftbench.probe.run.asv_benchmark import ScenarioBenchmark
from ftbench.probe.run.measure import start_ahead


def _answer(package: str, group: str, index: int | None, folder: str) -> str:
    """Run cell number `index` (None: none) of `group` in `folder`; return the scenario if ours."""
    module, _, name = group.rpartition(".")
    benchmark = getattr(importlib.import_module(f"{package}.{module}"), name)
    if not issubclass(benchmark, ScenarioBenchmark):
        return ""
    if index is not None:
        os.chdir(folder)
        benchmark().run_cell(list(itertools.product(*benchmark.params))[index])
    return str(benchmark.scenario)


def _read(lines: queue.SimpleQueue[str]) -> None:
    for line in sys.stdin:
        lines.put(line)
    os._exit(0)  # whoever asked is gone: the guard of a cell under way sees it, and ends the cell


def main(benchmark_dir: Path) -> None:
    """Answer lines until there are no more."""
    streams.take()
    sys.path.append(str(benchmark_dir.parent))
    lines: queue.SimpleQueue[str] = queue.SimpleQueue()
    threading.Thread(target=_read, args=(lines,), daemon=True).start()
    out = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # what a benchmark prints is no answer
    while True:
        scenario = _answer(benchmark_dir.name, *json.loads(lines.get()))
        out.write(f"{MARK}{json.dumps(bool(scenario))}\n")
        out.flush()
        if scenario:
            start_ahead(scenario)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
