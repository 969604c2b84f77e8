from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest
import synthetic
from synthetic import Plan

from ftbench.probe.scenarios.must_scale.expectations import LEDGER, MUST
from ftbench.probe.workloads.kernels import SMALL
from ftbench.report.sections import SECTIONS
from ftbench.report.sections.ladders import BY_PATTERN, BY_POOL
from ftbench.report.sections.view import GridView
from ftbench.results import Figure, read_results
from ftbench.site.grids import BandText, GridText, grid_text

TIMES = "\N{MULTIPLICATION SIGN}"


def views(name: str) -> tuple[GridView, ...]:
    section = next(section for section in SECTIONS if section.name == name)
    return tuple(view for view in section.views if isinstance(view, GridView))


def figures(folder: Path, plan: Plan) -> tuple[Figure, ...]:
    synthetic.write_tree(folder, plan)
    return read_results(folder).figures


@pytest.fixture(scope="module")
def every(tmp_path_factory: pytest.TempPathFactory) -> tuple[Figure, ...]:
    return figures(tmp_path_factory.mktemp("tree"), Plan(releases=("3.14.2",)))


@pytest.fixture(scope="module")
def older(tmp_path_factory: pytest.TempPathFactory) -> tuple[Figure, ...]:
    return figures(tmp_path_factory.mktemp("older"), Plan(releases=("3.13.15",)))


def text_of(name: str, shown: tuple[Figure, ...], number: int = 0) -> GridText:
    return grid_text(name, views(name)[number], shown)


def labels(text: GridText) -> Mapping[str, list[str]]:
    return {band.mode: [line.label for line in band.lines] for band in text.bands}


def ratios(band: BandText) -> list[list[str]]:
    return [[cell.ratio for cell in line.cells] for line in band.lines]


def test_a_scenario_without_a_mode_has_a_row_per_kernel_against_the_gil_build(
    every: tuple[Figure, ...],
) -> None:
    text = text_of("single_thread", every)
    (band,) = text.bands
    assert (band.mode, [line.label for line in band.lines]) == ("one thread", [*SMALL])
    assert all(own == "" and TIMES in ft and TIMES in gil1 for own, ft, gil1 in ratios(band))
    assert "GIL build in the same row" in text.key
    assert text.unit == "µs"


def test_its_picture_has_the_ratios_and_its_sentence_their_mean(every: tuple[Figure, ...]) -> None:
    text = text_of("single_thread", every)
    assert f"{TIMES}, linear scale" in text.svg
    assert "Medians over the GIL build's" in text.caption
    assert text.found is not None
    means = {each.arm.name: float(each.words.rstrip(TIMES)) for each in text.found.items}
    assert means == {
        "ft": pytest.approx(1.19, rel=0.03),
        "ft-gil1": pytest.approx(1.24, rel=0.03),
    }


def test_without_the_gil_build_the_times_are_drawn_and_there_is_no_ratio(tmp_path: Path) -> None:
    arms = Plan().arms[1:]
    text = text_of("single_thread", figures(tmp_path, Plan(releases=("3.14.2",), arms=arms)))
    assert "µs, linear scale" in text.svg
    assert text.caption == "Medians with 99 % intervals on a linear axis."
    assert text.found is None
    assert {each for row in ratios(text.bands[0]) for each in row} == {"\N{EN DASH}"}


def test_patterns_stand_in_their_ledgers(every: tuple[Figure, ...]) -> None:
    text = text_of("must_scale", every)
    assert [*labels(text)] == [*BY_PATTERN.groups]
    assert sum(map(len, labels(text).values())) == len(LEDGER)
    assert labels(text)[MUST][0] == "function calls"


def test_what_lies_above_its_control_is_marked_and_counted(every: tuple[Figure, ...]) -> None:
    text = text_of("must_scale", every)
    marked = {
        (line.label, cell.arm.name)
        for band in text.bands
        for line in band.lines
        for cell in line.cells
        if cell.above
    }
    known = [name for name, entry in LEDGER.items() if entry.ledger != MUST]
    assert marked == {(BY_PATTERN.name(name), "ft") for name in known}
    assert text.found is not None
    (only,) = text.found.items
    assert only.arm.name == "ft"
    assert only.words == (
        f"must scale: 0 of {len(LEDGER) - len(known)}; "
        f"known not to scale: {len(known)} of {len(known)}"
    )


