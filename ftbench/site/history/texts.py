"""What one release did, as plain texts: the alarms first, the worst at the top."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from ftbench.analysis.conditions import Notice
from ftbench.analysis.verdicts.comparing import Judgement
from ftbench.facts.arms import Arm
from ftbench.facts.units import digits, few, scale_for
from ftbench.releases import Release
from ftbench.site.frame import Part
from ftbench.site.history.addresses import Addresses
from ftbench.site.history.marks import SYMBOLS, change, effort_title, interval_text, share
from ftbench.site.history.series import scenario_titles
from ftbench.site.history.timeline import AGAINST, Alarm, Tally, Timeline
from ftbench.site.menus import Menu
from ftbench.statistics.verdict import Word

# So many alarms of one kind are shown at once, and so many when the reader asks for more; further
# ones are on the scenarios' pages alone: a page must stay light.
_SHOWN_ALARMS: Final = 20
_MOST_ALARMS: Final = 50
_DASH: Final = "\N{EN DASH}"


@dataclass(frozen=True, slots=True, kw_only=True)
class WordText:
    """A verdict: the symbol, the word, and the name of its colour."""

    symbol: str
    word: str
    style: str


WORD_TEXTS: Final = {
    word: WordText(symbol=SYMBOLS[word], word=word.value, style=word.name.lower()) for word in Word
}


@dataclass(frozen=True, slots=True, kw_only=True)
class TallyText:
    """One step in a row: how many series of each word, in the order of `Word`."""

    arm: Arm
    base: str
    counts: tuple[int, ...]
    by_chance: str
    beside: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AlarmText:
    """One alarm in a row; `graph` and `samples` are addresses from the site's own folder.

    `says` is what the series' benchmark says of itself; `change` is where before and after lie,
    whose ratio is the effect: "1.20 → 2.77 ms".
    """

    verdict: WordText
    arm: Arm
    scenario: str
    series: str
    says: str
    base: str
    effect: str
    change: str
    interval: str
    floor: str
    efforts: tuple[str, ...]
    graph: str
    samples: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AlarmsText:
    """The alarms of one kind, the largest first, of which some are folded.

    `left` more stand on the scenarios' pages alone.
    """

    title: str
    rows: tuple[AlarmText, ...]
    folded: tuple[AlarmText, ...]
    left: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ScenarioText:
    """A scenario in the list, with what each arm's verdicts come to, against both bases."""

    group: str
    title: str
    href: str
    series: int
    arms: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ReleaseText:
    """A release in the list of all: a cell for each arm and kind of base."""

    name: str
    href: str
    cells: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ReleasePage:
    """A whole page; `root` leads from it to the site's own folder."""

    root: str
    title: str
    release: str = ""
    lead: tuple[Part, ...] = ()
    answer: tuple[Part, ...] = ()
    menus: tuple[Menu, ...] = ()
    notices: tuple[Notice, ...] = ()
    words: tuple[WordText, ...] = tuple(WORD_TEXTS.values())
    tallies: tuple[TallyText, ...] = ()
    alarms: tuple[AlarmsText, ...] = ()
    arms: tuple[Arm, ...] = ()
    scenarios: tuple[ScenarioText, ...] = ()
    against: tuple[str, ...] = tuple(AGAINST)
    releases: tuple[ReleaseText, ...] = ()
    rate: str = ""
    warnings: tuple[str, ...] = ()


def release_page(
    timeline: Timeline, release: Release, menus: tuple[Menu, ...], addresses: Addresses
) -> ReleasePage:
    """Return the page of one release of a timeline."""
    tallies = _tallies(timeline, release)
    alarms = timeline.alarms.get(release, [])
    rates = {tally.rate for tally in tallies}
    return ReleasePage(
        root=addresses.root(release),
        title=f"What CPython {release.name} changed on {timeline.rig.machine} · ftbench",
        release=release.name,
        lead=lead(timeline, release),
        answer=tuple(_answer(tallies)),
        menus=menus,
        notices=tuple(notices(timeline, tallies)),
        tallies=tuple(map(_tally_text, tallies)),
        alarms=tuple(_alarms(alarms, release, addresses, timeline.said)),
        arms=timeline.arms,
        scenarios=tuple(_scenarios(timeline, release, addresses)),
        releases=tuple(_releases(timeline, addresses)) if release == timeline.newest else (),
        rate=f"{max(rates) * 100:g} %" if rates else "",
    )


