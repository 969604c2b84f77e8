"""Packages for an interpreter, by wheels alone: one folder per ABI and requirements, made once.

uv makes it where it is there, else the pip that virtualenv carries, run by the interpreter itself:
its wheels and markers are then the right ones whatever the host is.  Nothing is ever built.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import sys
import tempfile
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from importlib.metadata import distributions
from pathlib import Path
from typing import Final

import msgspec
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name
from rich.console import Console
from virtualenv.seed.wheels.embed import get_embed_wheel

from ftbench.errors import DeadlineError, FtbenchError, NotAvailableError, UsageError
from ftbench.files import cache_folder, folder_made
from ftbench.probe.run.child import clean_environment
from ftbench.processes import Finished, run
from ftbench.progress import locked, phase
from ftbench.pythons.install import at, find_uv
from ftbench.pythons.interpreter import Interpreter
from ftbench.pythons.requirements import Requirements, of_names

DEADLINE: Final = 600.0
_STAMP: Final = "ftbench-packages.json"


class NoWheelError(NotAvailableError):
    """Nothing that is asked for has wheels for an interpreter, and asking again will not help."""


class Packages(msgspec.Struct, frozen=True, kw_only=True):
    """What was installed: where it lies, the versions, and what is to be known of them."""

    folder: str = ""  # "" where nothing is needed
    versions: dict[str, str] = {}
    notes: tuple[str, ...] = ()


def abi_of(interpreter: Interpreter) -> str:
    """Return the tag of wheels with compiled code for it: `cp314t`."""
    build = interpreter.build
    series = interpreter.release.series.replace(".", "")
    return f"cp{series}{'t' if build.free_threaded else ''}{'d' if build.debug else ''}"


def packages_of(wanted: Requirements, interpreter: Interpreter, console: Console) -> Packages:
    """Return what `wanted` needs, installed for the interpreter's ABI if it is not there yet.

    Raises `NotAvailableError` with the reason where that is not to be had for this interpreter, and
    `UsageError` for what nobody has.
    """
    for who, python in wanted.pythons.items():
        if not SpecifierSet(python).contains(str(interpreter.release), prereleases=True):
            raise NotAvailableError(f"{who} asks for Python {python}, this is {interpreter.name}.")
    if not wanted.named and not wanted.files:
        return Packages()
    abi, folder = abi_of(interpreter), place_of(wanted, interpreter)
    waiting = f"packages for {abi}: another ftbench installs some, wait"
    try:
        made = there(wanted, interpreter)
        if made is None:
            with locked("packages", console, waiting=waiting, deadline=DEADLINE):
                made = there(wanted, interpreter) or _install(wanted, interpreter, folder, console)
    except OSError as error:
        raise NotAvailableError(
            f"Packages for {abi} could not be installed: {error}.",
            hint="They are in the user's cache folder; FTBENCH_CACHE names another.",
        ) from error
    return made


def main(python: str, named: str, files: str) -> None:
    """Print the folder of what JSON lists name, for who measures and has no installer."""
    wanted = of_names(json.loads(named), json.loads(files))
    try:
        print(packages_of(wanted, at(Path(python)), Console(stderr=True)).folder)
    except FtbenchError as error:
        print(error.message, file=sys.stderr)
        sys.exit(error.exit_code)


def _digest(wanted: Requirements, interpreter: Interpreter) -> str:
    build = interpreter.build
    parts = [build.platform, build.libc, *sorted(wanted.named), *wanted.lines]
    wheels = (Path(name).stat() for name in wanted.named if Path(name).is_absolute())
    parts += (f"{wheel.st_size} {wheel.st_mtime_ns}" for wheel in wheels)
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:10]


def place_of(wanted: Requirements, interpreter: Interpreter) -> Path:
    """Return the folder of what `wanted` needs; it need not be there."""
    name = f"{abi_of(interpreter)}-{_digest(wanted, interpreter)}"
    return cache_folder() / "packages" / name


def there(wanted: Requirements, interpreter: Interpreter) -> Packages | None:
    """Return what was installed of `wanted`, None if that is not there as a whole."""
    try:
        stamp = (place_of(wanted, interpreter) / _STAMP).read_bytes()
        return msgspec.json.decode(stamp, type=Packages)
    except (OSError, msgspec.DecodeError):
        return None


class _Uv:
    title = "uv pip install"

    def __init__(self, uv: Path, interpreter: Interpreter) -> None:
        self._uv = uv
        self._where = ["--python", str(interpreter.executable)]

    def install(self, wanted: Requirements, folder: Path) -> Finished:
        """Fill the folder by wheels alone."""
        command = ["install", "--no-build", "--compile-bytecode", "--target", str(folder)]
        return self._run(*command, *_arguments(wanted))

    def newest(self, requirement: Requirement, *, wheels: bool) -> str | None:
        """Return the newest version that fits, if need be of those with a wheel; None without."""
        with tempfile.NamedTemporaryFile("w", suffix=".txt", encoding="utf-8") as file:
            file.write(f"{requirement}\n")
            file.flush()
            # Without dependencies uv reads no package's metadata, so that it builds none.
            options = ["--no-deps", "--no-header", "--no-annotate", *["--no-build"][: int(wheels)]]
            done = self._run("compile", *options, file.name)
        found = re.search(r"^[\w.-]+(?:\[.*\])?==(\S+)", done.out, re.MULTILINE)
        return found[1] if found else None

    def _run(self, command: str, *arguments: str) -> Finished:
        options = ["--no-progress", "--color", "never", *self._where]
        return _run([self._uv, "pip", command, *options, *arguments])


class _Pip:
    title = "pip install"

    def __init__(self, interpreter: Interpreter) -> None:
        pip = unpacked_pip(interpreter.release.series)
        self._pip: list[str | Path] = [interpreter.executable, "-s", pip]

    def install(self, wanted: Requirements, folder: Path) -> Finished:
        """As uv does."""
        options = ["--quiet", "--only-binary", ":all:", "--target", str(folder)]
        return self._run("install", *options, *_arguments(wanted))

    def newest(self, requirement: Requirement, *, wheels: bool) -> str | None:
        """As uv does."""
        only = ["--only-binary", ":all:"] if wheels else []
        done = self._run("index", "versions", *only, requirement.name)
        found = re.search(r"^Available versions: (.*)$", done.out, re.MULTILINE)
        versions = found[1].split(", ") if found else []
        return next(requirement.specifier.filter(versions), None)

    def _run(self, command: str, *arguments: str) -> Finished:
        return _run([*self._pip, command, "--no-color", "--no-input", *arguments])


def unpacked_pip(series: str) -> Path:
    """Return virtualenv's pip for a series as a folder: of a wheel each call compiles it anew."""
    wheel = get_embed_wheel("pip", series)
    if wheel is None:
        raise NotAvailableError(
            "There is neither uv nor a pip to install packages with.",
            hint=f"Install uv: {Path(sys.executable).name} -m pip install uv.",
        )
    folder = cache_folder() / "packages" / wheel.path.stem
    if not folder.exists():
        with zipfile.ZipFile(wheel.path) as archive, folder_made(folder) as staging:
            archive.extractall(staging)
    return folder / "pip"


