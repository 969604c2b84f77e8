"""asv as a child: its progress, its failure, and that it never outlives its caller."""

from __future__ import annotations

import io
import os
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from probing import eventually, lives
from rich.console import Console

from ftbench.asv.command import _CELL, _STEP, FIRST_RESULT, RUN_NAME, SOME_FAILED, Asv
from ftbench.errors import AsvError

DEADLINE_SECONDS = 30.0


def stub(folder: Path, text: str) -> Path:
    """Let asv in `folder` be this program."""
    (folder / "asv.py").write_text(text, encoding="utf-8")
    return folder


def asv_in(folder: Path, **variables: str) -> tuple[Asv, io.StringIO]:
    said = io.StringIO()
    console = Console(file=said, width=200)
    program = (sys.executable, str(folder / "asv.py"))
    return Asv(folder=folder, console=console, variables=variables, program=program), said


@pytest.mark.parametrize(
    ("line", "percent", "text"),
    [
        ("[ 0.00%] · For CPython commit 3.14.2:", 0.0, "For CPython commit 3.14.2:"),
        ("[42.50%] ··· lifecycle.Lifecycle.track_round    1.2ms", 42.5, None),
        ("[100.00%] ··· footprint.Footprint.track_pss       ok", 100.0, None),
    ],
)
def test_asvs_steps_are_understood(line: str, percent: float, text: str | None) -> None:
    step = _STEP.search(line)
    assert step is not None
    assert float(step["percent"]) == percent
    assert text is None or step["text"] == text


@given(st.text())
def test_any_other_line_is_no_step_or_one_with_a_number(line: str) -> None:
    step = _STEP.search(line)
    assert step is None or "%" in line


def test_the_command_is_shown_as_a_user_would_type_it(tmp_path: Path) -> None:
    asv, said = asv_in(stub(tmp_path, ""), FTBENCH_PROFILE="smoke")
    assert asv("run", "3.14.2^!", "--bench", "a b", show="Testing") == 0
    assert said.getvalue().startswith("$ FTBENCH_PROFILE=smoke asv run '3.14.2^!' --bench 'a b'\n")


def test_the_arguments_and_variables_reach_asv_in_its_folder(tmp_path: Path) -> None:
    program = "import os, sys; open('seen', 'w').write(repr([sys.argv[1:], os.environ['X']]))"
    asv, _ = asv_in(stub(tmp_path, program), X="y")
    asv("show", "3.14.2", show="Testing")
    assert (tmp_path / "seen").read_text(encoding="utf-8") == "[['show', '3.14.2'], 'y']"


def test_all_calls_are_of_one_run(tmp_path: Path) -> None:
    program = f"""
import os
with open("runs", "a") as file:
    file.write(os.environ[{RUN_NAME!r}] + " " + str({FIRST_RESULT!r} in os.environ) + "\\n")
"""
    asv, said = asv_in(stub(tmp_path, program))
    asv("run", show="Testing", first=True)
    asv("run", show="Testing")
    (one, early), (same, late) = map(str.split, (tmp_path / "runs").read_text().splitlines())
    assert (one, early, late) == (same, "True", "False")
    assert "FTBENCH" not in said.getvalue()  # a name that is typed again would be another sitting's


def test_what_is_skipped_and_warned_of_is_shown_in_passing(tmp_path: Path) -> None:
    lines = [
        "· Discovering benchmarks",
        "[ 0.00%] ·· CPython 3.14.2 has no GIL build here: skipped, nothing recorded.",
        "warning: something",
    ]
    asv, said = asv_in(stub(tmp_path, f"print({chr(10).join(lines)!r})"))
    asv("run", show="Testing")
    assert "warning: something" in said.getvalue()
    assert "Discovering" not in said.getvalue()


