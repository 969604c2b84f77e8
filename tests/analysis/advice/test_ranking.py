"""The advice: ranked from measured cells alone, whatever their order; limits, prices, no data."""

from __future__ import annotations

import random
from collections.abc import Iterable
from dataclasses import replace

import pytest
from fake_figures import HAND, Place, crossover, figure_of, latency, seconds, shared
from hypothesis import given, settings
from hypothesis import strategies as st

from ftbench.analysis.advice.cells import GROUP, MODES, SERIAL, cells_of
from ftbench.analysis.advice.estimate import Asked, Expectation, NoData
from ftbench.analysis.advice.question import By, Load, Question
from ftbench.analysis.advice.ranking import Advice, ArmAdvice, advise, reasons
from ftbench.facts.arms import USUAL_ARMS, WITH_GIL, WITHOUT_GIL, arm_named
from ftbench.facts.modes import EVERY_MODE, mode_named
from ftbench.probe.scenarios.crossover import PAYLOADS, SIZES, Payload, Size
from ftbench.probe.scenarios.shared_set_strategies import KINDS, STRATEGIES
from ftbench.report.answer import DISTURBED, answer_of
from ftbench.results import Figure, State

GIL, FT = arm_named("gil"), arm_named("ft")
THREADS, SPAWN = mode_named("threads"), mode_named("processes-spawn")
EVERY = tuple(crossover())
CELLS = cells_of(EVERY)
TASK = st.floats(SIZES[0].nominal, SIZES[-1].nominal)
PAYLOAD = st.integers(0, PAYLOADS[-1].size)
WORKERS = st.integers(2, 8)


def asked(question: Question, figures: Iterable[Figure] | None = None) -> Advice:
    return advise(CELLS if figures is None else cells_of(figures), question)


def on(advice: Advice, name: str = "ft") -> ArmAdvice:
    return next(each for each in advice.arms if each.arm.name == name)


def in_run(figure: Figure, run: str) -> Figure:
    return replace(figure, runs=frozenset({run}))


def order(advice: ArmAdvice) -> list[str]:
    return [each.expectation.mode.name for each in advice.ranked]


def expected(question: Question, mode: str, arm: str = "ft") -> Expectation:
    found = Asked(cells=CELLS, arm=arm_named(arm), question=question).of(mode_named(mode))
    assert isinstance(found, Expectation)
    return found


# -- from measured cells


def test_at_a_measured_place_it_is_the_measured_figure() -> None:
    place = Place(arm=FT, mode=THREADS, workers=8, size=SIZES[1], payload=PAYLOADS[2])
    found = expected(Question(task=1e-4, payload=65_536), "threads")
    assert found.seconds.value == pytest.approx(seconds(place))
    assert found.seconds.sources == ("task_100us_64kib(threads, 8)",)
    assert not found.seconds.between
    assert found.memory is not None
    assert found.memory.value == 34 * 2**20
    assert found.memory.sources == ("pss(threads, 8)",)


def test_between_measured_places_it_says_so_and_names_them() -> None:
    found = expected(Question(task=2e-4, payload=30_000, workers=4), "threads").seconds
    assert found.between
    assert set(found.sources) == {
        f"task_{size}_{payload}(threads, {workers})"
        for size in ("100us", "1ms")
        for payload in ("1kib", "64kib")
        for workers in (2, 8)
    }


@settings(deadline=None)
@given(TASK, PAYLOAD)
def test_what_is_a_constant_a_part_of_the_work_and_one_of_the_bytes_is_met(
    task: float, payload: int
) -> None:
    size, carried = Size(name="", nominal=task, steps=0), Payload(name="", size=payload)
    # A plain loop reads the payload as well.
    for mode, workers in ((THREADS, 8), (SPAWN, 8), (SERIAL, 1)):
        place = Place(arm=FT, mode=mode, workers=workers, size=size, payload=carried)
        found = expected(Question(task=task, payload=payload), mode.name)
        assert found.seconds.value == pytest.approx(seconds(place))


