"""Which of several interpreters of a release is measured, and which two make a pair."""

from __future__ import annotations

import dataclasses
import itertools

from fake_builds import fake_interpreter

from ftbench.pythons import Origin, preferred
from ftbench.pythons.install import find_pair
from ftbench.releases import Release

RELEASE = Release.parse("3.14.2")


def test_the_build_that_people_run_comes_first_whatever_the_order_found() -> None:
    ladder = [
        fake_interpreter("/a/bin/python3", pgo=True, lto=True),
        fake_interpreter("/b/bin/python3", pgo=True, lto=True, jit="on"),
        fake_interpreter("/c/bin/python3", lto=True),
        fake_interpreter("/d/bin/python3"),
        fake_interpreter("/e/bin/python3", pgo=True, lto=True, debug=True),
    ]
    for order in itertools.permutations(ladder):
        left = list(order)
        for best in ladder:
            assert preferred(left, RELEASE, free_threaded=False) == best
            left.remove(best)


def test_what_is_built_as_usual_comes_first_and_a_digest_never_chooses() -> None:
    usual = {"packager": "standalone", "pgo": True, "lto": True}
    ladder = [
        fake_interpreter("/z/bin/python3", **usual),
        fake_interpreter("/y/bin/python3", **usual, march="x86-64-v3"),
        fake_interpreter("/x/bin/python3", **usual, march="x86-64-v3", libc="musl"),
        fake_interpreter("/w/bin/python3", **usual, march="x86-64-v3", libc="musl", shared=True),
    ]
    for order in itertools.permutations(ladder):
        left = list(order)
        for best in ladder:
            assert preferred(left, RELEASE, free_threaded=False) == best
            left.remove(best)


def test_of_builds_of_one_flavour_where_they_were_found_decides_and_then_the_path() -> None:
    """Whatever else differs, such as a packager's list of arguments: that has no order."""
    for arguments in itertools.permutations((["--with-a"], ["--with-b"], ["--with-c"])):
        uv, first, second = (
            fake_interpreter(path, packager="debian", configure_args=args)
            for path, args in zip(("/z", "/a", "/b"), arguments, strict=True)
        )
        uv = dataclasses.replace(uv, origin=Origin.UV)
        assert preferred([second, first, uv], RELEASE, free_threaded=False) == uv
        assert preferred([second, first], RELEASE, free_threaded=False) == first


def test_no_other_release_and_no_other_threading_will_do() -> None:
    others = [fake_interpreter(version="3.14.1"), fake_interpreter(free_threaded=True)]
    assert preferred(others, RELEASE, free_threaded=False) is None


def test_a_pair_is_of_one_release_and_one_flavour() -> None:
    gil = fake_interpreter("/gil/bin/python3")
    assert find_pair([gil, fake_interpreter(free_threaded=True, compiler="GCC 16.1")]) is None
    assert find_pair([gil, fake_interpreter(free_threaded=True, version="3.14.3")]) is None
    free_threaded = fake_interpreter("/ft/bin/python3", free_threaded=True)
    assert find_pair([free_threaded, gil]) == (gil, free_threaded)


def test_the_newest_final_release_makes_the_pair() -> None:
    found = [
        fake_interpreter(f"/{version}{threading}/bin/python3", version=version, free_threaded=ft)
        for version in ("3.13.15", "3.14.2", "3.15.0rc1")
        for threading, ft in (("", False), ("t", True))
    ]
    pair = find_pair(found)
    assert pair is not None
    assert [one.name for one in pair] == ["3.14.2", "3.14.2t"]


def test_the_optimized_pair_wins() -> None:
    plain = [fake_interpreter(free_threaded=ft) for ft in (False, True)]
    fast = [fake_interpreter(free_threaded=ft, pgo=True, lto=True) for ft in (False, True)]
    assert find_pair([*plain, *fast]) == (fast[0], fast[1])
