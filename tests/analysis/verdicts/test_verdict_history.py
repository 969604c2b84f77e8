"""A line of results, release by release: what is judged against what."""

from __future__ import annotations

import pytest
from fake_figures import figure, rekeyed, several, tree

from ftbench.analysis.verdicts import (
    Base,
    Step,
    bases,
    environments,
    history,
    last_feature,
)
from ftbench.facts.arms import USUAL_ARMS
from ftbench.releases import Release
from ftbench.statistics.verdict import Word

NAMES = ("3.13.4", "3.13.5", "3.14.0rc1", "3.14.0", "3.14.2", "3.15.0a1", "3.15.0rc1")


def steps(*names: str, cost: float = 1e-3) -> tuple[Step, ...]:
    known = tree([each for name in names for each in several(name, cost, count=2)])
    (environment,) = environments(known)
    return history(known, environment)


def told(found: tuple[Step, ...]) -> list[tuple[str, str, Base]]:
    return [(step.release.name, step.base.name, step.against) for step in found]


def test_each_release_is_judged_against_the_one_before_and_the_last_feature_release() -> None:
    before, feature = Base.BEFORE, Base.FEATURE
    assert told(steps(*reversed(NAMES))) == [
        ("3.13.5", "3.13.4", before),
        ("3.14.0rc1", "3.13.5", feature),
        ("3.14.0", "3.14.0rc1", before),
        ("3.14.0", "3.13.5", feature),
        ("3.14.2", "3.14.0", before),
        ("3.14.2", "3.13.5", feature),
        ("3.15.0a1", "3.14.2", feature),
        ("3.15.0rc1", "3.15.0a1", before),
        ("3.15.0rc1", "3.14.2", feature),
    ]


def test_a_series_that_was_left_out_is_stepped_over() -> None:
    assert told(steps("3.13.5", "3.15.0")) == [("3.15.0", "3.13.5", Base.FEATURE)]


def test_a_series_without_a_final_release_is_no_feature_release() -> None:
    releases = [Release.parse(name) for name in ("3.13.5", "3.14.0rc1", "3.15.0")]
    assert last_feature(releases[2], releases) == releases[0]
    assert last_feature(releases[0], releases) is None


def test_a_newer_release_of_the_series_is_no_base() -> None:
    releases = [Release.parse(name) for name in ("3.14.2", "3.14.0")]
    assert list(bases(releases[1], releases)) == []


def test_one_release_has_no_history() -> None:
    assert steps("3.14.2") == ()


def test_a_regression_is_found_where_it_came_in_and_not_after() -> None:
    figures = [
        each
        for name, cost in (("3.14.0", 1e-3), ("3.14.1", 1.4e-3), ("3.14.2", 1.4e-3))
        for each in several(name, cost, count=3)
    ]
    known = tree(figures)
    (environment,) = environments(known)
    found = {
        step.release.name: {each.verdict.word for each in step.comparison.judgements}
        for step in history(known, environment)
    }
    assert found["3.14.1"] == {Word.WORSE}
    assert Word.WORSE not in found["3.14.2"]


def test_environments_never_mix_machines_arms_builds_or_profiles() -> None:
    one = figure("3.14.1")
    others = [rekeyed(one, machine="n"), rekeyed(one, flavour="a"), rekeyed(one, profile="quick")]
    others += [rekeyed(one, arm=arm) for arm in USUAL_ARMS]
    known = tree([*others, rekeyed(one, release=Release.parse("3.14.2"))])
    found = environments(known)
    assert len(found) == len(set(found)) == 6
    kept = [
        each
        for each in found
        if (each.machine, each.flavour, each.profile) == ("m", "source", "full")
    ]
    assert [each.arm.name for each in kept] == ["gil", "ft", "ft-gil1"]
    assert [len(history(known, each)) for each in kept] == [0, 1, 0]


@pytest.mark.parametrize("names", [(), ("3.14.0",)])
def test_a_tree_with_nothing_to_judge_has_no_steps(names: tuple[str, ...]) -> None:
    known = tree([figure(name) for name in names])
    assert [step for each in environments(known) for step in history(known, each)] == []
