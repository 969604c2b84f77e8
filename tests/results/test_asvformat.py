from __future__ import annotations

import json
import math
from collections import Counter
from pathlib import Path
from statistics import median
from typing import Any

import pytest
import synthetic
from fake_histories import History
from hypothesis import given
from hypothesis import strategies as st
from synthetic import Plan

from ftbench.facts.arms import arm_named
from ftbench.releases import Release
from ftbench.results import Figure, ResultTree, State, read_results
from ftbench.results.ladders import plain_text

ROUND = "lifecycle.Lifecycle.track_round"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    synthetic.write_tree(tmp_path, Plan(releases=("3.13.15", "3.14.2")), only="_round")
    return tmp_path


def files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.glob("*/*.json") if path.name != "machine.json")


def edit(path: Path, **changes: Any) -> None:
    path.write_text(json.dumps(json.loads(path.read_text("utf-8")) | changes), encoding="utf-8")


def the(tree: ResultTree, release: str, arm: str, **params: str) -> Figure:
    (found,) = (
        figure
        for figure in tree.figures
        if (figure.benchmark, figure.release, figure.arm, dict(figure.params))
        == (ROUND, Release.parse(release), arm_named(arm), params)
    )
    return found


def test_a_measured_cell_has_its_median_samples_and_run(folder: Path) -> None:
    figure = the(read_results(folder), "3.14.2", "ft", mode="threads", workers="8", task="empty")
    assert figure.state is State.MEASURED
    assert figure.unit == "seconds"
    assert len(figure.samples) == 12
    assert figure.median is not None
    assert figure.runs == {"run-1"}
    assert sum(figure.processes, ()) == figure.samples
    assert (figure.flavour, figure.profile) == ("source-gcc12", "full")


@pytest.mark.parametrize(
    ("processes", "noise", "reach"),
    [
        (1, 0, None),
        # Student's t of 99.5 %: of the processes' own spread alone, and pooled with the floor's.
        (2, 0, 63.66 * 0.05 / math.sqrt(2)),
        (1, 8, 3.499 * 0.05),
        (4, 8, 3.169 * 0.05 / 2),
    ],
)
def test_an_interval_is_by_how_far_processes_are_apart_and_asvs_own_is_not_read(
    tmp_path: Path, processes: int, noise: int, reach: float | None
) -> None:
    history = History(processes=processes, between=0.05, within=0.001, noise=noise)
    plan = Plan(releases=("3.14.2",), samples=9, history=history)
    synthetic.write_tree(tmp_path, plan, only="_round")
    figures = [each for each in read_results(tmp_path).figures if each.median]
    assert figures
    for figure in figures:
        assert (figure.floor is None) is (noise == 0)
        if reach is None:
            assert figure.interval is None
            assert figure.no_interval == "one process: no interval"
            continue
        assert figure.interval is not None
        assert figure.median is not None
        assert figure.interval.low <= figure.median <= figure.interval.high
        assert not figure.no_interval
    if reach is not None:
        spans = [
            math.log(each.interval.high / each.interval.low) for each in figures if each.interval
        ]
        # The spread is an estimate, from two processes at the least.
        assert median(spans) == pytest.approx(2 * reach, rel=0.6)


def test_a_skipped_cell_says_why(folder: Path) -> None:
    cell = {"mode": "interpreters", "workers": "8", "task": "empty"}
    figure = the(read_results(folder), "3.13.15", "gil", **cell)
    assert (figure.state, figure.median) == (State.SKIPPED, None)
    assert figure.reason.startswith("subinterpreters need")


def test_what_a_run_was_not_asked_for_is_no_figure_and_what_was_skipped_is(folder: Path) -> None:
    before = read_results(folder)
    for path in files(folder):
        ladders = json.loads(path.read_text("utf-8"))["results"][ROUND][1]
        row = [math.nan] * math.prod(map(len, ladders))  # asv's word for both
        edit(path, results={ROUND: [row, ladders]})
    skipped = [
        each for each in before.figures if (each.benchmark, each.state) == (ROUND, State.SKIPPED)
    ]
    after = read_results(folder).figures
    assert len(after) == len(skipped) > 0
    assert {(each.key, each.series, each.reason) for each in after} == {
        (each.key, each.series, each.reason) for each in skipped
    }


def test_what_is_skipped_without_records_beside_it_stays_so(folder: Path) -> None:
    before = Counter(figure.state for figure in read_results(folder).figures)
    for path in files(folder):
        path.with_name(f"{path.stem}.records.jsonl").unlink()
    assert Counter(figure.state for figure in read_results(folder).figures) == before


def test_a_failed_cell_says_how(folder: Path) -> None:
    cell = {"mode": "processes-forkserver", "workers": "8", "task": "empty"}
    figure = the(read_results(folder), "3.14.2", "ft-gil1", **cell)
    assert figure.state is State.FAILED
    assert figure.reason.startswith("WorkerFailedError: Worker 3")


