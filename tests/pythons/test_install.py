"""What is installed is taken; else uv is asked, else it is built; else every answer is told."""

from __future__ import annotations

import io
import json
import os
import signal
import sys
import threading
import time
from pathlib import Path
from typing import Any

import pytest
from fake_builds import RECORD, fake_interpreter
from fake_pythons import script
from rich.console import Console

from ftbench.errors import InterpreterError
from ftbench.processes import run
from ftbench.pythons import Interpreter, install
from ftbench.pythons import install as install_module
from ftbench.pythons.install import ensure, ensure_each, ensure_pair
from ftbench.pythons.interpreter import Spec

CONSOLE = Console(file=io.StringIO())


posix = pytest.mark.skipif(sys.platform == "win32", reason="the fake uv is a shell script")


class Provider:
    """Gives every spec, unless it is told not to, and remembers what it was asked for."""

    def __init__(self, name: str, *, has: bool, **build: Any) -> None:
        self.name, self.has, self.build = name, has, build
        self.asked: list[str] = []
        self.jobs = 0

    def __call__(self, spec: Spec, _console: Console, *, optimized: bool, jobs: int) -> Interpreter:
        self.jobs = jobs
        self.asked.append(f"{spec}{' optimized' if optimized else ''}")
        if not self.has:
            raise InterpreterError(f"{self.name} does not have it", hint="too bad")
        version = str(spec.release or f"{spec.series}.0")
        return fake_interpreter(
            f"/{self.name}/bin/python3",
            version=version,
            free_threaded=spec.free_threaded,
            **self.build,
        )


def machine(
    monkeypatch: pytest.MonkeyPatch, installed: list[Interpreter], *providers: Provider
) -> None:
    monkeypatch.setattr(install_module, "discover", lambda: tuple(installed))
    monkeypatch.setattr(install_module, "PROVIDERS", providers)


