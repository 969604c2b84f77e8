"""Obtains interpreters (installed, uv's, else built), and chooses the one to measure."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable, Sequence
from functools import partial
from pathlib import Path
from typing import Final

from rich.console import Console

from ftbench.errors import DeadlineError, FtbenchError, InterpreterError, UsageError
from ftbench.facts.arms import ARMS, Arm, arm_named
from ftbench.probe.run.child import clean_environment
from ftbench.processes import Finished, run
from ftbench.progress import phase
from ftbench.pythons import building
from ftbench.pythons.asking import ask, broken
from ftbench.pythons.debian import Recipe, find_tarball
from ftbench.pythons.discovery import discover
from ftbench.pythons.interpreter import OLDEST, Interpreter, Origin, Spec, preference
from ftbench.pythons.toolchain import find_toolchain, with_headers
from ftbench.releases import Level, Release

DEFAULT_RELEASE: Final = Release.parse("3.13.15")
"""What is installed where no release has both builds: uv and Debian's source archive have it."""


def ensure(
    specs: Iterable[str], *, optimized: bool = False, console: Console
) -> tuple[Interpreter, ...]:
    """Return an interpreter for each spec, with PGO and LTO if `optimized`, installed if need be.

    Raises `UsageError` for a spec that cannot exist, before anything is done, and
    `InterpreterError` with the answer of every provider for one that nobody has.
    """
    return tuple(
        _ensure(spec, console, optimized=optimized) for spec in [Spec.parse(s) for s in specs]
    )


def ensure_pair(console: Console) -> tuple[Interpreter, Interpreter]:
    """Return a GIL and a free-threaded interpreter of one release, built alike.

    The newest release of which both are installed with the same flavour, final releases first;
    where there is none, both of `DEFAULT_RELEASE` from one provider.
    """
    pair = find_pair(discover())
    if pair is not None:
        return pair
    failures: list[str] = []
    for provide in PROVIDERS:
        try:
            gil, free_threaded = (
                provide(Spec.of(DEFAULT_RELEASE, free_threaded=threading), console, optimized=False)
                for threading in (False, True)
            )
        except InterpreterError as error:
            failures.append(_answer(error))
        else:
            return gil, free_threaded
    raise _nobody_has(f"{DEFAULT_RELEASE} and {DEFAULT_RELEASE}t", failures)


