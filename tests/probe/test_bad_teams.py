"""What can go wrong in a team, each with its exit code and its story, and with nothing left.

Through the whole chain.  Forked members have what the cell's program has patched; what is done to
spawned ones is done by their parent.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from probing import eventually, lives, program, run_probe

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="needs fork and signals")

SHARED_MEMORY = Path("/dev/shm")

# Writes down the process ids of all members and helpers, and the names of what the kernel keeps
# beyond a process, while the probe is made to work with few operations.
_CELL = """
import os, signal, sys, time
from ftbench.probe import entry_points
from ftbench.probe.workers import base, processes, threads
from ftbench.probe.run import cell
from ftbench.probe.scenarios import shared_set, sharded_writers, shared_set_strategies as strategies
from ftbench.probe.workloads import inserting
from ftbench.probe.scenarios import sharded_writers_loops as routing
shared_set.OPERATIONS, shared_set.MANAGED_OPERATIONS, shared_set.GROWN = 256, 16, 500
sharded_writers.OPERATIONS = 64
parent = os.getpid()

def tell(kind, *what):
    with open({journal!r}, "a") as journal:
        for each in what:
            print(kind, each, file=journal)

tell("pid", parent)
make = base.Team.__init__
def made(team, *args):
    make(team, *args)
    tell("pid", *team.roles())
base.Team.__init__ = made

for kind in ("lock", "queue", "buffer"):
    def keep(self, *args, make=getattr(processes.ProcessState, kind)):
        it = make(self, *args)
        locks = [getattr(each, "_semlock", None) for each in
                 (it, getattr(it, "_rlock", None), getattr(it, "_wlock", None))]
        names = [getattr(each, "name", None) for each in (it, *locks)]
        tell("name", *filter(None, names))
        return it
    setattr(processes.ProcessState, kind, keep)

def at_the_gate(worst):
    "Do the worst when all members are told to run."
    tell_all = base.Team._all
    def told(team, word):
        if word != entry_points.RUN:
            return tell_all(team, word)
        for index in range(len(team.members)):
            team._tell(index, word)
        worst(team)
        return team._hear_all("to end their round")
    base.Team._all = told

def kill(pid):
    os.kill(pid, signal.SIGKILL)

def boom(*_args):
    raise RuntimeError("boom at work")

def hang(*_args):
    time.sleep(600)

def but(index, worst, real):
    "Member `index` does the worst before its work."
    def loop(own, *args):
        if own == index:
            worst()
        return real(own, *args)
    return loop

