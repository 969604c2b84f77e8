"""Subinterpreters, each called in a thread of its own (PEP 734, CPython 3.14)."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any

from ftbench.facts.modes import Mode
from ftbench.probe.workers import Workers
from ftbench.probe.workers.base import Deadline, Report, Step
from ftbench.probe.workers.shared_state import Channel, areas, queues
from ftbench.probe.workers.threads import ThreadCrew, ThreadState, ThreadTeam


def _library() -> Any:
    # By name: the module is not there in the releases that the host and mypy know.
    return import_module("concurrent.interpreters")


def _unavailable(mode: Mode) -> str | None:
    if sys.version_info < mode.since:
        return "subinterpreters need concurrent.interpreters, which is new in CPython 3.14"
    return None


class InterpreterCrew(ThreadCrew):
    """Subinterpreters that are made to run one task each; to end one is to close it too."""

    def __init__(self, mode: Mode, deadline: Deadline) -> None:
        super().__init__(mode, deadline)
        self._create = _library().create
        self._interpreters: list[Any] = []

    def _start(self, function: Callable[..., Report], args: tuple[Any, ...]) -> None:
        interpreter = self._create()
        self._interpreters.append(interpreter)
        # Functions go by name: the interpreter imports `entry_points`.
        super()._start(interpreter.call, (function, *args))

    def join(self) -> None:
        super().join()
        for interpreter in self._interpreters:
            interpreter.close()
        self._interpreters.clear()


class InterpreterTeam(ThreadTeam):
    """Subinterpreters that stay, each called once a round by a thread, which is at the gate."""

    def _make(self) -> None:
        create = _library().create
        self._interpreters = [create() for _ in self.members]
        super()._make()

    def _steps_of(self, index: int) -> Mapping[int, Step]:
        interpreter = self._interpreters[index]
        steps = self._steps[index]
        for function, _args in steps.values():
            interpreter.exec(f"import {function.__module__}")
        return {word: (interpreter.call, (step[0], *step[1])) for word, step in steps.items()}

    def _join(self) -> None:
        super()._join()
        for interpreter in self._interpreters:
            interpreter.close()


class InterpreterState(ThreadState):
    """What subinterpreters can be handed: queues, memoryviews, and pipes for locks."""

    def __init__(self, mode: Mode) -> None:
        super().__init__(mode)
        self._pipes: list[int] = []

    def lock(self) -> tuple[int, int]:
        ends = os.pipe()
        self._pipes += ends
        os.write(ends[1], b".")
        return ends

    def queue(self) -> Any:
        return _library().create_queue()

    def buffer(self, size: int) -> Any:
        return memoryview(bytearray(size))

    def close(self) -> None:
        for end in self._pipes:
            os.close(end)


def shared_memory(name: str, _mode: Mode, size: int) -> Channel:
    """Return memory of this process as subinterpreters share it; pipes are their signals."""
    from mmap import mmap  # noqa: PLC0415 - only cells of data need it

    signals = [os.pipe() for _ in range(2)]

    def close() -> None:
        for end in (*signals[0], *signals[1]):
            os.close(end)

    # Anonymous: a page that nobody has written to takes no memory, a bytearray's all would.
    return areas(name, memoryview(mmap(-1, 2 * size)), size, signals, close=close)


_ONE_KIND_OF_QUEUE = "subinterpreters have one kind of queue: channel queue"
_ONE_SPACE = "subinterpreters share the memory of one process: channel shared_memory"

WORKERS = Workers(
    crew=InterpreterCrew,
    team=InterpreterTeam,
    shared_state=InterpreterState,
    pools={
        "executor": lambda _mode, n: import_module("concurrent.futures").InterpreterPoolExecutor(n)
    },
    channels={
        "queue": lambda name, _mode, _size: queues(name, _library().create_queue),
        "shared_memory": shared_memory,
    },
    no_channels={
        "handover": "no reference of one interpreter means anything to another",
        "simple_queue": _ONE_KIND_OF_QUEUE,
        "pipe": _ONE_SPACE,
        "mmap": _ONE_SPACE,
    },
    unavailable=_unavailable,
)
