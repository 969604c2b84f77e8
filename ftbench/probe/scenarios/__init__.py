"""The scenarios, as one table: what can be measured, with which parameters.

A module per scenario, loaded when it is asked for: a measured process holds its own alone.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from importlib import import_module

from ftbench.probe.scenarios.base import Scenario

NAMES = (
    "lifecycle",
    "footprint",
    "shared_set",
    "sharded_writers",
    "cpu_scaling",
    "single_thread",
    "must_scale",
    "pools",
    "data",
    "native",
    "grain",
    "crossover",
    "failure",
    "hybrid",
    "io",
    "pauses",
)

__all__ = ["NAMES", "SCENARIOS", "Scenario", "scenario_named"]


class _Scenarios(Mapping[str, Scenario]):
    def __getitem__(self, name: str) -> Scenario:
        if name not in NAMES:
            raise KeyError(name)
        scenario: Scenario = getattr(import_module(f"{__name__}.{name}"), name.upper())
        return scenario

    def __iter__(self) -> Iterator[str]:
        return iter(NAMES)

    def __len__(self) -> int:
        return len(NAMES)


SCENARIOS: Mapping[str, Scenario] = _Scenarios()


def scenario_named(name: str) -> Scenario:
    """Return the scenario called `name`; raises `UsageError` for a name that is none."""
    if name not in NAMES:
        from ftbench.errors import unknown  # noqa: PLC0415

        raise unknown("scenario", name, SCENARIOS)
    return SCENARIOS[name]
