"""What `ftbench try --scaffold` writes is made of: a user's function as a benchmark of asv."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

from ftbench.errors import error_class
from ftbench.facts.modes import Mode, mode_named
from ftbench.facts.trial_modes import trial_mode_named
from ftbench.probe.run.asv_benchmark import ScenarioBenchmark
from ftbench.probe.run.child import clean_environment
from ftbench.probe.run.document import Measurement
from ftbench.probe.run.measure import measure
from ftbench.probe.run.programs import host_python

# What of it may name a function in a file.
TARGETS = ("target", "inputs_from", "worker_setup", "before", "after", "check", "executor")


class TrialBenchmark(ScenarioBenchmark):
    """Base of a class that measures a function; a subclass has its `scenario`, a step of a trial.

    `asked` is as `probe.trial.asked` has it, its paths relative to the folder above `benchmarks`.
    """

    asked: ClassVar[Mapping[str, Any]] = {}
    # What the function needs beside the standard library, and requirements files of such lines.
    packages: ClassVar[Sequence[str]] = ()
    requirements: ClassVar[Sequence[str]] = ()
    # What asv calls a way → its name in TRIAL_MODES, workers, calls handed over at a time.
    ways: ClassVar[Mapping[str, tuple[str, int, int]]] = {}
    modes = ("serial",)
    ladders = (("way", ()),)

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        cls.param_names, cls.params = ("way",), (tuple(cls.ways),)

    @classmethod
    def _mode(cls, cell: tuple[str | int, ...]) -> Mode | None:
        return mode_named(trial_mode_named(cls.ways[str(cell[0])][0]).mode)

    @classmethod
    def _split(cls, cell: tuple[str | int, ...]) -> tuple[Mode, dict[str, str | int]]:
        way, workers, chunk = cls.ways[str(cell[0])]
        asked = Path.cwd() / f"asked-{chunk}.json"
        mode = mode_named(trial_mode_named(way).mode)
        return mode, {"asked": str(asked), "way": way, "workers": workers}

    def _identity(self, cell: tuple[str | int, ...]) -> dict[str, Any]:
        return {"group": self.group(), "params": {"way": str(cell[0])}}

    def _measured(self, mode: Mode, params: Mapping[str, str | int]) -> Measurement:
        """Have the serial twin's results written before the first cell of this class and build."""
        path = Path(str(params["asked"]))
        here = Path(str(sys.modules[type(self).__module__].__file__)).absolute().parents[1]
        asked: dict[str, Any] = {**self.asked, "chunk": int(path.stem.partition("-")[2])}
        asked |= {name: _beside(here, asked[name]) for name in TARGETS if asked.get(name)}
        if asked["inputs"]:
            asked["inputs"] = str(here / asked["inputs"])
        folders = [str(here / folder) for folder in asked["path"]]
        asked |= {"path": [*folders, *self._packages(here)], "reference": str(Path.cwd() / "twin")}
        path.write_text(json.dumps(asked), encoding="utf-8")
        if not Path(asked["reference"]).exists():
            measure("trial_serial", mode="serial", params={"asked": str(path)})
        return super()._measured(mode, params)

    def _packages(self, here: Path) -> list[str]:
        """Return the folder of what the function needs, which the host installs for this build."""
        if not (self.packages or self.requirements):
            return []
        named = [_beside(here, each) for each in self.packages]
        files = [str(here / each) for each in self.requirements]
        program = [host_python(), "-P", "-m", "ftbench.pythons.wheels"]
        done = subprocess.run(
            [*program, os.path.realpath(sys.executable), json.dumps(named), json.dumps(files)],
            env=clean_environment(os.environ),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=False,
            encoding="utf-8",
        )
        if done.returncode:
            last = done.stderr.strip().rpartition("\n")[2]
            raise error_class(done.returncode)(last, story=done.stderr)
        return [done.stdout.strip()]


def _beside(here: Path, text: str) -> str:
    """Return a target, or a wheel, with the whole path of its file, if it is in one."""
    place, colon, name = text.rpartition(":")
    if text.endswith(".whl") or place.endswith(".py"):
        return f"{here / place}{colon}{name}" if colon else str(here / text)
    return text
