"""Results for other programs: pyperf, what scrapes OpenMetrics, what reads Parquet.

All of them have what computes at the usual speed of the machine's measuring stick, as pages have.
"""

from __future__ import annotations

import json
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC
from itertools import chain
from pathlib import Path
from typing import Any, Final

from ftbench.analysis.names import series_name
from ftbench.analysis.verdicts import history
from ftbench.errors import NotAvailableError, UsageError
from ftbench.releases import Release, date_of, known_releases
from ftbench.results import Figure, ResultTree
from ftbench.results.figure import MeasuredSeries, one_line
from ftbench.statistics.verdict import Word

# Ratios are no costs of a program, and pyperf has no unit for them.
_PYPERF_UNITS: Final = {"seconds": "second", "bytes": "byte", "instructions": "integer"}
_FACTS: Final = ("compiler", "pgo", "lto", "jit", "libc")  # of a build
_COST: Final = "What a benchmark costs, lower is better; _lower and _upper end its 99 % interval."
_HELP: Final = {
    "ftbench_build_info": "What a build was made of.",
    "ftbench_verdict": "1 worse, 0 the same, -1 better than the release in the label against.",
}
_VERDICTS: Final = {Word.BETTER: -1, Word.SAME: 0, Word.WORSE: 1}


def pyperf(tree: ResultTree) -> str:
    """Return a pyperf suite of one build: a run for each process, its values the samples.

    Processes of a benchmark have the same number of values, as `pyperf compare_to` wants them.
    """
    places = {(source.key, source.flavour): source for source in tree.sources}
    if len(places) != 1:
        names = (f"  {_place(source)}" for source in places.values())
        raise UsageError(
            f"A file of pyperf is of one build and machine, and here are {len(places)}.",
            hint="\n".join(
                ["Say --release, --arm, --machine, --profile, --build. There is", *names]
            ),
        )
    (source,) = places.values()
    build: Mapping[str, Any] = source.builds[0] if source.builds else {}
    facts = {
        "python_version": str(build.get("version", source.release.name)),
        "python_compiler": str(build.get("compiler", "")),
        "python_config_args": " ".join(map(str, build.get("configure_args", ()))),
        "hostname": source.machine,
        "ftbench_arm": source.arm.name,
        "ftbench_build": source.flavour,
        "ftbench_profile": source.profile,
    }
    metadata = {name: " ".join(one_line(text).split()) for name, text in facts.items()}
    benchmarks = []
    for figure in tree.figures:
        values = [list(own) for own in figure.by_process]
        unit = _PYPERF_UNITS.get(figure.unit)
        if unit is None or not values or min(map(min, values)) <= 0:
            continue
        least = min(map(len, values))
        benchmarks.append(
            {
                "metadata": {
                    "name": one_line(figure.series.name),
                    "description": one_line(series_name(figure.benchmark, figure.params)),
                    "unit": unit,
                },
                "runs": [{"values": own[:least]} for own in values],
            }
        )
    whole = {name: text for name, text in metadata.items() if text}
    return json.dumps({"version": "1.0", "metadata": whole, "benchmarks": benchmarks}, indent=1)


def _place(of: MeasuredSeries | Any) -> str:
    names = of.release.name, of.arm.name, of.machine, of.profile, of.flavour
    return ", ".join(map(one_line, names))


_Labels = tuple[tuple[str, str], ...]
# A family and its unit → labels → when → value.
_Points = Mapping[tuple[str, str], Mapping[_Labels, Mapping[float, float]]]


def openmetrics(tree: ResultTree, whole: ResultTree, *, timestamps: bool = True) -> str:
    """Return gauges in OpenMetrics' text format; verdicts rest on the `whole` tree.

    With `timestamps` a sample is of the day of its release, and a series of CPython (3.14) is a
    label: a line to draw.  Without them, for a textfile collector, the release is a label as well.
    """
    known = known_releases()
    found: dict[tuple[str, str], dict[_Labels, dict[float, float]]] = defaultdict(
        lambda: defaultdict(dict)
    )
    for family, labels, release, value in chain(_measured(tree), _judged(tree, whole)):
        own = {**labels, "series": release.series}
        if not timestamps:
            own["release"] = release.name
        at = date_of(release, known).astimezone(UTC).timestamp()
        found[family][tuple(own.items())][at] = value
    return "\n".join([*_families(found, timestamps=timestamps), "# EOF", ""])


