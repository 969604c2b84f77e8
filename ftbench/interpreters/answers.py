"""What interpreters said of themselves, kept on disk: asking twenty of them takes seconds."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ftbench.interpreters.asking import QUESTION, ask


class Answers:
    """Records by executable, valid while its file and the question are what they were.

    Only good answers are kept: a broken interpreter may be whole the next time.
    """

    def __init__(self, file: Path) -> None:
        self._file = file
        self._question = hashlib.sha256(QUESTION.read_bytes()).hexdigest()[:16]
        self._known: dict[str, Any] = self._load()
        self._changed = False

    def ask(self, executable: Path, environ: Mapping[str, str]) -> dict[str, Any]:
        """Return the record of `executable`; raises `InterpreterError` if it is broken."""
        key, state = str(executable), self._state(executable)
        known = self._known.get(key)
        if isinstance(known, dict) and state is not None and known.get("state") == state:
            return dict(known["record"])
        record = ask(executable, environ)
        self._known[key] = {"state": state, "record": record}
        self._changed = True
        return record

    def save(self) -> None:
        """Write what was learned; a cache that cannot be written is no reason to fail."""
        if not self._changed:
            return
        text = json.dumps({"question": self._question, "answers": self._known})
        with contextlib.suppress(OSError):
            self._file.parent.mkdir(parents=True, exist_ok=True)
            with tempfile.NamedTemporaryFile(
                "w", dir=self._file.parent, delete=False, encoding="utf-8"
            ) as new:
                new.write(text)
            Path(new.name).replace(self._file)

    def _load(self) -> dict[str, Any]:
        try:
            content = json.loads(self._file.read_text(encoding="utf-8"))
            known = content["answers"] if content["question"] == self._question else {}
        except (OSError, ValueError, KeyError, TypeError):
            return {}
        return known if isinstance(known, dict) else {}

    @staticmethod
    def _state(executable: Path) -> list[Any] | None:
        """Return what changes when the interpreter is replaced, or moved under a link."""
        try:
            real = Path(os.path.realpath(executable))
            facts = real.stat()
        except OSError:
            return None
        return [str(real), facts.st_mtime_ns, facts.st_size]
