"""Discovery finds each interpreter once, says what is wrong with the others, and never fails."""

from __future__ import annotations

import errno
import json
import os
import re
import subprocess
import sys
import time
from pathlib import Path

import pytest
from fake_builds import RECORD
from fake_pythons import base_executable, script

from ftbench.errors import InterpreterError, NotAvailableError
from ftbench.probe.run import MARK
from ftbench.pythons import Origin, Unusable, asking, discover, discovery, survey
from ftbench.pythons.asking import Answers

posix = pytest.mark.skipif(sys.platform == "win32", reason="fake interpreters are shell scripts")


def answering(path: Path, prefix: Path | None = None, **changes: object) -> Path:
    """Make a fake interpreter that counts its calls beside itself and answers at once."""
    record = {**RECORD, "gil_enabled": True, "virtual": False, **changes}
    record |= {"executable": str(path), "prefix": str(prefix or path.parent.parent)}
    return script(path, f"echo x >> {path}.calls\nprintf '%s' '{MARK}{json.dumps(record)}'")


def calls(path: Path) -> int:
    return len(path.with_name(path.name + ".calls").read_text().split())


def named(environ: dict[str, str], *paths: Path) -> dict[str, str]:
    return {**environ, "FTBENCH_PYTHONS": os.pathsep.join(map(str, paths))}


def found_in(folder: Path, environ: dict[str, str]) -> list[Path]:
    """The interpreters found under `folder`, apart from the one that runs the tests."""
    return [i.executable for i in discover(environ) if i.executable.is_relative_to(folder)]


def test_the_running_interpreter_is_found_without_its_virtual_environment(
    bare_environ: dict[str, str],
) -> None:
    found = discover(bare_environ)
    assert os.path.realpath(found[0].executable) == str(base_executable())
    assert found[0].release.name == ".".join(map(str, sys.version_info[:3]))


def test_an_entry_below_the_home_of_nobody_is_nothing(bare_environ: dict[str, str]) -> None:
    assert discover(named(bare_environ, Path("~nobody-of-this-name/pythons")))


@posix
def test_an_entry_is_an_executable_a_prefix_or_a_folder_of_prefixes(
    tmp_path: Path, bare_environ: dict[str, str]
) -> None:
    one = answering(tmp_path / "one" / "python3.14")
    prefix = answering(tmp_path / "prefix" / "bin" / "python3", version="3.14.1")
    many = [
        answering(tmp_path / "many" / v / "bin" / "python3", version=v)
        for v in ("3.13.1", "3.13.2")
    ]
    entries = (one, tmp_path / "prefix", tmp_path / "many")
    assert found_in(tmp_path, named(bare_environ, *entries)) == [*many, prefix, one]


@posix
def test_links_and_second_names_are_one_interpreter(
    tmp_path: Path, bare_environ: dict[str, str]
) -> None:
    python = answering(tmp_path / "a" / "bin" / "python3")
    (tmp_path / "a" / "bin" / "python").symlink_to("python3")
    (tmp_path / "a" / "bin" / "python3.14").hardlink_to(python)
    (tmp_path / "link").symlink_to(tmp_path / "a")
    copy = answering(tmp_path / "b" / "bin" / "python3", prefix=tmp_path / "a")
    environ = named(bare_environ, tmp_path / "a", tmp_path / "link", copy)
    assert found_in(tmp_path, environ) == [python]


def test_a_virtual_environment_is_not_shown(tmp_path: Path, bare_environ: dict[str, str]) -> None:
    command = [sys.executable, "-m", "venv", "--without-pip", str(tmp_path / "venv")]
    subprocess.run(command, check=True, timeout=120)
    found = survey(named(bare_environ, tmp_path / "venv"))
    assert [i for i in found.interpreters if i.prefix == tmp_path / "venv"] == []
    assert found.broken == ()


