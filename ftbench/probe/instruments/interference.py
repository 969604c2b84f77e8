"""What else ran on the machine while a cell was measured: CPU time that the kernel gave to others.

Only Linux tells; elsewhere nothing is recorded.
"""

from __future__ import annotations

import os
import re
import time
from typing import Any, NamedTuple

from ftbench.errors import UsageError
from ftbench.probe.instruments.clocks import cpu_seconds
from ftbench.probe.instruments.kernel import PROC, Throttled, text_at, throttled
from ftbench.probe.instruments.machine import usable

# A tenth of the cores' time costs a cell that needs them all about as much, and 10 % is the
# smallest change that a full run promises to find.
TAKEN_LIMIT = 0.10
# The kernel counts in ticks of 10 ms, one core after the other: it cannot tell less than five.
_LEAST_SECONDS = 0.05

REPEATS_VARIABLE = "FTBENCH_REPEATS"
# Names the process of a fleet's agent, where one has us measure.
AGENT_VARIABLE = "FTBENCH_FLEET_AGENT"
_MOST_REPEATS = 10


class Look(NamedTuple):
    """One look at the machine; seconds of CPU, over all cores that this process may use."""

    at: float
    own: float  # of this process and the children that it has waited for
    busy: float | None
    stolen: float | None
    cores: int
    throttled: Throttled = Throttled()
    agent: float | None = None  # of it alone, as is told of what else ran


def look() -> Look:
    """Look at the machine now; None for what the system does not say."""
    busy, stolen, cores = _cpu_time()
    return Look(
        at=time.monotonic(),
        own=cpu_seconds(),
        busy=busy,
        stolen=stolen,
        cores=cores,
        throttled=throttled(),
        agent=_agent_seconds(),
    )


def _agent_seconds() -> float | None:
    # In proc(5): utime and stime, the 12th and 13th after the name in brackets.
    agent = os.environ.get(AGENT_VARIABLE, "")
    stat = text_at(PROC / agent / "stat") if agent.isdecimal() else None
    if stat is None:
        return None
    return sum(map(int, stat.rpartition(")")[2].split()[11:13])) / os.sysconf("SC_CLK_TCK")


def _cpu_time() -> tuple[float | None, float | None, int]:
    # Busy and stolen seconds, and of how many cores: those that we may use.  In proc(5): user (with
    # a guest's), nice, system, idle, iowait, irq, softirq, steal, in ticks.
    cpus = usable()
    busy = stolen = cores = 0
    counted = re.finditer(r"^cpu(\d+)((?: +\d+){8,})$", text_at(PROC / "stat") or "", re.MULTILINE)
    for number, text in map(re.Match.groups, counted):
        if cpus is None or int(number) in cpus:
            ticks = [int(field) for field in text.split()]
            stolen += ticks[7]
            busy += sum(ticks[:3]) + ticks[5] + ticks[6]
            cores += 1
    if not cores:
        return None, None, 0
    tick = 1 / os.sysconf("SC_CLK_TCK")
    return busy * tick, stolen * tick, cores


def between(
    before: Look, after: Look, *, tree: float = 0.0, beside: float = 0.0, noticed: str = ""
) -> dict[str, Any]:
    """Return what else ran, as shares of one core; {} where nobody says.

    `tree` is the CPU seconds of the cell's own tree, with processes that nobody waited for;
    `beside` those of what we had running beside it.  `noticed` is what the cell itself saw of it.
    """
    times = after.throttled.times - before.throttled.times
    told = before.busy is not None and after.busy is not None and before.cores == after.cores
    if not told and times <= 0 and not noticed:
        return {}
    seconds = max(after.at - before.at, 1e-9)
    own = max(after.own - before.own, tree) + beside
    foreign = max(0.0, (after.busy or 0.0) - (before.busy or 0.0) - own) if told else 0.0
    stolen = max(0.0, (after.stolen or 0.0) - (before.stolen or 0.0)) if told else 0.0
    withheld = max(0.0, after.throttled.seconds - before.throttled.seconds)
    why = [noticed] if noticed else []
    if foreign + stolen > max(_LEAST_SECONDS, TAKEN_LIMIT * seconds * after.cores):
        used = f"{foreign / seconds:.2f} of {after.cores} cores"
        why.append(f"other programs used {used} meanwhile")
        if round(stolen / seconds, 2):
            why.append(f"the host of this virtual machine took {stolen / seconds:.2f}")
    if times > 0:
        why.append(f"a CPU quota stopped it {times} times, for {withheld:.2f} s in all")
    shares = {"foreign": round(foreign / seconds, 3), "steal": round(stolen / seconds, 3)}
    if before.agent is not None and after.agent is not None:
        shares["agent"] = round((after.agent - before.agent) / seconds, 3)
    return {
        **(shares if told else {}),
        "throttled": round(withheld / seconds, 3),
        "repeats": 0,
        "marked": bool(why),
        "why": ", ".join(why),
    }


def disturbance(interference: dict[str, Any]) -> tuple[bool, float]:
    """Return whether a run is marked, and how much it did not have, in cores."""
    taken = sum(interference.get(kind, 0.0) for kind in ("foreign", "steal", "throttled"))
    return interference.get("marked", False), taken


def most_repeats(profile: int) -> int:
    """Return how often a run under interference is repeated: `FTBENCH_REPEATS`, else `profile`."""
    text = os.environ.get(REPEATS_VARIABLE)
    if not text:
        return profile
    if not (text.isdecimal() and int(text) <= _MOST_REPEATS):
        raise UsageError(
            f"{REPEATS_VARIABLE} must be a whole number from 0 to {_MOST_REPEATS}, not {text!r}."
        )
    return int(text)
