"""What our reader relies on in asv's result files."""

from __future__ import annotations

import inspect
import itertools
import math
from pathlib import Path

import asv.commands.publish
import asv.plugins.summarylist
import pytest
import synthetic
from asv import util
from asv.graph import Graph
from asv.machine import Machine as AsvMachine
from asv.results import Results
from asv_runner.statistics import compute_stats
from synthetic import Plan

from ftbench.asv import patches
from ftbench.results import safe_loading

ROUND = "lifecycle.Lifecycle.track_round"


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("tree")
    synthetic.write_tree(folder, Plan(releases=("3.13.15",)), only="track_round")
    return folder


@pytest.fixture
def results(tree: Path) -> Results:
    return safe_loading.load_results(Results, str(min(tree.glob("*/313*.json"))))


def test_a_files_name_has_eight_characters_of_the_commit_and_the_environment(tree: Path) -> None:
    assert {path.name for path in tree.glob("*/*.json")} == {
        "machine.json",
        "31315f00-cpython-pyft-buildsource-gcc12-profilefull.json",
        "31315f00-cpython-pyft-buildsource-gcc12-profilefull-PYTHON_GIL1.json",
        "31315f00-cpython-pygil-buildsource-gcc12-profilefull.json",
    }


def test_values_stand_in_the_order_of_the_product_of_the_params(results: Results) -> None:
    params = results.get_result_params(ROUND)
    cells = list(itertools.product(*params))
    assert cells[0] == ("'threads'", "'none'", "1", "'empty'")
    assert len(results.get_result_value(ROUND, params)) == len(cells)


def test_nan_is_skipped_null_is_failed_and_both_outlive_the_file(results: Results) -> None:
    params = results.get_result_params(ROUND)
    values = dict(
        zip(itertools.product(*params), results.get_result_value(ROUND, params), strict=True)
    )
    assert math.isnan(values["'interpreters'", "'none'", "8", "'empty'"])
    assert values["'processes'", "'forkserver'", "8", "'empty'"] is None


def test_a_benchmark_that_failed_in_every_cell_is_stored_as_one_null() -> None:
    assert "if all(x is None for x in new_result)" in inspect.getsource(Results.add_result)


def test_asv_says_none_for_a_cell_that_it_does_not_have(results: Results) -> None:
    params = results.get_result_params(ROUND)
    asked = [*params[:2], [*params[2], "16"], params[3]]
    values = dict(
        zip(itertools.product(*asked), results.get_result_value(ROUND, asked), strict=True)
    )
    assert values["'threads'", "'none'", "16", "'empty'"] is None


def test_the_interval_is_of_99_percent_and_endless_for_one_sample() -> None:
    _, stats = compute_stats([1.0, 2.0, 3.0] * 5, 1)
    assert stats["ci_99_a"] < stats["ci_99_b"]
    _, stats = compute_stats([1.0], 1)
    assert (stats["ci_99_a"], stats["ci_99_b"]) == (-math.inf, math.inf)


def test_a_machines_fields_are_the_six_that_we_show() -> None:
    names = [name for name, _ in AsvMachine.fields]
    assert names == ["machine", "os", "arch", "cpu", "num_cpu", "ram"]


@pytest.mark.parametrize("content", [b"{ cut", b""])
def test_asv_itself_skips_a_file_that_is_no_json(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "31402f00-x.json"
    path.write_bytes(content)
    with pytest.raises(util.UserError):
        Results.load(str(path))


@pytest.mark.parametrize("content", [b'{"x": "\xff"}', b"7", b"null"])
def test_what_asv_does_not_survive_our_loader_turns_into_its_own_error(
    tmp_path: Path, content: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "31402f00-x.json"
    path.write_bytes(content)
    monkeypatch.setattr(util, "load_json", safe_loading._load_json)  # asv's own, guarded or not
    with pytest.raises(Exception, match=r".") as caught:
        safe_loading._load_results(Results, str(path))
    # Should asv learn to say this itself, the guard can go.
    assert not isinstance(caught.value, util.UserError)
    with pytest.raises(util.UserError, match=r"31402f00-x\.json"):
        safe_loading.load_results(Results, str(path))


def test_every_command_loads_results_through_the_names_that_are_guarded(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for owner, name in (
        (util, "load_json"),
        (Results, "load"),
        (Results, "save"),
        (asv.plugins.summarylist, "benchmark_param_iter"),
        (asv.commands.publish, "iter_machine_files"),
        (asv.commands.publish.Publish, "run"),
    ):
        monkeypatch.setattr(owner, name, inspect.getattr_static(owner, name))
    patches.install_loaders()
    patches.install_loaders()
    assert util.load_json is safe_loading.load_json
    assert asv.commands.publish.iter_machine_files is safe_loading.machine_files
    assert Results.load.__func__ is safe_loading.load_results
    assert Results.save is safe_loading.save_results
    assert asv.commands.publish.Publish.run.__func__ is patches.publish


def test_a_point_of_a_graph_is_of_all_files_that_have_the_cell() -> None:
    """Shards have NaN for what another has measured: where this fails, the site loses cells."""
    graph = Graph("a.A.track_b", {})
    graph.add_data_point(1, [1.0, math.nan, None])
    graph.add_data_point(1, [math.nan, 2.0, None])
    ((revision, values, _weights),) = graph.get_data()
    assert (revision, values) == (1, [1.0, 2.0, None])
