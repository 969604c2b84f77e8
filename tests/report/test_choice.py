"""What Choose says of figures, in the tables of `ftbench report`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from statistics import median

import pytest
import synthetic
from fake_histories import History
from synthetic import Plan

from ftbench.analysis.comparison import FigureIndex
from ftbench.facts.arms import USUAL_ARMS
from ftbench.facts.modes import TASK_ENGINES, mode_named
from ftbench.probe.scenarios.must_scale import LEDGER, MUST
from ftbench.probe.workloads.kernels import SMALL
from ftbench.report.choice import tables
from ftbench.report.document import Row, Table, Tone
from ftbench.report.sections import SECTIONS
from ftbench.report.sections.computing import BY_PATTERN
from ftbench.report.sections.view import GridView
from ftbench.report.sections.workers import BY_POOL
from ftbench.report.view_figures import GridFigures
from ftbench.results import Figure, State, read_results
from ftbench.statistics.spread import Interval

TIMES, DASH = "\N{MULTIPLICATION SIGN}", "\N{EN DASH}"
FOLLOWING_MODES = (
    "processes, fork",
    "processes, forkserver",
    "processes, spawn",
    "subinterpreters",
)


def views(name: str) -> tuple[GridView, ...]:
    section = next(section for section in SECTIONS if section.name == name)
    return tuple(view for view in section.views if isinstance(view, GridView))


def figures(folder: Path, plan: Plan) -> tuple[Figure, ...]:
    synthetic.write_tree(folder, plan)
    return tuple(read_results(folder).figures)


@pytest.fixture(scope="module")
def every(tmp_path_factory: pytest.TempPathFactory) -> tuple[Figure, ...]:
    history = History(processes=3, between=0.002, within=0.01)
    return figures(tmp_path_factory.mktemp("tree"), Plan(releases=("3.14.2",), history=history))


def said(name: str, shown: Iterable[Figure], number: int = 0) -> tuple[Table, ...]:
    """Return the tables of one of a section's grids, the first one's by default."""
    return tuple(tables(GridFigures.of("g", views(name)[number], FigureIndex(shown))))


def bands(table: Table) -> Mapping[str, Mapping[str, tuple[str, ...]]]:
    """Return heading → label → cells."""
    read: dict[str, dict[str, tuple[str, ...]]] = {}
    for row in table.rows:
        if row.tone is Tone.HEADING:
            read[row.cells[0]] = {}
        else:
            read[[*read][-1]][row.cells[0]] = row.cells[1:]
    return read


def cells(table: Table) -> list[str]:
    return [cell for band in bands(table).values() for row in band.values() for cell in row]


def rows_of(table: Table, *tones: Tone) -> list[Row]:
    return [row for row in table.rows if row.tone in tones]


def labels(table: Table) -> Mapping[str, list[str]]:
    return {heading: [*rows] for heading, rows in bands(table).items()}


# A set that is shared, by six strategies.


def test_the_headline_is_the_grown_set_and_the_cold_one_is_folded() -> None:
    grown, cold = views("shared_set")
    assert (grown.folded, cold.folded) == (False, True)
    assert (grown.metric.params, cold.metric.params) == ({"fill": "grown"}, {"fill": "cold"})


def test_six_strategies_stand_in_every_mode_on_every_arm(every: tuple[Figure, ...]) -> None:
    table, *_ = said("shared_set", every)
    assert [*bands(table)] == ["threads", "processes, spawn", "subinterpreters"]
    threads = bands(table)["threads"]
    assert [*threads] == ["lock", "atomic", "striped", "local", "actor", "shared memory"]
    assert {len(row) for row in threads.values()} == {3}


def test_the_articles_cell_is_what_every_ratio_is_to(every: tuple[Figure, ...]) -> None:
    table, *_ = said("shared_set", every)
    locked = bands(table)["threads"]["lock"]
    assert [cell.endswith(f" 1.00{TIMES}") for cell in locked] == [False, True, False]
    assert "A ratio is to strategy lock, threads, free-threaded." in table.notes[-1]


def test_the_cheapest_of_a_mode_is_marked_on_every_arm(every: tuple[Figure, ...]) -> None:
    table, *_ = said("shared_set", every)
    marked = {
        label
        for rows in bands(table).values()
        for label, row in rows.items()
        if any(cell.startswith("★ ") for cell in row)
    }
    assert marked == {"local"}
    assert table.notes[0].startswith("The cheapest: GIL build: threads, local: ")
    assert table.notes[0].count("threads, local: ") == 3


def test_a_doubtful_figure_is_marked_and_says_why(every: tuple[Figure, ...]) -> None:
    doubtful = [
        replace(
            each, doubt="half of it is the sender's" if "threads" in each.params.values() else ""
        )
        for each in every
    ]
    table, *_ = said("latency", doubtful)
    for heading, rows in bands(table).items():
        marks = {cell.startswith("\N{DAGGER} ") for row in rows.values() for cell in row}
        assert marks == {heading == "threads"}
    assert "\N{DAGGER}: half of it is the sender's." in table.notes[-1]
    assert "\N{DAGGER}" not in said("latency", every)[0].notes[-1]


def test_a_static_hole_is_said_once(every: tuple[Figure, ...]) -> None:
    table, *_ = said("shared_set", every)
    (hole,) = rows_of(table, Tone.QUIET, Tone.BAD)
    assert hole.tone is Tone.QUIET
    assert hole.cells[0] == "lock, atomic, striped"
    assert hole.cells[1].startswith("skipped [")
    number = hole.cells[1].partition(" ")[2]
    reason = "subinterpreters share no set and no dict, only memory and messages"
    assert f"{number} skipped: {reason}" in table.notes


def test_a_failure_points_to_its_story_below_the_table(every: tuple[Figure, ...]) -> None:
    table, *_ = said("shared_set", every)
    assert bands(table)["processes, spawn"]["actor"][-1] == "failed [1]"
    (note,) = (note for note in table.notes if note.startswith("[1]"))
    assert note.startswith("[1] failed: WorkerFailedError: Worker 3 ended with exit code -9")


def test_every_column_beside_has_its_own_heading_and_unit(every: tuple[Figure, ...]) -> None:
    _, beside = said("shared_set", every)
    assert beside.columns[1::3] == (
        "wait for a lock, p99, µs, gil",
        "CPU per op., µs, gil",
        "memory, PSS, MiB, gil",
        f"slowest / fastest, {TIMES}, gil",
    )


def test_a_strategy_without_a_lock_has_no_wait_which_is_not_a_skip(
    every: tuple[Figure, ...],
) -> None:
    _, beside = said("shared_set", every)
    threads = bands(beside)["threads"]
    assert threads["local"][:3] == (DASH, DASH, DASH)
    assert all(cell not in {"", DASH} for cell in threads["striped"])
    assert beside.notes[0] == f"{DASH} has no lock to wait for."


def test_a_cell_that_failed_has_failed_beside_too_and_holes_are_left_out(
    every: tuple[Figure, ...],
) -> None:
    _, beside = said("shared_set", every)
    assert bands(beside)["processes, spawn"]["actor"][2::3] == (DASH, "failed", "failed", "failed")
    assert labels(beside)["subinterpreters"] == ["local", "actor", "shared memory"]


def test_an_arm_that_was_not_measured_has_no_column_and_is_named(tmp_path: Path) -> None:
    alone = figures(tmp_path, Plan(releases=("3.14.2",), arms=USUAL_ARMS[1:2]))
    table, *_ = said("shared_set", alone)
    assert table.columns[1:] == ("free-threaded",)
    assert table.notes[-1].endswith("Not measured: GIL build; free-threaded, GIL on.")


def test_writers_have_a_grid_per_window_and_one_of_batches(every: tuple[Figure, ...]) -> None:
    table, beside, *_ = said("sharded_writers", every)
    assert [label.split() for label in labels(table)["threads"]] == [
        ["1", "writer"],
        ["2", "writers"],
        ["4", "writers"],
        ["8", "writers"],
    ]
    assert "wait for the answer, p99, µs, gil" in beside.columns
    assert table.title.endswith("window 1")
    assert [view.metric.params for view in views("sharded_writers")] == [
        {"window": "1"},
        {"window": "64"},
        {"batch": "64"},
    ]


def test_samples_too_few_for_an_interval_have_no_margin(tmp_path: Path) -> None:
    table, *_ = said("shared_set", figures(tmp_path, Plan(releases=("3.14.2",), samples=1)))
    assert cells(table)
    assert not any("±" in cell for cell in cells(table))


def test_a_grid_of_failures_has_its_reasons_and_no_sentence(tmp_path: Path) -> None:
    def spoil(group: str, _params: Mapping[str, str]) -> bool:
        return group.startswith(synthetic.SHARED_SET)

    (table,) = said("shared_set", figures(tmp_path, Plan(releases=("3.14.2",), spoil=spoil)))
    assert bands(table)["threads"] == {"every strategy": ("failed [1]",)}
    assert table.rows[1].tone is Tone.BAD
    assert table.notes[0].startswith("[1] failed: WorkerFailedError")


# Other ladders.


def test_a_scenario_without_a_mode_has_a_row_per_kernel_against_the_gil_build(
    every: tuple[Figure, ...],
) -> None:
    table, _ = said("single_thread", every)
    assert labels(table) == {"one thread": [*SMALL]}
    for own, *others in bands(table)["one thread"].values():
        assert TIMES not in own
        assert all(TIMES in other for other in others)
    assert "GIL build in the same row" in table.notes[-1]
    assert table.columns[0] == "µs"


def test_its_sentence_has_the_mean_of_its_ratios(every: tuple[Figure, ...]) -> None:
    table, _ = said("single_thread", every)
    intro, ft, gil1 = table.notes[0].rstrip(".").split(": ", 1)[0:1] + [
        part.rpartition(": ")[2] for part in table.notes[0].rstrip(".").split("; ")
    ]
    assert intro == "All of it, geometric mean"
    assert float(ft.rstrip(TIMES)) == pytest.approx(1.19, rel=0.03)
    assert float(gil1.rstrip(TIMES)) == pytest.approx(1.24, rel=0.03)


def test_instructions_stand_beside_times_and_what_they_cannot_see_is_said(
    every: tuple[Figure, ...],
) -> None:
    for scenario, unit in (
        ("single_thread", "run"),
        ("cpu_scaling", "unit"),
        ("must_scale", "turn"),
    ):
        _, beside, *_ = said(scenario, every)
        assert f"work of a {unit}, million instructions, ft" in beside.columns
        assert any(
            "not what caches, branch misses and waiting cost" in each for each in beside.notes
        )


def test_without_the_gil_build_there_is_no_ratio_and_no_sentence(tmp_path: Path) -> None:
    table, _ = said(
        "single_thread", figures(tmp_path, Plan(releases=("3.14.2",), arms=Plan().arms[1:]))
    )
    assert len(table.notes) == 1
    assert all(cell.endswith(f" {DASH}") for cell in cells(table))


def test_patterns_stand_in_their_ledgers(every: tuple[Figure, ...]) -> None:
    table, *_ = said("must_scale", every)
    assert [*labels(table)] == [*BY_PATTERN.groups]
    assert sum(map(len, labels(table).values())) == len(LEDGER)
    assert "function calls" in labels(table)[MUST]


def test_the_patterns_that_scale_worst_come_first_in_both_tables(
    every: tuple[Figure, ...],
) -> None:
    worst = [
        replace(each, median=9.0)
        if each.params.get("pattern") == "c_functions"
        and each.benchmark.endswith("relative_2")
        and each.arm.name == "ft"
        else each
        for each in every
    ]
    for table in said("must_scale", worst):
        assert labels(table)[MUST][0] == "C functions"


def test_an_arm_of_which_all_is_skipped_is_named_below_with_its_reason(
    every: tuple[Figure, ...],
) -> None:
    why = "another arm stands for this"
    skipped = [
        replace(each, state=State.SKIPPED, median=None, interval=None, samples=(), reason=why)
        if each.benchmark.startswith("must_scale.") and each.arm.name != "gil"
        else each
        for each in every
    ]
    tables = said("must_scale", skipped)
    assert tables[0].columns[1:] == ("GIL build",)
    assert not any("skipped" in cell for table in tables for cell in cells(table))
    assert (
        tables[0]
        .notes[-1]
        .endswith(f"Not measured: free-threaded ({why}); free-threaded, GIL on ({why}).")
    )


def test_what_lies_above_its_control_is_marked_and_counted(every: tuple[Figure, ...]) -> None:
    table, *_ = said("must_scale", every)
    marked = {
        (label, arm)
        for rows in bands(table).values()
        for label, row in rows.items()
        for arm, cell in zip(table.columns[1:], row, strict=True)
        if cell.startswith("↑ ")
    }
    known = [name for name, entry in LEDGER.items() if entry.ledger != MUST]
    assert marked == {(BY_PATTERN.name(name), "free-threaded") for name in known}
    assert table.notes[0] == (
        "Above the control by more than a tenth: free-threaded: must scale: 0 of "
        f"{len(LEDGER) - len(known)}; known not to scale: {len(known)} of {len(known)}."
    )


@pytest.mark.parametrize(
    ("costs", "found"),
    [
        # Both sides' intervals overlap, and yet all of their ratio's is above a tenth.
        ((1.42, 1.45, 1.55, 1.6), "1 of {must} (imports)"),
        ((1.0, 1.0, 1.5, 1.5), "0 of {must}, 1 too close to call"),
        ((1.0, 1.0, 1.01, 1.01), "0 of {must}"),
    ],
)
def test_what_is_above_its_control_is_so_by_the_rule_of_claims(
    every: tuple[Figure, ...], costs: tuple[float, ...], found: str
) -> None:
    def given(each: Figure, costs: Sequence[float]) -> Figure:
        processes = tuple((cost,) for cost in costs)
        at = replace(each, processes=processes, samples=tuple(costs), median=median(costs))
        return replace(at, interval=Interval(low=min(costs) / 2, high=max(costs) * 2))

    others = {"track_relative_2": costs, "track_control_2": (1.0, 1.001, 1.002, 1.003)}
    changed = [
        given(each, others[metric])
        if "imports" in each.params.values() and metric in others
        else each
        for each in every
        for metric in [each.benchmark.rpartition(".")[2]]
    ]
    table, *_ = said("must_scale", changed)
    must = sum(entry.ledger == MUST for entry in LEDGER.values())
    assert f"must scale: {found.format(must=must)}; known" in table.notes[0]


def test_what_does_not_judge_scaling_is_marked_said_once_and_not_counted(
    every: tuple[Figure, ...],
) -> None:
    known = [name for name, entry in LEDGER.items() if entry.ledger != MUST]
    doubtful = [
        replace(each, doubt="its control is off")
        if known[0] in each.params.values() and "relative" in each.benchmark
        else each
        for each in every
    ]
    table, beside = said("must_scale", doubtful)
    row = bands(table)[LEDGER[known[0]].ledger][BY_PATTERN.name(known[0])]
    assert all(cell.startswith("\N{DAGGER} ") for cell in row)
    assert table.notes[0].endswith(f"known not to scale: {len(known) - 1} of {len(known) - 1}.")
    for each in (table, beside):
        assert "".join(each.notes).count("\N{DAGGER}: its control is off.") == 1
    row = bands(beside)[LEDGER[known[0]].ledger][BY_PATTERN.name(known[0])]
    marked = {
        column.partition(",")[0]
        for column, cell in zip(beside.columns[1:], row, strict=True)
        if cell.startswith("\N{DAGGER}")
    }
    assert marked == {"CPU time", "4 threads"}


def test_beside_a_ratio_of_times_stands_how_long_its_workers_had_a_cpu(
    every: tuple[Figure, ...],
) -> None:
    """Four on two cores had one half of the time, four that take turns at a GIL a quarter."""
    _, beside = said("must_scale", every)
    row = bands(beside)[MUST]["function calls"]
    shares = {
        column: cell.partition(", ")[2]
        for column, cell in zip(beside.columns[1:], row, strict=True)
        if column.endswith((", gil", ", ft"))
    }
    assert shares == {
        f"CPU time, 2, {TIMES}, gil": "50%",
        f"CPU time, 2, {TIMES}, ft": "100%",
        f"2 processes, {TIMES}, gil": "100%",
        f"2 processes, {TIMES}, ft": "100%",
        f"4 threads, {TIMES}, gil": "25%",
        f"4 threads, {TIMES}, ft": "50%",
        "time of a turn, 1 thread, µs, gil": "",
        "time of a turn, 1 thread, µs, ft": "",
        "work of a turn, million instructions, gil": "",
        "work of a turn, million instructions, ft": "",
    }


def test_of_samples_too_few_for_an_interval_nothing_is_above_its_control(tmp_path: Path) -> None:
    table, *_ = said("must_scale", figures(tmp_path, Plan(releases=("3.14.2",), samples=1)))
    assert len(table.notes) == 1
    assert not any("↑" in cell for cell in cells(table))


def test_figures_that_are_ratios_have_no_second_ratio_and_no_cheapest(
    every: tuple[Figure, ...],
) -> None:
    for name in ("cpu_scaling", "native", "must_scale", "grain"):
        table, *_ = said(name, every)
        assert cells(table)
        assert not any(TIMES in cell or "★" in cell for cell in cells(table))
        assert "★" not in table.notes[-1]


def test_work_is_in_bands_by_whose_libraries_it_needs(every: tuple[Figure, ...]) -> None:
    table, *_ = said("native", every)
    bands = labels(table)
    assert bands.keys() == {"the standard library", "other libraries"}
    assert bands["the standard library"] == ["sha256", "zlib.compress", "sqlite3 query"]
    assert {each.split()[0].strip(",") for each in bands["other libraries"]} == {
        *("NumPy", "Numba", "scikit-learn", "PyTorch", "OpenCV"),
    }


def test_metrics_of_one_cell_can_be_the_rows(every: tuple[Figure, ...]) -> None:
    sizes = labels(said("grain", every)[0])["threads"]
    expected = [["10", "µs"], ["100", "µs"], ["1", "ms"], ["10", "ms"], ["100", "ms"]]
    assert [size.split() for size in sizes] == expected
    workers = labels(said("cpu_scaling", every, 1)[0])["threads"]
    assert [each.split()[0] for each in workers] == ["1", "2", "4", "8"]


def test_a_table_says_from_which_size_on_a_pool_pays(every: tuple[Figure, ...]) -> None:
    _, crossings, _ = said("grain", every)
    assert crossings.title == "From which size on"
    assert crossings.columns[1::3] == (
        "beats a plain loop from, gil",
        "keeps workers busy from, gil",
    )
    (threads,) = (row.cells[1:] for row in crossings.rows if row.cells[0] == "threads")
    words = [cell.replace("\N{NO-BREAK SPACE}", " ") for cell in threads]
    # Under a GIL threads never beat the loop that they take turns for.
    assert (words[0], words[3]) == ("never", "never")
    assert words[1].startswith("≈ ")
    assert words[1].endswith(" µs")


def test_without_intervals_no_crossover_is_told(every: tuple[Figure, ...]) -> None:
    bare = tuple(replace(each, interval=None) for each in every)
    _, crossings, _ = said("grain", bare)
    words = {cell for row in crossings.rows for cell in row.cells[1:]}
    assert words <= {"never", "not told", DASH}


def test_of_shares_that_no_pool_can_have_no_crossover_is_told(every: tuple[Figure, ...]) -> None:
    odd = tuple(
        replace(each, median=1.0) if "Grain.track_idle" in each.benchmark else each
        for each in every
    )
    _, crossings, _ = said("grain", odd)
    assert {row.cells[5] for row in crossings.rows} == {DASH}


def test_an_engine_has_a_band_only_where_it_was_measured(
    every: tuple[Figure, ...], tmp_path: Path
) -> None:
    assert labels(said("pools", every)[0])["joblib, loky"] == ["executor", "joblib"]
    older = figures(tmp_path, Plan(releases=("3.13.15",)))
    assert [*labels(said("pools", older)[0])] == ["threads", *FOLLOWING_MODES]


def test_an_engine_that_failed_has_a_band(tmp_path: Path) -> None:
    def spoil(group: str, params: Mapping[str, str]) -> bool:
        return group.startswith("pools.") and params["mode"] == "loky"

    table, *_ = said("pools", figures(tmp_path, Plan(releases=("3.14.2",), spoil=spoil)))
    assert labels(table)["joblib, loky"] == ["executor, joblib"]
    assert "executor, joblib" in {row.cells[0] for row in table.rows if row.tone is Tone.BAD}


def test_modes_have_the_pools_and_channels_that_they_can_have(every: tuple[Figure, ...]) -> None:
    assert labels(said("pools", every)[0])["subinterpreters"] == ["executor"]
    assert labels(said("data", every)[0]) == {
        "threads": ["handover", "SimpleQueue", "queue", "task"],
        "processes, spawn": ["queue", "pipe", "shared memory", "mmap", "task"],
        "subinterpreters": ["queue", "shared memory", "task"],
        **{mode_named(name).title: ["task"] for name in TASK_ENGINES},
    }
    assert BY_POOL.ladder.values[0] == BY_POOL.ladder.base


def test_further_modes_stand_beside_threads(every: tuple[Figure, ...]) -> None:
    assert [*labels(said("io", every)[0])] == [
        "threads",
        "processes, spawn",
        "asyncio",
        "asyncio, a loop per thread",
    ]


def test_a_share_stands_beside_without_a_unit(every: tuple[Figure, ...]) -> None:
    *_, beside = said("grain", every)
    assert beside.columns[1::3] == ("a task's overhead, ms, gil", "idle share, gil")


def test_what_multiprocessings_pool_cannot_tell_is_said(every: tuple[Figure, ...]) -> None:
    table, beside = said("failure", every)
    assert "hangs" in table.notes[-1]
    assert "★" not in table.notes[-1]
    assert beside.notes[0] == f"{DASH} is never noticed."
    assert beside.columns[4] == "lost, tasks, gil"
