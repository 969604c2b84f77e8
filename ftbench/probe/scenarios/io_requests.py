"""Requests of io: what goes over the wire, when they arrive, and clients that block.

A number asks, an answer of 1 KiB begins with the same number.  What a client does is a generator,
see `entry_points.turn`: it connects, and then runs a closed loop and an open one by turns.
Imported by spawned workers and by the servers: no imports but of what is light.
"""

from __future__ import annotations

import socket
from array import array
from struct import Struct
from time import perf_counter_ns, thread_time_ns

from ftbench.probe.workloads.arrivals import arrivals, send_off

TYPE_CHECKING = False  # typing itself would be luggage in every spawned worker
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    # (begin, end, cpu, requests, latencies, late): begin and end of a loop and the CPU of its
    # thread in ns; the last two are array('q') of ns as bytes, of an open loop: from when a request
    # was to be sent, and by how much it was sent late.
    Report = tuple[int, int, int, int, bytes, bytes]

HOST = "127.0.0.1"  # the loopback, and nothing else
REQUEST = Struct("!Q")
ANSWER_BYTES = 1_024
# Asks the server for its own figures since it was asked last; answered without delay, and they
# follow the number.
FIGURES = 0xFFFF_FFFF_FFFF_FFFF
# Answers, CPU, time that passed, and how late the latest was; times in ns.
FIGURES_FORM = Struct("!4Q")

# -- clients that block: a thread per connection, and the thread that lets requests arrive

NUMBERS = 1 << 32  # of two members never meet


def nothing() -> Report:
    """Return the report of who has done nothing."""
    now = perf_counter_ns()
    return now, now, 0, 0, b"", b""


def connected(port: int) -> socket.socket:
    """Return a connection to a server of this machine."""
    connection = socket.create_connection((HOST, port))
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return connection


def ask(connection: socket.socket, number: int) -> bytes:
    """Return the answer to a request; raises `ConnectionError` if the server is gone."""
    request = REQUEST.pack(number)
    connection.sendall(request)
    answer = connection.recv(ANSWER_BYTES)
    while len(answer) < ANSWER_BYTES:
        more = connection.recv(ANSWER_BYTES - len(answer))
        if not more:
            raise ConnectionError("The server closed the connection.")
        answer += more
    return checked(answer, request)


def checked(answer: bytes, request: bytes) -> bytes:
    """Return `answer`; raises ValueError if it is the answer to another request."""
    if not answer.startswith(request):
        raise ValueError(f"Request {request.hex()} was answered by {answer[:8].hex()}.")
    return answer


def calling(index: int, port: int, requests: int, queue: Any) -> Iterator[Report]:
    """Be one of the threads: `requests` one after the other, or whatever comes by `queue`."""
    with connected(port) as connection:
        yield nothing()
        while True:
            yield _closed(connection, index * NUMBERS, requests)
            yield _open(connection, queue)


def _closed(connection: socket.socket, first: int, requests: int) -> Report:
    cpu, begin = thread_time_ns(), perf_counter_ns()
    for number in range(first, first + requests):
        ask(connection, number)
    end = perf_counter_ns()
    return begin, end, thread_time_ns() - cpu, requests, b"", b""


def _open(connection: socket.socket, queue: Any) -> Report:
    latencies = array("q")
    cpu, begin = thread_time_ns(), perf_counter_ns()
    while arrival := queue.get():
        at, number = arrival
        ask(connection, number)
        latencies.append(perf_counter_ns() - at)
    end = perf_counter_ns()
    cpu = thread_time_ns() - cpu
    return begin, end, cpu, len(latencies), latencies.tobytes(), b""


def arriving(index: int, clients: int, rate: int, count: int, queue: Any) -> Iterator[Report]:
    """Be the world outside: `count` requests arrive at `rate` per second, by `queue`."""
    times = arrivals(rate, count)
    yield nothing()
    while True:
        yield nothing()
        late = send_off(times, index * NUMBERS, queue.put)
        for _ in range(clients):
            queue.put(None)
        yield (*nothing()[:-1], array("q", late).tobytes())
