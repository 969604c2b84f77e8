"""The tool that measures the record: what is missing, in which order, and how it is ended."""

from __future__ import annotations

import itertools
import json
import re
import time
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import msgspec
import psutil
import pytest
import record as tool
from fake_builds import fake_interpreter
from record import MEASURED, Plan, Recorder, Step, measured, read_plan, span
from record import record as go_on

from ftbench.errors import UsageError
from ftbench.pythons import Interpreter
from ftbench.results.records import DUELS, RECORDS

ROOT = Path(__file__).parents[1]
PLAN = Plan(
    releases=("3.13.14", "3.13.15", "3.14.7"),
    profile="quick",
    first=("duel single_thread", "single_thread", "lifecycle"),
    last=("noise single_thread", "instructions"),
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


def _distribution(*names: str) -> list[Interpreter]:
    return [
        fake_interpreter(
            f"/opt/{name}-pgo-debian/bin/python3",
            version=name,
            free_threaded=False,
            origin="debian",
            pgo=True,
            lto=True,
            jit="off",
        )
        for name in names
    ]


def _recorder(tmp_path: Path, *builds: list[Interpreter]) -> Recorder:
    (tmp_path / "benchmarks").symlink_to(ROOT / "benchmarks")
    every = list(itertools.chain(*builds))
    return Recorder(plan=PLAN, folder=tmp_path, machine="box", bench=QUICK, builds=every)


def _titles(of: Recorder) -> list[str]:
    return list(map(_title, of.steps()))


def _title(step: Step) -> str:
    return step.title


def test_a_plan_is_in_its_order_and_what_it_does_not_name_between(tmp_path: Path) -> None:
    titles = _titles(_recorder(tmp_path, _builds("3.13.14", "3.13.15")))
    kinds = [title.partition(":")[0].partition(" of")[0] for title in titles]
    assert [kind for kind, _ in itertools.groupby(kinds)] == [
        *("duel", "single_thread.SingleThread", "lifecycle.Lifecycle", "grain.Grain"),
        "noise floor",
        *("instructions.SingleThread", "instructions.CpuScaling", "instructions.MustScale"),
    ]
    assert "single_thread.SingleThread: 3.13.14, 3.13.15, plain, quick, 6 results" in titles


def test_arms_duel_first_then_the_newest_of_each_series_then_the_newest_two_of_one(
    tmp_path: Path,
) -> None:
    titles = _titles(_recorder(tmp_path, _builds("3.13.14", "3.13.15", "3.14.7")))
    assert [title.removesuffix(", plain: single_thread.SingleThread") for title in titles[:8]] == [
        "duel of 3.14.7 and 3.14.7t",
        "duel of 3.13.15 and 3.13.15t",
        "duel of 3.13.15 and 3.14.7",
        "duel of 3.13.15t and 3.14.7t",
        "duel of 3.13.14 and 3.13.15",
        "duel of 3.13.14t and 3.13.15t",
        "single_thread.SingleThread: 3.13.14, 3.13.15, 3.14.7, plain, quick, 9 results",
        "lifecycle.Lifecycle: 3.13.14, 3.13.15, 3.14.7, plain, quick, 9 results",
    ]


def test_pgo_builds_come_first_and_never_meet_plain_ones(tmp_path: Path) -> None:
    plain = _builds("3.13.14", "3.13.15", "3.14.7")
    of = _recorder(tmp_path, plain, _builds("3.13.15", "3.14.7", optimized=True))
    steps = list(of.steps())
    for step in steps:
        optimized = [("-pgo" in word) for word in step.command if re.search("/opt/|cpython-", word)]
        assert set(optimized) == {", optimized" in step.title}, step
    kinds = [", optimized" in step.title for step in steps]
    assert [kind for kind, _ in itertools.groupby(kinds)] == [True, False, True, False]
    assert steps[0].title == "duel of 3.14.7 and 3.14.7t, optimized: single_thread.SingleThread"
    assert list(of.lacking) == [
        "3.13.14, optimized: ftbench pythons install 3.13.14 3.13.14t --optimized"
    ]


def test_a_duel_that_is_on_record_is_measured_again_of_another_kind_of_build_or_work_alone(
    tmp_path: Path,
) -> None:
    of = _recorder(tmp_path, _builds("3.14.7"), _builds("3.14.7", optimized=True))
    duels = [step for step in of.steps() if step.title.startswith("duel")]
    assert len(duels) == 2
    version = of.cells["single_thread.SingleThread"][0].version
    sides = [
        {"release": "3.14.7", "arm": arm, "flavour": "source-gcc12", "mode": "serial", "build": "b"}
        for arm in ("gil", "ft")
    ]
    duel = {
        "kind": "duel",
        "group": "single_thread.SingleThread",
        "params": {},
        "metric": "cpu",
        "unit": "seconds",
        "sides": sides,
        "machine": "m",
        "sitting": "",
        "seed": 1,
        "rounds": 1,
        "margin": 0.03,
        "pairs": [[0.0, 1.0, 1.0]],
    }
    of.own.mkdir(parents=True)
    path = of.own / f"3.14.7-gil_3.14.7-ft{DUELS.suffix}"
    for work, left in ((version, duels[:1]), ("0", duels)):
        lines = [DUELS.schema, {**duel, "version": work}]
        path.write_text("".join(f"{json.dumps(line)}\n" for line in lines))
        assert [step for step in of.steps() if step.title.startswith("duel")] == left


def test_the_full_profile_comes_when_all_else_is_there_without_duels(tmp_path: Path) -> None:
    of = _recorder(tmp_path, _builds("3.13.15", "3.14.7"))
    before = list(of.steps())
    after = list(replace(of, plan=msgspec.structs.replace(PLAN, full=("3.14.7",))).steps())
    full = after[len(before) :]
    assert after[: len(before)] == before
    assert {step.profile for step in before} == {"quick"}
    assert {step.profile for step in full} == {"full"}
    assert not any("3.13" in step.title for step in full)
    assert not any(step.title.startswith("duel") for step in full)


def test_the_jit_is_measured_where_it_is_built_in_alone(tmp_path: Path) -> None:
    of = _recorder(tmp_path, _builds("3.13.15"), _builds("3.14.7", jit="off"))
    first = next(step for step in of.steps() if step.title.startswith("single_thread"))
    assert [word for word in first.command if word.endswith("PYTHON_JIT1")] == [
        "cpython-pygil-buildsource-gcc12-jitoff-profilequick-PYTHON_JIT1"
    ]
    floors = [step.command for step in of.steps() if step.title.startswith("noise")]
    assert sum("jit" in command for command in floors) == 1


def test_a_gil_build_alone_is_measured_and_duels_with_its_jit_and_its_own_flavour(
    tmp_path: Path,
) -> None:
    plan = msgspec.structs.replace(PLAN, releases=("3.14.7", "3.14.10", "3.15.2"))
    built = _builds("3.14.7", optimized=True)
    of = replace(_recorder(tmp_path, built, _distribution("3.14.10", "3.15.2")), plan=plan)
    duels = [step for step in of.steps() if step.title.startswith("duel")]
    assert [step.title.partition(", optimized")[0] for step in duels] == [
        "duel of 3.15.2 and 3.15.2, JIT on",
        "duel of 3.14.10 and 3.14.10, JIT on",
        "duel of 3.14.10 and 3.15.2",
        "duel of 3.14.7 and 3.14.7t",
    ]
    arms = [[w for w in step.command if w in {"gil", "ft", "jit"}] for step in duels]
    assert arms == [["gil", "jit"], ["gil", "jit"], ["gil", "gil"], ["gil", "ft"]]
    first = next(step for step in of.steps() if step.title.startswith("single_thread"))
    assert first.command.count("-E") == len(["gil", "jit"]) + len(["gil", "ft", "ft-gil1"])
    assert [each for each in of.lacking if "optimized:" in each] == [
        "3.14.10, optimized: ftbench pythons install 3.14.10t --optimized",
        "3.15.2, optimized: ftbench pythons install 3.15.2t --optimized",
    ]


def test_what_is_on_record_is_not_measured_again_unless_the_work_has_changed(
    tmp_path: Path,
) -> None:
    of = _recorder(tmp_path, _builds("3.13.15"))
    of = replace(of, plan=msgspec.structs.replace(PLAN, first=PLAN.first[1:]))
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
    assert measured(_python(forever), tmp_path, 1.5) is None
    ours = [each for each in psutil.process_iter(["cmdline"]) if each.pid not in before]
    assert not [each for each in ours if "input()" in str(each.info["cmdline"])]


@pytest.mark.parametrize("code", [0, 2, 10, 1, 7])
def test_that_cells_failed_or_something_is_worse_was_measured_all_else_has_failed(
    tmp_path: Path, code: int
) -> None:
    done = measured(_python(f"import sys; sys.exit({code})"), tmp_path, None)
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
        "2 steps are left: run this again to continue.",
    ]
    steps.clear()
    assert list(go_on(of, None)) == ["The record is complete."]


