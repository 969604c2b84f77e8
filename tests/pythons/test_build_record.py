"""Which build a CPython is: evidence, not paths."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import Any

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
    [("1", "yes-off", "off"), (None, "yes-off", "off"), (None, "yes", "on"), ("0", "yes", "on")],
)
def test_a_jit_build_is_on_or_off_as_it_was_configured(
    monkeypatch: pytest.MonkeyPatch, asked: str | None, default: str, state: str
) -> None:
    """Whatever PYTHON_JIT says: the state that a cell had is beside its GIL's."""
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


@pytest.mark.parametrize(
    ("flags", "level", "processors"),
    [
        ("", None, None),
        ("-DNDEBUG -g -O3 -Wall", "3", "default"),
        ("-O3 -Wall -O0", "0", "default"),
        ("-O", "1", "default"),
        ("-Wall", "0", "default"),
        ("-O3 -march=x86-64 -march=x86-64-v3", "3", "x86-64-v3"),
        ("-Ofast -mcpu=neoverse-n1 -mtune=native -mno-avx", "fast", "neoverse-n1 native"),
    ],
)
def test_of_several_options_the_last_one_holds(
    flags: str, level: str | None, processors: str | None
) -> None:
    found = build.compiled(flags)
    assert (found.get("optimization"), found.get("march")) == (level, processors)


@pytest.mark.parametrize(
    ("variables", "mapped", "who"),
    [
        ({}, "", None),
        ({"WITH_PYMALLOC": 1}, "", build.CPYTHONS_OWN),
        ({"WITH_PYMALLOC": 0}, "", "malloc"),
        ({"WITH_PYMALLOC": 0, "Py_GIL_DISABLED": 1}, "", build.CPYTHONS_OWN),
        ({"WITH_PYMALLOC": 0}, "7f r /usr/lib/libjemalloc.so.2\n", "malloc on jemalloc"),
        ({"WITH_PYMALLOC": 1}, "/x/libtcmalloc_minimal.so.4", "CPython's own on tcmalloc"),
    ],
)
def test_who_hands_out_memory_is_told(
    variables: dict[str, int], mapped: str, who: str | None
) -> None:
    assert build.allocator(variables, mapped) == who


def test_a_library_that_is_built_beside_the_program_is_not_what_runs() -> None:
    """Debian's and uv's python3 are in one piece, though configured with --enable-shared."""
    configured = {"Py_ENABLE_SHARED": 1}
    assert build.shared(configured, "7f r-xp /usr/bin/python3.14\n") is False
    assert build.shared(configured, "7f r-xp /usr/lib/libpython3.14.so.1.0\n") is True
    assert build.shared(configured, "") is True
    assert build.shared({}, "") is None


def test_an_older_record_tells_what_its_arguments_and_flags_do() -> None:
    old: dict[str, Any] = {"packager": "source", "libc": "glibc 2.36", "platform": "linux-x86_64"}
    old |= {"configure_args": [], "code_flags": ["-O3"]}
    assert build.choices(old) == build.USUAL
    assert build.choices({**old, "configure_args": ["--enable-shared"]})["shared"] is True
    assert build.choices({**old, "code_flags": ["-O0", "-O3"]})["optimization"] is None
    unsaid = build.choices({**old, "packager": "standalone"})
    assert {name for name, value in unsaid.items() if value is None} == {
        *("allocator", "shared", "assertions")
    }


def test_the_choices_of_this_build_are_in_its_record() -> None:
    record = build.build_record()
    assert {name: record[name] for name in build.USUAL if name in record}.keys() == {
        *build.USUAL.keys() - {"libc_family"}
    }
    assert build.choices(record)["libc_family"] in {"glibc", "musl", None}


@given(st.dictionaries(st.sampled_from([*build.USUAL, "packager", "libc", "platform"]), st.text()))
def test_any_record_has_choices(record: dict[str, str]) -> None:
    assert build.choices(record).keys() == build.USUAL.keys()


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