def test_without_a_terminal_a_line_tells_of_each_benchmark_and_arm_and_how_long_it_takes(
    tmp_path: Path,
) -> None:
    lines = [
        *(
            "[cell gil lifecycle.Lifecycle.track_round-0]",
            "[cell gil lifecycle.Lifecycle.track_p99-1]",
        ),
        "[cell gil lifecycle.Lifecycle.track_round-2]",  # which is not there
        *("[cell gil io.Io.track_request-0]", "[cell ft lifecycle.Lifecycle.track_round-0]"),
        *["[ 1.00%] ··· io.Io.track_request skipped"] * 300,
    ]
    plain, said = asv_in(stub(tmp_path, f"print({chr(10).join(lines)!r})"))
    seconds = {f"{arm}, lifecycle.Lifecycle-{n}": 10.0 for arm in ("gil", "ft") for n in (0, 1)}
    seconds["gil, io.Io-0"] = 130.0
    replace(plain, seconds=seconds)("run", show="Testing", total=300.0)
    _command, *steps, left_out = said.getvalue().splitlines()
    assert [step.rpartition(": ")[2] for step in steps] == [
        "gil, lifecycle.Lifecycle",
        "gil, io.Io",
        "ft, lifecycle.Lifecycle",
    ]
    assert [step.partition("%")[0].strip() for step in steps] == ["0", "7", "50"]
    assert "%, under a minute gone, under a minute left: " in steps[1]
    assert left_out.startswith("300 times asv left something out")


def test_what_is_taken_over_is_said_though_a_cell_is_on_the_same_line(tmp_path: Path) -> None:
    line = "[ 0.00%] ·· ft: 2 of 3 cells were measured by 10:03; they are reused.[cell ft a.B.c-1]"
    asv, said = asv_in(stub(tmp_path, f"print({line!r})"))
    asv("run", show="Testing")
    assert "ft: 2 of 3 cells were measured by 10:03; they are reused.\n" in said.getvalue()
    assert "ft, a.B" in said.getvalue()


def test_a_failing_asv_is_an_error_with_its_last_lines(tmp_path: Path) -> None:
    asv, _ = asv_in(stub(tmp_path, "print('the reason'); raise SystemExit(1)"))
    with pytest.raises(AsvError) as raised:
        asv("publish", show="Testing")
    assert "asv ended with code 1" in str(raised.value)
    assert "the reason" in raised.value.story
    assert "asv publish" in raised.value.hint


def test_only_the_last_lines_are_kept(tmp_path: Path) -> None:
    program = "print(*range(1000), sep=chr(10)); raise SystemExit(1)"
    asv, _ = asv_in(stub(tmp_path, program))
    with pytest.raises(AsvError) as raised:
        asv("run", show="Testing")
    kept = raised.value.story.splitlines()
    assert kept[-1] == "999"
    assert len(kept) < 100


def test_a_code_that_is_tolerated_is_returned(tmp_path: Path) -> None:
    asv, _ = asv_in(stub(tmp_path, f"raise SystemExit({SOME_FAILED})"))
    assert asv("run", show="Testing", tolerate=[SOME_FAILED]) == SOME_FAILED


CALLER = """
import sys, pathlib
from rich.console import Console
from ftbench.asv.command import Asv
folder = pathlib.Path(sys.argv[1])
asv = Asv(folder=folder, console=Console(), variables={}, program=(sys.executable, "asv.py"))
asv("run", show="Testing")
"""
BUSY = """
import os, pathlib, subprocess, sys, time
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
pathlib.Path("pids.new").write_text(f"{os.getpid()} {child.pid}")
os.replace("pids.new", "pids")
time.sleep(600)
"""


@pytest.mark.skipif(os.name == "nt", reason="signals of POSIX")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_whatever_ends_the_caller_ends_asv_and_its_children(tmp_path: Path, number: int) -> None:
    stub(tmp_path, BUSY)
    caller = subprocess.Popen(
        [sys.executable, "-c", CALLER, str(tmp_path)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        eventually((tmp_path / "pids").exists, "asv starts", DEADLINE_SECONDS)
        pids = [int(each) for each in (tmp_path / "pids").read_text().split()]
        caller.send_signal(number)
        assert caller.wait(DEADLINE_SECONDS) != 0
    finally:
        caller.kill()
    eventually(lambda: not any(map(lives, pids)), "asv and its child are gone", DEADLINE_SECONDS)


def test_a_cell_between_two_steps_is_progress_too() -> None:
    cell = _CELL.search("[52.94%] ··· footprint.F.track_left[cell ft footprint.F.track_a-7]")
    assert cell is not None
    assert cell.groups() == ("ft", "footprint.F", ".track_a", "-7")
