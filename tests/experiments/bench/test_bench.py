"""The main job: which asv commands it comes to, and once for real."""

from __future__ import annotations

import io
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from asv.config import Config
from asvproject import FTBENCH, AsvProject
from probing import ran
from rich.console import Console

from ftbench.asv import environment as asv_side
from ftbench.asv import patches
from ftbench.asv.command import FIRST_RESULT, SOME_FAILED
from ftbench.errors import AsvError, UsageError
from ftbench.experiments import bench, suite
from ftbench.facts.arms import USUAL_ARMS
from ftbench.facts.modes import MODES
from ftbench.facts.profiles import PROFILES
from ftbench.probe.scenarios.native import STANDARD, WORK
from ftbench.pythons import Interpreter, install
from ftbench.pythons.interpreter import Spec
from ftbench.report.output import Output
from ftbench.report.sections.workers import ROUND_EMPTY, TREE_PSS
from ftbench.results.project import project_folder
from ftbench.results.records import Records

ROOT = Path(__file__).parents[3]
Pair = tuple[Interpreter, Interpreter]


class StubAsv:
    """Notes what would be run."""

    code = 0

    def __init__(self, *, variables: dict[str, str], **_: object) -> None:
        self.variables = variables

    def __call__(
        self,
        *arguments: str,
        first: bool = False,
        tolerate: Sequence[int] = (),
        **_: object,
    ) -> int:
        CALLS.append(
            (list(arguments), {**self.variables, **({FIRST_RESULT: "1"} if first else {})})
        )
        return self.code if self.code in tolerate else 0


CALLS: list[tuple[list[str], dict[str, str]]] = []


