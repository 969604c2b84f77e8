"""What a system may lack: how errors say so, of any process, and the setting that would help."""

from __future__ import annotations

import errno
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from typing import NamedTuple

from ftbench.errors import NotAvailableError
from ftbench.probe.instruments.kernel import cgroups, text_at
from ftbench.probe.run.document import quantity

_SHARED_MEMORY = Path("/dev/shm")  # noqa: S108 - where Linux keeps it, and its semaphores
_LONGEST = 200  # characters of an error's line


def _limit(letter: str, name: str) -> Iterator[str]:
    with suppress(ImportError):  # POSIX only
        import resource  # noqa: PLC0415

        limit, _ = resource.getrlimit(getattr(resource, name))
        if limit != resource.RLIM_INFINITY:
            yield f"ulimit -{letter} is {limit}"


def _tasks() -> Iterator[str]:
    if os.name == "posix" and os.geteuid():  # it does not bind root
        yield from _limit("u", "RLIMIT_NPROC")
    limits = [text_at(folder / "pids.max") for folder in cgroups("pids")]
    if tightest := min((int(text) for text in limits if text and text.isdecimal()), default=0):
        yield f"pids.max is {tightest}"


def _room() -> Iterator[str]:
    for place in (str(_SHARED_MEMORY), tempfile.gettempdir()):
        with suppress(OSError, AttributeError):  # Windows has no `statvfs`
            found = os.statvfs(place)
            yield f"{place} has room for {quantity(found.f_bavail * found.f_frsize, 'bytes')}"


def _no_semaphores() -> Iterator[str]:
    try:
        import_module("_multiprocessing").SemLock(0, 1, 1, f"/ftbench-{os.getpid()}", True)
    except (ImportError, AttributeError):
        yield "this CPython was built without"
    except OSError as error:
        missing = f"{_SHARED_MEMORY} is missing"
        yield str(error.strerror) if _SHARED_MEMORY.exists() else missing


class Lack(NamedTuple):
    """Something that a system may lack; `known` yields what is known of it here."""

    signs: str  # in the last line of a traceback, as a regular expression
    says: str
    helps: str
    known: Callable[[], Iterator[str]]
    proven: bool = False  # its signs say too little: it is lacking if `known` yields something


# Of any program, and then those that are of cells.
OF_PROGRAMS = (
    Lack(
        rf"can't start new thread|can't fork|\[Errno {errno.EAGAIN}\]",
        "the system gives no more processes or threads",
        "What limits them: ulimit -u, pids.max of a cgroup (a container's --pids-limit), memory.",
        _tasks,
    ),
    Lack(
        rf"\[Errno ({errno.EMFILE}|{errno.ENFILE})\]",
        "no more files can be opened",
        "The limit is the shell's: ulimit -n",
        lambda: _limit("n", "RLIMIT_NOFILE"),
    ),
    Lack(
        rf"MemoryError|failed to map segment|\[Errno {errno.ENOMEM}\]",
        "the system gives no more memory",
        "The limit is the shell's: ulimit -v",
        lambda: _limit("v", "RLIMIT_AS"),
        proven=True,
    ),
    Lack(
        # Of a semaphore no file is named.
        r"semaphore|synchronize|sem_open|'/psm_"
        rf"|\[Errno ({errno.ENOENT}|{errno.EACCES}|{errno.ENOSYS})\][^:]*$",
        "this system has no POSIX semaphores or shared memory",
        "They need a tmpfs at /dev/shm that may be written to.",
        _no_semaphores,
        proven=True,
    ),
)
_LACKS = (
    *OF_PROGRAMS,
    Lack(
        rf"\[Errno ({errno.ENOSPC}|{errno.EDQUOT})\]",
        "there is no room left",
        "More of /dev/shm: a container's --shm-size. Another temporary folder: TMPDIR.",
        _room,
    ),
    Lack(
        rf"path too long|\[Errno {errno.ENAMETOOLONG}\]",
        "the path of the temporary folder is too long for a socket",
        "Name a shorter one: TMPDIR",
        lambda: iter((tempfile.gettempdir(),)),
    ),
)


def lacking(text: str, among: tuple[Lack, ...] = _LACKS) -> NotAvailableError | None:
    """Return the error for what the system lacks by the errors in `text`, None if they say none."""
    lines = [line.rstrip() for line in text.splitlines() if line[:1].strip()]
    for lack in among:
        said = next((line for line in lines if re.search(lack.signs, line)), None)
        known = list(lack.known()) if said else []
        if said and (known or not lack.proven):
            details = "; ".join(known if lack.proven else [*known, said[:_LONGEST]])
            says = f"Not available here: {lack.says} ({details})."
            return NotAvailableError(says, hint=lack.helps)
    return None


_LOADED_SECONDS = 20.0


def load_numpy() -> None:
    """Load what has a BLAS while there is most room, where memory is limited.

    Raises `NotAvailableError` where it would ask for it for ever.
    """
    limited = lacking("MemoryError")
    if limited is None:
        return
    modules = "numpy", "scipy.special"
    command = [sys.executable, "-c", f"import {', '.join(modules)}"]
    with suppress(ImportError, OSError):
        try:
            subprocess.run(command, timeout=_LOADED_SECONDS, capture_output=True, check=False)
        except subprocess.TimeoutExpired:
            raise limited from None
        for name in modules:
            import_module(name)
