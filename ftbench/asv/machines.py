"""Which machine of the results this one is: no run writes into the folder of another one."""

from __future__ import annotations

import hashlib
import json
import os
import re
import secrets
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final, Self

from asv import util
from asv.console import log
from asv.machine import Machine as AsvMachine
from filelock import FileLock

from ftbench.errors import ResultsError, UsageError, unknown
from ftbench.files import data_folder, write_whole
from ftbench.probe.instruments.machine import lasting, machine_record
from ftbench.results.safe_loading import MACHINE, load_machine

Say = Callable[[str], object]  # by default one that says nothing

# Words of a CPU's model that tell nothing apart.
_NOISE: Final = re.compile(r"\((r|tm)\)|\bcpu\b|\bprocessor\b|@|\b\d+-core\b", re.IGNORECASE)
# What is one folder on every system, and never one above.
_FOLDER: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}(?<!\.)")
_DIGITS: Final = 4  # of the identity, in a name
_SALT: Final = "machine-salt"
# What tells by itself that a record is of another machine.
_TOLD_APART_BY: Final = ("arch", "cpu", "num_cpu", "identity")


def machine_name(cpu: str, cores: int) -> str:
    """Return the name for a CPU model and a number of cores: `amd-ryzen-9-9950x-16cpu`.

    Not the host name, which is nobody's business on a published page, and random in a container.
    """
    words = re.findall(r"[a-z0-9.]+", _NOISE.sub(" ", cpu).lower())
    return "-".join([*(words or ["unknown"]), f"{cores}cpu"])


def identity(project: Path, say: Say = str) -> str:
    """Return what this machine is known by: all clones of a user have it, no other machine has.

    Nothing can be read from it.  Without a data folder of the user it is that of this clone.
    """
    try:
        salt = _salt(data_folder())
    except OSError as error:
        place, why = project / "env", error.strerror or error
        say(
            f"Which machine this is cannot be kept in the user's data folder ({why}): it is kept "
            f"in {place}, and is another one for other clones."
        )
        salt = _salt(place)
    return hashlib.sha256(json.dumps([lasting(), salt]).encode()).hexdigest()[:16]


def _salt(folder: Path) -> str:
    path = folder / _SALT
    if not path.exists():
        folder.mkdir(parents=True, exist_ok=True)
        with FileLock(folder / f"{_SALT}.lock"):
            if not path.exists():
                write_whole(path, secrets.token_hex(16))
    if not (salt := path.read_bytes().hex()):
        raise OSError(f"{path} is empty")
    return salt


def register(results: Path, name: str | None, say: Say = str) -> str:
    """Return the name of this machine in the results; raises `UsageError` for one of another.

    By default it is told by CPU and cores, and by its identity unless it has adopted that name.
    """
    own = identity(results.parent, say)
    usual = str(_fields("")["machine"])
    default = usual if _known(results / usual) == own else f"{usual}-{own[:_DIGITS]}"
    name = default if name is None else name
    if not _FOLDER.fullmatch(name) or (results / name).is_file():
        raise UsageError(
            f"{name!r} cannot be a machine's name: it cannot be a folder in the results.",
            hint="Write letters, digits and . _ - between them, at most 100: my-laptop.",
        )
    there = _known(results / name)
    if there not in {None, own}:
        hint = f"Leave out --machine, which is {default} here, or give a name of your own."
        if not there:
            hint += f" If it is this machine, say so once: ftbench results adopt {name}"
        raise UsageError(f"The results of {name!r} are not known to be of this machine.", hint=hint)
    return name


def _known(folder: Path) -> str | None:
    """Return the identity on record in a machine's folder, "" for none, None if it has no files."""
    if not any(folder.glob("*")):
        return None
    try:
        return load_machine(folder / MACHINE).get("identity", "")
    except (util.UserError, OSError):
        return ""


def _fields(name: str) -> dict[str, str]:
    """Return what asv keeps of this machine; without a name it has the one by CPU and cores."""
    record = machine_record()
    cpu, cores = str(record["cpu"]), int(record["cores"] or 1)
    named = {"machine": name or machine_name(cpu, cores), "cpu": cpu, "num_cpu": str(cores)}
    return {**AsvMachine.get_defaults(), **named}


def introduce(results: Path, name: str) -> dict[str, str]:
    """Write who this machine is into the results, if they do not say so yet; return asv's fields.

    What is on record stays: by another kernel's name asv would take it for another machine.
    Raises `UsageError` as `register` does, `ResultsError` where nothing can be kept, and `OSError`.
    """
    path = results / register(results, name) / MACHINE
    if not path.exists():
        _write(path, _fields(name) | {"identity": identity(results.parent)})
    if not os.access(path.parent, os.W_OK):
        raise ResultsError(f"{path.parent} is not yours to write: no result could be kept there.")
    fields = {**_fields(name), **load_machine(path)}
    return {field: fields[field] for field, _ in AsvMachine.fields}


def refuse_other(results: Path, name: str, identity: str) -> None:
    """Raise `UsageError` where the results of a name are not those of the machine that has it."""
    if _known(results / name) not in {None, identity}:
        raise UsageError(
            f"The results of {name!r} are not known to be of the host {name!r}.",
            hint="Give the host another name, or have it adopt them: ftbench results adopt.",
        )


def introduce_other(results: Path, name: str, fields: Mapping[str, str]) -> None:
    """Write who another machine is by its own record, if the results do not say so yet.

    Raises `UsageError` as `refuse_other` does.
    """
    refuse_other(results, name, fields.get("identity", ""))
    path = results / name / MACHINE
    if not path.exists():
        _write(path, dict(fields))


def _write(path: Path, fields: dict[str, Any]) -> None:
    fields = fields | {"version": AsvMachine.api_version}
    path.parent.mkdir(parents=True, exist_ok=True)
    write_whole(path, json.dumps(fields, indent=4, sort_keys=True))


def adopt(results: Path, name: str) -> Path:
    """Write into the record of a machine without identity that it is this one; return its path.

    Raises `UsageError` where the record tells of another machine.
    """
    path = results / name / MACHINE
    if not path.is_file():
        raise unknown("machine", name, [each.parent.name for each in results.glob(f"*/{MACHINE}")])
    try:
        there = dict(load_machine(path))
    except (util.UserError, OSError) as error:
        raise ResultsError(str(error)) from error
    own = {"identity": identity(results.parent)}
    here = {field: (_fields(name) | own)[field] for field in _TOLD_APART_BY}
    unlike = [f"{f} is {there[f]}, not {e}" for f, e in here.items() if there.get(f, e) != e]
    if unlike:
        raise UsageError(
            f"The results of {name!r} are of another machine: {'; '.join(unlike)}.",
            hint=f"If this one has lost its user's data folder, remove its identity from {path}.",
        )
    _write(path, there | own)
    return path


class OwnMachine(AsvMachine):
    """This machine for `asv run`, in the place of what a user's ~/.asv-machine.json says of it."""

    @classmethod
    def load(cls, machine_name: str | None = None, **_: Any) -> Self:
        """Return it; asv has gone to the folder of its configuration."""
        self = cls()
        self.__dict__.update(_fields(register(Path("results"), machine_name, log.warning)))
        return self

    def save(self, results_dir: str) -> None:
        self.__dict__.update(introduce(Path(results_dir), self.machine))
