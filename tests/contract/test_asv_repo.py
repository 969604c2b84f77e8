"""What `CPythonRepo` relies on in asv, tried against the asv that is pinned."""

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NoReturn

import asv
import pytest
from asv import repo as asv_repo
from asv import results as asv_results
from asv import util
from asv.commands import find as asv_find
from asv.commands import run as asv_run
from asv.config import Config
from asv.repo import get_repo
from asv.runner import BenchmarkResult
from fixed_repository import FixedRepo
from probing import ran

from ftbench.asv.repository import CPythonRepo
from ftbench.releases import Release

ROOT = Path(__file__).parents[2]
MACHINE = {"arch": "x", "cpu": "c", "machine": "box", "num_cpu": "2", "os": "o", "ram": "1"}
BENCHMARK = {
    "code": "pass",
    "name": "b.track_x",
    "param_names": [],
    "params": [],
    "timeout": 60,
    "type": "track",
    "unit": "seconds",
    "version": "1",
}


@pytest.fixture(scope="module")
def suite(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A benchmark repository with results of five releases, the last two slower."""
    folder = tmp_path_factory.mktemp("suite")
    write_config(folder, "asv.conf.json", ["releases", "3.13", "3.14"])
    shutil.copy(Path(__file__).with_name("fixed_repository.py"), folder)
    (folder / "benchmarks").mkdir()
    (folder / "benchmarks" / "__init__.py").touch()
    (folder / "results" / "box").mkdir(parents=True)
    write_json(folder / "results" / "box" / "machine.json", {**MACHINE, "version": 1})
    write_json(folder / "results" / "benchmarks.json", {"b.track_x": BENCHMARK, "version": 2})
    repo = CPythonRepo("cpython", "cpython", find_installed=list)
    for name, seconds in (
        ("3.13.4", 1),
        ("3.13.5", 1),
        ("3.13.14", 1),
        ("3.13.15", 2),
        ("3.14.2", 2),
    ):
        add_result(folder, repo, repo.get_hash_from_name(name), seconds)
    return folder


def write_json(path: Path, content: object) -> None:
    path.write_text(json.dumps(content), encoding="utf-8")


def write_config(folder: Path, name: str, branches: Sequence[str]) -> None:
    write_json(
        folder / name,
        {
            "version": 1,
            "project": "cpython",
            "repo": "cpython",
            "dvcs": "cpython-fixed",
            "plugins": [".fixed_repository", ".ftbench.asv.plugin"],
            "branches": branches,
            "environment_type": "virtualenv",
            "benchmark_dir": "benchmarks",
            "results_dir": "results",
            "html_dir": "html",
        },
    )


def add_result(folder: Path, repo: CPythonRepo, commit: str, seconds: float) -> None:
    result = asv_results.Results(
        {**MACHINE, "python": "ft"}, {}, commit, repo.get_date(commit), "ft", "cpython-pyft", {}
    )
    samples = [seconds + 0.001 * number for number in range(10)]
    measured = BenchmarkResult([samples[5]], [samples], [1], 0, "", None)
    result.add_result(BENCHMARK, measured, record_samples=True)
    result.save(str(folder / "results"))


def run_asv(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run asv as its user does; it finds ftbench whether installed or not."""
    return ran(
        [sys.executable, "-m", "asv", *arguments],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT), "PYTHONWARNINGS": "ignore"},
    )


@pytest.fixture(scope="module")
def site(suite: Path) -> dict[str, Any]:
    """The index of the published site."""
    done = run_asv(suite, "publish")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Couldn't find" not in done.stdout
    index: dict[str, Any] = json.loads((suite / "html" / "index.json").read_text(encoding="utf-8"))
    return index


def test_a_repository_class_is_chosen_by_dvcs_and_given_two_arguments() -> None:
    class Chosen(asv_repo.Repo):  # type: ignore[misc] # asv is untyped
        dvcs = "chosen-for-the-contract"

        def __init__(self, *arguments: str) -> None:
            self.arguments = arguments

    conf = Config()
    conf.repo, conf.project, conf.dvcs = "there", "cpython", Chosen.dvcs
    assert get_repo(conf).arguments == ("there", "cpython")


