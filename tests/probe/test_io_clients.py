"""What io asks and what answers: the schedule, the server, the clients, the server processes."""

from __future__ import annotations

import itertools
import os
import socket
import subprocess
import sys
import threading
import time
from array import array
from collections.abc import Callable, Iterator
from contextlib import closing
from queue import SimpleQueue
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ftbench.errors import DeadlineError, WorkerFailedError
from ftbench.probe import entry_points
from ftbench.probe.entry_points import turn
from ftbench.probe.scenarios import io, io_asyncio_clients, io_requests
from ftbench.probe.scenarios.io import SERVER, Servers
from ftbench.probe.scenarios.io_requests import ANSWER_BYTES, FIGURES, FIGURES_FORM, HOST, REQUEST
from ftbench.probe.scenarios.io_server import Server
from ftbench.probe.workers.base import Deadline
from ftbench.probe.workloads import arrivals as schedule

posix = pytest.mark.skipif(sys.platform == "win32", reason="a server listens to a pipe's end here")
MILLI = 1_000_000


@pytest.fixture(autouse=True)
def _no_traces() -> Iterator[None]:
    """Nothing stays held, and no socket waits for ever."""
    socket.setdefaulttimeout(20)
    yield
    socket.setdefaulttimeout(None)
    entry_points.HELD.clear()


# The schedule.


@given(st.integers(1, 100_000), st.integers(1, 200))
def test_arrivals_are_fixed_beforehand_and_in_order(rate: int, count: int) -> None:
    times = schedule.arrivals(rate, count)
    assert len(times) == count
    assert times == sorted(times) == schedule.arrivals(rate, count)
    assert times == schedule.arrivals(rate, count + 1)[:count]
    assert times[0] >= 0


def test_arrivals_come_at_the_rate_and_not_at_equal_gaps() -> None:
    times = schedule.arrivals(2_000, 20_000)
    assert times[-1] == pytest.approx(10 * schedule.NANO, rel=0.03)
    gaps = [later - sooner for sooner, later in itertools.pairwise(times)]
    short = sum(gap < schedule.NANO / 2_000 for gap in gaps) / len(gaps)
    assert short == pytest.approx(1 - 1 / 2.71828, abs=0.02), "as of a Poisson process"


def test_loops_share_the_arrivals_of_one_schedule() -> None:
    whole = schedule.arrivals(2_000, 100)
    assert sorted(at for index in range(4) for at in whole[index::4]) == whole


def test_nothing_is_sent_before_its_time_and_lateness_is_told() -> None:
    sent: list[tuple[int, tuple[int, int]]] = []
    begin = time.perf_counter_ns()
    late = schedule.send_off(
        [0, MILLI, 3 * MILLI], 7, lambda each: sent.append((time.perf_counter_ns(), each))
    )
    assert [number for _, (_, number) in sent] == [7, 8, 9]
    first = sent[0][1][0]
    assert first >= begin + schedule.LEAD
    assert [at - first for _, (at, _) in sent] == [0, MILLI, 3 * MILLI]
    for (now, (at, _)), by in zip(sent, late, strict=True):
        assert 0 <= by <= now - at