def test_tasks_per_second_rise_with_the_workers() -> None:
    every = crossover(cost=lambda place: place.size.nominal / place.workers)
    found = Asked(cells=cells_of(every), arm=FT, question=Question(task=1e-3, workers=4))
    four = found.of(THREADS)
    assert isinstance(four, Expectation)
    assert four.seconds.value == pytest.approx(1e-3 / 4)


@settings(deadline=None)
@given(TASK, TASK, PAYLOAD, WORKERS)
def test_a_larger_task_never_takes_less(
    one: float, other: float, payload: int, workers: int
) -> None:
    small, large = sorted((one, other))
    for mode in ("threads", "processes-fork", "interpreters", "serial"):
        less, more = (
            expected(Question(task=task, payload=payload, workers=workers), mode).seconds
            for task in (small, large)
        )
        assert less.value <= more.value * (1 + 1e-9)


@settings(deadline=None)
@given(TASK, PAYLOAD, PAYLOAD)
def test_a_larger_payload_never_takes_less(task: float, one: int, other: int) -> None:
    small, large = sorted((one, other))
    less, more = (
        expected(Question(task=task, payload=payload), "processes-spawn").seconds.value
        for payload in (small, large)
    )
    assert less <= more * (1 + 1e-9)


@settings(deadline=None, max_examples=15)
@given(TASK, PAYLOAD, WORKERS, st.integers(0, 1_000))
def test_the_order_of_the_cells_does_not_matter(
    task: float, payload: int, workers: int, seed: int
) -> None:
    question = Question(task=task, payload=payload, workers=workers, cpu_price=1e-5)
    shuffled = random.Random(seed).sample(EVERY, len(EVERY))  # noqa: S311 - no secrets here
    one, other = asked(question), asked(question, shuffled)
    for ours, theirs in zip(one.arms, other.arms, strict=True):
        assert (ours.ranked, ours.out, ours.unknown) == (theirs.ranked, theirs.out, theirs.unknown)


@settings(deadline=None)
@given(TASK, PAYLOAD, WORKERS)
def test_ranks_rise_with_the_costs_and_nothing_is_lost(
    task: float, payload: int, workers: int
) -> None:
    for by in (By.SECONDS, By.MEMORY):
        for arm in asked(Question(task=task, payload=payload, workers=workers, by=by)).arms:
            assert [each.rank for each in arm.ranked] == list(range(1, len(arm.ranked) + 1))
            assert len(arm.ranked) + len(arm.out) + len(arm.unknown) == len(MODES)


# -- who wins


def test_tiny_tasks_are_for_a_loop_and_large_ones_for_who_runs_in_parallel() -> None:
    assert order(on(asked(Question(task=1e-5))))[0] == "serial"
    assert order(on(asked(Question(task=1e-2))))[0] == "threads"
    gil = on(asked(Question(task=1e-2)), "gil")
    assert order(gil)[0].startswith("processes")
    assert order(gil)[-1] == "threads"


def test_what_a_size_means_is_the_time_of_a_plain_loop_on_the_first_arm() -> None:
    slow = tuple(crossover(cost=lambda place: seconds(place) * (2 if place.arm == FT else 1)))
    found = asked(Question(task=1e-4), slow)
    loops = [next(r for r in arm.ranked if r.expectation.mode == SERIAL) for arm in found.arms]
    assert [each.expectation.seconds.value for each in loops] == pytest.approx([1e-4, 2e-4, 1e-4])


def test_who_is_not_told_apart_from_the_first_is_close() -> None:
    wide = on(asked(Question(task=1e-2), crossover(margin=0.6)))
    assert [each.close for each in wide.ranked] == [False, True, True, True, True, True]
    none = on(asked(Question(task=1e-2), crossover(margin=None)))
    assert all(each.close for each in none.ranked[1:])
    sure = on(asked(Question(task=1e-3), crossover(margin=0.001)))
    assert not any(each.close for each in sure.ranked if each.expectation.mode != THREADS)


