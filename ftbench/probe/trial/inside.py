"""Calls a user's function in a subinterpreter, for `look`: all that it imports loads in one."""

from __future__ import annotations

import json
import os
import pickle
import traceback

from ftbench.errors import FtbenchError
from ftbench.probe.trial import target
from ftbench.probe.trial.checking import digest

REPORT = "inside.json"  # in TMPDIR


def call(pickled: str) -> None:
    """Call it with what a file has; leave word of what came of it."""
    found: dict[str, object]
    try:
        with open(pickled, "rb") as file:
            item = pickle.load(file)  # noqa: S301 - our own
        target.enter()
        found = {"digest": digest(target.call(item)[0])}
    except BaseException as error:  # noqa: BLE001 - every end must be told
        words = error.message if isinstance(error, FtbenchError) else repr(error)
        found = {"why": [words, getattr(error, "story", "") or traceback.format_exc()]}
    with open(os.path.join(os.environ["TMPDIR"], REPORT), "w", encoding="utf-8") as report:
        json.dump(found, report)
