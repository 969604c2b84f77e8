"""Interpreters and archives that are none, for tests that must not take minutes."""

from __future__ import annotations

import io
import os
import sys
import tarfile
from pathlib import Path
from typing import Any

from ftbench.interpreters import Interpreter, Origin, PythonBuild

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


def script(path: Path, text: str) -> Path:
    """Write an executable shell script."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return path


def base_executable() -> Path:
    """The interpreter that runs the tests, without its virtual environment."""
    return Path(os.path.realpath(sys.executable))


def fake_sources(path: Path, *, configure: str = "", make: str = "", python: str = "") -> Path:
    """Write a tarball whose configure and make take no time and install a fake python3."""
    python = python or f'exec {base_executable()} "$@"'
    makefile = "\\n".join(
        [
            "all:",
            f"\\t@{make or 'true'}",
            "install:",
            "\\tmkdir -p $(DESTDIR)$(PREFIX)/bin $(DESTDIR)$(PREFIX)/share",
            "\\tcp $(SOURCE)/python3 $(DESTDIR)$(PREFIX)/bin/python3",
            "",
        ]
    )
    text = f"""#!/bin/sh
{configure}
for word in "$@"; do case $word in --prefix=*) prefix=${{word#--prefix=}};; esac; done
printf 'PREFIX = %s\\nSOURCE = %s\\n' "$prefix" "$(dirname "$0")" > Makefile
printf '{makefile}' >> Makefile
"""
    with tarfile.open(path, "w:xz") as archive:
        for name, content in (("configure", text), ("python3", f"#!/bin/sh\n{python}\n")):
            member = tarfile.TarInfo(f"Python-0/{name}")
            member.size, member.mode = len(content.encode()), 0o755
            archive.addfile(member, io.BytesIO(content.encode()))
    return path
