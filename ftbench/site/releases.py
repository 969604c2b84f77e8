"""Writes Releases: what each release of CPython changed, series by series, and the data behind."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from importlib import resources
from pathlib import Path
from typing import Final

from ftbench.analysis.selection import safe_name
from ftbench.results import ResultTree
from ftbench.site import frame
from ftbench.site.history import data
from ftbench.site.history.addresses import FIRST_PAGE, SCRIPT, Addresses
from ftbench.site.history.rigs import Rig, release_menu, rig_menus, rigs, shared_out
from ftbench.site.history.scenario import scenario_page
from ftbench.site.history.texts import ReleasePage, release_page
from ftbench.site.history.timeline import Timeline, timeline_of

_HERE: Final = "releases"


def write_releases(tree: ResultTree, html_dir: Path) -> tuple[Path, ...]:
    """Write `releases.html` and what it leads to; return the paths, the first page first.

    Of each rig: a page per release, its alarms first; a page per scenario, whose script draws
    every release; the data for that, in files that are loaded as they are needed.  Works from a
    disk, without a server or a network.  Raises `OSError` where the folder cannot be written.
    """
    every = rigs(tree)
    if not every:
        return _write_empty(tree, html_dir)
    shares = shared_out(tree, every)
    addresses = {
        rig: Addresses(
            rig=rig,
            newest=max(source.release for source in share.sources),
            first=rig == every[0],
            scenarios=frozenset(figure.benchmark.partition(".")[0] for figure in share.figures),
        )
        for rig, share in shares.items()
    }
    return tuple(
        path
        for rig, share in shares.items()
        for path in _write_rig(rig, addresses, share, html_dir)
    )


def _write_empty(tree: ResultTree, html_dir: Path) -> tuple[Path, ...]:
    page = ReleasePage(root="", title="Releases · ftbench", warnings=tuple(map(str, tree.warnings)))
    text = frame.render("releases.html.j2", page, here=_HERE)
    return (frame.write(html_dir / FIRST_PAGE, text),)


def _write_rig(
    rig: Rig, addresses: Mapping[Rig, Addresses], tree: ResultTree, html_dir: Path
) -> tuple[Path, ...]:
    timeline = timeline_of(rig, tree)
    pages = list(_release_pages(timeline, addresses, tree, html_dir))
    rest = _scenario_pages(timeline, addresses, html_dir)
    script = (resources.files("ftbench.site") / "templates" / "releases.js").read_text("utf-8")
    return (*pages, *rest, frame.write(html_dir / SCRIPT, script))


def _release_pages(
    timeline: Timeline, addresses: Mapping[Rig, Addresses], tree: ResultTree, html_dir: Path
) -> Iterator[Path]:
    """Write a page for each release, the newest first."""
    ours = addresses[timeline.rig]
    others = rig_menus(
        timeline.rig, tuple(addresses), lambda rig: addresses[rig].release(addresses[rig].newest)
    )
    for release in reversed(timeline.releases):
        menus = (*others, release_menu(timeline.releases, release, ours.release))
        page = release_page(timeline, release, menus, ours)
        if release == timeline.newest:
            page = replace(page, warnings=tuple(map(str, tree.warnings)))
        text = frame.render("releases.html.j2", page, here=_HERE)
        yield frame.write(html_dir / ours.release(release), text)


def _scenario_pages(
    timeline: Timeline, addresses: Mapping[Rig, Addresses], html_dir: Path
) -> Iterator[Path]:
    """Write a page for each scenario, and the data of all."""
    ours = addresses[timeline.rig]

    def write(name: str, content: object) -> Path:
        return frame.write(html_dir / ours.data(name), data.script(name, content))

    yield write("rig", data.rig(timeline))
    for scenario in dict.fromkeys(series.scenario for series in timeline.series):
        series = [each for each in timeline.series if each.scenario == scenario]
        named = safe_name(scenario)
        verdicts = data.verdict_chunks(named, series, timeline)
        samples = data.sample_chunks(named, series, timeline)
        yield from (write(each.name, data.verdicts(each, timeline)) for each in verdicts)
        yield from (write(each.name, data.samples(each, timeline)) for each in samples)
        menus = rig_menus(
            timeline.rig,
            tuple(addresses),
            lambda rig, name=scenario: addresses[rig].nearest(name),  # type: ignore[misc]
        )
        page = scenario_page(scenario, timeline, menus, ours, (verdicts, samples))
        text = frame.render("releases-scenario.html.j2", page, here=_HERE)
        yield frame.write(html_dir / ours.scenario(scenario), text)
