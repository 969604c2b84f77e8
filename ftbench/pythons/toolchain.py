"""What a source build needs of the machine: make, a C compiler, the headers of four libraries."""

from __future__ import annotations

import os
import platform
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

from ftbench.errors import InterpreterError
from ftbench.files import cache_folder, folder_made
from ftbench.probe.run.child import clean_environment
from ftbench.processes import run
from ftbench.pythons.debian import AptError, Suite, archive, has_apt

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
        "LD_LIBRARY_PATH",
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
    jobs: int = 0  # of make at once, 0 for one a core


def build_environment(environ: Mapping[str, str]) -> dict[str, str]:
    """Return `environ` without what would make a build another than its recipe says."""
    kept = {name: value for name, value in environ.items() if name not in _NOT_INHERITED}
    return clean_environment(kept, {"LC_ALL": "C.UTF-8"})


def find_toolchain() -> Toolchain:
    """Return this machine's toolchain; raises `InterpreterError` that says what to install."""
    environ = build_environment(os.environ)
    compiler = shutil.which("gcc") or shutil.which("cc")  # in the order of configure
    if compiler is None or shutil.which("make") is None:
        raise InterpreterError(
            "CPython cannot be built here: make or a C compiler is missing.",
            hint="On Debian: apt-get install gcc make libc6-dev",
        )
    version = run([compiler, "--version"], environ=environ, deadline=_DEADLINE).out
    return Toolchain(compiler=version.partition("\n")[0], environ=environ)


def with_headers(toolchain: Toolchain) -> Toolchain:
    """Return one that finds every header, in a folder of ours; raises `InterpreterError`."""
    missing = _missing_headers(toolchain.environ)
    if not missing:
        return toolchain
    try:
        sysroot = _sysroot()
    except (AptError, OSError) as error:
        raise _no_headers(missing, str(error)) from error
    toolchain = replace(
        toolchain,
        environ={**toolchain.environ, **_flags(sysroot)},
        # configure tries no -lssl before it has seen ssl.h in a folder that it knows.
        configure=(f"--with-openssl={sysroot / 'root' / 'usr'}",),
    )
    if still := _missing_headers(toolchain.environ):
        raise _no_headers(missing, f"{', '.join(still)} cannot be compiled against")
    return toolchain


def _missing_headers(environ: Mapping[str, str]) -> list[str]:
    compiler = shutil.which("gcc") or "cc"
    command = [compiler, *environ.get("CPPFLAGS", "").split(), "-E", "-x", "c", "-include"]
    return [
        header
        for header in HEADERS
        if run([*command, header, os.devnull], environ=environ, deadline=_DEADLINE).code != 0
    ]


def _no_headers(missing: list[str], why: str) -> InterpreterError:
    packages = dict.fromkeys(HEADERS[name] for name in missing)
    return InterpreterError(
        f"CPython cannot be built here: headers are missing, and {why}.",
        hint=f"On Debian: apt-get install {' '.join(packages)}",
    )


def _sysroot() -> Path:
    """Unpack the headers' packages of the running Debian into a folder of ours, once."""
    suite = platform.freedesktop_os_release().get("VERSION_CODENAME", "") if has_apt() else ""
    if not suite:
        raise AptError("this is no Debian that they could be fetched for")
    final = cache_folder() / f"headers-{suite}"
    with archive() as folder:
        if not final.is_dir():
            with folder_made(final) as partial:
                _unpack(Suite(name=suite, folder=folder / suite), partial)
    return final


def _unpack(suite: Suite, folder: Path) -> None:
    suite.update()
    root = folder / "root"
    root.mkdir(parents=True)
    packages = folder / "packages"
    suite.apt("apt-get", "download", *HEADERS.values(), folder=packages)
    for package in sorted(packages.glob("*.deb")):
        command = ["dpkg-deb", "-x", str(package), str(root)]
        if run(command, environ=os.environ, deadline=_DEADLINE).code != 0:
            raise AptError(f"{package.name} cannot be unpacked")
    shutil.rmtree(packages)
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
        libraries = [path for place in system for path in sorted(place.glob(pattern))]
        if not libraries:
            raise AptError(f"the runtime library {wanted} is missing too")
        link.unlink()
        link.symlink_to(libraries[0].resolve())


def _flags(sysroot: Path) -> dict[str, str]:
    usr = sysroot / "root" / "usr"
    (triple,) = (path.name for path in (usr / "lib").glob("*-linux-*"))
    return {
        "CPPFLAGS": f"-I{usr}/include -I{usr}/include/{triple}",
        "LDFLAGS": f"-L{usr}/lib/{triple}",
    }
