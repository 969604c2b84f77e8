"""What a written page holds, without a browser."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path


class Outline(HTMLParser):
    """A page's text, links, ids, tags, handlers of events, and tables as rows of texts."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.source = path.read_text(encoding="utf-8")
        self.links, self.ids, self.tags = list[str](), list[str](), set[str]()
        self.handlers, self.text = list[str](), ""
        self.scripts = list[str]()  # the file of each, "" of one within the page
        self.tables = list[list[list[str]]]()
        self._in_cell = False
        self.feed(self.source)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        if tag == "script":
            self.scripts.append(dict(attrs).get("src") or "")
        if tag == "table":
            self.tables.append([])
        elif tag == "tr":
            self.tables[-1].append([])
        elif tag in {"td", "th"}:
            self.tables[-1][-1].append("")
            self._in_cell = True
        for name, value in attrs:
            if name == "href" and tag == "a":
                self.links.append(value or "")
            if name == "id":
                self.ids.append(value or "")
            if name.startswith("on"):
                self.handlers.append(name)

    def handle_data(self, data: str) -> None:
        self.text += data
        if self._in_cell:
            row = self.tables[-1][-1]
            row[-1] = f"{row[-1]} {data.strip()}".strip()

    def handle_endtag(self, tag: str) -> None:
        if tag in {"td", "th"}:
            self._in_cell = False

    @property
    def words(self) -> str:
        """The text with single spaces."""
        return " ".join(self.text.split())

    def faults(self, path: Path) -> list[str]:
        """Return what no page of ours may have: loads, ids twice, dead links, scripts but ours."""
        banned = self.tags & {"img", "iframe", "object", "embed", "form"}
        if not all(each and (path.parent / each).is_file() for each in self.scripts):
            banned.add("script")
        twice = {each for each in self.ids if self.ids.count(each) > 1}
        jumps = {link[1:] for link in self.links if link.startswith("#")}
        pages = [
            re.split("[?#]", link)[0]
            for link in self.links
            if not link.startswith("#") and "/series-" not in link  # those of Releases
        ]
        return [
            *(f"tag {tag}" for tag in banned),
            *(f"handler {handler}" for handler in self.handlers),
            *(f"id {each} twice" for each in twice),
            *(f"jump to {jump}" for jump in jumps - set(self.ids)),
            *(f"dead link {link}" for link in pages if not (path.parent / link).exists()),
            *re.findall(r"https?://(?!www\.w3\.org/)\S*", self.source),
        ]
