"""What a run that was killed had measured is taken over by the next one, which says so."""

from __future__ import annotations

import json
import math
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import pytest
from asvproject import CELL, CHEAP, MACHINE, AsvProject, result_of
from fuzzing import FUZZ
from hypothesis import given
from hypothesis import strategies as st

from ftbench.asv.command import FIRST_RESULT, RUN_NAME
from ftbench.asv.journal import STAGED, CellJournal, records_in
from ftbench.probe.instruments.machine import PIN_TO_CORES, PIN_VARIABLE
from ftbench.results import journal as module
from ftbench.results.records import read_records, records_path

CELLS = ("-E", "ft", "--bench", r"lifecycle.*track_round\(.(threads|processes)., .(none|fork).")
# Of its 12 cells these are skipped: what the article's task adds is shown by eight workers.
LEFT_OUT = 3


def journals(project: AsvProject) -> list[Path]:
    """Those of the project's environments."""
    config = (project.folder / "asv.conf.json").read_text("utf-8")
    folder = config.partition('"env_dir": "')[2].partition('"')[0]
    return sorted((project.folder / folder).glob("*/measured-*.jsonl"))


def lines_of(project: AsvProject) -> int:
    """How many cells are kept."""
    return sum(len(each.read_bytes().splitlines()) for each in journals(project))


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="POSIX alone kills like this")
def test_a_killed_run_is_gone_on_with_and_nothing_is_measured_twice(
    empty: AsvProject, tmp_path: Path, release: str
) -> None:
    project = empty.copy(tmp_path / "killed")
    words = (f"{release}^!", *CELLS, "--record-samples")
    killed = subprocess.Popen(
        project.command("run", *words, "--machine", MACHINE),
        cwd=project.folder,
        env=project.environ(),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    end = time.monotonic() + 60
    while lines_of(project) < 2 and time.monotonic() < end:
        time.sleep(0.02)
    killed.kill()
    killed.wait()
    kept = lines_of(project)
    assert kept >= 2
    assert not list(project.results.glob("3*.json"))

    done = project.run(*words)
    assert done.code == 0, done.said
    assert f"ft: {kept} of 12 cells were measured by 2" in done.said
    assert "they are reused, and intervals hold the drift between both sittings" in done.said
    (file,) = project.results.glob("3*-pyft-*.json")
    (figures,) = [row["result"] for row in result_of(file).values() if row["result"]]
    assert sum(not math.isnan(value) for value in figures) == 12 - LEFT_OUT
    runs = [cell["run"] for cell in read_records(records_path(file)).cells]
    assert len(runs) == 12
    assert sorted(map(runs.count, set(runs))) == sorted([kept, 12 - kept])
    assert journals(project) == []


def test_a_run_that_ends_well_leaves_no_journal(measured: AsvProject) -> None:
    assert CELL
    assert journals(measured) == []


def test_a_first_result_is_one_process_a_cell_and_the_same_run_goes_on_from_it(
    empty: AsvProject, tmp_path: Path, release: str
) -> None:
    project = empty.copy(tmp_path / "first")
    words = (f"{release}^!", *CELLS, "--record-samples", "--interleave-rounds")
    of_run = {RUN_NAME: "this run", "FTBENCH_PROFILE": "quick"}
    first = project.run(*words, **of_run, **{FIRST_RESULT: "1"})
    assert first.code == 0, first.said
    (file,) = project.results.glob("3*-pyft-*.json")
    shown = read_records(records_path(file)).cells
    assert len({json.dumps(cell["params"]) for cell in shown}) == len(shown) == lines_of(project)

    done = project.run(*words, **of_run)
    assert done.code == 0, done.said
    assert "reused" not in done.said  # as nothing is of another sitting
    cells = read_records(records_path(file)).cells
    assert len(cells) == 3 * (len(shown) - LEFT_OUT) + LEFT_OUT
    assert {cell["run"] for cell in cells} == {"this run"}
    moments = [cell.get("started_at") for cell in cells]  # what is left out never began
    assert all(cell.get("started_at") in moments for cell in shown)
    assert journals(project) == []


@pytest.mark.skipif(sys.platform != "linux", reason="others pin nothing")
def test_what_a_run_is_not_asked_for_or_does_not_save_stays_kept(
    empty: AsvProject, tmp_path: Path, release: str
) -> None:
    project = empty.copy(tmp_path / "narrow")
    first = project.run(f"{release}^!", *CELLS, **{FIRST_RESULT: "1"})
    assert first.code == 0, first.said
    assert lines_of(project) == 12
    one = ("-E", "ft", "--bench", r"lifecycle.*track_round\(.threads., .none., 1, .empty")
    two = r"track_(first_)?round\(.threads., .none., 8, .empty"
    for words, extra, said, left in (
        (("-E", "ft", *CHEAP), {}, "", 12),
        ((*one, "--dry-run"), {}, "ft: 1 of 1 cells were", 12),
        (one, {PIN_VARIABLE: PIN_TO_CORES}, "", 12),
        (one, {}, "ft: 1 of 1 cells were", 11),
        # It asks for another name first: nothing is taken over, and that is not said.
        ((*one[:3], two), {}, "", 11),
        (CELLS, {}, "ft: 11 of 12 cells were", 0),
    ):
        done = project.run(f"{release}^!", *words, **extra)
        assert done.code == 0, done.said
        assert said in done.said
        assert ("cells were measured" in done.said) is bool(said), done.said
        assert lines_of(project) == left
    assert journals(project) == []


@pytest.fixture
def files(tmp_path: Path) -> dict[str, Path]:
    return {name: tmp_path / name for name in ("result", STAGED)}


CELL_ASKED = "a.A.track_b-0"


def kept_in(path: Path, files: dict[str, Path], *figures: str, stamp: str = "stamp") -> None:
    journal = CellJournal(path, stamp, "run 1")
    for figure in figures:
        files["result"].write_text(figure, encoding="utf-8", newline="")
        begin = files[STAGED].stat().st_size if files[STAGED].exists() else 0
        with files[STAGED].open("a", encoding="utf-8") as staged:
            staged.write(json.dumps({"kind": "cell", "figure": figure}) + "\n")
        journal.keep(CELL_ASKED, files, begin)


DAMAGE = st.one_of(
    st.binary(max_size=200),
    st.sampled_from([b"\xff\n", b"[]\n", b" ", b"\r", b"[" * 5000 + b"\n"]),
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
        max_leaves=9,
    ).map(lambda value: json.dumps(value).encode() + b"\n"),
)
FIGURE = st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=20)
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("keep"), FIGURE),
        st.tuples(st.just("keep of another build"), FIGURE),
        st.tuples(st.just("append"), DAMAGE),
        st.tuples(st.just("cut"), st.integers(1, 400)),
        st.tuples(st.just("flip"), st.integers(0, 10_000)),
        st.tuples(st.just("wrong type"), st.integers(0, 10_000)),
    ),
    max_size=8,
)


