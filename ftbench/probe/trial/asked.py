"""What a trial's processes are asked: a JSON file, which each of its workers reads.

Imported by every worker and inside subinterpreters: no imports but of what every interpreter has
loaded, JSON aside.
"""

from __future__ import annotations

import json
import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

# Names the file, in the cell and in all that it starts.
ASKED = "FTBENCH_TRIAL"

# Key → what stands for a key that is not there.
DEFAULTS: dict[str, Any] = {
    # "module:function", or "/path/file.py:function", whose source a shim module of that name runs.
    "target": "",
    "path": [],  # put before sys.path: the project's folders, then the packages of this build
    # A file of JSON lines, each [args, kwargs]; or a callable that yields inputs, as target is.
    "inputs": None,
    "inputs_from": None,
    "kwargs": False,  # of inputs_from: whether a dict is the keyword arguments
    "worker_setup": None,  # called once in each worker, without arguments
    "before": None,  # called before each round, untimed, in the parent
    "after": None,
    "check": "equal",  # or "close:1e-9", "module:function" of (result, expected), "none"
    "executor": None,  # a callable of (workers) that makes one
    # The serial twin's results, by `checking`; the serial step writes it, every other step reads.
    "reference": None,
    "calls": 1,  # of a round: the inputs over and over
    "chunk": 1,  # calls handed over at a time
    "seconds": 0.3,  # that warm rounds of a process take together, at least one
    "call_deadline": 30.0,  # seconds of a single call
    "shake": 800,  # calls by several threads at once, to see whether their results differ
    "seed": 0,  # of the shake's orders and switch intervals
}


def read(path: str | None = None) -> dict[str, Any]:
    """Return what is asked, each key with its value."""
    with open(path or os.environ[ASKED], encoding="utf-8") as file:
        return {**DEFAULTS, **json.load(file)}