{worst}
cell.main()
"""

Bad = Callable[..., str]


def _segments() -> set[str]:
    """Return the names of shared memory and of semaphores (`sem.NAME`), without their folder."""
    return {path.name.removeprefix("sem.") for path in SHARED_MEMORY.glob("*")}


@pytest.fixture
def bad(tmp_path: Path) -> Iterator[Bad]:
    """Run a cell whose program does its worst; return its story; nothing of it may be left."""
    journal = tmp_path / "journal"

    def run(
        worst: str, code: int, scenario: str, *words: str, backstop: float | None = None
    ) -> str:
        how = program(_CELL.format(journal=str(journal), worst=worst))
        if backstop is not None:
            sooner = f"programs.BACKSTOP_SECONDS = {backstop}\nsys.exit(main"
            how[1] = how[1].replace("sys.exit(main", sooner)
        done = run_probe(sys.executable, scenario, "--workers", "2", *words, "--json", how=how)
        assert (done.returncode, done.stdout) == (code, ""), done.stderr
        assert done.stderr.startswith("ftbench.probe: ")
        return done.stderr

    yield run
    told = [line.split() for line in journal.read_text("utf-8").splitlines()]
    pids = {int(what) for kind, what in told if kind == "pid"}
    names = {what.removeprefix("/") for kind, what in told if kind == "name"}
    eventually(lambda: not any(map(lives, pids)), "every process is gone")
    eventually(lambda: not names & _segments(), "the kernel keeps nothing of it")


def _shared(strategy: str, mode: str) -> list[str]:
    return ["shared_set", "--mode", mode, "--set", f"strategy={strategy}"]


def _sharded(mode: str) -> list[str]:
    return ["sharded_writers", "--mode", mode, "--set", "writers=2"]


THREADS_AND_FORK = pytest.mark.parametrize("mode", ["threads", "processes-fork"])
EVERY_START = pytest.mark.parametrize(
    "mode", ["processes-fork", "processes-forkserver", "processes-spawn"]
)


@THREADS_AND_FORK
def test_a_worker_that_raises_is_named_with_its_traceback(bad: Bad, mode: str) -> None:
    worst = "inserting.tabled = but(1, boom, inserting.tabled)"
    story = bad(worst, 4, *_shared("shared_memory", mode))
    assert "Worker 1 of 2 (" in story
    assert "failed; nothing is recorded" in story
    assert "RuntimeError: boom at work" in story


@THREADS_AND_FORK
def test_an_owner_that_raises_is_told_apart_from_its_senders(bad: Bad, mode: str) -> None:
    story = bad("inserting.owning = boom", 4, *_shared("actor", mode))
    assert "Owner 0 of 1 (" in story
    assert "RuntimeError: boom at work" in story


@THREADS_AND_FORK
def test_a_member_that_fails_to_prepare_ends_the_run(bad: Bad, mode: str) -> None:
    story = bad("routing.clear = boom", 4, *_sharded(mode))
    assert "Writer " in story
    assert "RuntimeError: boom at work" in story


@pytest.mark.parametrize("end", ["sys.exit(3)", "os._exit(0)"])
def test_a_worker_that_exits_has_failed_whatever_its_code(bad: Bad, end: str) -> None:
    worst = f"inserting.local = but(0, lambda: {end}, inserting.local)"
    story = bad(worst, 4, *_shared("local", "processes-fork"))
    assert "Worker 0 of 2 (processes, fork) failed" in story
    assert "SystemExit: 3" in story or "exited with code 0 before it reported" in story


@EVERY_START
def test_a_writer_that_is_killed_is_named_with_the_signal(bad: Bad, mode: str) -> None:
    worst = "at_the_gate(lambda team: kill(team._processes[3].pid))"
    story = bad(worst, 4, *_sharded(mode))
    assert "Writer 1 of 2 (" in story
    assert "It was killed by SIGKILL." in story


def test_a_worker_that_is_killed_under_a_lock_leaves_nobody_waiting_for_it(bad: Bad) -> None:
    """The others hang on its stripe; the parent hears of the end and does not wait for them."""
    worst = (
        "def under_the_lock(slots, uid, stripes, size, real=inserting.insert):\n"
        "    kill(os.getpid())\n"
        "inserting.insert = under_the_lock\n"
        "strategies.STRIPES = 1\n"
        "inserting.fill = lambda *_: 0\n"
    )
    story = bad(worst, 4, *_shared("shared_memory", "processes-fork"))
    assert "Worker " in story
    assert "It was killed by SIGKILL." in story


@EVERY_START
def test_a_manager_that_is_killed_while_its_members_work_is_to_blame(bad: Bad, mode: str) -> None:
    worst = "at_the_gate(lambda team: kill(team.helper.process.pid))"
    story = bad(worst, 4, *_shared("lock", mode))
    assert "The manager (processes, " in story
    assert "ended during the measurement; nothing is recorded." in story
    assert "It was killed by SIGKILL." in story


@pytest.mark.parametrize("moment", ["reset", "finish"])
def test_a_manager_that_is_killed_between_rounds_is_to_blame_too(bad: Bad, moment: str) -> None:
    """Then it is the parent that falls over its end."""
    worst = (
        "share = strategies.Atomic.share\n"
        "def remembering(self, means):\n"
        "    self.of_test = means\n"
        "    return share(self, means)\n"
        "strategies.Atomic.share = remembering\n"
        f"real = strategies.Atomic.{moment}\n"
        "def killing(self, *args):\n"
        "    kill(self.of_test.helper.process.pid)\n"
        "    return real(self, *args)\n"
        f"strategies.Atomic.{moment} = killing\n"
    )
    story = bad(worst, 4, *_shared("atomic", "processes-fork"))
    assert "The manager (processes, fork) ended during the measurement" in story
    assert "It was killed by SIGKILL." in story
    assert "The parent: " in story


def test_a_member_that_is_gone_before_its_last_word_ends_the_run(bad: Bad) -> None:
    """It has reported, and is killed before it is told to leave."""
    worst = (
        "end = base.Team.end\n"
        "def killing(team):\n"
        "    kill(team._processes[0].pid)\n"
        "    team._processes[0].join()\n"
        "    end(team)\n"
        "base.Team.end = killing\n"
    )
    story = bad(worst, 4, *_sharded("processes-fork"))
    assert "Producer 0 of 2 (processes, fork) failed" in story
    assert "It was killed by SIGKILL." in story


@THREADS_AND_FORK
def test_members_that_hang_are_counted_by_role_when_the_deadline_has_passed(
    bad: Bad, mode: str
) -> None:
    worst = "inserting.owning = hang"
    story = bad(worst, 5, *_shared("actor", mode), "--deadline", "2")
    assert "The deadline of 2 s passed while waiting for 1 owner of 3 members" in story
    assert "--deadline SECONDS" in story


def test_a_time_box_that_outlasts_the_deadline_meets_it(bad: Bad) -> None:
    words = ["--set", "form=timed", "--set", "duration=600000", "--deadline", "2"]
    story = bad("", 5, *_shared("shared_memory", "processes-spawn"), *words)
    assert "2 workers of 2 members to end their round" in story


@EVERY_START
def test_a_cell_that_is_killed_leaves_no_shared_memory_and_no_semaphore(
    bad: Bad, mode: str
) -> None:
    """Its members hang: they would not see for themselves that their parent is gone."""
    worst = "at_the_gate(lambda team: kill(parent))"
    words = ["--set", "form=timed", "--set", "duration=60000"]
    story = bad(worst, 4, *_shared("shared_memory", mode), *words)
    assert "ended with code 137" in story


def test_a_cell_that_hangs_beyond_its_deadline_leaves_no_shared_memory(bad: Bad) -> None:
    """The guard's deadline is the backstop: here the parent itself hangs."""
    worst = "strategies.SharedMemory.size = hang"
    words = [*_shared("shared_memory", "processes-fork"), "--deadline", "3"]
    story = bad(worst, 5, *words, backstop=1.0)
    assert "did not end within 4 s" in story
    assert "in hang" in story


