"""CPython's releases as asv's repository."""

import pickle
from collections.abc import Iterable

import pytest
from asv.util import UserError
from fake_builds import interpreter

from ftbench.asv.repository import CPythonRepo
from ftbench.pythons import Interpreter
from ftbench.releases import known_releases


def some_installed() -> Iterable[Interpreter]:
    names = ("3.11.7", "3.13.5", "3.13.15", "3.13.15t", "3.14.2t", "3.14.99")
    return [interpreter(name) for name in names]


def nothing_installed() -> Iterable[Interpreter]:
    return []


@pytest.fixture
def repo() -> CPythonRepo:
    return CPythonRepo("cpython", "cpython", find_installed=some_installed)


@pytest.fixture
def bare() -> CPythonRepo:
    return CPythonRepo("cpython", "cpython", find_installed=nothing_installed)


def names(repo: CPythonRepo, commits: Iterable[str]) -> list[str | None]:
    return [repo.get_name_from_hash(commit) for commit in commits]


@pytest.mark.parametrize("name", ["3.13.15", "v3.13.15", "31315f00", "3.13"])
def test_a_name_becomes_a_commit_id_and_the_id_a_name(repo: CPythonRepo, name: str) -> None:
    assert repo.get_hash_from_name(name) == "31315f00"
    assert repo.get_name_from_hash(name) == "3.13.15"
    assert repo.get_decorated_hash(name) == "3.13.15"


def test_no_name_and_head_mean_the_newest_installed_release(repo: CPythonRepo) -> None:
    assert repo.get_hash_from_name(None) == "31499f00"
    assert repo.get_hash_from_name("HEAD") == "31499f00"
    assert repo.get_hash_from_name("releases") == "31499f00"


def test_a_plain_run_takes_the_newest_installed_release_of_each_series(repo: CPythonRepo) -> None:
    """asv takes the tips of all branches, each once; 3.15 has nothing installed."""
    branches = ["releases", "3.13", "3.14", "3.15"]
    tips = {repo.get_hash_from_name(branch) for branch in branches}
    assert sorted(names(repo, tips), key=str) == ["3.13.15", "3.14.99"]


@pytest.mark.parametrize("name", ["3.14.77", "main", "3.12"])
def test_an_unknown_name_is_an_error_that_asv_prints(repo: CPythonRepo, name: str) -> None:
    with pytest.raises(UserError, match="known or installed here"):
        repo.get_hash_from_name(name)
    with pytest.raises(UserError, match="known or installed here"):
        repo.get_hashes_from_range(name)
    with pytest.raises(UserError, match="known or installed here"):
        repo.get_hashes_from_range(f"3.13.5..{name}")
    assert repo.get_name_from_hash(name) is None
    assert repo.get_decorated_hash(name) == name


def test_an_unknown_name_is_told_what_was_probably_meant(repo: CPythonRepo) -> None:
    with pytest.raises(UserError, match=r"Did you mean 3\.13\.15"):
        repo.get_hash_from_name("3.13.155")


def test_a_commit_id_always_has_its_name(repo: CPythonRepo) -> None:
    """Results of a release that only another machine has can be shown here."""
    assert repo.get_hash_from_name("31398f00") == "31398f00"
    assert repo.get_name_from_hash("31398f00") == "3.13.98"


def test_dates_are_distinct_milliseconds_whether_known_or_not(repo: CPythonRepo) -> None:
    assert repo.get_date("31315f00") == 1785932743000
    assert repo.get_date("3.13.15") == repo.get_date_from_name("v3.13.15") == 1785932743000
    commits = repo.get_branch_commits("releases")
    assert "31499f00" in commits
    assert len({repo.get_date(commit) for commit in commits}) == len(commits)


def test_branches_are_newest_first_and_hold_known_and_installed_releases(
    repo: CPythonRepo,
) -> None:
    everything = repo.get_branch_commits("releases")
    assert everything == sorted(everything, reverse=True)
    assert len(everything) == len(known_releases()) + 1
    assert repo.get_branch_commits(None) == everything
    assert repo.get_branch_commits("3.14") == [each for each in everything if each[:3] == "314"]
    with pytest.raises(UserError, match=r"3\.12"):
        repo.get_branch_commits("3.12")


