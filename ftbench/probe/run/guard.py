"""Starts a cell in a session of its own and sees to it that nothing of it stays behind.

    python -m ftbench.probe.run.guard DEADLINE FOLDER COMMAND...

The guard, outside of the cell's session and its parent's, makes FOLDER for the cell, with a copy of
the interpreter where the cell is to have its `own`, and passes on lines of standard input.  It
ends the whole session and removes FOLDER when the cell has ended, when DEADLINE seconds have passed
(exit code 5; the cell writes where it stands), and when standard input closes: whoever asked is
gone then, by Ctrl-C, a time-out of asv or SIGKILL.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from contextlib import suppress

from ftbench.errors import DeadlineError
from ftbench.probe.run import streams
from ftbench.probe.run.child import reset_signals, session_of, stat_fields
from ftbench.probe.run.own import OWN, own_interpreter

TYPE_CHECKING = False  # as in `errors`
if TYPE_CHECKING:
    from typing import IO, NoReturn

GRACE_SECONDS = 0.5
_POLL_SECONDS = 0.01
_TOLD_SECONDS = 1.0  # to free what the kernel keeps beyond a process
_KILLED_SECONDS = 3.0  # until a killed process is gone


def _alive(group: int) -> bool:
    try:
        os.killpg(group, 0)
    except (ProcessLookupError, PermissionError):
        return False
    # Where nothing lists the processes of the session, the group stands for it.  One that waits to
    # be reaped has ended: in a container the system's first process may take seconds to do so.
    session = session_of(group)
    return not session or any(map(_runs, session))


def _runs(pid: int) -> bool:
    try:
        return stat_fields(pid)[0] not in "ZX"
    except OSError:
        return False


def _gone(cell: subprocess.Popen[bytes], seconds: float) -> bool:
    end = time.monotonic() + seconds
    while True:
        cell.poll()  # its zombie would pass for alive
        if not _alive(cell.pid):
            return True
        if time.monotonic() >= end:
            return False
        time.sleep(_POLL_SECONDS)


def end_tree(cell: subprocess.Popen[bytes], *, grace: float = 0.0) -> None:
    """End the session that `cell` leads (Windows: its tree), after `grace` seconds to end alone."""
    # SIGTERM first: multiprocessing's resource tracker ignores it, and frees the others' memory.
    if sys.platform == "win32":
        subprocess.run(
            ["taskkill", "/F", "/T", "/PID", str(cell.pid)],
            stdin=subprocess.DEVNULL,  # ours has a reader, on which a child would wait
            capture_output=True,
            check=False,
            timeout=30,
        )
        return
    if not _gone(cell, grace):
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(cell.pid, signal.SIGTERM)
        if not _gone(cell, _TOLD_SECONDS):
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(cell.pid, signal.SIGKILL)
    for stray in session_of(cell.pid):
        with suppress(ProcessLookupError, PermissionError):
            os.kill(stray, signal.SIGKILL)


def _relay(source: IO[bytes], cell: subprocess.Popen[bytes]) -> None:
    assert cell.stdin is not None
    for line in iter(source.readline, b""):
        with suppress(OSError):  # a cell that listens no more must still be ended
            cell.stdin.write(line)
            cell.stdin.flush()
    end_tree(cell)


def _leave(number: int, _frame: object) -> NoReturn:
    # By way of `finally`: a guard that is told to end takes its cell along.
    raise SystemExit(-number)


def main(argv: list[str]) -> int:
    """Run the cell; return its exit code, or 5 if the deadline passed."""
    deadline, folder, command = float(argv[0]), argv[1], argv[2:]
    reset_signals()
    signal.signal(signal.SIGTERM, _leave)
    os.mkdir(folder, 0o700)
    try:
        os.getcwd()
    except OSError:  # it is gone: a fork server could not begin in it
        os.chdir(folder)
    try:
        if os.environ.pop(OWN, ""):
            command[0] = own_interpreter(folder)
        code = _run(command, deadline)
        if code and os.path.isdir(f"{folder}/calls"):
            _name_calls(folder)
        return code
    finally:
        _remove(folder)


def _name_calls(folder: str) -> None:
    """Say which calls of a trial were under way, which its process may not have lived to do."""
    from ftbench.probe.trial.target import under_way  # noqa: PLC0415 - few cells are trials

    for number in {number for _pid, number, _since in under_way(folder) if number >= 0}:
        print(f"Under way was input {number + 1}.", file=sys.stderr)


def _remove(folder: str) -> None:  # by hand: shutil is long to load
    for path, folders, files in os.walk(folder, topdown=False):
        for name in (*files, *folders):
            with suppress(OSError):  # a folder, which is gone by now; a link to one is not
                os.unlink(f"{path}/{name}")
        with suppress(OSError):
            os.rmdir(path)


def _wait(cell: subprocess.Popen[bytes], deadline: float) -> int:
    if sys.platform == "win32":
        return cell.wait(deadline)
    # With a time-out `wait` looks now and then, and would see the end up to 50 ms late.
    signal.signal(signal.SIGALRM, _late)
    signal.setitimer(signal.ITIMER_REAL, deadline)
    try:
        return cell.wait()
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)


def _late(_number: int, _frame: object) -> NoReturn:
    raise subprocess.TimeoutExpired("cell", 0)


def _run(command: list[str], deadline: float) -> int:
    cell = subprocess.Popen(command, stdin=subprocess.PIPE, start_new_session=True)
    try:
        threading.Thread(target=_relay, args=(sys.stdin.buffer, cell), daemon=True).start()
        code = _wait(cell, deadline)
        end_tree(cell, grace=GRACE_SECONDS)
    except subprocess.TimeoutExpired:
        if sys.platform != "win32":
            cell.send_signal(signal.SIGUSR1)  # it writes the stacks of all its threads
            time.sleep(GRACE_SECONDS)
        code = DeadlineError.exit_code
    finally:
        end_tree(cell)
        with suppress(subprocess.TimeoutExpired):
            cell.wait(_KILLED_SECONDS)
    return code


if __name__ == "__main__":
    streams.take()
    try:
        status = main(sys.argv[1:])
    except SystemExit as ending:
        status = int(ending.code or 0)
    # Not sys.exit: the relay still waits for a line.
    os._exit(status if status >= 0 else 128 - status)