def test_the_best_of_all_arms_is_named() -> None:
    best = asked(Question(task=1e-2)).ranked[0].expectation
    assert (best.arm, best.mode) == (FT, THREADS)
    assert asked(Question(task=1.0)).ranked == ()


# -- limits and prices


def test_a_limit_rules_out_what_breaks_it_and_says_by_how_much() -> None:
    found = on(asked(Question(task=1e-3, memory=20 * 2**20)))
    assert order(found) == ["serial"]
    assert "its memory, 34.0" in found.out[0].why
    assert "above 20.0" in found.out[0].why


def held(share: float, limit: float | None = None, task: float = 1e-3) -> ArmAdvice:
    """Ask for `limit` at a share of a core; a plain loop cannot keep up with the higher load."""
    late = latency(cannot=lambda mode, percent: mode == SERIAL and percent > 100)
    return on(asked(Question(task=task, p99=limit, load=Load(value=share)), (*EVERY, *late)))


def p99_of(advice: ArmAdvice, mode: str) -> Expectation:
    every = [each.expectation for each in advice.ranked]
    every += [each.expectation for each in advice.out]
    return next(each for each in every if each.mode.name == mode)


def test_a_p99_is_of_the_load_that_is_offered() -> None:
    for share, times in ((0.5, 10), (1.25, 25), (0.875, 17.5)):
        found = p99_of(held(share), "threads")
        assert found.p50 is not None
        assert found.p99 is not None
        assert (found.p50.value, found.p99.value) == pytest.approx((2e-3, times * 1e-3))
        assert found.p99.between is (share == 0.875)
    # The same in requests a second, and between two sizes.
    rate = Question(task=2e-3, load=Load(value=250.0, per_second=True))
    assert rate.offered == 0.5
    between = p99_of(on(asked(rate, (*EVERY, *latency()))), "processes-fork").p99
    assert between is not None
    assert between.value == pytest.approx(20e-3)
    assert "latency p99_1ms_50(processes-spawn, 8)" in between.sources


def test_without_its_gil_the_build_stands_for_workers_that_have_one_each() -> None:
    plain = list(shared(WITHOUT_GIL, SPAWN, local=1e-6))
    apart = {mode.name for mode in EVERY_MODE if mode.own_gil}
    measured = [
        each for each in latency() if each.arm != WITH_GIL or each.params["mode"] not in apart
    ]
    question = Question(
        task=1e-3, load=Load(value=0.5), shared=0.5, shared_kind=STRATEGIES["local"].kind
    )
    found = {
        arm: p99_of(on(asked(question, (*EVERY, *measured, *plain)), arm.name), "processes-fork")
        for arm in (WITHOUT_GIL, WITH_GIL)
    }
    assert found[WITHOUT_GIL].p99 == found[WITH_GIL].p99 is not None
    assert found[WITHOUT_GIL].sharing == found[WITH_GIL].sharing is not None
    gil = on(asked(question, (*EVERY, *measured, *plain)), "gil")
    assert "processes-fork" not in order(gil)


def test_a_p99_above_the_limit_rules_out_whoever_it_is() -> None:
    assert not held(0.5, 11e-3).out
    above = held(0.5, 9e-3)
    assert not above.ranked
    assert {each.why for each in above.out} == {
        "its p99, 10.0\N{NO-BREAK SPACE}ms, is above 9.00\N{NO-BREAK SPACE}ms"
    }


def test_what_is_doubtful_of_a_p99_is_said_with_it() -> None:
    why = "half of it is that who sends had to wait"
    late = [replace(each, doubt=why if "p99" in each.benchmark else "") for each in latency()]
    for limit, share in ((9e-3, 0.5), (1e-9, 0.875)):
        question = Question(task=1e-3, p99=limit, load=Load(value=share))
        advice = on(asked(question, (*EVERY, *late)))
        assert advice.out
        assert all(each.why.endswith(f" ({why})") for each in advice.out)
        found = p99_of(advice, "threads")
        assert found.p50 is not None
        assert (found.p50.doubt, found.p99 and found.p99.doubt) == ("", why)


