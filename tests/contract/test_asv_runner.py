"""What we rely on in asv_runner, the process of a benchmark; each message says what would break."""

from __future__ import annotations

import json
import math
import subprocess
import sys
from pathlib import Path
from typing import Any

import asv.benchmark
import pytest
from asv import results as asv_results
from asv import runner
from asv_runner.benchmarks.time import TimeBenchmark

CELL_FILE = (
    "the cell file (ftbench/probe/run/asv_benchmark.py) lies in asv's directory for a setup_cache"
)
RECORDS = "RecordedResults.add_result puts records where asv puts samples"


SUITE = """
class _Base:
    params = [["x"]]

    def track_base(self, n):
        return 1.0


class Cells(_Base):
    params = [[1, 2]]
    param_names = ["n"]
    rounds = 7
    version = "v"
    timeout = 5.0

    def setup_cache(self):
        pass

    def setup(self, n):
        if n == 2:
            raise NotImplementedError("not here")

    def track_here(self, n):
        import os
        return float(os.path.exists("cache.pickle"))

    track_here.unit = "seconds"
    track_here.better = "lower"
    track_here.rounds = 3


class Clock:
    def time_it(self):
        pass

    def teardown(self):
        pass
"""


@pytest.fixture(scope="module")
def suite(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("contract") / "suite"
    folder.mkdir()
    (folder / "__init__.py").touch()
    (folder / "cells.py").write_text(SUITE, encoding="utf-8")
    return folder


def asv_benchmark(cwd: Path, *words: str) -> None:
    subprocess.run(
        [sys.executable, asv.benchmark.__file__, *words], cwd=cwd, check=True, timeout=60
    )


@pytest.fixture(scope="module")
def discovered(suite: Path) -> dict[str, dict[str, Any]]:
    asv_benchmark(suite.parent, "discover", str(suite), str(suite.parent / "found.json"))
    found = json.loads((suite.parent / "found.json").read_text(encoding="utf-8"))
    return {each["name"]: each for each in found}


def test_a_private_base_class_is_no_benchmark(discovered: dict[str, dict[str, Any]]) -> None:
    assert set(discovered) == {
        "cells.Cells.track_base",
        "cells.Cells.track_here",
        "cells.Clock.time_it",
    }


def test_a_functions_attributes_reach_the_list_of_benchmarks(
    discovered: dict[str, dict[str, Any]],
) -> None:
    """`cost` marks the functions: of a class's attributes, `rounds` of a track_ is not taken."""
    here, base = discovered["cells.Cells.track_here"], discovered["cells.Cells.track_base"]
    assert (here["rounds"], here["unit"], here["better"]) == (3, "seconds", "lower")
    assert "rounds" not in base
    assert (base["version"], base["timeout"]) == ("v", 5.0)


def test_params_are_stored_as_their_reprs(discovered: dict[str, dict[str, Any]]) -> None:
    assert discovered["cells.Cells.track_here"]["params"] == [["1", "2"]]


def test_a_benchmark_runs_in_the_directory_that_asv_gives_it(suite: Path, tmp_path: Path) -> None:
    asv_benchmark(tmp_path, "setup_cache", str(suite), "cells.Cells.track_here", "{}")
    result = tmp_path / "result.json"
    words = ("run", str(suite), "cells.Cells.track_here-0", "{}", "None", str(result))
    asv_benchmark(tmp_path, *words)
    assert json.loads(result.read_text(encoding="utf-8")) == 1.0, CELL_FILE


def test_a_setup_that_is_not_implemented_is_a_skipped_cell(suite: Path, tmp_path: Path) -> None:
    asv_benchmark(tmp_path, "setup_cache", str(suite), "cells.Cells.track_here", "{}")
    result = tmp_path / "result.json"
    words = ("run", str(suite), "cells.Cells.track_here-1", "{}", "None", str(result))
    asv_benchmark(tmp_path, *words)
    assert math.isnan(json.loads(result.read_text(encoding="utf-8")))


class Clock:
    warmup_time = 0.0
    sample_time = 0.001
    repeat = 2

    def time_nothing(self) -> None:
        """Take next to no time."""

    def teardown(self) -> None:
        """Do nothing."""


class ClockWithSetup(Clock):
    def setup(self) -> None:
        """Do nothing."""


def number_of(clock: Clock) -> int:
    measuring = TimeBenchmark("Clock.time_nothing", clock.time_nothing, [clock.time_nothing, clock])
    measuring.do_setup()
    number: int = measuring.do_run()["number"]
    return number


def test_a_teardown_leaves_asvs_clock_its_loop_and_a_setup_does_not() -> None:
    """ThreadClock has a teardown, for its record, and must not get a setup."""
    assert number_of(Clock()) > 1
    assert number_of(ClockWithSetup()) == 1


def test_teardown_comes_after_a_sample_is_read() -> None:
    """It stages the record; what asv times or reads must be over by then."""
    order: list[str] = []

    class Noted(Clock):
        number = 1

        def time_nothing(self) -> None:
            order.append("call")

        def teardown(self) -> None:
            order.append("teardown")

    clock = Noted()
    measuring = TimeBenchmark("Clock.time_nothing", clock.time_nothing, [clock.time_nothing, clock])
    measuring.do_setup()
    measuring.do_run()
    measuring.do_teardown()
    assert order[0] == "call"
    assert order[-1] == "teardown"


def test_samples_can_be_removed_and_found_by_the_names_we_use() -> None:
    for name in (
        "get_all_result_keys",
        "get_result_samples",
        "get_result_params",
        "remove_samples",
    ):
        assert hasattr(asv_results.Results, name), RECORDS
    assert runner.JSON_ERROR_RETCODE == -257
