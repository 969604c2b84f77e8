"""What `ftbench try --scaffold` writes is made of: a user's function as a benchmark of asv."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

from ftbench.errors import NotAvailableError
from ftbench.facts.modes import Mode, mode_named
from ftbench.facts.trial_modes import trial_mode_named
from ftbench.probe.instruments.build import build_record
from ftbench.probe.run.asv_benchmark import ScenarioBenchmark
from ftbench.probe.run.document import Measurement
from ftbench.probe.run.measure import measure

# What of it may name a function in a file.
TARGETS = ("target", "inputs_from", "worker_setup", "before", "after", "check", "executor")


class TrialBenchmark(ScenarioBenchmark):
    """Base of a class that measures a function; a subclass has its `scenario`, a step of a trial.

    `asked` is as `probe.trial.asked` has it, its paths relative to the folder above `benchmarks`.
    """

    asked: ClassVar[Mapping[str, Any]] = {}
    # ABI → the folders of what the function needs; {} where it needs nothing.
    packages: ClassVar[Mapping[str, list[str]]] = {}
    # What asv calls a way → its name in TRIAL_MODES, workers, calls handed over at a time.
    ways: ClassVar[Mapping[str, tuple[str, int, int]]] = {}
    modes = ("serial",)
    ladders = (("way", ()),)

    def __init_subclass__(cls) -> None:
        """Have asv measure each way."""
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
        build = build_record()
        series = "".join(str(build["version"]).split(".")[:2])
        abi = f"cp{series}{'t' * bool(build['free_threaded'])}{'d' * bool(build['debug'])}"
        folders = [str(here / folder) for folder in self.packages.get(abi, ())]
        if self.packages and not all(map(os.path.isdir, folders or [""])):
            raise NotAvailableError(
                f"What {self.asked['target']} needs is not installed for {abi}.",
                hint="ftbench try --scaffold with a --python of that series installs it.",
            )
        return folders


def _beside(here: Path, text: str) -> str:
    """Return a target with the whole path of its file, if it is in one."""
    place, _, name = text.rpartition(":")
    return f"{here / place}:{name}" if place.endswith(".py") else text
