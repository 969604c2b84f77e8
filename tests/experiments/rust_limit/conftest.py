"""A cache of its own for each test, a compiler that is none, and the real program, built once."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from rich.console import Console

from ftbench.errors import NotAvailableError
from ftbench.experiments.rust_limit import VARIABLE, Program, Rustc, build, find_rustc

FakeRustc = Callable[..., Path]

_VERSION = """rustc 1.99.0 (0123abcd 2026-01-02)
binary: rustc
host: fake-unknown-none
release: 1.99.0
LLVM version: 23.0.0"""

# What a compiler does that "compiles" by copying: `program` is the text of a shell script.
_SCRIPT = """#!/bin/sh
case "$*" in
  -vV) cat <<'END'
{version}
END
    exit;;
  *"--print cfg"*) echo 'target_feature="{feature}"'; exit;;
esac
echo x >> '{counter}'
{compiles}
while [ "$1" != -o ]; do shift; done
cat > "$2" <<'END'
#!/bin/sh
{program}
END
chmod +x "$2"
"""


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The cache folder of this test alone."""
    folder = tmp_path / "cache"
    monkeypatch.setenv("FTBENCH_CACHE", str(folder))
    return folder


@pytest.fixture
def fake_rustc(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FakeRustc:
    """Make a compiler, named in FTBENCH_RUSTC; returns the file that counts its compilations."""
    if sys.platform == "win32":
        pytest.skip("the fake compiler is a shell script")

    def make(
        program: str = "true", compiles: str = "", version: str = _VERSION, feature: str = "sse2"
    ) -> Path:
        counter, path = tmp_path / "compilations", tmp_path / "fake-rustc"
        path.write_text(
            _SCRIPT.format(
                version=version,
                feature=feature,
                counter=counter,
                compiles=compiles,
                program=program,
            )
        )
        path.chmod(0o755)
        monkeypatch.setenv(VARIABLE, str(path))
        return counter

    return make


@pytest.fixture(scope="session")
def rustc() -> Rustc:
    """The real compiler; skips where there is none."""
    try:
        return find_rustc(os.environ)
    except NotAvailableError as error:
        pytest.skip(f"{error.message} here")


@pytest.fixture(scope="session")
def real_cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The cache folder in which the real program is built once."""
    return tmp_path_factory.mktemp("native")


@pytest.fixture
def program(rustc: Rustc, real_cache: Path, monkeypatch: pytest.MonkeyPatch) -> Program:
    """The real program."""
    monkeypatch.setenv("FTBENCH_CACHE", str(real_cache))
    return build(Console(stderr=True))


@pytest.fixture
def beside(rustc: Rustc) -> Callable[[str], Path]:
    """Return a tool of the Rust toolchain; skips where it does not come with the compiler."""

    def find(name: str) -> Path:
        folders = os.pathsep.join([str(rustc.path.parent), os.environ.get("PATH", "")])
        found = shutil.which(name, path=folders)
        if found is None:
            pytest.skip(f"no {name} here")
        return Path(found)

    return find
