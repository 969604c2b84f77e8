"""Runs many small cells of one mode in one process of a given interpreter, warnings being errors.

The loops, the sets, the locks and the queues are the real ones; only the number of operations is
small, so that all of a mode's cells take a second or two.
"""

from __future__ import annotations

import json
import subprocess
from collections.abc import Sequence
from typing import Any

from probing import environment

from ftbench.facts.modes import Mode
from ftbench.pythons import Interpreter

OPERATIONS, MANAGED_OPERATIONS, GROWN = 256, 12, 500

_SMALL_CELLS = """
import json, sys
from ftbench.probe.workers.base import Deadline
from ftbench.facts.modes import mode_named
from ftbench.facts.profiles import profile_named
from ftbench.probe.scenarios.base import Cell
from ftbench.probe.scenarios import shared_set, sharded_writers
from ftbench.probe.scenarios.table import scenario_named
name, mode, most, cells = json.loads(sys.argv[1])
shared_set.OPERATIONS, shared_set.MANAGED_OPERATIONS, shared_set.GROWN = most
sharded_writers.OPERATIONS, sharded_writers.POLLED_OPERATIONS = most[0], 8
scenario, mode, outcomes = scenario_named(name), mode_named(mode), []
for params in cells:
    params, roles = scenario.parse(params), {}
    outcome = scenario.run(Cell(
        mode=mode,
        params=params,
        profile=profile_named("rounds=2"),
        deadline=Deadline(50),
        observe=lambda _phase, _seconds, seen: roles.update(seen),
    ))
    outcomes.append({
        "metrics": {name: vars(metric) for name, metric in outcome.metrics.items()},
        "invariants": [vars(each) for each in outcome.invariants],
        "notes": outcome.notes,
        "roles": sorted(roles.values()),
    })
print(json.dumps(outcomes))
"""


def small_cells(
    python: Interpreter, scenario: str, mode: Mode, cells: Sequence[dict[str, Any]]
) -> list[dict[str, Any]]:
    """Return what each cell came to: its metrics, invariants, notes and the roles looked at."""
    most = [OPERATIONS, MANAGED_OPERATIONS, GROWN]
    request = json.dumps([scenario, mode.name, most, list(cells)])
    done = subprocess.run(
        [str(python.executable), "-W", "error", "-P", "-c", _SMALL_CELLS, request],
        capture_output=True,
        check=False,
        encoding="utf-8",
        env=environment(),
        timeout=90,
    )
    assert (done.returncode, done.stderr) == (0, ""), done.stderr
    found: list[dict[str, Any]] = json.loads(done.stdout)
    return found
