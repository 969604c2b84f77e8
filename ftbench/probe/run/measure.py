"""Measures one cell: starts the probe's clean process under its guard, observer and stick."""

from __future__ import annotations

import atexit
import json
import os
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import replace
from datetime import UTC, datetime
from functools import lru_cache, partial
from pathlib import Path
from typing import Any

from ftbench.errors import DeadlineError, GilStateError, NotAvailableError, UsageError
from ftbench.facts.modes import mode_named
from ftbench.facts.profiles import current_profile, profile_named
from ftbench.probe import scenarios
from ftbench.probe.instruments.build import JIT_VARIABLE, jit_enabled
from ftbench.probe.instruments.constants import MORTAL
from ftbench.probe.instruments.interference import between, disturbance, look, most_repeats
from ftbench.probe.instruments.machine import PINNED, load, machine_record, placed
from ftbench.probe.run.child import clean_environment
from ftbench.probe.run.document import Measurement, Switch
from ftbench.probe.run.outcome import Invariant, Metric, Outcome
from ftbench.probe.run.own import OWN
from ftbench.probe.run.programs import (
    PACKAGE_PARENT,
    Event,
    Guarded,
    Stick,
    Watcher,
    host_python,
)
from ftbench.probe.scenarios.base import Scenario, scenario_named
from ftbench.probe.workers.engines import ENVIRONMENT

DEADLINE_SECONDS = 60.0
_MOST_DEADLINE_SECONDS = 86_400.0
CELL = "from ftbench.probe.run.cell import main; main()"
# So old may a process be that was started ahead of its request: its guard counts from its start.
_AHEAD_SECONDS = 10.0
PROGRAMS = Path(scenarios.__file__).parent
GIL_VARIABLE = "PYTHON_GIL"


def utc_now() -> str:
    """Return the time as documents have it: UTC, ISO 8601, to the second."""
    return datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def check_deadline(seconds: float) -> None:
    """Raise `UsageError` for a deadline out of range."""
    if not 0 < seconds <= _MOST_DEADLINE_SECONDS:
        raise UsageError(
            f"The deadline must be above 0 and at most {_MOST_DEADLINE_SECONDS:g} seconds, "
            f"not {seconds:g}."
        )


def gil_asked(*, gil: bool | None, environ: Mapping[str, str]) -> tuple[bool, dict[str, str]]:
    """Return the GIL state asked for and its variables; raises `GilStateError` if it cannot be."""
    import sysconfig  # noqa: PLC0415

    free_threaded = bool(sysconfig.get_config_var("Py_GIL_DISABLED"))
    if gil is None:
        # Empty is unset, as for CPython itself.
        word = sys._xoptions.get("gil") or environ.get(GIL_VARIABLE)  # noqa: SLF001 - documented
        gil = word != "0" if word else not free_threaded
    if not free_threaded:
        if not gil:
            raise GilStateError(
                "This build of CPython cannot run without its GIL.",
                hint="Use a free-threaded build, such as 3.14t: ftbench pythons install 3.14t",
            )
        return True, {}
    return gil, {GIL_VARIABLE: "1" if gil else "0"}


def may_switch(scenario: Scenario, mode: str) -> bool:
    """Tell whether a cell loads modules that may switch the GIL on, which PYTHON_GIL=0 hides."""
    return scenario.extensions or mode_named(mode).engine is not None


def bytecode() -> dict[str, str]:
    """Return the variable by which a cell writes bytecode, where beside the sources it cannot."""
    for source in map(Path, (__file__, json.__file__)):
        folder = source.parent / "__pycache__"
        there = folder / f"{source.stem}.{sys.implementation.cache_tag}.pyc"
        if not there.exists() and not os.access(
            folder if folder.exists() else source.parent, os.W_OK
        ):
            home = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
            cache = os.environ.get("FTBENCH_CACHE") or Path(home) / "ftbench"
            return {"PYTHONPYCACHEPREFIX": str(Path(cache, "bytecode").absolute())}
    return {}


