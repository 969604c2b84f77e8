"""What members share: sets, locks, queues and buffers, and the channels between two of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from ftbench.facts.modes import Mode
from ftbench.probe.workers.base import Helper, ended, nothing

_PIECE = 4_096

Side = tuple[str, Any, Any]
Free = Callable[[], None]


class SharedState:
    """What members of a mode can share; `helper` is the process that serves it, if any."""

    helper: Helper | None = None

    def __init__(self, mode: Mode) -> None:
        self.mode = mode

    def shared_set(self) -> Any:
        """Return an empty set (or a dict that stands for one) that every member can use."""
        raise NotImplementedError

    def shared_dict(self) -> Any:
        """Return an empty dict that every member can use."""
        raise NotImplementedError

    def lock(self) -> Any:
        """Return a lock, free."""
        raise NotImplementedError

    def queue(self) -> Any:
        """Return the mode's simplest queue: `put` and a `get` that blocks."""
        raise NotImplementedError

    def buffer(self, size: int) -> Any:
        """Return `size` bytes of zeros that every member can view; see `shared_set.table.view`."""
        raise NotImplementedError

    def close(self) -> None:
        """Free all that was made."""


class BlameHelper:
    """A context that blames the helper, if it has ended, for failed calls of the parent."""

    # No `contextmanager`: contextlib would weigh where a shared set is weighed.
    def __init__(self, state: SharedState, mode: Mode) -> None:
        self._state = state
        self._mode = mode

    def __enter__(self) -> None:
        pass

    def __exit__(self, _kind: object, error: BaseException | None, _trace: object) -> None:
        if isinstance(error, EOFError | OSError):
            blamed = ended(self._state.helper, self._mode, f"The parent: {error!r}.")
            if blamed:
                raise blamed from error


def refill(shared: Any, uids: Sequence[int]) -> None:
    """Make a set, a dict or a manager's dict hold just `uids`."""
    shared.clear()
    if hasattr(shared, "add"):
        shared.update(uids)
        return
    # One message with all of them would leave its traces in the memory of the parent and of the
    # manager, which is looked at later.
    for first in range(0, len(uids), _PIECE):
        shared.update(dict.fromkeys(uids[first : first + _PIECE], 0))


class Channel(NamedTuple):
    """One channel between two members: what the near side holds and what the far side."""

    near: Side  # as `workloads.trips` reads it
    far: Side
    settled: Free = nothing  # to be called once both members stand
    close: Free = nothing  # to be called when they are gone


# Of all modes; the file of a mode says which ones it has, and why not the others.
CHANNELS = ("handover", "simple_queue", "queue", "pipe", "shared_memory", "mmap")
# What stands for one where a pool has the workers: a task's argument, and its result.
TASK = "task"


def queues(name: str, make: Callable[[], Any]) -> Channel:
    """Return a channel of two queues."""
    there, back = make(), make()

    def close() -> None:
        for queue in (there, back):
            # Only the queues of processes have something to free.
            getattr(queue, "close", nothing)()

    return Channel(near=(name, there, back), far=(name, back, there), close=close)


def areas(
    name: str,
    memory: Any,
    size: int,
    signals: Sequence[Any],
    *,
    close: Free,
    settled: Free = nothing,
) -> Channel:
    """Return a channel of two areas, one after the other in `memory`, each with its signal."""
    there, back = (
        (memory, start, signal) for start, signal in zip((0, size), signals, strict=True)
    )
    return Channel(near=(name, there, back), far=(name, back, there), settled=settled, close=close)
