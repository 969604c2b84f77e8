"""Builds CPython from its sources: once, under a lock, in a staging folder, then one rename.

A folder under `builds` is therefore always a whole build that was checked.
"""

from __future__ import annotations

import hashlib
import json
import os
import platform
import random
import re
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO, Any, Final

from rich.console import Console

from ftbench import __version__
from ftbench.errors import DeadlineError, InterpreterError
from ftbench.files import builds_folder, cache_folder
from ftbench.probe.instruments.build import REPLICA
from ftbench.probe.instruments.machine import machine_record
from ftbench.processes import run
from ftbench.progress import locked, phase
from ftbench.pythons.asking import answer_of, ask, broken
from ftbench.pythons.debian import Tarball
from ftbench.pythons.interpreter import PythonBuild
from ftbench.pythons.toolchain import Toolchain
from ftbench.releases import Release

PROVENANCE: Final = "ftbench-build.json"
"""Lies in the build's folder and says what it was made from."""
_MINUTE: Final = 60.0
_CONFIGURE_DEADLINE: Final = 20 * _MINUTE
_MAKE_DEADLINE: Final = 90 * _MINUTE
_OPTIMIZED_DEADLINE: Final = 300 * _MINUTE
# Nobody needs these to run: the static library alone is larger than the rest.
_USELESS: Final = (
    "lib/libpython*.a",
    "lib/python*/config-*/*.a",
    "lib/python*/config-*/*.o",
    "share",
)


