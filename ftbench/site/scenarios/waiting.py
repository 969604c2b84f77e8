"""What it costs to wait for others, alone or with work beside it."""

from __future__ import annotations

from typing import Final

from ftbench.analysis.comparison import Metric
from ftbench.analysis.metrics import tracked
from ftbench.site.ladders import BY_CRUNCHERS, BY_UNDER_WAY
from ftbench.site.sections import Beside, GridView, Group, Section


def _hybrid(name: str, title: str) -> Metric:
    return tracked("hybrid.Hybrid", name, title)


def _io(delay: int, *, folded: bool = False) -> GridView:
    def metric(name: str, title: str) -> Metric:
        return tracked("io.Io", name, title, delay=str(delay))

    return GridView(
        metric=metric("cpu", f"CPU per request, answers after {delay} ms"),
        rungs=BY_UNDER_WAY,
        beside=(
            Beside(metric=metric("request", "time per request"), heading="time per request"),
            Beside(metric=metric("p50", "latency"), heading="latency, p50"),
            Beside(metric=metric("p99", "latency"), heading="latency, p99"),
            Beside(metric=metric("pss", "memory"), heading="memory, PSS"),
        ),
        key="Latency is that of the open loop, 2 000 requests a second, and counts from when a "
        "request was to be sent. CPU and memory are the clients' alone.",
        folded=folded,
    )


WAITING: Final = Group(
    title="Waiting",
    sections=(
        Section(
            name="io",
            title="Many requests under way",
            question="What does it cost to wait for many answers at once?",
            shows="64 or 512 connections to servers of ours, which answer after a delay. In a "
            "closed loop each asks again when it has its answer: time and CPU per request. In an "
            "open one requests arrive at times fixed beforehand, so that who is late is late: "
            "latencies.",
            hides="A network: everything is on the loopback, and servers share the cores with "
            "clients. Nobody is faster than delay / connections: 313 µs a request with 20 ms and "
            "64, 39 µs with 512; the CPU that it takes tells the modes apart.",
            views=(_io(20), _io(1, folded=True)),
        ),
        Section(
            name="hybrid",
            title="Fetching and crunching",
            question="What does it cost to fetch in threads and to crunch in something else?",
            shows="Eight threads wait 10 ms for each item and put it into a queue with room for "
            "16; workers take items and compute for some 1.5 ms with each. Fetching alone would "
            "take 1.25 ms an item: one core is too few to keep up, two are enough.",
            hides="Large items and many connections. Queues of subinterpreters look every 10 ms.",
            views=(
                GridView(
                    metric=_hybrid("item", "time per item, 8 threads fetch"),
                    rungs=BY_CRUNCHERS,
                    beside=(
                        Beside(metric=_hybrid("cpu", "CPU per item"), heading="CPU per item"),
                        Beside(metric=_hybrid("wait_p99", "in the queue"), heading="in queue, p99"),
                        Beside(metric=_hybrid("fetch_p99", "a fetch"), heading="a fetch, p99"),
                    ),
                    key="In the queue is an item from before it is put until a worker has it. A "
                    "fetch waits 10 ms; what is more, its thread waited to run again.",
                ),
            ),
        ),
    ),
)
