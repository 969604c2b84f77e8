"""Interpreters and archives that are none, for tests that must not take minutes."""

from __future__ import annotations

import io
import os
import sys
import tarfile
from collections.abc import Sequence
from pathlib import Path


def script(path: Path, text: str) -> Path:
    """Write an executable shell script."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return path


def base_executable() -> Path:
    """The interpreter that runs the tests, without its virtual environment."""
    return Path(os.path.realpath(sys.executable))


def fake_sources(
    path: Path,
    *,
    configure: str = "",
    make: str = "",
    python: str = "",
    objects: Sequence[str] = (),
) -> Path:
    """Write a tarball whose configure and make take no time and install a fake python3."""
    python = python or f'exec {base_executable()} "$@"'
    # As CPython's has them: one a line.
    listed = "".join(f" \\\\\\n\\t{each}" for each in objects)
    makefile = "\\n".join(
        [
            *([f"PYTHON_OBJS={listed}", ""] if objects else []),
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
