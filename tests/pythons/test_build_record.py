"""Which build a CPython is: evidence, not paths."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ftbench.probe.instruments import build

DEBIAN = {
    "CONFIG_ARGS": "'--enable-shared' '--with-wheel-pkg-dir=/usr/share/python-wheels/'",
    "PGO_PROF_USE_FLAG": "",
    "PY_LDFLAGS": " -Wl,-z,relro -g -fwrapv -O2    ",
    "PY_CORE_CFLAGS": "-O2 -Wall",
}
SOURCE = {
    "CONFIG_ARGS": "'--prefix=/opt/x'",
    "PGO_PROF_USE_FLAG": "-fprofile-use -fprofile-correction",
    "PY_LDFLAGS": "",
    "PY_CORE_CFLAGS": "-O3 -Wall",
}


def test_debian_builds_are_profiled_though_configure_was_not_told() -> None:
    assert build.packager(DEBIAN) == "debian"
    assert build.profile_guided(DEBIAN, "x86_64") is True
    assert build.link_time_optimized(DEBIAN) is True


def test_debian_does_not_profile_on_every_machine() -> None:
    assert build.profile_guided(DEBIAN, "riscv64") is False


def test_a_debian_like_build_with_other_rules_shows_no_trace_and_counts_as_plain() -> None:
    rebuilt = {**DEBIAN, "PGO_PROF_USE_FLAG": "-fprofile-use", "PY_LDFLAGS": "-Wl,-z,relro"}
    assert build.profile_guided(rebuilt, "x86_64") is False
    assert build.link_time_optimized(rebuilt) is False


def test_a_plain_source_build_has_neither() -> None:
    """gcc's own profile flags stand in every Makefile and mean nothing."""
    assert build.profile_guided(SOURCE, "x86_64") is False
    assert build.link_time_optimized(SOURCE) is False


@pytest.mark.parametrize(
    ("argument", "pgo", "lto"),
    [
        ("--enable-optimizations", True, False),
        ("--with-lto", False, True),
        ("--with-lto=thin", False, True),
        ("--with-lto=no", False, False),
    ],
)
def test_configure_arguments_say_it(argument: str, *, pgo: bool, lto: bool) -> None:
    variables = {**SOURCE, "CONFIG_ARGS": f"'{argument}'"}
    assert build.profile_guided(variables, "x86_64") is pgo
    assert build.link_time_optimized(variables) is lto


def test_a_build_without_configure_does_not_tell() -> None:
    """Windows' builds: no guess is made."""
    assert build.packager({}) == "installer"
    assert build.profile_guided({}, "AMD64") is None
    assert build.link_time_optimized({}) is None


@given(st.from_regex(r"/[a-z0-9/._-]{1,30}", fullmatch=True))
def test_no_path_makes_another_build(path: str) -> None:
    """The same recipe at two places has the same arguments and flags."""
    arguments = (
        f"'--prefix={path}' '--enable-shared' '--with-openssl={path}' "
        f"'--with-some-file={path}/x.json' "
        f"'LDFLAGS=-L{path} -Wl,-rpath,{path}' 'MKDIR_P={path} -p' 'CFLAGS=-O3 -I{path}'"
    )
    assert build.configure_args(arguments) == ["--enable-shared", "CFLAGS=-O3"]
    flags = f"-O3 -I{path} -ffile-prefix-map={path}=. -fdebug-prefix-map={path}=x -fwrapv -flto"
    assert build.code_flags(flags) == ["-O3", "-fwrapv"]


def test_flags_that_change_the_code_are_kept() -> None:
    assert build.configure_args("'CFLAGS=-O2 -march=native'") == ["CFLAGS=-O2 -march=native"]
    assert build.code_flags("-flto=thin -march=native -Wall -g") == ["-flto=thin", "-march=native"]


@given(st.text())
def test_any_text_of_arguments_can_be_read(text: str) -> None:
    kept = build.configure_args(text)
    assert kept == sorted(set(kept))


@pytest.mark.parametrize(
    ("asked", "default", "state"),
    [("1", "yes-off", "on"), (None, "yes-off", "off"), (None, "yes", "on"), ("0", "yes", "off")],
)
def test_a_jit_build_is_on_or_off_as_the_environment_says(
    monkeypatch: pytest.MonkeyPatch, asked: str | None, default: str, state: str
) -> None:
    """3.13 cannot be asked: its configuration and PYTHON_JIT tell."""
    monkeypatch.delattr(sys, "_jit", raising=False)
    monkeypatch.delenv("PYTHON_JIT", raising=False)
    if asked is not None:
        monkeypatch.setenv("PYTHON_JIT", asked)
    variables = {
        "CONFIG_ARGS": f"'--enable-experimental-jit={default}'",
        "PY_CORE_CFLAGS": "-D_Py_TIER2=1 -D_Py_JIT",
    }
    assert build._jit(variables) == state
    assert build._jit({"PY_CORE_CFLAGS": "-D_Py_TIER2=4"}) == "none"


def test_the_file_runs_alone_and_says_what_the_module_says() -> None:
    """The host asks interpreters that cannot import ftbench."""
    done = subprocess.run(
        [sys.executable, build.__file__],
        capture_output=True,
        check=True,
        timeout=60,
        env={k: v for k, v in os.environ.items() if not k.startswith("PYTHON")},
    )
    record = json.loads(done.stdout)
    assert {name: record[name] for name in build.build_record()} == build.build_record()
    assert record["virtual"] is (sys.prefix != sys.base_prefix)
