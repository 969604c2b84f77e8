"""Which results an answer is taken from: one machine, release, profile and set of builds."""

from __future__ import annotations

from ftbench.analysis.advice.cells import GROUP, Cells, cells_of
from ftbench.analysis.selection import Pick, first_pick, picks
from ftbench.errors import ResultsError, UsageError
from ftbench.results import ResultTree
from ftbench.results.filters import wanted
from ftbench.results.project import load_project


def chosen(*, machine: str | None, release: str | None, profile: str | None) -> tuple[Pick, Cells]:
    """Return the results that a user means, with their cells.

    Of several, those that the site's first page shows, of those with a cell of crossover.  Raises
    `UsageError` for a name that is none, or names that were not measured together, and
    `ResultsError` where nothing was measured.
    """
    tree = load_project()
    choice = wanted(tree, machine=machine, release=release, profile=profile).of(tree)
    if not choice.sources:
        known = "\n".join(f"  {pick.title}" for pick in picks(tree))
        raise UsageError(
            "Nothing was measured of all that is asked for.", hint=f"There is\n{known}"
        )
    return pick_of(choice)


def pick_of(tree: ResultTree) -> tuple[Pick, Cells]:
    """Return the first pick of a tree and its cells."""
    every = picks(tree)
    with_map = [pick for pick in every if _has_map(pick, tree)]
    pick = first_pick(with_map or every, tree)
    if pick is None:
        raise ResultsError(
            "There are no such results.", hint="ftbench bench measures this machine."
        )
    return pick, cells_of(figure for figure in tree.figures if pick.shows(figure))


def _has_map(pick: Pick, tree: ResultTree) -> bool:
    return any(
        figure.benchmark.startswith(GROUP) and pick.shows(figure) and figure.median is not None
        for figure in tree.figures
    )
