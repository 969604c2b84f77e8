"""`ftbench export`: each format is read by its own reader, which finds what was measured."""

from __future__ import annotations

import json
import math
import re
import sys
from dataclasses import replace
from pathlib import Path

import duckdb
import fake_results
import pyperf
import pytest
from commands import Command
from fake_results import arms, slow_down, write_project
from probing import ran
from prometheus_client.openmetrics.parser import text_string_to_metric_families
from prometheus_client.samples import Sample
from synthetic import Plan

from ftbench.cli.report import export
from ftbench.errors import NotAvailableError, NothingError, UsageError
from ftbench.report import exports
from ftbench.results import ResultTree, read_results

EXPORT = Command(export)
RELEASES = ("3.13.15", "3.14.2")
DASHBOARD = Path(__file__).parents[2] / "docs" / "grafana.json"
LABELS = ("arm", "series", "param_mode", "param_task")
ONLY = ("e.track_round", "track_pss", "Native.track_relative_2")


@pytest.fixture
def results(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return write_project(tmp_path, Plan(releases=RELEASES, arms=arms("gil", "ft")), only=ONLY)


def test_pyperf_loads_a_build_and_compares_two(results: Path, tmp_path: Path) -> None:
    paths = [tmp_path / f"{release}.json" for release in RELEASES]
    for release, path in zip(RELEASES, paths, strict=True):
        call = EXPORT.call("--to", "pyperf", "--release", f"{release}t", "-o", path)
        assert call.exit_code == 0, call.exception
        assert "pyperf has no unit for" in call.stderr
    suite = pyperf.BenchmarkSuite.load(str(paths[1]))
    figures = {
        each.series.name: each
        for each in read_results(results).figures
        if (each.release.name, each.arm.name) == ("3.14.2", "ft") and each.median is not None
    }
    for name in suite.get_benchmark_names():
        benchmark = suite.get_benchmark(name)
        runs = [list(run.values) for run in benchmark.get_runs()]
        assert runs == [list(own) for own in figures[name].by_process]
        assert f"{benchmark.get_unit()}s" == figures[name].unit
    assert set(suite.get_benchmark_names()) == {
        name for name, each in figures.items() if each.unit != "ratio"
    }
    assert suite.get_metadata()["ftbench_arm"] == "ft"
    done = ran([sys.executable, "-m", "pyperf", "compare_to", *paths, "--table"])
    assert done.returncode == 0, done.stderr
    assert "Geometric mean" in done.stdout


def test_pyperf_wants_processes_alike_and_costs_above_zero() -> None:
    tree = fake_results.tree(("3.14.2",), arms=arms("ft"))
    first, second, *rest = tree.figures
    uneven = replace(first, processes=((1.0, 2.0, 3.0), (1.5, 2.5)))
    nought = replace(second, processes=((0.0, 1.0),))
    suite = json.loads(exports.pyperf(replace(tree, figures=(uneven, nought, *rest))))
    values = {
        each["metadata"]["name"]: [run["values"] for run in each["runs"]]
        for each in suite["benchmarks"]
    }
    assert values[first.series.name] == [[1.0, 2.0], [1.5, 2.5]]
    assert second.series.name not in values


def test_a_file_of_pyperf_is_of_one_build(results: Path) -> None:
    refused = EXPORT.error("--to", "pyperf", "--release", "3.14")
    assert isinstance(refused, UsageError)
    assert "here are 2" in refused.message
    assert "3.14.2, ft, quiet-vm, full" in refused.hint


def samples(text: str) -> dict[str, list[Sample]]:
    families = list(text_string_to_metric_families(text))  # type: ignore[no-untyped-call]
    return {family.name: family.samples for family in families}


def test_openmetrics_has_each_cost_its_interval_and_verdict(results: Path) -> None:
    slow_down(fake_results.result_file(results, "3.14.2", "ft"), 3, cells=1)
    found = samples(EXPORT.printed("--to", "openmetrics"))
    tree = read_results(results)
    for family, pick in (("", "median"), ("_lower", "low"), ("_upper", "high")):
        told = {
            (
                each.labels["arm"],
                each.labels["series"],
                each.labels["param_mode"],
                each.labels["param_task"],
            ): each.value
            for each in found[f"ftbench_cost{family}_seconds"]
            if each.labels["benchmark"].endswith("Lifecycle.track_round")
        }
        known = {
            (each.arm.name, each.release.series, each.params["mode"], each.params["task"]): value
            for each in tree.figures
            if each.benchmark.endswith("Lifecycle.track_round") and each.median is not None
            for value in [getattr(each if pick == "median" else each.interval, pick)]
        }
        assert told.items() <= known.items()
        assert told
    verdicts = [each for each in found["ftbench_verdict"] if each.value == 1]
    assert {each.labels["against"] for each in verdicts} == {"3.13.15"}
    assert {each.labels["arm"] for each in verdicts} == {"ft"}
    dates = {float(each.timestamp or 0) for each in found["ftbench_build_info"]}
    assert len(dates) == 2
    assert all("release" not in each.labels for each in found["ftbench_cost_seconds"])


def test_the_dashboard_asks_for_what_is_exported(results: Path) -> None:
    slow_down(fake_results.result_file(results, "3.14.2", "ft"), 3)
    found = samples(EXPORT.printed("--to", "openmetrics"))
    board = json.loads(DASHBOARD.read_text("utf-8"))
    assert len({panel["id"] for panel in board["panels"]}) == len(board["panels"])
    variables = {each["name"] for each in board["templating"]["list"]}
    asked = [target["expr"] for panel in board["panels"] for target in panel["targets"]]
    asked += [each["query"]["query"] for each in board["templating"]["list"][1:]]
    for text in asked:
        (family,) = re.findall(r"ftbench_\w+", text)
        labels = {*re.findall(r"(\w+)=", text), *re.findall(r", (\w+)\)$", text)}
        assert all(labels <= each.labels.keys() for each in found[family]), text
        assert {*re.findall(r"\$([a-z]+)", text)} <= variables
    for panel in board["panels"]:
        for target in panel["targets"]:
            (family,) = re.findall(r"ftbench_\w+", target["expr"])
            labels = {*re.findall(r"{{(\w+)}}", target.get("legendFormat", ""))}
            assert all(labels <= each.labels.keys() for each in found[family])


def test_for_a_collector_there_are_no_times_and_the_release_is_a_label(results: Path) -> None:
    found = samples(EXPORT.printed("--to", "openmetrics", "--no-timestamps"))
    every = [each for family in found.values() for each in family]
    assert all(each.timestamp is None for each in every)
    assert {each.labels["release"] for each in every} == set(RELEASES)


def test_hostile_names_come_back_as_they_are() -> None:
    tree = fake_results.hostile()
    found = samples(exports.openmetrics(tree, tree))
    machines = {each.labels["machine"] for family in found.values() for each in family}
    assert machines == {fake_results.HOSTILE}
    one = tree.sources[0]
    ours = ResultTree(
        figures=tuple(each for each in tree.figures if each.key == one.key),
        sources=tuple(each for each in tree.sources if each.key == one.key),
    )
    assert json.loads(exports.pyperf(ours))["metadata"]["hostname"]


def test_duckdb_reads_every_sample(results: Path, tmp_path: Path) -> None:
    path = tmp_path / "all.parquet"
    assert EXPORT.call("--to", "parquet", "-o", path).exit_code == 0
    query = f"""select release, arm, params['mode'], sum(value), count(*) from '{path}'
        where benchmark like '%Lifecycle.track_round' group by all"""  # noqa: S608
    found = {tuple(row[:3]): row[3:] for row in duckdb.connect().execute(query).fetchall()}
    known: dict[tuple[str, ...], list[float]] = {}
    for each in read_results(results).figures:
        if each.benchmark.endswith("Lifecycle.track_round") and each.median is not None:
            place = each.release.name, each.arm.name, each.params["mode"]
            known.setdefault(place, []).extend(value for own in each.by_process for value in own)
    assert {place: row[1] for place, row in found.items()} == {
        place: len(values) for place, values in known.items()
    }
    assert all(math.isclose(found[place][0], sum(values)) for place, values in known.items())


def test_without_pyarrow_parquet_says_what_it_wants(
    results: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    refused = EXPORT.error("--to", "parquet", "-o", tmp_path / "all.parquet")
    assert isinstance(refused, NotAvailableError)
    assert "ftbench[export]" in refused.hint
    assert not list(tmp_path.glob("all.*"))


@pytest.mark.parametrize(
    ("words", "error"),
    [
        (("--to", "parquet"), UsageError),
        (("--to", "openmetrics", "--release", "3.12"), NothingError),
        (("--to", "openmetrics", "--machine", "none"), UsageError),
    ],
)
def test_what_makes_no_sense_is_refused(
    results: Path, words: tuple[str, ...], error: type[Exception]
) -> None:
    refused = EXPORT.error(*words)
    assert isinstance(refused, error)
    assert refused.hint
