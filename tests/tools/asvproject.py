"""An asv project of our benchmarks in a folder of its own: the real asv, told by a user's commands.

It meets nothing of the caller: its own home (asv's machines), cache, lock, results and
environments, and no interpreters but those it is given.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final, Self

from probing import ran

from ftbench.asv.measuring_lock import VARIABLE as LOCK
from ftbench.probe.run.child import clean_environment
from ftbench.pythons import Interpreter

ROOT: Final = Path(__file__).parents[2]
MACHINE: Final = "box"
DEADLINE_SECONDS: Final = 150.0
# Where other tools keep interpreters.
STORES: Final = ("PYENV_ROOT", "MISE_DATA_DIR", "ASDF_DATA_DIR", "UV_PYTHON_INSTALL_DIR")
# asv's own clock: the cheapest benchmark there is.
CHEAP: Final = ("--bench", "ThreadClock")
# What the command ftbench does.
FTBENCH: Final = (sys.executable, "-c", "from ftbench.cli import main; main()")
# One cell of the lifecycle, two of its metrics.
CELL: Final = ("--bench", r"track_(first_)?round\(.threads., .none., 1, .empty")
# Those of each mode: seconds, during which a run can be killed.
CELLS: Final = ("--bench", "lifecycle")


@dataclass(frozen=True, slots=True)
class Ended:
    """How a command ended, and all it said."""

    code: int
    said: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AsvProject:
    """A folder with an asv.conf.json; `pythons` are executables, prefixes or folders of them."""

    folder: Path
    pythons: tuple[Path, ...]

    @classmethod
    def made(cls, folder: Path, interpreters: Iterable[Interpreter]) -> Self:
        """Write the project's files."""
        (folder / "home").mkdir(parents=True)
        text = (ROOT / "asv.conf.json").read_text(encoding="utf-8")
        benchmarks = json.dumps(str(ROOT / "benchmarks"))
        text = text.replace('"benchmark_dir": "benchmarks"', f'"benchmark_dir": {benchmarks}')
        (folder / "asv.conf.json").write_text(text, encoding="utf-8")
        return cls(folder=folder, pythons=tuple(each.executable for each in interpreters))

    def copy(self, folder: Path) -> Self:
        """Copy what was recorded and its configuration to `folder`; the environments are shared."""
        shutil.copytree(self.folder, folder, ignore=shutil.ignore_patterns("env", "html"))
        config = folder / "asv.conf.json"
        environments = json.dumps(str(self.folder / "env"))
        text = config.read_text(encoding="utf-8")
        config.write_text(
            re.sub(r'"env_dir": "[^"]*"', lambda _: f'"env_dir": {environments}', text),
            encoding="utf-8",
        )
        return replace(self, folder=folder)

    @property
    def results(self) -> Path:
        """Where asv keeps this machine's results."""
        return self.folder / "results" / MACHINE

    def environ(self, **extra: str) -> dict[str, str]:
        """Return the environment of a command; `extra` comes last."""
        return {
            **clean_environment(os.environ),
            "HOME": str(self.folder / "home"),
            "USERPROFILE": str(self.folder / "home"),
            "XDG_DATA_HOME": str(self.folder / "home" / "data"),
            "PATH": str(self.folder / "none"),
            **{name: str(self.folder / "none") for name in STORES},
            "PYTHONPATH": str(ROOT),
            "FTBENCH_CACHE": str(self.folder / "cache"),
            "FTBENCH_PYTHONS": os.pathsep.join(map(str, self.pythons)),
            "FTBENCH_PROFILE": "smoke",
            LOCK: str(self.folder / "lock"),
            **extra,
        }

    def command(self, *arguments: str) -> list[str]:
        """Return the words of an asv command."""
        return [sys.executable, "-m", "asv", *arguments]

    def asv(self, *arguments: str, **extra: str) -> Ended:
        """Run an asv command to its end."""
        return self.ended(self.command(*arguments), **extra)

    def ended(self, command: Sequence[str], **extra: str) -> Ended:
        """Run any command in this project to its end."""
        done = ran(command, **self._how(extra), timeout=DEADLINE_SECONDS)
        return Ended(code=done.returncode, said=done.stdout)

    def begun(self, command: Sequence[str], **extra: str) -> subprocess.Popen[str]:
        """Begin any command in this project."""
        process: subprocess.Popen[str] = subprocess.Popen(command, **self._how(extra))
        return process

    def _how(self, extra: Mapping[str, str]) -> dict[str, Any]:
        streams = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE}
        text = {"stderr": subprocess.STDOUT, "encoding": "utf-8", "errors": "replace"}
        return {"cwd": self.folder, "env": self.environ(**extra), **streams, **text}

    def run(self, *arguments: str, **extra: str) -> Ended:
        """Run `asv run` on this project's machine."""
        return self.asv("run", *arguments, "--machine", MACHINE, **extra)

    def files(self) -> dict[str, bytes]:
        """Return everything under results/, by name."""
        folder = self.folder / "results"
        every = sorted(each for each in folder.rglob("*") if each.is_file())
        return {each.relative_to(folder).as_posix(): each.read_bytes() for each in every}


def result_of(path: Path) -> dict[str, Any]:
    """Return a result file's benchmarks: name → column → value."""
    read = json.loads(path.read_text(encoding="utf-8"))
    columns = read["result_columns"]
    return {name: dict(zip(columns, row, strict=False)) for name, row in read["results"].items()}