def _arguments(wanted: Requirements) -> list[str]:
    return [*wanted.named, *(word for file in wanted.files for word in ("-r", str(file)))]


def _run(command: Sequence[str | Path]) -> Finished:
    environ = clean_environment({"PIP_RETRIES": "1", **os.environ})
    # They say where else to install.
    for name in ("VIRTUAL_ENV", "PIP_USER", "PIP_TARGET", "PIP_PREFIX", "PIP_REQUIRE_VIRTUALENV"):
        environ.pop(name, None)
    try:
        return run(command, environ=environ, deadline=DEADLINE)
    except DeadlineError as error:
        raise NotAvailableError(f"Packages could not be installed: {error}") from error


def _install(
    wanted: Requirements, interpreter: Interpreter, folder: Path, console: Console
) -> Packages:
    uv = find_uv()
    installer = _Uv(uv, interpreter) if uv else _Pip(interpreter)
    abi = abi_of(interpreter)
    with phase(console, f"packages for {abi}: {installer.title}"), folder_made(folder) as staging:
        done = installer.install(wanted, staging)
        if done.code:
            raise _failed(wanted, installer, abi, f"{done.err}\n{done.out}")
        versions = {
            str(canonicalize_name(each.metadata["Name"])): each.version
            for each in distributions(path=[str(staging)])
        }
        older = ", ".join(_older(versions, installer))
        note = f"Older versions, for the newest have no wheel for {abi}: {older}"
        notes = (note,) if older else ()
        made = Packages(folder=str(folder), versions=dict(sorted(versions.items())), notes=notes)
        (staging / _STAMP).write_bytes(msgspec.json.encode(made))
    return made


