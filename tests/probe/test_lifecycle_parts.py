"""The arithmetic of lifecycle: percentiles, the parts of a round, the checksum."""

from __future__ import annotations

import math
import statistics

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ftbench.errors import FtbenchError
from ftbench.probe.entry_points import TASKS
from ftbench.probe.run.outcome import percentile, percentiles, too_few, weighted_percentile
from ftbench.probe.scenarios.lifecycle import Round, check, round_of

SAMPLES = st.lists(st.floats(1e-6, 1e3), min_size=1, max_size=40)
PERCENTS = st.floats(0, 100)
GAPS = st.integers(0, 10**9)


@given(st.lists(st.floats(1e-6, 1e3), min_size=2, max_size=40))
def test_percentiles_are_the_standard_librarys_inclusive_ones(samples: list[float]) -> None:
    cuts = statistics.quantiles(samples, n=100, method="inclusive")
    assert [percentile(samples, p) for p in (5, 50, 95, 99)] == pytest.approx(
        [cuts[4], cuts[49], cuts[94], cuts[98]]
    )


@pytest.mark.parametrize(
    ("count", "told"),
    [(1, {50}), (99, {50}), (100, {50, 95}), (499, {50, 95}), (500, {50, 95, 99})],
)
def test_a_percentile_needs_samples_beyond_it(count: int, told: set[int]) -> None:
    samples = [float(number) for number in range(count)]
    found = percentiles(samples, 50, 95, 99)
    assert found == {percent: percentile(samples, percent) for percent in told}
    lacks = too_few(count, p50=50, p95=95, p99=99)
    assert lacks.keys() == {f"p{percent}" for percent in {50, 95, 99} - told}
    assert all(why.startswith(f"{count} samples are too few") for why in lacks.values())


def test_known_percentiles() -> None:
    samples = [float(each) for each in range(1, 11)]
    assert percentile(samples, 95) == pytest.approx(9.55)  # numpy.percentile says the same
    assert percentile([7.0], 99) == 7.0


@st.composite
def rounds(draw: st.DrawFn) -> Round:
    """A round whose moments are in the order in which a real one has them."""
    now = begin = draw(GAPS)
    starts, reports = [], []
    for _ in range(draw(st.integers(1, 6))):
        now += draw(GAPS)
        starts.append(now)
        first_line = now + draw(GAPS)
        end = first_line + draw(GAPS)
        reports.append((first_line, end, 0, draw(st.integers(0, end - first_line))))
    started = now + draw(GAPS)
    last = max(started, *(report[1] for report in reports))
    return round_of(begin, starts, started, last + draw(GAPS), reports)


@given(rounds())
def test_no_part_is_longer_than_its_round(one: Round) -> None:
    for part in (*one.seconds.values(), one.seconds["start"] * len(one.checksums)):
        assert 0 <= part <= one.seconds["round"] * (1 + 1e-9)


@given(rounds())
def test_a_worker_is_on_a_cpu_for_a_share_of_its_time(one: Round) -> None:
    assert 0 <= one.on_cpu <= 1


def test_the_parts_of_a_round_of_one_worker_add_up() -> None:
    report = (1_300_000_000, 1_800_000_000, 0, 250_000_000)
    one = round_of(1_000_000_000, [1_000_000_000], 1_200_000_000, 2_000_000_000, [report])
    assert one.seconds == pytest.approx(
        {"round": 1.0, "start": 0.2, "first_line": 0.3, "task": 0.5, "teardown": 0.2}
    )
    assert one.on_cpu == pytest.approx(0.5)
    assert one.process_cpu == 0


def test_the_cpu_of_processes_is_that_of_all() -> None:
    assert round_of(0, [0, 0], 1, 9, [(2, 3, 0, 1, 40), (2, 3, 0, 1, 2)]).process_cpu == 42


def _with_checksum(checksum: int) -> Round:
    return round_of(0, [0], 1, 9, [(2, 3, checksum, 1)])


@pytest.mark.parametrize("task", TASKS)
def test_the_serial_twins_checksum_is_accepted_and_told(task: str) -> None:
    expected = TASKS[task]()
    assert str(expected) in check([_with_checksum(expected)], task).checked


def test_one_wrong_checksum_among_many_refuses_the_run() -> None:
    right = _with_checksum(TASKS["article"]())
    with pytest.raises(FtbenchError, match="nothing is recorded"):
        check([right, right, _with_checksum(1)], "article")


def test_the_article_payload_is_the_articles() -> None:
    x = 0x12345678
    for _ in range(20_000):
        x = (x * 1103515245 + 12345) % 2**32
        x = x ^ (x >> 16)
    assert TASKS["article"]() == x
    assert TASKS["empty"]() == 0


@given(st.lists(st.tuples(st.floats(0, 1e3), st.integers(1, 5)), min_size=1, max_size=30), PERCENTS)
def test_a_weight_is_as_many_samples(pairs: list[tuple[float, int]], percent: float) -> None:
    """The inverse of the empirical distribution function: numpy's method `inverted_cdf`."""
    spread = sorted(value for value, weight in pairs for _ in range(weight))
    place = max(0, math.ceil(len(spread) * percent / 100 - 1e-9) - 1)
    weighted = [(value, float(weight)) for value, weight in pairs]
    assert weighted_percentile(weighted, percent) in spread[max(0, place - 1) : place + 2]
