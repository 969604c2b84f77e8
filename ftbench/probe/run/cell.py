"""Runs one cell in this process, which `guard` started for this alone.

The request is JSON, the one argument or else the first line of standard input; events go out as
JSON behind `MARK` on what was standard output (what a worker prints goes to standard error); a line
on standard input answers those that ask, "observe" and "slice".  In a duel a slice is the other
side's turn, and the line says `GO` as long as there is to be another round.
"""

from __future__ import annotations

import json
import os
import sys
import time
import warnings
from collections.abc import Callable
from typing import Any, NoReturn

from ftbench.errors import FtbenchError, GilStateError, NotAvailableError
from ftbench.facts.modes import mode_named
from ftbench.facts.profiles import DUEL, profile_named
from ftbench.probe.instruments import constants
from ftbench.probe.instruments.build import build_record, gil_enabled, jit_enabled
from ftbench.probe.run import GO, MARK, streams
from ftbench.probe.run.observing import ask, observe_through
from ftbench.probe.run.outcome import Outcome
from ftbench.probe.scenarios.base import Cell, Scenario, scenario_named
from ftbench.probe.workers import unavailable
from ftbench.probe.workers.base import Deadline

Send = Callable[[str], None]

# Seconds from one slice of the measuring stick to the next, at least, and how that grows.
SLICE_APART, SLICE_RARER = 0.02, 1.3


def _channel() -> Send:
    out = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # from now on, prints go to standard error

    def send(line: str) -> None:
        out.write(line)
        out.flush()

    return send


def _tell(send: Send, event: dict[str, Any]) -> None:
    send(f"{MARK}{json.dumps(event)}\n")


def stick_through(send: Send, *, duel: bool = False) -> Callable[..., bool]:
    """Return what has the stick, or the other side of a duel, do a slice; see `Cell.stick`."""
    taken, due = 0, 0.0

    def stick(begun: int | None = None, *, now: bool = False) -> bool:
        nonlocal taken, due
        if not (duel or now or time.perf_counter() >= due):
            return False
        event = {"event": "slice", "pid": os.getpid(), "round": begun}
        answer = ask(send, json.dumps(event))
        taken += 1
        # Ever more seldom, so that a long cell has slices to its end, and none has many.
        due = time.perf_counter() + SLICE_APART * SLICE_RARER**taken
        return duel and answer != GO

    return stick


def _remember_gil_warnings() -> list[str]:
    kept: list[str] = []

    def show(message: Warning | str, *_rest: Any, **_more: Any) -> None:
        if "global interpreter lock" in str(message):
            kept.append(str(message))

    # CPython says so when an import switches the GIL on.
    warnings.simplefilter("always", RuntimeWarning)
    warnings.showwarning = show
    return kept


def check_gil(*, asked: bool, before: bool, after: bool, gil_warnings: list[str]) -> None:
    """Raise `GilStateError` unless the GIL was as asked for, before and after."""
    words = {True: "on", False: "off"}
    if (before, after) == (asked, asked):
        return
    raise GilStateError(
        f"The GIL was to be {words[asked]}; it was {words[before]} before the measurement and "
        f"{words[after]} after it. The run is thrown away.",
        story="\n".join(gil_warnings),
        hint="A free-threaded build turns its GIL on for an extension module that does not "
        "declare that it can do without, and for PYTHON_GIL=1 or -X gil=1.",
    )


