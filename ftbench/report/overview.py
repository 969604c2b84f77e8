"""What Choose and Releases show, as one report: a pick's figures and verdicts."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any, Final

from ftbench.analysis.verdicts import Step, environments, history
from ftbench.errors import UsageError
from ftbench.facts.arms import arm_named
from ftbench.report import choice_tables, record
from ftbench.report.choice import choice_of
from ftbench.report.comparison import environment_part, steps_of_release
from ftbench.report.document import Document, Part
from ftbench.results import ResultTree
from ftbench.results.figure import Environment
from ftbench.results.selection import Filter, Pick, first_pick, picks

_READING: Final = (
    "Medians with their 99 % intervals; lower is better everywhere. A ratio is to threads on the "
    "free-threaded build, or to what its table names, from one run."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Overview:
    """What a user asked for: `tree` has the pick's figures, `steps` each environment's."""

    wanted: Filter
    pick: Pick
    others: tuple[Pick, ...]
    tree: ResultTree
    steps: tuple[tuple[Environment, tuple[Step, ...]], ...]


def overview(tree: ResultTree, wanted: Filter) -> Overview:
    """Return what is asked for: of several picks, the one that Choose would open with.

    Raises `UsageError` where nothing was measured of all that is asked for.
    """
    every = picks(tree)
    fitting = [pick for pick in every if _fits(pick, wanted)]
    pick = first_pick(fitting, tree)
    if pick is None:
        known = "\n".join(f"  {each.title}" for each in every)
        raise UsageError(
            "Nothing was measured of all that is asked for.", hint=f"There is\n{known}"
        )
    # Series of one benchmark stand against each other, so all of those are kept that one is of.
    series = replace(wanted, arm=None, flavour=None)
    ours = [figure for figure in tree.figures if pick.shows(figure)]
    benchmarks = {figure.benchmark for figure in ours if series.takes(figure)}
    return Overview(
        wanted=wanted,
        pick=pick,
        others=tuple(each for each in fitting if each != pick),
        tree=replace(
            tree,
            figures=tuple(figure for figure in ours if figure.benchmark in benchmarks),
            sources=tuple(filter(pick.shows, tree.sources)),
        ),
        steps=tuple(_steps(tree, pick, wanted)),
    )


def document_of(found: Overview) -> Document:
    """Return the document of `ftbench report`."""
    pick, wanted = found.pick, found.wanted
    choice = choice_of(pick, found.tree)
    day = f", measured on {choice.day}" if choice.day else ""
    lead = f"CPython {pick.release.name} on {pick.machine}{choice.where}{day}."
    notices = tuple(f"{notice.title} {notice.text}" for notice in choice.notices)
    also = (
        (f"There is also: {'; '.join(each.title for each in found.others)}.",)
        if found.others
        else ()
    )
    return Document(
        title=f"CPython {pick.release.name} on {pick.machine}",
        record=_record(found),
        lines=(lead, *notices, *also),
        parts=(
            Part(
                title="Choose: the modes side by side",
                lines=(_READING,),
            ),
            *choice_tables.parts(choice, arm=wanted.arm, unmeasured=wanted.bench is None),
            Part(
                title="Releases: each against the one before, and the last feature release",
                lines=("An effect is after over before, so above 1 is worse.",),
            ),
            *(environment_part(environment, each) for environment, each in found.steps),
        ),
        warnings=choice.warnings,
    )


def _record(found: Overview) -> dict[str, Any]:
    pick, tree = found.pick, found.tree
    return {
        "schema": {"name": "ftbench.report", "version": 1},
        "machine": pick.machine,
        "release": pick.release.name,
        "profile": pick.profile,
        "builds": {source.arm.name: list(source.builds) for source in tree.sources},
        "figures": [
            record.figure_record(figure) for figure in tree.figures if found.wanted.takes(figure)
        ],
        "steps": [
            {
                "arm": step.environment.arm.name,
                "build": step.environment.flavour,
                "release": step.release.name,
                "base": step.base.name,
                "against": str(step.against),
                **record.comparison(step.comparison),
            }
            for _, each in found.steps
            for step in each
        ],
        "warnings": list(map(str, tree.warnings)),
    }


def _fits(pick: Pick, wanted: Filter) -> bool:
    pythons = {python for python, _ in pick.builds}
    return (
        wanted.machine in {None, pick.machine}
        and wanted.release in {None, pick.release}
        and wanted.profile in {None, pick.profile}
        and (wanted.flavour is None or wanted.flavour in pick.flavours)
        and (wanted.arm is None or arm_named(wanted.arm).python in pythons)
    )


def _steps(
    tree: ResultTree, pick: Pick, wanted: Filter
) -> Iterator[tuple[Environment, tuple[Step, ...]]]:
    """Yield the environments of the pick, each with the steps that are asked for."""
    asked = replace(tree, figures=tuple(filter(Filter(bench=wanted.bench).takes, tree.figures)))
    for each in environments(tree):
        if (
            (each.machine, each.profile) == (pick.machine, pick.profile)
            and (each.arm.python, each.flavour) in pick.builds
            and wanted.arm in {None, each.arm.name}
        ):
            yield each, steps_of_release(history(asked, each), wanted.release)
