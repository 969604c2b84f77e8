"""The Rust source: `native/` of a checkout, `source/` beside this file in an installed wheel."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from ftbench.errors import NotAvailableError

MAIN: Final = "shared_set.rs"
_PACKAGED: Final = Path(__file__).resolve().parent / "source"
_CHECKOUT: Final = Path(__file__).resolve().parents[3] / "native"


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """The folder of the program's modules."""

    folder: Path

    @property
    def main(self) -> Path:
        """The file that rustc is given; it names the others."""
        return self.folder / MAIN

    @property
    def digest(self) -> str:
        """The SHA-256 of all modules, names and contents, in hex."""
        found = hashlib.sha256()
        for path in sorted(self.folder.glob("*.rs")):
            content = path.read_bytes()
            found.update(f"{path.name} {len(content)}\n".encode() + content)
        return found.hexdigest()


def find_source() -> Source:
    """Return the source; raises `NotAvailableError` for an installation without it."""
    for folder in (_PACKAGED, _CHECKOUT):
        if (folder / MAIN).is_file():
            return Source(folder=folder)
    raise NotAvailableError(
        "not available: this installation of ftbench has no Rust source",
        hint="Install ftbench from a checkout or from a wheel that was built from one.",
    )
