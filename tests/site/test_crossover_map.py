"""The map of winners: its picture, its table, what it says where nothing is known."""

from __future__ import annotations

import math
import re
from dataclasses import replace
from pathlib import Path

from fake_figures import Place, crossover

from ftbench.analysis.advice.cells import cells_of
from ftbench.analysis.advice.winner_map import KINDS, spots
from ftbench.analysis.comparison import FigureIndex
from ftbench.facts.arms import arm_named
from ftbench.releases import Release
from ftbench.report.choice import SectionFigures, winners
from ftbench.report.document import Table, Tone
from ftbench.report.sections import SECTIONS
from ftbench.report.sections.view import PAYLOAD_NAMES, TASK_SIZE_NAMES
from ftbench.results import Figure, ResultTree, State
from ftbench.results.selection import Pick
from ftbench.site.choose import pages_of
from ftbench.site.winner_map import draw_map
from ftbench.statistics.spread import Interval

GIL, FT = arm_named("gil"), arm_named("ft")
HOSTILE = "<script>alert(1)</script>"


def tables(figures: tuple[Figure, ...]) -> list[Table]:
    """Return the tables of the maps, most workers first."""
    (section,) = (section for section in SECTIONS if section.mapped)
    maps = SectionFigures.of(section, FigureIndex(figures)).maps
    assert [each.folded for each in maps] == [False, True][: len(maps)]
    return [*map(winners, maps)]


def letters(svg: str) -> list[str]:
    """Return the letters of the places, in the order of drawing."""
    words = re.findall(r"<text[^>]*>([^<]*)</text>", svg)
    return [each for each in words if each.removeprefix("≈") in {kind.letter for kind in KINDS}]


def colours(svg: str) -> set[str]:
    return set(re.findall(r"var\(--kind-(\w+)\)", svg))


def test_a_picture_marks_every_place_and_fills_the_area_of_every_winner() -> None:
    every = spots(cells_of(crossover([GIL])), GIL, 8)
    svg = draw_map(every, name="map")
    assert [each.removeprefix("≈") for each in letters(svg)] == [
        spot.winner.kind.letter for spot in every if spot.winner
    ]
    assert colours(svg) == {"loop", "processes", "interpreters"}
    for word in (*TASK_SIZE_NAMES.values(), *PAYLOAD_NAMES.values()):
        assert word in svg
    assert 'role="img" aria-labelledby="map"' in svg
    assert len(svg) < 20_000


def test_a_picture_is_hatched_where_kinds_are_not_told_apart_and_only_there() -> None:
    sure = draw_map(spots(cells_of(crossover([FT], margin=0.0001)), FT, 8), name="sure")
    assert "url(#" not in sure.replace('clip-path="url(#', "")
    assert not [each for each in letters(sure) if "≈" in each]
    doubtful = draw_map(spots(cells_of(crossover([FT], margin=0.9)), FT, 8), name="doubtful")
    assert "url(#doubtful-" in doubtful
    assert all(each.startswith("≈") for each in letters(doubtful))


def test_one_winner_everywhere_has_no_border() -> None:
    def same(place: Place) -> float:
        return 1e-4 if place.mode.kind == "threads" else 1e-2

    svg = draw_map(spots(cells_of(crossover([FT], cost=same)), FT, 8), name="one")
    assert colours(svg) == {"threads"}
    assert set(letters(svg)) == {"T"}


def test_places_without_data_say_so_and_are_not_filled() -> None:
    def spoiled(each: Figure) -> Figure:
        if "100us" not in each.benchmark:
            return each
        return replace(each, state=State.FAILED, median=None, interval=None)

    figures = [*map(spoiled, crossover([FT]))]
    svg = draw_map(spots(cells_of(figures), FT, 8), name="holes")
    assert svg.count("no data") == 4
    assert len(letters(svg)) == 12
    assert draw_map(spots(cells_of(()), FT, 8), name="none") == ""


def test_figures_that_cannot_be_leave_a_picture_without_them() -> None:
    def absurd(each: Figure) -> Figure:
        if each.params["mode"] == "threads":
            return replace(each, median=-1.0)
        return replace(each, interval=Interval(low=-2.0, high=-1.0))

    svg = draw_map(spots(cells_of(map(absurd, crossover([FT]))), FT, 8), name="absurd")
    assert "≈T" not in letters(svg)
    assert len(letters(svg)) == 16