def test_what_is_due_is_sent_at_once_however_late_the_one_before_was(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A client that stalls owes the requests of that time: their latency counts from the plan."""
    clock = iter(range(0, 1_000 * MILLI, 50 * MILLI))
    monkeypatch.setattr(schedule, "perf_counter_ns", lambda: next(clock))
    slept: list[float] = []
    monkeypatch.setattr(schedule, "sleep", slept.append)
    sent: list[tuple[int, int]] = []
    late = schedule.send_off([0, MILLI, 2 * MILLI], 0, sent.append)
    assert not slept
    assert [at for at, _ in sent] == [schedule.LEAD + each * MILLI for each in range(3)]
    assert late == sorted(late)
    assert late[0] > 0


# The server.


@pytest.fixture
def server() -> Iterator[Callable[[int], Server]]:
    """What starts a server in a thread, with a delay in milliseconds; ended after the test."""
    ends: list[Callable[[], None]] = []

    def start(delay: int) -> Server:
        made = Server(delay * MILLI)
        read, write = os.pipe()
        thread = threading.Thread(target=made.serve, args=(read,), daemon=True)
        thread.start()

        def end() -> None:
            os.close(write)
            thread.join(20)
            assert not thread.is_alive(), "it ends when its file can be read"
            os.close(read)

        ends.append(end)
        return made

    yield start
    for end in ends:
        end()


@posix
def test_an_answer_comes_after_the_delay_and_not_before(server: Callable[[int], Server]) -> None:
    for delay in (0, 30):
        with closing(io_requests.connected(server(delay).port)) as connection:
            begin = time.perf_counter()
            answer = io_requests.ask(connection, 12)
            assert time.perf_counter() - begin >= delay / 1000
            assert len(answer) == ANSWER_BYTES
            assert answer.startswith(REQUEST.pack(12))


@posix
def test_a_server_listens_on_the_loopback_alone(server: Callable[[int], Server]) -> None:
    assert server(0)._listener.getsockname()[0] == HOST == "127.0.0.1"


@posix
def test_requests_wait_side_by_side(server: Callable[[int], Server]) -> None:
    port = server(100).port
    connections = [io_requests.connected(port) for _ in range(10)]
    begin = time.perf_counter()
    for number, connection in enumerate(connections):
        connection.sendall(REQUEST.pack(number))
    for number, connection in enumerate(connections):
        assert connection.recv(ANSWER_BYTES).startswith(REQUEST.pack(number))
        connection.close()
    assert time.perf_counter() - begin < 10 * 0.1, "not one after the other"


@posix
def test_a_client_that_goes_does_not_disturb_the_others(server: Callable[[int], Server]) -> None:
    port = server(20).port
    stays, goes = io_requests.connected(port), io_requests.connected(port)
    goes.sendall(REQUEST.pack(1))
    stays.sendall(REQUEST.pack(2))
    goes.close()
    assert stays.recv(ANSWER_BYTES).startswith(REQUEST.pack(2))
    assert io_requests.ask(stays, 3).startswith(REQUEST.pack(3))
    stays.close()


@posix
def test_a_server_counts_its_answers_until_it_is_asked(server: Callable[[int], Server]) -> None:
    with closing(io_requests.connected(server(1).port)) as connection:
        for number in range(5):
            io_requests.ask(connection, number)
        counted = []
        for _ in range(2):
            answer = io_requests.ask(connection, FIGURES)
            answers, cpu, passed, late = FIGURES_FORM.unpack_from(answer, 8)
            counted.append(answers)
            assert cpu >= 0
            assert passed > 0
            assert late >= 0
    assert counted == [5, 0]


def test_an_answer_to_another_request_is_refused() -> None:
    near, far = socket.socketpair()
    far.sendall(REQUEST.pack(2).ljust(ANSWER_BYTES, b"\0"))
    with pytest.raises(ValueError, match="was answered by 0000000000000002"):
        io_requests.ask(near, 1)
    near.close()
    far.close()


def test_a_server_that_goes_in_mid_answer_is_told() -> None:
    near, far = socket.socketpair()
    far.sendall(REQUEST.pack(1) + b"and so")
    far.shutdown(socket.SHUT_WR)
    with pytest.raises(ConnectionError, match="closed the connection"):
        io_requests.ask(near, 1)
    near.close()
    far.close()


def test_an_answer_may_come_in_pieces() -> None:
    near, far = socket.socketpair()
    answer = REQUEST.pack(1).ljust(ANSWER_BYTES, b"x")

    def say() -> None:
        far.sendall(answer[:100])
        time.sleep(0.05)
        far.sendall(answer[100:])

    pieces = threading.Thread(target=say)
    pieces.start()
    assert io_requests.ask(near, 1) == answer
    pieces.join(20)
    near.close()
    far.close()


# The clients.


def _turns(index: int, make: Any, args: tuple[Any, ...], count: int) -> list[io.ClientReport]:
    return [io.ClientReport(*turn(index, make, (index, *args))) for _ in range(count)]


@posix
def test_threads_make_their_requests_and_then_those_that_arrive(
    server: Callable[[int], Server],
) -> None:
    queue: SimpleQueue[Any] = SimpleQueue()
    port = server(1).port
    connects, closed = _turns(0, io_requests.calling, (port, 7, queue), 2)
    assert connects.requests == 0
    assert (closed.requests, closed.latencies) == (7, b"")
    assert 0 < closed.cpu < closed.end - closed.begin
    # Of three that arrive two have waited for long: their latency says so.
    now = time.perf_counter_ns()
    for at in (now - 500 * MILLI, now - 400 * MILLI, now):
        queue.put((at, 1))
    queue.put(None)
    [opened] = _turns(0, io_requests.calling, (), 1)
    latencies = array("q", opened.latencies)
    assert opened.requests == len(latencies) == 3
    assert min(latencies[:2]) >= 400 * MILLI
    assert latencies[2] >= MILLI
    _leave(0)


def _leave(index: int) -> None:
    """Have a client let go of its connections before the server does."""
    client: Any = entry_points.HELD.pop(index)
    client.close()


def test_the_world_outside_sends_each_arrival_and_then_tells_every_client_to_end() -> None:
    queue: SimpleQueue[Any] = SimpleQueue()
    connects, closed, opened = _turns(3, io_requests.arriving, (2, 100_000, 5, queue), 3)
    assert connects.requests == closed.requests == opened.requests == 0
    assert len(array("q", opened.late)) == 5
    said = [queue.get_nowait() for _ in range(7)]
    assert said[5:] == [None, None]
    assert [number - 3 * io_requests.NUMBERS for _, number in said[:5]] == list(range(5))
    assert queue.empty()


@posix
def test_a_loop_makes_its_requests_and_then_its_share_of_those_that_arrive(
    server: Callable[[int], Server],
) -> None:
    port = server(1).port
    reports = _turns(1, io_asyncio_clients.looping, ((port,) * 3, 4, (10_000, 20, 2)), 5)
    assert [report.requests for report in reports] == [0, 12, 10, 12, 10]
    for closed, opened in (reports[1:3], reports[3:5]):
        assert (closed.latencies, closed.late) == (b"", b"")
        latencies, late = array("q", opened.latencies), array("q", opened.late)
        assert len(latencies) == len(late) == 10
        assert min(latencies) >= MILLI
        assert min(late) >= 0
    _leave(1)


@posix
def test_a_loop_whose_server_goes_ends_with_its_story(server: Callable[[int], Server]) -> None:
    port = server(0).port
    [_] = _turns(2, io_asyncio_clients.looping, ((port, port), 4, (10_000, 4, 1)), 1)
    streams = entry_points.HELD[2].gi_frame.f_locals["streams"]  # type: ignore[attr-defined]
    for _reader, writer in streams:
        writer.transport.abort()
    with pytest.raises(ConnectionError, match="closed the connection"):
        turn(2, io_asyncio_clients.looping, ())


# The server processes.


def test_servers_serve_and_end_when_they_are_told() -> None:
    servers = Servers(0, Deadline(60))
    try:
        assert len(set(servers.ports)) == len(servers.roles()) == 2
        assert set(servers.roles().values()) == {SERVER}
        with closing(io_requests.connected(servers.ports[1])) as connection:
            io_requests.ask(connection, 1)
        assert [each.answers for each in servers.figures()] == [0, 1]
        assert servers.exitcode is None
        assert servers.helper().process.pid in servers.roles()
        assert servers.helper().cpu() == 0.0
    finally:
        servers.close()
    assert servers.exitcode == 0


def test_a_server_that_is_killed_is_blamed() -> None:
    servers = Servers(0, Deadline(60))
    servers._processes[1].kill()
    servers.join(20)
    assert servers.exitcode not in {None, 0}
    with pytest.raises(WorkerFailedError, match="A server ended during the measurement"):
        servers.figures()
    servers.close()


def _instead_of_servers(monkeypatch: pytest.MonkeyPatch, program: str) -> None:
    real = subprocess.Popen

    def start(_args: list[str], **options: Any) -> Any:
        return real([sys.executable, "-c", program], **options)

    monkeypatch.setattr("ftbench.probe.scenarios.io.subprocess.Popen", start)


def test_a_server_that_does_not_start_tells_why(monkeypatch: pytest.MonkeyPatch) -> None:
    _instead_of_servers(monkeypatch, "raise SystemExit('no port for you')")
    with pytest.raises(WorkerFailedError, match="no port for you"):
        Servers(0, Deadline(60))


def test_a_server_that_never_listens_meets_the_deadline(monkeypatch: pytest.MonkeyPatch) -> None:
    _instead_of_servers(monkeypatch, "input()")
    with pytest.raises(DeadlineError, match="a server to listen"):
        Servers(0, Deadline(0.5))
