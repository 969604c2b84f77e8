"""Which interpreter is measured, and with its GIL on or off."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from rich.console import Console

from ftbench.errors import UsageError
from ftbench.facts.arms import ARMS, Arm, arm_named
from ftbench.pythons import Interpreter, Origin, PythonBuild, ensure, ensure_pair
from ftbench.pythons.asking import ask, broken
from ftbench.pythons.interpreter import OLDEST, Spec
from ftbench.releases import Release

DEFAULT_ARM: Final = "ft"


def choose(python: str | None, arm: str | None, console: Console) -> tuple[Interpreter, Arm]:
    """Return the interpreter and the arm that `python`, a release or a path, and `arm` name.

    Without `python`: the newest pair's, as `ftbench bench` takes it; a release that is not here
    is installed.  Without `arm`: the path's own build as it runs by itself, else `ft`.  Raises
    `UsageError` where the two contradict each other, `InterpreterError` for what is none.
    """
    if python is not None and _is_path(python):
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
    return Interpreter(
        executable=executable,
        prefix=Path(record["prefix"]),
        build=PythonBuild.from_record(record),
        origin=Origin.PATH,
    )


def _is_path(python: str) -> bool:
    return Path(python).name != python


def _fitting(interpreter: Interpreter, arm: str | None, python: str) -> Arm:
    """Return the arm called `arm`, or the build's own one."""
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
