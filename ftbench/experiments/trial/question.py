"""What a trial is asked: a function, its inputs, where and how to run it; what is wrong is told.

Nothing of the user's is imported here.
"""

from __future__ import annotations

import hashlib
import json
import pkgutil
import sys
import sysconfig
import tomllib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from ftbench.analysis.advice.question import workers
from ftbench.errors import UsageError, unknown
from ftbench.facts.trial_modes import CUSTOM, TRIAL_MODE_NAMES, TrialMode, trial_mode_named
from ftbench.facts.units import plural
from ftbench.files import refuse_endless
from ftbench.probe.instruments.machine import machine_record
from ftbench.probe.run.measure import check_deadline
from ftbench.pythons.requirements import Requirements, of_names, of_project, of_script
from ftbench.results.records import digest_of

CHECKS: Final = ("equal", "close:1e-9", "none", "MODULE:FUNCTION")
TABLE: Final = "tool.ftbench.try"
_SHOWN: Final = 80  # characters of what is no JSON
_LEAST_WORKERS: Final = 2  # by default: with one there is nothing to choose

# What stands for the one call of a function that is given no input.
_NO_ARGUMENTS: Final = json.dumps([[], {}])


_HOOKS: Final = ("worker_setup", "before", "after")


def _short(target: str) -> str:
    place, colon, name = target.rpartition(":")
    return f"{Path(place).name if place.endswith('.py') else place}{colon}{name}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What was asked, validated; targets are `module:name`, or `/path/file.py:name`."""

    target: str
    path: tuple[str, ...] = ()  # before sys.path
    inputs: tuple[str, ...] = (_NO_ARGUMENTS,)  # JSON, each [args, kwargs]
    inputs_from: str | None = None  # which makes them instead
    kwargs: bool = False
    worker_setup: str | None = None
    before: str | None = None
    after: str | None = None
    check: str = "equal"
    executor: str | None = None
    pythons: tuple[str, ...] = ()  # () is the newest pair
    modes: tuple[TrialMode, ...] = ()  # () are those that fit the function
    workers: tuple[int, ...] = ()
    needs: Requirements = field(default_factory=Requirements)  # beside the standard library
    budget: float = 60.0  # seconds of measuring
    call_deadline: float = 30.0
    shake: int = 800  # calls
    memory: int = 1  # processes of a cell in which it is seen
    yes: bool = False  # whether it may have side effects

    @property
    def file(self) -> Path | None:
        place = self.target.rpartition(":")[0]
        return Path(place) if place.endswith(".py") else None

    @property
    def name(self) -> str:
        return _short(self.target)

    def alike(self) -> dict[str, str]:
        """Return what must be alike before two trials are compared, name → what it is."""
        told = {
            "inputs": self.inputs_from or digest_of(self.inputs),
            "kwargs": "yes" if self.kwargs else "",
            "packages": " ".join((*self.needs.named, *(file.name for file in self.needs.files))),
            **{name: getattr(self, name) or "" for name in (*_HOOKS, "executor")},
        }
        return {name: _short(text) for name, text in told.items() if text}

    @property
    def source(self) -> str:
        """A digest of the file that the function stands in, "" where it is not known."""
        file = self.file or _module_file(self.target.rpartition(":")[0], self.path)
        return hashlib.sha256(file.read_bytes()).hexdigest()[:12] if file else ""

    def sources(self) -> dict[str, tuple[int, int]]:
        """Return what the function's code is known by: its files, and those beside them."""
        named = (self.target, self.inputs_from, self.worker_setup, self.before, self.after)
        files: set[Path] = set()
        for target in filter(None, (*named, self.check, self.executor)):
            place = target.rpartition(":")[0] or "."
            if place.endswith(".py"):
                files |= {*Path(place).parent.glob("*.py")}
            elif file := _module_file(place, self.path):
                package = "." in place or file.name == "__init__.py"
                files |= _package(file, place) if package else {*file.parent.glob("*.py")}
        return {str(f): (f.stat().st_size, f.stat().st_mtime_ns) for f in sorted(files)}


