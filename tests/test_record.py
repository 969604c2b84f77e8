"""The tool that measures the record: what is missing, in which order, and how it is ended."""

from __future__ import annotations

import itertools
import json
import time
from dataclasses import replace
from pathlib import Path

import psutil
import pytest
import record as tool
from fake_builds import fake_interpreter
from record import MEASURED, Plan, Recorder, Step, measured, read_plan, span
from record import record as go_on

from ftbench.errors import UsageError
from ftbench.pythons import Interpreter
from ftbench.results.records import RECORDS

ROOT = Path(__file__).parents[1]
PLAN = Plan(
    releases=("3.13.14", "3.13.15", "3.14.7"),
    profile="quick",
    first=("single_thread", "lifecycle"),
    duels=("single_thread",),
)
QUICK = r"^(single_thread|lifecycle|grain|instructions)\."


def _builds(*names: str, optimized: bool = False, jit: str = "none") -> list[Interpreter]:
    return [
        fake_interpreter(
            f"/opt/{name}{'-pgo' * optimized}{'t' * free}/bin/python3",
            version=name,
            free_threaded=free,
            pgo=optimized,
            lto=optimized,
            jit="none" if free else jit,
        )
        for name in names
        for free in (False, True)
    ]


def _recorder(tmp_path: Path, *builds: list[Interpreter]) -> Recorder:
    (tmp_path / "benchmarks").symlink_to(ROOT / "benchmarks")
    every = list(itertools.chain(*builds))
    return Recorder(plan=PLAN, folder=tmp_path, machine="box", bench=QUICK, builds=every)


def _titles(of: Recorder) -> list[str]:
    return [step.title for step in of.steps()]


def test_the_first_come_first_then_the_rest_duels_floors_and_instructions(tmp_path: Path) -> None:
    titles = _titles(_recorder(tmp_path, _builds("3.13.14", "3.13.15")))
    kinds = [title.partition(":")[0].partition(" of")[0] for title in titles]
    assert [kind for kind, _ in itertools.groupby(kinds)] == [
        *("single_thread.SingleThread", "lifecycle.Lifecycle", "grain.Grain"),
        *("duel", "noise floor"),
        *("instructions.SingleThread", "instructions.CpuScaling", "instructions.MustScale"),
    ]
    assert titles[0].startswith("single_thread.SingleThread: 3.13.14, 3.13.15, 6 ")


def test_a_pgo_build_meets_no_plain_one_in_a_duel_and_has_environments_of_its_own(
    tmp_path: Path,
) -> None:
    plain = _builds("3.13.14", "3.13.15", "3.14.7")
    of = _recorder(tmp_path, plain, _builds("3.13.15", "3.14.7", optimized=True))
    steps = list(of.steps())
    names = {word for word in steps[0].command if word.startswith("cpython-")}
    assert {"-pgo-lto-" in name for name in names} == {True, False}
    duels = [step for step in steps if step.title.startswith("duel")]
    assert [step.title for step in duels] == [
        "duel of 3.13.14 and 3.13.15, gil: single_thread.SingleThread",
        "duel of 3.13.14 and 3.13.15, ft: single_thread.SingleThread",
    ]
    assert not any("-pgo" in word for step in duels for word in step.command)
    assert list(of.lacking) == [
        "3.13.14, optimized: ftbench pythons install 3.13.14 3.13.14t --optimized"
    ]


def test_the_jit_is_measured_where_it_is_built_in_alone(tmp_path: Path) -> None:
    of = _recorder(tmp_path, _builds("3.13.15"), _builds("3.14.7", jit="off"))
    (first, *_) = of.steps()
    assert [word for word in first.command if word.endswith("PYTHON_JIT1")] == [
        "cpython-pygil-buildsource-gcc12-jitoff-profilequick-PYTHON_JIT1"
    ]
    floors = [step.command for step in of.steps() if step.title.startswith("noise")]
    assert sum("jit" in command for command in floors) == 1


def test_what_is_on_record_is_not_measured_again_unless_the_work_has_changed(
    tmp_path: Path,
) -> None:
    of = _recorder(tmp_path, _builds("3.13.15"))
    (first, *_) = of.steps()
    version = of.cells["single_thread.SingleThread"][0].version
    names = [word for word in first.command if word.startswith("cpython-")]
    (commit,) = Path(first.command[3].removeprefix("HASHFILE:")).read_text().split()

    def keep(version: str, names: list[str]) -> None:
        of.own.mkdir(parents=True, exist_ok=True)
        cell = {"kind": "cell", "group": "single_thread.SingleThread", "params": {}}
        lines = [RECORDS.schema, {**cell, "version": version}]
        for name in names:
            path = of.own / f"{commit}-{name}{RECORDS.suffix}"
            path.write_text("".join(f"{json.dumps(line)}\n" for line in lines))

    keep(version, names[:2])
    assert next(of.steps()).command.count("-E") == len(names) - 2
    keep(version, names)
    assert next(of.steps()).title.startswith("lifecycle.Lifecycle")
    keep("0", names)
    time.sleep(0.01)
    assert next(of.steps()).title == first.title


def _python(code: str) -> Step:
    return Step(title=code, command=("-c", code))


def test_a_step_whose_time_is_over_is_ended_with_all_that_it_began(tmp_path: Path) -> None:
    forever = "import subprocess, sys; subprocess.run([sys.executable, '-c', 'input()'])"
    before = {each.pid for each in psutil.process_iter()}
    assert measured(_python(forever), tmp_path, "quick", 1.5) is None
    ours = [each for each in psutil.process_iter(["cmdline"]) if each.pid not in before]
    assert not [each for each in ours if "input()" in str(each.info["cmdline"])]


@pytest.mark.parametrize("code", [0, 2, 10, 1, 7])
def test_that_cells_failed_or_something_is_worse_was_measured_all_else_has_failed(
    tmp_path: Path, code: int
) -> None:
    done = measured(_python(f"import sys; sys.exit({code})"), tmp_path, "quick", None)
    assert done is (code in MEASURED)


def test_it_goes_on_after_a_failure_and_says_what_is_left(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    of = _recorder(tmp_path)
    steps = [_python("raise SystemExit(9)"), _python("print('fine')")]
    monkeypatch.setattr(Recorder, "steps", lambda _: iter(steps))
    said = list(go_on(of, None))
    assert said == [
        steps[0].title,
        f"FAILED: {steps[0].title}",
        steps[1].title,
        "2 steps are left: the next call goes on.",
    ]
    steps.clear()
    assert list(go_on(of, None)) == ["The record is whole."]


def test_the_committed_plan_can_be_read_and_names_scenarios(tmp_path: Path) -> None:
    plan = read_plan(tool.PLAN)
    of = replace(_recorder(tmp_path), plan=plan, bench=".")
    scenarios = {group.partition(".")[0] for group in of.cells}
    assert scenarios >= {*plan.first, *plan.duels}
    (tmp_path / "bad.toml").write_text('releases = ["3.14.7"]\nprofile = "long"\n')
    with pytest.raises(UsageError, match="profiles are smoke, quick, full"):
        read_plan(tmp_path / "bad.toml")


@pytest.mark.parametrize(("text", "seconds"), [("90s", 90), ("45m", 2700), ("1.5h", 5400)])
def test_a_time_is_seconds_minutes_or_hours(text: str, seconds: float) -> None:
    assert span(text) == seconds


@pytest.mark.parametrize("text", ["", "45", "0m", "-1m", "1d", "m"])
def test_any_other_time_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="is no time"):
        span(text)