@posix
@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("echo no such library >&2; exit 127", "ended with 127: no such library"),
        ("kill -SEGV $$", "ended with -11"),
        ("echo hello", "answered 'hello'"),
        ("echo '[]'", "answered '\\[\\]'"),
        (f"echo '{MARK}[]'", "answered '\\[\\]'"),
        (f'echo \'{MARK}{{"version": "3.14.2"}}\'', "nonsense"),
        ("/bin/sleep 60", "did not answer within"),
    ],
)
def test_a_broken_interpreter_is_told_of_and_hides_no_other(
    tmp_path: Path,
    bare_environ: dict[str, str],
    monkeypatch: pytest.MonkeyPatch,
    text: str,
    reason: str,
) -> None:
    good = answering(tmp_path / "all" / "good" / "bin" / "python3")
    bad = script(tmp_path / "all" / "bad" / "bin" / "python3", text)
    if "sleep" in text:
        monkeypatch.setattr(asking.ask, "__kwdefaults__", {"deadline": 2.0})
    started = time.monotonic()
    found = survey(named(bare_environ, tmp_path / "all"))
    assert time.monotonic() - started < 50  # it did not wait for what hangs
    assert good in [i.executable for i in found.interpreters]
    assert [one.executable for one in found.broken] == [bad]
    assert re.search(reason, found.broken[0].reason)


@posix
def test_a_broken_name_of_an_interpreter_hides_no_sound_one(
    tmp_path: Path, bare_environ: dict[str, str]
) -> None:
    """A copy made of hard links that has lost its library is the same file as the sound one."""
    sound = answering(tmp_path / "sound" / "bin" / "python3")
    text = sound.read_text().replace("\n", "\ncase $0 in */lost/*) exit 1;; esac\n", 1)
    sound.write_text(text)
    lost = tmp_path / "lost" / "bin" / "python3"
    lost.parent.mkdir(parents=True)
    lost.hardlink_to(sound)
    both = named(bare_environ, tmp_path / "lost", tmp_path / "sound")
    assert found_in(tmp_path, both) == [sound]
    assert survey(both).broken == ()
    alone = survey(named(bare_environ, tmp_path / "lost"))
    assert [each.executable for each in alone.broken] == [lost]


