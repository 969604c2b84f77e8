"""What a look at so many processes costs with each reader: `… observer_cost.py [PROCESSES]`."""

from __future__ import annotations

import subprocess
import sys
import time

from ftbench.facts.profiles import INTERVAL_SECONDS
from ftbench.observer import KernelReader, PsutilReader, Reader, kernel_can, look

LOOKS = 100
PROCESSES = 9
_SLEEPER = "import sys; print(flush=True); sys.stdin.read()"


def _cpu_per_look(reader: Reader, pids: dict[int, str]) -> float:
    look(reader, pids)
    begin = time.process_time()
    for _ in range(LOOKS):
        look(reader, pids)
    reader.close()
    return (time.process_time() - begin) / LOOKS


def main(processes: int) -> None:
    """Print the CPU seconds and the duty cycle of one look with each reader of this system."""
    command = [sys.executable, "-c", _SLEEPER]
    sleepers = [
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        for _ in range(processes)
    ]
    try:
        for sleeper in sleepers:
            assert sleeper.stdout is not None
            sleeper.stdout.readline()
        pids = {sleeper.pid: "worker" for sleeper in sleepers}
        readers: list[Reader] = [PsutilReader(), *([KernelReader()] if kernel_can() else [])]
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


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else PROCESSES)