def test_who_cannot_keep_up_with_the_load_is_ruled_out() -> None:
    more = held(1.25)
    assert [(each.expectation.mode, each.why) for each in more.out] == [
        (SERIAL, "it cannot keep up: it does 1\N{NARROW NO-BREAK SPACE}000 a second")
    ]
    # What was measured rules out who does enough, as it seems.
    late = latency(cannot=lambda mode, _: mode == THREADS)
    loaded = Question(task=1e-3, load=Load(value=0.5))
    out = on(asked(loaded, (*EVERY, *late))).out
    assert [(each.expectation.mode, each.why) for each in out] == [(THREADS, "it cannot keep up")]
    # Between a load that it keeps up with and one that it does not, nobody knows.
    assert not held(0.8, 1.0).out
    assert "not with the higher" in p99_of(held(0.8), "serial").lacks["p99"].why
    # Where no load is named, nothing is ruled out by it.
    late = latency(cannot=lambda *_: True)
    assert not on(asked(Question(task=1e-3), (*EVERY, *late))).out


@pytest.mark.parametrize("load", [Load(value=2000.0, per_second=True), Load(value=1.1)])
@pytest.mark.parametrize("more", [{}, {"payload": 64}, {"workers": 2}])
def test_a_load_beyond_what_a_mode_does_rules_it_out_whatever_is_known_of_latency(
    load: Load, more: dict[str, int]
) -> None:
    question = Question(task=1e-3, load=load, **more)  # type: ignore[arg-type]
    for arm in asked(question, (*EVERY, *latency())).arms:
        assert "cannot keep up: it does" in next(
            each.why for each in arm.out if each.expectation.mode == SERIAL
        )
        most = question.task / (question.offered or 0)
        assert all(each.expectation.seconds.value <= most for each in arm.ranked)


@pytest.mark.parametrize(
    ("question", "why"),
    [
        (Question(task=1e-3, payload=64), "without payloads"),
        (Question(task=1e-3, workers=2), "probe latency --workers 2"),
        (Question(task=5e-5), "requests of 10.0\N{NO-BREAK SPACE}µs were not measured"),
        (Question(task=1e-3, load=Load(value=0.3)), "from 50% to 125% of one core"),
    ],
)
def test_beyond_the_measured_loads_no_p99_is_known(question: Question, why: str) -> None:
    found = asked(replace(question, p99=1e-9), (*EVERY, *latency()))
    assert why in p99_of(on(found), "threads").lacks["p99"].why
    assert not any(each.expectation.mode == THREADS for each in on(found).out)


def test_without_cells_of_latency_no_p99_is_known_and_nothing_is_ruled_out() -> None:
    limited, free = (asked(Question(task=1e-3, p99=limit)) for limit in (1e-9, None))
    assert [order(arm) for arm in limited.arms] == [order(arm) for arm in free.arms]
    lack = p99_of(on(limited), "threads").lacks["p99"]
    assert lack == NoData(why="not measured", bench="^crossover|^latency")


def test_a_limit_that_cannot_be_told_rules_out_too() -> None:
    without = [each for each in EVERY if not each.benchmark.endswith("pss")]
    assert "memory is not known" in on(asked(Question(task=1e-3, memory=2**30), without)).out[0].why
    assert len(on(asked(Question(task=1e-3), without)).ranked) == 6


