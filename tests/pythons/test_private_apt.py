"""The private apt: the machine's mirror and settings, our own folders, apt's own words."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from fake_pythons import script

from ftbench.pythons.debian import AptError, Suite, mirror

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="apt is a shell script here")

SOURCES = """Package-List:
 python3.13 deb
Package: python3.13
Version: 3.13.5-2

Package: python3.13-extra
Version: 9

Package: python3.13
Version: 3.13.15-1
"""


@pytest.fixture
def apt(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of fake apt commands, first in PATH; apt-get notes what it was told."""
    folder = tmp_path / "bin"
    (folder).mkdir()
    (folder / "showsrc").write_text(SOURCES)
    script(
        folder / "apt-get",
        f"""echo "$@" >> {folder}/calls
case "$1" in
  indextargets) echo mirror://security/debian-security/; echo mirror://here/debian/;;
esac""",
    )
    script(folder / "apt-cache", f"cat {folder}/showsrc")
    monkeypatch.setenv("PATH", str(folder), prepend=":")
    return folder


def test_the_address_comes_from_the_machines_apt(apt: Path) -> None:
    assert mirror() == "mirror://here/debian/"


def test_a_machine_without_a_debian_archive_is_told_so(apt: Path) -> None:
    script(apt / "apt-get", "echo mirror://here/ubuntu/")
    with pytest.raises(AptError, match="without a Debian archive"):
        mirror()


def test_lists_state_and_cache_are_ours(apt: Path, tmp_path: Path) -> None:
    suite = Suite(name="forky", folder=tmp_path / "forky")
    suite.update()
    settings = suite.configuration.read_text()
    for name in ("Dir::State", "Dir::State::Lists", "Dir::Cache", "Dir::Etc::SourceParts"):
        assert f'{name} "{suite.folder}' in settings
    source = (suite.folder / "parts" / "suite.sources").read_text()
    assert "URIs: mirror://here/debian/\nSuites: forky\n" in source
    # With -c ours is read last, and the machine's own settings (a proxy) stay in force.
    assert f"-c={suite.configuration} update" in (apt / "calls").read_text()


def test_lists_of_today_are_not_fetched_again(apt: Path, tmp_path: Path) -> None:
    suite = Suite(name="forky", folder=tmp_path / "forky")
    suite.update()
    suite.update()
    assert (apt / "calls").read_text().count(" update") == 1


def test_only_the_package_itself_counts(apt: Path, tmp_path: Path) -> None:
    suite = Suite(name="forky", folder=tmp_path)
    assert suite.source_versions("python3.13") == ("3.13.5-2", "3.13.15-1")
    assert suite.source_versions("python3.14") == ()


def test_an_error_is_apts_own(apt: Path, tmp_path: Path) -> None:
    script(apt / "apt-get", "echo 'W: old' >&2; echo 'E: No such suite  [IP: x]' >&2; exit 100")
    with pytest.raises(AptError, match=r"^No such suite$"):
        Suite(name="x", folder=tmp_path).apt("apt-get", "update")


def test_a_download_without_a_tarball_is_an_error(apt: Path, tmp_path: Path) -> None:
    suite = Suite(name="forky", folder=tmp_path)
    with pytest.raises(AptError, match="no upstream tarball"):
        suite.download_source("python3.13", "3.13.5-2", tmp_path / "out")