def asked(
    target: str,
    *,
    folder: Path,
    folders: Sequence[str] = (),
    values: Sequence[str] = (),
    inputs: Path | None = None,
    inputs_from: str | None = None,
    kwargs: bool = False,
    check: str = "equal",
    executor: str | None = None,
    requirements: Sequence[str] = (),
    requirement_files: Sequence[Path] = (),
    project: Path | None = None,
    modes: Sequence[str] = (),
    workers: Sequence[str | int] = (),
    pythons: Sequence[str] = (),
    call_deadline: float = 30.0,
    **options: Any,
) -> Question:
    """Return the question; what is relative is so to `folder`.  Raises `UsageError`.

    Modules are looked for in `folders` first, if any, else in `folder` unless there is a project.
    `values` are JSON texts, an input each; `modes` and `workers` may be lists with commas.
    """
    needs = of_names(requirements, requirement_files)
    needs = needs.both(of_project(project)) if project else needs
    path = (*map(str, _path(target, folder, needs, folders)), *dict.fromkeys(folders))
    if sum(map(bool, (values, inputs, inputs_from))) > 1:
        raise UsageError("Inputs are given one way: --input, --inputs or --inputs-from.")
    check_deadline(call_deadline)
    named = {"inputs_from": inputs_from, "executor": executor}
    named |= {name: options.pop(name, None) for name in _HOOKS}
    options |= {
        name: text and _resolved(text, f"--{name.replace('_', '-')}", folder, path)
        for name, text in named.items()
    }
    target = _resolved(target, "TARGET", folder, path)
    file = target.rpartition(":")[0]
    return Question(
        target=target,
        path=path,
        needs=needs.both(of_script(Path(file))) if file.endswith(".py") else needs,
        inputs=tuple(_inputs(values, inputs, kwargs=kwargs)) or (_NO_ARGUMENTS,),
        kwargs=kwargs,
        check=_check(check, folder, path),
        pythons=tuple(pythons),
        modes=_modes(modes, executor),
        workers=_workers(workers),
        call_deadline=call_deadline,
        **options,
    )


def _path(target: str, folder: Path, needs: Requirements, more: Sequence[str]) -> Iterator[Path]:
    """Yield what is put before sys.path: the projects' folders, the file's own or this one."""
    yield from needs.path
    place = target.replace("::", ":").rpartition(":")[0]
    if place.endswith(".py"):
        yield (folder / place).absolute().parent
    elif not (needs.path or more):
        yield folder.absolute()


def _resolved(text: str, what: str, folder: Path, path: Sequence[str]) -> str:
    """Return a target with the whole path of its file; raises `UsageError` if it can be none.

    Whether it has such a function says who imports it.
    """
    place, _, name = text.replace("::", ":").rpartition(":")
    hint = "Write MODULE:FUNCTION or FILE.py:FUNCTION, as in mypkg.jobs:resize."
    if not (place and name) or name.endswith(".py"):
        whole = text.rstrip(":")
        module, _, last = whole.rpartition(".")
        if (folder / whole).is_file():
            raise UsageError(f"{what} {text!r} names a file: say {whole}:FUNCTION.", hint=hint)
        meant = f"Did you mean {module}:{last}? " if _module_file(module, path) else ""
        raise UsageError(f"{what} {text!r} names no function.", hint=f"{meant}{hint}")
    if not all(part.isidentifier() for part in name.split(".")):
        raise UsageError(f"{what} {text!r}: {name!r} is no name of a function.", hint=hint)
    if place.endswith(".py") or "/" in place or "\\" in place:
        file = folder / Path(place).expanduser()
        if file.is_file():
            return f"{file.resolve()}:{name}"
        there = [each.name for each in file.parent.glob("*.py")]
        raise unknown(f"file of {what}", place, there)
    if not all(part.isidentifier() for part in place.split(".")):
        if (folder / f"{place}.py").is_file():
            hint = f"Did you mean {place}.py:{name}?"
        raise UsageError(f"{what} {text!r}: {place!r} is no name of a module.", hint=hint)
    return f"{place}:{name}"


