"""What series are called, on pages, in the terminal, in alarms and in exports alike."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from typing import Final

from ftbench.facts.modes import EVERY_MODE
from ftbench.probe.scenarios.base import NAMES, scenario_named

_MODES: Final = {mode.name: mode.title for mode in EVERY_MODE}
# Values of parameters, where they are not words already.
VALUES: Final = {
    "objects": "creating objects",
    "sum_of_squares": "adding up squares",
    "is_prime": "searching primes",
    "lcg": "drawing random numbers",
    "words": "counting words",
    "mandelbrot": "computing with floats",
    "compress": "zlib.compress",
    "query": "sqlite3 query",
    "numpy_large": "NumPy, large arrays",
    "numpy_rows": "NumPy, rows of 1000",
    "numpy_small": "NumPy, small arrays",
    "numpy_matmul": "NumPy matmul",
    "numba_nogil": "Numba nogil",
    "sklearn_predict": "scikit-learn forest",
    "torch_matmul": "PyTorch matmul",
    "opencv_filter": "OpenCV boxFilter",
    "f_strings": "f-strings",
    "enumerate_and_zip": "enumerate, zip",
    "c_functions": "C functions",
    "super_calls": "super(), shared class",
    "own_super_calls": "super(), own class",
    "collected_beside_tuples": "GC during tuple work",
}
# Parameters whose values do not say what they are.
_PARAMS: Final = {
    "task": "{} task",
    "heap": "{} heap",
    "fill": "{} set",
    "delay": "answers after {} ms",
    "under_way": "{} requests in flight",
    "window": "window {}",
    "batch": "batches of {}",
    "trigger": "collections by {}",
}
_UNITS: Final = {"us": "µs", "ms": "ms", "kib": "KiB", "mib": "MiB"}
_UNIT: Final = re.compile(rf"(?<=\d)({'|'.join(_UNITS)})\b")


def with_units(text: str) -> str:
    """Return a text with its units as people write them: "10us" → "10 µs"."""
    return _UNIT.sub(lambda unit: f"\N{NO-BREAK SPACE}{_UNITS[unit[0]]}", text)


@cache
def metric_name(benchmark: str) -> str:
    """Return a metric in words: "wall time per unit of work, 2 workers"."""
    says = _says(benchmark).partition(";")[0].rstrip(".")
    if not says:
        return benchmark.rpartition(".")[2].partition("_")[2].replace("_", " ")
    return with_units(says if says[1].isupper() else says[0].lower() + says[1:])


def remark(benchmark: str, says: str) -> str:
    """Return what else is to be said of a metric; of one that is not ours, what it says itself."""
    ours = _says(benchmark)
    return ours.partition("; ")[2] if ours else says


def _says(benchmark: str) -> str:
    scenario, _, method = benchmark.partition(".")
    name = method.partition(".track_")[2]
    metrics = scenario_named(scenario).metrics if name and scenario in NAMES else ()
    return next((spec.says for spec in metrics if spec.name == name), "")


def value_name(value: str) -> str:
    """Return a parameter's value in words."""
    return VALUES.get(value) or with_units(value.replace("_", " "))


def param_name(name: str, value: str) -> str:
    """Return a parameter with its value: "8 workers", "large heap", "creating objects"."""
    if name == "mode":
        return _MODES.get(value, value)
    if name in _PARAMS:
        return _PARAMS[name].format(value_name(value))
    noun = name.replace("_", " ")
    if value.isdecimal():
        return f"{value} {noun.removesuffix('s') if value == '1' else noun}"
    return value_name(value)


def cell_name(params: Mapping[str, str]) -> str:
    """Return a cell in words: "threads, creating objects"."""
    return ", ".join(param_name(*each) for each in params.items() if each[1])


def series_name(benchmark: str, params: Mapping[str, str]) -> str:
    """Return a series in words, its scenario first."""
    metric = f"{benchmark.partition('.')[0]}, {metric_name(benchmark)}"
    return ": ".join(filter(None, (metric, cell_name(params))))
