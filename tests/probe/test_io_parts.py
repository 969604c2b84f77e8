"""io: who takes part, what its loops come to, and what must be there."""

from __future__ import annotations

import sys
from array import array
from types import SimpleNamespace
from typing import Any

import pytest

from ftbench.errors import FtbenchError
from ftbench.facts.modes import mode_named
from ftbench.probe.scenarios import io
from ftbench.probe.scenarios.base import scenario_named
from ftbench.probe.scenarios.io import SERVER, ServerReport
from ftbench.probe.workers.base import Round

posix = pytest.mark.skipif(sys.platform == "win32", reason="a server listens to a pipe's end here")

PARAMS = {"delay": 1, "under_way": 10, "rate": 1_000, "workers": 4}


def _cell(mode: str, **params: int) -> Any:
    return SimpleNamespace(
        mode=mode_named(mode), params=PARAMS | params, with_extra=lambda requests: requests
    )


def test_threads_have_a_connection_each_and_one_lets_requests_arrive() -> None:
    members = io.members_of(_cell("threads"), (1, 2))
    assert [member.role for member in members] == [io.CLIENT] * 10 + [io.WORLD]
    ports = [member.run[1][2][1] for member in members[:-1]]
    assert ports == [1, 2] * 5


@pytest.mark.parametrize(
    ("mode", "loop_count"),
    [("asyncio", 1), ("asyncio-per-thread", 4), ("processes-fork", 4)],
)
def test_loops_share_the_connections(mode: str, loop_count: int) -> None:
    members = io.members_of(_cell(mode), (1, 2))
    assert len(members) == loop_count
    ports = [port for member in members for port in member.run[1][2][1]]
    assert sorted(ports) == [1] * 5 + [2] * 5


def test_fewer_requests_than_loops_make_no_sense() -> None:
    reason = io.why_not(mode_named("processes-fork"), PARAMS | {"under_way": 3})
    assert reason is not None
    assert "fewer requests" in reason
    assert io.why_not(mode_named("asyncio"), PARAMS | {"under_way": 3}) is None
    assert io.why_not(mode_named("threads"), PARAMS | {"under_way": 1}) is None
    assert scenario_named("io").why_not(mode_named("interpreters"), PARAMS) is not None


def test_a_round_has_a_fixed_number_of_requests() -> None:
    assert [io.requests_of(under_way) for under_way in (1, 64, 256, 512)] == [1_024, 16, 4, 4]


def _packed(*times: int) -> bytes:
    return array("q", times).tobytes()


def _loop(*, opened: bool) -> io.LoopRound:
    waits, late = (_packed(3_000, 1_000), _packed(70)) if opened else (b"", b"")
    world = io.ClientReport(0, 0, 0, 0, b"", late)
    reports = (
        io.ClientReport(1_000, 5_000, 400, 2, waits, b""),
        io.ClientReport(2_000, 9_000, 300, 2, b"", b""),
    )
    figures = ServerReport(answers=2, cpu=4e-6, seconds=8e-6, late=1e-6)
    idle = ServerReport(answers=2, cpu=0.0, seconds=8e-6, late=5e-6)
    return io.LoopRound(reports=(*reports, world), cpu=2e-6, servers=[figures, idle])


def test_a_loops_time_is_from_the_first_begin_to_the_last_end_of_its_clients() -> None:
    closed, opened = _loop(opened=False), _loop(opened=True)
    assert closed.requests == 4
    costs = io.costs_of(closed, opened, 4)
    assert costs == pytest.approx({"request": 2e-6, "cpu": 0.5e-6, "p50": 2e-6})
    report = opened.reports[0]._replace(latencies=_packed(*[3_000] * 499, 10**9))
    many = io.costs_of(closed, opened._replace(reports=(report,)), 4)
    assert [many[name] for name in ("p50", "p95", "p99")] == pytest.approx([3e-6] * 3)


def test_notes_say_whether_the_servers_were_fast_enough() -> None:
    notes = io.notes([_loop(opened=False)], [_loop(opened=True)])
    assert notes["server_busy"] == 0.5
    assert notes["server_cpu"] == pytest.approx(1e-6)
    assert notes["server_late"] == pytest.approx(5e-6)
    assert notes["sent_late"] == pytest.approx(70e-9)
    assert notes["on_cpu"] == pytest.approx(700 / 11_000, abs=1e-3)


@pytest.mark.parametrize(("expected", "answers"), [(5, 5), (4, 3)])
def test_a_request_without_its_answer_is_refused(expected: int, answers: int) -> None:
    reports = tuple(tuple(each) for each in _loop(opened=False).reports)
    figures = ServerReport(answers=answers, cpu=0.0, seconds=1.0, late=0.0)
    team: Any = SimpleNamespace(round=lambda: Round(reports=reports, cpu=1.0))
    servers: Any = SimpleNamespace(figures=lambda: [figures])
    with pytest.raises(FtbenchError, match=f"Of {expected} requests {answers} were answered"):
        io._loop(team, servers, expected)


def test_the_memory_is_the_clients_and_not_the_servers() -> None:
    look = {
        "processes": [
            {"role": "parent", "rss": 10, "uss": 5, "pss": 7},
            {"role": "client", "rss": 20, "uss": 6, "pss": 8},
            {"role": SERVER, "rss": 1_000, "uss": 1_000, "pss": 1_000},
        ]
    }
    seen = {"samples": [look], "reader": "a", "interval": 0.5, "duty": 0.1}
    outcome = io.from_observation({io.BUSY: seen}, 4)
    assert {name: each.samples for name, each in outcome.metrics.items()} == {
        "rss": (30.0,),
        "uss": (11.0,),
        "pss": (15.0,),
    }
