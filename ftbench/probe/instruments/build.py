"""Tells which build of CPython runs it; also as a plain file, where ftbench cannot be imported."""

from __future__ import annotations

import json
import os
import platform
import re
import shlex
import sys
import sysconfig
from collections.abc import Mapping
from typing import Any

JIT_VARIABLE = "PYTHON_JIT"
# What differs between two builds without making them different: where they lie, what they are
# called, and the switches that have a field of their own in the record.
_NOT_PROVENANCE = re.compile(
    r"--(prefix|exec-prefix|with-ensurepip|without-ensurepip|disable-gil|enable-optimizations"
    r"|with-lto|disable-test-modules|libdir|libexecdir|mandir|datadir|bindir|with-pkg-config"
    r"|with-openssl|with-wheel-pkg-dir|with-dbmliborder|with-missing-stdlib-config"
    r"|with-build-python|with-suffix|quiet|silent)(=|$)"
    r"|-q$|-f(file|debug|macro|profile)-(prefix-map|use)|(MKDIR_P|PKG_CONFIG\w*|PATH)="
)
# What the compiler of a replica is told, a build whose code alone lies elsewhere: which one it is.
REPLICA = "-DFTBENCH_REPLICA="
# Flags that change the code: optimization, code generation, processor, hardening. `-flto` and
# the profile have fields of their own, except that thin and full LTO are not the same.
_CODE_FLAG = re.compile(
    rf"-O|-f(?!lto$|lto=auto$|profile-|fat-lto|use-linker-plugin)|-m|-D_FORTIFY|{REPLICA}"
)

# A builder's choices that make builds of one release differ, as they usually are.
CPYTHONS_OWN = "CPython's own"  # pymalloc, or mimalloc in a free-threaded build
USUAL: Mapping[str, Any] = {
    "libc_family": "glibc",
    "optimization": "3",
    "march": "default",
    "allocator": CPYTHONS_OWN,
    "shared": False,
    "assertions": False,
}
# What memory comes from where it is not the system's own.
_ALLOCATORS = re.compile(r"/lib(jemalloc|tcmalloc|mimalloc|hoard|snmalloc|rpmalloc)")
_LIBPYTHON = re.compile(r"/libpython3\.\d+[^/\n]*\.so")

# Debian's debian/rules builds with PGO where these are what it builds for (and always drives it
# itself, `make profile-opt`, so that no configure argument shows it).
_DEBIAN_PGO = ("x86_64", "i386", "i686", "aarch64", "arm", "powerpc", "ppc64", "ppc64le", "s390x")


def version_text(info: Any = sys.version_info) -> str:
    """Return a release as its tag says it: `3.14.2`, `3.15.0rc1`."""
    level = {"alpha": "a", "beta": "b", "candidate": "rc", "final": ""}[info.releaselevel]
    serial = str(info.serial) if level else ""
    return f"{info.major}.{info.minor}.{info.micro}{level}{serial}"


def configure_args(text: str) -> list[str]:
    """Return configure's arguments without paths and without what has its own field, sorted."""
    try:
        words = shlex.split(text)
    except ValueError:  # an unbalanced quote: the words are still worth comparing
        words = text.split()
    kept = set()
    for word in words:
        if _NOT_PROVENANCE.match(word):
            continue
        name, equals, value = word.partition("=")
        if equals and not name.startswith("-"):  # a variable: CFLAGS=-O3 -I/usr/local/include
            flags = _without_paths(value)
            kept.update([name + "=" + " ".join(flags)] if flags else [])
        elif "/" not in word:
            kept.add(word)
    return sorted(kept)


def _without_paths(flags: str) -> list[str]:
    # A path in an argument is of the machine that built it, and says nothing.
    return [f for f in flags.split() if "/" not in f and not _NOT_PROVENANCE.match(f)]


def code_flags(text: str) -> list[str]:
    """Return the compiler's flags that change the code, sorted, each one once."""
    return sorted({flag for flag in _without_paths(text) if _CODE_FLAG.match(flag)})


