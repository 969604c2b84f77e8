"""The certificate of a fleet: who holds it is of the fleet, and nobody else is heard.

One for all, that signs itself: Dask knows no roles, and one for each host would protect no more.
openssl makes it, which systems have; `cryptography` would be compiled code for a single call.
"""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass
from pathlib import Path

from ftbench.errors import FtbenchError, NotAvailableError, UsageError
from ftbench.files import data_folder, folder_made
from ftbench.processes import run

_DAYS = 3650
_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Certificates:
    """The folder of a certificate and its key, `fleet.crt` and `fleet.key`."""

    folder: Path

    @classmethod
    def usual(cls) -> Certificates:
        """Return those of this user."""
        return cls(data_folder() / "fleet-certificate")

    @property
    def certificate(self) -> Path:
        """What all show and what all ask for."""
        return self.folder / "fleet.crt"

    @property
    def key(self) -> Path:
        """What a member of the fleet has and nobody else."""
        return self.folder / "fleet.key"

    def refuse_lacking(self) -> None:
        """Raise `UsageError` if they are not there, or the key is anybody's to read."""
        if not (self.certificate.is_file() and self.key.is_file()):
            raise UsageError(
                f"There is no fleet.crt and fleet.key in {self.folder}.",
                hint="The coordinator makes them ('ftbench fleet certificate'); copy both here.",
            )
        if os.name == "posix" and self.key.stat().st_mode & 0o077:
            raise UsageError(f"{self.key} can be read by others.", hint=f"chmod 600 {self.key}")

    def make(self) -> None:
        """Make both, unless they are there; raises `FtbenchError`."""
        if self.folder.exists():
            self.refuse_lacking()
            return
        if shutil.which("openssl") is None:
            raise NotAvailableError(
                "There is no openssl on this machine to make the fleet's certificate.",
                hint=f"Make it elsewhere, and copy its folder to {self.folder}.",
            )
        with folder_made(self.folder) as made:
            made.chmod(0o700)
            new = Certificates(made)
            done = run(
                (
                    *("openssl", "req", "-x509", "-newkey", "rsa:3072", "-nodes", "-sha256"),
                    *("-days", str(_DAYS), "-subj", "/CN=ftbench fleet"),
                    *("-keyout", new.key, "-out", new.certificate),
                ),
                environ=os.environ,
                deadline=_SECONDS,
            )
            if done.code:
                raise FtbenchError("openssl made no certificate.", story=done.err)
            new.key.chmod(0o600)
