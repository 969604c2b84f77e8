"""Sets `ftbench try` against literal programs: the examples, on each interpreter named.

    python tests/tools/confirm_try.py --processes 7 --budget 3m PYTHON [PYTHON ...]

Each trial of `examples/` is made and saved; then `literal/trial.py` measures the same modes, in
fresh processes that take turns in drawn order.  Prints a Markdown table: how many times as fast as
the plain loop a mode is by the one and by the other, and whether both intervals meet; below it each
pair of modes that both tell apart and rank the other way round.  Either is exit code 1.  For a
quiet machine; wants the harness importable (the project's root).
"""

from __future__ import annotations

import argparse
import itertools
import json
import math
import os
import random
import shlex
import statistics
import sys
import tempfile
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from rich.console import Console

from ftbench.analysis.trials import clears, is_measured, of
from ftbench.errors import FtbenchError
from ftbench.facts.variables import NATIVE_THREADS
from ftbench.processes import run
from ftbench.pythons import Interpreter
from ftbench.pythons.install import at
from ftbench.pythons.requirements import of_script
from ftbench.pythons.wheels import packages_of
from ftbench.results.trials import Trial, TrialCell, read_trial
from ftbench.statistics.spread import Processes

ROOT = Path(__file__).parent.parent.parent
EXAMPLES = ROOT / "examples"
PROGRAM = Path(__file__).parent / "literal" / "trial.py"
DEADLINE = 120.0
_MAIN = "from ftbench.cli import main; main()"
DASH = "\N{EN DASH}"

# A mode of the trial → that of the program.
MODES = {
    "serial": "serial",
    "threadpool": "threads",
    "processpool-fork": "fork",
    "processpool-forkserver": "forkserver",
    "processpool-spawn": "spawn",
    "interpreterpool": "interpreters",
}
# An option of the trial → that of the program; others go by the same name.
_NAMES = {"worker-setup": "setup"}
# The program is of plain functions, and calls them whatever comes of it.
_NOT_ASKED = ("target", "yes")


def trials() -> dict[str, dict[str, Any]]:
    """Return the examples' tables that a program of concurrent.futures can answer."""
    tables = tomllib.loads((EXAMPLES / "pyproject.toml").read_text("utf-8"))
    every: dict[str, dict[str, Any]] = tables["tool"]["ftbench"]["try"]
    return {name: table for name, table in every.items() if "async" not in table["target"]}


def flags(table: dict[str, Any]) -> list[str]:
    """Return what the program is asked that is alike in all modes."""
    file, _, function = table["target"].partition(":")
    words = ["--file", str(EXAMPLES / file), "--function", function]
    for name, value in table.items():
        if name in _NOT_ASKED:
            continue
        for each in value if isinstance(value, list) else [value]:
            text = str(each).rpartition(":")[2]
            text = str(EXAMPLES / text) if name == "inputs" else text
            words += [f"--{_NAMES.get(name, name)}", *([] if each is True else [text])]
    return words


def tried(name: str, pythons: list[str], budget: str, folder: Path) -> Trial:
    """Return what `ftbench try` finds."""
    file = folder / f"{name}.json"
    command = [sys.executable, "-c", _MAIN, "try", name, "--budget", budget, "--fresh"]
    command += ["--no-memory", "--mode", ",".join(MODES), "--save", str(file)]
    command += itertools.chain(*(["--python", python] for python in pythons))
    environ = {**os.environ, "PYTHONPATH": str(ROOT)}
    ended = run(command, environ=environ, deadline=1800.0, folder=EXAMPLES)
    if not file.exists():
        raise FtbenchError(f"{shlex.join(command)} ended with {ended.code}:", story=ended.err)
    return read_trial(file)


def literal(python: Interpreter, table: dict[str, Any], cell: TrialCell, calls: int) -> list[float]:
    """Return seconds of a call, warm round by warm round, of one process of the program."""
    file = EXAMPLES / table["target"].partition(":")[0]
    packages = packages_of(of_script(file), python, Console(stderr=True))
    unasked = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    command: list[str | Path] = [python.executable, "-B", PROGRAM, *flags(table)]
    command += ["--mode", MODES[cell.mode], "--workers", str(cell.workers)]
    command += ["--calls", str(calls), "--chunk", str(cell.chunk)]
    with tempfile.TemporaryDirectory() as temporary:
        environ = {**unasked, **dict.fromkeys(NATIVE_THREADS, "1"), "TMPDIR": temporary}
        ended = run(command, environ={**environ, "PYTHONPATH": packages.folder}, deadline=DEADLINE)
    if ended.code:
        raise FtbenchError(f"{shlex.join(map(str, command))} ended with {ended.code}:\n{ended.err}")
    answer = json.loads(ended.out)
    if not answer["right"]:
        raise FtbenchError("results are not the plain loop's")
    return [float(each) for each in answer["seconds"]]


