"""Closed forms in the place of a bootstrap: what one draws for long is what they say at once."""

from __future__ import annotations

import math
from random import Random

import numpy as np
import pytest
from fake_figures import Noise
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from ftbench.statistics import Basis, Processes, location, spread
from ftbench.statistics.power import Floor, pooled
from ftbench.statistics.ratio import intervals
from ftbench.statistics.spread import BASES, Estimates, estimates

costs = st.floats(min_value=1e-6, max_value=1e3)
process = st.lists(costs, min_size=1, max_size=6).map(tuple)
sides = st.lists(process, min_size=1, max_size=4).map(tuple)
quick = settings(max_examples=60, deadline=None)


def only(side: Processes) -> tuple[float, float, float, Basis]:
    """What is known of one side: its value, error, freedom and basis."""
    found = estimates([side])
    return (
        float(found.value[0]),
        float(found.error[0]),
        float(found.freedom[0]),
        BASES[found.basis[0]],
    )


def bits(found: Estimates) -> list[bytes]:
    return [
        each.tobytes()
        for each in (found.value, found.error, found.freedom, found.basis, found.scatter)
    ]


@pytest.mark.parametrize("processes", [2, 3, 5, 12])
def test_several_processes_have_the_error_of_a_bootstrap_that_draws_them_whole(
    processes: int,
) -> None:
    """Corrected for what every bootstrap of a few loses: it divides by n, not by n - 1."""
    side = Noise(between=0.1, within=0.05).drawn(np.random.default_rng(processes), processes, 7)
    logs = np.log([np.median(each) for each in side])
    drawn = stats.bootstrap(
        (logs,), np.mean, n_resamples=20_000, method="percentile", rng=np.random.default_rng(1)
    )
    value, error, freedom, basis = only(side)
    assert value == pytest.approx(logs.mean())
    unbiased = math.sqrt(processes / (processes - 1))
    assert error == pytest.approx(float(drawn.standard_error) * unbiased, rel=0.03)
    assert (freedom, basis) == (processes - 1, Basis.PROCESSES)


@pytest.mark.parametrize("samples", [(2.0,), (2.0,) * 50, (1.9, 2.0, 2.1)])
def test_one_process_has_a_place_and_no_error(samples: tuple[float, ...]) -> None:
    """However many samples it took: what another process would have is not in them."""
    value, error, _, basis = only((samples,))
    assert value == pytest.approx(math.log(2))
    assert math.isnan(error)
    assert basis is Basis.NONE


@quick
@given(st.lists(sides, min_size=1, max_size=7), st.integers(min_value=1, max_value=5))
def test_a_side_is_what_it_is_alone_whatever_stands_beside_it(
    given_sides: list[Processes], batch: int
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(spread, "_BATCH", batch)
        together = estimates(given_sides)
    for number, side in enumerate(given_sides):
        assert bits(together.take(np.array([number]))) == bits(estimates([side]))


@quick
@given(sides, st.randoms(use_true_random=False))
def test_the_order_of_samples_and_of_processes_plays_no_part_to_the_bit(
    side: Processes, random: Random
) -> None:
    mixed = [tuple(random.sample(process, len(process))) for process in side]
    random.shuffle(mixed)
    assert bits(estimates([tuple(mixed)])) == bits(estimates([side]))


@quick
@given(sides, st.floats(min_value=1e-3, max_value=1e3))
def test_another_unit_moves_the_place_and_leaves_the_error(side: Processes, scale: float) -> None:
    value, error, *rest = only(side)
    scaled = only(tuple(tuple(scale * sample for sample in process) for process in side))
    assert scaled[0] == pytest.approx(value + math.log(scale), abs=1e-9)
    assert scaled[1] == pytest.approx(error, abs=1e-9, nan_ok=True)
    assert list(scaled[2:]) == rest


@quick
@given(costs, st.integers(min_value=2, max_value=9), st.integers(min_value=1, max_value=9))
def test_processes_that_are_all_alike_differ_by_nothing_at_all(
    cost: float, processes: int, samples: int
) -> None:
    """Not by a rounding either: it would make any other rounding a sure effect."""
    _, error, _, basis = only(((cost,) * samples,) * processes)
    assert error == 0
    assert basis is Basis.PROCESSES


@pytest.mark.parametrize(
    "bad",
    [
        (),
        ((),),
        ((1.0,), ()),
        ((1.0, 0.0),),
        ((-1.0,),),
        ((1.0,), (math.nan,)),
        ((math.inf, 1.0),),
    ],
)
def test_a_side_that_is_not_usable_says_so_and_spoils_no_other(bad: Processes) -> None:
    good = ((1.0, 2.0), (3.0, 4.0))
    found = estimates([good, bad, good])
    assert found.usable.tolist() == [True, False, True]
    assert math.isnan(found.value[1])
    assert math.isnan(found.error[1])
    for number in (0, 2):
        assert bits(found.take(np.array([number]))) == bits(estimates([good]))


def test_no_sides_are_no_estimates() -> None:
    assert len(estimates([]).value) == 0


def test_a_location_is_the_geometric_mean_of_the_medians_of_processes() -> None:
    assert location(((1.0, 9.0, 2.0), (8.0,))) == pytest.approx(4.0)


@pytest.mark.parametrize("side", [(), ((),), ((0.0,),), ((math.nan, 1.0),)])
def test_what_is_not_usable_lies_nowhere(side: Processes) -> None:
    assert location(side) is None


def test_a_floor_tells_of_one_process_what_several_tell_of_themselves() -> None:
    known = Floor(spread=0.03, freedom=8, processes=5, effect=0.1)
    sides = estimates([((1.0,),), ((1.0,), (1.1,), (0.9,)), ((1.0,),)])
    found = pooled(sides, [known, known, None])
    assert [BASES[each] for each in found.basis] == [Basis.FLOOR, Basis.PROCESSES, Basis.NONE]
    assert found.freedom.tolist()[:2] == [8, 10]
    assert found.error[0] == pytest.approx(0.03)
    own = float(sides.scatter[1])
    assert found.error[1] == pytest.approx(math.sqrt((own + 8 * 0.03**2) / 10 / 3))
    assert math.isnan(found.error[2])


def test_an_interval_covers_the_place_at_its_rate() -> None:
    """Pooled with a floor that is an estimate itself, and of no process but by a floor."""
    rng, noise = np.random.default_rng(5), Noise(between=0.03, within=0.01)
    for processes in (1, 3):
        sides = [noise.drawn(rng, processes, 5) for _ in range(2000)]
        idle = [float(np.std(np.log(noise.drawn(rng, 8, 1)), ddof=1)) for _ in sides]
        floors = [Floor(spread=each, freedom=7, processes=5, effect=0.1) for each in idle]
        found = intervals(sides, floors)
        covered = sum(each is not None and each.low <= 1 <= each.high for each in found)
        assert 0.98 <= covered / 2000 <= 1
    assert intervals([((1.0, 1.1),), ((0.0,), (1.0,))], [None, None]) == [None, None]
