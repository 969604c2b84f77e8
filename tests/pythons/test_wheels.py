"""Packages of an interpreter, by uv and by pip, from an index that is a folder."""

from __future__ import annotations

import io
import re
import socket
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from rich.console import Console
from tiny_wheels import MACHINE, only_index, source, wheel

from ftbench.errors import NotAvailableError, UsageError
from ftbench.files import cache_folder
from ftbench.pythons import Interpreter, wheels
from ftbench.pythons.asking import answer_of
from ftbench.pythons.install import find_uv
from ftbench.pythons.requirements import Requirements, of_names

UV = find_uv()


@pytest.fixture(scope="session")
def pip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("FTBENCH_CACHE", str(tmp_path_factory.mktemp("pip")))
        return wheels.unpacked_pip("3.13")


@pytest.fixture(params=["uv", "pip"], autouse=True)
def installer(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, pip: Path) -> str:
    if request.param == "uv" and UV is None:
        pytest.skip("there is no uv on this machine")
    monkeypatch.setattr(wheels, "find_uv", lambda: UV if request.param == "uv" else None)
    monkeypatch.setattr(wheels, "unpacked_pip", lambda _series: pip)
    return str(request.param)


@pytest.fixture
def index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    only_index(tmp_path / "index", monkeypatch)
    return tmp_path / "index"


def packages(needs: Requirements | str, interpreter: Interpreter) -> wheels.Packages:
    needs = of_names([needs]) if isinstance(needs, str) else needs
    return wheels.packages_of(needs, interpreter, Console(file=io.StringIO()))


def imported(folder: str, name: str, interpreter: Interpreter) -> str:
    code = "import sys, json, importlib; sys.path.insert(0, sys.argv[1])\n"
    code += "print(MARK + json.dumps(importlib.import_module(sys.argv[2]).VERSION))"
    return str(answer_of(interpreter.executable, code, folder, name))


def test_what_is_needed_is_installed_once_and_can_be_imported(
    index: Path, gil_python: Interpreter
) -> None:
    wheel(index, "tiny", "1.0", "Requires-Dist: Tinier")
    wheel(index, "Tinier", "0.3")
    made = packages("tiny", gil_python)
    assert made.versions == {"tiny": "1.0", "tinier": "0.3"}
    assert made.notes == ()
    assert imported(made.folder, "tiny", gil_python) == "1.0"
    assert list(Path(made.folder).rglob("*.pyc")), "code that is measured comes from bytecode"
    wheel(index, "tiny", "2.0")
    assert packages("tiny", gil_python) == made, "the next call has what the first one had"


def test_builds_of_two_abis_have_folders_of_their_own(
    index: Path, pair: tuple[Interpreter, Interpreter]
) -> None:
    for interpreter in pair:
        wheel(index, "tiny", "1.0", tag=compiled(interpreter))
    gil, free_threaded = (packages("tiny", interpreter) for interpreter in pair)
    assert gil.folder != free_threaded.folder
    assert gil.versions == free_threaded.versions


def compiled(interpreter: Interpreter) -> str:
    abi = wheels.abi_of(interpreter)
    return f"{abi.rstrip('td')}-{abi}-{MACHINE}"


def test_nothing_is_installed_where_nothing_is_needed(gil_python: Interpreter) -> None:
    assert packages(Requirements(), gil_python).folder == ""
    assert not (cache_folder() / "packages").exists()


def test_a_package_without_a_wheel_for_this_abi_is_the_reason(
    index: Path, ft_python: Interpreter
) -> None:
    wheel(index, "tiny", "1.0", tag=f"cp38-abi3-{MACHINE}")
    source(index, "tiny", "1.1")
    with pytest.raises(NotAvailableError) as caught:
        packages("tiny", ft_python)
    said = str(caught.value)
    assert said.startswith(f"No wheel for {wheels.abi_of(ft_python)}: tiny has none")
    assert "abi3" in said
    assert "1.1" in said
    assert not (index / "BUILT").exists(), "nothing is ever built"
    assert [each for each in (cache_folder() / "packages").iterdir() if each.is_dir()] == []


def test_what_lacks_a_wheel_may_be_what_another_depends_on(
    index: Path, gil_python: Interpreter
) -> None:
    wheel(index, "tiny", "1.0", "Requires-Dist: deep>=1")
    source(index, "deep", "1.1")
    with pytest.raises(NotAvailableError, match=r"No wheel for cp\d+: deep"):
        packages("tiny", gil_python)


def test_an_older_version_is_never_taken_silently(index: Path, gil_python: Interpreter) -> None:
    wheel(index, "tiny", "1.0")
    source(index, "tiny", "1.1")
    (note,) = packages("tiny", gil_python).notes
    assert re.search(r"no wheel for cp\d+: tiny 1\.0 \(not 1\.1\)", note)


