"""What a source build needs of the machine: make, a C compiler, the headers of four libraries."""

from __future__ import annotations

import os
import platform
import shutil
import sysconfig
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from filelock import FileLock

from ftbench.errors import DeadlineError, InterpreterError
from ftbench.files import cache_folder, folder_made
from ftbench.probe.run.child import clean_environment
from ftbench.processes import run
from ftbench.pythons.debian import AptError, Suite, has_apt

HEADERS: Final = {
    "openssl/ssl.h": "libssl-dev",
    "sqlite3.h": "libsqlite3-dev",
    "ffi.h": "libffi-dev",
    "zlib.h": "zlib1g-dev",
}
"""Header → Debian package.  Without them CPython builds, and lacks a module that we need."""

_LIBRARIES: Final = ("ssl", "crypto", "sqlite3", "ffi", "z")
_NOT_INHERITED: Final = frozenset(
    {
        *("CC", "CXX", "CPP", "AR", "OPT", "LIBS", "CONFIG_SITE", "PROFILE_TASK"),
        *("CFLAGS", "CFLAGS_NODIST", "EXTRA_CFLAGS", "CPPFLAGS", "LDFLAGS", "LDFLAGS_NODIST"),
        *("MAKEFLAGS", "MFLAGS", "MAKELEVEL", "MAKEOVERRIDES", "DESTDIR"),
        *("LD_LIBRARY_PATH", "LD_RUN_PATH"),
    }
)
"""Variables that would change a build without being in its recipe, or are our caller's make's."""

_DEADLINE: Final = 120.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Toolchain:
    """The compiler's name and version; how to build here, which is no part of a recipe."""

    compiler: str
    environ: Mapping[str, str] = field(repr=False)
    configure: tuple[str, ...] = ()


def build_environment(environ: Mapping[str, str]) -> dict[str, str]:
    """Return `environ` without what would make a build another than its recipe says."""
    kept = {name: value for name, value in environ.items() if name not in _NOT_INHERITED}
    return clean_environment(kept, {"LC_ALL": "C.UTF-8"})


def find_toolchain() -> Toolchain:
    """Return this machine's toolchain; raises `InterpreterError` that says what to install."""
    environ = build_environment(os.environ)
    # The order in which configure looks for a compiler.
    compiler = next((path for name in ("gcc", "cc") if (path := shutil.which(name))), None)
    if compiler is None or shutil.which("make") is None:
        raise InterpreterError(
            "CPython cannot be built here: make or a C compiler is missing.",
            hint="On Debian: apt-get install gcc make libc6-dev",
        )
    version = run([compiler, "--version"], environ=environ, deadline=_DEADLINE).out
    return Toolchain(compiler=version.partition("\n")[0], environ=environ)


def with_headers(toolchain: Toolchain) -> Toolchain:
    """Return a toolchain that finds every header, in a folder of ours if need be.

    Raises `InterpreterError` that names the packages to install.
    """
    missing = missing_headers(toolchain.environ)
    if not missing:
        return toolchain
    packages = tuple(dict.fromkeys(HEADERS[name] for name in missing))
    try:
        sysroot = _sysroot()
        toolchain = Toolchain(
            compiler=toolchain.compiler,
            environ={**toolchain.environ, **_flags(sysroot)},
            # configure tries no -lssl before it has seen ssl.h in a folder that it knows.
            configure=(f"--with-openssl={sysroot / 'root' / 'usr'}",),
        )
        missing = missing_headers(toolchain.environ)
    except (AptError, OSError) as error:
        raise _no_headers(packages, str(error)) from error
    if missing:
        raise _no_headers(packages, f"{', '.join(missing)} cannot be compiled against")
    return toolchain


def missing_headers(environ: Mapping[str, str]) -> tuple[str, ...]:
    """Return the headers that the compiler does not find."""
    compiler = shutil.which("gcc") or shutil.which("cc") or "cc"
    flags = environ.get("CPPFLAGS", "").split()
    return tuple(name for name in HEADERS if not _compiles(compiler, flags, name, environ))


def _compiles(compiler: str, flags: list[str], header: str, environ: Mapping[str, str]) -> bool:
    command = [compiler, *flags, "-E", "-x", "c", "-include", header, os.devnull]
    try:
        return run(command, environ=environ, deadline=_DEADLINE).code == 0
    except DeadlineError:
        return False


def _no_headers(packages: tuple[str, ...], why: str) -> InterpreterError:
    return InterpreterError(
        f"CPython cannot be built here: headers are missing, and {why}.",
        hint=f"On Debian: apt-get install {' '.join(packages)}",
    )


def _sysroot() -> Path:
    """Unpack the headers' packages of the running Debian into a folder of ours, once."""
    suite = platform.freedesktop_os_release().get("VERSION_CODENAME", "") if has_apt() else ""
    if not suite:
        raise AptError("this is no Debian that they could be fetched for")
    folder = cache_folder() / "apt"
    folder.mkdir(parents=True, exist_ok=True)
    final = cache_folder() / f"headers-{suite}"
    with FileLock(folder / "lock", timeout=1800):
        if not final.is_dir():
            with folder_made(final) as partial:
                _unpack(Suite(name=suite, folder=folder / suite), partial)
    return final


def _unpack(suite: Suite, folder: Path) -> None:
    suite.update()
    root = folder / "root"
    root.mkdir(parents=True)
    for package in suite.download_binaries(tuple(HEADERS.values()), folder / "packages"):
        command = ["dpkg-deb", "-x", str(package), str(root)]
        if run(command, environ=os.environ, deadline=_DEADLINE).code != 0:
            raise AptError(f"{package.name} cannot be unpacked")
    shutil.rmtree(folder / "packages")
    for name in _LIBRARIES:
        _point_to_system(root, name)


def _point_to_system(root: Path, name: str) -> None:
    """Make lib*.so of a -dev package lead to this system's library, not to a missing package."""
    for folder in root.glob("usr/lib/*"):
        link = folder / f"lib{name}.so"  # not globbed for: that leaves out a link to nowhere
        if not link.is_symlink():
            continue
        wanted = link.readlink().name
        major = wanted.partition(".so.")[2].partition(".")[0]
        pattern = f"lib{name}.so.{major}*"
        system = [Path("/", "usr", "lib", link.parent.name), Path("/lib", link.parent.name)]
        found = [path for place in system for path in sorted(place.glob(pattern))]
        if not found:
            raise AptError(f"the runtime library {wanted} is missing too")
        link.unlink()
        link.symlink_to(found[0].resolve())


def _flags(sysroot: Path) -> dict[str, str]:
    usr = sysroot / "root" / "usr"
    triple = sysconfig.get_config_var("MULTIARCH") or next(
        (path.name for path in sorted((usr / "lib").glob("*-linux-*"))), ""
    )
    return {
        "CPPFLAGS": f"-I{usr}/include -I{usr}/include/{triple}",
        "LDFLAGS": f"-L{usr}/lib/{triple}",
    }
