"""What a fleet.toml comes to."""

from __future__ import annotations

from pathlib import Path

import pytest

from ftbench.errors import UsageError
from ftbench.facts.arms import ARMS
from ftbench.fleet.plan import read_fleet

RUNS = "[[runs]]\nhosts = ['a', 'both']\nreleases = ['3.14.6', '3.14.7']\nbenchmarks = ['x', 'y']\n"


def written(folder: Path, text: str) -> Path:
    path = folder / "fleet.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_each_host_does_each_benchmark_once_and_has_all_releases_in_one_run(tmp_path: Path) -> None:
    fleet = read_fleet(written(tmp_path, f"groups.both = ['a', 'b']\n{RUNS}"))
    works = fleet.works("suite", "now")
    assert {host: [work.bench for work in those] for host, those in works.items()} == {
        "a": ["x", "y"],
        "b": ["x", "y"],
    }
    assert works["a"][0].releases == ("3.14.6", "3.14.7")
    assert works["a"][0].arms == tuple(arm.name for arm in ARMS)
    again = read_fleet(written(tmp_path, f"groups.both = ['a', 'b']\n{RUNS}")).works("suite", "now")
    assert again["a"][0].id == works["a"][0].id
    ids = {works[host][n].id for host in "ab" for n in (0, 1)}
    ids |= {fleet.works("other", "now")["a"][0].id, fleet.works("suite", "later")["a"][0].id}
    assert len(ids) == 6


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "missing required field `runs`"),
        ("[[runs]", "Expected"),
        (RUNS + "rounds = 0", r"Expected `int` >= 1 - at `\$.runs\[0\].rounds`"),
        (RUNS + "round = 1", "unknown field `round`"),
        (RUNS + "arms = ['fd']", "arm 'fd' is not known"),
        (RUNS + "profile = 'fast'", "smoke, quick, full"),
        (RUNS.replace("'x'", "'('"), "is no regular expression"),
        (RUNS.replace("3.14.6", "3.x"), "3.x"),
        ("groups.both = []\n" + RUNS, "length >= 1"),
        ("groups.both = ['a']\ngroups.all = ['both']\n" + RUNS, "'both' in the group 'all'"),
        ("groups.a = ['a', 'b']\n" + RUNS, "'a' in the group 'a'"),
        (RUNS.replace("'a'", "'../a'"), "cannot be the name of a host"),
        ("interfaces = 'eth1'\n" + RUNS, "unknown field `interfaces`"),
    ],
)
def test_what_makes_no_sense_is_told_by_its_place(tmp_path: Path, text: str, says: str) -> None:
    with pytest.raises(UsageError, match=says):
        read_fleet(written(tmp_path, text))


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"docs/fleet\.md"):
        read_fleet(tmp_path / "fleet.toml")
