"""The observer as the supervisor sees it: a child on the host's Python that samples memory."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any, Self

from ftbench.errors import DeadlineError, NotAvailableError, WorkerFailedError
from ftbench.probe.environ import clean_environment

HOST_PYTHON = "FTBENCH_HOST_PYTHON"
_PACKAGE_PARENT = Path(__file__).resolve().parents[2]


class Watcher:
    """A running observer; `phases` holds what it saw, phase → its answer."""

    def __init__(self, python: str | None = None) -> None:
        """Start the observer on `python`; raises `NotAvailableError` if it cannot observe."""
        self.phases: dict[str, dict[str, Any]] = {}
        python = python or os.environ.get(HOST_PYTHON) or sys.executable
        # A benchmark's environment has no observer; there, the host has ftbench installed.
        here = (_PACKAGE_PARENT / "ftbench" / "observer").is_dir()
        extra = {"PYTHONPATH": str(_PACKAGE_PARENT)} if here else {}
        self._process = subprocess.Popen(
            [python, "-P", "-m", "ftbench.observer"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=clean_environment(os.environ, extra),
            text=True,
            encoding="utf-8",
        )
        hello = self._read()
        if "unavailable" in hello:
            self.__exit__()
            raise NotAvailableError(
                f"Memory cannot be observed here: {hello['unavailable']}.",
                hint=f"Name a Python that has ftbench and psutil in {HOST_PYTHON}.",
            )

    def _read(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if line:
            answer: dict[str, Any] = json.loads(line)
            return answer
        assert self._process.stderr is not None
        words = self._process.stderr.read().strip().splitlines() or ["it ended without a word"]
        return {"unavailable": words[-1]}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exc: object) -> None:
        # The observer ends when its standard input closes.
        for stream in (self._process.stdin, self._process.stdout, self._process.stderr):
            assert stream is not None
            try:
                stream.close()
            except OSError:
                continue
        try:
            self._process.wait(5.0)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def observe(self, request: dict[str, Any], deadline: float) -> None:
        """Have the tree sampled as `request` says, and keep the answer."""
        if request["seconds"] > deadline:
            raise DeadlineError("The observation would take longer than the cell may.")
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(json.dumps(request) + "\n")
            self._process.stdin.flush()
            answer = self._read()
        except OSError as error:
            answer = {"unavailable": str(error)}
        if "unavailable" in answer:
            raise NotAvailableError(f"The observer ended: {answer['unavailable']}.")
        if "gone" in answer:
            raise WorkerFailedError(
                f"A worker (process {answer['gone']}) was gone while it was to be busy; "
                "nothing is recorded."
            )
        self.phases[request["phase"]] = answer
