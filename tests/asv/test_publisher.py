"""Our pages are written while asv writes its own; nothing stays beside the site."""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import psutil
import pytest
from asv.commands.publish import Publish
from probing import eventually, lives
from synthetic import Plan, publish, write_project, write_tree

from ftbench.asv import patches, publisher
from ftbench.errors import DeadlineError, FtbenchError, ResultsError
from ftbench.facts.arms import USUAL_ARMS
from ftbench.results import ResultTree, read_results
from ftbench.site import method as method_page

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="forks, on Linux alone")
FEW = ("Lifecycle.track_round", "Footprint.track_pss")


@pytest.fixture
def conf(tmp_path: Path) -> SimpleNamespace:
    write_tree(tmp_path / "results", Plan(releases=("3.13.5", "3.14.2")), only=FEW)
    return SimpleNamespace(results_dir=str(tmp_path / "results"), html_dir=str(tmp_path / "html"))


@pytest.fixture
def worth(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(publisher, "is_worth_it", lambda _results: True)


@pytest.fixture(autouse=True)
def nothing_stays(tmp_path: Path) -> Iterator[None]:
    before = psutil.Process().children()  # of other tests: multiprocessing's resource tracker
    yield
    assert not (tmp_path / ".html.ftbench-pages").exists()
    assert set(psutil.Process().children()) <= set(before)
    assert publisher.running() is None


def publishing(conf: Any, *, finish: bool = True, fails: bool = False) -> tuple[Path, ...] | None:
    """Do what asv's `Publish.run` does, or fail as it may."""
    with publisher.in_background(Path(conf.results_dir), Path(conf.html_dir)):
        Path(conf.html_dir).mkdir()
        (Path(conf.html_dir) / "index.html").write_text("asv's")
        if fails:
            raise RuntimeError("asv's own")
        begun = publisher.running()
        assert begun is not None
        return begun.finish() if finish else None


def texts(folder: Path) -> dict[str, str]:
    return {
        str(each.relative_to(folder)): each.read_text("utf-8")
        for each in folder.rglob("*")
        if each.is_file()
    }


def test_the_site_has_the_same_pages(conf: SimpleNamespace, worth: None, tmp_path: Path) -> None:
    written = publishing(conf)
    assert written is not None
    found = texts(Path(conf.html_dir))
    assert found.pop("index.html") == "asv's"
    plain = publisher.write_pages(read_results(Path(conf.results_dir)), tmp_path / "plain")
    assert found == texts(tmp_path / "plain")
    assert [page.name for page in written] == [page.name for page in plain]
    assert all(page.is_file() for page in written)


def test_what_could_not_be_read_is_told(conf: SimpleNamespace, worth: None) -> None:
    damaged = next(Path(conf.results_dir).glob("*/31305f00*.json"))
    damaged.write_text("{", encoding="utf-8")
    with publisher.in_background(Path(conf.results_dir), Path(conf.html_dir)) as tree:
        (warning,) = tree.warnings
    assert warning.path == damaged


@pytest.mark.parametrize("how", [{"finish": False}, {"fails": True}])
def test_it_is_ended_with_asv(conf: SimpleNamespace, worth: None, how: dict[str, bool]) -> None:
    if how.get("fails"):
        with pytest.raises(RuntimeError, match="asv's own"):
            publishing(conf, **how)
    else:
        assert publishing(conf, **how) is None


@pytest.fixture
def method(monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[], object]], None]:
    """Return what has the workers do something else than to write the page Method."""

    def put(instead: Callable[[], object]) -> None:
        def write(_tree: ResultTree, _html_dir: Path) -> tuple[Path, ...]:
            instead()
            return ()

        monkeypatch.setattr(method_page, "write_method", write)

    return put


def test_an_error_of_a_page_is_raised_here(
    conf: SimpleNamespace, worth: None, method: Callable[[Callable[[], object]], None]
) -> None:
    def refuse() -> None:
        raise ResultsError("No.", hint="Take another.", story="It was so.")

    method(refuse)
    with pytest.raises(ResultsError, match="No") as caught:
        publishing(conf)
    assert caught.value.hint == "Take another."
    assert caught.value.story == "It was so."


def test_a_killed_writer_is_a_message(
    conf: SimpleNamespace, worth: None, method: Callable[[Callable[[], object]], None]
) -> None:
    method(lambda: os.kill(os.getpid(), signal.SIGKILL))
    with pytest.raises(FtbenchError, match="was killed"):
        publishing(conf)


