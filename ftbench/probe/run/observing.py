"""Has the observer look at a cell and what it has started; weighs next to nothing itself."""

from __future__ import annotations

import os
import sys

from ftbench.probe.run import MARK

TYPE_CHECKING = False  # typing itself would be luggage of what is weighed
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


def helper_pids() -> dict[int, str]:
    """Return process id → role of multiprocessing's own helpers that run for this process."""
    # By private singletons that are there in CPython 3.11 to 3.15.
    roles = {}
    for role, module, holder, attribute in (
        ("fork server", "forkserver", "_forkserver", "_forkserver_pid"),
        ("resource tracker", "resource_tracker", "_resource_tracker", "_pid"),
    ):
        loaded = sys.modules.get(f"multiprocessing.{module}")
        pid = getattr(getattr(loaded, holder, None), attribute, None)
        if pid:
            roles[int(pid)] = role
    return roles


def ask(write: Callable[[str], object], event: str) -> str:
    """Send an event, as JSON, and wait until it is done; return the word that says so."""
    write(f"{MARK}{event}\n")
    answer = sys.__stdin__.readline() if sys.__stdin__ else ""  # `sys.stdin` may be a function's
    # The guard closes standard input when the supervisor gives up, and kills us anyway.
    if not answer:
        raise SystemExit(1)
    return answer.strip()


def observe_through(
    write: Callable[[str], object], interval: float
) -> Callable[[str, float, Mapping[int, str]], None]:
    """Return what has the observer look (`scenarios.base.Observe`), by events through `write`."""

    def observe(phase: str, seconds: float, members: Mapping[int, str]) -> None:
        roles = {os.getpid(): "parent"} | helper_pids() | dict(members)
        who = ", ".join(f'"{pid}": "{role}"' for pid, role in roles.items())
        # By hand: json would weigh 0.8 MiB, and these are words of ours.
        asked = f'"event": "observe", "phase": "{phase}", "seconds": {seconds}'
        ask(write, f'{{{asked}, "interval": {interval}, "roles": {{{who}}}}}')

    return observe