def test_a_mode_that_a_release_lacks_leaves_the_others() -> None:
    figures = tuple(each for each in crossover() if each.params["mode"] != "interpreters")
    table, other = tables(figures)
    assert (table.title, other.title) == ("who wins with 8 workers", "who wins with 2 workers")
    assert table.columns == ("payload", "GIL build", "free-threaded", "free-threaded, GIL on")
    *counts, lacking, engine, _ = table.notes
    arms = "GIL build, free-threaded, free-threaded, GIL on"
    assert lacking == f"{arms}: subinterpreters: not measured."
    assert engine == f"{arms}: Dask, distributed: not measured."
    assert len(counts) == 3
    assert all("subinterpreters" not in each for each in counts)


def test_a_row_of_the_table_says_who_wins_at_what_cost_and_who_is_next() -> None:
    table, _ = tables(tuple(crossover([FT])))
    headings = [row.cells[0] for row in table.rows if row.tone is Tone.HEADING]
    assert [each.partition(",")[0] for each in headings] == [*TASK_SIZE_NAMES.values()]
    assert headings[1].endswith(", 100\N{NO-BREAK SPACE}µs in a plain loop")
    assert table.rows[1].cells == (
        "0",
        "plain loop 10.0\N{NO-BREAK SPACE}µs (threads 2.00\N{MULTIPLICATION SIGN})",
    )


def test_a_close_win_names_the_others() -> None:
    table, _ = tables(tuple(crossover([FT], margin=0.9)))
    rows = [row for row in table.rows if row.tone is Tone.PLAIN]
    cell = rows[3 * len(PAYLOAD_NAMES)].cells[1]
    assert cell.startswith("≈ ")
    others = set(cell.partition("(")[2].rstrip(")").split(", "))
    assert others == {"plain loop", "processes", "subinterpreters"}
    assert "16 too close to call" in table.notes[0]


def test_a_single_kind_is_the_only_one_measured() -> None:
    figures = tuple(each for each in crossover([FT]) if each.params["mode"] == "threads")
    table, _ = tables(figures)
    assert table.rows[1].cells[1].endswith(" (the only one measured)")
    assert "plain loop" not in table.rows[0].cells[0]


def test_without_a_figure_there_is_no_map() -> None:
    assert tables(()) == []


def test_what_comes_from_result_files_is_plain_text_on_the_page(
    tmp_path: Path,
) -> None:
    def hostile(each: Figure) -> Figure:
        if each.params["mode"] != "threads":
            return replace(each, graph=f"index.html#{HOSTILE}")
        return replace(
            each, state=State.FAILED, median=None, interval=None, reason=HOSTILE, runs=frozenset()
        )

    figures = tuple(map(hostile, crossover()))
    pick = Pick(
        machine="quiet-vm",
        release=Release.parse("3.14.2"),
        profile="full",
        builds=(("ft", "source-gcc12"), ("gil", "source-gcc12")),
    )
    pages = pages_of(pick, ResultTree(figures=figures), where="choose.html")
    first, *_ = paths = [*pages.write(tmp_path, {pick: {"": pages.address}})]
    assert HOSTILE not in first.read_text("utf-8")
    (path,) = (each for each in paths if each.stem == "crossover")
    html = path.read_text("utf-8")
    assert HOSTILE not in html
    assert "threads: failed: &lt;script&gt;" in html
    assert html.count('<svg class="chart"') >= 6
    ids = re.findall(r'\bid="([^"]+)"', html)
    assert len(ids) == len(set(ids))


def test_a_border_lies_where_two_kinds_cost_the_same() -> None:
    """Loops take all of a task, threads half and half a hand-over of 30 us: even at 30 us."""
    every = spots(cells_of(crossover([FT], margin=0.0001)), FT, 8)
    share = math.log10(30e-6 / 10e-6)
    svg = draw_map(every, name="border")
    view = re.search(r'viewBox="0 0 (\S+) ', svg)
    assert view is not None
    left, right, beyond = 62, 8, 0.34
    inner = float(view[1]) - left - right
    x = left + inner * (share + beyond) / (len(TASK_SIZE_NAMES) - 1 + 2 * beyond)
    points = [tuple(map(float, each)) for each in re.findall(r"[ML] (\S+) (\S+)", svg)]
    # The row without a payload, the lowest of the area: of 228 points, 22 above the axis.
    assert any(abs(at - x) < 1 and abs(y - (8 + 228 - 22)) < 0.5 for at, y in points)
