"""`ftbench` as a command: errors are messages and exit codes, never tracebacks."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
from pathlib import Path

import click
import pytest
from commands import subcommands
from probing import ran

import ftbench.cli as module
from ftbench.errors import (
    EXIT_CODES,
    INTERRUPTED,
    NOBODY_READS,
    AsvError,
    DeadlineError,
    FaultError,
    FtbenchError,
    GilStateError,
    InterpreterError,
    LostError,
    NotAvailableError,
    NothingError,
    RegressionError,
    ResultsError,
    UsageError,
    WorkerFailedError,
)


def ended(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> int:
    """Call `ftbench ARGUMENTS`; return its exit code."""
    monkeypatch.setattr(sys, "argv", ["ftbench", *arguments])
    with pytest.raises(SystemExit) as raised:
        module.main()
    return raised.value.code if isinstance(raised.value.code, int) else int(bool(raised.value.code))


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (FtbenchError, 1),
        (UsageError, 2),
        (NotAvailableError, 3),
        (WorkerFailedError, 4),
        (DeadlineError, 5),
        (GilStateError, 6),
        (InterpreterError, 7),
        (ResultsError, 8),
        (AsvError, 9),
        (RegressionError, 10),
        (LostError, 11),
        (NothingError, 12),
        (FaultError, 70),
    ],
)
def test_every_class_of_errors_has_its_exit_code_and_is_told_whole(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    error: type[FtbenchError],
    code: int,
) -> None:
    def failing(**_: object) -> None:
        raise error("what [bold]happened[/]", story="its story", hint="what to do")

    monkeypatch.setattr(module, "cli", failing)
    assert ended(monkeypatch) == code
    said = capsys.readouterr()
    assert said.err == "ftbench: what [bold]happened[/]\nits story\nwhat to do\n"
    assert said.out == ""


def test_every_class_of_errors_is_in_the_one_table_of_exit_codes() -> None:
    classes = {each.exit_code for each in FtbenchError.__subclasses__()}
    assert classes | {0, FtbenchError.exit_code, INTERRUPTED, NOBODY_READS} == set(EXIT_CODES)


def test_the_guide_and_the_help_have_the_table_of_exit_codes(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    guide = Path(__file__).parents[3].joinpath("docs", "guide.md").read_text(encoding="utf-8")
    rows = "\n".join(f"| {code} | {means} |" for code, means in EXIT_CODES.items())
    assert f"\n{rows}\n\n" in guide
    assert ended(monkeypatch, "--help") == 0
    told = " ".join(capsys.readouterr().out.split())
    assert all(f" {code} {means}" in told for code, means in EXIT_CODES.items())


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (RuntimeError("can't start new thread"), 3),
        (BlockingIOError(errno.EAGAIN, "unavailable"), 3),
        (OSError(errno.EMFILE, "Too many open files"), 3),
        (OSError(errno.ENOSPC, "No space left on device"), 8),
        (FileNotFoundError(errno.ENOENT, "No such file or directory"), 8),
        (RuntimeError("anything else"), FaultError.exit_code),
    ],
    ids=repr,
)
def test_what_the_system_lacks_is_not_available_and_no_fault_of_ours(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    error: Exception,
    code: int,
) -> None:
    def lacking(**_: object) -> None:
        raise error

    monkeypatch.setattr(module, "cli", lacking)
    monkeypatch.setattr(module, "_discard_output", lambda: None)
    assert ended(monkeypatch) == code
    assert ("Not available here" in capsys.readouterr().err) is (code == 3)


def test_a_fault_of_ours_is_a_sentence_and_an_exit_code_of_its_own(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def faulty(**_: object) -> None:
        raise KeyError("some [bold]key[/]")

    monkeypatch.setattr(module, "cli", faulty)
    monkeypatch.delenv("FTBENCH_DEBUG", raising=False)
    assert ended(monkeypatch) == FaultError.exit_code
    told = capsys.readouterr().err
    assert told.startswith("ftbench: This is a fault of ftbench: KeyError: 'some [bold]key[/]'\n")
    assert "Please report it" in told
    assert "FTBENCH_DEBUG=1" in told
    assert "Traceback" not in told
    monkeypatch.setenv("FTBENCH_DEBUG", "1")
    assert ended(monkeypatch) == FaultError.exit_code
    assert "in faulty\n" in capsys.readouterr().err


def test_an_interrupt_is_a_word_and_the_shells_exit_code() -> None:
    code = (
        "import ftbench.cli as c, os, signal, time\n"
        "@c.cli.command()\n"
        "def wait():\n"
        "    signal.raise_signal(signal.SIGINT)\n"
        "    time.sleep(60)\n"
        "import sys; sys.argv = ['ftbench', 'wait']\n"
        "c.main()\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 130
    assert "interrupted" in done.stderr
    assert "Traceback" not in done.stderr


PRINTED = ["click.echo('x')", "rich.get_console().print('x\\n' * 9_999)", "print('x')"]


def printing(printed: str) -> str:
    """Return a program whose command prints as told, as `ftbench` would."""
    return (
        "import sys, click, rich, ftbench.cli as c\n"
        "@c.cli.command()\n"
        "def talk():\n"
        f"    {printed}\n"
        "sys.argv = ['ftbench', 'talk']\n"
        "c.main()\n"
    )


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="the system has no /dev/full")
@pytest.mark.parametrize("printed", PRINTED)
def test_a_full_disk_is_a_word_and_the_exit_code_of_results(printed: str) -> None:
    """However it is written: Python keeps a little back until the end."""
    with Path("/dev/full").open("wb") as full:
        done = ran([sys.executable, "-c", printing(printed)], stdout=full)
    assert done.returncode == ResultsError.exit_code
    assert "No space left" in done.stderr
    assert "Is the disk full" in done.stderr
    assert "Traceback" not in done.stderr
    assert "ignored" not in done.stderr


@pytest.mark.skipif(sys.platform == "win32", reason="a pipe that nobody reads ends otherwise there")
@pytest.mark.parametrize("printed", PRINTED)
def test_a_pipe_that_nobody_reads_is_no_regression(printed: str) -> None:
    """1 would be what `compare` says of one."""
    reading, writing = os.pipe()
    os.close(reading)
    try:
        done = ran([sys.executable, "-c", printing(printed)], stdout=writing)
    finally:
        os.close(writing)
    assert (done.returncode, done.stderr) == (NOBODY_READS, "")


def test_an_unknown_command_is_a_usage_error(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert ended(monkeypatch, "mesure") == UsageError.exit_code
    assert "No such command 'mesure'" in capsys.readouterr().err


def test_help_lists_the_commands(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert ended(monkeypatch, "--help") == 0
    said = capsys.readouterr().out
    assert all(name in said for name in ("bench", "pythons", "releases"))


LARGE = {"asv", "jinja2", "matplotlib", "numpy", "scipy", "virtualenv"}
ALSO_LARGE = {"psutil", "python_discovery", "rich"}


@pytest.mark.parametrize(
    ("words", "large"),
    [
        (["--help"], LARGE | ALSO_LARGE),
        (["advise", "--help"], LARGE),
        (["compare", "--help"], LARGE),
        (["report", "--help"], LARGE),
    ],
    ids=["all", "advise", "compare", "report"],
)
def test_help_waits_for_no_large_library(words: list[str], large: set[str]) -> None:
    code = (
        "import contextlib, io, sys, ftbench.cli\n"
        "with contextlib.suppress(SystemExit), contextlib.redirect_stdout(io.StringIO()):\n"
        "    ftbench.cli.main()\n"
        "print(*sorted({name.partition('.')[0] for name in sys.modules}))"
    )
    done = ran([sys.executable, "-c", code, *words])
    assert done.returncode == 0, done.stderr
    assert not large.intersection(done.stdout.split())
    assert "click" in done.stdout.split()


def test_the_main_job_outside_of_a_project_is_a_usage_error(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    assert ended(monkeypatch, "bench") == UsageError.exit_code
    assert "Call this in a clone of ftbench" in capsys.readouterr().err


def test_an_unknown_profile_in_the_environment_is_a_usage_error(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    (tmp_path / "asv.conf.json").touch()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("FTBENCH_PROFILE", "ful")
    assert ended(monkeypatch, "bench") == UsageError.exit_code
    assert "Did you mean 'full'?" in capsys.readouterr().err


def test_every_command_explains_itself() -> None:
    def explained(command: click.Command) -> bool:
        below = subcommands(command) if isinstance(command, click.Group) else ()
        return bool(command.help) and all(explained(each) for _, each in below)

    assert explained(module.cli)
