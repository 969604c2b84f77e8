"""Measures one cell: starts the probe's clean process under its guard, and the observer.

Runs on either side: in a benchmark's process inside the measured interpreter, on the host, or as
`python -m ftbench.probe`.  Standard library only.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from contextlib import ExitStack, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Self

from ftbench.errors import (
    DeadlineError,
    FtbenchError,
    GilStateError,
    WorkerFailedError,
    error_class,
)
from ftbench.probe.document import Gil, Invariant, Measurement, Metric
from ftbench.probe.environ import clean_environment
from ftbench.probe.machine import load, machine_record
from ftbench.probe.modes import mode_named
from ftbench.probe.profiles import current_profile, profile_named
from ftbench.probe.scenarios import scenario_named
from ftbench.probe.watching import Watcher

PACKAGE_PARENT = Path(__file__).resolve().parent.parent
DEADLINE_SECONDS = 60.0
# The guard is the backstop: the cell's own deadline comes first and tells a better story.
_BACKSTOP_SECONDS = 5.0
_CELL = "from ftbench.probe.cell import main; main()"
GIL_VARIABLE = "PYTHON_GIL"


def gil_asked(*, gil: bool | None, environ: Mapping[str, str]) -> tuple[bool, dict[str, str]]:
    """Return the GIL state that is asked for and the variables that ask for it.

    `gil` None means what `PYTHON_GIL` says, and where that is silent, the build's own way.
    Raises `GilStateError` if the running build cannot do it.
    """
    import sysconfig  # noqa: PLC0415

    free_threaded = bool(sysconfig.get_config_var("Py_GIL_DISABLED"))
    if gil is None:
        word = environ.get(GIL_VARIABLE)
        gil = not free_threaded if word is None else word != "0"
    if not free_threaded:
        if not gil:
            raise GilStateError(
                "This build of CPython cannot run without its GIL.",
                hint="Use a free-threaded build, such as 3.14t: ftbench pythons install 3.14t",
            )
        return True, {}
    return gil, {GIL_VARIABLE: "1" if gil else "0"}


def _environment(variables: Mapping[str, str]) -> dict[str, str]:
    """Return a clean environment in which `ftbench` can be imported."""
    extra = dict(variables)
    if str(PACKAGE_PARENT) not in sys.path[1:]:
        extra["PYTHONPATH"] = str(PACKAGE_PARENT)
    for keep in ("PYTHON_JIT",):
        if keep in os.environ:
            extra[keep] = os.environ[keep]
    return clean_environment(os.environ, extra)


class _Run:
    """One run of the guarded cell: its events, its errors, its end."""

    def __init__(self, request: Mapping[str, Any], variables: Mapping[str, str]) -> None:
        deadline = request["deadline"] + _BACKSTOP_SECONDS
        cell = [sys.executable, "-P", "-c", _CELL, json.dumps(request)]
        guard = [sys.executable, "-P", "-m", "ftbench.probe.guard", str(deadline), *cell]
        self.deadline = deadline
        self.process = subprocess.Popen(
            guard,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=_environment(variables),
            start_new_session=True,
            text=True,
            encoding="utf-8",
        )
        self._stderr: list[str] = []
        # Read all the time, or a talkative worker would block on a full pipe.
        self._reader = threading.Thread(target=self._read_stderr, daemon=True)
        self._reader.start()

    def _read_stderr(self) -> None:
        assert self.process.stderr is not None
        self._stderr.extend(self.process.stderr)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exc: object) -> None:
        # Closing its standard input tells the guard to end everything.
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        with suppress(OSError):
            self.process.stdin.close()
        self.process.wait()
        self._reader.join(1.0)
        self.process.stdout.close()
        if self.process.stderr is not None and not self._reader.is_alive():
            self.process.stderr.close()

    @property
    def stderr(self) -> str:
        """What the cell and its workers wrote to standard error."""
        self._reader.join(1.0)
        return "".join(self._stderr)

    def answer(self) -> None:
        """Tell the cell that the observer is done."""
        assert self.process.stdin is not None
        self.process.stdin.write("\n")
        self.process.stdin.flush()

    def document(self, watcher: Watcher | None) -> dict[str, Any]:
        """Follow the run to its end; return the cell's part of the document."""
        assert self.process.stdout is not None
        last: dict[str, Any] = {}
        for line in self.process.stdout:
            last = json.loads(line)
            if last["event"] == "observe":
                assert watcher is not None
                watcher.observe(last, self.deadline)
                self.answer()
        code = self.process.wait()
        if last.get("event") == "failed":
            raise error_class(last["code"])(last["message"], hint=last["hint"], story=last["story"])
        if last.get("event") != "done":
            raise self._ended_silently(code)
        document: dict[str, Any] = last["document"]
        return document

    def _ended_silently(self, code: int) -> FtbenchError:
        if code == DeadlineError.exit_code:
            return DeadlineError(
                f"The cell did not end within {self.deadline:g} s; it was ended.",
                story=self.stderr,
                hint="Where each of its threads stood is written above.",
            )
        return WorkerFailedError(
            f"The cell's process ended with code {code} before it could tell what it measured.",
            story=self.stderr,
            hint="Codes above 128 are signals: 137 is SIGKILL, often for want of memory.",
        )


def measure(
    scenario: str,
    *,
    mode: str = "threads",
    params: Mapping[str, int | str] | None = None,
    profile: str | None = None,
    gil: bool | None = None,
    deadline: float = DEADLINE_SECONDS,
    observer: str | None = None,
) -> Measurement:
    """Run one cell of `scenario` in a clean child of this interpreter; return all its metrics.

    `mode` is a name of `probe.modes`; `params` are the scenario's, with its defaults for the
    rest; `profile` defaults to `FTBENCH_PROFILE`; `gil` to `PYTHON_GIL` and then to the build's
    own way; `deadline` is in seconds; `observer` is the host's Python (default:
    `FTBENCH_HOST_PYTHON`, then this one).

    Raises `UsageError`, `NotAvailableError`, `WorkerFailedError`, `DeadlineError` or
    `GilStateError`; whatever happens, no process of the run stays behind.
    """
    chosen = scenario_named(scenario)
    values = chosen.parse(params or {})
    asked, variables = gil_asked(gil=gil, environ=os.environ)
    request = {
        "scenario": chosen.name,
        "mode": mode_named(mode).name,
        "params": values,
        "profile": (profile_named(profile) if profile else current_profile()).name,
        "gil": asked,
        "deadline": deadline,
    }
    before, started_at, begin = load(), datetime.now(UTC), time.monotonic()
    with ExitStack() as stack:
        watcher = stack.enter_context(Watcher(observer)) if chosen.observed else None
        document = stack.enter_context(_Run(request, variables)).document(watcher)
    seen = chosen.from_observation(watcher.phases, int(values["workers"])) if watcher else None
    measured = {name: Metric(**each) for name, each in document["metrics"].items()}
    return Measurement(
        scenario=chosen.name,
        mode=mode,
        params=values,
        profile=str(request["profile"]),
        metrics=measured | (seen.metrics if seen else {}),
        invariants=tuple(Invariant(**each) for each in document["invariants"]),
        gil=Gil(**document["gil"]),
        build=document["build"],
        machine=machine_record(),
        load=(before, load()),
        started_at=started_at.isoformat(timespec="seconds").replace("+00:00", "Z"),
        elapsed=round(time.monotonic() - begin, 3),
        notes=document["notes"] | (seen.notes if seen else {}),
    )
