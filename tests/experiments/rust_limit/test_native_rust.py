"""The Rust source by itself: no warning, formatted, its own tests green."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from probing import ran

from ftbench.experiments.rust_limit import FLAGS, MAIN, Rustc, find_source

Beside = Callable[[str], Path]
SOURCE = find_source() / MAIN


def ended_well(command: Sequence[str | Path], folder: Path, **environ: str) -> str:
    done = ran(command, cwd=folder, env=os.environ | environ, timeout=150)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_it_compiles_without_a_warning(rustc: Rustc, tmp_path: Path) -> None:
    ended_well([rustc.path, *FLAGS, "-Dwarnings", "-o", tmp_path / "built", SOURCE], tmp_path)
    assert (tmp_path / "built").is_file()


def test_its_own_tests_pass(rustc: Rustc, tmp_path: Path) -> None:
    tests = tmp_path / "tests"
    ended_well([rustc.path, "--test", *FLAGS, "-Dwarnings", "-o", tests, SOURCE], tmp_path)
    assert "test result: ok. " in ended_well([tests], tmp_path)


def test_it_is_formatted(beside: Beside, tmp_path: Path) -> None:
    command: list[str | Path] = [beside("rustfmt"), "--edition", "2021", "--check", SOURCE]
    assert ended_well(command, tmp_path) == ""


@pytest.mark.parametrize("kind", ["bin", "test"])
def test_clippy_has_nothing_to_say(beside: Beside, tmp_path: Path, kind: str) -> None:
    """With the oldest compiler that is to do, so that a newer library call is told too."""
    (tmp_path / "clippy.toml").write_text('msrv = "1.63.0"\n')
    kinds = ["--test"] if kind == "test" else []
    lints = ["-Dwarnings", "-Dclippy::all"]
    command: list[str | Path] = [beside("clippy-driver"), "--edition=2021", *kinds, *lints]
    command += ["--emit=metadata", "-o", tmp_path / "checked", SOURCE]
    ended_well(command, tmp_path, CLIPPY_CONF_DIR=str(tmp_path))
    assert (tmp_path / "checked").is_file()
