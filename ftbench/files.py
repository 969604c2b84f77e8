"""Where ftbench keeps what it may lose: builds, downloads, what interpreters said of themselves."""

from __future__ import annotations

import os
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
