"""What a trial means: ranking, what is told apart, what pays, limits, cost, what advise says."""

from __future__ import annotations

import random
from collections.abc import Iterable

import pytest
from fake_figures import crossover
from fake_trials import FT, GIL, MIB, SECONDS, cell, trial, with_cell
from msgspec.structs import replace

from ftbench.analysis.advice.cells import cells_of
from ftbench.analysis.trials import Answer, Forecast, Limits, OnBuild, answer, forecasts, slo
from ftbench.errors import UsageError
from ftbench.facts.arms import arm_named
from ftbench.results.trials import Trial, TrialProcess


def on(found: Answer, name: str) -> OnBuild:
    return next(each for each in found.builds if each.build.name == name)


def order(each: OnBuild) -> list[str]:
    return [tried.cell.mode for tried in each.ranked]


def best_of(of: Trial, limits: Limits | None = None) -> tuple[str, str]:
    best = answer(of, limits).best
    assert best is not None
    return best.build.name, best.cell.mode


def test_modes_are_ranked_on_each_build_and_over_all() -> None:
    found = answer(trial())
    assert order(on(found, GIL)) == ["processpool-forkserver", "serial", "threadpool"]
    assert order(on(found, FT)) == ["threadpool", "processpool-forkserver", "serial"]
    assert best_of(trial()) == (FT, "threadpool")
    assert found.best_on_gil is not None
    assert found.best_on_gil.cell.mode == "processpool-forkserver"


def test_a_failed_cell_is_never_ranked_whatever_its_figures() -> None:
    wrong = cell(FT, "threadpool", 1e-4, failed="results differ", exit_code=13)
    found = answer(with_cell(trial(), wrong))
    assert "threadpool" not in order(on(found, FT))
    assert [each.mode for each in on(found, FT).without if each.failed] == ["threadpool"]


def test_what_lies_within_the_noise_of_processes_is_not_told_apart() -> None:
    near = cell(FT, "processpool-forkserver", 1.6e-3, spread=0.03)
    close = on(answer(with_cell(trial(), near)), FT).close
    assert {each.cell.mode for each in close} == {"threadpool", "processpool-forkserver"}


def test_what_slows_a_process_down_slows_the_loop_beside_it_as_well() -> None:
    calm = trial()
    chance = random.Random(1)  # noqa: S311 - made-up data

    def moody(process: TrialProcess) -> TrialProcess:
        slow = chance.choice((1.0, 1.7))
        both = ("rounds", "loop")
        return replace(process, **{n: tuple(slow * s for s in getattr(process, n)) for n in both})

    cells = (replace(c, processes=tuple(map(moody, c.processes))) for c in calm.cells)
    found, usual = (on(answer(each), FT) for each in (replace(calm, cells=tuple(cells)), calm))
    for one, other in zip(found.ranked, usual.ranked, strict=True):
        assert one.cell.mode == other.cell.mode
        if one.speed_up and other.speed_up:
            assert one.speed_up.value == pytest.approx(other.speed_up.value)
    assert len(found.close) == 1
    seconds = found.ranked[0].seconds.interval
    assert seconds is not None
    assert seconds.high > 2 * seconds.low  # which tell nothing apart


def test_of_one_process_nothing_is_told_apart() -> None:
    alone = trial(
        cells=tuple(cell(name, mode, s, processes=1) for (name, mode), s in SECONDS.items())
    )
    found = answer(alone)
    assert len(on(found, FT).close) == len(on(found, FT).ranked)
    assert all(each.seconds.interval is None for each in on(found, FT).ranked)
    assert all(each.pays_from is None for each in on(found, FT).ranked)
    assert best_of(alone)[1] == "serial"  # the simplest of what is not told apart


