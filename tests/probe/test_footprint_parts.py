"""The arithmetic of footprint, and the order in which it looks."""

from __future__ import annotations

import json
import subprocess
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from confirm import QUESTIONS, ratios
from probing import document_of, environment

from ftbench.probe.entry_points import TASKS
from ftbench.probe.run.outcome import roles
from ftbench.probe.scenarios import footprint
from ftbench.probe.scenarios import footprint_workers as workers
from ftbench.probe.scenarios.base import NAMES, scenario_named
from ftbench.pythons import Interpreter

MIB = 2**20
OBSERVED = [name for name in NAMES if scenario_named(name).from_observation]


def _look(*processes: tuple[str, int, int | None]) -> dict[str, Any]:
    return {
        "at": 0.0,
        "processes": [
            {"role": role, "rss": rss * MIB, "uss": None, "pss": None if pss is None else pss * MIB}
            for role, rss, pss in processes
        ],
    }


def _phases(pss: bool = True) -> dict[str, Any]:  # noqa: FBT001, FBT002
    def of(value: int) -> int | None:
        return value if pss else None

    busy = [
        _look(("parent", 10, of(6)), ("worker", 10, of(5)), ("worker", 10, of(5))),
        _look(("parent", 10, of(6)), ("worker", 12, of(7)), ("worker", 10, of(5))),
    ]
    return {
        "baseline": {"samples": [_look(("parent", 9, of(8)))]},
        "half": {"samples": [_look(("parent", 10, of(7)), ("worker", 10, of(5)))]},
        "busy": {"samples": busy, "reader": "fake", "interval": 0.2, "duty": 0.001},
        "left": {"samples": [_look(("parent", 10, of(9)))]},
    }


def test_the_tree_is_summed_and_shared_out_over_its_workers() -> None:
    found = footprint.metrics(_phases(), workers=2)
    mib = {name: [each / MIB for each in metric.samples] for name, metric in found.items()}
    assert mib == {
        "rss": [30, 32],
        "pss": [16, 18],
        "per_worker": [4, 6],
        "peak": [18],
        "left": [9],
    }


def test_without_pss_the_next_best_figure_is_taken() -> None:
    found = footprint.metrics(_phases(pss=False), workers=2)
    assert "pss" not in found
    assert list(found["peak"].samples) == [32 * MIB]
    assert list(found["left"].samples) == [10 * MIB]


def test_who_weighs_what_is_told_by_role() -> None:
    assert roles(_phases()[workers.BUSY]["samples"][-1]) == {
        "parent": {"processes": 1, "rss": 10 * MIB, "pss": 6 * MIB},
        "worker": {"processes": 2, "rss": 22 * MIB, "pss": 12 * MIB},
    }


def test_the_looking_itself_is_reported() -> None:
    notes = footprint.from_observation(_phases(), 2).notes
    assert notes["looks"] == 2
    assert notes["observer"] == {"reader": "fake", "interval": 0.2, "duty": 0.001}


def test_several_holds_are_summed_up_look_by_look_in_their_order() -> None:
    phases = _phases()
    again = [
        _look(("parent", 10, 6), ("worker", 20, 15), ("worker", 20, 15), ("fork server", 1, 1))
    ]
    phases["busy 2"] = {"samples": again, "reader": "fake", "interval": 0.2, "duty": 0.003}
    found = footprint.metrics(phases, workers=2)
    assert [each / MIB for each in found["pss"].samples] == [16, 18, 37]
    assert list(found["peak"].samples) == [37 * MIB]
    notes = footprint.from_observation(phases, 2).notes
    assert (notes["holds"], notes["looks"], notes["observer"]["duty"]) == (2, 3, 0.003)
    assert notes["roles"]["fork server"]["pss"] == 1 * MIB


def test_the_articles_way_leaves_the_helpers_out_and_takes_the_last_hold() -> None:
    phases = _phases()
    assert footprint.without_helpers(phases) == {"rss": 31 * MIB, "pss": 17 * MIB}
    again = [_look(("parent", 10, 6), ("worker", 20, 15), ("fork server", 100, 100))]
    phases["busy 2"] = {"samples": again, "reader": "fake", "interval": 0.2, "duty": 0.003}
    assert footprint.without_helpers(phases) == {"rss": 30 * MIB, "pss": 21 * MIB}