def _module_file(module: str, path: Sequence[str]) -> Path | None:
    parts = module.split(".")
    for folder in path if all(parts) else ():
        place = Path(folder, *parts)
        for file in (place.with_name(f"{place.name}.py"), place / "__init__.py"):
            if file.is_file():
                return file
    return None


def _package(file: Path, module: str) -> set[Path]:
    parts = module.split(".")
    top = file.parents[len(parts) - (1 if file.name == "__init__.py" else 2)]
    return {*top.rglob("*.py")}


def _inputs(values: Sequence[str], file: Path | None, *, kwargs: bool) -> Iterator[str]:
    """Yield each input as JSON of [args, kwargs]."""
    texts: Iterable[tuple[str, Any]] = ((f"--input {t!r}", _json(t, "--input")) for t in values)
    if file is not None:
        texts = _of_file(file)
    for where, value in texts:
        yield _call(value, where, kwargs=kwargs)


def _call(value: Any, where: str, *, kwargs: bool) -> str:
    if not kwargs:
        return json.dumps([[value], {}])
    if not isinstance(value, dict):
        raise UsageError(
            f"{where} is no object, which --kwargs takes: name → argument.",
            hint='Write {"width": 20}, or leave out --kwargs, which hands it over as it is.',
        )
    return json.dumps([[], value])


def _json(text: str, where: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise UsageError(
            f"{where} {text[:_SHOWN]!r} is no JSON: {error}.",
            hint=f"A text is written with its quotes: '{json.dumps(text[:_SHOWN])}'; a file whose "
            "lines are texts is named .txt.",
        ) from None


def _of_file(file: Path) -> Iterator[tuple[str, Any]]:
    try:
        refuse_endless(file)
        text = file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"--inputs {file} cannot be read: {error}.") from error
    lines = {n: line for n, line in enumerate(text.splitlines(), 1) if line.strip()}
    values: Any = lines
    if file.suffix in {".jsonl", ".ndjson"}:
        values = {n: _json(line, f"--inputs {file}, line {n}:") for n, line in lines.items()}
    elif file.suffix == ".json":
        values = _json(text, f"--inputs {file}")
        values = dict(enumerate(values, 1)) if isinstance(values, list) else None
    elif file.suffix != ".txt":
        values = None
    if not isinstance(values, dict) or not values:
        raise UsageError(
            f"--inputs {file} holds no list of inputs.",
            hint=".jsonl has JSON on each line, .json a list, .txt a text on each line; "
            "--inputs-from MODULE:FUNCTION makes any others.",
        )
    yield from ((f"{file.name}, input {number}", value) for number, value in values.items())


def _check(text: str, folder: Path, path: Sequence[str]) -> str:
    kind, colon, amount = text.partition(":")
    if text in {"equal", "none"}:
        return text
    if kind == "close" and colon:
        try:
            if 0 <= float(amount) < 1:
                return text
        except ValueError:
            pass
        raise UsageError(
            f"--check {text!r}: {amount!r} is no tolerance.",
            hint="Write the share by which numbers may differ: close:1e-9.",
        )
    if colon:
        return _resolved(text, "--check", folder, path)
    raise unknown("check", text, CHECKS)


def _modes(names: Sequence[str], executor: str | None) -> tuple[TrialMode, ...]:
    every = [name.strip() for text in names for name in text.split(",") if name.strip()]
    if CUSTOM.name in every and not executor:
        raise UsageError("The mode custom is what --executor MODULE:FACTORY makes.")
    chosen = [trial_mode_named(name) for name in dict.fromkeys(every)]
    # The plain loop is what all others are compared with.
    first = [trial_mode_named(TRIAL_MODE_NAMES[0])] if chosen else []
    own = [CUSTOM] if executor and chosen else []
    return tuple(dict.fromkeys([*first, *chosen, *own]))


