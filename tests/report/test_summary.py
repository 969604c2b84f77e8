from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import synthetic
from synthetic import Plan

from ftbench.facts.arms import USUAL_ARMS
from ftbench.releases import Release
from ftbench.report.output import Format, rendered
from ftbench.report.overview import summary
from ftbench.results import read_results


def shown(folder: Path, *plans: Plan, release: str = "3.13.15", profile: str = "full") -> str:
    synthetic.write_tree(folder, *plans)
    document = summary(
        read_results(folder).figures,
        machine="quiet-vm",
        release=Release.parse(release),
        profile=profile,
    )
    return rendered(document, Format.TABLE, width=80)


def test_the_summary_is_as_it_was(
    tmp_path: Path, assert_golden: Callable[[str, str], None]
) -> None:
    assert_golden(shown(tmp_path), "summary.txt")


def test_the_summary_fits_into_eighty_columns(tmp_path: Path) -> None:
    assert max(map(len, shown(tmp_path).splitlines())) <= 80


def test_a_quick_figure_says_so_and_is_never_among_the_full_ones(tmp_path: Path) -> None:
    plans = (Plan(profile="quick", run="q"), Plan())
    text = shown(tmp_path, *plans, profile="quick")
    assert "quick profile" in text
    assert "full" not in text


def test_a_release_without_results_says_that_nothing_was_measured(tmp_path: Path) -> None:
    text = shown(tmp_path, release="3.12.0")
    assert "nothing measured" in text
    assert text.count("not measured") == 30


@pytest.mark.parametrize("flavours", [("a", "b"), ("b", "a")])
def test_of_several_builds_the_one_with_the_most_figures_is_shown(
    tmp_path: Path, flavours: tuple[str, str]
) -> None:
    most, least = flavours
    plans = (Plan(flavour=most), Plan(flavour=least, arms=USUAL_ARMS[:1]))
    assert f"full profile, {most}\n" in shown(tmp_path, *plans)


def test_a_name_with_markup_in_it_is_plain_text(tmp_path: Path) -> None:
    assert "[red]x" in shown(tmp_path, Plan(flavour="[red]x"))
