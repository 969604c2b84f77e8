"""Files: where ftbench keeps what it may lose, and how it writes what nobody may see half of."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Mapping
from pathlib import Path

import platformdirs


def cache_folder(environ: Mapping[str, str] | None = None) -> Path:
    """Return FTBENCH_CACHE, else the user's cache folder of ftbench; it need not exist."""
    named = (os.environ if environ is None else environ).get("FTBENCH_CACHE")
    return Path(named).absolute() if named else platformdirs.user_cache_path("ftbench")


def builds_folder(environ: Mapping[str, str] | None = None) -> Path:
    """Return the folder whose every folder is a finished, checked build of CPython."""
    return cache_folder(environ) / "builds"


def write_whole(path: Path, text: str) -> None:
    """Write a file whole or not at all, whatever ends us; raises `OSError` if it cannot be."""
    with tempfile.TemporaryDirectory(dir=path.parent, prefix=f".{path.name}-") as folder:
        staged = Path(folder) / path.name
        staged.write_text(text, encoding="utf-8", newline="\n")
        staged.replace(path)
