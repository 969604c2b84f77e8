"""What stands before and after in a comparison: figures of which the effect is the ratio."""

from __future__ import annotations

from pathlib import Path

import pytest
from commands import Command
from fake_results import arms, result_file, slow_down, write_project
from synthetic import Plan

from ftbench.cli.report import compare

RELEASES = ("3.13.5", "3.13.15")


def test_before_and_after_are_what_the_effect_is_the_ratio_of(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The median of all samples is not: it may lie in the one process that was slow."""
    monkeypatch.chdir(tmp_path)
    results = write_project(tmp_path, Plan(releases=RELEASES, arms=arms("ft")))
    slow_down(result_file(results, "3.13.15", "ft"), 1.5, cells=2)
    (found,) = Command(compare).document(*RELEASES, "--arm", "ft")["comparisons"]
    effects = [each["effect"] for each in found["series"]]
    assert effects
    assert effects == pytest.approx(
        [each["after"]["location"] / each["before"]["location"] for each in found["series"]]
    )
