"""A machine that has just the builds which a test names, as asv's environments see it."""

from __future__ import annotations

from collections.abc import Callable

from asv.config import Config
from fake_builds import fake_interpreter

from ftbench.asv import patches
from ftbench.asv.environment import CPythonEnvironment
from ftbench.pythons import Interpreter
from ftbench.releases import Release

PLAIN, OPTIMIZED = "source-gcc12", "source-gcc12-pgo-lto"
Install = Callable[..., None]


def interpreter(name: str, *, optimized: bool = False, path: str = "/opt/py") -> Interpreter:
    """An interpreter that is none: `3.14.2t` is the free-threaded build."""
    return fake_interpreter(
        path,
        version=name.removesuffix("t"),
        free_threaded=name.endswith("t"),
        pgo=optimized,
        lto=optimized,
    )


def chosen(conf: Config, *specs: str) -> list[CPythonEnvironment]:
    return list(patches.get_environments(conf, specs))


def names(environments: list[CPythonEnvironment]) -> list[tuple[str, str]]:
    return [(each.arm.name, each.flavour) for each in environments]


def commit(name: str) -> str:
    return Release.parse(name).commit_id
