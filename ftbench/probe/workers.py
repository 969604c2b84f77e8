"""What a worker runs, whatever its kind.

Imported by every spawned worker and inside every subinterpreter: it imports next to nothing, so
that what is measured is the worker and not our luggage.  Clocks are `perf_counter_ns`, which on
Linux, macOS and Windows is one clock for all processes of a machine.
"""

from time import perf_counter_ns, process_time_ns, thread_time_ns

from ftbench.probe.tasks import TASKS

# A report must fit into one atomic write to a pipe (POSIX: PIPE_BUF is at least 512, 4096 on
# Linux and macOS takes this and the header), since all workers share the pipe.
STORY_LIMIT = 3_000


def run_once(task):
    """Run `task` once; return (first line, end, checksum, CPU of the task), times in ns.

    The first statement takes the time: it is the worker's first line of ours.
    """
    first_line = perf_counter_ns()
    cpu = thread_time_ns()
    checksum = TASKS[task]()
    return first_line, perf_counter_ns(), checksum, thread_time_ns() - cpu


def run_until_stopped(ready, stop, task):
    """Run `task` over and over until `stop()`; return (runs, checksum of the last run).

    `ready` is called once the first run is done: from then on the worker is alive and busy.
    """
    work = TASKS[task]
    checksum = work()
    runs = 1
    ready()
    while not stop():
        checksum = work()
        runs += 1
    return runs, checksum


def busy_beside_flags(index, ready, stop, task):
    """`run_until_stopped` for workers that share memory with their parent.

    `ready` and `stop` are bytearrays, or memoryviews of them in a subinterpreter.
    """

    def say_ready():
        ready[index] = 1

    return run_until_stopped(say_ready, lambda: stop[0], task)


def busy_behind_pipes(connection, index, stop, task):
    """`run_until_stopped` for worker processes: `stop` is a pipe that nobody ever reads."""
    return run_until_stopped(lambda: connection.send_bytes(b"%d ready" % index), stop.poll, task)


def process_main(connection, index, function, args, needs_connection):
    """Run `function` in a worker process and send its report: `index ok numbers… cpu`.

    A failure is reported as `index failed traceback` and ends the process with exit code 1.
    """
    try:
        result = function(connection, index, *args) if needs_connection else function(*args)
    except BaseException:
        import traceback

        story = traceback.format_exc().encode("utf-8", "replace")[-STORY_LIMIT:]
        connection.send_bytes(b"%d failed %s" % (index, story))
        raise SystemExit(1) from None
    numbers = " ".join(map(str, (*result, process_time_ns())))
    connection.send_bytes(b"%d ok %s" % (index, numbers.encode()))
