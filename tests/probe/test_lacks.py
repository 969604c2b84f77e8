"""What a system lacks is skipped with its reason and the setting that would help."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from probing import PROBE, ROOT, cell_with, document_of, environment, program, ran, run_probe

from ftbench.errors import NotAvailableError
from ftbench.probe.run import lacks
from ftbench.probe.run.child import Lines
from ftbench.probe.run.lacks import lacking
from ftbench.probe.run.programs import Program, short_folder
from ftbench.pythons import Interpreter, discover

posix = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such limits")
FORK = ["--mode", "processes", "--start-method", "fork"]
SERVER = ["--mode", "processes", "--start-method", "forkserver"]


@pytest.fixture
def temporary() -> Iterator[Path]:
    """A temporary folder with a short path; pytest's own are too long for sockets."""
    with tempfile.TemporaryDirectory(prefix="t") as folder:
        yield Path(folder)


def _limited(
    limit: Callable[[], None], *words: str, python: Path | str = sys.executable
) -> subprocess.CompletedProcess[str]:
    return ran(
        [str(python), *PROBE, *words, "--profile", "smoke", "--deadline", "20"],
        env=environment({"HOME": "/tmp"}),
        preexec_fn=limit,
    )


_RAISES = "def bad(): raise {}"


@posix
@pytest.mark.parametrize(
    ("error", "reason", "helps"),
    [
        ('RuntimeError("can\'t start new thread")', "no more processes or threads", "ulimit -u"),
        ("BlockingIOError(11, 'Resource temporarily unavailable')", "no more processes", "pids"),
        ("OSError(24, 'Too many open files')", "no more files can be opened", "ulimit -n"),
        ("OSError(28, 'No space left on device')", "room for", "--shm-size"),
        ("OSError('AF_UNIX path too long')", "too long for a socket", "TMPDIR"),
    ],
)
@pytest.mark.parametrize("mode", [["--mode", "threads"], FORK], ids=["threads", "fork"])
@pytest.mark.skipif(sys.platform != "linux", reason="errors have Linux's numbers here")
def test_a_worker_that_wants_what_is_lacking_is_no_failure(
    mode: list[str], error: str, reason: str, helps: str
) -> None:
    done = run_probe(
        sys.executable, "lifecycle", *mode, "--workers", "2", how=cell_with(_RAISES.format(error))
    )
    assert (done.returncode, done.stdout) == (3, ""), done.stderr
    assert "Not available here" in done.stderr
    assert reason in done.stderr
    assert helps in done.stderr
    assert "Traceback" not in done.stderr


def test_any_other_error_of_a_worker_is_one() -> None:
    how = cell_with(_RAISES.format("FileNotFoundError(2, 'No such file or directory')"))
    done = run_probe(sys.executable, "lifecycle", "--workers", "2", how=how)
    assert done.returncode == 4
    assert "FileNotFoundError" in done.stderr


# The cell is not told why its fork server is gone: the server is.
_SERVER_WITHOUT_FORK = """
import os
from multiprocessing import forkserver
from ftbench.probe.run import cell
refuses = "import os\\ndef no(): raise BlockingIOError(11, 'unavailable')\\nos.fork = no\\n"
spawn = forkserver.util.spawnv_passfds
def spawned(path, args, fds):
    *rest, code = args
    return spawn(path, [*rest, refuses + code if "forkserver" in code else code], fds)
forkserver.util.spawnv_passfds = spawned
cell.main()
"""


@pytest.mark.skipif(sys.platform != "linux", reason="errors have Linux's numbers here")
def test_what_only_a_fork_server_was_told_is_heard() -> None:
    how = program(_SERVER_WITHOUT_FORK)
    done = run_probe(sys.executable, "lifecycle", *SERVER, "--workers", "2", how=how)
    assert done.returncode == 3, done.stderr
    assert "no more processes or threads" in done.stderr


@posix
@pytest.mark.parametrize(
    ("count", "words"),
    [
        (12, ["lifecycle", *FORK, "--workers", "8"]),
        (20, ["lifecycle", *FORK, "--workers", "8"]),
        (40, ["io", "--mode", "threads"]),
        (40, ["io", "--mode", "asyncio"]),
        (256, ["io", "--mode", "threads", "--set", "under_way=512"]),
        (24, ["shared_set", *FORK, "--workers", "8"]),
    ],
)
def test_few_file_descriptors_are_said_with_their_limit(count: int, words: list[str]) -> None:
    import resource  # noqa: PLC0415

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_NOFILE, (count, count))

    done = _limited(limit, *words)
    assert done.returncode == 3, done.stderr
    assert f"ulimit -n is {count}" in done.stderr
    assert "Traceback" not in done.stderr


