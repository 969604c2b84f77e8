"""The scenarios, as one table: what can be measured, with which parameters.

A scenario's module is loaded when it is asked for: a measured process holds its own alone.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from importlib import import_module

from ftbench.probe import scenarios
from ftbench.probe.scenarios.base import Scenario

# Each has a module of its name in this package, in which it stands under its name in capitals.
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


class _Scenarios(Mapping[str, Scenario]):
    def __getitem__(self, name: str) -> Scenario:
        if name not in NAMES:
            raise KeyError(name)
        module = import_module(f"{scenarios.__name__}.{name}")
        scenario: Scenario = getattr(module, name.upper())
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