def find_pair(interpreters: Sequence[Interpreter]) -> tuple[Interpreter, Interpreter] | None:
    """Return the best pair of `ensure_pair` among `interpreters`, None if there is none."""
    pairs = [
        (gil, free_threaded)
        for gil in interpreters
        for free_threaded in interpreters
        if _are_a_pair(gil, free_threaded)
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


def _are_a_pair(gil: Interpreter, free_threaded: Interpreter) -> bool:
    return (
        gil.release == free_threaded.release
        and not gil.build.free_threaded
        and free_threaded.build.free_threaded
        and gil.build.flavour == free_threaded.build.flavour
    )


def _ensure(spec: Spec, console: Console, *, optimized: bool) -> Interpreter:
    fitting = [one for one in discover() if _fits(one, spec, optimized=optimized)]
    if fitting:
        newest = max(one.release for one in fitting)
        return min((one for one in fitting if one.release == newest), key=preference)
    failures: list[str] = []
    for provide in PROVIDERS:
        try:
            return provide(spec, console, optimized=optimized)
        except InterpreterError as error:
            failures.append(_answer(error))
    raise _nobody_has(f"{spec}{' with PGO and LTO' if optimized else ''}", failures)


def _fits(interpreter: Interpreter, spec: Spec, *, optimized: bool) -> bool:
    return spec.matches(interpreter) and (interpreter.build.optimized or not optimized)


def _from_uv(spec: Spec, console: Console, *, optimized: bool) -> Interpreter:
    found = find_uv()
    if found is None:
        raise InterpreterError("uv is not installed")
    with phase(console, f"CPython {spec}: uv python install"):
        executable = install_by_uv(found, spec)
    interpreter = Interpreter.of(executable, ask(executable), Origin.UV)
    if not _fits(interpreter, spec, optimized=optimized):
        raise InterpreterError(f"uv gave {interpreter.name} ({interpreter.build.flavour})")
    return interpreter


def _from_source(spec: Spec, console: Console, *, optimized: bool) -> Interpreter:
    try:
        prefix = _build(spec, console, optimized=optimized)
    except OSError as error:  # a full disk, a cache folder that may not be written
        raise InterpreterError(
            f"CPython {spec} could not be built: {error}.",
            hint="Builds lie in the user's cache folder; FTBENCH_CACHE names another.",
        ) from error
    executable = prefix / "bin" / "python3"
    return Interpreter.of(executable, ask(executable), Origin.SOURCE)


def _build(spec: Spec, console: Console, *, optimized: bool) -> Path:
    """Return the prefix of a build of `spec`, without asking the archive where it is there."""
    toolchain = find_toolchain()
    recipe_of = partial(
        Recipe,
        free_threaded=spec.free_threaded,
        optimized=optimized,
        compiler=toolchain.compiler,
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


def _answer(error: FtbenchError) -> str:
    return "\n".join(f"  {line}" for line in str(error).splitlines())


def _nobody_has(what: str, failures: list[str]) -> InterpreterError:
    return InterpreterError(
        f"CPython {what} is not installed and could not be obtained:",
        story="\n".join(failures),
        hint="'ftbench pythons' lists what is installed.",
    )


_DEADLINE: Final = 900.0


def find_uv() -> Path | None:
    """Return uv's executable, from PATH or from the package of that name."""
    on_path = shutil.which("uv")
    if on_path:
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
    found = _uv(uv, "python", "find", "--managed-python", "--no-project", request)
    return Path(found.out.strip())


def _uv(uv: Path, *arguments: str) -> Finished:
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
    return done


DEFAULT_ARM: Final = "ft"


def choose(python: str | None, arm: str | None, console: Console) -> tuple[Interpreter, Arm]:
    """Return the interpreter and the arm that `python`, a release or a path, and `arm` name.

    By default: the newest pair, installed if need be; a path's own build as it runs by itself, else
    `ft`.  Raises `UsageError` if the two contradict each other, and `InterpreterError`.
    """
    if python is not None and Path(python).name != python:
        interpreter = at(Path(python))
        return interpreter, _fitting(interpreter, arm, python)
    if python is None:
        chosen = arm_named(arm or DEFAULT_ARM)
        gil, free_threaded = ensure_pair(console)
        return (free_threaded if chosen.free_threaded else gil), chosen
    chosen = arm_named(arm or DEFAULT_ARM)
    spec = Spec.parse(python)
    if spec.free_threaded and not chosen.free_threaded:
        raise _contradiction(chosen, python)
    wanted = f"{spec.release or spec.series}{'t' if chosen.free_threaded else ''}"
    (interpreter,) = ensure([wanted], console=console)
    return interpreter, chosen


def at(executable: Path) -> Interpreter:
    """Return the interpreter at a path; raises `InterpreterError` if no CPython for us is there."""
    executable = executable.expanduser().absolute()
    record = ask(executable)
    if record["implementation"] != "CPython" or "prefix" not in record:
        oldest = ".".join(map(str, OLDEST))
        what = f"{record['implementation']} {record['version']}"
        raise broken(executable, f"it is {what}, and what is measured is CPython {oldest} or newer")
    return Interpreter.of(executable, record, Origin.PATH)


def _fitting(interpreter: Interpreter, arm: str | None, python: str) -> Arm:
    free_threaded = interpreter.build.free_threaded
    if arm is None:
        return next(each for each in ARMS if each.free_threaded is free_threaded)
    chosen = arm_named(arm)
    if chosen.free_threaded is not free_threaded:
        raise _contradiction(chosen, python)
    return chosen


def _contradiction(arm: Arm, python: str) -> UsageError:
    return UsageError(
        f"Arm {arm.name} is a {arm.title}, which {python} is not.",
        hint="Leave --arm out for the build's own way.",
    )


def pair_of(release: str | None, console: Console) -> tuple[Interpreter, Interpreter]:
    """Return the GIL and the free-threaded interpreter to compare, installed if need be."""
    if release is None:
        return ensure_pair(console)
    name = Release.parse(release).name
    gil, free_threaded = ensure([name, f"{name}t"], console=console)
    return gil, free_threaded