@posix
def test_little_memory_is_said_with_its_limit_and_else_is_an_error() -> None:
    import resource  # noqa: PLC0415

    said = "MemoryError: "
    before = resource.getrlimit(resource.RLIMIT_AS)
    try:
        resource.setrlimit(resource.RLIMIT_AS, (2**40, before[1]))
        found = lacking(said)
        resource.setrlimit(resource.RLIMIT_AS, before)
        other = lacking(said)
    finally:
        resource.setrlimit(resource.RLIMIT_AS, before)
    assert f"ulimit -v is {2**40}" in str(found)
    assert (other is None) is (before[0] == resource.RLIM_INFINITY)


def _for_everybody(path: Path) -> bool:
    return all(each.stat().st_mode & 1 for each in path.resolve().parents)


@posix
@pytest.mark.parametrize("count", [3, 4, 5, 6, 8])
@pytest.mark.parametrize("words", [["footprint", "--workers", "8"], ["lifecycle", *SERVER]])
def test_few_processes_are_said_with_their_limit(count: int, words: list[str]) -> None:
    """The limit counts what the user runs, so that a user of its own is needed."""
    import resource  # noqa: PLC0415

    pythons = [each.executable for each in discover() if _for_everybody(each.executable)]
    if os.geteuid() != 0 or not pythons or not _for_everybody(ROOT / "ftbench"):
        pytest.skip("needs root, and an interpreter that everybody may run")

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_NPROC, (count, count))
        os.setgid(54_321)
        os.setuid(54_321)

    done = _limited(limit, *words, python=pythons[-1])
    assert done.returncode == 3, done.stderr
    assert f"ulimit -u is {count}" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_program_without_a_thread_to_read_it_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    def no_more(*_args: object) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(Lines, "__init__", no_more)
    started: list[subprocess.Popen[bytes]] = []
    popen = subprocess.Popen

    def starting(*args: Any, **more: Any) -> subprocess.Popen[bytes]:
        started.append(popen(*args, **more))
        return started[-1]

    monkeypatch.setattr(subprocess, "Popen", starting)
    with pytest.raises(NotAvailableError, match="no more processes or threads"):
        Program([sys.executable, "-c", "import sys; sys.stdin.read()"], environment())
    assert started[0].returncode == 0


def test_without_semaphores_it_is_said_what_they_need(monkeypatch: pytest.MonkeyPatch) -> None:
    nameless = "FileNotFoundError: [Errno 2] No such file or directory"
    assert lacking(nameless) is None, "there are some here"
    monkeypatch.setattr(lacks, "import_module", lambda _name: object())
    lack = lacking(f"Traceback:\n  a line\n{nameless}\n")
    assert lack is not None
    assert "no POSIX semaphores" in str(lack)
    assert lacking(f"{nameless}: '/a/file'") is None
    assert lacking("  " + nameless) is None, "the source of a program says nothing"


_WITHOUT_SHM = """
mount --make-rprivate /
mount -t tmpfs none "$0"
for name in null zero urandom random full tty; do
    [ -e /dev/$name ] && cp -a /dev/$name "$0/"
done
ln -s /proc/self/fd "$0/fd"
mount --move "$0" /dev
exec "$@"
"""


@pytest.mark.skipif(
    sys.platform != "linux" or not shutil.which("unshare") or os.geteuid() != 0,
    reason="needs Linux, root and unshare",
)
@pytest.mark.parametrize(
    ("words", "code"),
    [
        (["pools", *FORK], 3),
        (["shared_set", *SERVER], 3),
        (["data", *FORK, "--set", "channel=shared_memory"], 3),
        (["lifecycle", *SERVER], 0),
        (["footprint"], 0),
    ],
    ids=lambda each: each[0] if isinstance(each, list) else str(each),
)
def test_without_shared_memory_only_what_needs_it_is_skipped(
    words: list[str], code: int, temporary: Path
) -> None:
    command = ["unshare", "-m", "sh", "-c", _WITHOUT_SHM, str(temporary), sys.executable, *PROBE]
    done = ran([*command, *words, "--profile", "smoke"], env=environment())
    if "unshare failed" in done.stderr or "mount:" in done.stderr:
        pytest.skip("may not make a name space of its own")
    assert done.returncode == code, done.stderr
    assert ("no POSIX semaphores" in done.stderr) is (code == 3)
    assert ("/dev/shm is missing" in done.stderr) is (code == 3)


# -- the cell's temporary folder

