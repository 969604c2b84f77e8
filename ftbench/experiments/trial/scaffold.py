"""A trial as an asv benchmark repository: asv follows a user's function over CPython's releases."""

from __future__ import annotations

import json
import os
import pprint
import re
from pathlib import Path
from typing import Any, Final

from ftbench.analysis.trials import LOOP, is_measured
from ftbench.errors import ResultsError, UsageError
from ftbench.experiments.trial.question import Question
from ftbench.files import folder_made
from ftbench.probe.trial.benchmark import TARGETS
from ftbench.releases import known_releases
from ftbench.releases.history import EVERY
from ftbench.results.trials import Trial

_CONFIGURATION: Final = {
    "version": 1,
    "plugins": [".ftbench.asv.plugin"],  # asv imports by name what begins with a dot
    # No git: a commit is a CPython release, and an interpreter on this machine builds it.
    "dvcs": "cpython",
    "repo": "releases",
    "branches": [EVERY, *sorted({entry.release.series for entry in known_releases()})],
    "environment_type": "cpython",
    "pythons": ["gil", "ft"],
    "benchmark_dir": "benchmarks",
    "env_dir": "env",
    "results_dir": "results",
    "html_dir": "html",
}
_SOURCE: Final = '''"""{target} in every mode: written by `ftbench try --scaffold`, yours to change.

    asv run installed        # every CPython of this machine
    asv publish && asv preview
"""

from ftbench.probe.trial import benchmark

ASKED = {asked}
PACKAGES, REQUIREMENTS = {packages}, {requirements}
# Name → way, workers, calls handed over at a time.
WAYS = {ways}


class {name}(benchmark.TrialBenchmark):
    """Seconds of a call."""

    scenario = "trial"
    asked, packages, requirements, ways = ASKED, PACKAGES, REQUIREMENTS, WAYS


class {name}Memory(benchmark.TrialBenchmark):
    """Memory of the whole tree while calls are made."""

    scenario = "trial_memory"
    asked, packages, requirements, ways = ASKED, PACKAGES, REQUIREMENTS, WAYS
'''
_INPUTS: Final = "inputs.jsonl"


def refuse_taken(folder: Path) -> None:
    """Raise `UsageError` for a folder that has something in it, or cannot be one."""
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise UsageError(f"--scaffold {folder} is there already: name a new folder.")


def scaffold(folder: Path, trial: Trial, question: Question) -> Path:
    """Write the repository, whole or not at all; return its benchmark.

    Raises `UsageError` as `refuse_taken`, and `ResultsError`.
    """
    refuse_taken(folder)
    name = re.sub(r"\W", "_", question.target.rpartition(":")[2])
    place = Path("benchmarks", f"bench_{name.lower()}.py")
    needs = question.needs
    files = {
        Path("asv.conf.json"): json.dumps({"project": question.name, **_CONFIGURATION}, indent=4),
        Path("benchmarks", "__init__.py"): "",
        place: _SOURCE.format(
            target=question.name,
            name="".join(part.capitalize() for part in name.split("_")) or "Function",
            asked=pprint.pformat(_asked(folder, trial, question), sort_dicts=False),
            packages=[_relative(each, folder) for each in needs.named],
            requirements=[_relative(str(each), folder) for each in needs.files],
            ways=pprint.pformat(_ways(trial), sort_dicts=False),
        ),
    }
    if not question.inputs_from:
        files[Path(_INPUTS)] = "".join(f"{line}\n" for line in question.inputs)
    try:
        with folder_made(folder) as made:
            for path, text in files.items():
                (made / path).parent.mkdir(exist_ok=True)
                (made / path).write_text(text, encoding="utf-8")
    except OSError as error:
        raise ResultsError(f"{folder} cannot be written: {error.strerror or error}.") from error
    return folder / place


def _ways(trial: Trial) -> dict[str, tuple[str, int, int]]:
    ways: dict[str, tuple[str, int, int]] = {}
    for cell in filter(is_measured, trial.cells):
        name = cell.mode if cell.mode == LOOP else f"{cell.mode}({cell.workers})"
        ways.setdefault(name, (cell.mode, cell.workers, cell.chunk))
    return ways


def _asked(folder: Path, trial: Trial, question: Question) -> dict[str, Any]:
    named = {name: text for name in TARGETS if (text := getattr(question, name))}
    return {
        **{name: _relative(text, folder) for name, text in named.items()},
        "inputs": None if question.inputs_from else _INPUTS,
        "path": [_relative(each, folder) for each in question.path],
        "kwargs": question.kwargs,
        "calls": trial.calls,
        "call_deadline": question.call_deadline,
    }


def _relative(text: str, folder: Path) -> str:
    """Return a path, or that of a target in a file, relative to a folder; other texts as are."""
    place, colon, name = text.rpartition(":") if ".py:" in text else (text, "", "")
    if not Path(place).is_absolute():
        return text
    return f"{os.path.relpath(place, folder.absolute())}{colon}{name}"
