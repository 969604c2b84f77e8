"""Teams: members that are made once, meet at a gate, and run round after round together.

A crew (`crews`) is for scenarios in which making a worker is what is measured.  A team is for
those in which workers meet: it stands before the clock starts, every member is told to begin at
the same time, and whoever fails, is killed or hangs ends the run with its story.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from threading import Thread
from typing import Any

from ftbench.errors import DeadlineError, WorkerFailedError
from ftbench.facts.modes import Mode
from ftbench.probe.crews import Deadline, end_of
from ftbench.probe.entry_points import FAILED, LEAVE, PREPARE, RUN, member_main, obey

NANO = 1e-9
_LAST_WORDS_SECONDS = 1.0  # until a helper that was killed can be told from one that lives

Step = tuple[Callable[..., Any], tuple[Any, ...]]


@dataclass(frozen=True, kw_only=True)
class Member:
    """One member: what it is called in a story, its part of a round, and what goes before.

    `run` and `prepare` are a function and its arguments; the function is a module's, since it
    must be found by name in a spawned process.  `prepare` is outside of every timed interval.
    """

    role: str
    run: Step
    prepare: Step | None = None


@dataclass(frozen=True, kw_only=True)
class Helper:
    """A process that serves the team (a manager): its name, itself, and its CPU seconds so far."""

    role: str
    process: Any
    cpu: Callable[[], float]


@dataclass(frozen=True, kw_only=True)
class Round:
    """What the members returned, in their order, and the CPU seconds of all who took part.

    The CPU is that of the members, the parent and the helpers from the opening of the gate until
    the last report.
    """

    reports: tuple[Any, ...]
    cpu: float


class Team:
    """N members of one mode; a subclass knows how one is made, told and heard."""

    def __init__(
        self, mode: Mode, deadline: Deadline, members: Sequence[Member], helper: Helper | None
    ) -> None:
        """Make the members and wait until each is at the gate."""
        self.mode = mode
        self.deadline = deadline
        self.members = tuple(members)
        self.helper = helper
        self._steps: list[Mapping[int, Step]] = [
            {RUN: member.run, PREPARE: member.prepare or (_nothing, ())} for member in members
        ]
        self._make()
        self._hear_all("to be at the gate")

    def _make(self) -> None:
        """Make all members and start them."""
        raise NotImplementedError

    def _tell(self, index: int, word: int) -> None:
        """Tell a member what to do."""
        raise NotImplementedError

    def _hear(self, seconds: float) -> list[tuple[int, str, Any, float]]:
        """Wait up to `seconds` for a word; return (index, word, content, CPU seconds) of each."""
        raise NotImplementedError

    def _join(self) -> None:
        """Wait until every member is gone."""
        raise NotImplementedError

    def roles(self) -> dict[int, str]:
        """Return process id → role of the members and the helper that are processes."""
        return {self.helper.process.pid: self.helper.role} if self.helper else {}

    def _hear_all(self, what: str) -> tuple[list[Any], float]:
        """Wait for a word of every member; return what they said and their CPU seconds."""
        said: dict[int, Any] = {}
        cpu = 0.0
        while len(said) < len(self.members):
            heard = self._hear(self.deadline.left())
            if not heard:
                raise self._late(set(range(len(self.members))).difference(said), what)
            for index, word, content, seconds in heard:
                if word == FAILED:
                    raise self._failed(index, content)
                said[index] = content
                cpu += seconds
        return [said[index] for index in range(len(self.members))], cpu

    def _all(self, word: int) -> tuple[list[Any], float]:
        for index in range(len(self.members)):
            self._tell(index, word)
        return self._hear_all("to end their round")

    def round(self, reset: Callable[[], None] | None = None) -> Round:
        """Prepare, `reset` what members share, then open the gate; return what they reported."""
        if any(member.prepare for member in self.members):
            self._all(PREPARE)
        if reset:
            reset()
        helper = self.helper.cpu() if self.helper else 0.0
        own = time.process_time()
        reports, cpu = self._all(RUN)
        cpu += time.process_time() - own
        if self.helper:
            cpu += self.helper.cpu() - helper
        return Round(reports=tuple(reports), cpu=cpu)

    def end(self) -> None:
        """Let all members leave, and wait until they are gone."""
        for index in range(len(self.members)):
            self._tell(index, LEAVE)
        self._join()

    def _late(self, silent: set[int], what: str) -> DeadlineError:
        roles: dict[str, int] = {}
        for index in silent:
            roles[self.members[index].role] = roles.get(self.members[index].role, 0) + 1
        names = " and ".join(f"{count} {role}(s)" for role, count in roles.items())
        return self.deadline.passed(f"{names} of {len(self.members)} members {what}")

    def _failed(self, index: int, story: BaseException | str) -> WorkerFailedError:
        """Return the error for a member, or for the helper if that is what it fell over."""
        role = self.members[index].role
        first = next(at for at, member in enumerate(self.members) if member.role == role)
        count = sum(member.role == role for member in self.members)
        name = f"{role.capitalize()} {index - first} of {count}"
        return ended(self.helper, self.mode, f"{name}: {_text(story)}") or WorkerFailedError(
            f"{name} ({self.mode.title}) failed; nothing is recorded.", story=_text(story)
        )


def ended(helper: Helper | None, mode: Mode, story: str) -> WorkerFailedError | None:
    """Return the error for a helper that has ended, with the `story` of who fell over that.

    None if there is no helper or it lives.
    """
    if helper is None:
        return None
    helper.process.join(_LAST_WORDS_SECONDS)
    code = helper.process.exitcode
    if code is None:
        return None
    return WorkerFailedError(
        f"The {helper.role} ({mode.title}) ended during the measurement; nothing is recorded.",
        story=f"{end_of(code)}\n{story}",
    )


def _nothing() -> None:
    """Prepare nothing."""


def _text(story: BaseException | str) -> str:
    if isinstance(story, str):
        return story
    import traceback  # noqa: PLC0415

    return "".join(traceback.format_exception(story))


class ThreadTeam(Team):
    """Threads of this process.  What they use of the CPU is in the parent's figure already."""

    def _make(self) -> None:
        self._said: SimpleQueue[tuple[int, str, Any, float]] = SimpleQueue()
        self._gates: list[SimpleQueue[int]] = [SimpleQueue() for _ in self.members]
        # Daemon: after a deadline the process must be able to end without its hung threads.
        self._threads = [
            Thread(target=self._body, args=(index,), daemon=True)
            for index in range(len(self.members))
        ]
        for thread in self._threads:
            thread.start()

    def _body(self, index: int) -> None:
        def say(word: str, content: Any) -> None:
            self._said.put((index, word, content, 0.0))

        try:
            obey(self._gates[index].get, say, self._steps_of(index))
        except BaseException as error:  # noqa: BLE001 - every end of a member must be told
            say(FAILED, error)

    def _steps_of(self, index: int) -> Mapping[int, Step]:
        return self._steps[index]

    def _tell(self, index: int, word: int) -> None:
        self._gates[index].put(word)

    def _hear(self, seconds: float) -> list[tuple[int, str, Any, float]]:
        try:
            return [self._said.get(timeout=seconds)]
        except Empty:
            return []

    def _join(self) -> None:
        for thread in self._threads:
            thread.join(self.deadline.left())
        alive = sum(thread.is_alive() for thread in self._threads)
        if alive:
            raise self.deadline.passed(f"{alive} of {len(self._threads)} members to end")