def test_the_price_of_a_million_is_of_the_cpu_and_of_the_memory_meanwhile() -> None:
    question = Question(task=1e-3, cpu_price=2e-5, memory_price=1e-14)
    found = expected(question, "threads")
    assert found.cost is not None
    assert found.cpu is not None
    assert found.memory is not None
    meanwhile = found.memory.value * found.seconds.value
    price = 1e6 * (2e-5 * found.cpu.value + 1e-14 * meanwhile)
    assert found.cost.value == pytest.approx(price)
    assert found.cost.interval is not None
    assert found.cost.interval.low < price < found.cost.interval.high
    assert expected(replace(question, memory_price=None), "threads").cost == replace(
        found.cpu,
        value=found.cpu.value * 20,
        interval=found.cpu.interval
        and replace(
            found.cpu.interval, low=found.cpu.interval.low * 20, high=found.cpu.interval.high * 20
        ),
    )


def test_where_there_is_a_price_it_is_ranked_by() -> None:
    # Two cores at work take less time, and more CPU.
    assert order(on(asked(Question(task=1e-3))))[0] == "threads"
    assert order(on(asked(Question(task=1e-3, cpu_price=1e-5))))[0] == "serial"
    by_time = Question(task=1e-3, cpu_price=1e-5, by=By.SECONDS)
    assert order(on(asked(by_time)))[0] == "threads"


def test_without_the_cpu_there_is_no_price_and_no_rank_by_it() -> None:
    without = [each for each in EVERY if "track_cpu" not in each.benchmark]
    found = on(asked(Question(task=1e-3, cpu_price=1e-5), without))
    assert not found.ranked
    assert {each.bench for each in found.unknown.values()} == {"^crossover"}


# -- shared writes


def test_a_share_of_writes_adds_the_cost_of_the_cheapest_strategy_that_others_see() -> None:
    figures = [*EVERY, *shared(FT, THREADS, lock=4e-5, striped=2e-5, local=1e-9, actor=2e-9)]
    plain, sharing = Question(task=1e-3), Question(task=1e-3, shared=0.5)
    cells = cells_of(figures)
    without, having = (
        Asked(cells=cells, arm=FT, question=each).of(THREADS) for each in (plain, sharing)
    )
    assert isinstance(without, Expectation)
    assert isinstance(having, Expectation)
    assert having.sharing is not None
    assert having.sharing.title == "striped, seen at once"
    assert [(name, op.value) for name, op in having.sharing.ops.items()] == [
        ("striped", 2e-5),
        ("lock", 4e-5),
    ]
    assert having.seconds.value == pytest.approx(without.seconds.value + 1e-5)
    assert "shared_set op(threads, striped, grown)" in having.seconds.sources
    assert having.cpu is not None
    assert without.cpu is not None
    assert having.cpu.value == pytest.approx(without.cpu.value + 2e-5)
    assert having.p99 == without.p99


@pytest.mark.parametrize(
    ("kind", "title"),
    [("merged-at-end", "local, merged at end"), ("sent", "actor, sent 64 at a time")],
)
def test_another_kind_of_sharing_has_strategies_of_its_own(kind: str, title: str) -> None:
    cells = cells_of([*EVERY, *shared(FT, THREADS, lock=1e-9, local=2e-5, actor=3e-5)])
    question = Question(task=1e-3, shared=0.5, shared_kind=kind)
    found = Asked(cells=cells, arm=FT, question=question).of(THREADS)
    assert isinstance(found, Expectation)
    assert found.sharing is not None
    assert found.sharing.title == title
    assert len(found.sharing.ops) == 1


def test_a_write_amid_work_is_priced_as_such_where_that_was_measured() -> None:
    writes = list(shared(FT, THREADS, lock=4e-5, atomic=2e-5, atomic_amid=6e-5))
    question = Question(task=1e-3, shared=1.0)
    plain, writing = (
        Asked(cells=cells_of([*EVERY, *writes]), arm=FT, question=each).of(THREADS)
        for each in (Question(task=1e-3), question)
    )
    assert isinstance(plain, Expectation)
    assert isinstance(writing, Expectation)
    assert writing.sharing is not None
    assert writing.sharing.strategy == "lock"
    assert writing.sharing.ops["atomic"].value == 6e-5
    assert "shared_set write(threads, atomic, grown)" in writing.sharing.ops["atomic"].sources
    only = shared(FT, THREADS, atomic=2e-5, atomic_amid=6e-5)
    dearer = Asked(cells=cells_of([*EVERY, *only]), arm=FT, question=question).of(THREADS)
    assert isinstance(dearer, Expectation)
    assert plain.cpu is not None
    assert dearer.cpu is not None
    assert dearer.cpu.value == pytest.approx(plain.cpu.value + 1.8e-4)