def test_a_plain_loop_is_best_where_no_pool_is_told_from_it() -> None:
    near = with_cell(trial(), cell(FT, "threadpool", 3.19e-3, spread=0.02))
    near = with_cell(near, cell(FT, "processpool-forkserver", 3.3e-3, spread=0.02))
    cells = tuple(each for each in near.cells if each.build == FT)
    alone = replace(near, builds=near.builds[1:], cells=cells)
    assert best_of(alone) == (FT, "serial")


def test_of_plain_loops_that_are_not_told_from_the_best_the_fastest_is_best() -> None:
    # The best of all is a pool of the free-threaded build, whose loop is slower than the other's.
    found = trial()
    one = tuple(replace(each, processes=each.processes[:1]) for each in found.cells)
    assert best_of(replace(found, cells=one)) == (GIL, "serial")


def test_the_price_of_a_build_is_its_loop_over_that_of_the_gil_build() -> None:
    found = answer(trial())
    price = on(found, FT).price
    assert price is not None
    assert price.value == pytest.approx(3.2 / 3.0, rel=0.02)
    assert price.interval is not None
    assert on(found, GIL).price is None


def test_a_pool_pays_from_as_many_calls_as_make_up_for_its_start_and_end() -> None:
    tried = next(e for e in on(answer(trial()), FT).ranked if e.cell.mode == "threadpool")
    saved = 3.2e-3 - tried.seconds.value
    assert tried.pays_from is not None
    assert (tried.pays_from - 1) * saved < 0.042 <= tried.pays_from * saved


def test_a_pool_that_is_not_surely_faster_never_pays() -> None:
    slower = next(e for e in on(answer(trial()), GIL).ranked if e.cell.mode == "threadpool")
    assert slower.pays_from is None
    doubtful = with_cell(trial(), cell(GIL, "threadpool", 2.95e-3, spread=0.05))
    tried = next(e for e in on(answer(doubtful), GIL).ranked if e.cell.mode == "threadpool")
    assert tried.pays_from is None


def test_percentiles_come_of_enough_calls_alone() -> None:
    (tried, *_) = on(answer(trial()), FT).ranked
    assert sorted(tried.percentiles) == [50, 95, 99]  # of 5 processes with 200 calls each
    few = with_cell(trial(), cell(FT, "threadpool", 1.62e-3, calls=(3e-3, 4e-3, 9e-3)))
    (tried, *_) = on(answer(few), FT).ranked
    assert sorted(tried.percentiles) == [50]


def test_cores_are_busy_by_their_cpu_over_their_time() -> None:
    found = on(answer(trial()), FT).every
    busy = {each.cell.mode: each.busy for each in found}
    assert busy["threadpool"] == pytest.approx(3.0e-3 / (1.62e-3 * 2), rel=0.03)
    assert busy["serial"] == pytest.approx(3.0 / 3.2, rel=0.03)


def test_without_cpu_times_the_rest_is_told() -> None:
    (tried, *_) = on(answer(with_cell(trial(), cell(FT, "threadpool", 1e-3, cpu=()))), FT).ranked
    assert (tried.cpu, tried.busy) == (None, None)
    assert tried.seconds.value == pytest.approx(1e-3, rel=0.03)


@pytest.mark.parametrize(
    ("limits", "broken"),
    [
        (Limits(slo={99.0: 6e-3}), {"serial": "its p99", "processpool-forkserver": ""}),
        (Limits(memory=60 * MIB), {"processpool-forkserver": "its memory", "threadpool": ""}),
        # Of a thousand calls p99 is known, which the next one is no less than.
        (Limits(slo={99.9: 1e-6}), {"threadpool": "its p99"}),
    ],
)
def test_what_breaks_a_limit_is_ruled_out_with_the_reason(
    limits: Limits, broken: dict[str, str]
) -> None:
    found = on(answer(trial(), limits), FT)
    why = {tried.cell.mode: why for tried, why in found.out}
    for mode, words in broken.items():
        assert (mode in why) is bool(words)
        assert words in why.get(mode, "")
        assert (mode in order(found)) is not bool(words)


