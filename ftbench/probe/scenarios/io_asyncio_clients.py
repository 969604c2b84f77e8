"""Clients of one asyncio loop: a task per connection, by streams; reports as in `io_requests`."""

from __future__ import annotations

import asyncio
from array import array
from threading import Thread
from time import perf_counter_ns, thread_time_ns

from ftbench.probe.scenarios.io_requests import (
    ANSWER_BYTES,
    HOST,
    NUMBERS,
    REQUEST,
    checked,
    nothing,
)
from ftbench.probe.workloads.arrivals import arrivals, send_off

TYPE_CHECKING = False  # typing itself would be luggage in every spawned worker
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ftbench.probe.scenarios.io_requests import Report
    from ftbench.probe.workloads.arrivals import Arrival

    Stream = tuple[asyncio.StreamReader, asyncio.StreamWriter]


async def ask(stream: Stream, number: int) -> None:
    """Send a request and wait for its answer; raises as `io_requests.ask` does."""
    reader, writer = stream
    request = REQUEST.pack(number)
    writer.write(request)
    try:
        checked(await reader.readexactly(ANSWER_BYTES), request)
    except asyncio.IncompleteReadError:
        raise ConnectionError("The server closed the connection.") from None


def looping(
    index: int, ports: Sequence[int], requests: int, world: tuple[int, int, int]
) -> Iterator[Report]:
    """Be a loop with a connection to each of `ports`, each of which makes `requests` when closed.

    `world` is the open loop's rate per second, its arrivals, and how many loops share them.
    """
    rate, count, loops = world
    times = arrivals(rate, count)[index::loops]
    first = index * NUMBERS
    with asyncio.Runner() as runner:
        streams = runner.run(_connect(ports))
        try:
            yield nothing()
            while True:
                yield runner.run(_closed(streams, first, requests))
                yield runner.run(_open(streams, first, times))
        finally:
            for _reader, writer in streams:
                writer.transport.abort()


async def _connect(ports: Sequence[int]) -> list[Stream]:
    return [await asyncio.open_connection(HOST, port) for port in ports]


async def _closed(streams: Sequence[Stream], first: int, requests: int) -> Report:
    async def one(stream: Stream, number: int) -> None:
        for each in range(number, number + requests):
            await ask(stream, each)

    cpu, begin = thread_time_ns(), perf_counter_ns()
    await asyncio.gather(*(one(each, first + at * requests) for at, each in enumerate(streams)))
    end = perf_counter_ns()
    return begin, end, thread_time_ns() - cpu, len(streams) * requests, b"", b""


async def _open(streams: Sequence[Stream], first: int, times: Sequence[int]) -> Report:
    queue: asyncio.Queue[Arrival | None] = asyncio.Queue()
    loop = asyncio.get_running_loop()
    latencies = array("q")
    late: list[int] = []

    async def one(stream: Stream) -> None:
        while arrival := await queue.get():
            at, number = arrival
            await ask(stream, number)
            latencies.append(perf_counter_ns() - at)

    def world() -> None:
        def arrive(arrival: Arrival | None) -> None:
            loop.call_soon_threadsafe(queue.put_nowait, arrival)

        late.extend(send_off(times, first, arrive))
        for _ in streams:
            arrive(None)

    # Requests arrive from a thread beside the loop, whose own timers count in milliseconds.
    # Daemon: a loop that fails must be able to end without it.
    outside = Thread(target=world, daemon=True)
    cpu, begin = thread_time_ns(), perf_counter_ns()
    outside.start()
    await asyncio.gather(*map(one, streams))
    end = perf_counter_ns()
    cpu = thread_time_ns() - cpu
    outside.join()
    done = len(latencies)
    return begin, end, cpu, done, latencies.tobytes(), array("q", late).tobytes()