def _workers(counts: Sequence[str | int]) -> tuple[int, ...]:
    every = [part.strip() for count in counts for part in str(count).split(",") if part.strip()]
    if not every:
        return (max(int(machine_record()["usable_cores"]), _LEAST_WORKERS),)
    try:
        return tuple(dict.fromkeys(map(workers, every)))
    except UsageError as error:
        hint = "Several are written with commas: --workers 1,2,4."
        raise UsageError(f"--workers: {error.message}", hint=hint) from error


def kept(name: str, folder: Path) -> tuple[dict[str, Any], Path]:
    """Return what `[tool.ftbench.try.NAME]` says, and the folder of its pyproject.toml.

    Raises `UsageError` where there is no such trial.
    """
    places = (place / "pyproject.toml" for place in (folder, *folder.absolute().parents))
    file = next(filter(Path.is_file, places), None)
    try:
        table = tomllib.loads(file.read_text(encoding="utf-8")) if file else {}
    except (OSError, ValueError) as error:
        raise UsageError(f"{file} cannot be read: {error}.") from error
    for part in TABLE.split("."):
        below = table.get(part)
        table = below if isinstance(below, dict) else {}
    trial = table.get(name)
    if file and table and not isinstance(trial, dict):
        raise unknown(f"trial of {file.name}", name, table)
    if not file or not trial or not isinstance(trial.get("target"), str):
        raise UsageError(
            f"{name!r} names no function, and {file or 'a pyproject.toml'} keeps no trial of that "
            "name with a target.",
            hint="A function is MODULE:FUNCTION or FILE.py:FUNCTION; a trial that is kept has a "
            f"table [{TABLE}.{name}] with its target and options.",
        )
    return trial, file.parent


def target_of(function: Callable[..., Any] | str, what: str = "The function") -> tuple[str, str]:
    """Return the target that a function is, and the folder that its module is imported from.

    The folder is "" of what every interpreter has.  Raises `UsageError` for a function that no
    other process can import.
    """
    if isinstance(function, str):
        return function, ""
    module = getattr(function, "__module__", None) or ""
    name = getattr(function, "__qualname__", None) or repr(function)
    if module == "__main__" and name.isidentifier():
        raise UsageError(
            f"{what} {name} is of this notebook or script, which no other process can import.",
            hint=f"Write it to a file, in a notebook by %%writefile {name}.py as the first line of "
            f"its cell, and try '{name}.py:{name}'; or import it from there.",
        )
    target = f"{module}:{name}"
    try:
        same = pkgutil.resolve_name(target)
    except (ImportError, AttributeError, ValueError):
        same = None
    if same is not function:
        raise UsageError(
            f"{what} {name} is not what {target} is: a lambda, a function within another or a "
            "method of an object cannot be imported by name.",
            hint="Define it under its own name at the top level of a module.",
        )
    return target, _imported_from(module)


def _imported_from(module: str) -> str:
    top = sys.modules[module.partition(".")[0]]
    folders = getattr(top, "__path__", None)
    place = next(iter(folders), None) if folders else getattr(top, "__file__", None)
    if place is None:
        return ""
    parent = Path(place).absolute().parent
    installed = {Path(sysconfig.get_path(name)) for name in ("stdlib", "purelib", "platlib")}
    # What is installed for this interpreter is none of another's.
    return "" if installed & {parent, *parent.parents} else str(parent)


def inputs_of(values: Iterable[Any], *, kwargs: bool) -> list[str]:
    """Return inputs as JSON texts; raises `UsageError` for what JSON does not have."""
    texts = []
    for number, value in enumerate(values):
        try:
            text = json.dumps(value)
            same = json.loads(text) == value
        except (TypeError, ValueError, RecursionError):
            same = False
        if not same:
            raise UsageError(
                f"Input {number} is of {type(value).__name__}, which cannot be handed over as "
                "JSON as it is.",
                hint="Give a function that makes the inputs instead: inputs=mymodule.jobs.",
            )
        _call(value, f"Input {number}", kwargs=kwargs)
        texts.append(text)
    if not texts:
        raise UsageError("There are no inputs: nothing to call the function with.")
    return texts


def calls_of(count: int) -> str:
    """Return how many calls they are: "1 call", "240 calls"."""
    return plural(count, "call", "calls")
