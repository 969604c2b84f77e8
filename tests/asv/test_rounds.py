"""The order of rounds: forth and back over releases and arms, and on record."""

from __future__ import annotations

import itertools
import re

from asvproject import CELL, AsvProject
from hypothesis import given
from hypothesis import strategies as st

from ftbench.asv.repository import Rounds
from ftbench.facts.arms import USUAL_ARMS
from ftbench.results import read_results


def order(rounds: int, commits: list[str], arms: list[str], *, chunk: int = 1) -> list[str]:
    """What `asv run --interleave-rounds` measures, its loops being those of asv 0.6.6."""
    ours = Rounds()
    measured = []
    for number in range(rounds, 0, -1):
        for commit in commits[::-1] if number % 2 == 0 else commits:
            ours.come_to(commit)
            for each in ours.iter_chunks(arms, chunk):
                measured += [commit + arm for arm in each]
    return measured


def test_rounds_go_forth_and_back() -> None:
    assert order(3, ["x", "y"], ["1", "2"]) == [
        *("x1", "x2", "y1", "y2"),
        *("y2", "y1", "x2", "x1"),
        *("x1", "x2", "y1", "y2"),
    ]


@given(
    st.integers(1, 6),
    st.lists(st.sampled_from("abcd"), unique=True, min_size=1),
    st.lists(st.sampled_from("123"), unique=True, min_size=1),
)
def test_each_round_is_the_one_before_turned_round(
    rounds: int, commits: list[str], arms: list[str]
) -> None:
    measured = order(rounds, commits, arms)
    size = len(commits) * len(arms)
    each = [measured[at : at + size] for at in range(0, len(measured), size)]
    assert len(each) == rounds
    for one, following in itertools.pairwise(each):
        assert following == one[::-1]


def test_environments_are_still_taken_in_chunks() -> None:
    assert order(1, ["x"], ["1", "2", "3"], chunk=2) == ["x1", "x2", "x3"]


def test_arms_are_measured_forth_and_back_and_their_processes_told_apart(
    project: AsvProject, release: str
) -> None:
    done = project.run(
        f"{release}^!", *CELL, "--interleave-rounds", "--record-samples", "-a", "rounds=3"
    )
    assert done.code == 0, done.said
    begun = re.findall(
        r"Benchmarking cpython-py(\w+?)-\S*?(PYTHON_GIL1)?$", done.said, re.MULTILINE
    )
    one = [("gil", ""), ("ft", ""), ("ft", "PYTHON_GIL1")]
    assert len(USUAL_ARMS) == len(one)
    assert sorted(begun[:3]) == sorted(one)
    assert begun == begun[:3] + begun[:3][::-1] + begun[:3]
    figures = [
        figure
        for figure in read_results(project.folder / "results").figures
        if figure.benchmark == "lifecycle.Lifecycle.track_round" and figure.samples
    ]
    assert len(figures) == len(USUAL_ARMS)
    for figure in figures:
        assert len(figure.processes) == 3
        assert sum(figure.processes, ()) == figure.samples
        assert figure.effort["cpu_seconds"] > 0
