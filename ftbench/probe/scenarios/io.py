"""io: N requests are under way to a server that takes its time to answer.

Shows seconds and CPU per request in a closed loop (a client asks again when it has its answer),
latencies in an open one (2000 requests a second arrive at fixed times, from which their time
counts), and the memory of the clients.  Clients are a blocking thread per connection, one asyncio
loop, four loops in threads, or four processes with a loop each.

Does not show a network: all is on the loopback, and servers and clients share the cores.  The
servers run on the host's Python, whatever is measured, where one is named; the notes say on which,
and how busy the busier of the two was; close to 1, it is the servers that are measured.  With 64
requests and 20 ms a request takes 312 µs at least, whoever waits.

Source: "Multithreading vs Multiprocessing: Choosing the Right Concurrency Model" and its like
("for thousands of sockets, consider asyncio instead of threads"), which measure neither.
"""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from ftbench.errors import FtbenchError, WorkerFailedError
from ftbench.facts.modes import MODES, Mode
from ftbench.probe.entry_points import turn
from ftbench.probe.instruments.clocks import NANO
from ftbench.probe.run.child import Lines, Tail, clean_environment
from ftbench.probe.run.outcome import Invariant, Outcome, memory, percentile, percentiles
from ftbench.probe.run.own import COMMON
from ftbench.probe.run.programs import HOST_PYTHON, PACKAGE_PARENT
from ftbench.probe.scenarios import io_requests, io_server
from ftbench.probe.scenarios.base import (
    Cell,
    Param,
    Scenario,
    by_round,
    in_seconds,
    memory_of,
)
from ftbench.probe.scenarios.reports import instrument, on_cpu, seconds_of
from ftbench.probe.workers import team_of
from ftbench.probe.workers.base import Deadline, Helper, Member, Team

# Processes with threads are not measured: mode `threads` once more, with less to do for each.
PROCESSES = tuple(mode.name for mode in MODES if mode.processes)
# Requests of a round's closed loop: this many, and no fewer than four per connection.
REQUESTS, LEAST_EACH = 1_024, 4
# Requests of a round's open loop: a quarter of a second of them.
ARRIVALS = 500
# Two, so that clients on many cores need not wait for one; more would only take turns on two.
SERVERS = 2
BUSY = "busy"
CLIENT, WORLD, SERVER = "client", "world", "server"
PERCENTS = (50, 95, 99)
_END_SECONDS = 2.0
_POLL_SECONDS = 0.01

PARAMS = {
    "delay": Param(default=20, least=0, most=1_000),
    "under_way": Param(default=64, most=4_096),
    "rate": Param(default=2_000, most=100_000),
    "workers": Param(default=4),
}

METRICS = (
    *in_seconds(
        request="Time per request, closed loop; the whole time over all requests.",
        cpu="CPU time per request; of the clients and the parent, not the servers.",
        p50="Latency in the open loop, median; from when a request was due.",
        p95="Latency in the open loop, 95th percentile.",
        p99="Latency in the open loop, 99th percentile.",
    ),
    *memory_of("without the servers, all clients connected (Linux)."),
)


def why_not(mode: Mode, params: Mapping[str, Any]) -> str | None:
    """Return why a combination makes no sense, None if it does."""
    if _loops(mode, params) > params["under_way"]:
        return "there are fewer requests under way than loops to ask them"
    return None


def _loops(mode: Mode, params: Mapping[str, Any]) -> int:
    """Return how many loops there are; 0 where every connection has a thread."""
    workers: int = params["workers"]
    return {"threads": 0, "asyncio": 1}.get(mode.kind, workers)


