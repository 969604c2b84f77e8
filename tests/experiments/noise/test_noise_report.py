"""The report: worst first, how many could find what, and what was lost."""

from __future__ import annotations

from pathlib import Path

import pytest
from fake_figures import rekeyed

from ftbench.experiments.noise import (
    Lost,
    NoiseJob,
    NoiseResult,
    detecting,
    document_of,
    percent,
    rows,
)
from ftbench.experiments.suite import SuiteCell
from ftbench.facts.arms import arm_named
from ftbench.pythons import Interpreter
from ftbench.releases import Release
from ftbench.report.output import Format, rendered
from ftbench.results.figure import Environment, NoiseSeries, SeriesKey

QUIET = NoiseSeries(
    environment=Environment(
        machine="vm", arm=arm_named("ft"), flavour="source-gcc12", profile="full"
    ),
    release=Release.parse("3.14.2"),
    series=SeriesKey(
        benchmark="lifecycle.Lifecycle.track_round", params={"mode": "threads", "workers": "8"}
    ),
    unit="seconds",
    medians=(1.0, 1.0001, 1.0002, 1.0, 1.0001, 1.0002, 1.0, 1.0001),
    order="ABBAABBA",
)
LOUD = rekeyed(
    QUIET, params={"mode": "threads", "workers": "1"}, medians=(1.0, 1.5, 1.0, 2.0, 1.0, 1.3, 3, 1)
)
ZERO = rekeyed(QUIET, params={"mode": "interpreters"}, medians=(0.0,) * 8)
SERIES = (QUIET, ZERO, LOUD)


@pytest.fixture
def report(tmp_path: Path, interpreter: Interpreter, cells: tuple[SuiteCell, ...]) -> NoiseResult:
    """Three series, one cell skipped and one failed."""
    return NoiseResult(
        job=NoiseJob(
            interpreter=interpreter,
            arm=arm_named("ft"),
            cells=cells,
            profile="full",
            replicates=4,
            results=tmp_path,
            machine="vm",
        ),
        series=SERIES,
        lost=(
            Lost(cell=cells[0], skipped=True, reason="there is none"),
            Lost(cell=cells[1], skipped=True, reason="there is none"),
            Lost(cell=cells[2], skipped=False, reason="a worker died"),
        ),
    )


def test_the_worst_series_comes_first_and_those_without_a_floor_last() -> None:
    """By the effect that can be found."""
    made = rows(SERIES)
    assert [row.runs for row in made] == [(LOUD,), (QUIET,), (ZERO,)]
    assert made[2].floor is None
    assert made[1].floor is not None
    assert made[1].least > made[1].floor.effect > 0


def test_a_steady_series_finds_ten_percent_and_a_loud_one_does_not() -> None:
    """One of three."""
    made = rows(SERIES)
    assert detecting(made, 0.10) == 1


def test_the_table_says_what_it_rests_on(report: NoiseResult) -> None:
    """Every line of it that a reader needs, within eighty columns, but for a path, never broken."""
    text = rendered(document_of([report]), Format.TABLE, width=80)
    assert "3.14.2, free-threaded build (source-gcc12)" in text
    assert "1 of 3 series could find 10%." in text
    assert "1 series has no floor" in text
    assert "skipped, 2 cells: there is none" in text
    assert "failed: lifecycle.Lifecycle(threads, 8): a worker died" in text
    lines = [line for line in text.splitlines() if str(report.job.path) not in line]
    assert max(map(len, lines)) <= 80


def test_the_document_has_everything(report: NoiseResult) -> None:
    """All series with their medians, and all that was lost."""
    (told,) = document_of([report]).record
    assert told["subject"]["release"] == "3.14.2"
    assert [each["medians"] for each in told["series"]] == [
        list(LOUD.medians),
        list(QUIET.medians),
        list(ZERO.medians),
    ]
    assert told["found"] == {"0.05": 1, "0.1": 1, "0.2": 1}
    assert len(told["lost"]) == 3


@pytest.mark.parametrize(
    ("share", "text"), [(0.0432, "4.3"), (0.25, "25.0"), (1.5, "150"), (40.0, ">999")]
)
def test_shares_are_read_as_percent(share: float, text: str) -> None:
    """Two digits or three."""
    assert percent(share) == f"{text}\N{NARROW NO-BREAK SPACE}%"