@pytest.fixture
def stubbed(pair: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    CALLS.clear()
    monkeypatch.setattr(bench, "Asv", StubAsv)
    monkeypatch.setattr(bench, "register", lambda _results, name: name or "this-2cpu")
    monkeypatch.setattr(install, "discover", lambda: pair)
    monkeypatch.setattr(StubAsv, "code", 0)


def run(folder: Path, **more: Any) -> str:
    said, path = io.StringIO(), folder / "summary.txt"
    given = {"profile": "smoke", **more}
    if not (folder / "benchmarks").exists():
        (folder / "benchmarks").symlink_to(ROOT / "benchmarks")
    bench.run(folder, Output(path=path), Console(file=said, width=200), **given)
    return said.getvalue() + path.read_text(encoding="utf-8")


@pytest.mark.usefixtures("stubbed")
def test_it_measures_the_pairs_release_on_three_arms_and_publishes(
    tmp_path: Path, pair: Pair
) -> None:
    said = run(tmp_path)
    _first, _page, (measuring, variables), (publishing, _) = CALLS
    release = pair[0].release.name
    assert measuring[:5] == ["run", f"{release}^!", "--machine", "this-2cpu", "--record-samples"]
    assert measuring.count("-E") == len(USUAL_ARMS)
    assert variables["FTBENCH_PROFILE"] == "smoke"
    assert publishing == ["publish"]
    assert str(tmp_path / "html" / "choose.html") in said
    assert all(arm.name in said for arm in USUAL_ARMS)
    assert all(str(each.executable) in said for each in pair)


@pytest.mark.usefixtures("stubbed")
def test_what_table_and_page_need_comes_first_and_is_of_the_same_run(tmp_path: Path) -> None:
    said = run(tmp_path)
    (first, before), (published, _), (rest, after), _ = CALLS
    assert published == ["publish"]
    assert before.pop(FIRST_RESULT)
    assert before == after
    assert first[: len(rest)] == rest  # in the same environments, in the same way
    suite_cells = suite.cells(ROOT)
    early = {cell.group for cell in suite.chosen(suite_cells, first[-1])}
    shown = {each.benchmark.rpartition(".track_")[0] for each in (ROUND_EMPTY, TREE_PSS)}
    assert shown | {"crossover.Crossover"} == early
    table, preliminary = "smoke profile", said.index("This is preliminary")
    assert said.index(table) < preliminary < said.rindex(table)


@pytest.mark.usefixtures("stubbed")
def test_a_choice_of_benchmarks_has_no_first_result(tmp_path: Path) -> None:
    assert "preliminary" not in run(tmp_path, bench="lifecycle")
    assert [arguments[0] for arguments, _ in CALLS] == ["run", "publish"]


def record(group: str, elapsed: float, run: str, **more: Any) -> dict[str, Any]:
    return {"kind": "cell", "group": group, "params": {}, "elapsed": elapsed, "run": run, **more}


def test_a_process_takes_as_long_as_in_the_last_run_of_the_same_work(tmp_path: Path) -> None:
    (tmp_path / "box").mkdir()
    cells = (
        record("a.A", 9.0, "2026-01-01", version="1"),
        record("a.A", 1.0, "2026-01-02", version="1", interference={"repeats": 2}),
        record("a.A", 5.0, "2026-01-02", version="1"),
        record("a.A", 7.0, "2026-01-03"),  # of nobody knows what work
        record("a.A", 8.0, "2026-01-03", version="2"),
    )
    path = tmp_path / "box" / "3-cpython-pyft-profilequick.records.jsonl"
    path.write_text(Records(cells=cells).text(), encoding="utf-8")
    assert bench.usual_seconds(tmp_path, "box", "quick") == {("a.A", "1"): 4.0, ("a.A", "2"): 8.0}
    assert bench.usual_seconds(tmp_path, "box", "full") == {}
    assert bench.usual_seconds(tmp_path, "other", "quick") == {}
    assert bench.usual_seconds(tmp_path, "*", "quick") == {("a.A", "1"): 4.0, ("a.A", "2"): 8.0}


@pytest.mark.parametrize("odd", [None, [1], "x", {"repeats": "x"}, {"repeats": None}])
def test_a_record_of_another_shape_is_read_as_far_as_it_goes(tmp_path: Path, odd: object) -> None:
    (tmp_path / "box").mkdir()
    cells = (
        record("a.A", 9.0, "2026-01-01", version="1"),
        record("a.A", 4.0, "2026-01-02", version="1", interference=odd),
        {**record("a.A", 7.0, ""), "version": "1", "run": odd},
        {**record("b.B", 0.0, "2026-01-01", version="1"), "elapsed": odd},
        {**record("c.C", 1.0, "2026-01-01", version="1"), "group": odd},
    )
    path = tmp_path / "box" / "3-cpython-pyft-profilequick.records.jsonl"
    path.write_text(Records(cells=cells).text(), encoding="utf-8")
    assert bench.usual_seconds(tmp_path, "box", "quick")["a.A", "1"] == (7.0 if odd == "x" else 4.0)


@pytest.mark.usefixtures("stubbed")
@pytest.mark.parametrize("version", ["now", "0"])
def test_a_first_result_takes_the_place_of_no_whole_one(
    tmp_path: Path, pair: Pair, version: str
) -> None:
    cell = next(each for each in suite.cells(ROOT) if each.group == "lifecycle.Lifecycle")
    name = bench.environment_names(pair, "smoke")[0]
    path = tmp_path / "results" / "this-2cpu" / f"{pair[0].release.commit_id}-{name}.records.jsonl"
    path.parent.mkdir(parents=True)
    work = cell.version if version == "now" else version
    path.write_text(Records(cells=(record(cell.group, 1.0, "a", version=work),)).text(), "utf-8")
    run(tmp_path)
    assert ("lifecycle" in CALLS[0][0][-1]) is (version != "now")
    assert "footprint" in CALLS[0][0][-1]
    every = {each.group: each.version for each in suite.cells(ROOT)}
    cells = tuple(record(group, 1.0, "a", version=work) for group, work in every.items())
    path.write_text(Records(cells=cells).text(), "utf-8")
    CALLS.clear()
    assert "preliminary" not in run(tmp_path)
    assert [arguments[0] for arguments, _ in CALLS] == ["run", "publish"]


def told_minutes(said: str) -> int:
    told = re.search(r"This takes about (\d+) min, by (.*)\.\n", said)
    assert told, said
    return int(told[1])


@pytest.mark.usefixtures("stubbed")
def test_how_long_it_takes_is_said_first_and_follows_the_cells_and_the_records(
    tmp_path: Path, pair: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    release = pair[0].release
    usual = suite.chosen(suite.cells(ROOT), None)
    there = [cell for cell in usual if bench.arms_with(cell, pair)]
    assert {mode.name for mode in MODES if mode.since <= (release.major, release.minor)} <= {
        cell.mode for cell in there
    }
    known = {(cell.group, cell.version): 1.0 for cell in there}
    of_machine = {"*": known}
    monkeypatch.setattr(bench, "usual_seconds", lambda _, machine, *__: of_machine.get(machine, {}))
    said = run(tmp_path, profile="quick")
    assert said.index("This takes about") < said.index("This is preliminary")
    count = sum(len(bench.arms_with(cell, pair)) for cell in there)
    assert (
        2 * len(there) < count < len(USUAL_ARMS) * len(there)
    )  # of some, one arm stands for another
    assert abs(told_minutes(said) * 60 - 3 * count - bench.BESIDE_SECONDS) <= 60
    assert "by what it took elsewhere." in said
    of_machine["this-2cpu"] = dict.fromkeys(known, 0.5)
    said = run(tmp_path, profile="quick")
    assert abs(told_minutes(said) * 60 - 1.5 * count - bench.BESIDE_SECONDS) <= 60
    assert "by the last run here." in said
    journal = tmp_path / "env" / "e" / f"measured-e-{release.commit_id}.jsonl"
    journal.parent.mkdir(parents=True)
    journal.touch()
    assert "This takes at most" in run(tmp_path, profile="quick")


@pytest.mark.usefixtures("stubbed")
def test_how_long_it_takes_is_said_only_by_what_tells_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    versions = {cell.group: cell.version for cell in suite.cells(ROOT)}
    known = {("lifecycle.Lifecycle", versions["lifecycle.Lifecycle"]): 1.0}
    assert "This takes" not in run(tmp_path, profile="full")
    monkeypatch.setattr(bench, "usual_seconds", lambda *_: known)
    assert "This takes" not in run(tmp_path, profile="full")
    only = r"^lifecycle\.Lifecycle\."
    assert "by the last run here." in run(tmp_path, profile="full", bench=only)
    most = dict.fromkeys([*versions.items()][1:], 1.0)  # one is as the rest are
    both = "by the last run here and what it took elsewhere."
    monkeypatch.setattr(
        bench, "usual_seconds", lambda _, machine, *__: most if machine == "*" else known
    )
    assert both in run(tmp_path, profile="quick")


@pytest.mark.usefixtures("stubbed")
def test_a_machines_name_and_a_choice_of_benchmarks_go_to_asv(tmp_path: Path) -> None:
    run(tmp_path, machine="box", bench="ThreadClock")
    ((measuring, _), _) = CALLS
    assert measuring[measuring.index("--machine") + 1] == "box"
    assert measuring[-2:] == ["--bench", "ThreadClock"]


@pytest.mark.usefixtures("stubbed")
@pytest.mark.parametrize("profile", list(PROFILES))
def test_several_processes_a_cell_are_interleaved_over_the_arms(
    tmp_path: Path, profile: str
) -> None:
    run(tmp_path, profile=profile, bench="lifecycle")
    ((measuring, _), _) = CALLS
    assert ("--interleave-rounds" in measuring) is (PROFILES[profile].processes > 1)


@pytest.mark.usefixtures("stubbed")
def test_what_could_be_steadier_is_said_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bench, "machine_record", lambda: {"governor": "powersave"})
    monkeypatch.setattr(bench, "load", lambda: None)
    assert run(tmp_path).count("pyperf system tune") == 1


@pytest.mark.usefixtures("stubbed")
def test_failed_benchmarks_end_in_an_error_after_the_site_is_published(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(StubAsv, "code", SOME_FAILED)
    with pytest.raises(AsvError, match="the rest is saved") as raised:
        run(tmp_path, bench="lifecycle")
    assert "--show-stderr" in raised.value.hint
    assert [arguments[0] for arguments, _ in CALLS] == ["run", "publish"]


@pytest.mark.usefixtures("stubbed")
def test_a_release_that_is_asked_for_is_ensured_with_both_builds(
    tmp_path: Path, pair: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []

    def provide(spec: Spec, _: Console, *, optimized: bool, **_jobs: int) -> Interpreter:
        assert not optimized
        asked.append(str(spec))
        return pair[spec.free_threaded]

    monkeypatch.setattr(install, "discover", tuple)
    monkeypatch.setattr(install, "PROVIDERS", (provide,))
    run(tmp_path, release="v3.14.2")
    assert sorted(asked) == ["3.14.2", "3.14.2t"]


@pytest.mark.usefixtures("stubbed")
@pytest.mark.parametrize(
    ("field", "value"), [("release", "3.14x"), ("release", "latest"), ("profile", "quik")]
)
def test_bad_input_ends_before_anything_is_done(tmp_path: Path, field: str, value: str) -> None:
    with pytest.raises(UsageError):
        run(tmp_path, **{field: value})
    assert CALLS == []


def test_the_environments_are_called_as_asv_calls_them(
    pair: Pair, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FTBENCH_PROFILE", "smoke")
    monkeypatch.setattr(asv_side, "discover", lambda: pair)
    conf = Config.load(str(ROOT / "asv.conf.json"))
    conf.env_dir = str(tmp_path)
    theirs = [each.name for each in patches.get_environments(conf, None)]
    assert sorted(bench.environment_names(pair, "smoke")) == sorted(theirs)


def test_the_project_is_the_nearest_folder_with_a_configuration(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "asv.conf.json").touch()
    below = tmp_path / "a" / "b"
    below.mkdir(parents=True)
    for folder in (below, tmp_path):
        monkeypatch.chdir(folder)
        assert project_folder() == tmp_path


def test_outside_of_a_project_it_says_where_it_looked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UsageError, match=r"no asv\.conf\.json") as raised:
        project_folder()
    assert str(tmp_path) in str(raised.value)
    assert "clone of ftbench" in str(raised.value)


def test_the_main_job_for_real(tmp_path: Path, pair: Pair) -> None:
    """`ftbench bench` on the smallest selection: figures, records, site, table."""
    project = AsvProject.made(tmp_path / "project", pair)
    release = pair[0].release.name
    words = ["bench", release, "--profile", "smoke", "--bench", "ThreadClock", "--machine", "box"]
    done = ran([*FTBENCH, *words], cwd=project.folder, env=project.environ(COLUMNS="200"))
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"asv run '{release}^!'" in done.stderr
    assert f"CPython {release} on box, smoke profile" in done.stdout
    page = project.folder / "html" / "choose.html"
    assert f"The page: {page}" in done.stderr
    assert page.is_file()
    files = {path.name for path in project.results.glob("3*.records.jsonl")}
    names, number = bench.environment_names(pair, "smoke"), pair[0].release.commit_id
    assert files == {f"{number}-{name}.records.jsonl" for name in names}


def test_cells_of_a_work_whose_engine_is_not_there_are_counted_and_left_out(
    tmp_path: Path, pair: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FTBENCH_CACHE", str(tmp_path))
    (said,) = bench._left_out(ROOT, "^native", pair)
    lacking = [work for work, own in WORK.items() if own.engine]
    assert said.startswith(
        f"{len(lacking) * len(USUAL_ARMS)} cells are skipped for lack of numba, numpy"
    )
    cells = suite.chosen(suite.cells(ROOT), "^native")
    with_arms = {str(cell.params["work"]) for cell in cells if bench.arms_with(cell, pair)}
    assert with_arms == set(STANDARD)
