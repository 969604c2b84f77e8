"""What the workers of a pool run.

Imported by every spawned worker and inside subinterpreters: no imports but of what every
interpreter has loaded.
"""

from __future__ import annotations

from _thread import get_ident
from os import getpid, kill
from time import perf_counter, sleep

_SIGKILL = 9  # on Windows the exit code of a process that is ended
# How long before a moment a task stops to sleep: a sleep ends late.
_AWAKE_SECONDS = 0.002


def echo(number: int) -> int:
    """Return `number`: an empty task whose result can be checked."""
    return number


def step(number: int) -> int:
    """Return one step of a linear congruential generator from `number`: a small task."""
    return (number * 1103515245 + 12345) & 0xFFFFFFFF


def nap(seconds: float) -> tuple[int, int, float]:
    """Sleep, so that another worker takes the next task; return which this is, and its begin."""
    begin = perf_counter()
    sleep(seconds)
    return getpid(), get_ident(), begin


def grind(task: tuple[int, int]) -> int:
    """Run `task`, (seed, steps): that many steps of the generator; return where they lead."""
    number, steps = task
    for _ in range(steps):
        number = (number * 1103515245 + 12345) & 0xFFFFFFFF
    return number


def stay(until: float, answer: int) -> int:
    """Sleep until `perf_counter()` is at `until`; return `answer`."""
    while (left := until - perf_counter()) > 0:
        sleep(left)
    return answer


def die(when: float, killed: bool) -> int:  # noqa: FBT001 - positional, through every pool
    """Crash when `perf_counter()` is at `when`: be killed, or raise what nobody expects."""
    stay(when - _AWAKE_SECONDS, 0)
    while perf_counter() < when:
        pass
    if killed:
        kill(getpid(), _SIGKILL)
    raise RuntimeError("this task crashes on purpose")
