"""The strategies of shared_set: how N workers keep one set of ids, each with its remedy's name."""

from __future__ import annotations

import math
import time
from array import array
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from ftbench.errors import FtbenchError
from ftbench.facts.modes import Mode
from ftbench.probe.entry_points import turn
from ftbench.probe.scenarios.reports import Plan, Report, attempts, inserts
from ftbench.probe.workers.base import Member
from ftbench.probe.workers.shared_state import SharedState, refill
from ftbench.probe.workloads import inserting

STRIPES = 16
SEEN, MERGED, SENT = "seen-at-once", "merged-at-end", "sent"
SENDER, OWNER, WORKER = "sender", "owner", "worker"


class Work(NamedTuple):
    """What is to be done: by how many workers, with which plan, on how full a set."""

    workers: int
    plan: Plan
    # The distinct ids that are in the set beforehand, of so many drawn from stream number
    # `workers`: packed, so that keeping them hardly shows in the memory of the tree.
    drawn: int
    grown: array[int]
    article: bool = False  # whether the loop is the article's own
    priced: bool = False  # whether two rounds follow each, with pauses between writes


class Yield(NamedTuple):
    """What a round came to: when the last of it was done (ns), and how many ids were new."""

    end: int
    inserts: int


class Strategy:
    """Base: every worker inserts by itself and counts what was new."""

    kind = SEEN  # when the others see what one has written
    proxies: tuple[Any, ...] = ()  # what workers connect to beforehand

    def __init__(self, mode: Mode, means: SharedState, work: Work) -> None:
        """Make what the members share."""
        self.mode = mode
        self.work = work
        self.plan = tuple(work.plan)
        self.share(means)

    def share(self, means: SharedState) -> None:
        """Make what the members share."""

    def members(self) -> list[Member]:
        """Return the members, the workers first."""
        return [
            Member(role=WORKER, run=self._rounds_of(index), prepare=self.prepare_of(index))
            for index in range(self.work.workers)
        ]

    def _rounds_of(self, index: int) -> Any:
        run = self.run_of(index)
        if not self.work.priced:
            return run
        loop, (_, plan, *rest) = run
        return turn, (index, inserting.with_pauses, (loop, index, plan, self.work.workers, rest))

    def run_of(self, index: int) -> Any:
        """Return the function and the arguments of worker `index`."""
        raise NotImplementedError

    def prepare_of(self, index: int) -> Any:
        """Return what a worker does before a round."""
        # The article's loop draws its own ids.
        plan = None if self.work.article else self.plan
        return inserting.get_ready, (index, plan, self.proxies)

    def reset(self) -> None:
        """Bring what is shared back to how a round finds it."""
        raise NotImplementedError

    def size(self) -> int:
        """Return how many ids are in what is shared."""
        raise NotImplementedError

    def finish(self, reports: Sequence[Report]) -> Yield:
        """Do what is left to do after the last worker; return what the round came to.

        Raises `FtbenchError` unless the set has grown by just what the workers say was new.
        """
        counted, grew = inserts(reports), self.size() - len(self.work.grown)
        if counted != grew:
            raise FtbenchError(
                f"The members say that {counted} ids were new, but the set grew by {grew}: nothing "
                "is recorded."
            )
        return Yield(end=max(report.end for report in reports), inserts=counted)


class Shared(Strategy):
    """Base of those that share sets or dicts."""

    sets: Sequence[Any]

    def prepare_of(self, index: int) -> Any:
        self.proxies = tuple(self.sets) if self.mode.processes else ()
        return super().prepare_of(index)

    def reset(self) -> None:
        refill(self.sets[0], self.work.grown)

    def size(self) -> int:
        return sum(map(len, self.sets))


class Lock(Shared):
    """One set under one lock: check and insert are one step because the lock makes them so."""

    def share(self, means: SharedState) -> None:
        self.sets = [means.shared_set()]
        self._lock = means.lock()

    def run_of(self, index: int) -> Any:
        loop = inserting.as_in_the_article if self.work.article else inserting.locked
        return loop, (index, self.plan, self.sets[0], self._lock)


class Atomic(Shared):
    """One dict and no lock: a single call that checks and inserts."""

    def share(self, means: SharedState) -> None:
        self.sets = [means.shared_dict()]

    def run_of(self, index: int) -> Any:
        return inserting.atomic, (index, self.plan, self.sets[0])


class Striped(Shared):
    """As many sets as locks; an id belongs to one of them."""

    def share(self, means: SharedState) -> None:
        self.sets = tuple(means.shared_set() for _ in range(STRIPES))
        self._locks = tuple(means.lock() for _ in range(STRIPES))
        self._grown = [
            array("q", (uid for uid in self.work.grown if uid % STRIPES == stripe))
            for stripe in range(STRIPES)
        ]

    def run_of(self, index: int) -> Any:
        return inserting.striped, (index, self.plan, self.sets, self._locks)

    def reset(self) -> None:
        for shared, grown in zip(self.sets, self._grown, strict=True):
            refill(shared, grown)


