"""Watching: looks at an interval, at those who are there, and at its own cost."""

from __future__ import annotations

import pytest

from ftbench.facts.profiles import INTERVAL_SECONDS
from ftbench.observer import KernelReader, Memory, WorkerGoneError, look, watch

ROLES = {1: "parent", 2: "worker", 3: "fork server"}


class FakeReader(KernelReader):
    """Reads processes that exist only here."""

    name = "fake"

    def __init__(self, *alive: int) -> None:
        self.alive = set(alive)
        self.closed = False

    def group(self, root: int) -> list[int]:
        return sorted(self.alive | {root})

    def read(self, pid: int) -> Memory:
        if pid not in self.alive:
            raise ProcessLookupError(pid)
        return Memory(rss=pid * 100, uss=pid * 10, pss=None)

    def close(self) -> None:
        self.closed = True


def test_every_process_is_seen_with_its_role() -> None:
    seen = look(FakeReader(1, 2, 3), ROLES)
    assert seen == [
        {"role": "parent", "rss": 100, "uss": 10, "pss": None},
        {"role": "worker", "rss": 200, "uss": 20, "pss": None},
        {"role": "fork server", "rss": 300, "uss": 30, "pss": None},
    ]


def test_a_helper_may_be_gone() -> None:
    assert [each["role"] for each in look(FakeReader(1, 2), ROLES)] == ["parent", "worker"]


@pytest.mark.parametrize("gone", [1, 2])
def test_a_worker_or_the_parent_may_not(gone: int) -> None:
    with pytest.raises(WorkerGoneError) as caught:
        look(FakeReader(*{1, 2, 3} - {gone}), ROLES)
    assert caught.value.args[0] == gone


def test_no_time_is_one_look() -> None:
    reader = FakeReader(1, 2, 3)
    seen = watch(reader, ROLES, 0.0)
    assert len(seen["samples"]) == 1
    assert reader.closed


def test_a_time_is_looked_through_at_the_interval_from_its_begin_to_its_end() -> None:
    seen = watch(FakeReader(1, 2, 3), ROLES, INTERVAL_SECONDS * 2.5)
    at = [sample["at"] for sample in seen["samples"]]
    assert len(at) == 3
    for number, moment in enumerate(at):
        assert moment >= number * INTERVAL_SECONDS - 1e-3
    assert (seen["reader"], seen["interval"]) == ("fake", INTERVAL_SECONDS)
    assert 0 <= seen["duty"] < 1


def test_who_is_in_the_tree_and_has_no_role_is_other() -> None:
    samples = watch(FakeReader(1, 2, 3, 9), ROLES, 0.0)["samples"]
    assert {"role": "other", "rss": 900, "uss": 90, "pss": None} in samples[0]["processes"]


def test_another_interval_is_kept_to_and_told() -> None:
    seen = watch(FakeReader(1, 2, 3), ROLES, 0.11, 0.05)
    assert len(seen["samples"]) == 3
    assert seen["interval"] == 0.05