_TELLS_ITS_FOLDER = """
import tempfile
from ftbench.probe.run import cell
real = cell.measure
def measured(*asked):
    document = real(*asked)
    document["notes"]["folder"] = tempfile.gettempdir()
    return document
cell.measure = measured
cell.main()
"""


@pytest.mark.parametrize("length", [0, 40, 95, 200])
def test_a_cell_has_a_short_folder_of_its_own_which_goes_with_it(
    temporary: Path, length: int
) -> None:
    given = temporary / ("x" * length)
    given.mkdir(exist_ok=True)
    before = set(given.iterdir())
    document = document_of(
        sys.executable,
        "lifecycle",
        how=program(_TELLS_ITS_FOLDER),
        environ={"TMPDIR": str(given)},
    )
    folder = Path(document["notes"]["folder"])
    assert len(str(folder)) <= 67
    assert (folder.parent == given) is (length == 0)
    assert not folder.exists()
    assert set(given.iterdir()) == before


@posix
@pytest.mark.parametrize("words", [["shared_set", *FORK], ["shared_set", *SERVER]])
def test_sockets_have_room_however_long_the_callers_folder_is_and_none_stays(
    gil_python: Interpreter, temporary: Path, words: list[str]
) -> None:
    long = temporary / ("x" * 95)
    long.mkdir()
    before = set(Path(tempfile.gettempdir()).glob("ftbench-*"))
    done = run_probe(gil_python.executable, *words, "--workers", "2", environ={"TMPDIR": str(long)})
    assert done.returncode == 0, done.stderr
    assert list(long.iterdir()) == []
    now = set(Path(tempfile.gettempdir()).glob("ftbench-*")) - before
    left = [each for each in now if list(each.glob("pymp-*"))]
    end = time.monotonic() + 60
    while left and time.monotonic() < end:  # those of other tests' cells go with these
        time.sleep(0.1)
        left = [each for each in left if each.exists()]
    assert not left


def test_without_any_temporary_folder_nothing_can_be_had(monkeypatch: pytest.MonkeyPatch) -> None:
    def nowhere() -> str:
        raise FileNotFoundError(2, "No usable temporary directory found in ['/nowhere']")

    monkeypatch.setattr(tempfile, "gettempdir", nowhere)
    with pytest.raises(NotAvailableError, match="No usable temporary directory") as caught:
        short_folder()
    assert "TMPDIR" in caught.value.hint


# -- memory that cannot be observed


@pytest.mark.parametrize("scenario", ["shared_set", "crossover", "io", "data"])
def test_where_only_memory_cannot_be_observed_times_are_kept(scenario: str) -> None:
    nobody = {"FTBENCH_HOST_PYTHON": "/nowhere/python"}
    mode = FORK if scenario == "data" else ["--mode", "threads"]
    document = document_of(sys.executable, scenario, *mode, environ=nobody)
    units = {metric["unit"] for metric in document["metrics"].values()}
    assert "seconds" in units
    assert "bytes" not in units
    assert "Memory cannot be observed here" in document["notes"]["unobserved"]


def test_where_memory_is_all_there_is_it_is_not_available() -> None:
    nobody = {"FTBENCH_HOST_PYTHON": "/nowhere/python"}
    done = run_probe(sys.executable, "footprint", environ=nobody)
    assert (done.returncode, done.stdout) == (3, "")
    assert "FTBENCH_HOST_PYTHON" in done.stderr


@posix
def test_where_numpy_would_look_for_memory_for_ever_it_ends(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    python = tmp_path / "python"
    python.write_text("#!/bin/sh\nexec sleep 60\n", encoding="utf-8")
    python.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(python))
    monkeypatch.setattr(lacks, "_LOADED_SECONDS", 0.5)
    lacks.load_numpy()  # nothing is limited, and nothing is tried
    monkeypatch.setattr(lacks, "lacking", lambda _: NotAvailableError("ulimit -v is 1"))
    with pytest.raises(NotAvailableError, match="ulimit -v"):
        lacks.load_numpy()


@posix
@pytest.mark.parametrize("kibibytes", [120_000, 200_000])
def test_a_command_with_little_memory_ends_with_a_sentence(kibibytes: int, tmp_path: Path) -> None:
    words = [sys.executable, "-c", "from ftbench.cli import main; main()", "report"]
    done = ran(
        ["/bin/sh", "-c", f'ulimit -v {kibibytes}; exec "$@"', "sh", *words],
        cwd=tmp_path,
        env=environment(),
    )
    assert done.returncode in {2, 3}, done.stderr
    assert "ftbench: " in done.stderr
