"""What `asv publish` does for us: names and assets in asv's own pages, and our pages.

asv reads results in one process and one at a time: where there are many, our pages are written by
a pool of processes meanwhile.  They are written beside the site, for asv makes its folder anew, and
moved into it at the end.
"""

from __future__ import annotations

import functools
import multiprocessing
import os
import shutil
import signal
import sys
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Final

from asv.commands.publish import Publish
from asv.console import log
from asv.publishing import OutputPublisher

from ftbench.asv.assets import assets_folder
from ftbench.asv.errors import told_by_asv
from ftbench.asv.site_patches import tags_of, write_assets, write_names
from ftbench.errors import DeadlineError, FtbenchError
from ftbench.results import ResultTree, Unreadable, read_results
from ftbench.site.frame import TABS

# A few results are read sooner than asv is through with its own pages.
WORTH_IT: Final = 12
# Each reads all results for itself: more of them would trade a little time for a lot of memory.
_WORKERS: Final = 2
# From the end of asv's own pages on; sixty releases take some twenty seconds.
DEADLINE_SECONDS: Final = 1800.0
# Nobody else's name for a folder: what is left of a publish that was killed is removed.
_FOLDER: Final = ".ftbench-pages"
_MARK: Final = "begins_with_our_pages"


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """What became of it: the pages, the first one first, and what could not be read."""

    pages: tuple[Path, ...]
    warnings: tuple[Unreadable, ...]


def write_pages(results: Path, html_dir: Path) -> Written:
    """Read the results and write our pages, here and now.

    Raises what a page raises, as `OSError` where the folder cannot be written.
    """
    tree = read_results(results)
    pages = tuple(path for tab in TABS for path in _write_place(tab.name, tree, html_dir))
    return Written(pages=pages, warnings=tree.warnings)


def _write_place(place: str, tree: ResultTree, html_dir: Path) -> tuple[Path, ...]:
    # Only publish may pay for matplotlib: every asv command loads what imports this module.
    from ftbench.site.pages import WRITERS  # noqa: PLC0415

    return WRITERS[place](tree, html_dir)


class BackgroundPages:
    """Processes that write the pages of `results` beside `html_dir`, a place of the bar each."""

    def __init__(self, results: Path, html_dir: Path) -> None:
        """Start them."""
        self._html_dir = html_dir
        self._folder = html_dir.with_name(f".{html_dir.name}{_FOLDER}")
        shutil.rmtree(self._folder, ignore_errors=True)  # of a publish that was killed
        before = set(multiprocessing.active_children())
        context = multiprocessing.get_context("fork")
        self._pool = ProcessPoolExecutor(_WORKERS, context, initializer=_begin_worker)
        self._written = [self._pool.submit(_work, tab.name, results, self._folder) for tab in TABS]
        self._workers = set(multiprocessing.active_children()) - before

    def finish(self) -> Written:
        """Wait for the pages and move them into the site.

        Raises what their writer raised, `FtbenchError` if one was killed, and `DeadlineError` if
        one hangs.
        """
        if wait(self._written, DEADLINE_SECONDS).not_done:
            raise DeadlineError(
                f"Our pages were not written within {DEADLINE_SECONDS:g} s of asv's own.",
                hint="The results are as they were. Is the machine out of memory or of disk? "
                "Then publish again.",
            )
        try:
            places = [each.result() for each in self._written]
        except BrokenProcessPool as error:
            raise FtbenchError(
                "The process that wrote our pages was killed.",
                hint="Often that is for want of memory. The results are as they were: make room, "
                "then publish again.",
            ) from error
        for entry in sorted(self._folder.iterdir()):
            entry.replace(self._html_dir / entry.name)
        pages = (page.relative_to(self._folder) for place in places for page in place.pages)
        return Written(
            pages=tuple(self._html_dir / page for page in pages), warnings=places[0].warnings
        )

    def end(self) -> None:
        """End the processes, whatever they are doing, and leave nothing beside the site."""
        for worker in self._workers:
            worker.kill()
        self._pool.shutdown(cancel_futures=True)
        shutil.rmtree(self._folder, ignore_errors=True)