def lead(timeline: Timeline, release: Release) -> tuple[Part, ...]:
    """Return what was measured on what."""
    machine, rig = timeline.machine, timeline.rig
    where = f" ({machine.cpu}, {machine.num_cpu} cores)" if machine else ""
    return (
        Part(text=f"CPython {release.name}", strong=True),
        Part(text=" on "),
        Part(text=rig.machine, strong=True),
        Part(text=f"{where}, {rig.profile} profile, {rig.flavour or 'unnamed'} builds."),
    )


def _tallies(timeline: Timeline, release: Release) -> list[Tally]:
    keys = ((release, arm.name, against) for against in AGAINST for arm in timeline.arms)
    return [timeline.tallies[key] for key in keys if key in timeline.tallies]


def _answer(tallies: Sequence[Tally]) -> Iterator[Part]:
    """Yield the answer in a sentence or two."""
    if not tallies:
        yield Part(text="There is nothing to compare it with: ", strong=True)
        yield Part(text="no older release was measured on this machine with this profile.")
        return
    for against in AGAINST:
        ours = [tally for tally in tallies if tally.against is against]
        if not ours:
            continue
        counts = {word: sum(tally.counts[word] for tally in ours) for word in Word}
        bases = ", ".join(dict.fromkeys(tally.base.name for tally in ours))
        yield Part(text=f"Against {bases}, {against}: ")
        yield Part(text=f"{counts[Word.WORSE]} worse, {counts[Word.BETTER]} better", strong=True)
        yield Part(
            text=f", {counts[Word.SAME]} the same, {counts[Word.UNDECIDED]} not decidable"
            + (f", {counts[Word.INCOMPARABLE]} not comparable" * bool(counts[Word.INCOMPARABLE]))
            + f"; {_chance(sum(tally.by_chance for tally in ours))} to be expected by chance. "
        )


def _chance(number: float) -> str:
    return f"{few(number) if number else 'no'} alarms were"


def notices(timeline: Timeline, tallies: Sequence[Tally]) -> Iterator[Notice]:
    """Yield what a reader must know before believing a verdict."""
    profile = timeline.rig.profile
    if profile != "full":
        yield Notice(
            title=f"These are {profile or 'unnamed'} figures.",
            text="They come from few rounds of one process each: next to nothing can be decided.",
        )
    if tallies and not any(tally.floors for tally in tallies):
        yield Notice(
            title="This machine has no noise floor.",
            text="Without one nobody can tell a change from noise, and nothing is decided here. "
            "The command ftbench noise measures it.",
        )


def _tally_text(tally: Tally) -> TallyText:
    beside = [
        f"{number} measured only {where}"
        for number, where in (
            (tally.only_after, f"in {tally.release.name}"),
            (tally.only_before, f"in {tally.base.name}"),
        )
        if number
    ]
    return TallyText(
        arm=tally.arm,
        base=f"{tally.base.name}, {tally.against}",
        counts=tuple(tally.counts[word] for word in Word),
        by_chance=few(tally.by_chance),
        beside="; ".join(beside),
    )


def _alarms(
    alarms: Sequence[Alarm], release: Release, addresses: Addresses, said: Mapping[str, str]
) -> Iterator[AlarmsText]:
    for word, title in ((Word.WORSE, "Worse"), (Word.BETTER, "Better")):
        ours = [alarm for alarm in alarms if alarm.judgement.verdict.word is word]
        ours.sort(key=lambda alarm: alarm.size, reverse=word is Word.WORSE)
        if ours:
            shown = ours[:_MOST_ALARMS]
            texts = tuple(_alarm(each, release, addresses, said) for each in shown)
            yield AlarmsText(
                title=f"{title}: {len(ours)}",
                rows=texts[:_SHOWN_ALARMS],
                folded=texts[_SHOWN_ALARMS:],
                left=len(ours[_MOST_ALARMS:]),
            )


