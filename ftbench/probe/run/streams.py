"""The standard streams of a program of ours, whatever hooks of its Python made of them."""

from __future__ import annotations

import os
import sys

# What a program ends with that has lost one: there is nowhere to say it.
NO_STREAMS = 97
_KIND, _PIPE = 0o170000, 0o010000


def take() -> None:
    """Have standard streams be those of this process, all pipes; without them it ends."""
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        try:
            is_ours = os.fstat(number).st_mode & _KIND == _PIPE
        except OSError:
            is_ours = False
        if not is_ours:
            os._exit(NO_STREAMS)
        if getattr(sys, name) is None or getattr(sys, name) is not getattr(sys, f"__{name}__"):
            mode = "w" if number else "r"
            stream = os.fdopen(number, mode, encoding="utf-8", errors="replace", closefd=False)
            setattr(sys, name, stream)
            setattr(sys, f"__{name}__", stream)
