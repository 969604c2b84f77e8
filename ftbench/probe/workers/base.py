"""Deadlines, crews and teams, whatever the mode: what a kind of worker fills in, and its errors."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from ftbench.errors import DeadlineError, WorkerFailedError
from ftbench.facts.modes import Mode
from ftbench.probe.entry_points import FAILED, LEAVE, PREPARE, RUN
from ftbench.probe.instruments.clocks import CpuClock

LAST_WORDS_SECONDS = 1.0  # until a process that was killed can be told from one that lives

Report = tuple[int, ...]
Step = tuple[Callable[..., Any], tuple[Any, ...]]


class Deadline:
    """A point in time that every wait of a cell shares."""

    option = "--deadline"  # which gives it more

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self._end = time.monotonic() + seconds

    def left(self) -> float:
        """Return the seconds that are left, 0.0 once it has passed."""
        return max(0.0, self._end - time.monotonic())

    def passed(self, what: str) -> DeadlineError:
        """Return the error that says what was waited for."""
        return DeadlineError(
            f"The deadline of {self.seconds:g} s passed while waiting for {what}.",
            hint=f"The run is thrown away. A slower machine can have more: {self.option} SECONDS.",
        )

    def join(self, running: Sequence[Any], what: str) -> None:
        """Wait until these threads or processes have ended; `what` is what they are called."""
        for worker in running:
            worker.join(self.left())
        alive = sum(worker.is_alive() for worker in running)
        if alive:
            raise self.passed(f"{alive} of {len(running)} {what} to end")


class Crew:
    """Workers of one mode; a subclass knows how one is made, started and ended."""

    cpu_clock: type[CpuClock] = CpuClock

    def __init__(self, mode: Mode, deadline: Deadline) -> None:
        self.mode = mode
        self.deadline = deadline

    def start_once(self, task: str) -> None:
        """Create and start one more worker that runs `task` once and ends."""
        raise NotImplementedError

    def join(self) -> None:
        """Wait until every worker is gone, and free what it held."""
        raise NotImplementedError

    def reports(self) -> list[Report]:
        """Return and forget what workers reported, in order; raises `WorkerFailedError`."""
        raise NotImplementedError

    def close(self) -> None:
        """Free what the crew itself holds."""


def end_of(exitcode: int) -> str:
    """Return how a process ended that left no report."""
    if exitcode >= 0:
        return f"It exited with code {exitcode} before it reported."
    import signal  # noqa: PLC0415 - only a failure needs it

    try:
        name = signal.Signals(-exitcode).name
    except ValueError:
        name = f"signal {-exitcode}"
    return f"It was killed by {name}."


def failed(what: str, mode: Mode, story: BaseException | str) -> WorkerFailedError:
    """Return the error for a worker of `mode` that failed, called `what`."""
    return WorkerFailedError(
        f"{what} ({mode.title}) failed; nothing is recorded.", story=_text(story)
    )


class Member(NamedTuple):
    """One member of a team; a spawned process must be able to import its functions by name."""

    role: str  # its name in a story
    run: Step  # its part of a round
    prepare: Step | None = None  # before the round, outside of every timed interval


class Helper(NamedTuple):
    """A process that serves the team, such as a manager; `cpu` is its CPU seconds so far."""

    role: str
    process: Any
    cpu: Callable[[], float]


class Round(NamedTuple):
    """What the members returned, in their order, and the CPU seconds that it took."""

    reports: tuple[Any, ...]
    cpu: float  # of members, parent and helper, from the opening of the gate to the last report


class Team:
    """Members of one mode; a subclass knows how one is made and spoken to."""

    def __init__(
        self, mode: Mode, deadline: Deadline, members: Sequence[Member], helper: Helper | None
    ) -> None:
        self.mode = mode
        self.deadline = deadline
        self.members = tuple(members)
        self.helper = helper
        self._steps: list[Mapping[int, Step]] = [
            {RUN: member.run, PREPARE: member.prepare or (nothing, ())} for member in members
        ]
        self._make()
        self._hear_all("to be at the gate")

    def _make(self) -> None:
        raise NotImplementedError

    def _tell(self, index: int, word: int) -> None:
        raise NotImplementedError

    def _hear(self, seconds: float) -> list[tuple[int, str, Any, float]]:
        """Wait up to `seconds` for a word; return (index, word, content, CPU seconds) of each."""
        raise NotImplementedError

    def _join(self) -> None:
        raise NotImplementedError

    def roles(self) -> dict[int, str]:
        """Return process id → role of the members and the helper that are processes."""
        return {self.helper.process.pid: self.helper.role} if self.helper else {}

    def _hear_all(self, what: str) -> tuple[list[Any], float]:
        contents: dict[int, Any] = {}
        cpu = 0.0
        while len(contents) < len(self.members):
            messages = self._hear(self.deadline.left())
            if not messages:
                raise self._late(set(range(len(self.members))).difference(contents), what)
            for index, word, content, seconds in messages:
                if word == FAILED:
                    raise self._failed(index, content)
                contents[index] = content
                cpu += seconds
        return [contents[index] for index in range(len(self.members))], cpu

    def _all(self, word: int) -> tuple[list[Any], float]:
        for index in range(len(self.members)):
            self._tell(index, word)
        return self._hear_all("to end their round")

    def round(self, reset: Callable[[], None] | None = None, at: int = 0) -> Round:
        """Prepare, `reset` what members share, then open the gate; see `run`."""
        self.prepare()
        if reset:
            reset()
        if reset or self._prepared():
            self._settle()
        return self.run(at)

    def prepare(self) -> None:
        """Have the members that prepare do so."""
        if self._prepared():
            self._all(PREPARE)

    def _prepared(self) -> bool:
        return any(member.prepare for member in self.members)

    def _settle(self) -> None:
        """Have what was freed before a round cost nothing in it."""

    def run(self, at: int = 0) -> Round:
        """Open the gate for members that are prepared; return what they reported.

        With `at`, an instant of `perf_counter_ns`, their functions get it as their last argument.
        """
        helper = self.helper.cpu() if self.helper else 0.0
        own = time.process_time()
        reports, cpu = self._all(at or RUN)
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
        from ftbench.facts.units import plural  # noqa: PLC0415 - only a failure needs it

        roles = [self.members[index].role for index in silent]
        counts = {role: roles.count(role) for role in roles}
        names = " and ".join(plural(n, role, f"{role}s") for role, n in counts.items())
        return self.deadline.passed(
            f"{names} of {plural(len(self.members), 'member', 'members')} {what}"
        )

    def _failed(self, index: int, story: BaseException | str) -> WorkerFailedError:
        role = self.members[index].role
        first = next(at for at, member in enumerate(self.members) if member.role == role)
        count = sum(member.role == role for member in self.members)
        name = f"{role.capitalize()} {index - first} of {count}"
        # A member that fell over the helper's end is not to blame.
        of_helper = ended(self.helper, self.mode, f"{name}: {_text(story)}")
        return of_helper or failed(name, self.mode, story)


def ended(helper: Helper | None, mode: Mode, story: str) -> WorkerFailedError | None:
    """Return the error for a helper that has ended, with the `story` of the member it failed."""
    if helper is None:
        return None
    helper.process.join(LAST_WORDS_SECONDS)
    code = helper.process.exitcode
    if code is None:
        return None
    return WorkerFailedError(
        f"The {helper.role} ({mode.title}) ended during the measurement; nothing is recorded.",
        story=f"{end_of(code)}\n{story}",
    )


def nothing() -> None:
    """Stand where there is nothing to do."""


def _text(story: BaseException | str) -> str:
    if isinstance(story, str):
        return story
    import traceback  # noqa: PLC0415 - only a failure needs it

    return "".join(traceback.format_exception(story))
