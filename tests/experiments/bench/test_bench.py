"""The main job: which asv commands it comes to, and once for real."""

from __future__ import annotations

import io
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from asv.config import Config
from asvproject import DEADLINE_SECONDS, AsvProject
from rich.console import Console

from ftbench.asv import environment as asv_side
from ftbench.asv import patches
from ftbench.asv.command import SOME_FAILED
from ftbench.errors import AsvError, UsageError
from ftbench.experiments import bench
from ftbench.facts.arms import ARMS
from ftbench.facts.profiles import PROFILES
from ftbench.pythons import Interpreter, install
from ftbench.pythons.interpreter import Spec
from ftbench.report.output import Output
from ftbench.results.asvformat import project_folder

Pair = tuple[Interpreter, Interpreter]


class StubAsv:
    """Notes what would be run."""

    code = 0

    def __init__(self, *, variables: dict[str, str], **_: object) -> None:
        self.variables = variables

    def __call__(self, *arguments: str, tolerate: Sequence[int] = (), **_: object) -> int:
        CALLS.append((list(arguments), self.variables))
        return self.code if self.code in tolerate else 0


CALLS: list[tuple[list[str], dict[str, str]]] = []


@pytest.fixture
def stubbed(pair: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    CALLS.clear()
    monkeypatch.setattr(bench, "Asv", StubAsv)
    monkeypatch.setattr(bench, "register", lambda name: name or "this-2cpu")
    monkeypatch.setattr(install, "discover", lambda: pair)
    monkeypatch.setattr(StubAsv, "code", 0)


def run(folder: Path, **more: Any) -> str:
    said, path = io.StringIO(), folder / "summary.txt"
    given = {"profile": "smoke", **more}
    bench.run(folder, Output(path=path), Console(file=said, width=200), **given)
    return said.getvalue() + path.read_text(encoding="utf-8")


@pytest.mark.usefixtures("stubbed")
def test_it_measures_the_pairs_release_on_three_arms_and_publishes(
    tmp_path: Path, pair: Pair
) -> None:
    said = run(tmp_path)
    (measuring, variables), (publishing, _) = CALLS
    release = pair[0].release.name
    assert measuring[:5] == ["run", f"{release}^!", "--machine", "this-2cpu", "--record-samples"]
    assert measuring.count("-E") == len(ARMS)
    assert variables == {"FTBENCH_PROFILE": "smoke"}
    assert publishing == ["publish"]
    assert str(tmp_path / "html" / "choose.html") in said
    assert all(arm.name in said for arm in ARMS)
    assert all(str(each.executable) in said for each in pair)


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
    run(tmp_path, profile=profile)
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
        run(tmp_path)
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
    ("field", "value"), [("release", "3.14"), ("release", "latest"), ("profile", "quik")]
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
    conf = Config.load(str(Path(__file__).parents[3] / "asv.conf.json"))
    conf.env_dir = str(tmp_path)
    theirs = [each.name for each in patches.get_environments(conf, None)]
    assert sorted(bench.environment_names(pair, "smoke")) == sorted(theirs)


def test_the_project_is_the_nearest_folder_with_a_configuration(tmp_path: Path) -> None:
    (tmp_path / "asv.conf.json").touch()
    below = tmp_path / "a" / "b"
    below.mkdir(parents=True)
    assert project_folder(below) == tmp_path
    assert project_folder(tmp_path) == tmp_path


def test_outside_of_a_project_it_says_where_it_looked(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"no asv\.conf\.json") as raised:
        project_folder(tmp_path)
    assert str(tmp_path) in str(raised.value)
    assert "clone of ftbench" in str(raised.value)


def test_the_main_job_for_real(tmp_path: Path, pair: Pair) -> None:
    """`ftbench bench` on the smallest selection: figures, records, site, table."""
    project = AsvProject.made(tmp_path / "project", pair)
    release = pair[0].release.name
    words = ["bench", release, "--profile", "smoke", "--bench", "ThreadClock", "--machine", "box"]
    done = subprocess.run(
        [sys.executable, "-c", "from ftbench.cli import main; main()", *words],
        cwd=project.folder,
        env=project.environ(COLUMNS="200"),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        encoding="utf-8",
        timeout=DEADLINE_SECONDS,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"asv run '{release}^!'" in done.stderr
    assert f"CPython {release} on box, smoke profile" in done.stdout
    page = project.folder / "html" / "choose.html"
    assert f"The page: {page}" in done.stderr
    assert page.is_file()
    assert len(list(project.results.glob("3*.records.jsonl"))) == len(ARMS)
