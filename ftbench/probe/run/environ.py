"""A child's environment without the caller's Python settings.

`PYTHON_GIL=0` makes a GIL build refuse to start, `PYTHON_GIL=1` turns a free-threaded build into
another arm, `PYTHONHOME` breaks it, `PYTHONDONTWRITEBYTECODE` makes every spawned child compile:
nothing of the kind may come from the shell that ftbench was called in.  Standard library only.
"""

from __future__ import annotations

from collections.abc import Mapping


def clean_environment(
    environ: Mapping[str, str], extra: Mapping[str, str] | None = None
) -> dict[str, str]:
    """Return `environ` as a new dict without any PYTHON* variable, with `extra` added last."""
    # Windows' names are case-insensitive, and os.environ gives them in upper case.
    kept = {name: value for name, value in environ.items() if not name.startswith("PYTHON")}
    kept.update(extra or {})
    return kept
