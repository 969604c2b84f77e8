"""A report as HTML, in a real browser, from the disk."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from fake_results import arms, result_file, slow_down, write_project
from playwright.sync_api import Browser
from synthetic import Plan
from watching import Watched, axe_script, grave_faults

from ftbench.cli.report import compare, report
from ftbench.errors import FtbenchError, RegressionError

HOSTILE = '"><script>alert(1)</script><img src=x onerror=alert(2)>'


@pytest.fixture(scope="module")
def axe(tmp_path_factory: pytest.TempPathFactory) -> str:
    try:
        return axe_script(tmp_path_factory.mktemp("axe"))
    except FtbenchError as error:
        pytest.skip(f"axe-core cannot be had: {error}")


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A report and a comparison of results with an alarm, a failure and a hostile name."""
    folder = tmp_path_factory.mktemp("pages")
    plan = Plan(releases=("3.13.5", "3.13.15"), arms=arms("ft", "ft-gil1"), flavour=HOSTILE)
    results = write_project(folder, plan)
    slow_down(result_file(results, "3.13.15", "ft"), 1.5)
    made = {}
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        for command, words, ends in (
            (report, [], type(None)),
            (compare, ["3.13.5", "3.13.15", "--every"], RegressionError),
        ):
            done = CliRunner().invoke(command, [*words, "--format", "html"], standalone_mode=False)
            assert type(done.exception) is ends
            path = folder / f"{command.name}.html"
            path.write_text(done.output, encoding="utf-8")
            made[str(command.name)] = path
    return made


@pytest.mark.parametrize("name", ["report", "compare"])
@pytest.mark.parametrize("width", [360, 1200])
def test_it_opens_from_the_disk_without_a_fault(
    browser: Browser, pages: dict[str, Path], name: str, width: int
) -> None:
    page = browser.new_page(viewport={"width": width, "height": 800})
    watched = Watched(page, pages[name].as_uri())
    page.goto(pages[name].as_uri())
    assert page.locator("tr.tone-bad").first.is_visible()
    assert page.locator("script, img").count() == 0
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert watched.faults == []
    page.close()


@pytest.mark.parametrize("name", ["report", "compare"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_serious_in_a_report(
    browser: Browser, pages: dict[str, Path], axe: str, name: str, scheme: Any
) -> None:
    assert grave_faults(browser, pages[name].as_uri(), axe, scheme) == []
