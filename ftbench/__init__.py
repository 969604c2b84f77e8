"""ftbench: which concurrency model should a program pay for, on which CPython.

This file, `errors`, `measure` and `probe` are the measured side: they run inside a benchmarked
interpreter, use the standard library alone and are imported by every spawned worker, so nothing
is imported here until it is asked for.  Everything else is the host side.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ftbench.experiments.trial.api import trial
    from ftbench.probe.run.measure import measure

__version__ = "0.1.0"
__all__ = ["__version__", "measure", "trial"]


def __getattr__(name: str) -> object:
    """Load `ftbench.measure` or `ftbench.trial` only when somebody wants to measure."""
    if name == "trial":
        from ftbench.experiments.trial.api import trial  # noqa: PLC0415

        return trial
    if name == "measure":
        from ftbench.probe.run.measure import measure  # noqa: PLC0415

        return measure
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
