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
        if not _is_own(name, number):
            mode = "w" if number else "r"
            stream = os.fdopen(number, mode, encoding="utf-8", errors="replace", closefd=False)
            setattr(sys, name, stream)
            setattr(sys, f"__{name}__", stream)


def _is_own(name: str, number: int) -> bool:
    """Tell whether a stream is the interpreter's own, neither closed nor detached."""
    stream = getattr(sys, name)
    try:
        return stream is getattr(sys, f"__{name}__") and stream.fileno() == number
    except (AttributeError, ValueError):
        return False
