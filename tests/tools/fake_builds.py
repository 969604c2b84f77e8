"""Builds and interpreters that are none, and a machine that has just those which a test names."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from asv.config import Config

from ftbench.asv import patches
from ftbench.asv.environment import CPythonEnvironment
from ftbench.pythons import Interpreter, Origin, PythonBuild
from ftbench.releases import Release

RECORD: dict[str, Any] = {
    "implementation": "CPython",
    "version": "3.14.2",
    "packager": "source",
    "free_threaded": False,
    "debug": False,
    "pgo": False,
    "lto": False,
    "jit": "none",
    "tail_call": False,
    "pystats": False,
    "compiler": "GCC 12.2.0",
    "configure_args": [],
    "code_flags": ["-O3", "-fvisibility=hidden"],
    "libc": "glibc 2.36",
    "platform": "linux-x86_64",
    "revision": "",
}


def fake_build(**changes: Any) -> PythonBuild:
    return PythonBuild.from_record({**RECORD, **changes})


def fake_interpreter(path: str = "/opt/python/bin/python3", **changes: Any) -> Interpreter:
    return Interpreter(
        executable=Path(path),
        prefix=Path(path).parent.parent,
        build=fake_build(**changes),
        origin=Origin.FOLDER,
    )


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
