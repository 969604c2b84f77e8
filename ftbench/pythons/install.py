"""Obtains interpreters (installed, uv's, else built), and chooses the one to measure."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import suppress
from dataclasses import replace
from functools import partial
from itertools import groupby
from pathlib import Path
from typing import Final

import psutil
from rich.console import Console

from ftbench.errors import (
    DeadlineError,
    InterpreterError,
    NotAvailableError,
    UsageError,
    meant,
)
from ftbench.facts.arms import ARMS, Arm, arm_named
from ftbench.probe.instruments.machine import machine_record
from ftbench.probe.run.child import clean_environment
from ftbench.processes import run, wait_in_turns
from ftbench.progress import phase
from ftbench.pythons import building
from ftbench.pythons.asking import ask, broken
from ftbench.pythons.debian import find_tarball
from ftbench.pythons.discovery import discover
from ftbench.pythons.interpreter import OLDEST, Interpreter, Origin, Spec, preference
from ftbench.pythons.toolchain import find_toolchain, with_headers
from ftbench.releases import Level, Named, Release

DEFAULT_RELEASE: Final = Release.parse("3.13.15")
"""What is installed where no release has both builds: uv and Debian's source archive have it."""


def ensure(spec: Spec, *, optimized: bool = False, console: Console) -> Interpreter:
    """Return the best interpreter of `spec`, with PGO and LTO if `optimized`, installed if need be.

    Raises `InterpreterError` with the answer of every provider for one that nobody has.
    """
    (interpreter,) = ensure_each([spec], optimized=optimized, console=console)
    return interpreter


def ensure_each(
    specs: Sequence[Spec], *, optimized: bool = False, console: Console
) -> list[Interpreter]:
    """Return the same of several; builds of one release that are not here are obtained at once."""
    found = {spec: _best(spec, optimized=optimized) for spec in specs}
    lacking = [spec for spec, one in found.items() if one is None]
    for _, alike in groupby(lacking, key=lambda spec: (spec.series, spec.release)):
        wanted = list(alike)
        found |= zip(wanted, _obtained(wanted, console, optimized=optimized), strict=True)
    return [one for spec in specs if (one := found[spec])]


def _best(spec: Spec, *, optimized: bool) -> Interpreter | None:
    fitting = [one for one in discover() if _fits(one, spec, optimized=optimized)]
    newest = max((one.release for one in fitting), default=None)
    return min((one for one in fitting if one.release == newest), key=preference, default=None)


def ensure_pair(console: Console, release: str | None = None) -> tuple[Interpreter, Interpreter]:
    """Return the GIL and the free-threaded interpreter of a release, installed if need be.

    By default: the newest release of which both are installed with the same flavour, final releases
    first; where there is none, both of `DEFAULT_RELEASE` from one provider, so built alike.
    """
    if release is not None:
        named = Named.parse(release)
        specs = [Spec.parse(f"{named.release or named.series}{each}") for each in ("", "t")]
        kin = [one for one in discover() if one.release.series == named.series]
        pair = None if named.release else find_pair(kin)
        both: Sequence[Interpreter] = pair or ensure_each(specs, console=console)
    else:
        both = find_pair(discover()) or _obtained(
            Spec.both(DEFAULT_RELEASE), console, optimized=False
        )
    gil, free_threaded = both
    return gil, free_threaded


def find_pair(interpreters: Sequence[Interpreter]) -> tuple[Interpreter, Interpreter] | None:
    """Return the best pair of `ensure_pair` among `interpreters`, None if there is none."""
    pairs = [
        (gil, free_threaded)
        for gil in interpreters
        for free_threaded in interpreters
        if (gil.build.free_threaded, free_threaded.build.free_threaded) == (False, True)
        and gil.release == free_threaded.release
        # No free-threaded build has a JIT.
        and replace(gil.build, jit="none").flavour == free_threaded.build.flavour
    ]
    if not pairs:
        return None
    newest = max(
        (gil.release for gil, _ in pairs), key=lambda each: (each.level is Level.FINAL, each)
    )
    return min(
        (pair for pair in pairs if pair[0].release == newest),
        key=lambda pair: tuple(map(preference, pair)),
    )


