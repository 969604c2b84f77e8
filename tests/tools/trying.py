"""Asks a step of a trial, on a given interpreter, about a function that a test has written down."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from probing import document_of, run_probe

from ftbench.pythons import Interpreter


class Tried:
    """A user's function `f` in a file of its own, with what is asked about it."""

    def __init__(
        self, folder: Path, source: str, inputs: Sequence[Any] = (1, 2, 3), **asked: Any
    ) -> None:
        self.file = folder / "crunch.py"
        self.file.write_text(textwrap.dedent(source), encoding="utf-8")
        lines = folder / "inputs.jsonl"
        lines.write_text("".join(f"{json.dumps([[each], {}])}\n" for each in inputs), "utf-8")
        self._asked = {
            "target": f"{self.file}:f",
            "path": [str(folder)],
            "inputs": str(lines),
            "reference": str(folder / "reference"),
            **asked,
        }
        self._path = folder / "asked.json"

    def words(self, step: str, mode: str, *words: str, **asked: Any) -> list[str]:
        """Return the words of a command that runs a step."""
        self._path.write_text(json.dumps({**self._asked, **asked}), encoding="utf-8")
        return [step, "--mode", mode, "--set", f"asked={self._path}", *words]

    def document(
        self,
        python: Interpreter,
        step: str,
        mode: str = "serial",
        *words: str,
        environ: dict[str, str] | None = None,
        **asked: Any,
    ) -> dict[str, Any]:
        """Return what a step came to."""
        command = self.words(step, mode, *words, **asked)
        return document_of(python.executable, *command, environ=environ)

    def notes(self, *args: Any, **asked: Any) -> dict[str, Any]:
        """Return its notes."""
        notes: dict[str, Any] = self.document(*args, **asked)["notes"]
        return notes

    def failure(
        self,
        python: Interpreter,
        step: str,
        mode: str = "serial",
        *words: str,
        environ: dict[str, str] | None = None,
        **asked: Any,
    ) -> tuple[int, str]:
        """Return the exit code of a step that fails, and what it says."""
        command = self.words(step, mode, *words, **asked)
        done = run_probe(python.executable, *command, environ=environ)
        return done.returncode, done.stderr
