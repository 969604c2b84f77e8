"""Kills the main job at random moments: nothing runs on, nothing is lost, the next run goes on.

`python tests/tools/kills.py --count 50 --seed 1`: a smoke run of two cells on three arms. Most are
SIGKILL of the command itself, the others Ctrl-C, or SIGKILL of any process below it.
"""

from __future__ import annotations

import argparse
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import psutil
from asvproject import FTBENCH, MACHINE, AsvProject

from ftbench.pythons import Interpreter, discover
from ftbench.pythons.install import find_pair
from ftbench.results import State, read_results
from ftbench.results.records import read_records

CELLS: Final = r"lifecycle.*track_round\(.(threads|processes)., .(none|fork)., 1, .empty"
# On the three arms.
_CELLS: Final = 6
_DEADLINE: Final = 300.0
_END: Final = 60.0
# After every so many kills the next run is let alone; before, it is killed in its turn.
_IN_A_ROW: Final = 3


@dataclass(kw_only=True)
class Job:
    """The main job in a folder of its own."""

    project: AsvProject
    release: str
    chance: random.Random
    whole: float = 0.0  # the seconds of a run that is let alone
    outcomes: Counter[str] = field(default_factory=Counter)

    def started(self) -> subprocess.Popen[str]:
        """Start it."""
        words = ("bench", self.release, "--profile", "smoke", "--bench", CELLS)
        none = str(self.project.folder / "none")
        command = [*FTBENCH, *words, "--machine", MACHINE]
        return self.project.begun(command, FTBENCH_SITE_ASSETS=none, COLUMNS="500")

    def run(self) -> None:
        """Let a run alone: it takes over all that is kept, and measures the rest."""
        kept = self.kept()
        begin = time.monotonic()
        process = self.started()
        said, _ = process.communicate(timeout=_DEADLINE)
        self.whole = time.monotonic() - begin
        assert process.returncode == 0, said
        assert said.count("they are reused") == len(kept), (kept, said)
        assert not self.journals(), "all is in the results"
        measured = [each for each in self.tree().figures if each.state is State.MEASURED]
        assert len(measured) == _CELLS, said
        records = self.project.results.glob("3*.records.jsonl")
        runs = [str(cell["run"]) for path in records for cell in read_records(path).cells]
        count = sum(kept)
        assert len(runs) == _CELLS, runs
        assert count in {_CELLS - runs.count(max(runs)), _CELLS}, (kept, runs)
        self.outcomes["cells taken over"] += count
        self.outcomes["runs that were let alone"] += 1

    def kill(self) -> None:
        """End a run at a random moment."""
        process = self.started()
        time.sleep(self.chance.uniform(0, self.whole))
        family = [psutil.Process(process.pid)] if process.poll() is None else []
        what = "too late"
        if family:
            kind = self.chance.random()
            if kind < 0.2:
                process.send_signal(signal.SIGINT)
                what = "SIGINT of the command"
            elif kind < 0.4 and (below := family[0].children(recursive=True)):
                victim = self.chance.choice(below)
                what = "SIGKILL of a process below it"
                try:
                    victim.kill()
                except psutil.NoSuchProcess:
                    what = "too late"
            else:
                process.kill()
                what = "SIGKILL of the command"
        try:
            said, _ = process.communicate(timeout=_DEADLINE)
        finally:
            process.kill()
        self.outcomes[what] += 1
        print(f"{what}: exit code {process.returncode}", flush=True)
        assert "Traceback" not in said, said
        end = time.monotonic() + _END
        while left := list(self.running()):
            assert time.monotonic() < end, [each.cmdline() for each in left]
            time.sleep(0.1)
        self.tree()

    def running(self) -> Iterator[psutil.Process]:
        """Yield what is of this job."""
        for process in psutil.process_iter():
            try:
                of_it = str(self.project.folder) in f"{process.cmdline()} {process.environ()}"
                if of_it and process.status() != psutil.STATUS_ZOMBIE:
                    yield process
            except psutil.Error:
                continue

    def tree(self) -> Any:
        """Read the results, in full; `ftbench report` works, too, or says that there is nothing."""
        tree = read_results(self.project.folder / "results")
        assert not tree.warnings, tree.warnings
        done = self.project.ended([*FTBENCH, "report"])
        assert done.code == (0 if tree.figures else 12), done.said
        return tree

    def journals(self) -> list[Path]:
        """Return those of the environments."""
        return sorted((self.project.folder / "env").glob("*/measured-*.jsonl"))

    def kept(self) -> list[int]:
        """Return how many cells are kept of each arm of which there are any."""
        texts = [each.read_text("utf-8") for each in self.journals()]
        return [count for text in texts if (count := text.count("\n"))]


def killed(folder: Path, pair: tuple[Interpreter, Interpreter], count: int, seed: int) -> Job:
    """Kill the job so often, in `folder`; raises `AssertionError` where something is lost."""
    job = Job(
        project=AsvProject.made(folder, pair),
        release=pair[0].release.name,
        chance=random.Random(seed),  # noqa: S311 - no secret
    )
    job.run()
    for number in range(1, count + 1):
        print(f"{number} of {count}: ", end="", flush=True)
        job.kill()
        if number % _IN_A_ROW == 0 or number == count:
            job.run()
    return job


def main() -> None:
    """Do so with the pair of this machine, and print what became of it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=50)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    pair = find_pair(discover())
    if pair is None:
        sys.exit("There is no pair of interpreters here: ftbench pythons install")
    with tempfile.TemporaryDirectory() as folder:
        job = killed(Path(folder, "project"), pair, options.count, options.seed)
    for what, number in job.outcomes.most_common():
        print(f"{number:5} {what}")


if __name__ == "__main__":
    main()
