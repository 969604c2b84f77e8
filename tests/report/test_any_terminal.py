"""Every command in any terminal: any encoding and width, no colour, closed, no home folder."""

from __future__ import annotations

import io
import os
import re
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import click
import pytest
from commands import subcommands
from fake_results import arms, result_file, slow_down, write_project
from probing import ran
from synthetic import Plan

import ftbench.cli as module
from ftbench.errors import FaultError, NothingError, RegressionError, UsageError

RELEASES = ("3.13.15", "3.14.2")
SIZES = ("10us_0", "100us_0", "1ms_0", "10ms_0")
ROOT = Path(__file__).parents[2]


def paths(command: click.Command, words: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """Yield the words of every command and group."""
    yield words
    if isinstance(command, click.Group):
        for name, each in subcommands(command):
            yield from paths(each, (*words, name))


HELPS = [(*words, "--help") for words in paths(module.cli)]
# What ends quickly, and how.
ENDS = {
    ("compare", *RELEASES): RegressionError.exit_code,
    ("compare", *RELEASES, "--every"): RegressionError.exit_code,
    ("compare", "3.13.15", "3.13.1"): NothingError.exit_code,
    ("compare", "3.13.15", "µ±≈"): UsageError.exit_code,
    ("report",): 0,
    ("advise", "--task", "200us"): 0,
    ("advise", "--task", "200us", "--shared-writes", "5%", "--memory", "2GiB"): 0,
    ("advise", "--task", "9000s"): NothingError.exit_code,
    ("pythons",): 0,
    ("releases",): 0,
    ("results", "migrate"): 0,
    ("bench", "no release"): UsageError.exit_code,
    ("--version",): 0,
}
COMMANDS = [*ENDS, *HELPS]
ENDINGS = (RELEASES, ("3.13.15", "µ±≈"))


def named(words: Sequence[str]) -> str:
    return " ".join(words) or "ftbench"


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("project")
    sizes = tuple(f"{each}_{size}" for each in ("task", "p99", "cpu") for size in SIZES)
    only = ("e.track_round", *sizes, "Crossover.track_pss", "SharedSet.track_")
    write_project(folder, Plan(releases=RELEASES, arms=arms("gil", "ft")), only=only)
    slow_down(result_file(folder / "results", "3.14.2", "ft"), 3)
    return folder


@pytest.fixture(autouse=True)
def _in_project(
    project: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(project)
    monkeypatch.setenv("FTBENCH_CACHE", str(tmp_path_factory.getbasetemp() / "cache"))
    monkeypatch.setenv("FTBENCH_PYTHONS", "")
    monkeypatch.setenv("PATH", "")
    for name in ("COLUMNS", "NO_COLOR", "FORCE_COLOR", "FTBENCH_DEBUG"):
        monkeypatch.delenv(name, raising=False)


class Stream(io.TextIOWrapper):
    """A stream that may say that it is a terminal."""

    is_terminal = False

    def isatty(self) -> bool:
        return self.is_terminal


class Ended(NamedTuple):
    code: int
    out: str
    err: str


def ended(
    monkeypatch: pytest.MonkeyPatch,
    words: Sequence[str],
    *,
    encoding: str = "utf-8",
    terminal: bool = False,
) -> Ended:
    """Call `ftbench WORDS` with streams of that encoding."""
    streams = {"stdout": "strict", "stderr": "backslashreplace"}
    for name, errors in streams.items():
        stream = Stream(io.BytesIO(), encoding=encoding, errors=errors)
        stream.is_terminal = terminal
        monkeypatch.setattr(sys, name, stream)
    monkeypatch.setattr(sys, "argv", ["ftbench", *words])
    with pytest.raises(SystemExit) as raised:
        module.main()
    texts = []
    for name in streams:
        stream = getattr(sys, name)
        stream.flush()
        texts.append(stream.buffer.getvalue().decode(encoding))
    return Ended(int(raised.value.code or 0), *texts)


@pytest.mark.parametrize("encoding", ["cp1252", "latin-1", "ascii", "cp437"])
@pytest.mark.parametrize("words", COMMANDS, ids=named)
def test_every_command_can_be_told_in_any_encoding(
    monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...], encoding: str
) -> None:
    done = ended(monkeypatch, words, encoding=encoding)
    assert done.code == ENDS.get(words, 0), done.err
    assert done.out or done.code
    assert "\\u" not in done.out + done.err
    assert "\\x" not in done.out + done.err


@pytest.mark.parametrize("width", [40, 80])
@pytest.mark.parametrize("words", COMMANDS, ids=named)
def test_every_command_can_be_told_in_a_narrow_terminal(
    monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...], width: int
) -> None:
    monkeypatch.setenv("COLUMNS", str(width))
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setenv("TERM", "xterm-256color")
    done = ended(monkeypatch, words, terminal=True)
    assert done.code == ENDS.get(words, 0), done.err
    assert "\N{HORIZONTAL ELLIPSIS}" not in done.out
    assert not re.search(r"\x1b\[(\d+;)*[34]\d", done.out + done.err), "a colour"
    lines = re.sub(r"\x1b\[[\d;]*m", "", done.out).splitlines()
    wide = [line for line in lines if len(line.rstrip()) > width and len(line.split()) > 1]
    # A word is never broken, be it a path, nor are commands to copy and the names of choices.
    assert [line for line in wide if not line.startswith(("  ftbench ", "  --"))] == []


