"""Shows how far something is: a long job as phases, many steps as one line with a bar."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Final

from filelock import FileLock, Timeout
from rich.console import Console
from rich.markup import escape
from rich.progress import (
    BarColumn,
    Progress,
    SpinnerColumn,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.table import Column

from ftbench.files import cache_folder


@contextmanager
def phase(console: Console, doing: str) -> Iterator[None]:
    """Show that `doing` goes on, and print how long it took when it ended well."""
    started = time.monotonic()
    if console.is_terminal:
        columns = (SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
        with Progress(*columns, console=console, transient=True) as progress:
            progress.add_task(escape(doing))
            yield
    else:  # a log has no spinner: say what is begun
        console.print(f"{doing} ...", highlight=False, markup=False)
        yield
    took = time.monotonic() - started
    console.print(f"{doing}: done in {took:.0f} s", highlight=False, markup=False)


@contextmanager
def locked(name: str, console: Console, *, waiting: str, deadline: float) -> Iterator[None]:
    """Hold the lock `name` of this machine's user; says `waiting` while another process has it."""
    folder = cache_folder() / "locks"
    folder.mkdir(parents=True, exist_ok=True)
    lock = FileLock(folder / f"{name}.lock")
    try:
        lock.acquire(timeout=0)
    except Timeout:
        with phase(console, waiting):
            lock.acquire(timeout=deadline)
    try:
        yield
    finally:
        lock.release()


_MINUTE: Final = 60.0


def about(seconds: float) -> str:
    """Return a time that nobody takes to the second: `under a minute`, `3 min`, `1 h 20 min`."""
    if seconds < _MINUTE:
        return "under a minute"
    hours, minutes = divmod(round(seconds / _MINUTE), 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min"


# Without a terminal, steps that have no part are told of so often.
_QUIET_SECONDS: Final = 30.0


@dataclass(slots=True, kw_only=True)
class Bar:
    """Shows how far something is: a line that changes, or on no terminal now and then a line."""

    progress: Progress
    task: TaskID
    begun: float = field(default_factory=time.monotonic)
    # The weight of the step that has begun, and the part and the time of the last line.
    under_way: float = 0.0
    said: tuple[str, float] = ("", -_QUIET_SECONDS)

    @property
    def console(self) -> Console:
        """Where lines that stay are printed."""
        return self.progress.console

    def begin(self, step: str, *, part: str = "", weight: float = 1.0) -> None:
        """Say that the next step begins, and what it is; on no terminal, which `part` it is of."""
        # A step that has begun is not yet completed.
        self.progress.update(self.task, advance=self.under_way, description=step)
        self.under_way = weight
        now = time.monotonic() - self.begun
        last, at = self.said
        if self.console.is_terminal or (part == last and (part or now - at < _QUIET_SECONDS)):
            return
        self.said = part, now
        task = self.progress.tasks[self.task]
        left = ""
        if task.completed and task.total:
            left = f", {about(now * (task.total / task.completed - 1))} left"
        line = f"{task.percentage:3.0f} %, {about(now)} gone{left}: {part or step}"
        self.console.print(line, markup=False, highlight=False, soft_wrap=True)

    def update(self, *, completed: float) -> None:
        """Say how much is completed."""
        self.progress.update(self.task, completed=completed)


@contextmanager
def bar(console: Console, total: float, *, title: str = "") -> Iterator[Bar]:
    """Show how far `total` steps are, and the time that is left."""
    columns = (
        SpinnerColumn(),
        *([TextColumn(title, markup=False)] if title else []),
        BarColumn(bar_width=12),
        TextColumn("{task.percentage:>3.0f} %"),
        TimeRemainingColumn(),
        TextColumn("{task.description}", markup=False, table_column=Column(no_wrap=True, ratio=1)),
    )
    hidden = not console.is_terminal
    with Progress(*columns, console=console, transient=True, disable=hidden) as progress:
        yield Bar(progress=progress, task=progress.add_task("", total=total))
