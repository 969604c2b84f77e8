"""Builds and interpreters that are none, for tests of what is decided by them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ftbench.pythons import Interpreter, Origin, PythonBuild

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