def test_of_samples_too_few_for_an_interval_nothing_is_above_its_control(tmp_path: Path) -> None:
    text = text_of("must_scale", figures(tmp_path, Plan(releases=("3.14.2",), samples=1)))
    assert text.found is None
    assert not any(cell.above for b in text.bands for line in b.lines for cell in line.cells)


def test_figures_that_are_ratios_have_no_second_ratio(every: tuple[Figure, ...]) -> None:
    for name in ("cpu_scaling", "native", "must_scale", "grain"):
        text = text_of(name, every)
        assert not text.ratios
        assert {each for band in text.bands for row in ratios(band) for each in row} == {""}
        assert text.caption.endswith("; the dotted rule is at 1.")
        assert not any(cell.cheapest for b in text.bands for line in b.lines for cell in line.cells)


def test_threads_alone_are_one_band(every: tuple[Figure, ...]) -> None:
    assert labels(text_of("native", every)) == {
        "threads": ["sha256", "zlib.compress", "sqlite3 query"]
    }


def test_metrics_of_one_cell_can_be_the_rows(every: tuple[Figure, ...]) -> None:
    sizes = labels(text_of("grain", every))["threads"]
    assert [size.split() for size in sizes] == [
        ["10", "µs"],
        ["100", "µs"],
        ["1", "ms"],
        ["10", "ms"],
        ["100", "ms"],
    ]
    workers = labels(text_of("cpu_scaling", every, 1))["threads"]
    assert [each.split()[0] for each in workers] == ["1", "2", "4", "8"]


def test_a_table_says_from_which_size_on_a_pool_pays(every: tuple[Figure, ...]) -> None:
    text = text_of("grain", every)
    assert text.crossings is not None
    assert [each.heading for each in text.crossings.columns] == [
        "beats a plain loop from",
        "keeps workers busy from",
    ]
    (band,) = text.crossings.bands
    threads = next(line for line in band.lines if line.label == "threads")
    words = [cell.value.replace("\N{NO-BREAK SPACE}", " ") for cell in threads.cells]
    # Under a GIL threads never beat the loop that they take turns for.
    assert (words[0], words[3]) == ("> 100 ms", "> 100 ms")
    assert words[1].startswith("≈ ")
    assert words[1].endswith(" µs")


def test_an_engine_has_a_band_only_where_it_was_measured(
    every: tuple[Figure, ...], older: tuple[Figure, ...]
) -> None:
    assert labels(text_of("pools", every))["joblib, loky"] == ["executor", "joblib"]
    assert [*labels(text_of("pools", older))] == [
        "threads",
        "processes, fork",
        "processes, forkserver",
        "processes, spawn",
        "subinterpreters",
    ]


def test_an_engine_that_failed_has_a_band(tmp_path: Path) -> None:
    def spoil(group: str, params: Mapping[str, str]) -> bool:
        return group.startswith("pools.") and params["mode"] == "loky"

    text = text_of("pools", figures(tmp_path, Plan(releases=("3.14.2",), spoil=spoil)))
    (band,) = (each for each in text.bands if each.mode == "joblib, loky")
    assert [(line.failed, line.label) for line in band.lines] == [(True, "executor, joblib")]


def test_modes_have_the_pools_and_channels_that_they_can_have(every: tuple[Figure, ...]) -> None:
    assert labels(text_of("pools", every))["subinterpreters"] == ["executor"]
    assert labels(text_of("data", every)) == {
        "threads": ["handover", "SimpleQueue", "queue"],
        "processes, spawn": ["queue", "pipe", "shared memory", "mmap"],
        "subinterpreters": ["queue", "shared memory"],
    }
    assert BY_POOL.ladder.values[0] == BY_POOL.ladder.base


def test_further_modes_stand_beside_threads(every: tuple[Figure, ...]) -> None:
    assert [*labels(text_of("io", every))] == [
        "threads",
        "processes, spawn",
        "asyncio",
        "asyncio, a loop per thread",
    ]


def test_a_share_stands_beside_without_a_unit(every: tuple[Figure, ...]) -> None:
    beside = text_of("grain", every).beside
    assert beside is not None
    assert [column.heading for column in beside.columns] == ["a task's overhead, ms", "idle share"]
    assert {column.href for column in beside.columns} == {""}


def test_what_multiprocessings_pool_cannot_tell_is_said(every: tuple[Figure, ...]) -> None:
    text = text_of("failure", every)
    assert "waits for ever" in text.key
    assert "★" not in text.key
    beside = text.beside
    assert beside is not None
    assert beside.lacks == ("is never known",)
    assert beside.columns[1].heading == "lost, tasks"
