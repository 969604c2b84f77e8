"""Two builds of a release with different provenance are never confused."""

from __future__ import annotations

import dataclasses
import json
import re
from typing import Any

import pytest
from fake_builds import RECORD, fake_build
from hypothesis import given
from hypothesis import strategies as st

from ftbench.errors import InterpreterError
from ftbench.pythons import PythonBuild
from ftbench.releases import Release

OTHER: dict[str, Any] = {
    "packager": "debian",
    "free_threaded": True,
    "debug": True,
    "pgo": True,
    "lto": None,
    "jit": "off",
    "tail_call": True,
    "pystats": True,
    "compiler": "GCC 14.1.0",
    "configure_args": ["--enable-shared"],
    "code_flags": ["-O2"],
    "libc": "glibc 2.41",
    "platform": "linux-aarch64",
    "optimization": "0",
    "march": "x86-64-v3",
    "allocator": "malloc",
    "shared": True,
    "assertions": True,
}
CHOSEN = {"optimization": "3", "march": "default", "allocator": "CPython's own"}


@pytest.mark.parametrize("name", sorted(OTHER))
def test_every_difference_in_provenance_is_another_digest(name: str) -> None:
    assert fake_build(**{name: OTHER[name]}).digest != fake_build().digest


def test_every_field_is_in_the_digest_or_names_the_release() -> None:
    fields = {field.name for field in dataclasses.fields(PythonBuild)}
    assert fields - set(OTHER) == {"implementation", "version", "revision"}


def test_a_record_from_before_choices_were_told_is_of_the_same_build() -> None:
    """Else nothing could be added to what was measured."""
    told = fake_build(**CHOSEN, shared=False, assertions=False)
    assert (told.digest, told.flavour) == (fake_build().digest, fake_build().flavour)
    by_arguments = {"configure_args": ["--enable-shared", "--with-assertions"]}
    told = fake_build(**CHOSEN, **by_arguments, shared=True, assertions=True)
    assert told.digest == fake_build(**by_arguments).digest


def test_releases_of_one_recipe_share_digest_and_flavour() -> None:
    """Otherwise every release would be a series of its own."""
    newer = fake_build(version="3.15.0rc1", revision="abc")
    assert (newer.digest, newer.flavour) == (fake_build().digest, fake_build().flavour)
    assert newer.release == Release.parse("3.15.0rc1")


def test_a_record_survives_json() -> None:
    build = fake_build(configure_args=["--enable-shared"], pgo=None)
    assert PythonBuild.from_record(json.loads(json.dumps(build.record()))) == build


def test_what_else_is_in_a_record_does_not_matter() -> None:
    assert PythonBuild.from_record({**RECORD, "gil_enabled": True}) == fake_build()


def test_a_record_that_lacks_a_field_is_named() -> None:
    with pytest.raises(InterpreterError, match="missing required field `compiler`"):
        PythonBuild.from_record({k: v for k, v in RECORD.items() if k != "compiler"})


@pytest.mark.parametrize(
    ("changes", "flavour"),
    [
        ({}, "source-gcc12"),
        ({"pgo": True, "lto": True}, "source-gcc12-pgo-lto"),
        ({"configure_args": ["--enable-shared"]}, "source-gcc12-shared"),
        (
            {"packager": "debian", "compiler": "GCC 16.2.0", "pgo": True, "lto": True, "jit": "on"},
            "debian-gcc16-pgo-lto-jit",
        ),
        ({"packager": "debian", "jit": "off"}, "debian-gcc12-jitoff"),
        ({"packager": "standalone", "compiler": "Clang 21.1.4 "}, "standalone-clang21"),
        (
            {"packager": "installer", "compiler": "MSC v.1944 64 bit (AMD64)", "pgo": None},
            "installer-msc1944",
        ),
    ],
)
def test_flavours(changes: dict[str, Any], flavour: str) -> None:
    assert fake_build(**changes).flavour == flavour


@pytest.mark.parametrize(
    "changes",
    [
        {"configure_args": ["CFLAGS=-O3 -march=native"]},
        {"configure_args": ["--without-mimalloc"]},
        {"code_flags": ["-O2", "-fvisibility=hidden"]},
        {"tail_call": True, "configure_args": ["--with-tail-call-interp"]},
    ],
)
def test_a_source_build_with_switches_of_its_own_is_another_flavour(
    changes: dict[str, Any],
) -> None:
    assert fake_build(**changes).flavour != "source-gcc12"


def test_a_packagers_growing_list_of_arguments_is_no_other_flavour() -> None:
    newer = fake_build(packager="debian", configure_args=["--with-something-new"])
    assert newer.flavour == fake_build(packager="debian").flavour


@pytest.mark.parametrize("packager", ["standalone", "debian", "framework", "installer"])
@pytest.mark.parametrize(
    ("changes", "word"),
    [
        ({"libc": "musl"}, "musl"),
        ({"libc": ""}, "musl"),
        ({"optimization": "0"}, "o0"),
        ({"code_flags": ["-O2"]}, "o2"),
        ({"march": "x86-64-v3"}, "x8664v3"),
        ({"code_flags": ["-O3", "-march=native"]}, "native"),
        ({"allocator": "malloc"}, "malloc"),
        ({"allocator": "CPython's own on jemalloc"}, "cpythonsownonjemalloc"),
        ({"configure_args": ["--without-pymalloc"]}, "malloc"),
        ({"shared": True}, "shared"),
        ({"assertions": True}, "assertions"),
    ],
    ids=str,
)
def test_what_a_builder_chose_is_another_flavour_whoever_packaged_it(
    packager: str, changes: dict[str, Any], word: str
) -> None:
    plain = fake_build(packager=packager).flavour
    flavour = fake_build(packager=packager, **changes).flavour
    if packager == "debian" and word == "o2":  # its flags do not say what it was built with
        assert flavour == plain
    else:
        assert flavour == f"{plain}-{word}"


def test_a_free_threaded_build_has_mimalloc_whatever_configure_was_told() -> None:
    told = {"free_threaded": True, "configure_args": ["--without-pymalloc"]}
    assert fake_build(packager="standalone", **told).unusual == {}


@given(st.text(), st.lists(st.text(), max_size=3), st.sampled_from(["none", "off", "on"]))
def test_a_flavour_can_stand_in_a_file_name(compiler: str, args: list[str], jit: str) -> None:
    chosen = {"march": compiler, "allocator": compiler, "optimization": compiler, "shared": True}
    for packager in ("source", "standalone"):
        told = {"packager": packager, "compiler": compiler, "configure_args": args, "jit": jit}
        assert re.fullmatch(r"[a-z0-9.-]+", fake_build(**told, **chosen).flavour)
    flavour = fake_build(compiler=compiler, configure_args=args, jit=jit).flavour
    assert re.fullmatch(r"[a-z0-9.-]+", flavour)