def test_a_commit_id_is_cut_to_eight_characters_in_file_names() -> None:
    name = asv_results.get_filename("box", "31315f00", "env")
    assert Path(name) == Path("box", "31315f00-env.json")
    assert asv_results.get_filename("box", "v3.15.0rc1", "env") == asv_results.get_filename(
        "box", "v3.15.0rc2", "env"
    )


def test_commit_ids_are_compared_by_prefix() -> None:
    """Which is why 3.13.1 must not be the beginning of 3.13.15."""
    assert util.hash_equal("3.13.1", "3.13.15")
    assert not util.hash_equal("31301f00", "31315f00")


def test_asvs_own_patterns_take_our_ids() -> None:
    script = (Path(asv.__file__).parent / "www" / "graphdisplay.js").read_text(encoding="utf-8")
    assert "/^([a-z0-9]+)-([a-z0-9]+)$/" in script
    update = (Path(asv.__file__).parent / "commands" / "update.py").read_text(encoding="utf-8")
    assert r"^([0-9a-f]+)-(.*)\.json$" in update
    assert re.fullmatch(r"[0-9a-f]+", Release.parse("3.15.0rc1").commit_id)


def test_publish_numbers_releases_by_version_and_dates_them(site: dict[str, Any]) -> None:
    commits = [site["revision_to_hash"][str(n)] for n in range(len(site["revision_to_hash"]))]
    assert commits == sorted(commits)
    assert len(set(site["revision_to_date"].values())) == len(commits)
    assert site["tags"]["3.13.15"] == commits.index("31315f00")


def test_publish_draws_a_release_on_all_releases_and_on_its_series(
    suite: Path, site: dict[str, Any]
) -> None:
    assert site["params"]["branch"] == ["releases", "3.13", "3.14"]
    points = {
        branch: len(json.loads(path.read_text(encoding="utf-8")))
        for branch in site["params"]["branch"]
        for path in suite.glob(f"html/graphs/**/branch-{branch}/**/b.track_x.json")
    }
    assert points == {"releases": 5, "3.13": 4, "3.14": 1}


@pytest.mark.usefixtures("site")
def test_publish_searches_for_no_regressions_of_its_own(suite: Path) -> None:
    """Its rule knows no noise floor, and would say other things than our pages."""
    assert {path.suffix for path in suite.glob("html/regressions.*")} == {".css", ".js"}


def test_a_tagged_release_on_no_listed_branch_is_drawn_on_every_one(suite: Path) -> None:
    """So each series must be listed."""
    write_config(suite, "one.conf.json", ["3.14"])
    done = run_asv(suite, "publish", "--config", "one.conf.json", "--html-dir", "one")
    assert done.returncode == 0, done.stdout + done.stderr
    (path,) = suite.glob("one/graphs/**/branch-3.14/**/b.track_x.json")
    assert len(json.loads(path.read_text(encoding="utf-8"))) == 5


def test_show_takes_a_name_and_says_it(suite: Path) -> None:
    done = run_asv(suite, "show", "v3.13.15")
    assert "Commit: 3.13.15" in done.stdout
    assert "b.track_x [box/cpython-pyft]" in done.stdout


def test_compare_takes_names_and_says_them(suite: Path) -> None:
    done = run_asv(suite, "compare", "3.13.5", "3.13.15")
    assert "Before 3.13.5 " in done.stdout
    assert "After 3.13.15 " in done.stdout
    assert re.search(r"\+ .* 1\.00±0s .* 2\.00±0s", done.stdout)


