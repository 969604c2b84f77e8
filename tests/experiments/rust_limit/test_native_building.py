"""The program is compiled once, is whole or is nothing; without a compiler that is said."""

from __future__ import annotations

import io
import os
import shutil
import sys
import threading
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from ftbench.errors import FtbenchError, NotAvailableError, UsageError
from ftbench.experiments import rust_limit
from ftbench.experiments.rust_limit import (
    FLAGS,
    VARIABLE,
    Program,
    digest_of,
    find_rustc,
    find_source,
)

posix = pytest.mark.skipif(sys.platform == "win32", reason="needs a shell script")


def build() -> Program:
    return rust_limit.build(Console(file=io.StringIO()))


def left(cache: Path, name: str) -> list[Path]:
    return sorted((cache / name).glob("*"))


def test_a_program_is_built_once_and_says_what_with(fake_rustc: Any, cache: Path) -> None:
    compilations = fake_rustc()
    first = build()
    assert build() == first
    assert compilations.read_text().split() == ["x"]
    assert first.path.is_relative_to(cache / "native")
    assert first.record() == {
        "implementation": "Rust",
        "version": "1.99.0",
        "compiler": "rustc 1.99.0 (0123abcd 2026-01-02)",
        "llvm": "23.0.0",
        "target": "fake-unknown-none",
        "flags": list(FLAGS),
        "source": digest_of(find_source()),
    }


@pytest.mark.parametrize("change", ["compiler", "processor", "source"])
def test_another_compiler_processor_or_source_is_another_program(
    fake_rustc: Any, change: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    compilations = fake_rustc()
    first = build()
    if change == "compiler":
        fake_rustc(version="rustc 2.0.0 (f 2027-01-01)\nhost: fake\nrelease: 2.0.0")
    elif change == "processor":
        fake_rustc(feature="avx2")
    else:
        shutil.copytree(find_source(), tmp_path / "source")
        with (tmp_path / "source" / "ids.rs").open("a") as module:
            module.write("// another\n")
        monkeypatch.setattr(rust_limit, "_PACKAGED", tmp_path / "source")
    assert build().path != first.path
    assert compilations.read_text().split() == ["x", "x"]


def test_two_that_want_the_program_build_it_once(fake_rustc: Any) -> None:
    compilations = fake_rustc(compiles="sleep 1")
    done: list[Program] = []
    threads = [threading.Thread(target=lambda: done.append(build())) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert len(done) == 2
    assert done[0] == done[1]
    assert compilations.read_text().split() == ["x"]


@pytest.mark.parametrize("leaves", ["", "touch half-a-program;"])
def test_a_compiler_that_fails_is_told_with_its_words(
    fake_rustc: Any, cache: Path, leaves: str
) -> None:
    fake_rustc(compiles=f"{leaves} echo 'error: linker `cc` not found' >&2; exit 1")
    with pytest.raises(FtbenchError, match="cannot be compiled") as caught:
        build()
    assert caught.value.exit_code == 1
    assert "linker `cc` not found" in caught.value.story
    assert "apt-get install gcc" in caught.value.hint
    assert left(cache, "native") == []


def test_a_compiler_that_makes_nothing_has_failed(fake_rustc: Any, cache: Path) -> None:
    fake_rustc(compiles="exit 0")
    with pytest.raises(FtbenchError, match="ended with 0"):
        build()
    assert left(cache, "native") == []


def test_a_compiler_that_hangs_is_ended(
    fake_rustc: Any, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake_rustc(compiles="sleep 300")
    monkeypatch.setattr(rust_limit, "_DEADLINE", 0.3)
    with pytest.raises(FtbenchError, match=r"did not end within 0\.3 s"):
        build()
    assert left(cache, "native") == []


def test_what_a_killed_build_left_is_cleared_and_never_used(fake_rustc: Any, cache: Path) -> None:
    fake_rustc()
    final = build().path.parent
    final.rename(final.with_name(f"{final.name}.new"))
    assert build().path.is_file()
    assert left(cache, "native") == [final]


def test_a_program_that_was_taken_away_is_built_again(fake_rustc: Any) -> None:
    compilations = fake_rustc()
    build().path.unlink()
    assert build().path.is_file()
    assert compilations.read_text().split() == ["x", "x"]


def test_without_a_compiler_it_is_not_available(tmp_path: Path) -> None:
    with pytest.raises(NotAvailableError, match="not available: no rustc") as caught:
        find_rustc({"PATH": "", "CARGO_HOME": str(tmp_path)})
    assert VARIABLE in caught.value.hint


@posix
def test_the_compiler_is_that_of_the_path_else_cargos(fake_rustc: Any, tmp_path: Path) -> None:
    fake_rustc()
    made = Path(os.environ[VARIABLE])
    places = {"PATH": tmp_path / "somewhere" / "bin", "CARGO_HOME": tmp_path / "cargo"}
    for folder in (places["PATH"], places["CARGO_HOME"] / "bin"):
        folder.mkdir(parents=True)
        shutil.copy(made, folder / "rustc")
    # The script needs a few programs of the system's.
    system = os.pathsep + os.environ["PATH"]
    environ = {name: str(place) for name, place in places.items()}
    found = find_rustc({**environ, "PATH": environ["PATH"] + system})
    assert found.path == places["PATH"] / "rustc"
    (places["PATH"] / "rustc").unlink()
    for name in ("cat", "echo"):
        tool = shutil.which(name)
        assert tool is not None
        (places["PATH"] / name).symlink_to(tool)
    assert find_rustc(environ).path == places["CARGO_HOME"] / "bin" / "rustc"


def test_a_variable_that_names_no_file_is_a_mistake_of_the_user(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="is no file"):
        find_rustc({VARIABLE: str(tmp_path / "none")})


@pytest.mark.parametrize(
    ("words", "why"),
    [("echo 'no default toolchain' >&2; exit 1", "does not run"), ("echo gcc 14", "no rustc")],
)
@posix
def test_a_compiler_that_is_none_is_not_available(tmp_path: Path, words: str, why: str) -> None:
    path = tmp_path / "rustc"
    path.write_text(f"#!/bin/sh\n{words}\n")
    path.chmod(0o755)
    with pytest.raises(NotAvailableError, match=why) as caught:
        find_rustc({**os.environ, VARIABLE: str(path)})
    assert ("no default toolchain" in caught.value.story) == ("toolchain" in words)


def test_a_file_that_cannot_be_run_is_no_compiler(tmp_path: Path) -> None:
    path = tmp_path / "rustc"
    path.write_text("nothing to run")
    with pytest.raises(NotAvailableError, match="does not run"):
        find_rustc({**os.environ, VARIABLE: str(path)})


def test_an_installation_without_the_source_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rust_limit, "_CHECKOUT", tmp_path)
    with pytest.raises(NotAvailableError, match="no Rust source"):
        find_source()


def test_the_digest_changes_with_any_module(tmp_path: Path) -> None:
    copied = shutil.copytree(find_source(), tmp_path / "copy")
    assert digest_of(copied) == digest_of(find_source())
    (copied / "gate.rs").rename(copied / "port.rs")
    assert digest_of(copied) != digest_of(find_source())