def _older(versions: Mapping[str, str], installer: _Uv | _Pip) -> Iterator[str]:
    """Yield what is older than its newest version because that has no wheel, as far as is known."""
    for name, version in sorted(versions.items()):
        newest = installer.newest(Requirement(name), wheels=False)
        if newest in {None, version}:
            continue
        # Where the newest wheel is another one, a requirement wants the older version.
        if installer.newest(Requirement(name), wheels=True) in {None, version}:
            yield f"{name} {version} (not {newest})"


_NO_NETWORK: Final = re.compile(
    "error sending request|dns error|Failed to fetch|network was disabled|Connection ?refused|"
    "NewConnectionError|ConnectTimeout|ReadTimeout|ProxyError|Name or service not known"
)
_OTHER_PYTHON: Final = re.compile(
    r"(?i)different python|does not satisfy Python|requires Python \W"
)
_UNFIT: Final = re.compile("not a supported wheel|incompatible with the current platform")
# Which requirement could not be met, as uv says it, and as pip does.
_CULPRIT: Final = re.compile(
    r"Wheels are required for `([^`]+)`|satisfies the requirement ([^(]+?) \("
)


def _failed(
    wanted: Requirements, installer: _Uv | _Pip, abi: str, said: str
) -> NotAvailableError | UsageError:
    """Say why nothing was installed: whose fault it is decides the class."""
    story = "\n".join(f"  {line}" for line in said.strip().splitlines()[-12:])
    if _NO_NETWORK.search(said):
        return NotAvailableError(
            f"Packages for {abi} could not be fetched: their index was not reached.",
            story=story,
            hint="What is installed once is used again without network.",
        )
    if _UNFIT.search(said):
        return NotAvailableError(f"The wheel that is named does not fit {abi}.", story=story)
    other = _OTHER_PYTHON.search(said)
    lines = [line for line in (*wanted.named, *wanted.lines) if not line.startswith("-")]
    lines = [line for line in lines if not line.endswith(".whl")]
    # Of those that nobody named, the tool alone knows which could not be met.
    deeper = [(found[1] or found[2]).split(" (from")[0] for found in _CULPRIT.finditer(said)]
    for each in map(Requirement, (*lines, *deeper)):
        if each.url or each.marker or installer.newest(each, wheels=True):
            continue
        newest = installer.newest(each, wheels=False)
        if newest is None and other:
            break
        if newest is None:
            return UsageError(
                f"There is no {each} in the packages' index.",
                hint="Is it spelled as there? 'pip index versions NAME' says what there is.",
            )
        abi3 = ", and abi3 wheels no free-threaded build can load" if abi.endswith("t") else ""
        return NoWheelError(
            f"No wheel for {abi}: {each} has none that fits{abi3} (the newest is {newest})."
        )
    why = "is for other Pythons than" if other else "cannot be installed for"
    kind = NoWheelError if other else NotAvailableError
    return kind(f"{', '.join(_arguments(wanted))} {why} {abi}.", story=story)


if __name__ == "__main__":
    main(*sys.argv[1:])
