"""`python -m ftbench.observer`: answers "observe" requests, a JSON line each.

Says hello with `{"reader": …}` or `{"unavailable": reason}`.  `--cost [PROCESSES]` instead shows
what a look at so many processes costs with each reader.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from typing import Any

from ftbench.errors import NotAvailableError
from ftbench.facts.profiles import INTERVAL_SECONDS
from ftbench.observer.sampling import (
    KernelReader,
    PsutilReader,
    Reader,
    WorkerGoneError,
    best_reader,
    kernel_can,
    look,
    watch,
)

LOOKS = 100
PROCESSES = 9
_SLEEPER = "import sys; print(flush=True); sys.stdin.read()"


def _say(answer: dict[str, Any]) -> None:
    print(json.dumps(answer), flush=True)


def serve() -> int:
    """Answer requests until standard input closes."""
    try:
        reader = best_reader()
    except NotAvailableError as error:
        _say({"unavailable": error.message})
        return error.exit_code
    _say({"reader": reader.name})
    for line in sys.stdin:
        request = json.loads(line)
        roles = {int(pid): role for pid, role in request["roles"].items()}
        try:
            interval = request.get("interval", INTERVAL_SECONDS)
            _say(watch(reader, roles, request["seconds"], interval))
        except WorkerGoneError as error:
            _say({"gone": error.pid})
    return 0


def _cpu_per_look(reader: Reader, pids: dict[int, str]) -> float:
    look(reader, pids)
    begin = time.process_time()
    for _ in range(LOOKS):
        look(reader, pids)
    reader.close()
    return (time.process_time() - begin) / LOOKS


def cost(processes: int) -> int:
    """Print the CPU seconds and the duty cycle of one look with each reader of this system."""
    sleepers = [
        subprocess.Popen(
            [sys.executable, "-c", _SLEEPER], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        for _ in range(processes)
    ]
    try:
        for sleeper in sleepers:
            assert sleeper.stdout is not None
            sleeper.stdout.readline()
        pids = {sleeper.pid: "worker" for sleeper in sleepers}
        readers: list[Reader] = [PsutilReader()]
        if kernel_can():
            readers.append(KernelReader())
        for reader in readers:
            seconds = _cpu_per_look(reader, pids)
            print(
                f"{reader.name:>14}: {seconds * 1e3:.3f} ms of CPU per look at {processes} "
                f"processes, duty cycle {seconds / INTERVAL_SECONDS:.2%} "
                f"at {INTERVAL_SECONDS:g} s"
            )
    finally:
        for sleeper in sleepers:
            sleeper.kill()
            sleeper.communicate()
    return 0


if __name__ == "__main__":
    if sys.argv[1:2] == ["--cost"]:
        sys.exit(cost(int(sys.argv[2]) if len(sys.argv) > 2 else PROCESSES))  # noqa: PLR2004
    sys.exit(serve())
