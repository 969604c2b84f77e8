"""Checksums of files, as a package's record has them: opens, reads, hashes.

    ftbench try checksums.py:manifest --inputs-from checksums.py:packages

The files are those of the standard library that runs it.  Reading, and hashing more than 2 KiB,
lets go of the GIL; the many small steps between do not.
"""

import hashlib
import os
from pathlib import Path

LIBRARY = Path(os.__file__).parent


def packages():
    """Return packages of the standard library."""
    return ["asyncio", "email", "http", "importlib", "json", "logging", "multiprocessing", "xml"]


def manifest(package):
    """Return the checksum of each of a package's source files."""
    return {
        str(file.relative_to(LIBRARY)): hashlib.sha256(file.read_bytes()).hexdigest()
        for file in sorted((LIBRARY / package).rglob("*.py"))
    }
