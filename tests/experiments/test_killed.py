"""Commands that measure for long, killed at random moments: what is measured once is not lost."""

from __future__ import annotations

import json
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil
import pytest
from probing import eventually

from ftbench.asv.measuring_lock import VARIABLE
from ftbench.files import builds_folder
from ftbench.probe.run.child import clean_environment
from ftbench.pythons import Interpreter
from ftbench.results import read_results
from ftbench.results.duels import read_duels
from ftbench.results.records import TRIALS

ROOT = Path(__file__).parents[2]
FTBENCH = (sys.executable, "-c", "from ftbench.cli import main; main()")
MACHINE = ("--machine", "vm")
CELLS = r"Lifecycle.track_round\('threads', 'none', (1|2), 'empty'\)"
# A family of steps is of one sitting: so many surely have a whole one.
MORE = {"noise": 1, "selftest": 1, "overhead": 1, "reproduce": 9, "duel": 1}
WORDS = {
    "noise": ("--bench", CELLS, "--profile", "smoke", "--replicates", "3", *MACHINE),
    "selftest": (
        *("--bench", CELLS, "--slowdown", "50%", "--trials", "4", "--budget", "1us"),
        *MACHINE,
    ),
    "reproduce": ("--only", "shared_set", "--scale", "0.02"),
    "overhead": ("--scenario", "lifecycle", "--pairs", "1", "--processes", "4"),
    "duel": ("--bench", r"^single_thread.*'(calls|json|float|sort)'", "--pairs", "5", *MACHINE),
}

pytestmark = pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="POSIX alone kills so")


@dataclass
class Command:
    """One of them, in a folder with a cache of its own."""

    folder: Path
    words: list[str]
    environ: dict[str, str] = field(init=False)

    def __post_init__(self) -> None:
        mine = {
            VARIABLE: str(self.folder / "lock"),
            "FTBENCH_CACHE": str(self.folder / "cache"),
            "PYTHONPATH": str(ROOT),
            "PYTHONIOENCODING": "utf-8",
        }
        self.environ = clean_environment(os.environ, mine)
        if builds_folder().is_dir():  # what was built for all tests
            (self.folder / "cache").mkdir()
            (self.folder / "cache" / "builds").symlink_to(builds_folder())

    def start(self) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [*FTBENCH, *self.words, "--format", "json"],
            cwd=self.folder,
            env=self.environ,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            encoding="utf-8",
        )

    def kept(self) -> list[str]:
        """What is whole in the journal, of a selftest in the results."""
        lines = []
        for path in (self.folder / "results").glob(f"*/*{TRIALS}"):
            file = read_duels(path)
            return [f"{duel.key} {duel.seed}" for duel in file.duels] if file else []
        for path in (self.folder / "cache" / "journals").glob("*"):
            lines += path.read_text("utf-8").splitlines(keepends=True)
        return [json.loads(line[64:])["asked"] for line in lines if line.endswith("\n")]

    def ended(self, draw: random.Random, how: int) -> None:
        """Run it until some more are kept, and a random moment longer: nothing of it goes on."""
        enough, process = len(self.kept()) + MORE[self.words[0]], self.start()
        end = time.monotonic() + 60
        while len(self.kept()) < enough and process.poll() is None and time.monotonic() < end:
            time.sleep(0.02)
        time.sleep(draw.uniform(0, 0.6))
        process.send_signal(how)
        _, said = process.communicate(timeout=60)
        assert "Traceback" not in said
        eventually(lambda: not list(self.running()), "nothing of it runs")
        self.read()

    def running(self) -> Iterator[list[str]]:
        """Yield what is of it, the cache in its environment."""
        for process in psutil.process_iter():
            with suppress(psutil.Error):
                of_it = str(self.folder) in str(process.environ())
                if of_it and process.status() != psutil.STATUS_ZOMBIE:
                    yield process.cmdline()

    def read(self) -> set[str]:
        """Read the results, of which nothing is damaged; return the cells of duels."""
        tree = read_results(self.folder / "results")
        assert {warning.path.name for warning in tree.warnings} <= {"benchmarks.json"}
        files = map(read_duels, (self.folder / "results").glob("*/*.duel.jsonl"))
        return {str(duel.key) for file in files if file for duel in file.duels}

    def done(self) -> tuple[Any, str]:
        process = self.start()
        out, said = process.communicate(timeout=150)
        # A selftest of so few processes may miss what it looks for.
        assert process.returncode == 0 or ("alarm was raised" in said), said
        return json.loads(out), " ".join(said.split())


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """A folder that asv could run in."""
    shutil.copy(ROOT / "asv.conf.json", tmp_path)
    shutil.copytree(ROOT / "benchmarks", tmp_path / "benchmarks")
    return tmp_path


@pytest.mark.parametrize("name", WORDS)
def test_a_command_that_was_killed_is_gone_on_with(
    clone: Path, gil_python: Interpreter, name: str
) -> None:
    """After SIGKILL and Ctrl-C the rest alone is measured, and it is said how much that is."""
    draw = random.Random(name)  # noqa: S311 - the same moments every time
    python = gil_python.name if name == "reproduce" else str(gil_python.executable)
    pythons = [python] * (2 if name == "duel" else 1)
    command = Command(clone, [name, *pythons, *WORDS[name]])
    for how in (signal.SIGKILL, signal.SIGINT):
        command.ended(draw, how)
    kept = command.kept()
    if name == "duel":  # a kill may come between what is kept and what says so
        assert len(kept) <= len(command.read()) <= len(kept) + 1
    assert len(kept) >= MORE[name]
    document, said = command.done()
    match = re.search(r"(\d+) of (\d+) (?:processes|trials|cells) were measured by 2", said)
    assert match, said
    count, total = map(int, match.groups())
    # What is of one sitting and was cut is measured again.
    assert count == len(kept) if MORE[name] == 1 else 0 < count <= len(kept)
    assert len(command.kept()) == (total if name == "selftest" else 0)
    if name == "noise":
        (document,) = document
        assert all("".join(each["order"].split()) == "ABBAAB" for each in document["series"])
    if name == "duel":
        assert len(command.read()) == total
        assert len({each["seed"] for each in document["duels"]}) == 1
        assert len({each["sitting"] for each in document["duels"]}) >= 2
    if name == "reproduce":
        sittings = {(step["process"], step["sitting"]) for step in document["steps"]}
        assert len(sittings) == 3 < total == len(document["steps"])
    elif name == "noise":
        assert document["measured"] == total == sum(document["sittings"].values())
        assert len(document["sittings"]) >= 2
