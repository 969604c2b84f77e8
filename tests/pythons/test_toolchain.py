"""A machine that cannot build is told what to install."""

from __future__ import annotations

import sys
import sysconfig
from pathlib import Path

import pytest
from fake_pythons import script

from ftbench.errors import InterpreterError
from ftbench.pythons import toolchain
from ftbench.pythons.debian import AptError
from ftbench.pythons.toolchain import HEADERS, Toolchain, find_toolchain, with_headers

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="toolchains of POSIX")


@pytest.fixture
def tools(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A PATH of one folder with a make and a gcc that finds no header."""
    folder = tmp_path / "tools"
    script(folder / "make", "true")
    script(folder / "gcc", 'case "$1" in --version) echo gcc 99.1; echo more;; *) exit 1;; esac')
    monkeypatch.setenv("PATH", str(folder))
    return folder


@pytest.mark.parametrize("name", ["make", "gcc"])
def test_a_missing_tool_is_said_with_the_command_to_install_it(tools: Path, name: str) -> None:
    (tools / name).unlink()
    with pytest.raises(InterpreterError, match="make or a C compiler is missing") as caught:
        find_toolchain()
    assert "apt-get install gcc make" in caught.value.hint


def test_the_compilers_version_is_part_of_a_recipe(tools: Path) -> None:
    assert find_toolchain().compiler == "gcc 99.1"


def test_missing_headers_are_said_with_the_packages_to_install(tools: Path) -> None:
    """Here they cannot be fetched either: this machine has no apt in its PATH."""
    with pytest.raises(InterpreterError, match="headers are missing") as caught:
        with_headers(find_toolchain())
    assert f"apt-get install {' '.join(HEADERS.values())}" in caught.value.hint


def test_a_machine_with_headers_needs_nothing(tools: Path) -> None:
    script(tools / "gcc", "true")
    found = find_toolchain()
    assert with_headers(found) == found


def test_headers_of_ours_lead_to_the_systems_libraries(
    tools: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Only what is missing is replaced, and by flags that name no library of ours to run with."""
    script(tools / "gcc", 'case "$*" in *headers-x*) exit 0;; *) exit 1;; esac')
    sysroot = tmp_path / "headers-x"
    (sysroot / "root" / "usr" / "lib" / "x86_64-linux-gnu").mkdir(parents=True)
    monkeypatch.setattr(toolchain, "_sysroot", lambda: sysroot)
    found = with_headers(Toolchain(compiler="gcc", environ={"PATH": str(tools)}))
    assert found.environ["CPPFLAGS"].startswith(f"-I{sysroot}/root/usr/include")
    assert found.environ["LDFLAGS"].startswith(f"-L{sysroot}/root/usr/lib/")
    assert found.configure == (f"--with-openssl={sysroot}/root/usr",)
    assert "rpath" not in found.environ["LDFLAGS"]


MULTIARCH = str(sysconfig.get_config_var("MULTIARCH"))


@pytest.mark.skipif(
    not Path("/usr/lib", MULTIARCH, "libc.so.6").exists(), reason="no Debian-like library folder"
)
def test_a_link_of_a_headers_package_is_led_to_the_systems_own_library(tmp_path: Path) -> None:
    """The package's link leads to a file of another package, of maybe another patch level."""
    link = tmp_path / "usr" / "lib" / MULTIARCH / "libc.so"
    link.parent.mkdir(parents=True)
    link.symlink_to("libc.so.6.99")
    toolchain._point_to_system(tmp_path, "c")
    assert link.resolve().samefile(Path("/usr/lib", MULTIARCH, "libc.so.6"))
    link.unlink()
    link.symlink_to("libc.so.77")
    with pytest.raises(AptError, match=r"libc\.so\.77 is missing"):
        toolchain._point_to_system(tmp_path, "c")
