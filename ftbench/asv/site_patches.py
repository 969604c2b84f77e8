"""Rewrites asv's published pages: the way to ours, releases by name, nothing from the network.

Every place that is changed must be there exactly once, so that another asv is noticed.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping
from importlib import resources
from pathlib import Path
from typing import Final

from ftbench.asv.assets import ASSETS
from ftbench.asv.repository import release_of_id
from ftbench.errors import AsvError
from ftbench.site.menus import TABS

_SCRIPT: Final = "ftbench.js"
_TAGS: Final = "ftbench-tags.js"
_VENDOR: Final = "vendor"
_NAV: Final = '<ul class="nav navbar-nav navbar-left">'
_FIRST_TAB: Final = '<li id="nav-li-" class="active">'
_REGRESSIONS: Final = '<li id="nav-li-regressions"><a href="#/regressions">Regressions</a></li>'
_FEED: Final = 'title="Regressions" href="regressions.xml"'
_LAST_SCRIPT: Final = re.compile(r'<script[^>]*\bsrc="regressions\.js"[^>]*>\s*</script>')
_FOREIGN: Final = re.compile(
    r'<script src="(?P<script>https://[^"]*)"[^>]*></script>'
    r'|<link rel="stylesheet" href="(?P<style>https://[^"]*)"[^>]*>'
)
_FAILURE: Final = re.compile(
    r"<script[^>]*>\s*function js_load_failure\(\) \{[^<]*</script>\s*", re.DOTALL
)
_CHARSET: Final = '<meta http-equiv="Content-Type" content="text/html; charset=utf-8">'
# asv shows texts of result files as HTML in places: what they hold must never run, nor load.
_POLICY: Final = (
    '<meta http-equiv="Content-Security-Policy" content="default-src \'self\'; '
    "script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
    "base-uri 'none'; form-action 'none'\">"
)
# asv's bar has one line's height whatever is in it: a second line would cover the page.
_ONE_LINE: Final = """<style>
      #nav { overflow-x: auto; overflow-y: hidden; }
      #nav > ul { display: flex; float: none; margin: 0; white-space: nowrap; }
      #nav li > a { padding-left: 9px; padding-right: 9px; }
      @media (max-width: 1440px) { #nav .navbar-text { display: none; } }
    </style>
  """
_HEAD_END: Final = "</head>"


def once(text: str, old: str | re.Pattern[str], new: str) -> str:
    """Replace what must be there exactly once; raises `AsvError` if it is not."""
    pattern = re.compile(re.escape(old)) if isinstance(old, str) else old
    changed, count = pattern.subn(lambda _: new, text)
    if count != 1:
        raise AsvError(
            f"asv's page has {pattern.pattern!r} {count} times, and should have it once.",
            hint="ftbench needs the version of asv that its pyproject.toml names.",
        )
    return changed


def add_tabs(index: str) -> str:
    """Put the ways to our pages before asv's own tabs, in the order of our own bar."""
    once(index, _NAV, _NAV)
    links = "".join(
        f'<li id="nav-li-{tab.name}"><a href="{tab.file}">{tab.title}</a></li>\n\t' for tab in TABS
    )
    index = once(index, _HEAD_END, _ONE_LINE + _HEAD_END)
    index = once(index, _REGRESSIONS, "")
    index = once(index, _FEED, 'title="Alarms" href="releases.xml"')
    return once(index, _FIRST_TAB, links + _FIRST_TAB)


def add_names(index: str) -> str:
    """Load our scripts after asv's own."""
    match = _LAST_SCRIPT.search(index)
    last = match[0] if match else ""
    ours = "".join(f'\n    <script src="{name}"></script>' for name in (_TAGS, _SCRIPT))
    return once(index, _LAST_SCRIPT, last + ours)


def use_assets(index: str) -> str:
    """Load the third-party files from beside the page, and forbid it to load anything else."""
    names = {asset.instead_of: asset.name for asset in ASSETS}
    loaded: list[str] = []

    def local(match: re.Match[str]) -> str:
        loaded.append((match["script"] or match["style"]).rpartition("/")[2])
        address = f"{_VENDOR}/{names.get(loaded[-1])}"
        if match["script"]:
            return f'<script src="{address}"></script>'
        return f'<link rel="stylesheet" href="{address}">'

    index = _FOREIGN.sub(local, index)
    if sorted(loaded) != sorted(names):
        raise AsvError(f"asv's page loads other files than it should: {', '.join(sorted(loaded))}.")
    index = once(index, _FAILURE, "")
    return once(index, _CHARSET, f"{_CHARSET}\n    {_POLICY}")


def tags_of(commit_ids: Iterable[str]) -> dict[str, str]:
    """Return the tag of each commit id; one that is no release's is left out."""
    releases = ((commit_id, release_of_id(commit_id)) for commit_id in sorted(commit_ids))
    return {commit_id: release.tag for commit_id, release in releases if release}


def write_names(html_dir: Path, tags: Mapping[str, str]) -> None:
    """Write our scripts, and put them and the ways to our pages into index.html."""
    templates = resources.files("ftbench.site") / "templates"
    script = (templates / _SCRIPT).read_text(encoding="utf-8")
    _write(html_dir / _SCRIPT, script)
    _write(html_dir / _TAGS, f"window.ftbench_tags = {json.dumps(dict(tags))};\n")
    _rewrite(html_dir / "index.html", lambda index: add_names(add_tabs(index)))


def write_assets(html_dir: Path, folder: Path) -> None:
    """Copy the assets from `folder` into the site and make index.html load them."""
    vendor = html_dir / _VENDOR
    vendor.mkdir(exist_ok=True)
    for asset in ASSETS:
        (vendor / asset.name).write_bytes((folder / asset.name).read_bytes())
    _rewrite(html_dir / "index.html", use_assets)


def _rewrite(path: Path, change: Callable[[str], str]) -> None:
    _write(path, change(path.read_text(encoding="utf-8")))


def _write(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8", newline="\n")