def test_every_release_is_on_the_branch_of_its_series(bare: CPythonRepo) -> None:
    """publish draws a tagged release that is on no listed branch on every one."""
    on_series = {
        commit for series in ("3.13", "3.14", "3.15") for commit in bare.get_branch_commits(series)
    }
    assert set(bare.get_tags().values()) <= on_series
    assert on_series == set(bare.get_branch_commits("releases"))


def test_a_range_means_what_is_installed_in_it(repo: CPythonRepo, bare: CPythonRepo) -> None:
    text = "3.13.4..3.13.15"
    assert names(repo, repo.get_hashes_from_range(text)) == ["3.13.15", "3.13.5"]
    assert len(bare.get_hashes_from_range(text)) == 11


def test_the_ranges_that_asv_makes_mean_the_same_on_every_machine(
    repo: CPythonRepo, bare: CPythonRepo
) -> None:
    spec = repo.get_range_spec("31305f00", "31308f00")
    for each in (repo, bare):
        assert names(each, each.get_hashes_from_range(spec)) == ["3.13.8", "3.13.7", "3.13.6"]
    assert bare.get_hashes_from_range(bare.get_new_range_spec("31406f00", "3.14")) == ["31407f00"]


def test_new_releases_are_the_installed_ones_newer_than_all_measured(repo: CPythonRepo) -> None:
    branches = ["releases", "3.13", "3.14"]
    new = repo.get_new_branch_commits(branches, [])
    assert names(repo, new) == ["3.14.99", "3.14.2", "3.13.15", "3.13.5"]
    after = repo.get_new_branch_commits(branches, ["31402f00", "31305f00"])
    assert names(repo, after) == ["3.14.99", "3.13.15"]
    assert repo.get_new_branch_commits(branches, ["31315f00", "31499f00"]) == []


def test_the_parent_is_the_release_before_in_the_series(
    repo: CPythonRepo, bare: CPythonRepo
) -> None:
    assert repo.get_hash_from_parent("3.13.15") == "31305f00"
    assert bare.get_hash_from_parent("31315f00") == "31314f00"
    with pytest.raises(UserError, match="first release"):
        repo.get_hash_from_parent("3.13.0a1")


def test_tags_are_bare_release_names_and_few_enough_to_be_read(bare: CPythonRepo) -> None:
    tags = bare.get_tags()
    assert tags["3.13.15"] == "31315f00"
    assert list(tags.values()) == sorted(tags.values())
    assert "3.14.0rc1" not in tags
    assert "3.15.0rc1" in tags


def test_revisions_are_in_the_order_of_versions(repo: CPythonRepo) -> None:
    commits = {"31500c01", "31315f00", "31402f00"}
    assert repo.get_revisions(commits) == {"31315f00": 0, "31402f00": 1, "31500c01": 2}


def test_a_release_that_only_the_results_have_is_published(bare: CPythonRepo) -> None:
    bare.get_revisions({"31398f00"})
    assert "31398f00" in bare.get_branch_commits("3.13")
    assert "31398f00" in bare.get_branch_commits("releases")


def test_a_result_under_an_id_of_no_release_comes_before_all_others(bare: CPythonRepo) -> None:
    """It is then on no branch, which asv warns of; it does not end the publishing."""
    assert bare.get_revisions({"31315f00", "deadbeef"}) == {"deadbeef": 0, "31315f00": 1}


def test_it_is_chosen_by_name_only_and_needs_neither_network_nor_files(repo: CPythonRepo) -> None:
    assert CPythonRepo.dvcs == "cpython"
    assert not CPythonRepo.url_match("https://github.com/python/cpython")
    assert repo.get_branch_name() == "releases"
    repo.pull()
    repo.checkout("nowhere", "31315f00")


def test_it_can_be_sent_to_another_process(repo: CPythonRepo) -> None:
    """`asv run -j` does so."""
    repo.get_tags()
    copy = pickle.loads(pickle.dumps(repo))  # noqa: S301 - our own bytes
    assert copy.get_hash_from_name("3.13") == "31315f00"


def test_interpreters_are_looked_for_once(bare: CPythonRepo) -> None:
    calls: list[int] = []

    def find() -> Iterable[Interpreter]:
        calls.append(1)
        return some_installed()

    repo = CPythonRepo("cpython", "cpython", find_installed=find)
    repo.get_tags()
    repo.get_branch_commits("3.13")
    assert len(calls) == 1
