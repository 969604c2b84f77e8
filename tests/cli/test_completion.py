"""What a shell completes: names of what was measured, and of scenarios."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.shell_completion import ShellComplete
from fake_results import arms, write_project
from synthetic import Plan

from ftbench.cli import cli


@pytest.fixture(autouse=True)
def _in_a_project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    plan = Plan(releases=("3.13.15", "3.14.2"), machine="box", arms=arms("gil", "ft"))
    write_project(tmp_path, plan, noise=False)
    monkeypatch.chdir(tmp_path)


def completed(*words: str) -> list[str]:
    *args, begun = words
    found = ShellComplete(cli, {}, "ftbench", "_").get_completions(args, begun)
    return [each.value for each in found]


@pytest.mark.parametrize(
    ("words", "names"),
    [
        (("compare", "3.14"), ["3.14", "3.14.2", "3.14.2t", "3.14t"]),
        (("compare", "3.13.15", "b"), ["box"]),
        (("compare", "3.13.15", "f"), ["ft"]),
        (("report", "--release", ""), ["3.13", "3.13.15", "3.14", "3.14.2"]),
        (("advise", "--machine", ""), ["box"]),
        (("report", "--profile", ""), ["full"]),
        (("report", "--bench", "must"), ["must_scale"]),
        (("overhead", "--scenario", "life"), ["lifecycle"]),
        (("op",), ["open"]),
    ],
    ids=str,
)
def test_names_are_completed(words: tuple[str, ...], names: list[str]) -> None:
    assert completed(*words) == names


def test_without_results_nothing_is_completed(
    tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path_factory.mktemp("elsewhere"))
    assert completed("report", "--release", "") == []
