"""Shows how far something is: a long job as phases, many steps as one line with a bar."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from filelock import FileLock, Timeout
from rich.console import Console
from rich.markup import escape
from rich.progress import (
    BarColumn,
    Progress,
    ProgressColumn,
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """A line that shows how far something is, where the console is a terminal."""

    progress: Progress
    task: TaskID

    @property
    def console(self) -> Console:
        """Where lines that stay are printed."""
        return self.progress.console

    def begin(self, step: str) -> None:
        """Say that the next step begins, and what it is."""
        self.progress.update(self.task, advance=1, description=step)

    def update(self, *, completed: float | None = None, at: str | None = None) -> None:
        """Say how much is completed, or what goes on."""
        self.progress.update(self.task, completed=completed, description=at)


@contextmanager
def bar(
    console: Console, total: float, *, title: str = "", left: ProgressColumn | None = None
) -> Iterator[Bar]:
    """Show how far `total` steps are; `left` shows the time, that which is left by default."""
    columns = (
        SpinnerColumn(),
        *([TextColumn(title, markup=False)] if title else []),
        BarColumn(bar_width=12),
        TextColumn("{task.percentage:>3.0f} %"),
        left or TimeRemainingColumn(),
        TextColumn("{task.description}", markup=False, table_column=Column(no_wrap=True, ratio=1)),
    )
    hidden = not console.is_terminal
    with Progress(*columns, console=console, transient=True, disable=hidden) as progress:
        # A step that has begun is not yet completed.
        yield Bar(progress=progress, task=progress.add_task("", total=total, completed=-1))