def measured(
    python: Interpreter, table: dict[str, Any], cells: list[TrialCell], calls: int, processes: int
) -> dict[int, Processes | str]:
    """Return what the program takes, cell by cell, or why there is nothing."""
    taken: dict[int, list[tuple[float, ...]]] = {number: [] for number in range(len(cells))}
    failed: dict[int, Processes | str] = {}
    draw = random.Random(0)  # noqa: S311 - an order, on record
    for _ in range(processes):
        for number in draw.sample(range(len(cells)), len(cells)):
            if number not in failed:
                try:
                    taken[number].append(tuple(literal(python, table, cells[number], calls)))
                except FtbenchError as error:
                    failed[number] = error.message.strip().rpartition("\n")[2]
    return {number: tuple(rounds) for number, rounds in taken.items()} | failed


def speed(loop: Processes, mode: Processes) -> tuple[str, tuple[float, float]]:
    """Return how many times as fast as the loop a mode is, as text and as an interval."""
    found = of(loop, mode)
    if found is None:
        return DASH, (0.0, 0.0)
    low, high = (found.interval.low, found.interval.high) if found.interval else (0.0, math.inf)
    return f"{found.value:.2f}\N{MULTIPLICATION SIGN} [{low:.2f}{DASH}{high:.2f}]", (low, high)


def turned_round(
    cells: list[TrialCell], own: list[Processes], others: dict[int, Processes | str]
) -> Iterator[str]:
    """Yield pairs that both tell apart, and rank the other way round."""
    for one, two in itertools.permutations(range(len(cells)), 2):
        first, second = others[one], others[two]
        if isinstance(first, str) or isinstance(second, str):
            continue
        if clears(of(own[one], own[two])) and clears(of(second, first)):
            yield (
                f"{cells[two].mode}({cells[two].workers}) is ahead of {cells[one].mode}"
                f"({cells[one].workers}) by the trial, behind it by the program"
            )


def main() -> None:
    """Make all trials on all interpreters, ask the program, print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("pythons", nargs="+", metavar="PYTHON")
    parser.add_argument("--only", default="", help="trials, with commas")
    parser.add_argument("--processes", type=int, default=7)
    parser.add_argument("--budget", default="3m")
    asked = parser.parse_args()
    known = {python: at(Path(python)) for python in asked.pythons}
    chosen = {n: t for n, t in trials().items() if not asked.only or n in asked.only.split(",")}
    print("| trial | build | mode | ftbench try | program | |\n|---|---|---|---|---|---|")
    wrong: list[str] = []
    for name, table in chosen.items():
        with tempfile.TemporaryDirectory() as folder:
            trial = tried(name, asked.pythons, asked.budget, Path(folder))
        for build, python in zip(trial.builds, known.values(), strict=True):
            cells = [each for each in trial.cells if each.build == build.name and is_measured(each)]
            cells.sort(key=lambda each: list(MODES).index(each.mode))
            if not cells or cells[0].mode != "serial":
                print(f"| {name} | {build.name} | {DASH} | {build.skipped} | | |", flush=True)
                continue
            own: list[Processes] = [tuple(p.rounds for p in each.processes) for each in cells]
            others = measured(python, table, cells, trial.calls, asked.processes)
            loop = others[0]
            for number, cell in enumerate(cells):
                row = f"| {name} | {build.name} | {cell.mode}({cell.workers}) |"
                other = others[number]
                if isinstance(other, str) or isinstance(loop, str):
                    wrong.append(f"{name} on {build.name}, {cell.mode}: {other}")
                    print(f"{row} {DASH} | {other} | |", flush=True)
                    continue
                if cell.mode == "serial":
                    medians = [statistics.median(map(statistics.median, x)) for x in (own[0], loop)]
                    texts = [f"{1e3 * each:.3g} ms" for each in medians]
                    print(f"{row} {texts[0]} | {texts[1]} | |", flush=True)
                    continue
                (mine, (low, high)), (its, (least, most)) = (
                    speed(own[0], own[number]),
                    speed(loop, other),
                )
                said = "" if low <= most and least <= high else "apart"
                said = "too few processes" if math.inf in {high, most} else said
                if said:
                    wrong.append(f"{name} on {build.name}, {cell.mode}, {said}: {mine} and {its}")
                print(f"{row} {mine} | {its} | {said} |", flush=True)
            wrong += (
                f"{name} on {build.name}: {each}" for each in turned_round(cells, own, others)
            )
    print("\n" + ("\n".join(f"- {each}" for each in wrong) or "All of it holds."))
    sys.exit(bool(wrong))


if __name__ == "__main__":
    main()
