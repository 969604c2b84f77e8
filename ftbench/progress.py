"""Shows a long job as phases: a spinner with the elapsed time, then a line that stays."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.markup import escape
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn


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