def _begin_worker() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for asv, which ends us
    # A worker whose asv was killed would wait for its next task for ever.
    threading.Thread(target=_end_with_asv, daemon=True).start()


def _end_with_asv() -> None:
    asv = multiprocessing.parent_process()
    if asv is not None:
        asv.join()
        os._exit(1)


def _work(place: str, results: Path, folder: Path) -> Written:
    tree = _read_once(results)
    return Written(pages=_write_place(place, tree, folder), warnings=tree.warnings)


@functools.cache
def _read_once(results: Path) -> ResultTree:
    """Return the results, which a worker reads once for all its pages."""
    return read_results(results)


_running: BackgroundPages | None = None


def running() -> BackgroundPages | None:
    """Return what is writing pages for the publish under way, None if nothing is."""
    return _running


def is_worth_it(results: Path) -> bool:
    """Tell whether there are so many results that processes of their own are of use, and cores."""
    if sys.platform != "linux" or len(os.sched_getaffinity(0)) == 1:
        return False
    return len(list(results.glob("*/*.json"))) >= WORTH_IT


def in_background(run: Callable[..., Any]) -> Callable[..., Any]:
    """Return asv's `Publish.run` with our pages begun before its own."""

    @functools.wraps(run)
    def begun(cls: type[Any], conf: Any, *args: Any, **kwargs: Any) -> Any:
        global _running  # noqa: PLW0603 - asv hands its publishers nothing of ours
        results, html_dir = Path(conf.results_dir), Path(conf.html_dir)
        if not is_worth_it(results):
            return run(cls, conf, *args, **kwargs)
        _running = BackgroundPages(results, html_dir)
        try:
            return run(cls, conf, *args, **kwargs)
        finally:
            _running.end()
            _running = None

    return begun


def install() -> None:
    """Have `asv publish` begin with our pages; a second call changes nothing.

    Call it after `patches.install_loaders`, which puts asv's own `run` in a guard.
    """
    run = Publish.__dict__["run"].__func__
    if not getattr(run, _MARK, False):
        begun = in_background(run)
        setattr(begun, _MARK, True)
        Publish.run = classmethod(begun)


class SitePublisher(OutputPublisher):
    """Makes asv's pages say releases' names, lead to Choose and need no network."""

    # After asv's last, "regressions" (3): its feed is rewritten too.
    order: ClassVar = 10
    name: ClassVar = "ftbench-site"
    button_label: ClassVar = "Names"
    description: ClassVar = "Releases by name, and no network"

    @classmethod
    def publish(
        cls, conf: Any, _repo: Any, _benchmarks: Any, _graphs: Any, revisions: Mapping[str, int]
    ) -> None:
        """Rewrite the site; without npm or network it still loads asv's files from the network."""
        html_dir = Path(conf.html_dir)
        with told_by_asv():
            write_names(html_dir, tags_of(revisions))
            try:
                folder = assets_folder()
            except FtbenchError as error:
                log.warning(
                    f"The charts will need a network to be looked at (Choose will not): {error}"
                )
            else:
                write_assets(html_dir, folder)


class PagesPublisher(OutputPublisher):
    """Writes our own pages, Choose first."""

    order: ClassVar = 11
    name: ClassVar = "ftbench-pages"
    button_label: ClassVar = "Choose"
    description: ClassVar = "Every mode on every arm"

    @classmethod
    def publish(
        cls, conf: Any, _repo: Any, _benchmarks: Any, _graphs: Any, _revisions: Any
    ) -> None:
        """Write them, from the results alone: asv's graphs know medians, and no more.

        Where there are many results, they have been begun before asv's own pages.
        """
        begun = running()
        with told_by_asv():
            if begun:
                written = begun.finish()
            else:
                written = write_pages(Path(conf.results_dir), Path(conf.html_dir))
        for warning in written.warnings:
            log.warning(str(warning))
        log.info(f"First page: {written.pages[0]}")
