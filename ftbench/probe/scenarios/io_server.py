"""A server that answers each request after a set delay: `python -m …io_server DELAY_MS`.

It binds a port that the system chooses, on the loopback alone, writes it and the version of Python
to standard output, and ends when its standard input closes.
"""

from __future__ import annotations

import select
import selectors
import socket
import sys
from array import array
from collections import deque
from time import perf_counter_ns, process_time_ns

from ftbench.probe.run import MARK, streams
from ftbench.probe.scenarios.io_requests import ANSWER_BYTES, FIGURES, FIGURES_FORM, HOST, REQUEST

BACKLOG = 1_024
FILLING = bytes(ANSWER_BYTES - REQUEST.size)
_ASKS_FOR_FIGURES = REQUEST.pack(FIGURES)


class Server:
    """A listening socket, its connections, and the answers that are not due yet."""

    def __init__(self, delay: int) -> None:
        """Listen; `delay` is in nanoseconds."""
        self._delay = delay
        # No timers: since every request waits equally long, those that wait are a queue.
        self._due: deque[tuple[int, socket.socket, bytes]] = deque()
        self._late = array("q")
        self._since = perf_counter_ns(), process_time_ns()
        self._listener = socket.create_server((HOST, 0), backlog=BACKLOG)
        self._listener.setblocking(False)
        self._selector = selectors.DefaultSelector()
        self._selector.register(self._listener, selectors.EVENT_READ, self._accept)
        self.port: int = self._listener.getsockname()[1]

    def serve(self, until: int) -> None:
        """Answer until the file `until` can be read; then close all connections."""
        readable: list[int] = []
        self._selector.register(until, selectors.EVENT_READ, readable.append)
        while not readable:
            for key, _ in self._selector.select(self._wait()):
                key.data(key.fileobj)
            self._answer()
        self._selector.unregister(until)
        for key in list(self._selector.get_map().values()):
            key.fileobj.close()  # type: ignore[union-attr]  # they are all sockets
        self._selector.close()

    def _wait(self) -> float | None:
        # How long the selector may wait, None for ever.  One of Linux counts in milliseconds;
        # `select` counts in microseconds, and can wait for the selector.
        if not self._due:
            return None
        seconds = max(0, self._due[0][0] - perf_counter_ns()) * 1e-9
        if not hasattr(self._selector, "fileno"):
            return seconds
        select.select([self._selector.fileno()], [], [], seconds)
        return 0

    def _accept(self, listener: socket.socket) -> None:
        connection, _address = listener.accept()
        connection.setblocking(False)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._selector.register(connection, selectors.EVENT_READ, self._read)

    def _read(self, connection: socket.socket) -> None:
        try:
            # A client has one request under way, and eight bytes are never cut in two.
            asked = connection.recv(REQUEST.size)
        except OSError:
            asked = b""
        if len(asked) < REQUEST.size:
            self._selector.unregister(connection)
            connection.close()
        elif asked == _ASKS_FOR_FIGURES:
            connection.sendall((asked + self._figures()).ljust(ANSWER_BYTES, b"\0"))
        else:
            self._due.append((perf_counter_ns() + self._delay, connection, asked))

    def _answer(self) -> None:
        due, late = self._due, self._late.append
        now = perf_counter_ns()
        while due and due[0][0] <= now:
            at, connection, asked = due.popleft()
            try:
                connection.send(asked + FILLING)
            except OSError:
                continue  # a client that is gone wants no answer
            now = perf_counter_ns()
            late(now - at)

    def _figures(self) -> bytes:
        now, cpu = perf_counter_ns(), process_time_ns()
        before, cpu_before = self._since
        late, self._late = self._late, array("q")
        self._since = now, cpu
        return FIGURES_FORM.pack(len(late), cpu - cpu_before, now - before, max(late, default=0))


def main() -> None:
    """Serve with the delay in milliseconds that the command line says."""
    server = Server(int(sys.argv[1]) * 1_000_000)
    streams.take()
    print(f"{MARK}{server.port} {sys.version.split()[0]}", flush=True)
    server.serve(sys.stdin.fileno())


if __name__ == "__main__":
    main()
