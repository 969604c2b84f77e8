"""Results like others but for a part of what names them."""

from __future__ import annotations

from dataclasses import fields, replace
from typing import Any, TypeVar

from ftbench.results import Figure, ResultFile
from ftbench.results.figure import NoiseSeries
from ftbench.results.keys import Environment, SeriesKey

T = TypeVar("T", Figure, NoiseSeries, ResultFile)
_ENVIRONMENT = {field.name for field in fields(Environment)}
_SERIES = {field.name for field in fields(SeriesKey) if field.init}


def rekeyed(item: T, **changes: Any) -> T:
    """Return `item` with other fields, whether they are its own or its environment's or series'."""
    environment = {name: changes.pop(name) for name in _ENVIRONMENT & changes.keys()}
    series = {name: changes.pop(name) for name in _SERIES & changes.keys()}
    if environment:
        changes["environment"] = replace(item.environment, **environment)
    if series and not isinstance(item, ResultFile):
        changes["series"] = replace(item.series, **series)
    return replace(item, **changes)
