from __future__ import annotations

from fake_figures import rekeyed

from ftbench.analysis.comparison import Metric
from ftbench.analysis.grid import Grid, Ladder, grid_of
from ftbench.facts.arms import USUAL_ARMS, arm_named
from ftbench.facts.modes import MODES, mode_named
from ftbench.releases import Release
from ftbench.results import Figure, State
from ftbench.results.figure import Environment, SeriesKey
from ftbench.statistics.spread import Interval

LADDER = Ladder(param="strategy", values=("lock", "atomic", "local"), base="lock")
OP = Metric(benchmark="s.S.track_op", title="op", params={"fill": "grown"})
THREADS, FORK, INTERPRETERS = map(mode_named, ("threads", "processes-fork", "interpreters"))
GIL, FT, *_ = USUAL_ARMS
HOLE = "they share nothing"


def figure(
    strategy: str, median: float | None, mode: str = "threads", arm: str = "ft", **changes: object
) -> Figure:
    made = Figure(
        environment=Environment(machine="m", arm=arm_named(arm), flavour="source", profile="full"),
        release=Release.parse("3.14.2"),
        series=SeriesKey(
            benchmark=OP.benchmark, params={"mode": mode, "strategy": strategy, "fill": "grown"}
        ),
        unit="seconds",
        state=State.FAILED if median is None else State.MEASURED,
        median=median,
        interval=None if median is None else Interval(low=median * 0.9, high=median * 1.1),
        runs=frozenset({"one"}),
    )
    return rekeyed(made, **changes)


def skipped(strategy: str, arm: str = "ft") -> Figure:
    return figure(strategy, None, "interpreters", arm, state=State.SKIPPED, reason=HOLE)


def grid(*figures: Figure) -> Grid:
    return grid_of(figures, OP, LADDER)


def test_every_ratio_is_to_one_cell_of_the_whole_grid() -> None:
    made = grid(figure("lock", 2.0), figure("local", 0.5), figure("lock", 300.0, "processes-fork"))
    assert made.baseline.median == 2.0
    assert made.cell(THREADS, FT, "local").ratio == 0.25
    assert made.cell(FORK, FT, "lock").ratio == 150.0


def test_without_the_baseline_no_cell_has_a_ratio() -> None:
    made = grid(figure("local", 0.5), figure("lock", None))
    assert {cell.ratio for cell in made.cells} == {None}


def test_figures_at_other_values_of_the_other_parameters_stay_out() -> None:
    cold = {"mode": "threads", "strategy": "lock", "fill": "cold"}
    assert grid(figure("lock", 1.0, params=cold)).medians == ()


def test_an_arm_of_which_nothing_is_known_has_no_place() -> None:
    assert grid(figure("lock", 1.0), figure("lock", None, arm="gil")).arms == (GIL, FT)
    assert grid().arms == ()


def test_what_holds_for_several_values_is_said_on_one_line() -> None:
    made = grid(
        figure("lock", 1.0),
        skipped("lock"),
        skipped("atomic"),
        figure("local", 1.0, "interpreters"),
    )
    lines = dict(made.bands())[INTERPRETERS]
    assert [(line.values, line.words) for line in lines] == [
        (("lock", "atomic"), f"skipped: {HOLE}"),
        (("local",), ""),
    ]


def test_skipped_failed_and_absent_stay_lines_of_their_own() -> None:
    made = grid(skipped("lock"), figure("atomic", None, "interpreters"))
    ((mode, lines),) = made.bands()
    assert mode is INTERPRETERS
    assert [line.words for line in lines] == [
        f"skipped: {HOLE}",
        "failed, no reason on record",
        "not measured",
    ]
    assert [line.state for line in lines] == [State.SKIPPED, State.FAILED, State.ABSENT]


def test_a_line_whose_arms_differ_speaks_for_itself_cell_by_cell() -> None:
    made = grid(figure("lock", 1.0), figure("lock", None, arm="gil"))
    ((_, (line, *rest)),) = made.bands()
    assert line.words == ""
    assert [cell.state for cell in line.cells] == [State.FAILED, State.MEASURED]
    assert [each.words for each in rest] == ["not measured"]


def test_a_mode_that_was_never_tried_has_no_band() -> None:
    assert [mode.name for mode, _ in grid(figure("lock", 1.0)).bands()] == ["threads"]
    assert list(grid().bands()) == []
    assert len(MODES) > 1


def test_the_cheapest_is_the_lowest_and_what_cannot_be_told_from_it() -> None:
    made = grid(figure("lock", 1.0), figure("atomic", 1.15), figure("local", 2.0))
    assert made.cheapest(THREADS, FT) == {"lock", "atomic"}
    alone = [figure("lock", 1.0), figure("atomic", 9.0, interval=None)]
    assert grid(*alone).cheapest(THREADS, FT) == {"lock", "atomic"}


def test_of_one_process_each_nothing_is_the_cheapest() -> None:
    bare = [figure(name, cost, interval=None) for name, cost in (("lock", 1.0), ("atomic", 9.0))]
    assert grid(*bare).cheapest(THREADS, FT) == frozenset()


def test_without_a_choice_nothing_is_the_cheapest() -> None:
    made = grid(figure("lock", 1.0), figure("atomic", None))
    assert made.cheapest(THREADS, FT) == frozenset()
    assert made.cheapest(THREADS, GIL) == frozenset()


def test_the_lowest_of_an_arm_is_found_in_all_modes() -> None:
    made = grid(figure("lock", 1.0), figure("local", 0.2, "processes-fork"))
    found = made.lowest(FT)
    assert found is not None
    assert (found[0], found[1].mode) == ("local", FORK)
    assert made.lowest(GIL) is None


def test_one_scale_serves_the_whole_grid() -> None:
    made = grid(figure("lock", 2e-6), figure("local", 4e-6), figure("atomic", 0.3))
    assert made.scale.symbol == "µs"
    assert made.scale.text(0.3) == "300\N{NARROW NO-BREAK SPACE}000"
