"""What `asv publish` does for us: names and assets in asv's own pages, and our pages.

asv reads results in one process and one at a time: where there are many, our pages are written by
a pool of processes meanwhile.  They are written beside the site, for asv makes its folder anew, and
moved into it at the end.
"""

from __future__ import annotations

import contextlib
import functools
import json
import multiprocessing
import os
import re
import shutil
import signal
import sys
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path
from types import SimpleNamespace
from typing import Any, ClassVar, Final

from asv.console import log
from asv.publishing import OutputPublisher

from ftbench.asv import as_user_errors
from ftbench.asv.assets import ASSETS, assets_folder
from ftbench.asv.repository import release_of_id
from ftbench.errors import AsvError, DeadlineError, FtbenchError
from ftbench.processes import wait_in_turns
from ftbench.results import ResultTree, read_results
from ftbench.results.asv_import import SEMAPHORES
from ftbench.site import writer_of
from ftbench.site.frame import write, write_script, write_search
from ftbench.site.menus import TABS

# A few results are read sooner than asv is through with its own pages.
WORTH_IT: Final = 12
_WORKERS: Final = 2
# From the end of asv's own pages on; sixty releases take some twenty seconds.
DEADLINE_SECONDS: Final = 1800.0
# Nobody else's name for a folder: what is left of a publish that was killed is removed.
_FOLDER: Final = ".ftbench-pages"
_STORE: Final = ".ftbench-read"


def write_pages(tree: ResultTree, html_dir: Path) -> tuple[Path, ...]:
    """Write our pages, here and now, and return them, the first one first."""
    return tuple(path for tab in TABS for path in writer_of(tab.name)(tree, html_dir))


KILLED: Final = (
    "Often the cause is too little memory. The results are unchanged: free some, then publish "
    "again."
)


def pool(processes: int) -> Any:
    """Return what asv uses of one of `multiprocessing`, which waits for ever for a killed worker.

    It is of threads where a system has no semaphores.
    """
    executor = (ProcessPoolExecutor if SEMAPHORES else ThreadPoolExecutor)(processes)
    end = functools.partial(executor.shutdown, cancel_futures=True)

    def apply_async(function: Callable[..., Any], arguments: tuple[Any, ...]) -> Any:
        return SimpleNamespace(get=executor.submit(function, *arguments).result)

    return SimpleNamespace(apply_async=apply_async, close=end, join=end, terminate=end)


class BackgroundPages:
    """Processes that write the pages of `results` beside `html_dir`, those of a tab each."""

    def __init__(self, results: Path, html_dir: Path) -> None:
        self._html_dir = html_dir
        self._folder = html_dir.with_name(f".{html_dir.name}{_FOLDER}")
        self._store = html_dir.with_name(f".{html_dir.name}{_STORE}")
        for folder in (self._folder, self._store):
            shutil.rmtree(folder, ignore_errors=True)  # of a publish that was killed
        self._store.mkdir(parents=True)
        self.tree = read_results(results, self._store)
        before = set(multiprocessing.active_children())
        context = multiprocessing.get_context("fork")
        begin = functools.partial(_begin_worker, self.tree)  # which a fork has, unpickled
        self._pool = ProcessPoolExecutor(_WORKERS, context, initializer=begin)
        self._written = [self._pool.submit(_work, tab.name, self._folder) for tab in TABS]
        self._workers = set(multiprocessing.active_children()) - before

    def finish(self) -> tuple[Path, ...]:
        """Wait for the pages, move them into the site and return them.

        Raises what their writer raised, `FtbenchError` if one was killed, and `DeadlineError` if
        one hangs.
        """
        if not wait_in_turns(lambda turn: not wait(self._written, turn).not_done, DEADLINE_SECONDS):
            raise DeadlineError(
                f"Our pages were not written within {DEADLINE_SECONDS:g} s of asv's own.",
                hint="The results are unchanged. Is the machine out of memory or disk space? "
                "Then publish again.",
            )
        try:
            written = [each.result() for each in self._written]
        except BrokenProcessPool as error:
            message = "The process that wrote our pages was killed."
            raise FtbenchError(message, hint=KILLED) from error
        for entry in sorted(self._folder.iterdir()):
            entry.replace(self._html_dir / entry.name)
        pages = (page.relative_to(self._folder) for of_tab in written for page in of_tab)
        return tuple(self._html_dir / page for page in pages)

    def end(self) -> None:
        """End the processes, whatever they are doing, and leave nothing beside the site."""
        for worker in self._workers:
            worker.kill()
        self._pool.shutdown(cancel_futures=True)
        for folder in (self._folder, self._store):
            shutil.rmtree(folder, ignore_errors=True)


