"""single_thread: every kernel is timed by asv's own clock, collected and checked."""

from __future__ import annotations

import gc
import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from asv_runner.benchmarks.time import TimeBenchmark

from benchmarks.single_thread import SingleThread
from ftbench import benchmarking
from ftbench.errors import FtbenchError
from ftbench.probe.kernels import SMALL
from ftbench.probe.profiles import PROFILES, VARIABLE, current_profile

CORNERS = [
    "calls",
    "attributes",
    "dict",
    "list",
    "str",
    "float",
    "generators",
    "exceptions",
    "comprehension",
    "json",
    "re",
    "sort",
]


@pytest.fixture
def collecting() -> Iterator[None]:
    """The garbage collector is off, as asv's timer has it, and on again afterwards."""
    gc.disable()
    yield
    gc.enable()


def test_the_ladder_is_every_small_kernel() -> None:
    assert list(SingleThread.params) == list(SMALL) == CORNERS
    assert SingleThread.param_names == ("kernel",)


@pytest.mark.parametrize("kernel", SMALL)
def test_a_kernel_runs_with_its_garbage_collector(kernel: str, collecting: None) -> None:
    SingleThread().time_kernel(kernel)
    assert gc.isenabled()


def test_a_wrong_checksum_is_no_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(SMALL, "sort", lambda: 1)
    with pytest.raises(FtbenchError, match="sort: the checksum is not"):
        SingleThread().time_kernel("sort")


def test_asv_times_calibrated_batches_of_it() -> None:
    """A `setup` would make asv time each run by itself."""
    benchmark = TimeBenchmark(
        "single_thread.SingleThread.time_kernel",
        SingleThread().time_kernel,
        [SingleThread.time_kernel, SingleThread()],
    )
    benchmark.set_param_idx(list(SMALL).index("generators"))
    benchmark.do_setup()
    found = benchmark.do_run()
    assert found["number"] > 1
    least, most, _ = SingleThread.repeat
    assert least <= len(found["samples"]) <= most
    assert (benchmark.type, benchmark.unit) == ("time", "seconds")


@pytest.mark.parametrize("profile", PROFILES)
def test_the_profile_says_how_many_processes(profile: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, profile)

    @benchmarking.cost("seconds")
    def time_it() -> None:
        """As the benchmark marks its method."""

    benchmark = TimeBenchmark("time_it", time_it, [time_it])
    assert benchmark.rounds == current_profile().processes == PROFILES[profile].processes


def test_the_figure_has_its_record(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    path = tmp_path / "staged.jsonl"
    monkeypatch.setenv(benchmarking.RECORDS, str(path))
    monkeypatch.setattr(benchmarking, "_own_clock_recorded", False)
    monkeypatch.setattr("threading.active_count", lambda: 1)
    SingleThread().teardown("json")
    record = json.loads(path.read_text("utf-8"))
    assert (record["group"], record["params"]) == ("single_thread.SingleThread", {"kernel": "json"})
