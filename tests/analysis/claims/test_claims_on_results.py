"""Claims on figures: what they hold by, what is in their way, what they are not judged by."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import fake_duels
import pytest
from fake_figures import rekeyed

from ftbench.analysis.claims.data import Claim, Series, names
from ftbench.analysis.claims.judge import AsvFigures, Judgement, judged
from ftbench.analysis.claims.rule import ClaimVerdict, Relation
from ftbench.analysis.price import TAX, guarded, points_of
from ftbench.analysis.verdicts import evidence
from ftbench.releases import Release
from ftbench.results import Figure, Machine, ResultTree, State
from ftbench.results.figure import Environment, NoiseSeries, SeriesKey
from ftbench.results.floors import Floors
from ftbench.statistics.spread import Interval

RELEASE = Release.parse("3.14.2")
THREADS = "ft lifecycle.Lifecycle.track_round mode=threads workers=8 task=empty"
FORK = "gil lifecycle.Lifecycle.track_round mode=processes-fork workers=8 task=empty"
KERNEL = "{} single_thread.SingleThread.track_kernel mode=serial kernel=k{}"
SPREAD = (0.97, 0.98, 0.99, 1.0, 1.0, 1.01, 1.02, 1.03)
LINUX = Machine(name="m", os="Linux 6.1", num_cpu="16")


def figure(text: str, middle: float, **fields: Any) -> Figure:
    series = Series.parse(text)
    plain = Figure(
        environment=Environment(machine="m", arm=series.arm, flavour="source", profile="full"),
        release=RELEASE,
        series=SeriesKey(benchmark=series.benchmark, params=series.params),
        unit="seconds",
        state=State.MEASURED,
        median=middle,
        interval=Interval(low=middle * 0.98, high=middle * 1.02),
        samples=tuple(middle * share for share in SPREAD),
        processes=tuple((middle * share,) for share in SPREAD),
        runs=frozenset({"run-1"}),
    )
    return rekeyed(plain, **fields)


def absent(text: str, state: State, reason: str = "") -> Figure:
    return figure(text, 1.0, state=state, median=None, interval=None, samples=(), reason=reason)


def claim(relation: Relation, *of: str, **fields: Any) -> Claim:
    series = tuple(map(Series.parse, of))
    plain = Claim(source="s", quote="q", relation=relation, of=series, names=names(series))
    return replace(plain, **fields)


def of(asked: Claim, figures: Sequence[Figure], **fields: Any) -> Judgement:
    points = guarded(ResultTree(figures=tuple(figures)))
    measured = AsvFigures.of(figures, release=RELEASE, sources=(), machine=LINUX, points=points)
    here = replace(measured.conditions, **fields)
    return judged(asked, measured.named(asked), here)


BOTH = (figure(THREADS, 1e-3), figure(FORK, 2e-3))
TWICE = claim(Relation.RATIO, FORK, THREADS, claimed=2.0)


def test_a_ratio_in_its_range_holds_and_one_outside_does_not() -> None:
    assert of(TWICE, BOTH).words == "holds"
    assert of(replace(TWICE, claimed=3.0), BOTH).words == "does not hold here"
    found = of(TWICE, BOTH)
    assert found.ratios[0].what == "processes, fork (GIL build) / threads (free-threaded)"
    assert found.ratios[0].quantity.value == pytest.approx(2.0)
    assert [*found.figures.values()] == [BOTH[1], BOTH[0]]


def test_an_order_and_a_single_figure_are_judged_too() -> None:
    assert of(claim(Relation.ASCENDING, THREADS, FORK), BOTH).verdict is ClaimVerdict.HOLDS
    assert of(claim(Relation.ASCENDING, FORK, THREADS), BOTH).verdict is ClaimVerdict.NOT
    one = claim(Relation.AT_MOST, FORK, claimed=3.0, unit="ms")
    assert of(one, BOTH).verdict is ClaimVerdict.HOLDS
    assert of(replace(one, claimed=1.0), BOTH).verdict is ClaimVerdict.NOT
    assert of(replace(one, claimed=2.01), BOTH).verdict is ClaimVerdict.CANNOT


def test_a_rate_is_one_over_the_cost() -> None:
    faster = claim(Relation.RATIO, THREADS, FORK, claimed=2.0, rate=True)
    assert of(faster, BOTH).verdict is ClaimVerdict.HOLDS
    assert of(replace(faster, rate=False), BOTH).verdict is ClaimVerdict.NOT


def test_what_is_doubtful_in_a_figure_is_in_the_way_of_every_claim_on_it() -> None:
    doubtful = (BOTH[0], replace(BOTH[1], doubt="it does not judge scaling"))
    found = of(TWICE, doubtful)
    assert found.words == "cannot be judged (it does not judge scaling)"
    assert found.ratios[0].quantity.value == pytest.approx(2.0)
    assert of(replace(TWICE, cores=32), doubtful).words == "cannot be judged on 16 cores"


@pytest.mark.parametrize(
    ("fields", "here", "words"),
    [
        ({"cores": 32}, {}, "on 16 cores"),
        ({"most_cores": 8}, {}, "on 16 cores"),
        ({"pgo": True}, {"plain": True}, "on builds without PGO and LTO"),
    ],
)
def test_what_is_in_the_way_is_said_and_the_figures_are_shown(
    fields: Mapping[str, Any], here: Mapping[str, Any], words: str
) -> None:
    found = of(replace(TWICE, **fields), BOTH, **here)
    assert found.words == f"cannot be judged {words}"
    assert found.ratios[0].quantity.value == pytest.approx(2.0)
    ours = replace(TWICE, about=("Linux", "3.14"), cores=16, most_cores=16)
    assert of(ours, BOTH).verdict is ClaimVerdict.HOLDS


@pytest.mark.parametrize(
    ("about", "system", "words", "measured"),
    [
        (("Windows",), "Linux", "about Windows", "on Linux"),
        (("macOS", "3.14"), "Linux", "about macOS, 3.14", "on Linux"),
        (("macOS",), "", "about macOS", "on an unknown system"),
        (("3.13",), "Linux", "about 3.13", "later, on 3.14.2"),
        (("3.15",), "Linux", "about 3.15", "before, on 3.14.2"),
        (("3.15.0a7+",), "Linux", "about 3.15.0a7 and later", "before, on 3.14.2"),
        (("Linux", "3.14.3+", "3.15.0a1+"), "Linux", "about Linux, 3.14.3 and later", "before, on"),
    ],
)
def test_a_claim_about_others_has_no_verdict_and_its_figures_are_called_what_they_are(
    about: tuple[str, ...], system: str, words: str, measured: str
) -> None:
    for figures in (BOTH, ()):
        found = of(replace(TWICE, about=about), figures, system=system)
        assert found.verdict is ClaimVerdict.OTHER
        assert found.words.startswith(words)
        assert found.here.startswith(measured)
    found = of(replace(TWICE, about=about), BOTH, system=system)
    assert found.ratios[0].quantity.value == pytest.approx(2.0)
    assert [*found.figures.values()] == [BOTH[1], BOTH[0]]


def test_what_was_mended_is_asked_of_the_releases_that_have_it() -> None:
    mended = replace(TWICE, about=("3.15.0a7+", "3.14.4+"))
    for release in ("3.14.4", "3.14.12", "3.15.0a7", "3.15.2", "3.16.0a1"):
        assert mended.aside(Release.parse(release)) == ""
    for release in ("3.13.15", "3.14.3", "3.15.0a6"):
        assert mended.aside(Release.parse(release)) == "before"


PATTERN = "ft must_scale.MustScale.track_relative_2 mode=threads pattern=copies"
BETTER = claim(
    Relation.ASCENDING, PATTERN, PATTERN, names=("3.15", "3.14"), about=("3.15",), cores=2
)
BETTER = replace(BETTER, of=(BETTER.of[0], replace(BETTER.of[1], of="3.14")))


@pytest.mark.parametrize(
    ("before", "words"),
    [
        ([figure(PATTERN, 1.8)], "holds"),
        ([figure(PATTERN, 0.9)], "does not hold here"),
        ([figure(PATTERN, 1.8, runs=frozenset({"run-2"}))], "not measured (no run in common)"),
        (None, "not measured"),
    ],
)
def test_a_claim_holds_a_release_against_one_of_another_series(
    before: Sequence[Figure] | None, words: str
) -> None:
    measured = AsvFigures.of(
        [figure(PATTERN, 1.1)],
        release=Release.parse("3.15.0rc1"),
        sources=(),
        machine=LINUX,
        others={"3.14": before} if before else {},
    )
    assert judged(BETTER, measured.named(BETTER), measured.conditions).words == words


LATER = Release.parse("3.15.0rc1")


def duelled(factor: float, **fields: Any) -> Judgement:
    """Return BETTER on two figures that say nothing, and a duel: 3.15 over 3.14.2."""
    before, after = (
        fake_duels.side(name, flavour="source", mode="threads", build=name)
        for name in (RELEASE.name, LATER.name)
    )
    made = fake_duels.record(
        before,
        after,
        of=("must_scale.MustScale", "relative_2"),
        factor=factor,
        params={"mode": "threads", "pattern": "copies"} | fields.pop("params", {}),
        unit="ratio",
        **fields,
    )
    older, newer = figure(PATTERN, 1.1, runs=frozenset()), figure(PATTERN, 1.1, doubt="off 1.00")
    measured = AsvFigures.of(
        [replace(newer, release=LATER)],
        release=LATER,
        sources=(),
        machine=LINUX,
        others={"3.14": [older]},
        known=evidence(ResultTree(duels=(fake_duels.duel(made, machine="m"),))),
    )
    return judged(BETTER, measured.named(BETTER), measured.conditions)


@pytest.mark.parametrize(
    ("factor", "spread", "words"),
    [
        (1 / 1.1, 0.004, "holds"),
        (1.1, 0.004, "does not hold here"),
        (1.0, 0.1, "cannot be judged from so few pairs"),
    ],
)
def test_a_duel_outranks_two_figures_their_runs_and_their_doubts(
    factor: float, spread: float, words: str
) -> None:
    found = duelled(factor, spread=spread)
    assert found.words == words
    (ratio,) = found.ratios
    assert ratio.what == "3.14 / 3.15, by duel"
    assert ratio.quantity.value == pytest.approx(1 / factor, rel=0.1)
    assert ratio.quantity.spread


def test_a_duel_of_other_params_or_work_of_another_name_is_none_of_two_figures() -> None:
    for fields in ({"params": {"pattern": "deep_copies"}}, {"metric": "relative_4"}):
        found = duelled(0.5, **fields)
        assert found.words == "not measured (no run in common)"
        assert [each.what for each in found.ratios] == ["3.14 / 3.15"]


def test_a_duel_of_modes_is_turned_for_a_claim_of_operations_per_second() -> None:
    round_of = "ft lifecycle.Lifecycle.track_round mode={} workers=8 task=empty"
    modes = ("threads", "processes-spawn")
    texts = [round_of.format(mode) for mode in modes]
    one, other = (fake_duels.side(RELEASE.name, flavour="source", mode=mode) for mode in modes)
    params = {"mode": modes[0], "workers": "8", "task": "empty"}
    made = fake_duels.record(one, other, factor=3.0, of=fake_duels.ROUND, params=params)
    known = evidence(ResultTree(duels=(fake_duels.duel(made, machine="m"),)))
    figures = [figure(text, 1e-3) for text in texts]
    measured = AsvFigures.of(figures, release=RELEASE, sources=(), machine=LINUX, known=known)
    for rate, expected in ((False, 1 / 3), (True, 3.0)):
        asked = claim(Relation.RATIO, *texts, claimed=expected, rate=rate)
        found = judged(asked, measured.named(asked), measured.conditions)
        assert found.verdict is ClaimVerdict.HOLDS
        assert found.ratios[0].quantity.value == pytest.approx(expected, rel=0.01)
    assert known.duel(figures[0], figures[1])
    assert not known.duel(figures[0], figure(texts[1].replace("workers=8", "workers=4"), 1e-3))


def test_a_claim_of_another_series_is_none_of_the_release_that_it_is_held_against() -> None:
    found = of(BETTER, [figure(PATTERN, 1.1)])
    assert (found.words, found.here) == ("about 3.15", "before, on 3.14.2")
    assert not found.ratios
    assert [*found.figures] == ["slow-down of 2 threads against one, same work each"]
    assert None not in found.figures.values()


@pytest.mark.parametrize(
    ("second", "words"),
    [
        ((), "not measured"),
        ((absent(FORK, State.FAILED, "it broke"),), "not measured (failed)"),
        ((absent(FORK, State.SKIPPED),), "not measured (skipped)"),
        ((figure(FORK, 2e-3, runs=frozenset({"run-2"})),), "not measured (no run in common)"),
    ],
)
def test_what_is_missing_is_not_measured(second: tuple[Figure, ...], words: str) -> None:
    assert of(TWICE, (BOTH[0], *second)).words == words


def test_what_no_series_can_decide_is_not_tested() -> None:
    untested = Claim(source="s", quote="q", untested="No scenario measures this.")
    assert of(untested, BOTH).words == "not tested"


def kernels(arm: str, *middles: float) -> list[Figure]:
    return [figure(KERNEL.format(arm, number), each) for number, each in enumerate(middles)]


TAXED = Claim(
    source="s", quote="q", relation=Relation.RATIO, measure="tax", claimed=2.0, within=1.1, pgo=True
)


def test_a_claim_about_one_thread_is_about_the_ratio_that_price_and_gain_has() -> None:
    figures = [*kernels("ft", 1.0, 8.0, 5.0), *kernels("gil", 1.0, 2.0)]
    found = of(TAXED, figures)
    assert found.verdict is ClaimVerdict.HOLDS
    assert found.ratios[0].what == "geometric mean of 2: free-threaded / GIL build"
    mean = points_of(TAX, figures, evidence(ResultTree()))[RELEASE, "ft"].mean
    quantity = found.ratios[0].quantity
    assert (quantity.value, quantity.spread) == (mean.value, mean.interval)
    assert [*found.figures][:2] == ["k0, free-threaded", "k0, GIL build"]
    assert len(found.figures) == 4
    assert of(TAXED, kernels("ft", 1.0)).words == "not measured"


@pytest.mark.parametrize(
    ("spread", "words"), [(0.004, "holds"), (0.5, "cannot be judged from so few pairs")]
)
def test_a_claim_about_one_thread_is_judged_by_the_pairs_of_its_duel(
    spread: float, words: str
) -> None:
    base, taxed = (fake_duels.side(RELEASE.name, arm, flavour="source") for arm in ("gil", "ft"))
    params = {"mode": "serial", "kernel": "k0"}
    made = fake_duels.record(base, taxed, factor=2.0, spread=spread, params=params)
    figures = (*kernels("ft", 9.0), *kernels("gil", 1.0))
    tree = ResultTree(figures=figures, duels=(fake_duels.duel(made, machine="m"),))
    measured = AsvFigures.of(
        figures, release=RELEASE, sources=(), machine=LINUX, points=guarded(tree)
    )
    found = judged(TAXED, measured.named(TAXED), measured.conditions)
    assert found.words == words
    assert found.ratios[0].what == "tax: free-threaded / GIL build, by duel"


def test_figures_of_two_runs_have_no_ratio() -> None:
    other = [replace(each, runs=frozenset({"run-2"})) for each in kernels("gil", 1.0)]
    assert of(TAXED, [*kernels("ft", 1.0), *other]).words == "not measured"


def test_a_claim_about_builds_that_people_install_is_not_judged_on_plain_ones() -> None:
    figures = [*kernels("ft", 2.0), *kernels("gil", 1.0)]
    found = of(TAXED, figures, plain=True)
    assert found.words == "cannot be judged on builds without PGO and LTO"
    assert found.ratios[0].verdict is ClaimVerdict.HOLDS
    assert of(replace(TAXED, pgo=False), figures, plain=True).words == "holds"


def test_a_claim_about_two_releases_takes_the_newest_of_the_other_series() -> None:
    older = Release.parse("3.13.15")
    figures = [*(replace(each, release=older) for each in kernels("ft", 2.6)), *kernels("ft", 1.3)]
    points = guarded(ResultTree(figures=tuple(figures)))
    measured = AsvFigures.of((), release=older, sources=(), machine=LINUX, points=points)
    taxed = replace(TAXED, measure="older")
    found = judged(taxed, measured.named(taxed), measured.conditions)
    assert found.words == "holds"
    assert found.ratios[0].what == "older: free-threaded / 3.14"
    assert of(replace(TAXED, measure="older"), kernels("ft", 2.6)).words == "not measured"


def test_a_claim_about_the_jit_is_about_its_arm() -> None:
    figures = [*kernels("jit", 2.0), *kernels("gil", 1.0), *kernels("ft", 9.0)]
    found = of(replace(TAXED, arm="jit"), figures)
    assert found.words == "holds"
    assert found.ratios[0].what == "tax: GIL build, JIT on / GIL build"


def test_few_processes_decide_nothing_until_a_noise_floor_tells_how_far_apart_they_lie() -> None:
    two = {THREADS: (1.0e-3, 1.01e-3), FORK: (2.0e-3, 2.03e-3)}
    figures = [
        figure(text, pair[0], samples=pair, processes=tuple((each,) for each in pair))
        for text, pair in two.items()
    ]
    assert (
        of(replace(TWICE, within=1.05), figures).words == "cannot be judged from so few processes"
    )
    noise = [
        NoiseSeries(
            environment=Environment(machine="m", arm=each.arm, flavour="source", profile="full"),
            release=RELEASE,
            series=each.series,
            unit="seconds",
            medians=tuple(share * 1e-3 for share in SPREAD),
            order="ABBAABBA",
        )
        for each in figures
    ]
    figures = list(Floors.of(noise).given(figures))
    assert of(replace(TWICE, within=1.2), figures).verdict is ClaimVerdict.HOLDS


def test_one_process_decides_nothing_however_many_samples_it_took() -> None:
    alone = [replace(each, processes=(each.samples,)) for each in BOTH]
    assert of(TWICE, alone).words == "cannot be judged (one process: no interval)"
    assert of(replace(TWICE, claimed=30.0), alone).verdict is ClaimVerdict.CANNOT
