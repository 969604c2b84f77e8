"""What runs first in a cell of footprint: N workers of one mode, looked at while they are busy.

It imports what a program of that mode has to import, and no more: whatever else there is would be
taken for the weight of the mode.  Workers leave word in files, by which none needs a pipe.
"""

from __future__ import annotations

import os
import time

from ftbench.probe.entry_points import busy
from ftbench.probe.run.observing import observe_through

TYPE_CHECKING = False  # typing itself would be luggage of what is weighed
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from ftbench.probe.scenarios.base import Observe

TASK = "article"
BASELINE, HALF, BUSY, LEFT = "baseline", "half", "busy", "left"
WORKER = "worker"
_POLL_SECONDS = 0.002

HELD: list[list[int]] = []  # the runs and the last checksum of each worker
FAILED: list[BaseException] = []  # what went wrong, for the cell to tell


def begin(*words: str) -> None:
    """Have all looked at that is to be; the words are those of `footprint.words`."""
    mode, workers, deadline, extra, cpus, holds, hold, interval = words
    if cpus:
        os.sched_setaffinity(0, map(int, cpus.split(",")))
    import faulthandler  # noqa: PLC0415 - workers do without

    if hasattr(faulthandler, "register"):  # not on Windows; `signal` itself would weigh something
        number = __import__("_signal").SIGUSR1  # see `run.guard`
        faulthandler.register(number, file=2, all_threads=True)
    observe = observe_through(lambda line: os.write(1, line.encode()), float(interval))
    folder = os.environ["TMPDIR"]  # which is this cell's own and goes with it
    crews = [Crew(mode, int(workers), float(deadline), folder) for _ in range(int(holds))]
    try:
        look(crews, float(hold), float(extra), observe)
    except Exception as error:  # noqa: BLE001 - the cell tells it, as every other
        FAILED.append(error)


def look(crews: list[Crew], hold: float, extra: float, observe: Observe) -> None:
    """Look before any worker exists, when half of each crew is busy and when all are, and after."""
    observe(BASELINE, 0.0, {})
    for number, crew in enumerate(crews, 1):
        nth = f" {number}" if number > 1 else ""
        if crew.count > 1:
            crew.grow(crew.count // 2)
            observe(HALF + nth, 0.0, crew.roles())
        crew.grow(crew.count)
        held = None
        if extra:
            from ftbench.probe.workloads.ballast import ballast  # noqa: PLC0415 - it weighs something

            held = ballast(extra, crew.roles())
        observe(BUSY + nth, hold, crew.roles())
        del held
        HELD.extend(crew.end())
    observe(LEFT, 0.0, {})


def _maker(mode: str) -> Callable[[tuple[Any, ...]], Any]:
    """Return what makes a worker of a mode that will be `busy` with these arguments."""
    if mode.startswith("processes-"):
        import multiprocessing  # noqa: PLC0415 - who does not need it has it not

        context: Any = multiprocessing.get_context(mode.removeprefix("processes-"))
        return lambda args: context.Process(target=busy, args=args, daemon=True)
    from threading import Thread  # noqa: PLC0415 - as above

    if mode == "threads":
        # Daemon: after a deadline the process must be able to end without its hung threads.
        return lambda args: Thread(target=busy, args=args, daemon=True)
    interpreters = __import__("concurrent.interpreters").interpreters

    def life(interpreter: Any, args: tuple[Any, ...]) -> None:
        interpreter.exec(f"from {busy.__module__} import busy\nbusy{args}")
        interpreter.close()

    return lambda args: Thread(target=life, args=(interpreters.create(), args), daemon=True)


class Crew:
    """Workers of a mode, `count` at most, every wait of which ends `deadline` seconds from now."""

    def __init__(self, mode: str, count: int, deadline: float, folder: str) -> None:
        self._mode, self.count = mode, count
        self._end = time.monotonic() + deadline
        self._deadline = deadline
        self._make: Callable[[tuple[Any, ...]], Any] | None = None
        self._workers: list[Any] = []
        self._folder = f"{folder}/busy-{id(self)}"
        os.mkdir(self._folder)

    def _word(self, index: int, word: str) -> str | None:
        try:
            with open(f"{self._folder}/{index}.{word}", encoding="utf-8") as file:
                return file.read()
        except FileNotFoundError:
            return None

    def _ready(self, index: int) -> bool:
        return os.access(f"{self._folder}/{index}.ready", os.F_OK)

    def roles(self) -> dict[int, str]:
        """Return process id → role of the workers that are processes."""
        return {worker.pid: WORKER for worker in self._workers if hasattr(worker, "pid")}

    def grow(self, count: int) -> None:
        """Start workers until there are so many; return when all are busy."""
        self._make = self._make or _maker(self._mode)
        for index in range(len(self._workers), count):
            worker = self._make((self._folder, index, TASK))
            self._workers.append(worker)
            worker.start()
        while waiting := [index for index in range(count) if not self._ready(index)]:
            for index in waiting:
                if not self._workers[index].is_alive() and not self._ready(index):
                    raise self._failed(index)
            if time.monotonic() > self._end:
                raise self._late(f"{len(waiting)} of {self.count} workers to be busy")
            time.sleep(_POLL_SECONDS)

    def end(self) -> list[list[int]]:
        """Tell all to end, wait until they are gone; return what they reported."""
        open(f"{self._folder}/stop", "x", encoding="utf-8").close()
        for worker in self._workers:
            worker.join(max(0.0, self._end - time.monotonic()))
        if alive := sum(worker.is_alive() for worker in self._workers):
            raise self._late(f"{alive} of {self.count} workers to end")
        words = [self._word(index, "done") for index in range(self.count)]
        if None in words:
            raise self._failed(words.index(None))
        return [[int(number) for number in word.split()] for word in words if word]

    def _failed(self, index: int) -> Exception:
        from ftbench.facts.modes import mode_named  # noqa: PLC0415 - only a failure needs it
        from ftbench.probe.workers.base import end_of, failed  # noqa: PLC0415

        story = self._word(index, "failed") or end_of(getattr(self._workers[index], "exitcode", 0))
        return failed(f"Worker {index} of {self.count}", mode_named(self._mode), story)

    def _late(self, what: str) -> Exception:
        from ftbench.probe.workers.base import Deadline  # noqa: PLC0415 - only a failure needs it

        return Deadline(self._deadline).passed(what)