def test_every_strategy_is_of_one_kind() -> None:
    assert sorted(name for names in KINDS.values() for name in names) == sorted(STRATEGIES)
    assert KINDS["seen-at-once"] == ("lock", "atomic", "striped", "shared_memory")


def test_writes_are_those_of_one_run_that_of_the_tasks_rather_and_it_is_told_where_it_is_not() -> (
    None
):
    question = Question(task=1e-3, shared=0.5)
    ours = [*shared(FT, THREADS, lock=1e-6)]
    theirs = [in_run(each, "run-2") for each in shared(FT, SPAWN, lock=2e-6, atomic=1e-6)]
    advice = asked(question, [*EVERY, *ours, *theirs])
    assert on(advice).unknown[SPAWN] == NoData(
        why="its shared writes: measured in another run", bench="^shared_set"
    )
    assert not any("another run than the tasks" in note for note in answer_of(advice).notes)
    advice = asked(question, [*EVERY, *theirs])
    (writing,) = (each for each in on(advice).ranked if each.expectation.mode == SPAWN)
    assert writing.expectation.sharing is not None
    assert writing.expectation.sharing.ops["atomic"].value == 1e-6
    assert any("another run than the tasks" in note for note in answer_of(advice).notes)


def test_only_those_are_called_disturbed_whose_figures_were() -> None:
    question = Question(task=1e-3, shared=0.5)
    quiet = asked(question, [*EVERY, *shared(FT, THREADS, lock=1e-6)])
    assert not any("Disturbed" in note for note in answer_of(quiet).notes)
    busy = [replace(each, interference="load") for each in shared(FT, THREADS, lock=1e-6)]
    (note,) = (
        note
        for note in answer_of(asked(question, [*EVERY, *busy])).notes
        if note.startswith("Disturbed")
    )
    assert note == f"Disturbed: threads on the free-threaded build: {DISTURBED}."


def test_a_plain_loop_shares_with_nobody() -> None:
    one, other = (expected(Question(task=1e-3, shared=each), "serial") for each in (0.0, 0.5))
    assert one == other


def test_a_mode_without_figures_of_sharing_has_no_data() -> None:
    found = on(asked(Question(task=1e-3, shared=0.5), [*EVERY, *shared(FT, THREADS, lock=1e-6)]))
    assert order(found) == ["threads", "serial"]
    # Of an engine that is not there nothing is known, of the others nothing of sharing.
    benches = {each.bench for each in found.unknown.values()}
    assert benches == {"^crossover", "^shared_set"}


# -- no data


def no_data(question: Question, mode: str, figures: Iterable[Figure] = EVERY) -> NoData:
    found = Asked(cells=cells_of(figures), arm=FT, question=question).of(mode_named(mode))
    assert isinstance(found, NoData)
    return found


@pytest.mark.parametrize(
    ("question", "why"),
    [
        (Question(task=9e-6), "from 10.0\N{NO-BREAK SPACE}µs to 10.0\N{NO-BREAK SPACE}ms"),
        (Question(task=0.011), "from 10.0\N{NO-BREAK SPACE}µs to 10.0\N{NO-BREAK SPACE}ms"),
        (Question(task=1e-3, payload=2**20 + 100), "up to 1 MiB"),
        (Question(task=1e-3, workers=9), "from 2 to 8"),
        (Question(task=0.03), "grain has tasks of 100\N{NO-BREAK SPACE}ms without payloads: asv"),
        (Question(task=1.0), "no benchmark goes beyond"),
        (Question(task=1e-3, workers=1), "as the plain loop does"),
    ],
)
def test_beyond_what_was_measured_there_is_no_data(question: Question, why: str) -> None:
    found = no_data(question, "threads")
    assert why in found.why
    assert not found.bench