def _environment(variables: Mapping[str, str], scenario: Scenario) -> dict[str, str]:
    own = {OWN: "1", ENVIRONMENT: sys.prefix} if scenario.from_observation else {}
    extra = {**variables, **bytecode(), **own}
    # PYTHONPATH is the caller's, and the child does not get it.
    of_caller = map(os.path.abspath, os.environ.get("PYTHONPATH", "").split(os.pathsep))
    if own or str(PACKAGE_PARENT) not in set(sys.path[1:]).difference(of_caller):
        extra["PYTHONPATH"] = str(PACKAGE_PARENT)
    if JIT_VARIABLE in os.environ:
        extra[JIT_VARIABLE] = os.environ[JIT_VARIABLE]
    return clean_environment(os.environ, extra)


def measure(
    scenario: str,
    *,
    mode: str = "threads",
    params: Mapping[str, int | str] | None = None,
    profile: str | None = None,
    gil: bool | None = None,
    deadline: float = DEADLINE_SECONDS,
    observer: str | None = None,
    extra: float = 0.0,
) -> Measurement:
    """Run one cell of `scenario` in a clean child of this interpreter; return all its metrics.

    `deadline` is in seconds; `observer` is the host's Python (default: `FTBENCH_HOST_PYTHON`, then
    this one); `extra` is a share of more work at the same nominal cost, see `Scenario.slowed`.  Of
    runs that other programs disturb the least disturbed is returned.  Raises `UsageError`,
    `NotAvailableError`, `WorkerFailedError`, `DeadlineError` or `GilStateError`.
    """
    chosen = scenario_named(scenario)
    values = chosen.parse(params or {})
    check_deadline(deadline)
    check_extra(chosen, extra)
    asked, variables = gil_asked(gil=gil, environ=os.environ)
    if may_switch(chosen, mode) and not asked:
        variables = {}
    chosen_profile = profile_named(profile) if profile else current_profile()
    request = {
        "scenario": chosen.name,
        "mode": mode_named(mode).name,
        "params": values,
        "profile": chosen_profile.name,
        "gil": asked,
        "jit": jit_enabled(),  # of this process: the cell has the same variable
        "deadline": deadline,
        "extra": extra,
        "cpus": placed(os.environ),
    }
    limit = most_repeats(chosen_profile.repeats)
    end = time.monotonic() + deadline
    best = _once(chosen, request, variables, observer)
    if best.notes.get("constants") == MORTAL and 2 * best.elapsed < end - time.monotonic():
        # By now it has written the bytecode whose lack is the cause: the caller may not do so.
        again = {**request, "deadline": end - time.monotonic()}
        best = _once(chosen, again, variables, observer)
    repeats = 0
    # The deadline is for all of them together, and what has been measured is not lost to it.
    while (
        best.interference.get("marked")
        and repeats < limit
        and 2 * best.elapsed < end - time.monotonic()
    ):
        repeats += 1
        again = {**request, "deadline": end - time.monotonic()}
        try:
            runs = best, _once(chosen, again, variables, observer)
            best = min(runs, key=lambda run: disturbance(run.interference))
        except DeadlineError:
            break
    if not best.interference:
        return best
    return replace(best, interference={**best.interference, "repeats": repeats})


def check_extra(scenario: Scenario, extra: float) -> None:
    """Raise `UsageError` for a share out of range, `NotAvailableError` where none can be added."""
    if not 0 <= extra <= 1:
        raise UsageError(f"The extra work must be a share from 0 to 1, not {extra:g}.")
    if extra and not scenario.slowed:
        raise NotAvailableError(f"{scenario.name} has no work of which a share more could be done.")


def _guarded(words: Sequence[str], environ: Mapping[str, str], deadline: float) -> Guarded:
    return Guarded(
        [sys.executable, "-P", *(words or ("-c", CELL))],
        environ=environ,
        deadline=deadline,
        name="cell",
        hint="Where each of its threads stood is written above.",
    )


# When it was started, with which variables.
_ahead: list[tuple[float, Mapping[str, str], Guarded]] = []


def start_ahead(scenario: str) -> None:
    """Start the process of the next cell, of `scenario` perhaps, while who asks is busy."""
    chosen = scenario_named(scenario)
    if _ahead or chosen.program:
        return  # of which each has one of its own
    environ = _environment(gil_asked(gil=None, environ=os.environ)[1], chosen)
    with suppress(NotAvailableError):
        cell = _guarded((), environ, DEADLINE_SECONDS + _AHEAD_SECONDS)
        _ahead.append((time.monotonic(), environ, cell))