def packager(variables: Mapping[str, Any]) -> str:
    """Return who configured this build: debian, standalone (uv's), installer, framework, source."""
    # Never from where it lies, so that a copy stays what it is.
    args = str(variables.get("CONFIG_ARGS") or "")
    if variables.get("PYTHON_BUILD_STANDALONE"):
        return "standalone"
    if "--with-wheel-pkg-dir=/usr/share/python-wheels" in args:
        return "debian"  # and what was derived from it
    if variables.get("PYTHONFRAMEWORK"):
        return "framework"  # python.org's for macOS, Homebrew's, Xcode's
    return "source" if args else "installer"  # Windows' builds have no configure


def profile_guided(variables: Mapping[str, Any], machine: str) -> bool | None:
    """Return whether the build used a profile (PGO), None where nothing tells."""
    args = str(variables.get("CONFIG_ARGS") or "")
    if "--enable-optimizations" in args:
        return True
    if "-fprofile-" in str(variables.get("PY_CORE_CFLAGS") or ""):
        return True
    if packager(variables) == "debian":
        # debian/rules wipes the flags of the profile out of the installed Makefile. Where
        # configure's own default is still there, somebody else's rules made this.
        wiped = not variables.get("PGO_PROF_USE_FLAG")
        return wiped and machine.startswith(_DEBIAN_PGO)
    return None if not args else False


def link_time_optimized(variables: Mapping[str, Any]) -> bool | None:
    """Return whether the build was optimized at link time (LTO), None where nothing tells."""
    names = ("CONFIG_ARGS", "PY_CORE_CFLAGS", "PY_CORE_LDFLAGS", "PY_LDFLAGS", "LDFLAGS_NODIST")
    flags = " ".join(str(variables.get(name) or "") for name in names)
    if "--with-lto=no" in flags:
        return False
    if "--with-lto" in flags or "-flto" in flags:
        return True
    if packager(variables) == "debian":
        # debian/rules gives the linker `-g -fwrapv -O3 -flto ...` if and only if it uses LTO,
        # and afterwards wipes `-flto` and turns -O3 into -O2: the rest is the trace.
        return "-fwrapv -O2" in str(variables.get("PY_LDFLAGS") or "")
    return None if not variables.get("CONFIG_ARGS") else False


def _jit(variables: Mapping[str, Any]) -> str:
    """Return whether it has a JIT, and whether that is on unless the environment says otherwise."""
    jit = getattr(sys, "_jit", None)
    # 3.13 cannot be asked; its JIT is in the build when configure defined _Py_JIT.
    flags = str(variables.get("PY_CORE_CFLAGS") or "")
    if not (jit.is_available() if jit else "-D_Py_JIT" in flags):
        return "none"
    if jit and not os.environ.get(JIT_VARIABLE):
        return "on" if jit.is_enabled() else "off"
    return "off" if "yes-off" in str(variables.get("CONFIG_ARGS") or "") else "on"


def compiled(flags: str) -> dict[str, str]:
    """Return the level of `-O` and for which processors, of several options the last."""
    levels = re.findall(r"(?<!\S)-O(\S*)", flags)
    named = dict(re.findall(r"(-march|-mcpu|-mtune)=(\S+)", flags))
    if not flags:
        return {}
    level = (levels or ["0"])[-1] or "1"
    return {"optimization": level, "march": " ".join(named.values()) or "default"}


def allocator(variables: Mapping[str, Any], mapped: str) -> str | None:
    """Return who hands out memory to objects, and on what if that is not the system's malloc."""
    if "WITH_PYMALLOC" not in variables:
        return None
    own = variables["WITH_PYMALLOC"] or variables.get("Py_GIL_DISABLED")
    below = _ALLOCATORS.search(mapped)
    return (CPYTHONS_OWN if own else "malloc") + (f" on {below[1]}" if below else "")


def shared(variables: Mapping[str, Any], mapped: str) -> bool | None:
    """Return whether CPython itself is in a library (`libpython3.14.so`)."""
    # Debian's and uv's are configured so, and their python3 is in one piece nevertheless.
    if mapped:
        return bool(_LIBPYTHON.search(mapped))
    told = variables.get("Py_ENABLE_SHARED")
    return None if told is None else bool(told)