class InterpreterTeam(ThreadTeam):
    """Subinterpreters, each called by a thread of its own (PEP 734, CPython 3.14).

    The gate is in the thread; a round is one call into the interpreter, whose arguments are
    numbers, memoryviews, queues of `concurrent.interpreters` and the ends of pipes.
    """

    def _make(self) -> None:
        import importlib  # noqa: PLC0415 - only this mode needs it

        # By name: the module is not there in the releases that the host and mypy know.
        create = importlib.import_module("concurrent.interpreters").create
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


class ProcessTeam(Team):
    """Processes by one start method, each with a line of its own to the parent."""

    def _make(self) -> None:
        import multiprocessing  # noqa: PLC0415 - threads and interpreters must not pay for it
        from multiprocessing import connection  # noqa: PLC0415

        context: Any = multiprocessing.get_context(self.mode.start_method)
        self._wait = connection.wait
        self._lines = []
        self._processes = []
        for steps in self._steps:
            line, end = context.Pipe()
            process = context.Process(target=member_main, args=(end, steps), daemon=True)
            process.start()
            end.close()
            self._lines.append(line)
            self._processes.append(process)

    def _tell(self, index: int, word: int) -> None:
        try:
            self._lines[index].send(word)
        except OSError:
            raise self._failed(index, self._story(index)) from None

    def _hear(self, seconds: float) -> list[tuple[int, str, Any, float]]:
        ends = [process.sentinel for process in self._processes]
        helper = [self.helper.process.sentinel] if self.helper else []
        readable = self._wait([*self._lines, *ends, *helper], seconds)
        heard = []
        for index, line in enumerate(self._lines):
            if line in readable:
                heard.append((index, *self._read(index)))
        if not heard and readable:
            # Somebody is gone without a word: a member, or else the helper.
            index = next((i for i, end in enumerate(ends) if end in readable), 0)
            raise self._failed(index, self._story(index))
        return heard

    def _read(self, index: int) -> tuple[str, Any, float]:
        try:
            word, content, cpu = self._lines[index].recv()
        except (EOFError, OSError):
            return FAILED, self._story(index), 0.0
        return word, content, cpu * NANO

    def _story(self, index: int) -> str:
        # The exit code can come a moment after the end of the line.
        process = self._processes[index]
        process.join(_LAST_WORDS_SECONDS)
        if process.exitcode is None:
            return "It says nothing more, and is still there."
        return end_of(process.exitcode)

    def _join(self) -> None:
        for process in self._processes:
            process.join(self.deadline.left())
        alive = sum(process.is_alive() for process in self._processes)
        if alive:
            raise self.deadline.passed(f"{alive} of {len(self._processes)} members to end")
        for index, process in enumerate(self._processes):
            if process.exitcode != 0:
                raise self._failed(index, self._story(index))
        for line in self._lines:
            line.close()
        self._processes.clear()

    def roles(self) -> dict[int, str]:
        # Once they have left there is none.
        members = zip(self._processes, self.members, strict=False)
        return super().roles() | {process.pid: member.role for process, member in members}


_TEAMS: dict[str, type[Team]] = {
    "threads": ThreadTeam,
    "processes": ProcessTeam,
    "interpreters": InterpreterTeam,
}


def team_of(
    mode: Mode, deadline: Deadline, members: Sequence[Member], helper: Helper | None = None
) -> Team:
    """Return a team of `mode` whose members are at the gate; its every wait ends at `deadline`."""
    return _TEAMS[mode.kind](mode, deadline, members, helper)