@pytest.mark.parametrize(
    "command",
    [
        ("show", "3.13.155"),
        ("compare", "3.13.5", "3.13.155"),
        ("publish", "3.13.5..3.13.155"),
        ("continuous", "3.13.155"),
    ],
)
def test_an_unknown_name_ends_a_command_with_a_message_and_no_traceback(
    suite: Path, command: tuple[str, ...]
) -> None:
    done = run_asv(suite, *command)
    assert done.returncode == 1
    assert "Did you mean 3.13.15?" in done.stdout + done.stderr
    assert "Traceback" not in done.stdout + done.stderr


class Reached(Exception):  # noqa: N818 - no error: it says how far asv came
    """asv has chosen its commits."""


class FakeEnvironment:
    def can_install_project(self) -> bool:
        return True


@pytest.fixture
def chosen(suite: Path, monkeypatch: pytest.MonkeyPatch) -> Config:
    """A configuration; asv stops with `Reached` where it would look for benchmarks."""

    def stop(
        _conf: object, _repo: object, _environments: object, commits: list[str], **_: object
    ) -> NoReturn:
        raise Reached(commits)

    def environments(*_: object, **__: object) -> list[FakeEnvironment]:
        return [FakeEnvironment()]

    write_json(suite / "machine-file.json", {"box": MACHINE, "version": 1})
    for module in (asv_run, asv_find):
        monkeypatch.setattr(module.Benchmarks, "discover", stop)
        monkeypatch.setattr(module.Setup, "perform_setup", environments)
        monkeypatch.setattr(module.Setup, "run", environments)
    monkeypatch.setattr(asv_run.environment, "get_environments", environments)
    conf = Config()
    conf.repo, conf.project, conf.dvcs = "cpython", "cpython", FixedRepo.dvcs
    conf.branches = ["releases", "3.13", "3.14", "3.15"]
    conf.results_dir = str(suite / "results")
    return conf


@pytest.mark.parametrize(
    ("range_spec", "names"),
    [
        ("3.13", ["3.13.15", "3.13.5"]),
        ("installed", ["3.14.2", "3.13.15", "3.13.5"]),
        ("3.13.5..3.13.15", ["3.13.15"]),
        ("3.14.2^!", ["3.14.2"]),
        ("HEAD", ["3.14.2"]),
        ("NEW", []),
        ("ALL", ["3.14.2", "3.13.15", "3.13.5"]),
        ("known:3.14.5..3.14.7", ["3.14.7", "3.14.6"]),
    ],
)
def test_run_measures_the_releases_that_a_range_means(
    suite: Path, chosen: Config, range_spec: str, names: list[str]
) -> None:
    assert [
        Release.from_commit_id(each).name for each in commits_of_run(suite, chosen, range_spec)
    ] == names


def commits_of_run(suite: Path, conf: Config, range_spec: str | None) -> list[str]:
    try:
        asv_run.Run.run(
            conf,
            range_spec=range_spec,
            machine="box",
            _machine_file=str(suite / "machine-file.json"),
        )
    except Reached as reached:
        commits: list[str] = reached.args[0]
        return commits
    return []


def test_a_plain_run_measures_the_tip_of_each_branch_once(suite: Path, chosen: Config) -> None:
    assert sorted(commits_of_run(suite, chosen, None)) == ["31315f00", "31402f00"]


def test_run_tags_passes_the_tags_names_as_ids(suite: Path, chosen: Config) -> None:
    """A bug of asv: the environment turns the names into ids (`install_project`)."""
    assert "3.13.15" in commits_of_run(suite, chosen, "TAGS")


def test_existing_results_are_named_by_our_ids(suite: Path, chosen: Config) -> None:
    assert "31304f00" in commits_of_run(suite, chosen, "EXISTING")


def test_find_searches_a_range_from_old_to_new(suite: Path, chosen: Config) -> None:
    with pytest.raises(Reached) as reached:
        asv_find.Find.run(
            chosen,
            "installed",
            "b.track_x",
            machine="box",
            _machine_file=str(suite / "machine-file.json"),
        )
    assert reached.value.args[0] == ["31305f00", "31315f00", "31402f00"]