def retyped(line: bytes, number: int) -> bytes:
    """Return a line with one value of another type, or one that is missing."""
    digest, _, text = line.partition(b" ")
    entry = json.loads(text)
    key = sorted(entry)[number % len(entry)]
    entry[key] = (None, 7, "x", [], {}, [entry[key]], {"result": 7}, 10**400)[number % 8]
    return digest + b" " + json.dumps(entry).encode()


@FUZZ
@given(steps=STEPS)
def test_whatever_happens_to_its_file_sound_lines_are_kept_and_no_others(
    steps: list[tuple[str, Any]],
) -> None:
    """Each step meets the file as the one before has left it, as a run after a kill does."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "journal")
        files = {name: Path(folder, name) for name in ("result", STAGED)}
        sound: list[tuple[bytes, str, str]] = []  # whole lines, of which build, the figure
        for what, value in steps:
            content = path.read_bytes() if path.exists() else b""
            if what.startswith("keep"):
                stamp = "another" if "another" in what else "ours"
                figure = f"{len(sound)} {value}"
                kept_in(path, files, figure, stamp=stamp)
                sound.append((path.read_bytes().splitlines()[-1], stamp, figure))
            elif what == "append":
                path.write_bytes(content + value)
            elif what == "cut":
                path.write_bytes(content[:-value])
            elif content and what == "flip":
                place = value % len(content)
                flipped = content[place] ^ (1 << value % 8)
                path.write_bytes(content[:place] + bytes([flipped]) + content[place + 1 :])
            elif sound:
                line = sound[value % len(sound)][0]
                path.write_bytes(content.replace(line, retyped(line, value)))
        lines = path.read_bytes().split(b"\n") if path.exists() else []
        left = [line.strip() for line in lines]
        for stamp in ("ours", "another"):
            journal = CellJournal(path, stamp, "the next run")
            expected = [figure for line, of, figure in sound if of == stamp and line in left]
            assert journal.count == len(expected)
            for figure in expected:
                files[STAGED].unlink(missing_ok=True)
                assert journal.take(CELL_ASKED, files)
                assert files["result"].read_text("utf-8") == figure
                (record,) = records_in(files[STAGED].read_bytes())
                assert record == {"run": "run 1", "kind": "cell", "figure": figure}
            assert not journal.take(CELL_ASKED, files)


def test_a_line_without_an_end_takes_no_more_memory_than_a_sound_one(
    tmp_path: Path, files: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_LONGEST", 2000)
    kept_in(tmp_path / "journal", files, "1")
    with (tmp_path / "journal").open("ab") as file:
        file.write(b"x" * 100_000)
    kept_in(tmp_path / "journal", files, "2")
    assert CellJournal(tmp_path / "journal", "stamp", "run").count == 2


def test_a_folder_in_its_place_is_told(tmp_path: Path) -> None:
    with pytest.raises(IsADirectoryError):
        CellJournal(tmp_path, "stamp", "run")


def test_a_record_that_a_kill_cut_short_takes_no_other_with_it() -> None:
    assert list(records_in(b'{"kind": 1}\n{"ki\n\n[]\n7\n\xff\n{"kind": 2}\n{')) == [
        {"kind": 1},
        {},
        {"kind": 2},
    ]