# All workers find the id missing before the first of them inserts it.
_SLOW_SET = """
class Slow(set):
    def __contains__(self, uid):
        found = set.__contains__(self, uid)
        time.sleep(0 if found else 0.3)
        return found
threads.ThreadState.shared_set = lambda _self: Slow()
"""
_NO_LOCK = """
import contextlib
class Open(contextlib.nullcontext):
    acquire = lambda *_: True
    release = lambda _self: None
threads.ThreadState.lock = lambda _self: Open()
"""


def test_an_update_that_is_lost_for_want_of_a_lock_is_refused(bad: Bad) -> None:
    story = bad(_SLOW_SET + _NO_LOCK, 1, *_shared("lock", "threads"), "--set", "id_space=1")
    assert "The members say that 2 ids were new, but the set grew by 1" in story
    assert "nothing is recorded" in story


# Ids that a writer never sees, or sees twice.
_DROPS = """
class Dropping(set):
    def add(self, uid):
        if uid % 3:
            set.add(self, uid)
routing.clear = lambda index: routing.HELD.update({("writer", index): Dropping()})
"""
_INSERTS_TWICE = """
class Doubling(set):
    def __contains__(self, uid):
        return False
routing.clear = lambda index: routing.HELD.update({("writer", index): Doubling()})
"""


@THREADS_AND_FORK
@pytest.mark.parametrize("worst", [_DROPS, _INSERTS_TWICE], ids=["drops", "doubles"])
def test_a_writer_that_drops_ids_or_counts_them_twice_is_refused(
    bad: Bad, mode: str, worst: str
) -> None:
    story = bad(worst, 1, *_sharded(mode), "--set", "id_space=50")
    assert "The writers say that " in story
    assert "nothing is recorded" in story


def test_other_ids_than_the_serial_twins_are_refused(bad: Bad) -> None:
    """Everything adds up, but the work is not the work."""
    worst = (
        "real = inserting.prepare\n"
        "inserting.prepare = lambda index, plan: real(index, (*plan[:-1], 100))\n"
    )
    story = bad(worst, 1, *_shared("local", "threads"))
    assert " ids were new in the rounds, and 512 in the serial twin" in story


@THREADS_AND_FORK
def test_a_talkative_member_disturbs_nothing(tmp_path: Path, mode: str) -> None:
    worst = "inserting.tabled = but(0, lambda: os.write(1, b'\\xff' * 100_000), inserting.tabled)"
    how = program(_CELL.format(journal=str(tmp_path / "journal"), worst=worst))
    done = run_probe(sys.executable, *_shared("shared_memory", mode), "--workers", "2", how=how)
    assert (done.returncode, done.stderr) == (0, "")
    assert "checked: " in done.stdout
