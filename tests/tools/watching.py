"""A browser's page, and everything it did that a page of ours must not do."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Page

from ftbench.asv.assets import npm_install

AXE = "axe-core@4.10.3"


class Watched:
    """A page, and its faults: errors, dialogs, requests that leave `home`."""

    def __init__(self, page: Page, home: str) -> None:
        self.page, self.faults = page, list[str]()
        page.on("pageerror", lambda error: self.faults.append(f"error: {error}"))
        page.on("console", self._heard)
        page.on("dialog", self._asked)
        page.on("request", lambda request: self._left(request.url, home))

    def _heard(self, message: Any) -> None:
        if message.type == "error":
            self.faults.append(f"console: {message.text}")

    def _asked(self, dialog: Any) -> None:
        self.faults.append(f"dialog: {dialog.message}")
        dialog.dismiss()

    def _left(self, url: str, home: str) -> None:
        if not url.startswith((home, "data:")):
            self.faults.append(f"request: {url}")


def unfold(page: Page) -> None:
    """Open whatever is folded."""
    page.evaluate("document.querySelectorAll('details').forEach(each => { each.open = true; })")


def axe_script(folder: Path) -> str:
    """Return axe-core's script, fetched into `folder`; raises `FtbenchError` if it cannot be."""
    npm_install([AXE], folder)
    return (folder / "node_modules" / "axe-core" / "axe.min.js").read_text(encoding="utf-8")


def grave_faults(browser: Browser, address: str, axe: str, scheme: Any) -> list[tuple[str, str]]:
    """Return what axe-core finds on a page that is serious or worse, each with its place."""
    page = browser.new_page(color_scheme=scheme, bypass_csp=True)
    page.goto(address)
    unfold(page)
    page.evaluate(axe)
    found = page.evaluate("axe.run()")["violations"]
    page.close()
    grave = [each for each in found if each["impact"] in {"serious", "critical"}]
    return [(each["id"], each["nodes"][0]["html"]) for each in grave]
