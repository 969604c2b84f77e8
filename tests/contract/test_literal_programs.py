"""The independent programs: they know nothing of the harness, and each checks its own result."""

import ast
import itertools
import json
import runpy
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from unittest import mock

import confirm
import pytest
from probing import ran

from ftbench.errors import FtbenchError, NotAvailableError
from ftbench.probe.scenarios.shared_set_strategies import STRATEGIES
from ftbench.probe.workloads.crunching import errand
from ftbench.pythons import Interpreter

LITERAL = Path(__file__).parent.parent / "tools" / "literal"
PROGRAMS = sorted(LITERAL.glob("*.py"))
ON_LINUX = pytest.mark.skipif(sys.platform != "linux", reason="reads /proc or pins threads (Linux)")


@pytest.mark.parametrize("program", PROGRAMS, ids=lambda path: path.stem)
def test_an_independent_program_imports_the_standard_library_alone(program: Path) -> None:
    imported = set()
    for node in ast.walk(ast.parse(program.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            imported |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert not node.level
            imported.add(str(node.module).partition(".")[0])
    assert imported
    assert imported <= sys.stdlib_module_names


@ON_LINUX
@pytest.mark.parametrize(
    "without",
    [
        "os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})",
        "del os.sched_setaffinity, os.sched_getaffinity",
    ],
)
def test_two_threads_without_a_cpu_each_are_refused(without: str) -> None:
    program = str(LITERAL / "contention.py")
    code = f"import os, runpy\n{without}\nrunpy.run_path({program!r}, run_name='__main__')"
    done = ran([sys.executable, "-c", code, "--work", "list", "--slices", "2"])
    assert (done.returncode, done.stdout) == (3, "")
    assert "a CPU each" in done.stderr


@ON_LINUX
@pytest.mark.parametrize(
    "command",
    [
        "tasks.py --mode loop --tasks 40 --steps 10 --writes 0.1",
        "tasks.py --mode forkserver --workers 2 --tasks 40 --steps 10 --payload 1000",
        "tasks.py --mode spawn --workers 2 --tasks 40 --steps 10 --writes 0.3",
        *(
            f"tasks.py --mode {mode} --workers 2 --tasks 40 --steps 10 --writes 0.1 --share {share}"
            for mode, share in itertools.product(("threads", "fork"), STRATEGIES)
        ),
        *(
            f"set_operations.py --mode {mode} --strategy {strategy} --workers 2 --operations 500"
            for mode, strategy in itertools.product(("threads", "fork"), STRATEGIES)
        ),
        "windows.py --mode threads --window 1 --count 200",
        "windows.py --mode threads --count 200",
        "windows.py --mode fork --count 200",
        "windows.py --mode fork --count 200 --batch",
        "latency.py --mode loop --steps 10 --requests 20",
        "latency.py --mode threads --workers 2 --steps 10 --requests 20",
    ],
)
def test_an_independent_program_finds_its_own_result_sound(command: str) -> None:
    program, *arguments = command.split()
    ended = ran([sys.executable, str(LITERAL / program), *arguments])
    assert ended.returncode == 0, ended.stderr
    assert json.loads(ended.stdout)["sound"] is True


@ON_LINUX
@pytest.mark.parametrize("share", ["shared_memory", "local", "actor"])
def test_subinterpreters_share_what_they_can(share: str, new_python: Interpreter) -> None:
    words = ["--mode", "subinterpreters", "--workers", "2", "--tasks", "40", "--writes", "0.1"]
    ended = ran([new_python.executable, str(LITERAL / "tasks.py"), *words, "--share", share])
    assert ended.returncode == 0, ended.stderr
    assert json.loads(ended.stdout)["sound"] is True


def test_what_a_mode_or_an_interpreter_lacks_is_code_3(new_python: Interpreter) -> None:
    words = [str(LITERAL / "tasks.py"), "--mode", "subinterpreters"]
    for python, more, said in (
        (new_python.executable, ["--share", "lock"], "Subinterpreters share no set and no dict."),
        (sys.executable, [], "This interpreter has no subinterpreters."),
    ):
        if python == sys.executable and sys.version_info >= (3, 14):
            continue
        ended = subprocess.run(
            [python, *words, *more], capture_output=True, text=True, timeout=60, check=False
        )
        assert (ended.returncode, ended.stdout, ended.stderr.strip()) == (3, "", said)


@pytest.mark.parametrize("share", [0.0, 0.05, 0.3, 0.7, 1.0])
def test_the_share_that_writes_is_the_one_asked_for(share: float) -> None:
    writes = runpy.run_path(str(LITERAL / "tasks.py"))["writes"]
    assert abs(sum(writes(number, share) for number in range(1000)) - 1000 * share) <= 1


def test_the_work_of_a_task_is_that_of_the_map() -> None:
    work = runpy.run_path(str(LITERAL / "tasks.py"))["work"]
    for payload, steps in ((b"", 10), (b"x" * 1000, 300)):
        assert work(payload, steps) == errand(steps, payload)


@ON_LINUX
@pytest.mark.parametrize(
    ("program", "right", "wrong"),
    [
        ("tasks.py --tasks 40 --writes 0.1", "things.setdefault(number, 1)", "pass"),
        ("tasks.py --tasks 40 --writes 1 --share actor", "seen.add(number)", "seen.add(0)"),
        ("latency.py --steps 10 --requests 20", "future.result() for", "0 for"),
        ("footprint.py --workers 1", "MOST_LOOKS = 20", "MOST_LOOKS = 1"),
    ],
)
def test_a_program_can_find_itself_unsound(program: str, right: str, wrong: str) -> None:
    name, *words = program.split()
    source = (LITERAL / name).read_text(encoding="utf-8")
    assert source.count(right) == 1
    ended = ran(
        [sys.executable, "-", "--mode", "threads", *words], input=source.replace(right, wrong)
    )
    assert ended.returncode == 1
    assert json.loads(ended.stdout)["sound"] is False


@ON_LINUX
def test_messages_that_wait_are_part_of_what_tasks_take(capsys: pytest.CaptureFixture[str]) -> None:
    tasks = runpy.run_path(str(LITERAL / "tasks.py"))
    names = tasks["main"].__globals__

    def slowly(asks: Any, seen: set[int]) -> None:
        while (number := asks.get()) is not None:
            time.sleep(0.01)
            seen.add(number)

    names["own"] = slowly
    words = "tasks.py --mode threads --workers 2 --tasks 30 --steps 1 --writes 1 --share actor"
    with mock.patch.object(sys, "argv", words.split()), pytest.raises(SystemExit, match="False"):
        tasks["main"]()
    assert json.loads(capsys.readouterr().out)["task"] >= 0.01


def test_confirm_goes_on_after_what_nothing_answers_and_ends_in_time(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = []

    def answer(command: list[str]) -> Mapping[str, Any]:
        asked.append(command)
        if "interpreters" in command:
            raise NotAvailableError("no such mode here")
        if "forkserver" in command:
            raise FtbenchError("Traceback\nboom")
        time.sleep(0.02)
        return {"metrics": {"pss": {"samples": [3.0]}}, "pss": 2.0}

    monkeypatch.setattr(confirm, "answer", answer)
    words = ["confirm.py", "--minutes", "0.001", "--rounds", "900", "--only", "PSS", sys.executable]
    monkeypatch.setattr(sys, "argv", words)
    with pytest.raises(SystemExit) as ended:
        confirm.main()
    assert ended.value.code == 1
    rows = [line.split(" | ")[2:] for line in capsys.readouterr().out.splitlines()[2:]]
    assert [row[0] for row in rows] == ["1.50", "1.50", "\N{EN DASH}", "1.50", "\N{EN DASH}"]
    assert [row[1] for row in rows if row[0] != "1.50"] == ["boom", "no such mode here"]
    assert len(asked) < 50