def _asked(scenario: Scenario, request: Mapping[str, Any], variables: Mapping[str, str]) -> Guarded:
    """Return a process that has the request, the one that was started ahead if it will do."""
    words, deadline = [], request["deadline"]
    environ = _environment(variables, scenario)
    if scenario.program:
        name, more = scenario.program
        profile = profile_named(request["profile"])
        words = [str(PROGRAMS / name), json.dumps(request), *more(request, profile)]
    while _ahead:
        began, known, cell = _ahead.pop()
        fits = (known, deadline) == (environ, DEADLINE_SECONDS) and not (words or cell.ended)
        if fits and time.monotonic() - began < _AHEAD_SECONDS:
            cell.answer(json.dumps(request))
            return cell
        cell.__exit__()
    cell = _guarded(words, environ, deadline)
    if not words:
        cell.answer(json.dumps(request))
    return cell


def _once(
    scenario: Scenario,
    request: Mapping[str, Any],
    variables: Mapping[str, str],
    observer: str | None,
) -> Measurement:
    stick = None if scenario.counted else measuring_stick()
    before, started_at, begin = load(), utc_now(), time.monotonic()
    calm = look()
    see = scenario.from_observation
    with ExitStack() as stack:
        watcher, unobserved = None, None
        try:
            watcher = stack.enter_context(_watching(observer)) if see else None
        except NotAvailableError as error:
            unobserved = error
        request = {**request, "looked": calm.at}
        cell = stack.enter_context(_asked(scenario, request, variables))
        answering: dict[str, Callable[[Event], None]] = {}
        if stick and stick.name:
            stick.seconds.clear()
            answering["slice"] = stick.slice
        if watcher:
            answering["observe"] = partial(watcher.observe, deadline=cell.deadline)
        document = cell.document(answering)
    observed = Outcome()
    if watcher:
        if watcher.gone:  # the cell should have found the same, and knows the worker's story
            raise watcher.gone
        unobserved = watcher.lacking
    if unobserved:
        if not document["metrics"]:
            raise unobserved
        observed = Outcome(notes={"unobserved": unobserved.message})
    elif see and watcher:
        observed = see(watcher.phases, int(request["params"].get("workers", 1)))
    metrics = {name: Metric(**metric) for name, metric in document["metrics"].items()}
    metrics |= observed.metrics
    scenario.check(metrics, observed=unobserved is None)
    effort, speed = document.get("effort", {}), stick.speed() if stick else {}
    return Measurement(
        scenario=scenario.name,
        mode=request["mode"],
        params=request["params"],
        profile=request["profile"],
        metrics=metrics,
        invariants=tuple(Invariant(**invariant) for invariant in document["invariants"]),
        gil=Switch(**document["gil"]),
        jit=Switch(**jit) if (jit := document.get("jit")) else None,
        build=document["build"],
        machine={**machine_record(), "pinned": PINNED if request["cpus"] else "no"},
        load=(before, load()),
        started_at=started_at,
        elapsed=round(time.monotonic() - begin, 3),
        notes=document["notes"] | observed.notes,
        effort=effort,
        pinned=PINNED if request["cpus"] else None,
        interference={}
        if scenario.counted
        else between(
            calm,
            look(),
            tree=effort.get("cpu_seconds", 0.0),
            beside=speed.get("seconds", 0.0) * speed.get("slices", 0)
            + (watcher.cpu if watcher else 0.0)
            - cell.event.get("ahead", 0.0),
            noticed=document["notes"].get("disturbed", ""),
        ),
        speed=speed,
    )


_idle: dict[str, Watcher] = {}


@contextmanager
def _watching(observer: str | None) -> Iterator[Watcher]:
    """Lend the observer of all cells; after a cell that went wrong, the next gets another."""
    python = observer or host_python()
    watcher = _idle.pop(python, None)
    if watcher is None or watcher.ended:
        watcher = Watcher(python)
        atexit.register(watcher.__exit__)
    watcher.phases = {}
    watcher.start_cpu = 0.0  # a cell of before had that beside it
    with ExitStack() as stack:
        stack.enter_context(watcher)
        yield watcher
        if not (watcher.gone or watcher.lacking):
            stack.pop_all()
            _idle[python] = watcher


@lru_cache(maxsize=1)
def measuring_stick() -> Stick | None:
    """Return the stick of all cells, for it takes ten slices' time to start; None without one."""
    try:
        stick = Stick()
    except (OSError, NotAvailableError):
        return None
    atexit.register(stick.__exit__)
    return stick
