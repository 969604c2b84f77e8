"""data on real interpreters: in every mode, by every channel, and what can go wrong."""

from __future__ import annotations

import sys
from typing import Any

import pytest
from probing import document_of, has_mode, program, run_probe, words_of

from benchmarks.data import Data
from ftbench.facts.modes import mode_named
from ftbench.probe.scenarios.data import SIZES
from ftbench.probe.workers import no_such_channel
from ftbench.probe.workers.shared_state import CHANNELS, TASK
from ftbench.pythons import Interpreter

Pair = tuple[Interpreter, Interpreter]

CELLS = [
    (mode, channel)
    for mode in Data.modes
    for channel in (*CHANNELS, TASK)
    if no_such_channel(channel, mode_named(mode)) is None and not mode_named(mode).engine
]
METRICS = {f"trip_{name}" for name in SIZES} | {"held"}
needs_fork = pytest.mark.skipif(sys.platform == "win32", reason="needs fork")


def _measured(python: Interpreter, mode: str, channel: str, kind: str) -> dict[str, Any]:
    if not has_mode(python, mode_named(mode)):
        pytest.skip(f"{python.release} here has no {mode}")
    words = [*words_of(mode_named(mode)), "--set", f"channel={channel}", "--set", f"kind={kind}"]
    return document_of(python.executable, "data", *words)


@pytest.mark.parametrize(("mode", "channel"), CELLS)
@pytest.mark.parametrize(("which", "kind"), [(0, "object"), (1, "bytes")], ids=["gil", "ft"])
def test_every_cell_is_measured(pair: Pair, which: int, kind: str, mode: str, channel: str) -> None:
    document = _measured(pair[which], mode, channel, kind)
    metrics = document["metrics"]
    assert metrics.keys() == METRICS
    for name, metric in metrics.items():
        assert metric["unit"] == ("bytes" if name == "held" else "seconds")
        assert len(metric["samples"]) == 1
        assert metric["samples"][0] > 0
    assert [each["name"] for each in document["invariants"]] == ["checksum"]
    notes = document["notes"]
    assert notes["trips"].keys() == SIZES.keys()
    assert {"rounds", "every", "clock", "on_cpu", "memory", "beyond", "roles"} <= notes.keys()
    others = {"other"} if channel == TASK else {"near side", "far side"}
    assert set(notes["roles"]) - {"resource tracker", "fork server"} == (
        {"parent", *others} if mode.startswith("processes") else {"parent"}
    )


@pytest.mark.skipif(sys.platform != "linux", reason="needs PSS")
def test_a_reference_takes_no_memory_and_a_pipe_takes_a_copy(pair: Pair) -> None:
    """Within 2 MiB: what an allocator keeps."""
    payload, slack = SIZES["16mib"], 2 << 20
    handed = _measured(pair[0], "threads", "handover", "bytes")["notes"]["beyond"]
    piped = _measured(pair[0], "processes-spawn", "pipe", "bytes")["notes"]["beyond"]
    assert abs(handed) < slack
    assert piped > payload - slack


def test_a_channel_that_makes_no_sense_is_code_3_with_its_reason() -> None:
    words = ["--mode", "threads", "--set", "channel=pipe"]
    done = run_probe(sys.executable, "data", *words)
    assert (done.returncode, done.stdout) == (3, "")
    assert "threads share all memory" in done.stderr


# A cell whose far side does as the test says; a forked one has it, a spawned one the real one.
_BAD_CELL = """
import os, signal, time
from ftbench.probe.run import cell
from ftbench.probe.workloads import trips
{side}
trips.far = bad
cell.main()
"""


def _with_far(side: str) -> list[str]:
    return program(_BAD_CELL.format(side=side))


@needs_fork
@pytest.mark.parametrize("channel", ["queue", "pipe", "shared_memory", "mmap"])
@pytest.mark.parametrize(
    ("worst", "story"),
    [
        ("raise RuntimeError('boom at work')", "RuntimeError: boom at work"),
        ("os.kill(os.getpid(), signal.SIGKILL)", "was killed by SIGKILL"),
    ],
    ids=["raises", "killed"],
)
def test_a_far_side_that_fails_ends_the_run_with_its_story(
    channel: str, worst: str, story: str
) -> None:
    words = ["--mode", "processes-fork", "--set", f"channel={channel}"]
    how = _with_far(f"def bad(*_args):\n    {worst}")
    done = run_probe(sys.executable, "data", *words, how=how)
    assert (done.returncode, done.stdout) == (4, "")
    assert "Far side 0 of 1" in done.stderr
    assert story in done.stderr


@pytest.mark.parametrize("mode", ["threads", pytest.param("processes-fork", marks=needs_fork)])
def test_a_far_side_that_does_not_answer_meets_the_deadline(mode: str) -> None:
    how = _with_far("def bad(*_args):\n    time.sleep(600)")
    done = run_probe(sys.executable, "data", "--mode", mode, "--deadline", "2.5", how=how)
    assert (done.returncode, done.stdout) == (5, "")
    assert "1 near side and 1 far side of 2 members" in done.stderr


_NOT_WHAT_WAS_SENT = """
from ftbench.probe.run import cell
from ftbench.probe.workloads import trips
real = trips.answered
def bad(payload):
    return real(payload[1:])
bad.__module__, bad.__qualname__, trips.answered = trips.__name__, "answered", bad
cell.main()
"""


@needs_fork
@pytest.mark.parametrize("mode", ["threads", "processes-fork"])
def test_a_task_that_answers_with_another_payload_is_refused(mode: str) -> None:
    words = [*words_of(mode_named(mode)), "--set", f"channel={TASK}"]
    done = run_probe(sys.executable, "data", *words, how=program(_NOT_WHAT_WAS_SENT))
    assert (done.returncode, done.stdout) == (1, "")
    assert "What the near side got is not the serial twin's payload" in done.stderr


@needs_fork
def test_a_task_that_fails_ends_the_run_with_its_story() -> None:
    code = _NOT_WHAT_WAS_SENT.replace("return real(payload[1:])", "raise RuntimeError('at work')")
    words = [*words_of(mode_named("processes-fork")), "--set", f"channel={TASK}"]
    done = run_probe(sys.executable, "data", *words, how=program(code))
    assert (done.returncode, done.stdout) == (4, "")
    assert "RuntimeError: at work" in done.stderr


def test_a_wrong_payload_is_refused() -> None:
    how = _with_far(
        "real = trips.far\n"
        "def bad(*args):\n"
        "    trips.checksum = lambda _payload: 13\n"
        "    return real(*args)"
    )
    done = run_probe(sys.executable, "data", "--mode", "threads", how=how)
    assert (done.returncode, done.stdout) == (1, "")
    assert "serial twin" in done.stderr