_Point = tuple[tuple[str, str], dict[str, str], Release, float]


def _measured(tree: ResultTree) -> Iterator[_Point]:
    for source in tree.sources:
        for build in source.builds[:1]:
            facts = {fact: str(build.get(fact, "")) for fact in _FACTS}
            yield ("ftbench_build_info", ""), {**_labels(source), **facts}, source.release, 1
    for figure in tree.figures:
        ends, unit = figure.interval, _name(figure.unit)
        values = {} if figure.median is None else {"": figure.median}
        if ends:
            values |= {"_lower": ends.low, "_upper": ends.high}
        for end, value in values.items():
            labels = {**_labels(figure), **_series(figure)}
            yield (f"ftbench_cost{end}_{unit}", unit), labels, figure.release, value


def _judged(tree: ResultTree, whole: ResultTree) -> Iterator[_Point]:
    ours = {(figure.key, figure.series) for figure in tree.figures}
    for environment in {source.environment: None for source in tree.sources}:
        for step in history(whole, environment):
            for each in step.comparison.judgements:
                number = _VERDICTS.get(each.verdict.word)
                if number is not None and (each.after.key, each.after.series) in ours:
                    labels = {**_labels(each.after), **_series(each.after)}
                    labels["against"] = step.base.name
                    yield ("ftbench_verdict", ""), labels, step.release, number


def _families(families: _Points, *, timestamps: bool) -> Iterator[str]:
    for (family, unit), series in sorted(families.items()):
        yield f"# TYPE {family} gauge"
        yield f"# HELP {family} {_HELP.get(family, _COST)}"
        if unit:
            yield f"# UNIT {family} {unit}"
        for labels, points in sorted(series.items()):
            text = ",".join(f'{name}="{_escaped(value)}"' for name, value in labels)
            for at, value in sorted(points.items()):
                yield f"{family}{{{text}}} {value!r}{f' {at:.3f}' if timestamps else ''}"


def _labels(of: MeasuredSeries | Any) -> dict[str, str]:
    return {
        "machine": of.machine,
        "arm": of.arm.name,
        "build": of.flavour,
        "profile": of.profile,
    }


def _series(figure: Figure) -> dict[str, str]:
    params = {f"param_{_name(name)}": value for name, value in figure.params.items()}
    return {"benchmark": figure.benchmark, **params}


def _name(text: str) -> str:
    return re.sub(r"\W", "_", text, flags=re.ASCII)


def _escaped(text: str) -> str:
    plain = text.encode(errors="backslashreplace").decode()
    return plain.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")


def rows(figures: Iterable[Figure]) -> Iterator[dict[str, Any]]:
    """Yield a row for each sample: what `parquet` writes."""
    for figure in figures:
        for process, samples in enumerate(figure.by_process):
            for number, value in enumerate(samples):
                yield {
                    **_labels(figure),
                    "release": figure.release.name,
                    "series": figure.release.series,
                    "benchmark": figure.benchmark,
                    "params": dict(figure.params),
                    "unit": figure.unit,
                    "process": process,
                    "round": number,
                    "value": value,
                }


def parquet(tree: ResultTree, path: Path) -> None:
    """Write a table of all samples; raises `NotAvailableError` without pyarrow."""
    try:
        import pyarrow as pa  # noqa: PLC0415 - of an extra
        from pyarrow import parquet as files  # noqa: PLC0415
    except ImportError as error:
        raise NotAvailableError(
            "Parquet is written by pyarrow, which is not installed.",
            hint="pip install 'ftbench[export]'",
        ) from error
    text, number = pa.string(), pa.int32()
    names = ("machine", "arm", "build", "profile", "release", "series", "benchmark")
    schema = pa.schema(
        [
            *((name, text) for name in names),
            ("params", pa.map_(text, text)),
            *(("unit", text), ("process", number), ("round", number)),
            ("value", pa.float64()),
        ]
    )
    table = pa.Table.from_pylist(
        [{**row, "params": list(row["params"].items())} for row in rows(tree.figures)], schema
    )
    files.write_table(table, path)


def left_out(tree: ResultTree) -> str:
    """Say which figures have no place in pyperf's file; "" of none."""
    counts = Counter(each.unit for each in tree.figures if each.unit not in _PYPERF_UNITS)
    return ", ".join(f"{count} in {unit}" for unit, count in counts.items())
