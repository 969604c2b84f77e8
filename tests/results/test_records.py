"""The records beside asv's results: what takes whose place, and that a file is whole or refused."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ftbench.errors import ResultsError
from ftbench.results.records import (
    RECORDS,
    Records,
    parse_records,
    read_records,
    records_path,
    records_written,
)

BUILD, OTHER_BUILD = {"version": "3.14.2", "pgo": True}, {"version": "3.14.2", "pgo": False}
MACHINE = {"cpu": "c"}


def staged(params: str = "threads", kind: str = "cell", **more: Any) -> dict[str, Any]:
    record = {"kind": kind, "group": "m.Group", "params": {"mode": params}, "run": "r1"}
    shared = {"build": BUILD, "machine": MACHINE} if kind == "cell" else {}
    return {**record, **shared, **more}


def added(*records: dict[str, Any], to: Records | None = None, append: bool = False) -> Records:
    return (to or Records()).with_staged(records, append=append)


def test_the_records_lie_beside_the_result() -> None:
    place = Path("box", "31402f00-cpython-pyft-PYTHON_GIL1.json")
    assert records_path(place) == Path("box", "31402f00-cpython-pyft-PYTHON_GIL1.records.jsonl")


def test_the_first_line_names_the_schema() -> None:
    assert json.loads(Records().text()) == RECORDS.schema
    assert RECORDS.schema == {"kind": "schema", "name": "ftbench.records", "version": 1}


def test_what_cells_share_is_written_once_and_named() -> None:
    records = added(staged("threads"), staged("spawn"))
    assert list(records.builds.values()) == [BUILD]
    assert list(records.machines.values()) == [MACHINE]
    (digest,) = records.builds
    assert [each["build"] for each in records.cells] == [digest, digest]


def test_a_cell_that_is_measured_again_takes_the_place_of_its_record() -> None:
    before = added(staged("threads"), staged("spawn"))
    after = added(staged("threads", run="r2"), to=before)
    assert [(each["params"]["mode"], each["run"]) for each in after.cells] == [
        ("spawn", "r1"),
        ("threads", "r2"),
    ]


def test_a_cell_that_failed_after_it_was_measured_has_only_its_failure() -> None:
    after = added(staged(kind="failure", message="no"), to=added(staged()))
    assert [each["kind"] for each in after.cells] == ["failure"]


def test_appended_samples_leave_the_record_of_those_before() -> None:
    after = added(staged(run="r2"), to=added(staged()), append=True)
    assert [each["run"] for each in after.cells] == ["r1", "r2"]


def test_two_alike_runs_of_a_cell_are_two_records() -> None:
    assert len(added(staged(), to=added(staged()), append=True).cells) == 2


def test_a_skip_is_said_once_though_each_round_skips() -> None:
    skip = staged(kind="skip", reason="no such mode")
    assert len(added(skip, to=added(skip), append=True).cells) == 1


def test_what_no_cell_names_any_more_goes() -> None:
    after = added(staged(build=OTHER_BUILD), to=added(staged()))
    assert list(after.builds.values()) == [OTHER_BUILD]


def test_nothing_staged_changes_nothing() -> None:
    before = added(staged())
    assert added(to=before) == before
    assert added(to=before, append=True) == before


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda children: (
        st.lists(children, max_size=3) | st.dictionaries(st.text(), children, max_size=3)
    ),
    max_leaves=8,
)
facts = st.dictionaries(
    st.text().filter(lambda name: name not in {"kind", "digest"}), json_values, max_size=4
)
cells = st.fixed_dictionaries(
    {
        "kind": st.sampled_from(["cell", "skip", "failure"]),
        "group": st.text(),
        "params": st.dictionaries(st.text(), st.text(), max_size=3),
        "notes": json_values,
    },
    optional={"build": facts, "machine": facts},
)


@given(st.lists(cells, max_size=6))
def test_what_is_written_is_what_is_read(given_records: list[dict[str, Any]]) -> None:
    """Also line separators in a text: `splitlines` knows more of them than JSON does."""
    records = added(*given_records)
    assert parse_records(records.text()) == records


@given(st.lists(cells, min_size=1, max_size=4), st.integers(min_value=1))
def test_a_file_that_is_cut_within_a_line_is_refused(
    given_records: list[dict[str, Any]], cut: int
) -> None:
    text = added(*given_records).text()
    last = text.rstrip("\n").rpartition("\n")[2]
    short = text[: len(text) - 1 - (1 + cut % (len(last) - 1))]
    with pytest.raises(ResultsError, match=r"Line \d+ is no record"):
        parse_records(short)


@pytest.mark.parametrize(
    "line",
    [
        *("nonsense", "[]", "1", "null"),
        *('{"kind": "cell"}', '{"no": "kind"}', '{"kind": "build"}'),
        pytest.param("[" * 100_000, id="deep"),
    ],
)
def test_a_line_that_is_no_record_is_refused_with_its_number(line: str) -> None:
    with pytest.raises(ResultsError, match="Line 2"):
        parse_records(f"{json.dumps(RECORDS.schema)}\n{line}\n")


def test_records_of_another_schema_are_refused() -> None:
    with pytest.raises(ResultsError, match="schema"):
        parse_records(json.dumps({**RECORDS.schema, "version": 2}))


def test_no_file_is_no_records(tmp_path: Path) -> None:
    assert read_records(tmp_path / "none.records.jsonl") == Records()


@pytest.mark.parametrize("content", [b'{"kind": "ce', b"\xff\xfe", b'{"kind": "schema"}'])
def test_a_damaged_file_is_named_and_left(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "31402f00-env.records.jsonl"
    path.write_bytes(content)
    with pytest.raises(ResultsError, match=path.name):
        read_records(path)
    assert path.read_bytes() == content


def test_records_are_in_place_once_the_body_has_succeeded(tmp_path: Path) -> None:
    path = tmp_path / "box" / "31402f00-env.records.jsonl"
    with records_written(path, added(staged())):
        assert not path.exists()
    assert read_records(path) == added(staged())
    assert [each.name for each in path.parent.iterdir()] == [path.name]


def test_records_are_as_they_were_if_the_body_fails(tmp_path: Path) -> None:
    path = tmp_path / "31402f00-env.records.jsonl"
    with records_written(path, added(staged())):
        pass
    before = path.read_bytes()
    with pytest.raises(OSError, match="full"), records_written(path, Records()):
        raise OSError("full")
    assert path.read_bytes() == before
    assert [each.name for each in tmp_path.iterdir()] == [path.name]


def test_records_that_cannot_be_written_leave_those_before_and_the_body_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "31402f00-env.records.jsonl"
    with records_written(path, added(staged())):
        pass
    before = path.read_bytes()

    def full(*_: object, **__: object) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_text", full)
    with pytest.raises(OSError, match="No space"), records_written(path, Records()):
        pytest.fail("the result file would be newer than its records")
    assert path.read_bytes() == before
