"""Whatever lies in a results folder, the rest of it is read and the damage is named."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import synthetic
from asv import util
from asv.results import Results
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from synthetic import Plan

from ftbench.results import read_results, safe_loading

DAMAGE = {
    "cut short": b'{"version": 2, "commit_hash": "31402f00", "par',
    "empty": b"",
    "not JSON": b"hello",
    "not UTF-8": b'{"version": 2, "x": "\xff\xfe"}',
    "a list": b"[1, 2]",
    "a number": b"7",
    "null": b"null",
    "deep": b"[" * 100_000,
    "an older schema": b'{"version": 1}',
    "a newer schema": b'{"version": 3}',
    "no schema": b'{"commit_hash": "31402f00"}',
    "missing fields": b'{"version": 2}',
}
# One value of a sound file, by where it lies, replaced by something of another shape.
TWISTS = {
    "results are a list": (("results",), []),
    "a result is a text": (("results", "ROUND", 0, 0), "fast"),
    "a result is true": (("results", "ROUND", 0, 0), True),
    "results too few": (("results", "ROUND", 0), [1.0]),
    "params no lists": (("results", "ROUND", 1), ["'threads'"]),
    "params no texts": (("results", "ROUND", 1, 0, 0), 5),
    "params null": (("results", "ROUND", 1), None),
    "statistics are texts": (("results", "ROUND", 5, 0), "low"),
    "samples are texts": (("results", "ROUND", 11, 0), ["x"]),
    "a commit of git": (("commit_hash",), "0123456789abcdef"),
    "a commit of nothing": (("commit_hash",), None),
    "no environment": (("env_vars",), None),
    "another environment": (("env_vars",), {"PYTHON_GIL": "2"}),
    "a python of ours not": (("params", "python"), "3.14"),
    "a machine of others": (("params", "machine"), "other"),
    "a build that is a number": (("params", "build"), 5),
    "a date that is a text": (("date",), "today"),
}


@pytest.fixture(scope="module")
def sound_tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("sound")
    synthetic.write_tree(folder, Plan(releases=("3.14.2",)), only="track_round")
    return folder


@pytest.fixture
def victim(tmp_path: Path) -> Path:
    """Return a result file with a sound one beside it."""
    synthetic.write_tree(tmp_path, Plan(releases=("3.14.2",)), only="track_round")
    return min(tmp_path.glob("*/314*.json"))


@pytest.mark.parametrize("content", DAMAGE.values(), ids=DAMAGE)
def test_a_damaged_file_is_named_and_the_others_are_read(victim: Path, content: bytes) -> None:
    victim.write_bytes(content)
    tree = read_results(victim.parent.parent)
    assert [warning.path for warning in tree.warnings] == [victim]
    assert tree.warnings[0].why
    assert len(tree.sources) == 2
    assert victim.read_bytes() == content


@pytest.mark.parametrize(("place", "value"), TWISTS.values(), ids=TWISTS)
def test_a_file_of_another_shape_is_named_and_left_out(
    victim: Path, place: tuple[str | int, ...], value: object
) -> None:
    document = json.loads(victim.read_text("utf-8"))
    *way, last = (synthetic.LIFECYCLE + ".track_round" if k == "ROUND" else k for k in place)
    at = document
    for key in way:
        at = at[key]
    at[last] = value
    victim.write_text(json.dumps(document), encoding="utf-8")
    tree = read_results(victim.parent.parent)
    assert [warning.path for warning in tree.warnings] == [victim]
    assert len(tree.sources) == 2


@pytest.mark.parametrize("content", DAMAGE.values(), ids=DAMAGE)
@pytest.mark.parametrize("name", ["machine.json", "../benchmarks.json"])
def test_a_damaged_list_or_machine_is_named(victim: Path, content: bytes, name: str) -> None:
    path = victim.parent / name
    # Without any benchmark a list is sound.
    path.write_bytes(b"{}" if "benchmarks" in name and content == b'{"version": 2}' else content)
    tree = read_results(victim.parent.parent)
    assert [warning.path.name for warning in tree.warnings] == [path.name]
    assert tree.figures == ()


def test_a_machine_file_of_another_machine_is_named(victim: Path) -> None:
    (victim.parent / "machine.json").write_text('{"version": 1, "machine": "x"}', encoding="utf-8")
    (warning,) = read_results(victim.parent.parent).warnings
    assert "names the machine 'x', not 'quiet-vm'" in str(warning)


def test_damaged_records_cost_the_reasons_and_not_the_figures(victim: Path) -> None:
    records = victim.with_name(victim.name.replace(".json", ".records.jsonl"))
    records.write_text('{"kind": "schema", "na', encoding="utf-8")
    tree = read_results(victim.parent.parent)
    assert [warning.path for warning in tree.warnings] == [records]
    assert len(tree.sources) == 3


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(cut=st.integers(min_value=0, max_value=3000), junk=st.binary(max_size=8))
def test_no_cut_and_no_junk_ends_in_anything_but_a_user_error(
    tmp_path: Path, sound_tree: Path, cut: int, junk: bytes
) -> None:
    whole = min(sound_tree.glob("*/314*.json")).read_bytes()
    path = tmp_path / "31402f00-x.json"
    path.write_bytes(whole[: max(len(whole) - 1 - cut, 0)] + junk)
    with pytest.raises(util.UserError):
        safe_loading.load_results(Results, str(path))


def test_a_sound_file_is_what_asv_reads_too(sound_tree: Path) -> None:
    path = str(min(sound_tree.glob("*/314*.json")))
    ours, theirs = safe_loading.load_results(Results, path), Results.load(path)
    assert ours.params == theirs.params
    assert list(ours.get_all_result_keys()) == list(theirs.get_all_result_keys())


ODD = {
    "a number": 5,
    "no names": {"params": []},
    "numbers": {"param_names": [1], "params": [["2"]]},
}
ODD["a list in a list"] = {"param_names": ["mode"], "params": [[["'threads'"]]]}


@pytest.mark.parametrize("entry", ODD.values(), ids=ODD)
def test_an_entry_that_is_no_benchmark_is_named_and_the_others_are_read(
    victim: Path, entry: object
) -> None:
    path = victim.parents[1] / "benchmarks.json"
    listed = json.loads(path.read_text("utf-8"))
    figures = len(read_results(victim.parents[1]).figures)
    path.write_text(json.dumps({**listed, "odd.Odd.track_odd": entry}), encoding="utf-8")
    tree = read_results(victim.parents[1])
    (warning,) = tree.warnings
    assert "odd.Odd.track_odd" in str(warning)
    assert len(tree.figures) == figures