def test_a_plan_says_about_how_long_each_step_takes_and_all_so_far(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    of = _recorder(tmp_path)
    (tmp_path / "results").mkdir()
    (tmp_path / "plan.toml").write_text(
        'releases = ["3.14.7"]\nkinds = ["plain"]\nfirst = ["duel single_thread"]\n'
    )
    arguments = ["--plan", "--from", str(tmp_path / "plan.toml"), "--folder", str(tmp_path)]
    argv = [*arguments, "--machine", "box", "--bench", "^single_thread"]
    assert tool.main(argv, builds=_builds("3.14.7")) == 0
    cells = len(of.cells["single_thread.SingleThread"])
    about = timedelta(seconds=cells * tool.DUEL_SECONDS)
    duel, alone = capsys.readouterr().out.splitlines()[-2:]
    assert duel.endswith(f": single_thread.SingleThread, about {about}, {about} so far")
    assert alone.endswith("3 results")  # nothing is on record of how long that takes


def test_the_committed_plan_can_be_read_and_names_scenarios(tmp_path: Path) -> None:
    plan = read_plan(tool.PLAN)
    of = replace(_recorder(tmp_path), plan=plan, bench=".")
    scenarios = {group.partition(".")[0] for group in of.cells}
    assert scenarios >= {what.rpartition(" ")[2] for what in (*plan.first, *plan.last)}
    assert {*plan.full} <= {*plan.releases}
    (tmp_path / "bad.toml").write_text('releases = ["3.14.7"]\nprofile = "long"\n')
    with pytest.raises(UsageError, match="profiles are smoke, quick, full"):
        read_plan(tmp_path / "bad.toml")
    (tmp_path / "bad.toml").write_text('releases = []\nfirst = ["dual single_thread"]\n')
    with pytest.raises(UsageError, match="SCENARIO, 'duel SCENARIO' or 'noise SCENARIO'"):
        read_plan(tmp_path / "bad.toml")


@pytest.mark.parametrize(("text", "seconds"), [("90s", 90), ("45m", 2700), ("1.5h", 5400)])
def test_a_time_is_seconds_minutes_or_hours(text: str, seconds: float) -> None:
    assert span(text) == seconds


@pytest.mark.parametrize("text", ["", "45", "0m", "-1m", "1d", "m"])
def test_any_other_time_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="is not a time"):
        span(text)
