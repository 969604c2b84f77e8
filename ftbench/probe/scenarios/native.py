"""native: threads whose work is native code that lets go of the GIL.

N threads do the same amount of work each, N = 1, 2, 4 and 8, in turn with the main thread that
does one such amount alone; what the metrics are, `scaling` says.  The work is one long call at a
time into OpenSSL (`hashlib.sha256`), zlib (`zlib.compress`) or SQLite (a query over a table in
memory); each thread has data, and a database, of its own.

Shows that for such work threads scale on every build, and what little a GIL still costs them;
where they do not, the native library itself holds them up.  Does not show short calls, at which
the GIL changes hands more often than it pays, nor disks: nothing here waits for one.

Source: the articles on threads against processes, all of which make the exception and none of
which measures it.
"""

from __future__ import annotations

from dataclasses import replace

from ftbench.probe.libraries import WORK, do, get_ready, library
from ftbench.probe.run.document import Outcome
from ftbench.probe.scaling import WORKER, scaled
from ftbench.probe.scenarios.base import Cell, Param, Scenario
from ftbench.probe.teams import Member

# What a thread does in a round: some 10 ms.
UNITS = 8

PARAMS = {
    "work": Param(default="sha256", choices=tuple(WORK)),
    "workers": Param(default=8),
}


def run(cell: Cell) -> Outcome:
    """Measure one cell; `workers` are the most threads that it has.

    Raises `NotAvailableError` if this build lacks the module.
    """
    work = cell.params["work"]
    behind = library(work)
    units = cell.more(UNITS)
    get_ready(work)
    outcome = scaled(
        cell,
        of=work,
        member=Member(role=WORKER, run=(do, (work, units)), prepare=(get_ready, (work,))),
        units=UNITS,
        # Which bytes a text is compressed to is the library's affair: the serial twin says.
        expected=do(work, units)[-1],
    )
    return replace(outcome, notes=outcome.notes | {"library": behind})


NATIVE = Scenario(
    name="native",
    version="1",
    title="1 to N threads in native code that lets go of the GIL",
    params=PARAMS,
    run=run,
    modes=("threads",),
    slowed=("serial", "unit_1", "unit_2", "unit_4", "unit_8", "cpu"),
)
