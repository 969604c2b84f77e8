"""A build is made once, is whole or is nothing, and tells what it was made from."""

from __future__ import annotations

import dataclasses
import io
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from pathlib import Path

import psutil
import pytest
from fake_pythons import base_executable, fake_sources
from rich.console import Console

from ftbench.errors import InterpreterError
from ftbench.probe.instruments.build import version_text
from ftbench.probe.run import MARK
from ftbench.pythons import building
from ftbench.pythons.building import Recipe
from ftbench.pythons.debian import SourcePackage, Suite, Tarball
from ftbench.pythons.toolchain import Toolchain, build_environment
from ftbench.releases import Release

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="builds need make")

RELEASE = Release.parse(version_text())
RECIPE = Recipe(release=RELEASE, free_threaded=False, optimized=False, compiler="fake cc 1.0")


def tarball(path: Path) -> Tarball:
    suite = Suite(name="fake", folder=path.parent)
    source = SourcePackage(release=RELEASE, package="python3.0", version="0-1", suite=suite)
    return Tarball(source=source, path=path)


def make(
    folder: Path,
    *,
    recipe: Recipe = RECIPE,
    configure: str = "",
    make: str = "",
    python: str = "",
    objects: Sequence[str] = (),
) -> Path:
    folder.mkdir(exist_ok=True)
    sources = fake_sources(
        folder / "x.orig.tar.xz", configure=configure, make=make, python=python, objects=objects
    )
    toolchain = Toolchain(compiler=recipe.compiler, environ=build_environment(os.environ))
    return building.build(recipe, tarball(sources), toolchain, Console(file=io.StringIO()))


def left(cache: Path, name: str) -> list[Path]:
    return sorted((cache / name).glob("*")) if (cache / name).is_dir() else []


def test_a_build_is_checked_renamed_into_place_and_says_what_it_is(
    tmp_path: Path, cache: Path
) -> None:
    prefix = make(tmp_path / "a")
    assert prefix == building.built(RECIPE)
    assert (prefix / "bin" / "python3").is_file()
    assert not (prefix / "share").exists()  # no documentation
    record = json.loads((prefix / building.PROVENANCE).read_text())
    assert record["recipe"] == RECIPE.record()
    assert record["source"]["suite"] == "fake"
    assert len(record["source"]["sha256"]) == 64
    assert left(cache, "staging") == []


def test_a_build_is_made_once(tmp_path: Path) -> None:
    counter = tmp_path / "counter"
    first = make(tmp_path / "a", make=f"echo x >> {counter}")
    assert make(tmp_path / "a", make=f"echo x >> {counter}") == first
    assert counter.read_text().split() == ["x"]


