"""The scenarios, as one table: what can be measured, with which parameters."""

from __future__ import annotations

from ftbench.probe.scenarios.base import Scenario
from ftbench.probe.scenarios.footprint import FOOTPRINT
from ftbench.probe.scenarios.lifecycle import LIFECYCLE

SCENARIOS = {scenario.name: scenario for scenario in (LIFECYCLE, FOOTPRINT)}

__all__ = ["SCENARIOS", "Scenario", "scenario_named"]


def scenario_named(name: str) -> Scenario:
    """Return the scenario called `name`; raises `UsageError` for a name that is none."""
    if name not in SCENARIOS:
        from ftbench.errors import unknown  # noqa: PLC0415

        raise unknown("scenario", name, SCENARIOS)
    return SCENARIOS[name]
