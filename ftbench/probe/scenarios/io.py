"""io: N requests are under way to a server that takes its time to answer.

Shows seconds and CPU per request in a closed loop (a client asks again when it has its answer),
latencies in an open one (2000 requests a second arrive at fixed times, from which their time
counts), and the memory of the clients.  Clients are a blocking thread per connection, one asyncio
loop, four loops in threads, or four processes with a loop each.

Does not show a network: all is on the loopback, and servers and clients share the cores.  The
notes say how busy the busier of the two servers was; close to 1, it is the servers that are
measured.  With 64 requests and 20 ms a request takes 312 µs at least, whoever waits.

Source: "Multithreading vs Multiprocessing: Choosing the Right Concurrency Model" and its like
("for thousands of sockets, consider asyncio instead of threads"), which measure neither.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from ftbench.errors import FtbenchError, NotAvailableError
from ftbench.facts.modes import MODES, Mode
from ftbench.probe.entry_points import turn
from ftbench.probe.instruments.clocks import NANO
from ftbench.probe.run.outcome import Invariant, Metric, Outcome, memory, percentile
from ftbench.probe.scenarios import io_requests
from ftbench.probe.scenarios.base import Cell, MetricSpec, Param, Scenario, costs, dearer, repeats
from ftbench.probe.scenarios.io_servers import SERVER, Figures, Servers
from ftbench.probe.scenarios.reports import instrument, on_cpu, seconds_of
from ftbench.probe.workers import team_of
from ftbench.probe.workers.base import Member, Round, Team

# Processes with threads are not measured: mode `threads` once more, with less to do for each.
PROCESSES = tuple(mode.name for mode in MODES if mode.processes)
# Requests of a round's closed loop: this many, and no fewer than four per connection.
REQUESTS, LEAST_EACH = 1_024, 4
# Requests of a round's open loop: a quarter of a second of them.
ARRIVALS = 500
SPARE_FILES = 64
BUSY = "busy"
CLIENT, WORLD = "client", "world"
PERCENTS = (50, 95, 99)
SLOWED = ("request", "cpu")

PARAMS = {
    "delay": Param(default=20, least=0, most=1_000),
    "under_way": Param(default=64, most=4_096),
    "rate": Param(default=2_000, most=100_000),
    "workers": Param(default=4),
}

METRICS = (
    MetricSpec(
        "request",
        "seconds",
        "A request of the closed loop: the time of the whole over all requests.",
    ),
    MetricSpec(
        "cpu", "seconds", "CPU seconds of a request: the clients and the parent, not the servers."
    ),
    MetricSpec(
        "p50",
        "seconds",
        "An answer of the open loop, from when its request was to be sent, the median.",
    ),
    MetricSpec("p95", "seconds", "An answer of the open loop, the 95th percentile."),
    MetricSpec("p99", "seconds", "An answer of the open loop, the 99th percentile."),
    MetricSpec(
        "pss", "bytes", "The tree without its servers, all clients connected (Linux).", always=False
    ),
    MetricSpec(
        "rss", "bytes", "The tree without its servers, shared pages counted once per process."
    ),
    MetricSpec(
        "uss",
        "bytes",
        "The same by USS: what would be free if the clients ended.",
        always=False,
        tracked=False,
    ),
)


def why_not(mode: Mode, params: Mapping[str, Any]) -> str | None:
    """Return why a combination makes no sense, None if it does."""
    if _loops(mode, params) > params["under_way"]:
        return "there are fewer requests under way than loops to ask them"
    return None


def _loops(mode: Mode, params: Mapping[str, Any]) -> int:
    """Return how many loops there are; 0 where every connection has a thread."""
    if mode.kind == "threads":
        return 0
    workers: int = params["workers"]
    return 1 if mode.kind == "asyncio" else workers


def requests_of(under_way: int) -> int:
    """Return how many requests each connection makes in a round's closed loop."""
    return max(LEAST_EACH, REQUESTS // under_way)


def members_of(cell: Cell, ports: Sequence[int]) -> list[Member]:
    """Return the members: threads and the one that lets requests arrive, or loops."""
    under_way, rate = cell.params["under_way"], cell.params["rate"]
    each = cell.more(requests_of(under_way))
    targets = [ports[at % len(ports)] for at in range(under_way)]
    loops = _loops(cell.mode, cell.params)
    if not loops:
        import queue  # noqa: PLC0415 - loops do without

        arrivals: Any = queue.SimpleQueue()
        clients = [
            _member(CLIENT, index, io_requests.calling, (port, each, arrivals))
            for index, port in enumerate(targets)
        ]
        world = (under_way, rate, ARRIVALS, arrivals)
        return [*clients, _member(WORLD, under_way, io_requests.arriving, world)]
    from ftbench.probe.scenarios.io_asyncio_clients import looping  # noqa: PLC0415 - threads do without asyncio

    return [
        _member(
            CLIENT, index, looping, (tuple(targets[index::loops]), each, (rate, ARRIVALS, loops))
        )
        for index in range(loops)
    ]


def _member(role: str, index: int, make: Any, args: tuple[Any, ...]) -> Member:
    return Member(role=role, run=(turn, (index, make, (index, *args))))


class Report(NamedTuple):
    """What a client reports, see `requests`."""

    begin: int
    end: int
    cpu: int
    requests: int
    latencies: bytes
    late: bytes


@dataclass(frozen=True, kw_only=True)
class Loop:
    """One round of one form: what the clients reported, their CPU, what the servers say."""

    reports: tuple[Report, ...]
    cpu: float
    servers: tuple[Figures, ...]

    @property
    def clients(self) -> list[Report]:
        """The reports of those that made requests."""
        return [report for report in self.reports if report.requests]

    @property
    def requests(self) -> int:
        """Requests that were answered."""
        return sum(report.requests for report in self.reports)

    @property
    def seconds(self) -> float:
        """Seconds from the first client's begin to the last one's end."""
        ends = [report.end for report in self.clients]
        return (max(ends) - min(report.begin for report in self.clients)) * NANO

    @property
    def latencies(self) -> list[float]:
        """Seconds of each request of an open loop, from when it was to be sent."""
        return seconds_of([report.latencies for report in self.reports])

    @property
    def late(self) -> list[float]:
        """Seconds by which each request of an open loop was sent late."""
        return seconds_of([report.late for report in self.reports])

    @property
    def busy(self) -> float:
        """The share of its time that the busier server was on a CPU."""
        return max(each.busy for each in self.servers)


def run(cell: Cell) -> Outcome:
    """Measure closed and open loops by turns, then have the clients looked at."""
    _check_files(cell.params["under_way"])
    servers = Servers(cell.params["delay"], cell.deadline)
    team = _team(cell, servers)
    nominal = requests_of(cell.params["under_way"])
    each = cell.more(nominal)
    expected = cell.params["under_way"] * each
    team.round()  # all connect
    closed, opened = [], []
    for _ in repeats(cell.profile):
        closed.append(_loop(team, servers, expected))
        opened.append(_loop(team, servers, ARRIVALS))
    cell.observe(BUSY, 0.0, team.roles() | servers.roles())
    team.end()
    servers.close()
    return Outcome(
        metrics=dearer(metrics(closed, opened), SLOWED, each / nominal),
        invariants=(check(closed, opened),),
        notes=notes(closed, opened),
    )


def _check_files(under_way: int) -> None:
    """Raise `NotAvailableError` if a process may not have so many connections."""
    try:
        import resource  # noqa: PLC0415 - POSIX only
    except ImportError:
        return
    limit, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    needed = under_way + SPARE_FILES
    if limit != resource.RLIM_INFINITY and limit < needed:
        raise NotAvailableError(
            f"{under_way} connections need {needed} file descriptors; a process may have {limit}.",
            hint="The limit is the shell's: ulimit -n",
        )


def _team(cell: Cell, servers: Servers) -> Team:
    members = members_of(cell, servers.ports)
    try:
        return team_of(cell.mode, cell.deadline, members, servers.helper())
    except RuntimeError as error:
        # What CPython says when the system gives it no more threads.
        if "new thread" not in str(error):
            raise
        raise NotAvailableError(f"{cell.mode.title}: not available here: {error}.") from error


def _loop(team: Team, servers: Servers, expected: int) -> Loop:
    """Run a round of `expected` requests; raises `FtbenchError` unless all were answered."""
    servers.figures()
    done = team.round()
    found = as_loop(done, servers.figures())
    answers = sum(each.answers for each in found.servers)
    if not expected == found.requests == answers:
        raise FtbenchError(
            f"Of {expected} requests {answers} were answered, and {found.requests} answers "
            "arrived: nothing is recorded."
        )
    return found


def as_loop(done: Round, figures: Sequence[Figures]) -> Loop:
    """Return a round as a loop."""
    reports = tuple(Report(*report) for report in done.reports)
    return Loop(reports=reports, cpu=done.cpu, servers=tuple(figures))


def metrics(closed: Sequence[Loop], opened: Sequence[Loop]) -> dict[str, Metric]:
    """Return the metrics of all rounds, a sample per round."""
    latencies = [each.latencies for each in opened]
    samples = {
        "request": [each.seconds / each.requests for each in closed],
        "cpu": [each.cpu / each.requests for each in closed],
        **{
            f"p{percent}": [percentile(each, percent) for each in latencies] for percent in PERCENTS
        },
    }
    return costs(METRICS, samples)


def check(closed: Sequence[Loop], opened: Sequence[Loop]) -> Invariant:
    """Return the invariant: what the clients checked of each answer."""
    answered = sum(each.requests for each in (*closed, *opened))
    return Invariant(
        name="echo",
        checked=f"each of {answered} requests in {len(closed)} closed and {len(opened)} open "
        "loops was answered once, with its own number",
    )


def notes(closed: Sequence[Loop], opened: Sequence[Loop]) -> dict[str, Any]:
    """Return the notes: CPU seconds of an answer (`server_cpu`), how busy the servers were.

    `server_late` and `sent_late` are seconds, the 99th percentile of the open loop.
    """
    answers = sum(each.requests for each in closed)
    cpu = sum(server.cpu for each in closed for server in each.servers)
    return instrument([on_cpu(each.clients) for each in closed], 1) | {
        "requests": closed[0].requests,
        "arrivals": opened[0].requests,
        "server_cpu": cpu / answers,
        "server_busy": round(max(each.busy for each in closed), 3),
        "server_busy_open": round(max(each.busy for each in opened), 3),
        "server_late": max(server.late[1] for each in opened for server in each.servers),
        "sent_late": percentile([late for each in opened for late in each.late], 99),
    }


def from_observation(phases: Mapping[str, Any], _workers: int) -> Outcome:
    """Return the memory of the tree without its servers, while the clients are connected."""
    seen = phases[BUSY]
    own = [
        {"processes": [each for each in look["processes"] if each["role"] != SERVER]}
        for look in seen["samples"]
    ]
    return memory({**seen, "samples": own})


IO = Scenario(
    name="io",
    version="1",
    title="N requests are under way to a server that takes its time",
    params=PARAMS,
    metrics=METRICS,
    run=run,
    modes=("threads", "asyncio", "asyncio-per-thread", *PROCESSES),
    observed=True,
    hole=why_not,
    slowed=SLOWED,
    from_observation=from_observation,
)
