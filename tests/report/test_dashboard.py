"""The dashboard of docs/: a model of Grafana's, and asked of a real Prometheus as Grafana does."""

from __future__ import annotations

import json
import re
import shutil
import socket
import subprocess
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from commands import Command
from fake_results import arms, result_file, slow_down, write_project
from synthetic import Plan

from ftbench.cli.report import export

EXPORT = Command(export)
BOARD: dict[str, Any] = json.loads(
    (Path(__file__).parents[2] / "docs" / "grafana.json").read_text("utf-8")
)
TARGETS = [(panel, target) for panel in BOARD["panels"] for target in panel["targets"]]
VARIABLES = [each for each in BOARD["templating"]["list"] if each["type"] == "query"]
RANGE = {"start": "2024-10-01T00:00:00Z", "end": "2026-12-01T00:00:00Z"}
DAYS = 791
READY_SECONDS = 30.0


def program(name: str) -> str:
    found = shutil.which(name)
    if found is None:
        pytest.skip(f"{name} is not on PATH: Debian's package prometheus has it")
    return found


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A project of two releases, one slower than the other."""
    folder = tmp_path_factory.mktemp("project")
    plan = Plan(releases=("3.13.15", "3.14.2"), arms=arms("gil", "ft"))
    results = write_project(folder, plan, only=("e.track_round", "track_pss"))
    slow_down(result_file(results, "3.14.2", "ft"), 3)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        yield folder


def test_grafana_s_own_model_reads_the_dashboard_and_knows_every_field() -> None:
    why = "the model of Grafana's dashboards is not installed: ftbench[test]"
    model = pytest.importorskip("grafana_foundation_sdk.models.dashboard", reason=why)
    plugins = pytest.importorskip("grafana_foundation_sdk.cog.plugins")
    encoder = pytest.importorskip("grafana_foundation_sdk.cog.encoder")
    plugins.register_default_plugins()
    again = json.loads(encoder.JSONEncoder().encode(model.Dashboard.from_json(BOARD)))
    assert list(lost(BOARD, again)) == []
    odd = json.loads(json.dumps(BOARD).replace('"gridPos"', '"gridpos"', 1))
    assert list(lost(odd, json.loads(encoder.JSONEncoder().encode(model.Dashboard.from_json(odd)))))


def lost(ours: Any, theirs: Any, place: str = "") -> Iterator[str]:
    """Yield where a model does not have what we have: a field that it does not know."""
    if isinstance(ours, dict) and isinstance(theirs, dict):
        for name, value in ours.items():
            yield from lost(value, theirs.get(name), f"{place}/{name}")
    elif isinstance(ours, list) and isinstance(theirs, list) and len(ours) == len(theirs):
        for number, pair in enumerate(zip(ours, theirs, strict=True)):
            yield from lost(*pair, f"{place}[{number}]")
    elif ours != theirs:
        yield place


def filled(text: str, chosen: Mapping[str, str]) -> str:
    """Return a query with the variables that Grafana fills in."""
    names = {"__interval": "1d", "__range": f"{DAYS}d", **chosen}
    return re.sub(r"\$(\w+)", lambda match: names[match[1]], text)


def test_every_expression_is_promql() -> None:
    why = "a parser of PromQL is not installed: ftbench[test]"
    parser = pytest.importorskip("promql_parser", reason=why)
    names = {each["name"]: "x" for each in VARIABLES}
    for _, target in TARGETS:
        parser.parse(filled(target["expr"], names))
    with pytest.raises(ValueError, match=r".+"):
        parser.parse("last_over_time(ftbench_verdict{)")


def test_promtool_finds_nothing_wrong_with_what_a_collector_reads(results: Path) -> None:
    promtool = program("promtool")
    text = EXPORT.printed("--to", "openmetrics", "--no-timestamps")
    checked = subprocess.run(
        [promtool, "check", "metrics"], input=text, capture_output=True, text=True, check=False
    )
    assert (checked.returncode, checked.stdout + checked.stderr) == (0, "")


class Prometheus:
    """A Prometheus on the loopback."""

    def __init__(self, port: int) -> None:
        """Say where it listens."""
        self.address = f"http://127.0.0.1:{port}"

    def get(self, path: str, **asked: str) -> Any:
        """Return what it answers."""
        url = f"{self.address}/{path}?{urllib.parse.urlencode(asked)}"
        with urllib.request.urlopen(url, timeout=READY_SECONDS) as answer:  # noqa: S310 - http
            return json.loads(answer.read())["data"] if path.startswith("api") else None

    def wait(self) -> None:
        """Return when it is ready to be asked."""
        deadline = time.monotonic() + READY_SECONDS
        while True:
            try:
                self.get("-/ready")
            except urllib.error.URLError:
                assert time.monotonic() < deadline
                time.sleep(0.05)
            else:
                return


@pytest.fixture(scope="module")
def prometheus(results: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Prometheus]:
    """A Prometheus that was filled with our export."""
    names = program("promtool"), program("prometheus")
    folder = tmp_path_factory.mktemp("prometheus")
    assert EXPORT.code("--to", "openmetrics", "-o", folder / "all.om") == 0
    fill = [names[0], "tsdb", "create-blocks-from", "openmetrics", "all.om", "data"]
    subprocess.run(fill, cwd=folder, check=True, capture_output=True)
    (folder / "empty.yml").write_text("", encoding="utf-8")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [
        names[1],
        "--config.file=empty.yml",
        "--storage.tsdb.path=data",
        "--storage.tsdb.retention.time=100y",
        f"--web.listen-address=127.0.0.1:{port}",
    ]
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(command, cwd=folder, stdout=log, stderr=log)
        try:
            server = Prometheus(port)
            server.wait()
            yield server
        finally:
            process.kill()
            process.wait()


def test_prometheus_has_what_each_panel_asks_for(prometheus: Prometheus) -> None:
    chosen: dict[str, str] = {}
    for each in VARIABLES:
        query = re.fullmatch(r"label_values\((.+), (\w+)\)", each["query"]["query"])
        assert query
        which = {"match[]": filled(query[1], chosen), **RANGE}
        values = prometheus.get(f"api/v1/label/{query[2]}/values", **which)
        assert values, each["name"]
        chosen[each["name"]] = values[0]
    for panel, target in TARGETS:
        asked = filled(target["expr"], chosen)
        if target.get("instant"):
            found = prometheus.get("api/v1/query", query=asked, time=RANGE["end"])["result"]
        else:
            found = prometheus.get("api/v1/query_range", query=asked, step="1d", **RANGE)["result"]
            points = {len(each["values"]) for each in found}
            assert points == {1}, "each series of CPython has one release here"
        assert found, panel["title"]
        labels = set(re.findall(r"{{(\w+)}}", target.get("legendFormat", "")))
        assert all(labels <= {*each["metric"], "param_workers"} for each in found)