def test_a_benchmark_that_failed_as_a_whole_failed_in_every_cell(folder: Path) -> None:
    path = files(folder)[0]
    results = json.loads(path.read_text("utf-8"))["results"]
    edit(path, results={ROUND: [None, *results[ROUND][1:3]]})
    tree = read_results(folder)
    release, arm = tree.sources[0].release, tree.sources[0].arm
    ours = [f for f in tree.figures if (f.release, f.arm, f.benchmark) == (release, arm, ROUND)]
    assert Counter(figure.state for figure in ours) == {State.FAILED: 20}


def test_cells_that_the_file_does_not_have_are_no_figures(folder: Path) -> None:
    listed = json.loads((folder / "benchmarks.json").read_text("utf-8"))
    listed[ROUND]["params"][1].append("16")
    edit(folder / "benchmarks.json", **listed)
    tree = read_results(folder)
    assert "16" not in {figure.params["workers"] for figure in tree.figures}


def test_figures_of_another_version_of_a_benchmark_are_left_out(folder: Path) -> None:
    listed = json.loads((folder / "benchmarks.json").read_text("utf-8"))
    listed[ROUND]["version"] = "2"
    edit(folder / "benchmarks.json", **listed)
    assert ROUND not in {figure.benchmark for figure in read_results(folder).figures}


def test_an_interval_without_an_end_is_none(tmp_path: Path) -> None:
    synthetic.write_tree(tmp_path, Plan(releases=("3.14.2",), samples=1), only="_round")
    tree = read_results(tmp_path)
    measured = [figure for figure in tree.figures if figure.state is State.MEASURED]
    assert measured
    assert {figure.interval for figure in measured} == {None}


def test_a_figure_knows_its_place_on_asvs_pages(folder: Path) -> None:
    cell = {"mode": "threads", "workers": "8", "task": "empty"}
    graph = the(read_results(folder), "3.14.2", "ft", **cell).graph
    assert graph.startswith(f"index.html#{ROUND}?machine=quiet-vm&python=ft&build=source-gcc12")
    assert "&env-PYTHON_GIL=[none]&" in graph
    mode = "&p-mode=%27threads%27&p-start_method=%27none%27"
    assert graph.endswith(f"{mode}&p-workers=8&p-task=%27empty%27&commits=31402f00")
    forked = the(read_results(folder), "3.14.2", "ft", **cell | {"mode": "processes-fork"})
    assert "&p-mode=%27processes%27&p-start_method=%27fork%27&" in forked.graph


def test_an_empty_folder_is_an_empty_tree(tmp_path: Path) -> None:
    assert read_results(tmp_path / "results") == ResultTree()


def test_reading_changes_nothing_on_disk(folder: Path) -> None:
    files(folder)[0].write_text("{ cut", encoding="utf-8")
    before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    read_results(folder)
    assert {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()} == before


def test_a_machine_without_fields_is_named_and_still_read(folder: Path) -> None:
    machine = folder / "quiet-vm" / "machine.json"
    machine.write_text('{"machine": "quiet-vm", "version": 1}', encoding="utf-8")
    tree = read_results(folder)
    assert tree.machines[0].cpu == "not known"
    assert "it does not say os, arch, cpu, num_cpu, ram" in str(tree.warnings[0])
    assert tree.figures


@given(st.text())
def test_a_texts_repr_is_read_back(text: str) -> None:
    assert plain_text(repr(text)) == text


@pytest.mark.parametrize("value", ["8", "1.5", "None", "<class 'int'>", "'unended", "[1]"])
def test_what_is_no_text_stays_as_it_is(value: str) -> None:
    assert plain_text(value) == value


def test_a_run_begins_once_for_all_its_releases_and_arms(folder: Path) -> None:
    """The load that a later release meets is what the earlier ones have left."""
    path = min(folder.glob("*/*.records.jsonl"))
    lines = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
    for line in lines:
        if line["kind"] == "cell":
            line |= {"started_at": "2020-01-01T00:00:00Z", "load": [0.01, 9.0]}
    path.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    starts = {start for source in read_results(folder).sources for start in source.starts}
    assert [start.load for start in starts] == [0.01]


def test_a_series_has_its_parameters_once_for_all_files(folder: Path) -> None:
    tree = read_results(folder)
    cell = {"mode": "threads", "workers": "8", "task": "empty"}
    one, other = (the(tree, "3.14.2", arm, **cell) for arm in ("gil", "ft"))
    assert one.params is other.params


@pytest.mark.parametrize(
    ("code", "says"),
    [
        (
            'def track_round(self):\n    """A round,\n    start to end.\n\n    More."""',
            "A round, start to end.",
        ),
        ('def track_other(self):\n    """Another."""', ""),
        ('def track_round(self):\n    return 1\n\ndef setup(self):\n    """Set up."""', ""),
        ("", ""),
        (None, ""),
    ],
)
def test_a_benchmark_says_what_the_first_paragraph_of_its_docstring_does(
    folder: Path, code: str | None, says: str
) -> None:
    path = folder / "benchmarks.json"
    listed = json.loads(path.read_text("utf-8"))
    listed[ROUND]["code"] = code
    path.write_text(json.dumps(listed), encoding="utf-8")
    assert read_results(folder).descriptions.get(ROUND, "") == says
