"""Sets `ftbench try` against literal programs: the examples, on each interpreter named.

    python tests/tools/confirm_try.py --minutes 22 PYTHON [PYTHON ...]
    python tests/tools/confirm_try.py --only shop,orders PYTHON [PYTHON ...]
    python tests/tools/confirm_try.py

Each trial of `examples/` is made; then `literal/trial.py` measures the same modes, in fresh
processes that take turns in drawn order: each its share of the minutes, but three processes.  What
came of it is kept in `docs/try.json`, trial by trial, and drawn into `docs/try.md`; without an
interpreter it is only drawn.  Compared are the speed-ups of each mode over the plain loop beside
it: both intervals have to overlap, and no two modes may be ranked in opposite order with certainty.
Anything else is exit code 1.  For a quiet machine; run it from the project's root.
"""

from __future__ import annotations

import argparse
import itertools
import json
import os
import random
import shlex
import sys
import tempfile
import time
import tomllib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from rich.console import Console

from ftbench.analysis.trials import clears, is_measured, over
from ftbench.errors import FtbenchError
from ftbench.facts.units import plural, span, times
from ftbench.facts.variables import NATIVE_THREADS
from ftbench.files import write_whole
from ftbench.processes import run
from ftbench.pythons import Interpreter
from ftbench.pythons.install import at
from ftbench.pythons.requirements import of_script
from ftbench.pythons.wheels import packages_of
from ftbench.results.trials import Trial, TrialCell, read_trial
from ftbench.statistics.spread import Processes, location

ROOT = Path(__file__).parent.parent.parent
EXAMPLES = ROOT / "examples"
PROGRAM = Path(__file__).parent / "literal" / "trial.py"
KEPT, PAGE = ROOT / "docs" / "try.json", ROOT / "docs" / "try.md"
MARK = "<!-- What follows is written by tests/tools/confirm_try.py. -->"
DEADLINE = 120.0
LEAST = 3  # processes of a mode
SHARE = 0.55  # of a trial's time, for `ftbench try`; the rest is the program's
REST = 8.0  # seconds of a trial before anything is measured
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


# Seconds of a call by warm round, and those of the plain loop beside each, of one process.
Rounds = tuple[tuple[float, ...], tuple[float, ...]]
Row = dict[str, Any]
Kept = dict[str, Any]


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


def tried(name: str, pythons: Sequence[str], budget: float, folder: Path) -> Trial:
    """Return what `ftbench try` finds."""
    file = folder / f"{name}.json"
    command = [sys.executable, "-c", _MAIN, "try", name, "--budget", f"{budget:.0f}s"]
    command += ["--shake", "0", "--no-memory", "--save", str(file)]
    command += ["--mode", ",".join(MODES)]
    command += itertools.chain(*(["--python", python] for python in pythons))
    environ = {**os.environ, "PYTHONPATH": str(ROOT)}
    ended = run(command, environ=environ, deadline=1800.0, folder=EXAMPLES)
    if not file.exists():
        raise FtbenchError(f"{shlex.join(command)} ended with {ended.code}:", story=ended.err)
    return read_trial(file)


def literal(python: Interpreter, table: dict[str, Any], cell: TrialCell, calls: int) -> Rounds:
    """Return what one process of the program says of its warm rounds."""
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
        print(shlex.join(map(str, command)), ended.err, file=sys.stderr)
        last = ended.err.strip().rpartition("\n")[2]
        raise FtbenchError(f"the program ended with {ended.code}: {last}")
    answer = json.loads(ended.out)
    if not answer["right"]:
        raise FtbenchError("results are not the plain loop's")
    return tuple(answer["seconds"]), tuple(answer["loop"])


def measured(
    cells: Sequence[tuple[TrialCell, Interpreter]],
    table: dict[str, Any],
    calls: int,
    seconds: float,
) -> list[list[Rounds] | str]:
    """Return the processes of the program for each cell, or why there are none."""
    found: list[list[Rounds] | str] = [[] for _ in cells]
    draw = random.Random(0)  # noqa: S311 - an order, on record
    begin, turns = time.monotonic(), 0
    while turns < LEAST or (time.monotonic() - begin) * (turns + 1) / turns < seconds:
        for number in draw.sample(range(len(cells)), len(cells)):
            taken, (cell, python) = found[number], cells[number]
            if isinstance(taken, list):
                try:
                    taken.append(literal(python, table, cell, calls))
                except FtbenchError as error:
                    found[number] = error.message
        turns += 1
    return found


def own(cell: TrialCell) -> list[Rounds]:
    """Return the processes of a cell of the trial, as those of the program."""
    return [(each.rounds, each.loop) for each in cell.processes]


def beside(processes: Sequence[Rounds]) -> Processes:
    """Return the seconds of rounds over those of the plain loop beside each."""
    return tuple(tuple(own / loop for own, loop in zip(*both, strict=True)) for both in processes)


def speed(processes: Sequence[Rounds]) -> list[float]:
    """Return how many times as fast as the plain loop beside it a mode is, and the interval."""
    found = over([], [beside(processes)])
    assert found is not None
    ends = found.interval
    return [found.value, ends.low, ends.high] if ends else [found.value]