@pytest.mark.parametrize("variables", [{"TERM": "dumb"}, {"TERM": "unknown"}, {}])
@pytest.mark.parametrize("words", ENDS, ids=named)
def test_what_is_no_terminal_gets_nothing_that_would_steer_one(
    monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...], variables: dict[str, str]
) -> None:
    monkeypatch.delenv("TERM", raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    done = ended(monkeypatch, words, terminal=variables.get("TERM") == "dumb")
    assert done.code == ENDS[words]
    assert "\x1b" not in done.out + done.err


def run(words: Sequence[str], *, streams: str = "") -> subprocess.CompletedProcess[str]:
    """Call `python -c PROGRAM WORDS` by a shell, which may close streams of it."""
    program = "import ftbench.cli, sys; sys.argv[0] = 'ftbench'; ftbench.cli.main()"
    command = [sys.executable, "-c", program, *words]
    return ran(["/bin/sh", "-c", f'exec "$@" {streams}', "sh", *command])


posix = pytest.mark.skipif(os.name == "nt", reason="there is no such shell on Windows")


@posix
@pytest.mark.parametrize(
    ("words", "closed"),
    [
        *((words, ">&-") for words in ENDS),
        *((("compare", *each), closed) for each in ENDINGS for closed in ("2>&-", "<&- >&- 2>&-")),
    ],
)
def test_every_command_ends_as_ever_where_streams_are_closed(
    words: tuple[str, ...], closed: str
) -> None:
    done = run(words, streams=closed)
    assert done.returncode == ENDS[words], done.stderr
    assert "Traceback" not in done.stderr


@posix
def test_what_is_written_to_a_file_is_whole_where_output_is_closed(tmp_path: Path) -> None:
    """The first file that is opened would else be standard output."""
    path = tmp_path / "told.json"
    words = ("compare", *RELEASES, "--format", "json", "--output", str(path))
    assert run(words, streams="<&- >&- 2>&-").returncode == RegressionError.exit_code
    assert path.read_text(encoding="utf-8") == run(words[:-2]).stdout


@posix
@pytest.mark.skipif(not Path("/dev/full").exists(), reason="the system has no /dev/full")
def test_an_outcome_stands_where_nobody_can_be_told_of_it() -> None:
    assert (
        run(("compare", *RELEASES), streams="2>/dev/full").returncode == RegressionError.exit_code
    )


def helps(*options: str) -> str:
    program = (
        "import contextlib, sys, ftbench.cli as c\n"
        f"for words in {HELPS}:\n"
        "    sys.argv = ['ftbench', *words]\n"
        "    with contextlib.suppress(SystemExit):\n"
        "        c.main()\n"
    )
    return ran([sys.executable, *options, "-c", program], check=True).stdout


def test_help_is_the_same_without_docstrings() -> None:
    assert helps("-OO") == helps()


def probe(*words: str, optimize: str) -> str:
    command = [sys.executable, *filter(None, [optimize]), "-m", "ftbench.probe", *words]
    return subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, timeout=120, check=True
    ).stdout


@posix
def test_the_probe_says_the_same_of_itself_without_docstrings() -> None:
    assert probe("--help", optimize="-OO") == probe("--help", optimize="")


@posix
@pytest.mark.parametrize("words", ENDS, ids=named)
def test_every_command_works_without_a_home(
    monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...]
) -> None:
    without_home(monkeypatch)
    assert ended(monkeypatch, words).code == ENDS[words]


def without_home(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have no home folder, as a user without an entry has none."""

    def unknown(uid: int) -> None:
        raise KeyError(f"getpwuid(): uid not found: {uid}")

    monkeypatch.setattr("pwd.getpwuid", unknown)
    for name in ("HOME", "XDG_CACHE_HOME", "PYENV_ROOT", "MISE_DATA_DIR", "ASDF_DATA_DIR"):
        monkeypatch.delenv(name, raising=False)


@posix
def test_a_cache_that_cannot_be_told_is_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    without_home(monkeypatch)
    monkeypatch.delenv("FTBENCH_CACHE")
    done = ended(monkeypatch, ("pythons",))
    assert done.code == UsageError.exit_code
    assert "no home folder" in done.err
    assert "FTBENCH_CACHE" in done.err
    assert not Path("~").exists()


def test_no_end_is_a_fault_or_what_python_ends_with() -> None:
    assert not {1, FaultError.exit_code} & set(ENDS.values())


_THREADS = """
import os, sys
from ftbench.cli import main
sys.argv = ["ftbench", "compare", *sys.argv[1:]]
try:
    main()
finally:
    print("numpy" in sys.modules, len(os.listdir("/proc/self/task")))
"""


@pytest.mark.skipif(sys.platform != "linux", reason="threads are told by Linux")
def test_a_command_starts_no_threads_of_numpy(project: Path) -> None:
    """Where no more may be started its library sends SIGINT: "interrupted", which nobody did."""
    environ = {name: each for name, each in os.environ.items() if "_NUM_THREADS" not in name}
    done = ran([sys.executable, "-c", _THREADS, *RELEASES], cwd=project, env=environ)
    assert done.stdout.splitlines()[-1] == "True 1", done.stderr


@pytest.mark.parametrize("command", ["report", "bench 3.14.2"])
def test_a_folder_that_is_gone_is_said_to_be(tmp_path: Path, command: str) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    code = "import os; os.rmdir(os.getcwd()); from ftbench.cli import main; main()"
    done = ran(
        [sys.executable, "-c", code, *command.split()],
        cwd=gone,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    assert done.returncode == UsageError.exit_code, done.stderr
    assert "is gone" in done.stderr
