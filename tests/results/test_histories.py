"""Made-up histories have what they say, where they say it: other tests lean on them."""

from __future__ import annotations

from statistics import fmean

import pytest
import synthetic
from fake_histories import HOSTILE, Change, History
from synthetic import Plan

from ftbench.facts.arms import USUAL_ARMS
from ftbench.results import Figure, ResultTree, State, read_results

ROUND = f"{synthetic.LIFECYCLE}.track_round"
RELEASES = ("3.14.0", "3.14.1", "3.14.2")
HISTORY = History(
    processes=3,
    between=0.001,
    within=0.001,
    drift=0.05,
    changes=(
        Change(release="3.14.1", factor=2.0, params={"mode": "threads"}, arms=("ft",)),
        Change(release="3.14.2", factor=0.5, ends="track_other"),
    ),
    marked=lambda _group, params, process: params["mode"] == "threads" and process == 1,
    noise=6,
    text=HOSTILE,
)


@pytest.fixture(scope="module")
def trees(tmp_path_factory: pytest.TempPathFactory) -> dict[str, ResultTree]:
    """Return a history, and the same without any history."""
    made = {}
    for name, history in (("told", HISTORY), ("flat", History(within=0.001))):
        folder = tmp_path_factory.mktemp(name)
        plan = Plan(releases=RELEASES, samples=4, history=history)
        synthetic.write_tree(folder, plan, only="Lifecycle.track_round")
        made[name] = read_results(folder)
    return made


def the(tree: ResultTree, release: str, arm: str, mode: str) -> Figure:
    (figure,) = (
        each
        for each in tree.figures
        if (each.release.name, each.arm.name) == (release, arm)
        and each.params == {"mode": mode, "workers": "8", "task": "empty"}
    )
    return figure


@pytest.mark.parametrize(
    ("release", "arm", "mode", "factor"),
    [
        ("3.14.0", "ft", "threads", 1.0),
        ("3.14.1", "ft", "threads", 1.05 * 2),
        ("3.14.2", "ft", "threads", 1.05**2 * 2),
        ("3.14.2", "gil", "threads", 1.05**2),
        ("3.14.2", "ft", "processes-fork", 1.05**2),
    ],
)
def test_costs_drift_and_change_where_they_are_told_to(
    trees: dict[str, ResultTree], release: str, arm: str, mode: str, factor: float
) -> None:
    told, flat = (the(trees[name], release, arm, mode).median for name in ("told", "flat"))
    assert told is not None
    assert flat is not None
    assert told / flat == pytest.approx(factor, rel=0.01)


def test_every_figure_has_its_processes(trees: dict[str, ResultTree]) -> None:
    measured = [each for each in trees["told"].figures if each.state is State.MEASURED]
    assert {tuple(map(len, figure.processes)) for figure in measured} == {(4, 4, 4)}
    assert all(figure.effort["cpu_seconds"] > 0 for figure in measured)
    marked = {figure.params["mode"] for figure in measured if figure.interference}
    assert marked == {"threads"}


def test_the_newest_release_has_a_noise_run_of_every_measured_series(
    trees: dict[str, ResultTree],
) -> None:
    tree = trees["told"]
    newest = [
        figure
        for figure in tree.figures
        if figure.release.name == "3.14.2" and figure.state is State.MEASURED
    ]
    assert {series.release.name for series in tree.noise} == {"3.14.2"}
    assert {series.order for series in tree.noise} == {"ABBAAB"}
    assert len(tree.noise) == len(newest)
    assert {series.arm.name for series in tree.noise} == {arm.name for arm in USUAL_ARMS}
    assert fmean(tree.noise[0].medians) == pytest.approx(1, rel=0.01)


def test_free_texts_are_as_hostile_as_asked(trees: dict[str, ResultTree]) -> None:
    tree = trees["told"]
    assert all(HOSTILE in str(source.builds[0]["compiler"]) for source in tree.sources)
    failed = [figure for figure in tree.figures if figure.state is State.FAILED]
    assert failed
    assert all(HOSTILE in figure.reason for figure in failed)


def test_without_a_history_nothing_is_told_of_processes(trees: dict[str, ResultTree]) -> None:
    tree = trees["flat"]
    assert tree.noise == ()
    assert not any(figure.interference or figure.effort for figure in tree.figures)