def _begin_worker(tree: ResultTree) -> None:
    _TREE[:] = [tree]
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for asv, which ends us
    # A worker whose asv was killed would wait for its next task for ever.
    threading.Thread(target=_end_with_asv, daemon=True).start()


def _end_with_asv() -> None:
    asv = multiprocessing.parent_process()
    if asv is not None:
        asv.join()
        os._exit(1)


def _work(tab: str, folder: Path) -> tuple[Path, ...]:
    # Pages need one another's files for links only: they may be written at the same time.
    return writer_of(tab)(_TREE[0], folder)


# What a worker writes the pages of.
_TREE: Final[list[ResultTree]] = []


_running: BackgroundPages | None = None


def running() -> BackgroundPages | None:
    """Return what is writing pages for the publish under way, None if nothing is."""
    return _running


def is_worth_it(results: Path) -> bool:
    """Tell whether there are so many results that processes of their own are of use, and cores."""
    if not SEMAPHORES or sys.platform != "linux" or len(os.sched_getaffinity(0)) == 1:
        return False
    return len(list(results.glob("*/*.json"))) >= WORTH_IT


@contextlib.contextmanager
def in_background(results: Path, html_dir: Path) -> Iterator[ResultTree]:
    """Have our pages begun while the body publishes asv's own of the tree, where that is of use."""
    global _running  # noqa: PLW0603 - asv hands its publishers nothing of ours
    if not is_worth_it(results):
        yield read_results(results)
        return
    _running = BackgroundPages(results, html_dir)
    try:
        yield _running.tree
    finally:
        _running.end()
        _running = None


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
    write_script(html_dir, _SCRIPT)
    write(html_dir / _TAGS, f"window.ftbench_tags = {json.dumps(dict(tags))};\n")
    _rewrite(html_dir, lambda index: add_names(add_tabs(index)))


def write_assets(html_dir: Path, folder: Path) -> None:
    """Copy the assets from `folder` into the site and make index.html load them."""
    vendor = html_dir / _VENDOR
    vendor.mkdir(exist_ok=True)
    for asset in ASSETS:
        (vendor / asset.name).write_bytes((folder / asset.name).read_bytes())
    _rewrite(html_dir, use_assets)


def _rewrite(html_dir: Path, change: Callable[[str], str]) -> None:
    index = html_dir / "index.html"
    write(index, change(index.read_text("utf-8")))


class PagesPublisher(OutputPublisher):
    """Writes our own pages, Choose first, and has asv's say releases' names and lead to them."""

    # After asv's last, "regressions" (3).
    order: ClassVar = 10
    name: ClassVar = "ftbench-pages"
    button_label: ClassVar = "Choose"
    description: ClassVar = "Every mode on every arm"

    @classmethod
    def publish(
        cls, conf: Any, _repo: Any, _benchmarks: Any, _graphs: Any, revisions: Mapping[str, int]
    ) -> None:
        """Do so, from the results alone: asv's graphs know medians, and no more.

        Without npm or network asv's pages still load asv's files from the network.
        """
        begun = running()
        html_dir = Path(conf.html_dir)
        with as_user_errors():
            write_names(html_dir, tags_of(revisions))
            try:
                folder = assets_folder()
            except FtbenchError as error:
                log.warning(
                    f"The charts will need a network to be looked at (Choose will not): {error}"
                )
            else:
                write_assets(html_dir, folder)
            tree = begun.tree if begun else read_results(Path(conf.results_dir))
            pages = begun.finish() if begun else write_pages(tree, html_dir)
            write_search(html_dir, pages)
        for warning in tree.warnings:
            log.warning(str(warning))
        log.info(f"First page: {pages[0]}")
