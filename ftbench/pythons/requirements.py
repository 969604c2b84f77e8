"""What code needs beside the standard library, and where it says so; nothing is installed here."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from packaging.requirements import InvalidRequirement, Requirement
from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.utils import canonicalize_name

from ftbench.errors import UsageError
from ftbench.files import expanded


@dataclass(frozen=True, slots=True, kw_only=True)
class Requirements:
    """What code needs beside the standard library: `both` of several sources is one of them."""

    named: tuple[str, ...] = ()  # as PEP 508 has them, or a wheel's path
    files: tuple[Path, ...] = ()  # as pip has them
    lines: tuple[str, ...] = ()  # of the files, and of those that they name; options, too
    path: tuple[Path, ...] = ()  # of projects, which are imported from where they lie
    pythons: Mapping[str, str] = field(default_factory=dict)  # who said so → its requires-python

    def both(self, other: Requirements) -> Requirements:
        """Return what two need together."""
        return Requirements(
            named=tuple(dict.fromkeys(self.named + other.named)),
            files=tuple(dict.fromkeys(self.files + other.files)),
            lines=self.lines + other.lines,
            path=tuple(dict.fromkeys(self.path + other.path)),
            pythons={**self.pythons, **other.pythons},
        )


def of_names(names: Iterable[str], files: Iterable[str | Path] = ()) -> Requirements:
    """Return what requirements, wheels' paths and requirements files name; raises `UsageError`."""
    named = tuple(_checked(name, "") for name in names)
    paths = tuple(expanded(str(file)).absolute() for file in files)
    lines = tuple(line for path in paths for line in _lines(path))
    return Requirements(named=named, files=paths, lines=lines)


# As the specification of inline script metadata has it.
_BLOCK: Final = re.compile(
    r"^# /// script[ \t]*$\n(?P<text>(^#(| .*)$\n)*?)^# ///[ \t]*$", re.MULTILINE
)


def of_script(file: Path) -> Requirements:
    """Return what the inline metadata of a script names (PEP 723); raises `UsageError`."""
    blocks = list(_BLOCK.finditer(_read(file)))
    if len(blocks) > 1:
        raise UsageError(f"{file} has {len(blocks)} blocks '# /// script', and may have one.")
    if not blocks:
        return Requirements()
    lines = blocks[0]["text"].splitlines()
    table = _toml("\n".join(line.removeprefix("#").removeprefix(" ") for line in lines), file)
    return _wanted(table, file)


# What builds compiled code, as build-system.requires names it.
_COMPILES: Final = frozenset(
    {"maturin", "setuptools-rust", "scikit-build", "scikit-build-core", "meson-python", "cython"}
    | {"pybind11", "nanobind", "cffi", "mypy"}
)


def of_project(folder: Path) -> Requirements:
    """Return a project's own path and what it depends on; raises `UsageError`."""
    folder = folder.absolute()
    if not folder.is_dir():
        raise UsageError(f"There is no folder {folder}: a project is named by its own.")
    file = folder / "pyproject.toml"
    document = _toml(_read(file), file) if file.exists() else {}
    system, table = document.get("build-system", {}), document.get("project", {})
    builders = (re.split(r"[^\w.-]", each)[0] for each in _strings(system, "requires", file))
    built_by = _COMPILES.intersection(map(canonicalize_name, builders))
    if built_by:
        raise UsageError(
            f"{folder} has compiled code, built by {', '.join(sorted(built_by))}, and only "
            "wheels are installed.",
            hint="Build its wheel for each ABI and name it: --with dist/NAME-….whl.",
        )
    if not table or "dependencies" in _strings(table, "dynamic", file):
        raise UsageError(
            f"There is no list of a project's dependencies in {file} ([project] dependencies).",
            hint="Name a requirements file instead, --with-requirements FILE, and put the "
            "project's folder on PYTHONPATH.",
        )
    source = folder / "src"
    return _wanted(table, file).both(Requirements(path=(source if source.is_dir() else folder,)))


def _wanted(table: Mapping[str, Any], file: Path) -> Requirements:
    named = tuple(_checked(text, f" in {file}") for text in _strings(table, "dependencies", file))
    python = str(table.get("requires-python", ""))
    try:
        SpecifierSet(python)
    except InvalidSpecifier as error:
        raise UsageError(f"requires-python = {python!r} in {file} is no version range.") from error
    return Requirements(named=named, pythons={str(file): python} if python else {})


def _strings(table: Any, key: str, file: Path) -> list[str]:
    found = table.get(key, []) if isinstance(table, dict) else None
    if not isinstance(found, list) or not all(isinstance(each, str) for each in found):
        raise UsageError(f"{key!r} in {file} is no list of strings.")
    return found


def _read(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8").replace("\r\n", "\n")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{file} cannot be read: {error}.") from error


def _toml(text: str, file: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise UsageError(f"{file} has no valid TOML: {error}.") from error


def _checked(text: str, where: str) -> str:
    wheel = expanded(text)
    if text.endswith(".whl") and "@" not in text:
        if not wheel.is_file():
            raise UsageError(f"There is no wheel {text}{where and ', which stands'}{where}.")
        return str(wheel.absolute())
    try:
        requirement = Requirement(text)
    except InvalidRequirement as error:
        reason = str(error).splitlines()[0]
        raise UsageError(
            f"{text!r}{where} is no requirement: {reason}.",
            hint="Write it as for pip: numpy, 'numpy>=2', or the path of a wheel, ./NAME-….whl.",
        ) from error
    if requirement.url and not requirement.url.partition("#")[0].endswith(".whl"):
        raise UsageError(
            f"{text!r}{where} would have to be built, and only wheels are installed.",
            hint="Build its wheel for each ABI and name that.",
        )
    return text


def _lines(file: Path) -> Iterator[str]:
    """Yield the lines of a requirements file and of those that it names; raises `UsageError`."""
    for line in _read(file).replace("\\\n", " ").splitlines():
        words = re.sub(r"(^|\s)#.*", "", line).strip()
        if named := re.fullmatch(r"(?:-r|-c|--requirement|--constraint)[ =]\s*(.+)", words):
            yield from _lines(file.parent / named[1])
        elif words.startswith(("-e", "--editable")):
            raise UsageError(
                f"{words!r} in {file} would have to be built, and only wheels are installed.",
                hint="Name the project by --project FOLDER.",
            )
        elif words:
            option = words.startswith("-")
            yield words if option else _checked(re.split(r"\s+--\w", words)[0], f" in {file}")