def _mapped() -> str:
    try:
        with open("/proc/self/maps", "rb") as maps:  # noqa: PTH123 - a cell loads no pathlib for it
            return maps.read().decode("utf-8", "replace")
    except OSError:
        return ""


def choices(record: Mapping[str, Any]) -> dict[str, Any]:
    """Return the choices of `USUAL` by a build's record, else by its arguments, flags and libc."""
    args, flags = (
        said if isinstance(said := record.get(name), list | tuple) else ()
        for name in ("configure_args", "code_flags")
    )
    libc = record.get("libc") or ("musl" if "linux" in str(record.get("platform")) else "")
    told: dict[str, Any] = {**dict.fromkeys(USUAL), **compiled(" ".join(flags))}
    told["libc_family"] = str(libc).lower().partition(" ")[0] or None
    if record.get("packager") == "source":  # whose arguments are all that there is
        told["allocator"] = CPYTHONS_OWN
        told["shared"] = "--enable-shared" in args
        told["assertions"] = "--with-assertions" in args
    if "--without-pymalloc" in args and not record.get("free_threaded"):
        told["allocator"] = "malloc"
    # debian/rules writes another level than it builds with, and of several the order is not kept.
    if record.get("packager") == "debian" or sum(flag.startswith("-O") for flag in flags) > 1:
        told["optimization"] = None
    return told | {name: record[name] for name in told if record.get(name) is not None}


def gil_enabled() -> bool:
    """Return whether the GIL is on in this process right now."""
    is_enabled = getattr(sys, "_is_gil_enabled", None)
    return True if is_enabled is None else bool(is_enabled())


def jit_enabled() -> bool:
    """Return whether the JIT is on in this interpreter right now, as far as it can be asked."""
    jit = getattr(sys, "_jit", None)
    return bool(jit and jit.is_enabled())


def build_record() -> dict[str, Any]:
    """Return the provenance of the running CPython as `sysconfig` has it, without any path."""
    variables = sysconfig.get_config_vars()
    libc = " ".join(platform.libc_ver()).strip() if sys.platform.startswith("linux") else ""
    if "musl" in f"{variables.get('HOST_GNU_TYPE')} {variables.get('SOABI')}":
        libc = "musl"
    core = str(variables.get("PY_CORE_CFLAGS") or "")
    flags = core and f"{variables.get('CC')} {core}"
    debug = bool(variables.get("Py_DEBUG")) or hasattr(sys, "gettotalrefcount")
    mapped = _mapped()
    by = packager(variables)
    return {
        "implementation": platform.python_implementation(),
        "version": version_text(),
        "packager": by,
        "free_threaded": bool(variables.get("Py_GIL_DISABLED")),
        "debug": debug,
        "pgo": profile_guided(variables, platform.machine()),
        "lto": link_time_optimized(variables),
        "jit": _jit(variables),
        # In pyconfig.h under two names; 0 there is a no, whatever configure was asked for.
        "tail_call": any(map(variables.get, ("_Py_TAIL_CALL_INTERP", "Py_TAIL_CALL_INTERP"))),
        "pystats": bool(variables.get("Py_STATS")),
        "compiler": platform.python_compiler(),
        "configure_args": configure_args(str(variables.get("CONFIG_ARGS") or "")),
        "code_flags": code_flags(core),
        **({} if by == "debian" else compiled(flags)),
        "allocator": allocator(variables, mapped),
        "shared": shared(variables, mapped),
        "assertions": "-DNDEBUG" not in flags if flags else debug or None,
        "libc": libc,
        "platform": sysconfig.get_platform(),
        "revision": str(getattr(sys, "_git", ("", "", ""))[-1]),
    }


def main(mark: str = "") -> None:
    """Print the record behind `mark`, and what is true of this process and place only."""
    record = build_record()
    record["gil_enabled"] = gil_enabled()
    record["executable"] = sys.executable
    record["prefix"] = sys.base_prefix
    record["virtual"] = sys.prefix != record["prefix"]
    print(mark + json.dumps(record))


if __name__ == "__main__":
    main()
