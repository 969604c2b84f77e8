"""Names of files for what results name as they please."""

from __future__ import annotations

import hashlib
import re
from typing import Final

_UNSAFE: Final = re.compile(r"[^a-z0-9._]+")
_JOIN: Final = "_"
_LONGEST: Final = 80
_DIGITS: Final = 8


def safe_name(*parts: str) -> str:
    """Return a file's name that is stable, safe on every system, and not that of other parts."""
    safe = [_UNSAFE.sub("-", part.lower()).strip("-._") for part in parts]
    name = _JOIN.join(filter(None, safe))
    plain = len(parts) == 1 or not any(_JOIN in part for part in parts)
    if plain and all(parts) and safe == list(parts) and len(name) <= _LONGEST:
        return name
    # The repr, for it is of plain characters whatever the parts are.
    digest = hashlib.sha256(repr(parts).encode()).hexdigest()[:_DIGITS]
    return f"{name[:_LONGEST]}-{digest}".lstrip("-")
