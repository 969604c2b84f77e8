"""Sets figures of the harness against the independent programs of `literal/`, in turn.

    python tests/tools/confirm.py --rounds 7 PYTHON [PYTHON ...]

Each round runs a cell and its program one after the other, in alternate order, on the interpreters
named.  Prints a Markdown table, each row as soon as it is known: the median of harness / program,
the range over the rounds without the two ends (of five or more), how many rounds there were.  A
question has its share of the `--minutes` that are left, and one round at least.  What nothing
answers is a row that says why, and exit code 1 unless it is a mode that the interpreter lacks.
For a quiet machine; wants the harness importable (the project's root).
"""

from __future__ import annotations

import argparse
import itertools
import json
import math
import os
import shlex
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ftbench.errors import FtbenchError, NotAvailableError
from ftbench.processes import run

ROOT = Path(__file__).parent.parent.parent
LITERAL = Path(__file__).parent / "literal"
TIMEOUT = 60.0
MANY = 5  # rounds, of which the ends are no part of the range
DASH = "\N{EN DASH}"


@dataclass(frozen=True, kw_only=True)
class Question:
    """What is asked of both: a metric of a cell, and a value of a program, `factor` its unit."""

    title: str
    cell: str
    metric: str
    program: str
    value: str
    factor: float = 1.0
    # Of both but the metric: so much of it comes on top of what this program says.
    share: float = 1.0
    beside: str = ""


def _writes(mode: str, strategy: str, workers: int) -> Question:
    flags = "threads" if mode == "threads" else f"processes --start-method {mode}"
    managed = mode != "threads" and strategy in {"lock", "atomic", "striped"}
    return Question(
        title=f"CPU of an insertion by {strategy}, {mode}: {workers}",
        cell=f"shared_set --mode {flags} --workers {workers} --set strategy={strategy}"
        " --set fill=cold",
        metric="cpu",
        program=f"set_operations.py --mode {mode} --strategy {strategy} --workers {workers}"
        f" --operations {256 if managed else 8_000}",
        value="cpu_ns",
        factor=1e-9,
    )


def _task(mode: str, writes: float) -> Question:
    """Return what is asked of a task that writes: what it costs without, and the price of that."""
    flags = mode if mode in {"threads", "interpreters"} else f"processes --start-method {mode}"
    own = {"threads": "lock", "interpreters": "shared_memory"}
    share = own.get(mode, "atomic")
    literal = "subinterpreters" if mode == "interpreters" else mode
    program = f"tasks.py --mode {literal} --share {share} --tasks 3000"
    return Question(
        title=f"CPU of a task, {mode}, {writes:.0%} write by {share}",
        cell=f"shared_set --mode {flags} --set strategy={share} --set fill=grown",
        metric="cpu" if mode in own else "write_cpu",
        program=f"{program} --writes {writes}",
        value="cpu",
        share=writes,
        beside=program,
    )


def _window(mode: str, window: str, program: str) -> Question:
    flags = "threads" if mode == "threads" else f"processes --start-method {mode}"
    return Question(
        title=f"CPU of a message, {mode}, {window}",
        cell=f"sharded_writers --mode {flags} --workers 2 {program.partition('|')[0]}",
        metric="cpu",
        program=f"windows.py --mode {mode} --count 4000 {program.partition('|')[2]}",
        value="cpu_us",
        factor=1e-6,
    )


def _latency(mode: str, percentile: str) -> Question:
    own = {"loop": "serial --workers 1", "threads": "threads"}
    return Question(
        title=f"{percentile} of a request of 1 ms, half a core offered, {mode}",
        cell=f"latency --mode {own.get(mode, f'processes --start-method {mode}')}",
        metric=f"{percentile}_1ms_50",
        program=f"latency.py --mode {mode} --steps 10000 --rate 500 --requests 500",
        value=percentile,
    )


def _memory(mode: str) -> Question:
    one = mode in ("threads", "subinterpreters")
    flags = mode.removeprefix("sub") if one else f"processes --start-method {mode}"
    return Question(
        title=f"PSS of 8 workers, {mode}",
        cell=f"footprint --mode {flags} --workers 8",
        metric="pss",
        program=f"footprint.py --mode {mode} --workers 8",
        value="pss",
    )


def _contention(pattern: str, work: str) -> Question:
    return Question(
        title=f"contention of two threads, {pattern}",
        cell=f"must_scale --set pattern={pattern}",
        metric="relative_cpu_2",
        program=f"contention.py --work {work} --share object",
        value="ratio",
    )


