"""The page: one file that says what the terminal says, and nothing that a result smuggles in."""

from __future__ import annotations

import html
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest
from fake_measurements import FAILED, made
from playwright.sync_api import Browser

from ftbench.analysis.claims.data import article
from ftbench.experiments.reproduce.record import Reproduction
from ftbench.experiments.reproduce.report import document_of, judged
from ftbench.report.output import Format, rendered

HOSTILE = "<script>alert(1)</script><img src=x onerror=alert(2)>"
VOID = {"meta", "link", "br"}


class Checked(HTMLParser):
    """Every tag and attribute, and whether all that is opened is closed."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def html_of(done: Reproduction) -> str:
    return rendered(document_of(judged(done)), Format.HTML)


def text_of(document: str) -> str:
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", document)).split())


def test_it_is_whole_and_needs_nothing() -> None:
    document = html_of(made())
    checked = Checked(document)
    assert checked.open == []
    names = {tag for tag, _ in checked.tags}
    assert not names & {"script", "img", "iframe", "object", "form"}
    links = [attrs[name] for _, attrs in checked.tags for name in ("src", "href") if name in attrs]
    assert sorted(filter(None, links)) == ["data:,"]
    assert "http:" not in document
    assert "https:" not in document
    assert "url(" not in document


def test_it_has_every_table_figure_and_claim() -> None:
    whole = judged(made())
    text = text_of(html_of(made()))
    for table in whole.tables:
        assert table.title in text
        for words in (table.article, table.way, table.corrected):
            assert words in text
    for judgement in whole.judgements:
        assert judgement.claim.quote in text
    assert article().machine in text
    assert "32.851" in text
    assert "40.0 (39.8\N{EN DASH}40.2)" in text
    assert "CPython 3.14.7t, source-gcc12 (GCC 12.2.0)" in text


def test_a_failure_is_marked_with_its_reason() -> None:
    document = html_of(made(broken={"lifecycle/spawn/empty": FAILED}))
    assert '<td class="number">failed [1]' in document
    assert "Worker 3 of 8" in text_of(document)


@pytest.mark.parametrize("where", ["cpu", "reason"])
def test_what_a_result_says_is_text(where: str) -> None:
    broken = {"lifecycle/spawn/empty": {**FAILED, "reason": HOSTILE}} if where == "reason" else {}
    cpu = HOSTILE if where == "cpu" else "plain"
    document = html_of(made(cpu=cpu, broken=broken))
    assert HOSTILE not in document
    assert html.escape(HOSTILE) in document
    assert {tag for tag, _ in Checked(document).tags} & {"script", "img"} == set()


@pytest.mark.parametrize(("width", "scheme"), [(320, "light"), (390, "dark"), (1280, "light")])
def test_a_browser_shows_it_on_a_phone_and_in_the_dark(
    browser: Browser, tmp_path: Path, width: int, scheme: str
) -> None:
    file = tmp_path / "page.html"
    file.write_text(html_of(made(scale=0.1)), encoding="utf-8")
    shown = browser.new_page(viewport={"width": width, "height": 800}, color_scheme=scheme)  # type: ignore[arg-type]
    shown.goto(file.as_uri())
    assert shown.evaluate("document.documentElement.scrollWidth") <= width
    paper = shown.evaluate("getComputedStyle(document.body).backgroundColor")
    shown.close()
    lightness = sum(map(int, paper.removeprefix("rgb(").rstrip(")").split(",")))
    assert (lightness > 384) is (scheme == "light")
