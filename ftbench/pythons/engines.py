"""Which engines an interpreter has, each in a folder of its own in the cache, and getting more."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import Final, NamedTuple

from rich.console import Console

from ftbench.errors import UsageError
from ftbench.facts.engines import ENGINES, Engine
from ftbench.files import write_whole
from ftbench.probe.workers.engines import PLACE, REASON
from ftbench.pythons.interpreter import Interpreter
from ftbench.pythons.requirements import Requirements, of_names
from ftbench.pythons.wheels import NoWheelError, Packages, abi_of, packages_of, place_of, there

COMMAND: Final = "ftbench engines install"


class State(NamedTuple):
    """What is known of an engine on an interpreter: packages, or why there are none."""

    packages: Packages | None = None
    reason: str = ""
    final: bool = False  # whether installing it would not help

    @property
    def word(self) -> str:
        """It in a word or two."""
        if self.packages:
            return "installed"
        return "no wheel" if self.final else "not installed"


def _wanted(engine: Engine) -> Requirements:
    if engine.file:
        return of_names((), [Path(__file__).parent / engine.file])
    return of_names(engine.requirements)


def state_of(engine: Engine, interpreter: Interpreter) -> State:
    """Return what is known without asking any index."""
    release = interpreter.release
    free_threaded = interpreter.build.free_threaded
    if limit := engine.why_not((release.major, release.minor), free_threaded=free_threaded):
        return State(reason=limit, final=True)
    wanted = _wanted(engine)
    if made := there(wanted, interpreter):
        return State(packages=made)
    with suppress(OSError):
        said = place_of(wanted, interpreter).with_suffix(".txt").read_text(encoding="utf-8")
        return State(reason=said, final=True)
    return State(
        reason=f"{engine.name} is not installed for {abi_of(interpreter)}: {COMMAND} {engine.name}"
    )


def install(engine: Engine, interpreter: Interpreter, console: Console) -> Packages:
    """Return an engine's packages, installed if need be; raises as `packages_of` does.

    That there is no wheel is kept, for cells to say; asked again, the index is asked again.
    """
    state = state_of(engine, interpreter)
    if not engine.measured or (state.final and state.reason == engine.limit):
        raise NoWheelError(f"{state.reason}.")
    wanted = _wanted(engine)
    reason = place_of(wanted, interpreter).with_suffix(".txt")
    try:
        made = packages_of(wanted, interpreter, console)
    except (NoWheelError, UsageError) as error:
        # Of a package without sources pip does not say that there is one for other builds.
        said = error.message
        if isinstance(error, UsageError):
            named = ", ".join(engine.requirements)
            said = f"No wheel for {abi_of(interpreter)}: {named} has none that fits, in this index"
        write_whole(reason, said)
        raise NoWheelError(said) from error
    reason.unlink(missing_ok=True)
    return made


def known_to(interpreter: Interpreter) -> dict[str, dict[str, str]]:
    """Return what a benchmark's environment is told of each engine."""
    states = {name: state_of(engine, interpreter) for name, engine in ENGINES.items()}
    return {
        name: {PLACE: state.packages.folder} if state.packages else {REASON: state.reason}
        for name, state in states.items()
    }


def lacks(interpreter: Interpreter, engine: str | None) -> bool:
    """Tell whether a mode's engine, if it needs one, is not there for an interpreter."""
    return engine is not None and state_of(ENGINES[engine], interpreter).packages is None