def test_an_older_version_that_was_asked_for_needs_no_note(
    index: Path, gil_python: Interpreter
) -> None:
    wheel(index, "tiny", "1.0")
    wheel(index, "tiny", "2.0")
    made = packages("tiny<2", gil_python)
    assert (made.versions, made.notes) == ({"tiny": "1.0"}, ())


@pytest.mark.parametrize("asked", ["tinny", "tiny==9"])
def test_what_nobody_has_is_the_user_s_fault(
    index: Path, gil_python: Interpreter, asked: str
) -> None:
    wheel(index, "tiny", "1.0")
    with pytest.raises(UsageError, match=f"There is no {asked}"):
        packages(asked, gil_python)


def test_what_cannot_be_had_together_is_told_in_the_tool_s_words(
    index: Path, gil_python: Interpreter
) -> None:
    wheel(index, "tiny", "1.0", "Requires-Dist: deep<1")
    for version in ("0.5", "1.5"):
        wheel(index, "deep", version)
    with pytest.raises(NotAvailableError, match="cannot be installed") as caught:
        packages(of_names(["tiny", "deep>1"]), gil_python)
    assert "deep" in caught.value.story


def test_a_package_for_other_pythons_is_said_so(index: Path, gil_python: Interpreter) -> None:
    wheel(index, "tiny", "1.0", "Requires-Python: >=4")
    with pytest.raises(NotAvailableError, match="tiny is for other Pythons than cp"):
        packages("tiny", gil_python)


def test_code_for_other_pythons_is_said_so(gil_python: Interpreter) -> None:
    with pytest.raises(NotAvailableError, match=r"crunch\.py asks for Python >=3\.99"):
        packages(Requirements(pythons={"crunch.py": ">=3.99"}), gil_python)


def test_a_wheel_is_named_by_its_path(
    tmp_path: Path, index: Path, pair: tuple[Interpreter, Interpreter]
) -> None:
    gil, free_threaded = pair
    path = wheel(tmp_path, "mine", "1.0", tag=compiled(gil))
    assert packages(str(path), gil).versions == {"mine": "1.0"}
    with pytest.raises(NotAvailableError, match="does not fit"):
        packages(str(path), free_threaded)


def test_a_requirements_file_is_installed(
    tmp_path: Path, index: Path, gil_python: Interpreter
) -> None:
    for version in ("1.0", "2.0"):
        wheel(index, "tiny", version)
    file = tmp_path / "requirements.txt"
    file.write_text("tiny==1.0\n")
    assert packages(of_names([], [file]), gil_python).versions == {"tiny": "1.0"}
    file.write_text("tiny==2.0\n")
    assert packages(of_names([], [file]), gil_python).versions == {"tiny": "2.0"}


def test_two_at_a_time_install_once(index: Path, gil_python: Interpreter) -> None:
    wheel(index, "tiny", "1.0")
    both = threading.Barrier(2)

    def install() -> wheels.Packages:
        both.wait()
        return packages("tiny", gil_python)

    with ThreadPoolExecutor(2) as pool:
        one, other = (each.result() for each in [pool.submit(install), pool.submit(install)])
    assert one == other


def test_half_of_it_is_nothing(index: Path, gil_python: Interpreter) -> None:
    wheel(index, "tiny", "1.0")
    made = packages("tiny", gil_python)
    (Path(made.folder) / wheels._STAMP).write_text("{", encoding="utf-8")
    (Path(made.folder) / "tiny.py").unlink()
    assert packages("tiny", gil_python) == made
    assert imported(made.folder, "tiny", gil_python) == "1.0"


def test_settings_that_install_elsewhere_are_passed_over(
    tmp_path: Path, index: Path, gil_python: Interpreter, monkeypatch: pytest.MonkeyPatch
) -> None:
    wheel(index, "tiny", "1.0")
    monkeypatch.setenv("PIP_USER", "1")
    monkeypatch.setenv("PIP_REQUIRE_VIRTUALENV", "1")
    monkeypatch.setenv("VIRTUAL_ENV", str(tmp_path / "none"))
    assert packages("tiny", gil_python).versions == {"tiny": "1.0"}


def test_no_network_is_said_as_such(
    index: Path, gil_python: Interpreter, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.socket() as closed:  # bound, but nobody listens
        closed.bind(("127.0.0.1", 0))
        nobody = f"http://127.0.0.1:{closed.getsockname()[1]}/simple"
        for name in ("PIP_NO_INDEX", "PIP_FIND_LINKS", "UV_FIND_LINKS"):
            monkeypatch.delenv(name)
        for name in ("PIP_INDEX_URL", "UV_DEFAULT_INDEX"):
            monkeypatch.setenv(name, nobody)
        monkeypatch.setenv("PIP_EXTRA_INDEX_URL", "")
        monkeypatch.setenv("UV_NO_CACHE", "1")
        with pytest.raises(NotAvailableError, match="their index was not reached"):
            packages("tiny", gil_python)