def _obtained(
    specs: Sequence[Spec], console: Console, *, optimized: bool
) -> tuple[Interpreter, ...]:
    answers: list[str] = []
    for provide in PROVIDERS:
        try:
            return _together(partial(provide, optimized=optimized), specs, console)
        except InterpreterError as error:
            answers += (f"  {line}" for line in str(error).splitlines())
    what = " and ".join(map(str, specs)) + (" with PGO and LTO" if optimized else "")
    raise InterpreterError(
        f"CPython {what} is not installed and could not be obtained:",
        story="\n".join(answers),
        hint=f"{meant(f'{specs[0]}', [one.name for one in discover()])}"
        "'ftbench pythons' lists what is installed.",
    )


def _together(
    provide: Callable[..., Interpreter], specs: Sequence[Spec], console: Console
) -> tuple[Interpreter, ...]:
    """Return what `provide` has of all `specs`, obtained at once where there are cores."""
    cores = machine_record()["usable_cores"]
    if min(len(specs), cores) == 1:
        return tuple(provide(spec, console, jobs=cores) for spec in specs)
    plain = Console(file=console.file, force_terminal=False, highlight=False)  # one line can change
    with ThreadPoolExecutor(len(specs)) as pool:
        under_way = [pool.submit(provide, spec, plain, jobs=cores // len(specs)) for spec in specs]
        try:
            # For both: where one fails, what the other has built is kept.
            wait_in_turns(lambda turn: not wait(under_way, turn).not_done)
        except BaseException:  # Ctrl-C reaches this thread alone
            while not all(each.done() for each in under_way):
                for child in psutil.Process().children(recursive=True):
                    with suppress(psutil.Error):
                        child.kill()
                time.sleep(_POLL_SECONDS)
            raise
    errors = [each.exception() for each in under_way]
    if any(isinstance(error, InterpreterError) for error in errors):
        told = (error or "there is one, which is kept" for error in errors)
        lines = (f"{spec}: {what}" for spec, what in zip(specs, told, strict=True))
        raise InterpreterError("\n".join(lines))
    return tuple(each.result() for each in under_way)


def _fits(interpreter: Interpreter, spec: Spec, *, optimized: bool) -> bool:
    return spec.matches(interpreter) and (interpreter.build.optimized or not optimized)


def _from_uv(spec: Spec, console: Console, *, optimized: bool, **_jobs: int) -> Interpreter:
    uv = find_uv()
    if uv is None:
        raise InterpreterError("uv is not installed")
    with phase(console, f"CPython {spec}: uv python install"):
        executable = install_by_uv(uv, spec)
    interpreter = Interpreter.of(executable, ask(executable), Origin.UV)
    if not _fits(interpreter, spec, optimized=optimized):
        raise InterpreterError(f"uv gave {interpreter.name} ({interpreter.build.flavour})")
    return interpreter


def replicas(spec: Spec, count: int, *, optimized: bool, console: Console) -> Iterator[Interpreter]:
    """Yield a build of `spec` from source, and `count` replicas, which differ in layout alone."""
    for number in range(count + 1):
        yield _from_source(spec, console, optimized=optimized, jobs=0, replica=number)


def _from_source(
    spec: Spec, console: Console, *, optimized: bool, jobs: int, replica: int = 0
) -> Interpreter:
    try:
        prefix = _build(spec, console, optimized=optimized, jobs=jobs, replica=replica)
    except OSError as error:  # a full disk, a cache folder that may not be written
        raise InterpreterError(
            f"CPython {spec} could not be built: {error}.",
            hint="Builds are in the user's cache folder; FTBENCH_CACHE names another.",
        ) from error
    executable = prefix / "bin" / "python3"
    return Interpreter.of(executable, ask(executable), Origin.SOURCE)


def _build(spec: Spec, console: Console, *, optimized: bool, jobs: int, replica: int) -> Path:
    """Return the prefix of a build of `spec`, without asking the archive where it is there."""
    toolchain = replace(find_toolchain(), jobs=jobs)
    recipe_of = partial(
        building.Recipe,
        free_threaded=spec.free_threaded,
        optimized=optimized,
        compiler=toolchain.compiler,
        replica=replica,
    )
    if spec.release and (done := building.built(recipe_of(release=spec.release))):
        return done
    with phase(console, f"CPython {spec}: look for its sources"):
        tarball = find_tarball(spec)
        toolchain = with_headers(toolchain)
    recipe = recipe_of(release=tarball.source.release)
    return building.build(recipe, tarball, toolchain, console)


PROVIDERS: Final = (_from_uv, _from_source)
"""Who is asked for what is not installed, in this order; raises `InterpreterError` without it."""


_DEADLINE: Final = 900.0
_POLL_SECONDS: Final = 0.1


def find_uv() -> Path | None:
    """Return the uv on PATH, or of our own environment; None without."""
    if on_path := shutil.which("uv"):
        return Path(on_path)
    try:
        # Not a dependency: used where somebody has it.
        from uv import find_uv_bin  # type: ignore[import-not-found,unused-ignore]  # noqa: PLC0415

        return Path(find_uv_bin())
    except (ImportError, OSError):
        return None


def install_by_uv(uv: Path, spec: Spec) -> Path:
    """Have uv install `spec` and return the executable; raises `InterpreterError`."""
    request = f"{spec.release or spec.series}{'+freethreaded' if spec.free_threaded else ''}"
    _uv(uv, "python", "install", "--no-bin", request)
    return Path(_uv(uv, "python", "find", "--managed-python", "--no-project", request).strip())


def _uv(uv: Path, *arguments: str) -> str:
    environ = clean_environment(os.environ)
    environ.pop("VIRTUAL_ENV", None)
    try:
        done = run([uv, *arguments], environ=environ, deadline=_DEADLINE)
    except DeadlineError as error:
        raise InterpreterError(str(error)) from error
    except OSError as error:
        raise InterpreterError(f"uv could not be started: {error.strerror}") from error
    if done.code != 0:
        reason = " ".join(done.err.split()) or f"it ended with {done.code}"
        raise InterpreterError(f"uv could not provide it: {reason}")
    return done.out


_DEFAULT_ARM: Final = "ft"


def choose(python: str | None, arm: str | None, console: Console) -> tuple[Interpreter, Arm]:
    """Return the interpreter and the arm that `python`, a release or a path, and `arm` name.

    By default: the newest pair, installed if need be; a path's own build as it runs by itself, else
    `ft`.  Raises `UsageError` if the two contradict each other, `NotAvailableError` for an arm
    whose JIT the build lacks, and `InterpreterError`.
    """
    interpreter, chosen = _choose(python, arm, console)
    if not interpreter.serves(chosen):
        raise NotAvailableError(
            f"The arm {chosen.name} is a {chosen.title}: {interpreter.name} here "
            f"({interpreter.build.flavour}) was built without a JIT.",
            hint="'ftbench pythons' says which builds have one.",
        )
    return interpreter, chosen


def _choose(python: str | None, arm: str | None, console: Console) -> tuple[Interpreter, Arm]:
    if python is not None and Path(python).name != python:
        interpreter = at(Path(python))
        free_threaded = interpreter.build.free_threaded
        by_itself = next(each for each in ARMS if each.free_threaded is free_threaded)
        chosen = arm_named(arm or by_itself.name)
        if chosen.free_threaded is not free_threaded:
            raise _contradiction(chosen, python)
        return interpreter, chosen
    chosen = arm_named(arm or _DEFAULT_ARM)
    if python is None:
        return ensure_pair(console)[chosen.free_threaded], chosen
    spec = Spec.parse(python)
    if spec.free_threaded and not chosen.free_threaded:
        raise _contradiction(chosen, python)
    return ensure(replace(spec, free_threaded=chosen.free_threaded), console=console), chosen


def own_arm(python: str) -> str | None:
    """Return the arm that a release's name means by itself; None for a path."""
    if Path(python).name != python:
        return None
    return "ft" if Spec.parse(python).free_threaded else "gil"


def at(executable: Path) -> Interpreter:
    """Return the interpreter at a path; raises `InterpreterError` if no CPython for us is there."""
    executable = executable.expanduser().absolute()
    record = ask(executable)
    if record["implementation"] != "CPython" or "prefix" not in record:
        oldest = ".".join(map(str, OLDEST))
        what = f"{record['implementation']} {record['version']}"
        raise broken(executable, f"it is {what}, and what is measured is CPython {oldest} or newer")
    return Interpreter.of(executable, record, Origin.PATH)


def _contradiction(arm: Arm, python: str) -> UsageError:
    return UsageError(
        f"Arm {arm.name} is a {arm.title}, which {python} is not.",
        hint="Leave --arm out for the build's own way.",
    )