def test_a_writer_that_hangs_is_ended_with_a_message(
    conf: SimpleNamespace,
    worth: None,
    method: Callable[[Callable[[], object]], None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    method(lambda: time.sleep(60))
    monkeypatch.setattr(publisher, "DEADLINE_SECONDS", 0.2)
    with pytest.raises(DeadlineError, match="not written within"):
        publishing(conf)


def test_the_writers_of_a_killed_publish_end_too(conf: SimpleNamespace, tmp_path: Path) -> None:
    def publish() -> None:
        begun = publisher.BackgroundPages(Path(conf.results_dir), Path(conf.html_dir))
        workers = [each.pid for each in psutil.Process().children()]
        (tmp_path / "workers").write_text(" ".join(map(str, workers)), encoding="utf-8")
        begun.finish()
        os.kill(os.getpid(), signal.SIGKILL)

    Path(conf.html_dir).mkdir()
    process = multiprocessing.get_context("fork").Process(target=publish)
    process.start()
    process.join()
    assert process.exitcode == -signal.SIGKILL
    workers = list(map(int, (tmp_path / "workers").read_text(encoding="utf-8").split()))
    assert len(workers) == 2
    eventually(lambda: not any(map(lives, workers)), "the writers are gone")
    (tmp_path / ".html.ftbench-pages").rmdir()


def test_few_results_are_not_worth_a_process(conf: SimpleNamespace) -> None:
    with publisher.in_background(Path(conf.results_dir), Path(conf.html_dir)):
        assert publisher.running() is None


def test_asv_calls_it_within_the_guard_and_once(
    conf: SimpleNamespace, worth: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun: list[publisher.BackgroundPages | None] = []

    def publish(_cls: type[Any], conf: Any, range_spec: object = None, *, pull: bool = True) -> int:
        begun.append(publisher.running())
        return 7

    monkeypatch.setattr(Publish, "run", Publish.__dict__["run"])
    patches.install()
    monkeypatch.setattr(patches, "_publish", publish)
    patches.install()
    arguments = SimpleNamespace(html_dir=None, range=None, no_pull=True)
    assert Publish.run_from_conf_args(conf, arguments) == 7
    (one,) = begun
    assert isinstance(one, publisher.BackgroundPages)


def test_asv_publish_has_them_begun_where_there_are_many(tmp_path: Path) -> None:
    releases = ("3.13.4", "3.13.5", "3.14.1", "3.14.2")
    write_project(tmp_path, Plan(releases=releases, arms=USUAL_ARMS), only=FEW)
    assert len(list((tmp_path / "results").glob("*/*.json"))) >= publisher.WORTH_IT
    done = publish(tmp_path, FTBENCH_SITE_ASSETS=str(tmp_path / "none"))
    assert done.returncode == 0, done.stdout + done.stderr
    assert (tmp_path / "html" / "choose.html").is_file()
    assert "First page: " in done.stdout
    # Where they were written first is in none of them.
    pages = (tmp_path / "html").rglob("*.html")
    assert not any("ftbench-pages" in page.read_text("utf-8") for page in pages)


def test_a_killed_process_of_asvs_own_pool_is_a_message_and_not_a_wait_for_ever() -> None:
    pool = publisher.pool(2)
    assert pool.apply_async(divmod, (7, 2)).get() == (3, 1)
    with pytest.raises(BrokenProcessPool):
        pool.apply_async(_kill_oneself, ()).get()
    pool.close()
    pool.join()
    pool.terminate()


def _kill_oneself() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


_KILLED_STEPS = """
import os
import asv.graph
def killed(data):
    os.kill(os.getpid(), 9)
asv.graph._compute_graph_steps = killed
"""


def test_asv_publish_whose_process_is_killed_ends_with_a_sentence(tmp_path: Path) -> None:
    write_project(tmp_path, Plan(releases=("3.14.2",), arms=USUAL_ARMS), only=FEW)
    plugin = tmp_path / "synthetic_plugin.py"
    plugin.write_text(plugin.read_text("utf-8") + _KILLED_STEPS, encoding="utf-8")
    done = publish(tmp_path)
    assert done.returncode == 1, done.stdout + done.stderr
    assert "A process that searched for steps was killed." in done.stdout + done.stderr
    assert "Traceback" not in done.stdout + done.stderr
