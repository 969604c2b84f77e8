"""What workers run, whatever their kind: the tasks of a crew, and the loops that obey a parent.

Imported by every spawned worker and inside every subinterpreter, within timed intervals: it
imports next to nothing, so that what is measured is the worker and not our luggage.  Clocks are
`perf_counter_ns`, which on Linux, macOS and Windows is one clock for all processes of a machine.
"""

from __future__ import annotations

import os
from time import perf_counter_ns, process_time_ns, thread_time_ns

TYPE_CHECKING = False  # typing itself would be luggage in every spawned worker
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from typing import Any

    Steps = Mapping[int, tuple[Callable[..., Any], tuple[Any, ...]]]

# A report of a crew's worker must fit into one atomic write to a pipe (POSIX: PIPE_BUF is at least
# 512, 4096 on Linux and macOS takes this and the header), since all its workers share the pipe.
STORY_LIMIT = 3_000

# What a member of a team says.
READY, DONE, FAILED = "ready", "done", "failed"
# What a gate says: leave, get ready for the next round, settle, run it; a larger number is the
# instant of the clock at which to begin to run, and the last argument of what is run.
LEAVE, PREPARE, SETTLE, RUN = range(4)

ARTICLE_STEPS = 20_000
# How long a busy worker works before it looks whether it is to stop: four times a GIL's turn.
LOOK_NS = 20_000_000


def empty() -> int:
    """Do nothing: what is left is the price of having a worker."""
    return 0


def article() -> int:
    """Run the article's payload: 20 000 steps of a linear congruential generator.

    Source: scenario 1 of "Free-Threading Python vs Multiprocessing" (its `cpu_task`).
    """
    x = 0x12345678
    for _ in range(ARTICLE_STEPS):
        x = (x * 1103515245 + 12345) & 0xFFFFFFFF
        x ^= x >> 16
    return x


TASKS = {"empty": empty, "article": article}


def run_once(task: str) -> tuple[int, int, int, int]:
    """Run `task` once; return (first line, end, checksum, CPU of the task), times in ns.

    The first statement takes the time: it is the worker's first line of ours.
    """
    first_line = perf_counter_ns()
    cpu = thread_time_ns()
    checksum = TASKS[task]()
    return first_line, perf_counter_ns(), checksum, thread_time_ns() - cpu


def busy(folder: str, index: int, task: str) -> None:
    """Run `task` over and over until there is a file `stop` in `folder`; leave word in files there.

    `INDEX.ready` once the first run is done: from then on the worker is alive and busy; in the end
    `INDEX.done`, the number of runs and the checksum of the last, or `INDEX.failed`, the traceback.
    """
    stop = f"{folder}/stop"
    try:
        work = TASKS[task]
        checksum = work()
        runs = 1
        _leave(f"{folder}/{index}.ready")
        while not os.access(stop, os.F_OK):  # which makes no error, as `exists` does
            # Seldom: whoever lets go of a GIL every few milliseconds, and takes it again at once,
            # is never told to, and the parent waits for seconds.
            until = perf_counter_ns() + LOOK_NS
            while perf_counter_ns() < until:
                checksum = work()
                runs += 1
        _leave(f"{folder}/{index}.done", f"{runs} {checksum}")
    except BaseException:
        import traceback

        _leave(f"{folder}/{index}.failed", traceback.format_exc())


def _leave(path: str, text: str = "") -> None:
    # No `open`, whose buffers would weigh something in every worker.
    file = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY)
    if text:
        os.write(file, text.encode("utf-8", "replace"))
    os.close(file)


def worker_main(
    connection: Any,
    index: int,
    function: Callable[..., Any],
    args: tuple[Any, ...],
) -> None:
    """Run `function` in a worker process and send its report: `index ok numbers… cpu`.

    A failure is reported as `index failed traceback` and ends the process with exit code 1.
    """
    try:
        result = function(*args)
    except BaseException:
        import traceback

        story = traceback.format_exc().encode("utf-8", "replace")[-STORY_LIMIT:]
        connection.send_bytes(b"%d failed %s" % (index, story))
        raise SystemExit(1) from None
    numbers = " ".join(map(str, (*result, process_time_ns())))
    connection.send_bytes(b"%d ok %s" % (index, numbers.encode()))


def obey(gate: Callable[[], int], say: Callable[[str, Any], None], steps: Steps) -> None:
    """Do what the gate says until it says `LEAVE`.

    `gate()` waits for the next word; `steps` is word → (function, args); `say(word, content)`
    answers each with what the function returned.
    """
    say(READY, None)
    while word := gate():
        function, args = steps[min(word, RUN)]
        say(DONE, function(*args, word) if word > RUN else function(*args))


def member_main(line: Any, steps: Steps) -> None:
    """Obey the words that come over `line`; answer with `(word, content, CPU of this process)`.

    The CPU time is in nanoseconds and that of the step alone.  A failure is sent with its
    traceback, and ends the process with exit code 1.
    """
    before = process_time_ns()

    def gate() -> int:
        nonlocal before
        word: int = line.recv()
        before = process_time_ns()
        return word

    def say(word: str, content: Any) -> None:
        line.send((word, content, process_time_ns() - before))

    try:
        obey(gate, say, steps)
    except BaseException:
        import traceback

        line.send((FAILED, traceback.format_exc()[-STORY_LIMIT:], 0))
        raise SystemExit(1) from None


# What each member is about, from round to round: a module is one per process, and one per
# subinterpreter.
HELD: dict[object, Iterator[Any]] = {}


def turn(member: object, make: Callable[..., Iterator[Any]], args: tuple[Any, ...]) -> Any:
    """Do the next thing of `member`, whose generator is `make(*args)` from its first turn on."""
    if member not in HELD:
        HELD[member] = make(*args)
    return next(HELD[member])
