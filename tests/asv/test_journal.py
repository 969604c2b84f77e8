"""What a run that was killed had measured is taken over by the next one, which says so."""

from __future__ import annotations

import json
import math
import signal
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest
from asvproject import CELL, MACHINE, AsvProject, result_of

from ftbench.asv.journal import STAGED, Journal
from ftbench.results.records import read_records, records_path

CELLS = ("-E", "ft", "--bench", r"lifecycle.*track_round\(.(threads|processes)., .(none|fork).")


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
    assert "they are taken over" in done.said
    (file,) = project.results.glob("3*-pyft-*.json")
    (figures,) = [row["result"] for row in result_of(file).values() if row["result"]]
    assert sum(not math.isnan(value) for value in figures) == 12
    runs = [cell["run"] for cell in read_records(records_path(file)).cells]
    assert len(runs) == 12
    assert sorted(map(runs.count, set(runs))) == sorted([kept, 12 - kept])
    assert journals(project) == []


def test_a_run_that_ends_well_leaves_no_journal(measured: AsvProject) -> None:
    assert CELL
    assert journals(measured) == []


@pytest.fixture
def files(tmp_path: Path) -> dict[str, Path]:
    return {name: tmp_path / name for name in ("result", STAGED)}


def kept_in(path: Path, files: dict[str, Path], *figures: str) -> None:
    journal = Journal(path, "stamp", "run 1")
    for figure in figures:
        files["result"].write_text(figure, encoding="utf-8")
        begin = files[STAGED].stat().st_size if files[STAGED].exists() else 0
        with files[STAGED].open("a", encoding="utf-8") as staged:
            staged.write(json.dumps({"kind": "cell", "figure": figure}) + "\n")
        journal.keep("a.A.track_b-0", files, begin)


def test_rounds_of_a_cell_come_in_their_order_with_their_own_records(
    tmp_path: Path, files: dict[str, Path]
) -> None:
    kept_in(tmp_path / "journal", files, "1", "2")
    files[STAGED].unlink()
    journal = Journal(tmp_path / "journal", "stamp", "run 2")
    assert journal.count == 2
    for figure in ("1", "2"):
        assert journal.take("a.A.track_b-0", files)
        assert files["result"].read_text("utf-8") == figure
    assert not journal.take("a.A.track_b-0", files)
    records: list[dict[str, Any]] = list(map(json.loads, files[STAGED].read_text().splitlines()))
    assert [record["figure"] for record in records] == ["1", "2"]
    assert {record["run"] for record in records} == {"run 1"}


@pytest.mark.parametrize(
    "damage", [b'{"asked": "a', b"[]\n", b"7\n", b'{"stamp": "stamp"}\n', b"\xff\n"]
)
def test_what_is_cut_short_or_of_another_kind_is_nothing(
    tmp_path: Path, files: dict[str, Path], damage: bytes
) -> None:
    kept_in(tmp_path / "journal", files, "1")
    with (tmp_path / "journal").open("ab") as file:
        file.write(damage)
    assert Journal(tmp_path / "journal", "stamp", "run 2").count == 1
    assert Journal(tmp_path / "journal", "another build", "run 2").count == 0
    kept_in(tmp_path / "journal", files, "2")
    assert Journal(tmp_path / "journal", "stamp", "run 3").count == 2
