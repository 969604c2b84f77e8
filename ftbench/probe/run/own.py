"""A copy of the running interpreter, for a cell whose memory is looked at.

PSS splits a page among all processes that map its file: on a common file, the supervisor, the guard
and whatever else runs on this interpreter would bear a part of the cell's weight.
"""

from __future__ import annotations

import os
import sys

OWN = "FTBENCH_OWN_INTERPRETER"  # a variable by which the guard is asked for one
# What this one is a copy of, if it is one.
COMMON: str = getattr(sys, "_base_executable", sys.executable)


def own_interpreter(folder: str) -> str:
    """Put a copy into `folder`, as a virtual environment has it, for children; return its path.

    Where there is no PSS, or nothing in `folder` may be run, it is this interpreter itself.
    """
    if not os.path.exists("/proc/self/smaps_rollup"):
        return sys.executable
    with open("/proc/self/maps", encoding="utf-8", errors="replace") as file:
        maps = [line.split(maxsplit=5) for line in file]
    original = os.path.realpath(COMMON)
    os.mkdir(f"{folder}/bin")
    copy = _copied(original, f"{folder}/bin", maps)
    if not os.access(copy, os.X_OK):  # the file system is mounted noexec
        return sys.executable
    # Workers are started by `sys.executable`, and have the copy and no others' packages too.
    with open(f"{folder}/pyvenv.cfg", "w", encoding="utf-8") as file:
        file.write(f"home = {os.path.dirname(original)}\ninclude-system-site-packages = false\n")
    for library in {line[-1].strip() for line in maps if "/libpython3." in line[-1]}:
        os.environ["LD_PRELOAD"] = _copied(library, folder, maps)  # no other of its name is loaded
    return copy


def _copied(path: str, folder: str, maps: list[list[str]]) -> str:
    """Copy what is mapped of a file: behind that are symbols for debuggers, often most of it."""
    copy, size = f"{folder}/{os.path.basename(path)}", 0
    for span, _access, offset, *_inode, name in maps:
        if name.strip() == path:
            begin, end = (int(address, 16) for address in span.split("-"))
            size = max(size, int(offset, 16) + end - begin)
    with open(path, "rb") as source, open(copy, "xb") as target:
        left = size or os.path.getsize(path)  # all of it where the system has another name for it
        while sent := os.sendfile(target.fileno(), source.fileno(), None, left):
            left -= sent
        os.fchmod(target.fileno(), 0o700)
    return copy
