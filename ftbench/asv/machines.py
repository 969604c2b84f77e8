"""Registers this machine with asv under a name that means something: its CPU and cores."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from asv import util
from asv.machine import Machine, MachineCollection

from ftbench.errors import AsvError, UsageError
from ftbench.probe.instruments.machine import machine_record

# Words of a CPU's model that tell nothing apart.
_NOISE = re.compile(r"\((r|tm)\)|\bcpu\b|\bprocessor\b|@|\b\d+-core\b", re.IGNORECASE)
# What is one folder on every system, and never one above.
_FOLDER = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}(?<!\.)")
# Not a machine, but a field of asv's list of them.
_TAKEN = "version"


def machine_name(cpu: str, cores: int) -> str:
    """Return the name for a CPU model and a number of cores: `amd-ryzen-9-9950x-16cpu`.

    Not the host name, which is nobody's business on a published page, and random in a container.
    """
    words = re.findall(r"[a-z0-9.]+", _NOISE.sub(" ", cpu).lower())
    return "-".join([*(words or ["unknown"]), f"{cores}cpu"])


def _fields(name: str) -> dict[str, str]:
    """Return all six fields that asv keeps; it fills in none of those that are left out."""
    defaults = Machine.get_defaults()
    record = machine_record()
    return {**defaults, "machine": name, "cpu": str(record["cpu"])}


def register(name: str | None = None) -> str:
    """Make sure that asv knows this machine; return the name that it has there.

    An entry of this name is kept as it is.  Raises `UsageError` for a name that cannot be a folder
    of the results, `AsvError` if asv's own file is unreadable.
    """
    if name is not None and (name == _TAKEN or not _FOLDER.fullmatch(name)):
        raise UsageError(
            f"{name!r} cannot be a machine's name: the results have a folder of that name.",
            hint="Write letters, digits and . _ - between them, at most 100: my-laptop.",
        )
    record = machine_record()
    name = name or machine_name(str(record["cpu"]), int(record["cores"] or 1))
    path = Path(MachineCollection.get_machine_file_path())
    try:
        known: dict[str, Any] = dict(util.load_json(str(path))) if path.exists() else {}
        if name not in known:
            MachineCollection.save(name, _fields(name))
    except (util.UserError, OSError, TypeError, ValueError) as error:
        raise AsvError(
            f"asv's list of machines, {path}, cannot be used: {error}",
            hint="It is JSON that asv made; mend it or move it away, then run this again.",
        ) from error
    return name