def test_two_that_want_the_same_build_make_it_once(tmp_path: Path) -> None:
    counter = tmp_path / "counter"
    done: list[Path] = []

    def want(name: str) -> None:
        done.append(make(tmp_path / name, make=f"echo x >> {counter}; sleep 1"))

    threads = [threading.Thread(target=want, args=(name,)) for name in ("a", "b")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert len(done) == 2
    assert done[0] == done[1]
    assert counter.read_text().split() == ["x"]


TROUBLE = "echo cannot find -lnonsense; exit 3"


@pytest.mark.parametrize(("configure_does", "make_does"), [(TROUBLE, ""), ("", TROUBLE)])
def test_a_failed_step_keeps_its_log_and_names_it(
    tmp_path: Path, cache: Path, configure_does: str, make_does: str
) -> None:
    with pytest.raises(InterpreterError) as caught:
        make(tmp_path / "a", configure=configure_does, make=make_does)
    log = cache / "logs" / f"{RECIPE.name}.log"
    assert "cannot find -lnonsense" in log.read_text()
    assert str(log) in str(caught.value)
    assert "cannot find -lnonsense" in str(caught.value)
    assert left(cache, "builds") == left(cache, "staging") == []


LACKS_SSL = f"""case "$*" in
  *importlib*) echo '{MARK}{{"ssl": "no"}}';;
  *) exec {base_executable()} "$@";;
esac"""


@pytest.mark.parametrize(
    ("python", "why"),
    [("exit 1", "ended with 1"), (LACKS_SSL, r"cannot import what it needs \(ssl: no\)")],
)
def test_a_build_that_fails_its_check_is_never_in_place(
    tmp_path: Path, cache: Path, python: str, why: str
) -> None:
    with pytest.raises(InterpreterError, match=why):
        make(tmp_path / "a", python=python)
    assert left(cache, "builds") == left(cache, "staging") == []


@pytest.mark.parametrize(
    ("changes", "why"),
    [({"free_threaded": True}, "GIL should be off"), ({"release": "3.99.1"}, "not 3.99.1")],
)
def test_a_build_that_came_out_as_another_is_refused(
    tmp_path: Path, cache: Path, changes: dict[str, str | bool], why: str
) -> None:
    recipe = Recipe(
        release=Release.parse(str(changes.get("release", RELEASE))),
        free_threaded=bool(changes.get("free_threaded", False)),
        optimized=False,
        compiler="fake cc 1.0",
    )
    with pytest.raises(InterpreterError, match=why):
        make(tmp_path / "a", recipe=recipe)
    assert left(cache, "builds") == []


def test_a_build_that_works_only_in_staging_is_taken_away_again(
    tmp_path: Path, cache: Path
) -> None:
    python = f'case "$0" in */staging/*) exec {base_executable()} "$@";; *) exit 9;; esac'
    with pytest.raises(InterpreterError, match="ended with 9"):
        make(tmp_path / "a", python=python)
    assert left(cache, "builds") == left(cache, "staging") == []


KILLED = """
import sys; sys.path.insert(0, sys.argv[1])
from pathlib import Path
from test_building import make
make(Path(sys.argv[2]), make="touch " + sys.argv[2] + "/begun; sleep 300")
"""


def test_a_killed_build_leaves_nothing_that_is_used_and_the_next_one_succeeds(
    tmp_path: Path, cache: Path
) -> None:
    folder = tmp_path / "a"
    folder.mkdir()
    command = [sys.executable, "-c", KILLED, str(Path(__file__).parent), str(folder)]
    process = subprocess.Popen(command, env=os.environ | {"FTBENCH_CACHE": str(cache)})
    deadline = time.monotonic() + 60
    while not (folder / "begun").exists():
        assert process.poll() is None
        assert time.monotonic() < deadline
        time.sleep(0.05)
    orphans = psutil.Process(process.pid).children(recursive=True)
    process.send_signal(signal.SIGKILL)
    process.wait(30)
    _, alive = psutil.wait_procs(orphans, timeout=10)
    assert alive == []
    assert left(cache, "builds") == []
    assert len(left(cache, "staging")) == 1
    prefix = make(tmp_path / "b")
    assert prefix.is_dir()
    assert left(cache, "staging") == []


def test_recipes_never_share_a_folder() -> None:
    recipes = [
        Recipe(release=release, free_threaded=ft, optimized=optimized, compiler=compiler)
        for release in (RELEASE, Release.parse("3.13.15"))
        for ft in (False, True)
        for optimized in (False, True)
        for compiler in ("gcc 12", "gcc 14")
    ]
    assert len({recipe.name for recipe in recipes}) == len(recipes)
    assert "3.13.15t-optimized-" in " ".join(recipe.name for recipe in recipes)


def test_the_callers_flags_do_not_reach_a_build() -> None:
    """`make bench` hands its own make's flags down, a shell may have CFLAGS."""
    spoiled = {
        "CFLAGS": "-O0",
        "MAKEFLAGS": "-n",
        "DESTDIR": "/",
        "PYTHONHOME": "/",
        "PATH": "/bin",
    }
    assert build_environment(spoiled) == {"PATH": "/bin", "LC_ALL": "C.UTF-8"}


OBJECTS = [f"Python/{letter}.o" for letter in "abcdefghij"]


def replica(folder: Path, number: int) -> tuple[Path, list[str], str]:
    """Make one of sources whose make notes objects and flags; return both beside its prefix."""
    folder.mkdir()
    noted = folder / "noted"
    made = make(
        folder / "sources",
        recipe=dataclasses.replace(RECIPE, replica=number),
        configure=f"echo $CFLAGS_NODIST > {folder / 'flags'}",
        make=f"echo $(PYTHON_OBJS) > {noted}",
        objects=OBJECTS,
    )
    return made, noted.read_text().split(), (folder / "flags").read_text().strip()


def test_a_replica_is_another_layout_of_the_same_objects(tmp_path: Path) -> None:
    own, first, second = (replica(tmp_path / str(number), number) for number in range(3))
    assert own[1] == OBJECTS
    assert own[2] == ""
    assert first[1] != second[1] != OBJECTS
    assert sorted(first[1]) == sorted(second[1]) == sorted(OBJECTS)
    assert first[2] == "-falign-functions=32 -DFTBENCH_REPLICA=1"
    assert second[2] == "-falign-functions=64 -DFTBENCH_REPLICA=2"
    assert building.built(dataclasses.replace(RECIPE, replica=2)) == second[0]
    assert len({own[0], first[0], second[0]}) == 3
    assert "-replica2-" in second[0].name
    record = json.loads((second[0] / building.PROVENANCE).read_text())
    assert record["recipe"]["replica"] == 2
    assert record["recipe"]["configure"] == list(RECIPE.configure)


def test_a_makefile_without_objects_has_no_replica(tmp_path: Path, cache: Path) -> None:
    """It would be the same build by another name."""
    with pytest.raises(InterpreterError, match="names no objects"):
        make(tmp_path / "a", recipe=dataclasses.replace(RECIPE, replica=1))
    assert left(cache, "builds") == left(cache, "staging") == []