def compared(build: str, cells: Sequence[tuple[TrialCell, list[Rounds] | str]]) -> Iterator[Row]:
    """Yield what is said of each mode on a build by both, the plain loop first."""
    for cell, others in cells:
        row: Row = {"build": build, "mode": f"{cell.mode}({cell.workers})"}
        if isinstance(others, str):
            yield {**row, "wrong": others}
            continue
        row["processes"] = [len(cell.processes), len(others)]
        sides = (own(cell), others)
        if cell.mode == "serial":
            seconds = [location(tuple(rounds for rounds, _ in side)) for side in sides]
            yield {**row, "seconds": seconds}
            continue
        (_, *mine), (_, *its) = row["times"] = [speed(side) for side in sides]
        if not (mine and its):
            row["wrong"] = "too few processes"
        elif mine[0] > its[1] or its[0] > mine[1]:
            row["wrong"] = "apart"
        yield row
    for (one, first), (two, second) in itertools.permutations(cells, 2):
        if isinstance(first, str) or isinstance(second, str):
            continue
        by_trial = over([beside(own(one))], [beside(own(two))])
        by_program = over([beside(second)], [beside(first)])
        if clears(by_trial) and clears(by_program):
            told = f"ahead of {one.mode}({one.workers}) by the trial, behind it by the program"
            yield {"build": build, "mode": f"{two.mode}({two.workers})", "wrong": told}


def confirmed(name: str, table: dict[str, Any], pythons: Sequence[str], seconds: float) -> Kept:
    """Return what came of one trial on all interpreters."""
    with tempfile.TemporaryDirectory() as folder:
        trial = tried(name, pythons, SHARE * (seconds - REST), Path(folder))
    names = (build.name for build in trial.builds)
    interpreters = {n: at(Path(python)) for n, python in zip(names, pythons, strict=True)}
    cells = [each for each in trial.cells if is_measured(each)]
    cells.sort(key=lambda each: list(MODES).index(each.mode))
    asked = [(each, interpreters[each.build]) for each in cells]
    found = measured(asked, table, trial.calls, (1 - SHARE) * (seconds - REST))
    rows = [
        row
        for build in trial.builds
        for row in compared(
            build.name,
            [both for both in zip(cells, found, strict=True) if both[0].build == build.name],
        )
    ]
    skipped = [{"build": b.name, "skipped": b.skipped} for b in trial.builds if b.skipped]
    machine = {name: trial.machine.get(name) for name in ("cpu", "usable_cores")}
    return {"machine": machine, "day": trial.started_at[:10], "rows": [*skipped, *rows]}


def drawn(kept: dict[str, Kept]) -> Iterator[str]:
    """Yield the lines of the page: a row for each trial and build, by its best mode."""
    places = dict.fromkeys(
        f"{each['machine']['usable_cores']} cores of {each['machine']['cpu']}, {each['day']}"
        for each in kept.values()
    )
    counts = [n for each in kept.values() for row in each["rows"] for n in row.get("processes", ())]
    if counts:
        least = plural(min(counts), "process", "processes")
        yield f"On {'; '.join(places)}; at least {least} of each mode."
    yield "\n| trial | build | best mode | `ftbench try` | program | modes that agree |"
    yield "|---|---|---|---|---|---|"
    for name, each in kept.items():
        for build in dict.fromkeys(row["build"] for row in each["rows"]):
            rows = [row for row in each["rows"] if row["build"] == build]
            best = max(rows, key=lambda row: row.get("times", [[0.0]])[0][0])
            modes = {row["mode"] for row in rows if "mode" in row and "seconds" not in row}
            agree = modes - {row.get("mode") for row in rows if "wrong" in row}
            told = [_times(*three) for three in best.get("times", ())] or [DASH, DASH]
            said = rows[0].get("skipped", f"{len(agree)} of {len(modes)}")
            cells = (name, build, best.get("mode", DASH), *told, said)
            yield f"| {' | '.join(cells)} |"


def _times(value: float, low: float | None = None, high: float | None = None) -> str:
    return times(value) if low is None or high is None else f"{times(value)} ({span(low, high)})"


def wrong(kept: dict[str, Kept]) -> Iterator[str]:
    """Yield what does not hold."""
    for name, each in kept.items():
        for row in each["rows"]:
            if "wrong" in row:
                yield f"{name} on {row['build']}, {row['mode']}: {row['wrong']}"


def draw(kept: dict[str, Kept]) -> None:
    """Put the table into the page, in the place of the last one."""
    text = PAGE.read_text("utf-8")
    before, _, _ = text.partition(MARK)
    write_whole(PAGE, f"{before}{MARK}\n\n" + "\n".join(drawn(kept)) + "\n")


def main() -> None:
    """Make the trials on all interpreters, ask the program, keep and draw what came of it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("pythons", nargs="*", metavar="PYTHON")
    parser.add_argument("--only", default="", help="trials, with commas")
    parser.add_argument("--minutes", type=float, default=22.0, help="for all of them together")
    asked = parser.parse_args()
    every = trials()
    kept: dict[str, Kept] = json.loads(KEPT.read_text("utf-8")) if KEPT.exists() else {}
    chosen = [name for name in every if not asked.only or name in asked.only.split(",")]
    for name in chosen if asked.pythons else ():
        print(name, file=sys.stderr, flush=True)
        seconds = 60 * asked.minutes / len(chosen)
        kept[name] = confirmed(name, every[name], asked.pythons, seconds)
        kept = {each: kept[each] for each in every if each in kept}
        write_whole(KEPT, json.dumps(kept, indent=1) + "\n")
        draw(kept)
    draw(kept)
    faults = list(wrong(kept))
    print("\n".join(faults) or "All of it holds.")
    sys.exit(bool(faults))


if __name__ == "__main__":
    main()