def requests_of(under_way: int) -> int:
    """Return how many requests each connection makes in a round's closed loop."""
    return max(LEAST_EACH, REQUESTS // under_way)


def members_of(cell: Cell, ports: Sequence[int]) -> list[Member]:
    """Return the members: threads and the one that lets requests arrive, or loops."""
    under_way, rate = cell.params["under_way"], cell.params["rate"]
    requests = cell.with_extra(requests_of(under_way))
    targets = [ports[at % len(ports)] for at in range(under_way)]
    loops = _loops(cell.mode, cell.params)
    if not loops:
        import queue  # noqa: PLC0415 - loops do without

        arrivals: Any = queue.SimpleQueue()
        clients = [
            _member(CLIENT, index, io_requests.calling, (port, requests, arrivals))
            for index, port in enumerate(targets)
        ]
        from_outside = (under_way, rate, ARRIVALS, arrivals)
        return [*clients, _member(WORLD, under_way, io_requests.arriving, from_outside)]
    from ftbench.probe.scenarios.io_asyncio_clients import looping  # noqa: PLC0415 - threads do without asyncio

    world = (rate, ARRIVALS, loops)
    return [
        _member(CLIENT, index, looping, (tuple(targets[index::loops]), requests, world))
        for index in range(loops)
    ]


def _member(role: str, index: int, make: Any, args: tuple[Any, ...]) -> Member:
    return Member(role=role, run=(turn, (index, make, (index, *args))))


class ClientReport(NamedTuple):
    """What a client reports, see `io_requests`."""

    begin: int
    end: int
    cpu: int
    requests: int
    latencies: bytes
    late: bytes


class ServerReport(NamedTuple):
    """What a server says of itself since it was asked last; times are in seconds."""

    answers: int
    cpu: float
    seconds: float
    late: float  # how late the latest of its answers was


class LoopRound(NamedTuple):
    """One round of one form: what the clients reported, their CPU, what the servers say."""

    reports: tuple[ClientReport, ...]
    cpu: float
    servers: list[ServerReport]

    @property
    def clients(self) -> list[ClientReport]:
        """The reports of those that made requests."""
        return [report for report in self.reports if report.requests]

    @property
    def requests(self) -> int:
        """Requests that were answered."""
        return sum(report.requests for report in self.reports)

    @property
    def busy(self) -> float:
        """The share of its time that the busier server was on a CPU."""
        return max(server.cpu / server.seconds for server in self.servers)


def run(cell: Cell) -> Outcome:
    """Measure closed and open loops by turns, then have the clients looked at."""
    under_way = cell.params["under_way"]
    servers = Servers(cell.params["delay"], cell.deadline)
    team = team_of(cell.mode, cell.deadline, members_of(cell, servers.ports), servers.helper())
    nominal = requests_of(under_way)
    expected = under_way * cell.with_extra(nominal)
    team.round()  # all connect
    rounds = [
        (_loop(team, servers, expected), _loop(team, servers, ARRIVALS)) for _ in cell.repeats()
    ]
    cell.observe(BUSY, 0.0, team.roles() | servers.roles())
    team.end()
    servers.close()
    closed, opened = zip(*rounds, strict=True)
    return Outcome(
        metrics=by_round(METRICS, [costs_of(*loops, under_way * nominal) for loops in rounds]),
        invariants=(check(closed, opened),),
        notes=notes(closed, opened) | {"server_python": servers.version},
    )


def _loop(team: Team, servers: Servers, expected: int) -> LoopRound:
    """Run a round of `expected` requests; raises `FtbenchError` unless all were answered."""
    servers.figures()
    done = team.round()
    reports = tuple(ClientReport(*report) for report in done.reports)
    loop = LoopRound(reports, done.cpu, servers.figures())
    answers = sum(server.answers for server in loop.servers)
    if not expected == loop.requests == answers:
        raise FtbenchError(
            f"Of {expected} requests {answers} were answered, and {loop.requests} answers "
            "arrived: nothing is recorded."
        )
    return loop


def costs_of(closed: LoopRound, opened: LoopRound, nominal: int) -> dict[str, float]:
    """Return what a round costs in seconds: one of `nominal` requests, answers of the open loop."""
    first = min(client.begin for client in closed.clients)
    last = max(client.end for client in closed.clients)
    latencies = seconds_of([report.latencies for report in opened.reports])
    return {
        "request": (last - first) * NANO / nominal,
        "cpu": closed.cpu / nominal,
        **{f"p{n}": cost for n, cost in percentiles(latencies, *PERCENTS).items()},
    }


def check(closed: Sequence[LoopRound], opened: Sequence[LoopRound]) -> Invariant:
    """Return the invariant: what the clients checked of each answer."""
    answered = sum(loop.requests for loop in (*closed, *opened))
    return Invariant(
        name="echo",
        checked=f"each of {answered} requests in {len(closed)} closed and {len(opened)} open "
        "loops was answered once, with its own number",
    )


def notes(closed: Sequence[LoopRound], opened: Sequence[LoopRound]) -> dict[str, Any]:
    """Return the notes: CPU seconds of an answer (`server_cpu`), how busy the servers were.

    `server_late` is the latest of the open loop, `sent_late` its 99th percentile, in seconds.
    """
    answers = sum(loop.requests for loop in closed)
    cpu = sum(server.cpu for loop in closed for server in loop.servers)
    late = seconds_of([report.late for loop in opened for report in loop.reports])
    return instrument([on_cpu(loop.clients) for loop in closed], 1) | {
        "requests": closed[0].requests,
        "arrivals": opened[0].requests,
        "server_cpu": cpu / answers,
        "server_busy": round(max(loop.busy for loop in closed), 3),
        "server_busy_open": round(max(loop.busy for loop in opened), 3),
        "server_late": max(server.late for loop in opened for server in loop.servers),
        "sent_late": percentile(late, 99),
    }


def from_observation(phases: Mapping[str, Any], _workers: int) -> Outcome:
    """Return the memory of the tree without its servers, while the clients are connected."""
    seen = phases[BUSY]
    own = [
        {"processes": [process for process in look["processes"] if process["role"] != SERVER]}
        for look in seen["samples"]
    ]
    return memory({**seen, "samples": own})


IO = Scenario(
    name="io",
    version="2",
    title="N requests are under way to a server that takes its time",
    params=PARAMS,
    metrics=METRICS,
    run=run,
    modes=("threads", "asyncio", "asyncio-per-thread", *PROCESSES),
    hole=why_not,
    slowed=("request", "cpu"),
    from_observation=from_observation,
)


class Servers:
    """The server processes, gone with the cell; as a team's helper they look like one process."""

    def __init__(self, delay: int, deadline: Deadline) -> None:
        """Start them, with a `delay` in milliseconds; returns when they listen."""
        self._deadline = deadline
        named = os.environ.get(HOST_PYTHON, "")
        # One that is not there keeps memory from being observed, and no request from being served.
        python = named if os.access(named, os.X_OK) else COMMON
        self._processes = [
            subprocess.Popen(
                [python, "-P", "-m", io_server.__name__, str(delay)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                env=clean_environment(os.environ, {"PYTHONPATH": str(PACKAGE_PARENT)}),
            )
            for _ in range(SERVERS)
        ]
        self._words = [Tail(process.stderr) for process in self._processes]
        self._lines = [Lines(process.stdout) for process in self._processes]
        self._asking: list[socket.socket] = []
        try:
            greetings = [self._greeting(index) for index in range(SERVERS)]
        except FtbenchError:
            self.close()
            raise
        self.ports = tuple(int(port) for port, _version in greetings)
        self.version = greetings[0][1]  # of the Python that they run on
        self._asking += [io_requests.connected(port) for port in self.ports]

    def _greeting(self, index: int) -> list[str]:
        try:
            line = self._lines[index].answer(self._deadline.left())
        except TimeoutError:
            raise self._deadline.passed("a server to listen") from None
        if not line:
            raise WorkerFailedError(
                "A server ended before it listened; nothing is recorded.",
                story=self._words[index].text(),
            )
        return line.decode().split()

    def figures(self) -> list[ServerReport]:
        """Return what each server says; raises `WorkerFailedError` if one is gone."""
        try:
            return [self._figures(connection) for connection in self._asking]
        except TimeoutError:
            raise self._deadline.passed("a server's own figures") from None
        except OSError as error:
            raise WorkerFailedError(
                "A server ended during the measurement; nothing is recorded.",
                story=f"{error!r}\n{''.join(words.text() for words in self._words)}",
            ) from error

    def _figures(self, connection: socket.socket) -> ServerReport:
        connection.settimeout(self._deadline.left() or _POLL_SECONDS)
        answer = io_requests.ask(connection, io_requests.FIGURES)
        answers, *times = io_requests.FIGURES_FORM.unpack_from(answer, io_requests.REQUEST.size)
        return ServerReport(answers, *(nanoseconds * NANO for nanoseconds in times))

    def helper(self) -> Helper:
        """Return them as a team's helper, whose CPU is not the clients'."""
        return Helper(role=SERVER, process=self, cpu=lambda: 0.0)

    @property
    def pid(self) -> int:
        """The process id of the first."""
        return self._processes[0].pid

    def roles(self) -> dict[int, str]:
        """Return process id → role of all of them."""
        return {process.pid: SERVER for process in self._processes}

    @property
    def exitcode(self) -> int | None:
        """The exit code of the first that has ended, None if all live."""
        codes = (process.poll() for process in self._processes)
        return next((code for code in codes if code is not None), None)

    @property
    def sentinel(self) -> int:
        """What can be read, or waited for on Windows, once the first has ended."""
        process = self._processes[0]
        if sys.platform == "win32":
            return int(process._handle)  # noqa: SLF001 - as multiprocessing itself does
        assert process.stdout is not None
        return process.stdout.fileno()

    def join(self, seconds: float) -> None:
        """Wait until one has ended, for so many seconds at most."""
        end = time.monotonic() + seconds
        while self.exitcode is None and time.monotonic() < end:
            time.sleep(_POLL_SECONDS)

    def close(self) -> None:
        """End them."""
        for connection in self._asking:
            connection.close()
        for process in self._processes:
            assert process.stdin is not None
            process.stdin.close()
        for process, lines, words in zip(self._processes, self._lines, self._words, strict=True):
            try:
                process.wait(_END_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait(_END_SECONDS)
            lines.close()
            words.close()