@posix
@pytest.mark.parametrize("number", [errno.EMFILE, errno.EAGAIN])
def test_what_the_system_lacks_is_not_blamed_on_an_interpreter(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    def refused(*_args: object, **_options: object) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(asking, "run", refused)
    with pytest.raises(NotAvailableError, match="no more"):
        asking.ask(answering(tmp_path / "python3"))


@posix
def test_a_broken_file_beside_prefixes_hides_none(
    tmp_path: Path, bare_environ: dict[str, str]
) -> None:
    python = answering(tmp_path / "all" / "3.14" / "bin" / "python3")
    stray = script(tmp_path / "all" / "python3", "exit 1")
    environ = named(bare_environ, tmp_path / "all")
    assert found_in(tmp_path, environ) == [python]
    assert [each.executable for each in survey(environ).broken] == [stray]


@posix
@pytest.mark.parametrize("error", [OSError("no"), RuntimeError("no"), ValueError("no")], ids=repr)
def test_a_search_that_gives_up_hides_nothing_on_the_path(
    tmp_path: Path,
    bare_environ: dict[str, str],
    monkeypatch: pytest.MonkeyPatch,
    error: Exception,
) -> None:
    def gives_up(*_args: object, **_options: object) -> None:
        raise error

    monkeypatch.setattr(discovery, "iter_interpreters", gives_up)
    python = answering(tmp_path / "path" / "python3")
    assert found_in(tmp_path, {**bare_environ, "PATH": str(python.parent)}) == [python]


@posix
def test_a_build_whose_gil_is_not_as_built_is_broken(
    tmp_path: Path, bare_environ: dict[str, str]
) -> None:
    answering(tmp_path / "x" / "bin" / "python3", free_threaded=True, gil_enabled=True)
    found = survey(named(bare_environ, tmp_path / "x"))
    assert "GIL is on in a free-threaded build" in found.broken[0].reason


@posix
def test_an_old_cpython_is_listed_as_too_old_and_another_python_not_at_all(
    tmp_path: Path, bare_environ: dict[str, str]
) -> None:
    old = answering(tmp_path / "old" / "bin" / "python3", version="2.7.18")
    other = answering(tmp_path / "other" / "bin" / "python3", implementation="PyPy")
    found = survey(named(bare_environ, tmp_path))
    assert found.too_old == (
        Unusable(executable=old, reason="CPython 2.7.18 is too old to be measured", too_old=True),
    )
    assert other not in [i.executable for i in found.interpreters]


def test_an_entry_without_an_interpreter_is_told_of(
    tmp_path: Path, bare_environ: dict[str, str]
) -> None:
    found = survey(named(bare_environ, tmp_path / "typo"))
    assert [one.executable for one in found.broken] == [tmp_path / "typo"]


@posix
def test_origins(tmp_path: Path, bare_environ: dict[str, str], cache: Path) -> None:
    places = {
        cache / "builds" / "3.14.2-abc": Origin.SOURCE,
        tmp_path / "pyenv" / "versions" / "3.14.2": Origin.PYENV,
        tmp_path / "folder" / "cpython-3.14.2+freethreaded-linux-x86_64-gnu": Origin.UV,
        tmp_path / "folder" / "mine": Origin.FOLDER,
    }
    for prefix in places:
        answering(prefix / "bin" / "python3")
    found = discover(named(bare_environ, tmp_path / "folder"))
    assert {i.prefix: i.origin for i in found if i.prefix in places} == places


@posix
def test_what_lies_under_staging_is_never_found(
    tmp_path: Path, bare_environ: dict[str, str], cache: Path
) -> None:
    """A killed build leaves nothing that is ever used."""
    answering(cache / "staging" / "3.14.2.xyz" / "root" / "bin" / "python3")
    assert found_in(tmp_path, bare_environ) == []


@posix
def test_an_interpreter_is_asked_once_until_it_changes(
    tmp_path: Path, bare_environ: dict[str, str]
) -> None:
    python = answering(tmp_path / "x" / "bin" / "python3")
    environ = named(bare_environ, tmp_path / "x")
    assert found_in(tmp_path, environ) == found_in(tmp_path, environ) == [python]
    assert calls(python) == 1
    answering(python, version="3.14.10")
    assert [i.name for i in discover(environ) if i.executable == python] == ["3.14.10"]
    assert calls(python) == 2


@posix
def test_an_interpreter_that_is_gone_is_not_found_again(
    tmp_path: Path, bare_environ: dict[str, str]
) -> None:
    python = answering(tmp_path / "x" / "bin" / "python3")
    environ = named(bare_environ, tmp_path)
    assert found_in(tmp_path, environ) == [python]
    python.unlink()
    assert found_in(tmp_path, environ) == []


@pytest.mark.parametrize("content", ["", "{", "x []", '{"question": 1}', '{"answers": []}'])
def test_a_damaged_cache_is_as_good_as_none(tmp_path: Path, content: str) -> None:
    file = tmp_path / "interpreters.json"
    file.write_text(content)
    answers = Answers(file)
    assert answers.ask(base_executable(), dict(os.environ))["implementation"] == "CPython"
    answers.save()
    assert str(base_executable()) in json.loads(file.read_text().partition(" ")[2])


@posix
def test_a_cache_that_cannot_be_written_does_not_matter(
    tmp_path: Path, bare_environ: dict[str, str]
) -> None:
    python = answering(tmp_path / "x" / "bin" / "python3")
    (tmp_path / "file").write_text("")
    environ = {**named(bare_environ, tmp_path / "x"), "FTBENCH_CACHE": str(tmp_path / "file")}
    assert found_in(tmp_path, environ) == [python]


def test_the_callers_python_variables_do_not_reach_the_interpreter(
    bare_environ: dict[str, str],
) -> None:
    """PYTHONHOME would break any interpreter, PYTHON_GIL=0 a GIL build."""
    spoiled = {**bare_environ, "PYTHONHOME": "/nowhere", "PYTHON_GIL": "0"}
    assert survey(spoiled).broken == ()
    assert asking.ask(base_executable(), spoiled)["gil_enabled"] is True


def test_what_is_no_program_is_broken(tmp_path: Path) -> None:
    (tmp_path / "python3").write_text("")
    with pytest.raises(InterpreterError, match="could not be started"):
        asking.ask(tmp_path / "python3")


@posix
def test_a_replica_is_told_of_and_stands_for_no_release(
    tmp_path: Path, bare_environ: dict[str, str]
) -> None:
    """Neither where it is the only build of a release nor beside its own, by whatever path."""
    flags = [*RECORD["code_flags"], "-DFTBENCH_REPLICA=2"]
    first = answering(tmp_path / "a" / "bin" / "python3", code_flags=flags)
    own = answering(tmp_path / "b" / "bin" / "python3")
    only = answering(tmp_path / "c" / "bin" / "python3", version="3.14.1", code_flags=flags)
    environ = named(bare_environ, *(tmp_path / name for name in "abc"))
    assert found_in(tmp_path, environ) == [own]
    replicas = survey(environ).replicas
    assert [each.executable for each in replicas] == [only, first]
    (mine,) = (each for each in discover(environ) if each.executable == own)
    assert {each.build.flavour for each in replicas} == {mine.build.flavour}
    assert replicas[1].build.digest != mine.build.digest