def test_a_cell_that_is_lacking_is_told_with_its_reason_and_what_would_get_it() -> None:
    def spoiled(each: Figure) -> Figure:
        if each.params["mode"] != "threads" or "100us" not in each.benchmark:
            return each
        return replace(each, state=State.FAILED, median=None, reason="Worker 3 died")

    found = no_data(Question(task=2e-4), "threads", map(spoiled, EVERY))
    assert found == NoData(why="failed: Worker 3 died", bench="^crossover")
    without = [each for each in EVERY if each.params["mode"] != "threads"]
    assert no_data(Question(task=2e-4), "threads", without).why == "not measured"


def test_modes_of_another_run_are_not_compared() -> None:
    ours = [each for each in EVERY if each.params["mode"] != "threads"]
    theirs = crossover(USUAL_ARMS, run="run-2", modes=[THREADS])
    found = no_data(Question(task=1e-3), "threads", [*ours, *theirs])
    assert "another run" in found.why


def test_without_a_plain_loop_nobody_knows_what_a_size_means() -> None:
    pools = [each for each in EVERY if each.params["mode"] != "serial"]
    assert "no plain loop" in no_data(Question(task=1e-3), "threads", pools).why
    others = list(shared(FT, THREADS, lock=1e-6))
    (arm,) = asked(Question(task=1e-3), others).arms
    assert (arm.arm, arm.ranked, len(arm.unknown)) == (FT, (), len(MODES))
    assert {each.bench for each in arm.unknown.values()} == {"^crossover"}


def test_rss_stands_in_where_there_is_no_pss() -> None:
    others = [each for each in EVERY if not each.benchmark.endswith("pss")]
    rss = figure_of(
        f"{GROUP}.track_rss", 5e7, {"mode": "threads", "workers": "8"}, arm=FT, unit="bytes"
    )
    found = Asked(cells=cells_of([*others, rss]), arm=FT, question=Question(task=1e-3)).of(THREADS)
    assert isinstance(found, Expectation)
    assert found.memory is not None
    assert found.memory.sources == ("rss(threads, 8)",)


def test_what_another_scenario_has_is_told_with_the_command_that_shows_it() -> None:
    larger = figure_of("grain.Grain.track_relative_100ms", 0.5, {}, arm=FT, unit="ratio")
    found = no_data(Question(task=0.03), "threads", [*EVERY, larger])
    assert found.why.endswith("without payloads: ftbench report --bench '^grain'")


# -- why


def test_two_sentences_say_what_wins_and_why() -> None:
    first, second = reasons(on(asked(Question(task=1e-2))), By.SECONDS)
    assert first.startswith("Threads: 5.0")
    assert "A plain loop takes 10.0\N{NO-BREAK SPACE}ms" in second
    assert "handing a task over costs threads" in second


def test_a_loop_that_wins_says_what_handing_over_would_cost() -> None:
    first, second = reasons(on(asked(Question(task=1e-5))), By.SECONDS)
    assert first.startswith("Plain loop: 10.0\N{NO-BREAK SPACE}µs a task; threads, the next, take")
    assert second.startswith("Threads, the best of the others, would take")
    assert f"{HAND['threads'] * 1e6:.1f}" in second


def test_a_loop_that_is_cheapest_but_not_fastest_says_so() -> None:
    found = on(asked(Question(task=1e-3, cpu_price=1e-5)))
    _, second = reasons(found, By.COST)
    assert second.startswith("Threads, the best of the others, would take 515")


def test_nothing_ranked_is_said_in_one_sentence() -> None:
    assert reasons(on(asked(Question(task=1.0))), By.SECONDS) == (
        "No recommendation: every mode is ruled out or was not measured.",
    )