def _alarm(
    alarm: Alarm, release: Release, addresses: Addresses, said: Mapping[str, str]
) -> AlarmText:
    verdict, series = alarm.judgement.verdict, alarm.series
    return AlarmText(
        verdict=WORD_TEXTS[verdict.word],
        arm=alarm.arm,
        scenario=scenario_titles(series.scenario)[1],
        series=": ".join(filter(None, [series.ledger, series.metric, series.label])),
        says=said.get(series.benchmark, ""),
        base=alarm.base.name,
        effect=change(verdict.effect.value) if verdict.effect else "",
        change=_moved(alarm.judgement),
        interval=interval_text(verdict),
        floor=share(verdict.floor.effect) if verdict.floor else "none",
        efforts=tuple(efforts_text(alarm.judgement.efforts.items())),
        graph=alarm.judgement.after.graph,
        samples=addresses.cell(series, alarm.arm, release, alarm.against),
    )


def _moved(judgement: Judgement) -> str:
    places = [place for place in judgement.locations if place is not None]
    if not places:
        return ""
    scale = scale_for(judgement.after.unit, places)
    return f"{' → '.join(map(scale.text, places))}\N{NARROW NO-BREAK SPACE}{scale.symbol}"


def efforts_text(efforts: Iterable[tuple[str, tuple[float, float]]]) -> Iterator[str]:
    """Yield what an operating system counted, before and after."""
    for kind, (before, after) in efforts:
        yield f"{effort_title(kind)} {digits(before)} → {digits(after)}"


def _scenarios(
    timeline: Timeline, release: Release, addresses: Addresses
) -> Iterator[ScenarioText]:
    numbers: dict[str, int] = {}
    for series in timeline.series:
        numbers[series.scenario] = numbers.get(series.scenario, 0) + 1
    for scenario, number in numbers.items():
        group, title = scenario_titles(scenario)
        yield ScenarioText(
            group=group,
            title=title,
            href=addresses.scenario(scenario),
            series=number,
            arms=tuple(_of_scenario(timeline, release, scenario, arm) for arm in timeline.arms),
        )


def _of_scenario(timeline: Timeline, release: Release, scenario: str, arm: Arm) -> str:
    found = [
        tally.scenarios.get(scenario, {})
        for against in AGAINST
        if (tally := timeline.tallies.get((release, arm.name, against)))
    ]
    return alarms_text([(each.get(Word.WORSE, 0), each.get(Word.BETTER, 0)) for each in found])


def alarms_text(found: Sequence[tuple[int, int]]) -> str:
    """Return how many are worse and better, against one base after the other: "↑2 ↓1 · none"."""
    words = ((SYMBOLS[Word.WORSE], 0), (SYMBOLS[Word.BETTER], 1))
    told = [
        " ".join(f"{symbol}{pair[place]}" for symbol, place in words if pair[place])
        for pair in found
    ]
    return " · ".join(each or "none" for each in told) or _DASH


def _releases(timeline: Timeline, addresses: Addresses) -> Iterator[ReleaseText]:
    for release in reversed(timeline.releases):
        keys = [(release, arm.name, each) for arm in timeline.arms for each in AGAINST]
        found = [timeline.tallies.get(key) for key in keys]
        yield ReleaseText(
            name=release.name,
            href=addresses.release(release),
            cells=tuple(_of_release(tally) for tally in found),
        )


def _of_release(tally: Tally | None) -> str:
    if tally is None:
        return _DASH
    return alarms_text([(tally.counts[Word.WORSE], tally.counts[Word.BETTER])])