# No tests, no pip; everything else as upstream has it by default.
_ALWAYS: Final = ("--disable-test-modules", "--with-ensurepip=no")
_OPTIMIZED: Final = ("--enable-optimizations", "--with-lto")
# The objects of the interpreter in CPython's Makefile, in the order in which they are linked.
_OBJECTS: Final = re.compile(
    r"^((?:MODULE|OBJECT|PYTHON)_OBJS|LIBRARY_OBJS_OMIT_FROZEN)=((?:.*\\\n)+.*)$", re.MULTILINE
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """All that decides what a build from pure upstream sources comes out as."""

    release: Release
    free_threaded: bool
    optimized: bool
    compiler: str
    # Another layout of the same code: functions begin elsewhere, in another order; 0 for none.
    # From the fifth on it is the order alone that differs from one before it.
    replica: int = 0

    @property
    def flags(self) -> dict[str, str]:
        """Return what a replica's compiler is told, which configure keeps, as no argument."""
        # Some compilers take the next power of two for what lies between.
        align = f"-falign-functions={32 << (self.replica - 1) % 4}"
        return {"CFLAGS_NODIST": f"{align} {REPLICA}{self.replica}"} if self.replica else {}

    @property
    def configure(self) -> tuple[str, ...]:
        """Arguments for configure, without the prefix."""
        return (
            *_ALWAYS,
            *(("--disable-gil",) if self.free_threaded else ()),
            *(_OPTIMIZED if self.optimized else ()),
        )

    def record(self) -> dict[str, Any]:
        """Return the JSON-able recipe."""
        return {
            "release": self.release.name,
            "configure": list(self.configure),
            "compiler": self.compiler,
            "machine": platform.machine(),
            "libc": " ".join(platform.libc_ver()),
            **({"replica": self.replica, **self.flags} if self.replica else {}),
        }

    @property
    def title(self) -> str:
        """Release, threading and optimization, for people."""
        threading = "t" if self.free_threaded else ""
        which = f", replica {self.replica}" if self.replica else ""
        return f"{self.release}{threading}{' with PGO and LTO' if self.optimized else ''}{which}"

    @property
    def name(self) -> str:
        """The build's folder: readable, and another one for every other recipe."""
        text = json.dumps(self.record(), sort_keys=True)
        digest = hashlib.sha256(text.encode()).hexdigest()[:10]
        name = self.title.replace(" with PGO and LTO", "-optimized")
        return f"{name.replace(', replica ', '-replica')}-{digest}"


@dataclass(frozen=True, slots=True, kw_only=True)
class BuildSite:
    """Where a build is made: what it is to be, and with what."""

    recipe: Recipe
    toolchain: Toolchain
    staging: Path
    log: IO[bytes]
    console: Console

    @property
    def final(self) -> Path:
        """The prefix that is compiled in, and that the finished build is renamed to."""
        return builds_folder() / self.recipe.name

    @property
    def installed(self) -> Path:
        """Where `make install` puts the build until it is checked."""
        return self.staging / "root" / self.final.relative_to(self.final.anchor)

    def run(self, what: str, command: Sequence[str | os.PathLike[str]], deadline: float) -> None:
        """Run one step in the object folder; raises `InterpreterError` that names the log."""
        title = f"CPython {self.recipe.title}: {what}"
        objects = self.staging / "objects"
        objects.mkdir(exist_ok=True)
        try:
            with phase(self.console, title):
                done = run(
                    command,
                    environ=self.toolchain.environ,
                    deadline=deadline,
                    folder=objects,
                    log=self.log,
                )
                if done.code != 0:
                    raise _failed(self, f"{title} ended with {done.code}.")
        except DeadlineError as error:
            raise _failed(self, f"{title}: {error}") from error


def built(recipe: Recipe) -> Path | None:
    """Return the prefix of the finished build of `recipe`, None if there is none."""
    final = builds_folder() / recipe.name
    return final if final.is_dir() else None


def build(recipe: Recipe, tarball: Tarball, toolchain: Toolchain, console: Console) -> Path:
    """Build `recipe` if nobody has yet and return its prefix; `InterpreterError` names the log."""
    toolchain = replace(toolchain, environ={**toolchain.environ, **recipe.flags})
    waiting = f"CPython {recipe.title}: another ftbench builds it, wait"
    with locked(recipe.name, console, waiting=waiting, deadline=_OPTIMIZED_DEADLINE):
        done = built(recipe)
        if done is None:
            with _site(recipe, toolchain, console) as site:
                _make(site, tarball)
                done = _publish(site)
    return done


@contextmanager
def _site(recipe: Recipe, toolchain: Toolchain, console: Console) -> Iterator[BuildSite]:
    folder = cache_folder() / "staging"
    logs = cache_folder() / "logs"
    for needed in (folder, logs, builds_folder()):
        needed.mkdir(parents=True, exist_ok=True)
    # Left by killed builds of the same recipe; nothing ever uses them.
    for stale in folder.glob(f"{recipe.name}.*"):
        shutil.rmtree(stale, ignore_errors=True)
    with (
        tempfile.TemporaryDirectory(
            prefix=f"{recipe.name}.", dir=folder, ignore_cleanup_errors=True
        ) as staging,
        (logs / f"{recipe.name}.log").open("wb", buffering=0) as log,
    ):
        yield BuildSite(
            recipe=recipe, toolchain=toolchain, staging=Path(staging), log=log, console=console
        )


def _make(site: BuildSite, tarball: Tarball) -> None:
    with phase(site.console, f"CPython {site.recipe.title}: unpack"):
        source = tarball.unpack(site.staging / "source")
    configure = [str(source / "configure"), "-q", f"--prefix={site.final}"]
    configure += [*site.recipe.configure, *site.toolchain.configure]
    deadline = _OPTIMIZED_DEADLINE if site.recipe.optimized else _MAKE_DEADLINE
    site.run("configure", configure, _CONFIGURE_DEADLINE)
    if site.recipe.replica:
        _shuffle(site.staging / "objects" / "Makefile", random.Random(site.recipe.replica))  # noqa: S311 - no secrets here
    jobs = site.toolchain.jobs or machine_record()["usable_cores"]
    site.run("make", ["make", "-s", f"-j{jobs}"], deadline)
    install = ["make", "-s", "install", f"DESTDIR={site.staging / 'root'}"]
    site.run("install", install, _MAKE_DEADLINE)
    for pattern in _USELESS:
        for path in site.installed.glob(pattern):
            shutil.rmtree(path) if path.is_dir() else path.unlink()
    record = {
        "schema": {"name": "ftbench.build", "version": 1},
        "recipe": site.recipe.record(),
        "source": tarball.record(),
        "ftbench": __version__,
    }
    (site.installed / PROVENANCE).write_text(json.dumps(record, indent=2) + "\n")


def _shuffle(makefile: Path, order: random.Random) -> None:
    """Have a Makefile link the interpreter's objects in another order."""

    def shuffled(match: re.Match[str]) -> str:
        objects = match[2].replace("\\\n", " ").split()
        return f"{match[1]}= {' '.join(order.sample(objects, len(objects)))}"

    text, lists = _OBJECTS.subn(shuffled, makefile.read_text(encoding="utf-8"))
    if not lists:
        raise InterpreterError("Its Makefile names no objects to link in another order.")
    makefile.write_text(text, encoding="utf-8")


def _publish(site: BuildSite) -> Path:
    """Check the build where it lies, rename it to its place, and check it there once more."""
    with phase(site.console, f"CPython {site.recipe.title}: check"):
        _check(site.recipe, site.installed)
        site.installed.rename(site.final)
        try:
            _check(site.recipe, site.final)
        except BaseException:
            # Our lock kept other builds away, and discovery believes no interpreter unasked.
            site.final.rename(site.staging / "rejected")
            raise
    return site.final


def _failed(site: BuildSite, what: str) -> InterpreterError:
    log = Path(str(site.log.name))
    lines = log.read_text(errors="replace").strip().splitlines()
    return InterpreterError(
        what,
        story="\n".join(f"  {line}" for line in lines[-8:]),
        hint=f"The whole log: {log}",
    )


_MODULES: Final = ("ssl", "sqlite3", "ctypes", "zlib", "multiprocessing.synchronize")
_CHECK: Final = """
import importlib, json
missing = {}
for name in %r:
    try:
        importlib.import_module(name)
    except Exception as error:
        missing[name] = str(error)
print(MARK + json.dumps(missing))
"""
_DEADLINE: Final = 60.0


def _check(recipe: Recipe, prefix: Path) -> None:
    """Raise `InterpreterError` if what lies at `prefix` is not what the recipe says, and whole."""
    executable = prefix / "bin" / "python3"
    record = ask(executable, deadline=_DEADLINE)
    build = PythonBuild.from_record(record)
    free_threaded = recipe.free_threaded
    if build.release != recipe.release:
        raise broken(executable, f"it reports {build.version}, not {recipe.release}")
    if build.free_threaded is not free_threaded or record["gil_enabled"] is free_threaded:
        expected = "off" if free_threaded else "on"
        raise broken(executable, f"its GIL should be {expected} and is not")
    missing = answer_of(executable, _CHECK % (_MODULES,), deadline=_DEADLINE)
    if missing:
        story = "; ".join(f"{name}: {why}" for name, why in missing.items())
        raise broken(executable, f"it cannot import what it needs ({story})")