class Local(Strategy):
    """A set per worker, merged at the end by the parent; the merge is in the time."""

    kind = MERGED

    def share(self, _means: SharedState) -> None:
        self._merged: set[int] = set()
        self._packed = self.mode.kind != "threads"

    def run_of(self, index: int) -> Any:
        return inserting.local, (index, self.plan, self._packed)

    def reset(self) -> None:
        refill(self._merged, self.work.grown)

    def size(self) -> int:
        return len(self._merged)

    def finish(self, reports: Sequence[Report]) -> Yield:
        for report in reports:
            ids = report.more
            if self._packed:
                uids = array("q")
                uids.frombytes(ids)
                self._merged.update(uids)
            else:
                self._merged |= ids
        end = time.perf_counter_ns()
        return Yield(end=end, inserts=self.size() - len(self.work.grown))


class Actor(Strategy):
    """One owner of the set, to whom the workers send their ids, a turn's ids per message."""

    kind = SENT

    def share(self, means: SharedState) -> None:
        self._queue = means.queue()
        self._size = 0

    def members(self) -> list[Member]:
        work = self.work
        grow = (0, work.workers, work.drawn, work.plan.id_space)
        owner = Member(
            role=OWNER,
            run=(inserting.owning, (0, work.workers, self._queue)),
            prepare=(inserting.grow, grow),
        )
        senders = [
            Member(
                role=SENDER,
                run=(inserting.sending, (index, self.plan, self._queue)),
                prepare=self.prepare_of(index),
            )
            for index in range(work.workers)
        ]
        return [*senders, owner]

    def reset(self) -> None:
        """Leave it to the owner, who has got ready before."""

    def size(self) -> int:
        return self._size

    def finish(self, reports: Sequence[Report]) -> Yield:
        self._size = reports[-1].more
        sent, arrived = attempts(reports[:-1]), reports[-1].attempts
        if arrived != sent:
            raise FtbenchError(f"{sent} ids were sent and {arrived} arrived: nothing is recorded.")
        return super().finish(reports)


def _ids_per_stripe(work: Work) -> int:
    """Return for how many ids a stripe of the table needs room."""
    # Half of it stays empty, or with few ids has room for the most that chance would put into one
    # stripe (eight standard deviations); a time box gets a stripe's part of the id space.
    part = -(-work.plan.id_space // STRIPES)
    if not work.plan.operations:
        return part
    mean = (work.plan.operations * work.workers + len(work.grown)) / STRIPES
    return min(part, math.ceil(max(2 * mean, mean + 8 * math.sqrt(mean) + 8)))


class SharedMemory(Strategy):
    """An open-addressing table in memory that all workers see, under striped locks."""

    def share(self, means: SharedState) -> None:
        size = 1 << (_ids_per_stripe(self.work) - 1).bit_length()
        self._buffer = means.buffer(STRIPES * size * inserting.SLOT_BYTES)
        self._locks = [means.lock() for _ in range(STRIPES)]

    def run_of(self, index: int) -> Any:
        return inserting.tabled, (index, self.plan, self._buffer, tuple(self._locks))

    def reset(self) -> None:
        with inserting.view(self._buffer) as slots, slots.cast("B") as place:
            place[:] = bytes(len(place))
        inserting.fill(self._buffer, self.work.grown, STRIPES)

    def size(self) -> int:
        with inserting.view(self._buffer) as slots:
            return len(slots) - slots.tolist().count(0)


STRATEGIES: Mapping[str, type[Strategy]] = {
    "lock": Lock,
    "atomic": Atomic,
    "striped": Striped,
    "local": Local,
    "actor": Actor,
    "shared_memory": SharedMemory,
}
KINDS = {
    kind: tuple(name for name, strategy in STRATEGIES.items() if strategy.kind == kind)
    for kind in (SEEN, MERGED, SENT)
}
# Strategies of which every operation is timed behind a manager, whose calls dwarf a clock's.
MANAGED = ("lock", "atomic", "striped")


def managed(strategy: str, mode: Mode) -> bool:
    """Return whether the set lives in a manager's process."""
    return mode.processes and strategy in MANAGED


def hole(strategy: str, mode: Mode) -> str | None:
    """Return why `strategy` makes no sense in `mode`, None if it does."""
    if mode.kind == "interpreters" and strategy in MANAGED:
        return "subinterpreters share no set and no dict, only memory and messages"
    return None
