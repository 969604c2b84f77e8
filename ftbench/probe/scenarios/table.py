"""The scenarios, as one table: what can be measured, with which parameters.

A scenario's module is loaded when it is asked for: a measured process holds its own alone.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from importlib import import_module

from ftbench.probe import scenarios
from ftbench.probe.scenarios.base import Scenario

# Name → the module that holds it, below this package, under its name in capitals.
_MODULES = {
    "lifecycle": "lifecycle",
    "footprint": "footprint",
    "shared_set": "shared_set.scenario",
    "sharded_writers": "sharded_writers.scenario",
    "cpu_scaling": "cpu_scaling",
    "single_thread": "single_thread",
    "must_scale": "must_scale.scenario",
    "pools": "pools",
    "data": "data.scenario",
    "native": "native",
    "grain": "grain",
    "crossover": "crossover.scenario",
    "failure": "failure",
    "hybrid": "hybrid.scenario",
    "io": "io.scenario",
    "pauses": "pauses.scenario",
}
NAMES = tuple(_MODULES)


class _Scenarios(Mapping[str, Scenario]):
    def __getitem__(self, name: str) -> Scenario:
        module = import_module(f"{scenarios.__name__}.{_MODULES[name]}")
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
