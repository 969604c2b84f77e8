"""A repository that finds the same interpreters on every machine; also copied as an asv plugin."""

import types
from collections.abc import Iterator
from typing import Any

from ftbench.asv.repository import CPythonRepo
from ftbench.releases import Release


class FixedRepo(CPythonRepo):
    """Chosen by `"dvcs": "cpython-fixed"`."""

    dvcs = "cpython-fixed"

    def __init__(self, url: str, path: str) -> None:
        super().__init__(url, path, find_installed=installed)


def installed() -> Iterator[Any]:
    """Yield three free-threaded interpreters."""
    for name in ("3.13.5", "3.13.15", "3.14.2"):
        build = types.SimpleNamespace(release=Release.parse(name), free_threaded=True)
        yield types.SimpleNamespace(build=build)
