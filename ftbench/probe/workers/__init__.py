"""The modes: how workers are made and spoken to, what they share, which pools there are.

A mode is one file, named by `Mode.workers`: no cell pays for the libraries of another.  A crew is
workers whose making is measured; a team stands before the clock starts, meets at a gate and runs
round after round; a pool has a library's own workers.  Spawned workers never import this package.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from typing import Any, NamedTuple

from ftbench.facts.modes import Mode
from ftbench.probe.workers.base import Crew, Deadline, Helper, Member, Team
from ftbench.probe.workers.shared_state import TASK, Channel, SharedState


class Workers(NamedTuple):
    """What makes the workers of a mode: `WORKERS` of each module here; pools alone will do."""

    # Name in `POOL_TABLE` → what makes the library's pool of so many workers.
    pools: Mapping[str, Callable[[Mode, int], Any]]
    # Subclasses of `pools.Pool` for libraries that `pools` does not know.
    pool_types: Mapping[str, Callable[..., Any]] = {}
    crew: type[Crew] = Crew
    team: type[Team] = Team
    shared_state: type[SharedState] = SharedState
    # Name in `CHANNELS` → what makes one, or why the mode has none.
    channels: Mapping[str, Callable[[str, Mode, int], Channel]] = {}
    no_channels: Mapping[str, str] = {}
    # Why the running interpreter cannot do the mode, None if it can.
    unavailable: Callable[[Mode], str | None] = lambda _mode: None


def workers_of(mode: Mode) -> Workers:
    """Return what makes the workers of `mode`."""
    workers: Workers = import_module(f"{__name__}.{mode.workers}").WORKERS
    return workers


def unavailable(mode: Mode) -> str | None:
    """Return why the running interpreter cannot do `mode`, None if it can."""
    return workers_of(mode).unavailable(mode) if mode.workers else None


def crew_of(mode: Mode, deadline: Deadline) -> Crew:
    """Return an empty crew of `mode`, whose every wait ends at `deadline`."""
    return workers_of(mode).crew(mode, deadline)


def team_of(
    mode: Mode, deadline: Deadline, members: Sequence[Member], helper: Helper | None = None
) -> Team:
    """Return a team of `mode` whose members are at the gate; its every wait ends at `deadline`."""
    return workers_of(mode).team(mode, deadline, members, helper)


def shared_state_of(mode: Mode) -> SharedState:
    """Return what members of `mode` share; nothing of it is made yet."""
    return workers_of(mode).shared_state(mode)


def no_such_channel(channel: str, mode: Mode) -> str | None:
    """Return why `channel` makes no sense in `mode`, None if it does."""
    if channel == TASK and mode.pools:
        return None
    if mode.engine:
        return f"{mode.title}: its workers get data with tasks alone, channel={TASK}"
    workers = workers_of(mode) if mode.workers else None
    if workers and channel in workers.channels:
        return None
    reasons = workers.no_channels if workers else {}
    return reasons.get(channel, f"{mode.title} has no channel {channel}")


def channel_of(channel: str, mode: Mode, largest: int) -> Channel:
    """Return `channel` for payloads of up to `largest` bytes; the mode must have it."""
    from ftbench.probe.workloads.trips import HEADER  # noqa: PLC0415 - only cells of data come here

    few_more = largest // 16  # an object takes up to that much more than its size when pickled
    return workers_of(mode).channels[channel](channel, mode, HEADER + largest + few_more)
