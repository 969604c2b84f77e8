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
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from ftbench.asv.measuring_lock import VARIABLE
from ftbench.files import builds_folder
from ftbench.probe.run.child import clean_environment
from ftbench.pythons import Interpreter

ROOT = Path(__file__).parents[2]
FTBENCH = (sys.executable, "-c", "from ftbench.cli import main; main()")
CELLS = r"Lifecycle.track_round\('threads', 'none', (1|2), 'empty'\)"
KILLS = 2
# A family of steps is of one sitting: so many surely have a whole one.
MORE = {"noise": 1, "selftest": 1, "overhead": 1, "reproduce": 9}
WORDS = {
    "noise": ("--bench", CELLS, "--profile", "smoke", "--replicates", "3", "--machine", "vm"),
    "selftest": (*("--bench", CELLS, "--slowdown", "50%", "--trials", "4", "--budget", "1us"),),
    "reproduce": ("--only", "shared_set", "--scale", "0.02"),
    "overhead": ("--scenario", "lifecycle", "--pairs", "1", "--processes", "4"),
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
        """What is whole in the journal."""
        lines = []
        for path in (self.folder / "cache" / "journals").glob("*"):
            lines += path.read_text("utf-8").splitlines(keepends=True)
        return [json.loads(line[64:])["asked"] for line in lines if line.endswith("\n")]

    def killed(self, draw: random.Random) -> None:
        """Run it until some more are kept, and a random moment longer."""
        enough, process = len(self.kept()) + MORE[self.words[0]], self.start()
        end = time.monotonic() + 60
        while len(self.kept()) < enough and process.poll() is None and time.monotonic() < end:
            time.sleep(0.02)
        time.sleep(draw.uniform(0, 0.6))
        process.kill()
        process.communicate()

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
    """After two kills the rest alone is measured, and it is said how much that is."""
    draw = random.Random(name)  # noqa: S311 - the same moments every time
    python = gil_python.name if name == "reproduce" else str(gil_python.executable)
    command = Command(clone, [name, python, *WORDS[name]])
    for _ in range(KILLS):
        command.killed(draw)
    kept = command.kept()
    assert len(kept) >= MORE[name]
    document, said = command.done()
    match = re.search(r"(\d+) of (\d+) (?:processes|trials) were measured by 2", said)
    assert match, said
    count, total = map(int, match.groups())
    # What is of one sitting and was cut is measured again.
    assert count == len(kept) if MORE[name] == 1 else 0 < count <= len(kept)
    assert command.kept() == []
    if name == "noise":
        (document,) = document
        assert all("".join(each["order"].split()) == "ABBAAB" for each in document["series"])
    if name == "reproduce":
        sittings = {(step["process"], step["sitting"]) for step in document["steps"]}
        assert len(sittings) == 3 < total == len(document["steps"])
    elif name == "noise":
        assert document["measured"] == total == sum(document["sittings"].values())
        assert len(document["sittings"]) >= 2