QUESTIONS = (
    *(_latency(mode, each) for mode in ("loop", "threads", "spawn") for each in ("p50", "p99")),
    *(
        _writes(mode, strategy, workers)
        for mode, workers in (("threads", 1), ("threads", 8), ("fork", 8))
        for strategy in ("lock", "atomic", "striped", "shared_memory", "local", "actor")
    ),
    *(
        _window(mode, title, flags)
        for mode in ("threads", "fork")
        for title, flags in (
            ("one at a time", "--set window=1|--window 1"),
            ("64 in flight", "--set window=64|--window 64"),
            ("batches of 64", "--set batch=64|--window 64 --batch"),
        )
    ),
    *(
        _task(mode, writes)
        for mode in ("threads", "fork", "forkserver", "spawn", "interpreters")
        for writes in (0.05, 1.0)
    ),
    _contention("constants", "constants"),
    _contention("function_calls", "call"),
    _contention("dataclasses", "dataclass"),
    _contention("shared_dict_reads", "strings"),
    _contention("thread_locals", "locals"),
    *map(_memory, ("threads", "fork", "forkserver", "spawn", "subinterpreters")),
)


def answer(command: list[str]) -> Mapping[str, Any]:
    """Return the JSON that a command prints; raises `FtbenchError` with its words if it fails."""
    unasked = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    ended = run(command, environ=unasked, deadline=TIMEOUT, folder=ROOT)
    if ended.code:
        lacks = ended.code == NotAvailableError.exit_code
        raise (NotAvailableError if lacks else FtbenchError)(
            f"{shlex.join(command)}\n{ended.out}{ended.err}"
        )
    document: Mapping[str, Any] = json.loads(ended.out)
    return document


def of_harness(python: str, question: Question) -> float:
    """Return the median of a cell's samples."""
    command = [python, "-m", "ftbench.probe", *question.cell.split(), "--json"]
    document = answer(command)
    if question.metric not in document["metrics"]:
        raise FtbenchError(document["notes"]["lacks"].get(question.metric, "not measured"))
    samples = document["metrics"][question.metric]["samples"]
    value = question.share * float(statistics.median(samples))
    return value + (_said(python, question.beside, question) if question.beside else 0.0)


_COPY = """
import os, sys
from ftbench.probe.run.own import own_interpreter
copy = own_interpreter(sys.argv[1])
os.execv(copy, [copy, *sys.argv[2:]])
"""


def of_program(python: str, question: Question) -> float:
    """Return what the program says, in the metric's unit."""
    return _said(python, question.program, question)


def _said(python: str, program: str, question: Question) -> float:
    name, *flags = program.split()
    words = [str(LITERAL / name), *flags]
    with tempfile.TemporaryDirectory() as folder:
        # Memory is shared with nothing else that runs on the interpreter, as the cell's is.
        own = ["-c", _COPY, folder] if question.metric == "pss" else []
        return float(answer([python, *own, *words])[question.value]) * question.factor


def ratios(python: str, question: Question, rounds: int, seconds: float = math.inf) -> list[float]:
    """Return harness / program of each round, sorted; who goes first alternates.

    No round begins after so many seconds, but for the first.
    """
    measured: list[float] = []
    begin = time.monotonic()
    for number in range(rounds):
        if measured and time.monotonic() - begin > seconds * number / (number + 1):
            break
        asks = [of_harness, of_program][:: -1 if number % 2 else 1]
        sides = {ask: ask(python, question) for ask in asks}
        measured.append(sides[of_harness] / sides[of_program])
    return sorted(measured)


def _named(python: str) -> str:
    code = "import sys, sysconfig; v = sysconfig.get_config_var('Py_GIL_DISABLED'); "
    code += "print(sys.version.split()[0] + ('t' if v else ''))"
    return subprocess.check_output([python, "-c", code], text=True).strip()


def main() -> None:
    """Ask all questions of all interpreters, print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("pythons", nargs="+", metavar="PYTHON")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--only", default="", help="questions whose title has this")
    parser.add_argument("--minutes", type=float, default=math.inf)
    args = parser.parse_args()
    names = {python: _named(python) for python in args.pythons}
    asked = [each for each in QUESTIONS if args.only in each.title]
    every = list(itertools.product(asked, args.pythons))
    end, failed = time.monotonic() + 60 * args.minutes, False
    print("| question | interpreter | harness / program | range | rounds |", flush=True)
    print("|---|---|---|---|---|", flush=True)
    for done, (question, python) in enumerate(every):
        row = f"| {question.title} | {names[python]} |"
        share = max(0.0, end - time.monotonic()) / (len(every) - done)
        try:
            measured = ratios(python, question, args.rounds, share)
        except FtbenchError as error:
            failed |= not isinstance(error, NotAvailableError)
            why = error.message.strip().rpartition("\n")[2]
            print(f"{row} {DASH} | {why} | 0 |", flush=True)
            print(f"{question.title}: {error.message}", file=sys.stderr, flush=True)
            continue
        inner = measured[1:-1] if len(measured) >= MANY else measured
        middle = f"{statistics.median(measured):.2f}"
        reach = f"{inner[0]:.2f} to {inner[-1]:.2f}"
        print(f"{row} {middle} | {reach} | {len(measured)} |", flush=True)
    sys.exit(failed)


if __name__ == "__main__":
    main()
