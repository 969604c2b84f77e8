"""Runs cells ahead of asv's benchmark processes, by one server in the interpreter under test."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from typing import Final

from ftbench.errors import NotAvailableError
from ftbench.probe.run.programs import Program

_MODULE: Final = "ftbench.probe.run.asv_server"


class CellServer:
    """The server of the environment that is measured, started anew for another one."""

    def __init__(self) -> None:
        self._program: _Server | None = None

    def ours(
        self,
        command: tuple[str, str],
        environ: Mapping[str, str],
        request: tuple[str, int | None, str],
        seconds: float,
    ) -> bool:
        """Have (class, number of the cell, folder) run; return whether it is of a scenario.

        `command` is the interpreter and the folder of the benchmarks.  What does not answer in
        so many `seconds` is ended, and left to asv's own process.
        """
        if self._program and self._program.started != (command, environ):
            self.close()
        try:
            self._program = self._program or _Server(command, environ)
            answer = self._program.answer(request, seconds)
        except (TimeoutError, NotAvailableError):
            answer = b""
        if not answer:
            self.close()
        return answer.strip() == b"true"

    def close(self) -> None:
        """End the server, and a cell under way with it."""
        if self._program:
            self._program.__exit__()
        self._program = None


class _Server(Program):
    def __init__(self, command: tuple[str, str], environ: Mapping[str, str]) -> None:
        self.started = command, environ
        python, benchmark_dir = command
        # Ctrl-C is for asv alone; its session stays, by which asv's guard ends all of it.
        own_group = {} if sys.platform == "win32" else {"process_group": 0}
        super().__init__([python, "-P", "-m", _MODULE, benchmark_dir], environ, **own_group)

    def answer(self, request: tuple[str, int | None, str], seconds: float) -> bytes:
        self._tell(json.dumps(request).encode())
        return self.lines.answer(seconds)


CELL_SERVER: Final = CellServer()
