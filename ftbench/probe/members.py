"""What a member of a team runs when it is a process.

Imported by every spawned member: no imports but of the time module.
"""

from __future__ import annotations

from time import process_time_ns

TYPE_CHECKING = False  # typing itself would be luggage in every spawned worker
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any

    Steps = Mapping[int, tuple[Callable[..., Any], tuple[Any, ...]]]

READY, DONE, FAILED = "ready", "done", "failed"
# What a gate says: leave, get ready for the next round, run it.
LEAVE, PREPARE, RUN = range(3)

STORY_LIMIT = 3_000


def obey(gate: Callable[[], int], say: Callable[[str, Any], None], steps: Steps) -> None:
    """Do what the gate says until it says `LEAVE`.

    `gate()` waits for the next word; `steps` is word → (function, args); `say(word, content)`
    answers each with what the function returned.
    """
    say(READY, None)
    while word := gate():
        function, args = steps[word]
        say(DONE, function(*args))


def process_main(line: Any, steps: Steps) -> None:
    """Obey the words that come over `line`; answer with `(word, content, CPU of this process)`.

    The CPU time is in nanoseconds and that of the step alone.  A failure is told with its
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