def _looks_at(
    count: int, holds: int, monkeypatch: pytest.MonkeyPatch, folder: Path
) -> list[tuple[str, float, Any]]:
    """Return phase, seconds and busy threads of each look at crews of so many threads."""
    task, busy = TASKS["article"], set()

    def noted() -> int:
        busy.add(threading.current_thread())
        return task()

    monkeypatch.setitem(TASKS, "article", noted)
    monkeypatch.setattr(workers, "HELD", [])
    looks: list[tuple[str, float, Any]] = []

    def observe(phase: str, seconds: float, members: Mapping[int, str]) -> None:
        assert not members, "threads are no processes"
        looks.append((phase, seconds, {each for each in busy if each.is_alive()}))

    crews = [workers.Crew("threads", count, 20.0, str(folder)) for _ in range(holds)]
    workers.look(crews, 0.25, 0.0, observe)
    assert [checksum for _runs, checksum in workers.HELD] == [task()] * count * holds
    return looks


def test_it_looks_when_half_and_when_all_are_busy_and_before_and_after(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    looks = _looks_at(3, 1, monkeypatch, tmp_path)
    assert [(phase, seconds, len(busy)) for phase, seconds, busy in looks] == [
        ("baseline", 0.0, 0),
        ("half", 0.0, 1),
        ("busy", 0.25, 3),
        ("left", 0.0, 0),
    ]


def test_each_hold_has_fresh_workers_and_one_worker_has_no_half(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    looks = _looks_at(1, 2, monkeypatch, tmp_path)
    assert [(phase, len(busy)) for phase, _seconds, busy in looks] == [
        ("baseline", 0),
        ("busy", 1),
        ("busy 2", 1),
        ("left", 0),
    ]
    assert not looks[1][2] & looks[2][2]


_WHERE = """
import json, multiprocessing, os, sys, sysconfig
from ftbench.probe.instruments.build import build_record
def build():
    own = {"prefix", "exec_prefix", "base", "platbase"}
    variables = {n: v for n, v in sysconfig.get_config_vars().items() if n not in own}
    return json.loads(json.dumps([build_record(), variables, sys.base_prefix]))
def text():
    return os.stat("/proc/self/exe").st_ino, sys.path[1:], json.__file__, build()
if __name__ == "__main__":
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        print(json.dumps([text(), pool.apply(text)]))
"""


@pytest.mark.skipif(not Path("/proc/self/smaps_rollup").exists(), reason="there is no PSS here")
def test_a_copy_of_the_interpreter_shares_its_text_with_its_workers_alone(
    pair: tuple[Interpreter, Interpreter], tmp_path: Path
) -> None:
    for number, python in enumerate(each.executable for each in pair):
        folder, script = tmp_path / str(number), tmp_path / f"where{number}.py"
        folder.mkdir()
        script.write_text(_WHERE, encoding="utf-8")
        copies = "from ftbench.probe.run.own import own_interpreter as own; import os, sys\n"
        copies += "python = own(sys.argv[1]); os.execv(python, [python, sys.argv[2]])"
        on_copy = [str(python), "-c", copies, str(folder), str(script)]
        told = subprocess.check_output(on_copy, env=environment(), timeout=60)
        common = subprocess.check_output([str(python), str(script)], env=environment(), timeout=60)
        (inode, path, library, build), worker = json.loads(told)
        assert [inode, library, build] == [worker[0], *worker[2:]]
        assert build == json.loads(common)[0][-1], "it is the same build in all that is on record"
        assert inode != python.resolve().stat().st_ino
        assert not [each for each in path if each.endswith("-packages")], "what is installed is out"
        assert not library.startswith(str(tmp_path)), "its library is the interpreter's own"


@pytest.mark.skipif(not Path("/proc/self/smaps_rollup").exists(), reason="there is no PSS here")
@pytest.mark.parametrize("name", [*OBSERVED, "lifecycle"])
def test_every_cell_whose_memory_is_looked_at_runs_on_a_copy_and_no_other(
    gil_python: Interpreter, name: str
) -> None:
    notes = document_of(gil_python.executable, name)["notes"]
    assert notes["interpreter"] == ("a copy of its own" if name in OBSERVED else "shared")


@pytest.mark.skipif(not Path("/proc/self/smaps_rollup").exists(), reason="there is no PSS here")
@pytest.mark.parametrize("mode", ["threads", "fork"])
@pytest.mark.parametrize("which", [0, 1], ids=["gil", "ft"])
def test_it_weighs_what_a_bare_program_weighs(
    pair: tuple[Interpreter, Interpreter], which: int, mode: str
) -> None:
    """Memory is no speed: it is the same on a machine that is busy."""
    [question] = [each for each in QUESTIONS if each.title == f"PSS of 8 workers, {mode}"]
    [ratio] = ratios(str(pair[which].executable), question, 1)
    assert ratio == pytest.approx(1, abs=0.1)
