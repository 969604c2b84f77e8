"""The arithmetic of footprint, and the order in which it looks."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import Any

import pytest

from ftbench.facts.modes import mode_named
from ftbench.facts.profiles import Profile, profile_named
from ftbench.probe.entry_points import TASKS
from ftbench.probe.run.outcome import roles
from ftbench.probe.scenarios import footprint
from ftbench.probe.scenarios.base import Cell
from ftbench.probe.workers.base import Deadline

MIB = 2**20


def _look(*processes: tuple[str, int, int | None]) -> dict[str, Any]:
    return {
        "at": 0.0,
        "processes": [
            {"role": role, "rss": rss * MIB, "uss": None, "pss": None if pss is None else pss * MIB}
            for role, rss, pss in processes
        ],
    }


def _phases(pss: bool = True) -> dict[str, Any]:  # noqa: FBT001, FBT002
    def of(value: int) -> int | None:
        return value if pss else None

    busy = [
        _look(("parent", 10, of(6)), ("worker", 10, of(5)), ("worker", 10, of(5))),
        _look(("parent", 10, of(6)), ("worker", 12, of(7)), ("worker", 10, of(5))),
    ]
    return {
        "baseline": {"samples": [_look(("parent", 9, of(8)))]},
        "busy": {"samples": busy, "reader": "fake", "interval": 0.2, "duty": 0.001},
        "left": {"samples": [_look(("parent", 10, of(9)))]},
    }


def test_the_tree_is_summed_and_shared_out_over_its_workers() -> None:
    found = footprint.metrics(_phases(), workers=2)
    mib = {name: [each / MIB for each in metric.samples] for name, metric in found.items()}
    assert mib == {
        "rss": [30, 32],
        "pss": [16, 18],
        "per_worker": [4, 5],
        "peak": [18],
        "left": [9],
    }


def test_without_pss_the_next_best_figure_is_taken() -> None:
    found = footprint.metrics(_phases(pss=False), workers=2)
    assert "pss" not in found
    assert list(found["peak"].samples) == [32 * MIB]
    assert list(found["left"].samples) == [10 * MIB]


def test_who_weighs_what_is_told_by_role() -> None:
    assert roles(_phases()[footprint.BUSY]["samples"][-1]) == {
        "parent": {"processes": 1, "rss": 10 * MIB, "pss": 6 * MIB},
        "worker": {"processes": 2, "rss": 22 * MIB, "pss": 12 * MIB},
    }


def test_the_looking_itself_is_reported() -> None:
    notes = footprint.from_observation(_phases(), 2).notes
    assert notes["looks"] == 2
    assert notes["observer"] == {"reader": "fake", "interval": 0.2, "duty": 0.001}


def test_several_holds_are_summed_up_look_by_look_in_their_order() -> None:
    phases = _phases()
    again = [
        _look(("parent", 10, 6), ("worker", 20, 15), ("worker", 20, 15), ("fork server", 1, 1))
    ]
    phases["busy 2"] = {"samples": again, "reader": "fake", "interval": 0.2, "duty": 0.003}
    found = footprint.metrics(phases, workers=2)
    assert [each / MIB for each in found["pss"].samples] == [16, 18, 37]
    assert list(found["peak"].samples) == [37 * MIB]
    notes = footprint.from_observation(phases, 2).notes
    assert (notes["holds"], notes["looks"], notes["observer"]["duty"]) == (2, 3, 0.002)
    assert notes["roles"]["fork server"]["pss"] == 1 * MIB


def test_the_articles_way_leaves_the_helpers_out_and_takes_the_last_hold() -> None:
    phases = _phases()
    assert footprint.without_helpers(phases) == {"rss": 31 * MIB, "pss": 17 * MIB}
    again = [_look(("parent", 10, 6), ("worker", 20, 15), ("fork server", 100, 100))]
    phases["busy 2"] = {"samples": again, "reader": "fake", "interval": 0.2, "duty": 0.003}
    assert footprint.without_helpers(phases) == {"rss": 30 * MIB, "pss": 21 * MIB}


def _looks_of(profile: Profile, monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, float, Any]]:
    """Return phase, seconds and busy threads of each look of a cell with two threads."""
    task, busy = TASKS["article"], set()

    def noted() -> int:
        busy.add(threading.current_thread())
        return task()

    monkeypatch.setitem(TASKS, "article", noted)
    looks: list[tuple[str, float, Any]] = []

    def observe(phase: str, seconds: float, members: Mapping[int, str]) -> None:
        looks.append((phase, seconds, {each for each in busy if each.is_alive()}))

    footprint.run(
        Cell(
            mode=mode_named("threads"),
            params={"workers": 2},
            profile=profile,
            deadline=Deadline(20),
            observe=observe,
        )
    )
    return looks


def test_it_looks_only_while_all_are_busy_and_before_and_after(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    profile = profile_named("smoke")
    looks = _looks_of(profile, monkeypatch)
    assert [(phase, seconds, len(busy)) for phase, seconds, busy in looks] == [
        ("baseline", 0.0, 0),
        ("busy", profile.hold, 2),
        ("left", 0.0, 0),
    ]


def test_each_hold_has_fresh_workers(monkeypatch: pytest.MonkeyPatch) -> None:
    looks = _looks_of(profile_named("rounds=2,hold=0.25"), monkeypatch)
    assert [(phase, seconds, len(busy)) for phase, seconds, busy in looks] == [
        ("baseline", 0.0, 0),
        ("busy", 0.25, 2),
        ("busy 2", 0.25, 2),
        ("left", 0.0, 0),
    ]
    assert not looks[1][2] & looks[2][2]