def test_where_there_is_a_price_the_cost_ranks() -> None:
    hour, gib = 3600, 2**30
    cheap_memory = Limits(cpu_price=0.04 / hour, memory_price=0.0)
    dear_memory = Limits(memory_price=50.0 / hour / gib)
    assert best_of(trial(), dear_memory) == (FT, "threadpool")
    (tried, *_) = on(answer(trial(), dear_memory), GIL).ranked
    assert tried.cell.mode == "serial"  # half the memory for less than twice the time
    assert tried.cost is not None
    held = 40 * MIB * 3.0e-3 * 50 / hour / gib * 1e6
    assert tried.cost.value == pytest.approx(held, rel=0.03)
    (tried, *_) = on(answer(trial(), cheap_memory), FT).ranked
    assert tried.cost is not None
    assert tried.cost.value == pytest.approx(3.0e-3 * 0.04 / hour * 1e6, rel=0.03)


def test_a_cost_that_is_not_known_rules_out() -> None:
    lacking = with_cell(trial(), cell(FT, "threadpool", 1.62e-3, memory=()))
    found = on(answer(lacking, Limits(memory_price=1e-9)), FT)
    assert [tried.cell.mode for tried, why in found.out if "its cost" in why] == ["threadpool"]


@pytest.mark.parametrize(
    ("text", "told"),
    [("50ms", "is no limit"), ("p98=50ms", "Did you mean 'p9"), ("p99=50", "needs a unit")],
)
def test_a_limit_that_is_none_is_told_so(text: str, told: str) -> None:
    with pytest.raises(UsageError) as raised:
        slo(text)
    assert told in str(raised.value)
    assert slo(" p99 = 50ms") == (99.0, 0.05)


def test_advise_is_asked_for_the_same_and_held_against_what_was_measured() -> None:
    cells = cells_of(crossover([arm_named("gil"), arm_named("ft")]))
    said = on_ft(forecasts(answer(trial()), cells, "3.14.2"))
    assert said.holds
    assert said.predicted.cell.mode == "threadpool"
    other = on_ft(
        forecasts(answer(with_cell(trial(), cell(FT, "threadpool", 6e-3))), cells, "3.14.2")
    )
    assert not other.holds
    assert other.behind is not None
    assert other.behind.value == pytest.approx(6.0 / 1.9, rel=0.03)


def on_ft(said: Iterable[Forecast | str]) -> Forecast:
    of_builds = (each for each in said if isinstance(each, Forecast))
    return next(each for each in of_builds if each.on.build.name == FT)


def test_what_advise_has_no_cells_for_is_said() -> None:
    cells = cells_of(crossover([arm_named("gil"), arm_named("ft")]))
    long = trial(serial_seconds=2.0)
    told = list(forecasts(answer(long), cells, "3.14.2"))
    assert len(told) == 2
    assert all(isinstance(each, str) and "has no data" in each for each in told)


def test_advise_says_nothing_of_what_waits() -> None:
    cells = cells_of(crossover([arm_named("gil"), arm_named("ft")]))
    (said,) = forecasts(answer(trial(cpu_share=0.1)), cells, "3.14.2")
    assert isinstance(said, str)
    assert "tasks that compute" in said


def test_what_nobody_knows_to_keep_a_limit_is_ranked_and_it_is_said() -> None:
    few = with_cell(trial(), cell(FT, "threadpool", 1.62e-3, calls=(3e-3, 3e-3, 9e-3)))
    found = on(answer(few, Limits(slo={99.0: 5e-3})), FT)
    assert order(found)[0] == "threadpool"
    (doubt,) = found.ranked[0].doubts()
    assert "15 calls are too few to know its p99" in doubt


def test_a_build_that_is_not_surely_better_is_not_moved_to() -> None:
    alike = trial()
    for mode in ("threadpool", "processpool-forkserver"):
        alike = with_cell(alike, cell(FT, mode, 1.74e-3, spread=0.02))
    assert best_of(alike) == (GIL, "processpool-forkserver")
