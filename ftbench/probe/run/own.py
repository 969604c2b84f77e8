"""A copy of the running interpreter, for a cell whose memory is looked at.

PSS splits a page among all processes that map its file: on a common file, the supervisor, the guard
and whatever else runs on this interpreter would bear a part of the cell's weight.
"""

from __future__ import annotations

import os
import sys

TYPE_CHECKING = False  # as in `errors`
if TYPE_CHECKING:
    from collections.abc import MutableMapping

OWN = "own"  # in place of an interpreter in a command for the guard


def own_interpreter(folder: str, environ: MutableMapping[str, str]) -> str:
    """Put a copy into `folder`, as a virtual environment has it; return its path.

    `environ` gets what its processes need.  Where there is no PSS, or nothing in `folder` may be
    run, it is this interpreter itself.
    """
    if not os.path.exists("/proc/self/smaps_rollup"):
        return sys.executable
    import re  # noqa: PLC0415 - guards of other cells do without
    import shutil  # noqa: PLC0415

    # Workers are started by `sys.executable`, so that they have the copy too.
    original = os.path.realpath(getattr(sys, "_base_executable", sys.executable))
    copy = f"{folder}/bin/{os.path.basename(original)}"
    os.mkdir(f"{folder}/bin")
    shutil.copy(original, copy)
    if not os.access(copy, os.X_OK):  # the file system is mounted noexec
        return sys.executable
    with open(f"{folder}/pyvenv.cfg", "w", encoding="utf-8") as file:
        file.write(f"home = {os.path.dirname(original)}\n")
    with open("/proc/self/maps", encoding="utf-8", errors="replace") as maps:
        library = re.search(r"/\S+/libpython3\.\S+", maps.read())
    if library:  # of its name another is not looked for
        environ["LD_PRELOAD"] = shutil.copy(library[0], folder)
    return copy