def measure(
    request: dict[str, Any], send: Send, named: Callable[[str], Scenario]
) -> dict[str, Any]:
    """Run the cell that `request` names; return the cell's part of the document."""
    gil_warnings = _remember_gil_warnings()
    before, jit_before = gil_enabled(), jit_enabled()
    mode = mode_named(request["mode"])
    scenario = named(request["scenario"])
    reason = scenario.why_not(mode, request["params"]) or unavailable(mode)
    if reason:
        raise NotAvailableError(f"{mode.title}: not available here: {reason}.")
    profile = profile_named(request["profile"])
    stick = stick_through(send, duel=profile is DUEL)
    cell = Cell(
        mode=mode,
        params=request["params"],
        profile=profile,
        deadline=Deadline(request["deadline"]),
        observe=observe_through(send, profile.interval),
        stick=stick,
        extra=request.get("extra", 0.0),
    )
    stick()
    outcome: Outcome = scenario.run(cell)
    stick(now=True)
    after, folder = gil_enabled(), os.environ.get("TMPDIR")
    check_gil(asked=request["gil"], before=before, after=after, gil_warnings=gil_warnings)
    build = build_record()
    jit = {"asked": request.get("jit", False), "before": jit_before, "after": jit_enabled()}
    if len(set(jit.values())) > 1:
        raise GilStateError(f"The JIT was not as asked for ({jit}). The run is thrown away.")
    return {
        "metrics": {name: metric._asdict() for name, metric in outcome.metrics.items()},
        "invariants": [invariant._asdict() for invariant in outcome.invariants],
        "notes": {
            **outcome.notes,
            **({"extra": cell.extra} if cell.extra else {}),
            "constants": constants.of_loaded_code(),
            "interpreter": "a copy of its own" if sys.prefix == folder else "shared",
        },
        "gil": {"asked": request["gil"], "before": before, "after": after},
        "jit": None if build["jit"] == "none" else jit,
        "build": build,
    }


def _fail(send: Send, error: BaseException) -> int:
    if not isinstance(error, FtbenchError):
        import traceback  # noqa: PLC0415

        story = "".join(traceback.format_exception(error))
        error = FtbenchError(f"The cell failed: {error!r}.", story=story)
    words = {"message": error.message, "story": error.story, "hint": error.hint}
    _tell(send, {"event": "failed", "code": error.exit_code, **words})
    return error.exit_code


def _effort() -> dict[str, Any]:
    from ftbench.probe.instruments import counters  # noqa: PLC0415 - not in what is measured

    pystats = counters.pystats_totals()
    return {**counters.tree_counters(), **({"pystats": pystats} if pystats else {})}


def main(named: Callable[[str], Scenario] = scenario_named) -> NoReturn:
    """Run the cell of the request, send the outcome and end the process."""
    streams.take()
    send = _channel()
    if sys.platform != "win32":
        import faulthandler  # noqa: PLC0415
        import signal  # noqa: PLC0415

        # So that the guard can ask where a hung cell stands.
        faulthandler.register(signal.SIGUSR1, all_threads=True)
    try:
        if hasattr(sys, "_stats_on"):
            from ftbench.probe.instruments import counters  # noqa: PLC0415 - for such builds alone

            counters.begin_pystats()
        on_cpu, ready = time.process_time(), time.monotonic()
        request = json.loads(sys.argv[1] if sys.argv[1:] else sys.stdin.readline())
        # CPU seconds from before anybody looked at what else runs: until then it was not ready yet,
        # or has waited since.  Who was started with its request has done all of it later.
        waited = max(0.0, ready - request.get("looked", 0.0))
        ahead = 0.0 if sys.argv[1:] else max(0.0, on_cpu - waited)
        if request.get("cpus"):
            os.sched_setaffinity(0, request["cpus"])
        document = measure(request, send, named)
        done = {"event": "done", "ahead": ahead, "document": {**document, "effort": _effort()}}
        _tell(send, done)
        code = 0
    except Exception as error:  # noqa: BLE001 - every end must be reported
        # The guard does so too, but not on Windows once this process, their parent, has ended.
        if "multiprocessing" in sys.modules:
            for worker in sys.modules["multiprocessing"].active_children():
                worker.kill()
        code = _fail(send, error)
    # Not sys.exit: a hung thread or worker must not keep the process from ending.
    sys.stderr.flush()
    os._exit(code)