def test_what_is_installed_is_taken_the_newest_release_and_its_best_build(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    best = fake_interpreter("/a/bin/python3", version="3.14.3", pgo=True, lto=True)
    others = [
        fake_interpreter("/b/bin/python3", version="3.14.3"),
        fake_interpreter("/c/bin/python3", version="3.14.2", pgo=True, lto=True),
        fake_interpreter("/d/bin/python3", version="3.14.4", debug=True),
    ]
    nobody = Provider("nobody", has=False)
    machine(monkeypatch, [*others, best], nobody)
    assert ensure(Spec.parse("3.14"), console=CONSOLE) == best
    assert nobody.asked == []


def test_a_plain_build_is_not_enough_where_an_optimized_one_is_wanted(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    plain = fake_interpreter(version="3.14.3")
    source = Provider("source", has=True, pgo=True, lto=True)
    machine(monkeypatch, [plain], source)
    assert ensure(Spec.parse("3.14"), console=CONSOLE) == plain
    built = ensure(Spec.parse("3.14"), optimized=True, console=CONSOLE)
    assert built.build.optimized
    assert source.asked == ["3.14 optimized"]


def test_providers_are_asked_in_turn(monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = Provider("first", has=False), Provider("second", has=True)
    machine(monkeypatch, [], first, second)
    found = [ensure(Spec.parse(text), console=CONSOLE).name for text in ("3.14t", "3.13.15")]
    assert found == ["3.14.0t", "3.13.15"]
    assert first.asked == second.asked == ["3.14t", "3.13.15"]


def test_what_nobody_has_is_said_with_every_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    machine(monkeypatch, [], Provider("first", has=False), Provider("second", has=False))
    with pytest.raises(InterpreterError, match=r"3\.14t") as caught:
        ensure(Spec.parse("3.14t"), console=CONSOLE)
    assert "first does not have it" in str(caught.value)
    assert "second does not have it" in str(caught.value)


def test_an_installed_pair_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    pair = tuple(fake_interpreter(free_threaded=ft) for ft in (False, True))
    machine(monkeypatch, list(pair))
    assert ensure_pair(CONSOLE) == pair


def test_a_series_is_the_newest_pair_of_it_that_is_installed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    versions = ("3.13.14", "3.13.15", "3.14.2")
    every = [
        fake_interpreter(version=version, free_threaded=free_threaded)
        for version in versions
        for free_threaded in (False, True)
    ]
    machine(monkeypatch, [*every, fake_interpreter(version="3.13.16")])
    assert [one.name for one in ensure_pair(CONSOLE, "3.13")] == ["3.13.15", "3.13.15t"]


def test_both_of_a_pair_come_from_one_provider(monkeypatch: pytest.MonkeyPatch) -> None:
    """A pair of different builds would compare the builds, not the threading."""
    only_gil = fake_interpreter(version="3.13.15", compiler="GCC 16.1.0")
    first, second = Provider("first", has=False), Provider("second", has=True)
    machine(monkeypatch, [only_gil], first, second)
    gil, free_threaded = ensure_pair(CONSOLE)
    assert (gil.name, free_threaded.name) == ("3.13.15", "3.13.15t")
    assert gil.build.flavour == free_threaded.build.flavour
    assert sorted(second.asked) == ["3.13.15", "3.13.15t"]


def cores(monkeypatch: pytest.MonkeyPatch, count: int) -> None:
    monkeypatch.setattr(install_module, "machine_record", lambda: {"usable_cores": count})


@pytest.mark.parametrize("release", [None, "3.13.15"])
def test_both_are_obtained_at_once_where_there_are_cores(
    monkeypatch: pytest.MonkeyPatch, release: str | None
) -> None:
    cores(monkeypatch, 4)
    meeting = threading.Barrier(2, timeout=30)

    class Meeting(Provider):
        def __call__(self, *args: Any, **how: Any) -> Interpreter:
            meeting.wait()  # each waits until the other is being obtained, too
            return super().__call__(*args, **how)

    source = Meeting("source", has=True)
    machine(monkeypatch, [], source)
    pair = ensure_pair(CONSOLE, release)
    assert [each.name for each in pair] == ["3.13.15", "3.13.15t"]
    assert source.jobs == 2
    named = ensure_each([Spec.parse(text) for text in ("3.13.15", "3.13.15t")], console=CONSOLE)
    assert [each.name for each in named] == ["3.13.15", "3.13.15t"]


def test_one_core_has_one_after_the_other(monkeypatch: pytest.MonkeyPatch) -> None:
    cores(monkeypatch, 1)
    source = Provider("source", has=True)
    machine(monkeypatch, [], source)
    ensure_pair(CONSOLE)
    assert source.asked == ["3.13.15", "3.13.15t"]
    assert source.jobs == 1


@posix
def test_ctrl_c_ends_both(monkeypatch: pytest.MonkeyPatch) -> None:
    cores(monkeypatch, 2)
    started = threading.Event()

    def provide(spec: Spec, *_: Any, **__: Any) -> Interpreter:
        if spec.free_threaded:
            started.set()
            run(["sleep", "600"], environ=os.environ, deadline=600)
            raise InterpreterError("it was killed")
        started.wait()
        signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT)
        return fake_interpreter(version="3.13.15")

    machine(monkeypatch, [], provide)  # type: ignore[arg-type]
    begin = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        ensure_pair(CONSOLE)
    assert time.monotonic() - begin < 60


@pytest.mark.parametrize("fails", ["3.13.15", "3.13.15t"])
def test_where_one_fails_the_other_is_waited_for_and_it_is_told_which(
    monkeypatch: pytest.MonkeyPatch, fails: str
) -> None:
    cores(monkeypatch, 2)
    failed, built = threading.Event(), []

    def provide(spec: Spec, *_: Any, **__: Any) -> Interpreter:
        if str(spec) == fails:
            failed.set()
            raise InterpreterError("make ended with 2.")
        failed.wait()
        time.sleep(0.2)  # what follows the failure
        built.append(str(spec))
        return fake_interpreter(version="3.13.15", free_threaded=spec.free_threaded)

    machine(monkeypatch, [], provide)  # type: ignore[arg-type]
    with pytest.raises(InterpreterError, match=r"3\.13\.15 and 3\.13\.15t") as caught:
        ensure_pair(CONSOLE)
    (kept,) = built
    assert f"{fails}: make ended with 2." in str(caught.value)
    assert f"{kept}: there is one, which is kept" in str(caught.value)


def test_no_pair_at_all_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    machine(monkeypatch, [], Provider("first", has=False))
    with pytest.raises(InterpreterError, match=r"3\.13\.15 and 3\.13\.15t"):
        ensure_pair(CONSOLE)


@posix
def test_uv_is_told_what_is_wanted_and_believed_only_after_asking(tmp_path: Path) -> None:
    record = {**RECORD, "gil_enabled": True, "prefix": str(tmp_path), "virtual": False}
    python = script(tmp_path / "python3", f"printf '%s' '{json.dumps(record)}'")
    fake = script(tmp_path / "uv", f'echo "$@" >> {tmp_path}/calls\necho {python}')
    assert install.install_by_uv(fake, Spec.parse("3.14.2")) == python
    install.install_by_uv(fake, Spec.parse("3.14t"))
    calls = (tmp_path / "calls").read_text()
    assert "python install --no-bin 3.14.2\n" in calls
    assert "python install --no-bin 3.14+freethreaded\n" in calls


@posix
def test_uv_that_gives_another_build_is_not_believed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    record = {**RECORD, "gil_enabled": True, "prefix": str(tmp_path), "virtual": False}
    python = script(tmp_path / "python3", f"printf '%s' '{json.dumps(record)}'")
    script(tmp_path / "bin" / "uv", f"echo {python}")
    monkeypatch.setenv("PATH", str(tmp_path / "bin"), prepend=os.pathsep)
    monkeypatch.setattr(install_module, "discover", lambda: ())
    monkeypatch.setattr(install_module, "PROVIDERS", install_module.PROVIDERS[:1])
    assert ensure(Spec.parse("3.14"), console=CONSOLE).origin == "uv"
    with pytest.raises(InterpreterError, match=r"uv gave 3\.14\.2"):
        ensure(Spec.parse("3.14t"), console=CONSOLE)


@posix
def test_uvs_refusal_is_told_in_its_words(tmp_path: Path) -> None:
    fake = script(tmp_path / "uv", "echo 'error: no network' >&2; exit 2")
    with pytest.raises(InterpreterError, match="error: no network"):
        install.install_by_uv(fake, Spec.parse("3.14"))


@posix
def test_a_cache_folder_that_cannot_be_written_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("")
    for name in ("make", "gcc", "apt-get", "apt-cache", "dpkg-deb"):
        script(tmp_path / "bin" / name, "true")
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    monkeypatch.setenv("FTBENCH_CACHE", str(tmp_path / "file"))
    monkeypatch.setattr(install_module, "discover", lambda: ())
    monkeypatch.setattr(install_module, "PROVIDERS", install_module.PROVIDERS[1:])
    with pytest.raises(InterpreterError, match="could not be built") as caught:
        ensure(Spec.parse("3.13.15"), console=CONSOLE)
    assert "FTBENCH_CACHE" in str(caught.value)
