"""What asv says and writes, where asv itself must behave otherwise."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from asv import util
from asv.benchmarks import Benchmarks
from asv.commands import Command
from asv.commands import run as asv_run
from hypothesis import given
from hypothesis import strategies as st

from ftbench.asv import patches
from ftbench.asv.environment import MissingInterpreterError
from ftbench.errors import ResultsError
from ftbench.releases import known_releases


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("    31402f00", "    3.14.2"),
        ("Before [31315f00] <3.13.15>", "Before 3.13.15"),
        ("31500c01 and 31315f00", "3.15.0rc1 and 3.13.15"),
        ("1.23±0.4ms", "1.23±0.4ms"),
        ("a31402f00b", "a31402f00b"),
        ("39999z99", "39999z99"),
    ],
)
def test_ids_are_said_as_names(text: str, said: str) -> None:
    assert patches.by_name(text) == said


def test_every_known_release_is_said_by_name() -> None:
    for each in known_releases():
        assert patches.by_name(f"[{each.release.commit_id}]") == each.release.name


@given(st.from_regex(patches._ID, fullmatch=True))
def test_what_only_looks_like_an_id_is_never_an_error(text: str) -> None:
    assert patches.by_name(text)


@given(st.text(alphabet="abc 012.±[]<>"))
def test_other_text_stays_as_it_is(text: str) -> None:
    assert patches.by_name(text) == text


def test_instructions_are_counted_only_where_they_are_named(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(Benchmarks, "__init__", patches.select_benchmarks)
    found = [
        {"name": f"{group}.track_{metric}", "params": [["'serial'"]], "rounds": 1}
        for group, metric in (("grain.Grain", "task"), ("instructions.MustScale", "instructions"))
    ]
    conf = SimpleNamespace(benchmark_dir="benchmarks", results_dir="none")
    chosen = [list(Benchmarks(conf, found, regex)) for regex in (None, ["instructions"], ["."])]
    names = [each["name"] for each in found]
    assert chosen == [names[:1], names[1:], names]


class Silent:
    """An environment without an interpreter."""

    def __init__(self, *, elsewhere: bool) -> None:
        self.elsewhere = elsewhere

    def interpreter(self, commit: str) -> None:
        raise MissingInterpreterError(f"nothing for {commit}", elsewhere=self.elsewhere)


def skipped(caplog: pytest.LogCaptureFixture, *environments: Silent) -> str:
    patches._warnings_given.clear()
    results = SimpleNamespace(commit_hash="31402f00")
    for each in environments:
        assert patches.skip_benchmarks({"a": 1}, each, results) is results
    return caplog.text


def test_what_is_missing_is_said_once_however_many_arms_miss_it(
    caplog: pytest.LogCaptureFixture,
) -> None:
    said = skipped(caplog, Silent(elsewhere=False), Silent(elsewhere=False))
    assert said.count("nothing for 31402f00") == 1


def test_what_another_environment_measures_is_not_missing(
    caplog: pytest.LogCaptureFixture,
) -> None:
    assert "nothing for" not in skipped(caplog, Silent(elsewhere=True))


def test_json_is_written_beside_its_place_and_then_renamed(tmp_path: Path) -> None:
    path = tmp_path / "new" / "file.json"
    patches.write_json(str(path), {"a": 1}, 2)
    assert json.loads(path.read_text(encoding="utf-8")) == {"a": 1, "version": 2}
    assert [each.name for each in path.parent.iterdir()] == ["file.json"]


def test_json_that_cannot_be_written_leaves_what_was_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "file.json"
    path.write_text("before", encoding="utf-8")

    def half(beside: str, *_: object) -> None:
        Path(beside).write_text("ha", encoding="utf-8")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(patches, "_write_json", half)
    with pytest.raises(OSError, match="No space"):
        patches.write_json(str(path), {})
    assert path.read_text(encoding="utf-8") == "before"
    assert [each.name for each in tmp_path.iterdir()] == ["file.json"]


def command(error: BaseException) -> Callable[..., Any]:
    def run_from_conf_args(*_: object) -> None:
        raise error

    return patches._explained(run_from_conf_args)


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (ResultsError("these are damaged", hint="do this"), "these are damaged\ndo this"),
        (KeyboardInterrupt(), "Interrupted."),
        (OSError(28, "No space left on device", "results"), "No space left on device: 'results'"),
    ],
)
def test_what_asv_lets_through_is_a_message(error: BaseException, said: str) -> None:
    with pytest.raises(util.UserError) as raised:
        command(error)(None, None)
    assert said in str(raised.value)


def test_a_mistake_of_ours_stays_a_traceback() -> None:
    with pytest.raises(ZeroDivisionError):
        command(ZeroDivisionError())(None, None)


def test_installing_twice_changes_nothing() -> None:
    patches.install()
    before = {
        each: each.__dict__.get("run_from_conf_args") for each in util.iter_subclasses(Command)
    }
    patches.install()
    assert before == {
        each: each.__dict__.get("run_from_conf_args") for each in util.iter_subclasses(Command)
    }
    assert asv_run.Run.run_from_conf_args.__wrapped__ is not None
