from __future__ import annotations

import io
from pathlib import Path

import pytest
import synthetic
from rich.console import Console
from synthetic import Plan

from ftbench.facts.arms import ARMS
from ftbench.releases import Release
from ftbench.report.summary import summary_table
from ftbench.results import read_results

GOLDEN = Path(__file__).with_name("summary.txt")


def shown(folder: Path, *plans: Plan, release: str = "3.13.15", profile: str = "full") -> str:
    synthetic.write_tree(folder, *plans)
    table = summary_table(
        read_results(folder).figures,
        machine="quiet-vm",
        release=Release.parse(release),
        profile=profile,
    )
    console = Console(file=io.StringIO(), width=80, color_system=None, legacy_windows=False)
    console.print(table)
    assert isinstance(console.file, io.StringIO)
    return "\n".join(line.rstrip() for line in console.file.getvalue().splitlines()) + "\n"


def test_the_summary_is_as_it_was(tmp_path: Path) -> None:
    """Look at the difference; if it is meant, write what is shown to summary.txt."""
    assert shown(tmp_path) == GOLDEN.read_text(encoding="utf-8")


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
    plans = (Plan(flavour=most), Plan(flavour=least, arms=ARMS[:1]))
    assert f"full profile, {most}\n" in shown(tmp_path, *plans)


def test_a_name_with_markup_in_it_is_plain_text(tmp_path: Path) -> None:
    assert "[red]x" in shown(tmp_path, Plan(flavour="[red]x"))
