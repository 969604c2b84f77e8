"""The data of Releases: what the page's script loads, as a golden file and in its parts."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from dataclasses import replace
from urllib.parse import parse_qsl

import fake_histories
import fake_results
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ftbench.files import safe_name
from ftbench.results import ResultTree
from ftbench.results.selection import rigs
from ftbench.site import release_data, timeline
from ftbench.site.filters import SYMBOLS, change, change_interval
from ftbench.site.timeline import PRECISION, Timeline, coded, timeline_of
from ftbench.statistics import Basis, Ratio
from ftbench.statistics.spread import Interval
from ftbench.statistics.verdict import Verdict, Word


def timeline_from(tree: ResultTree) -> Timeline:
    return timeline_of(rigs(tree)[0], tree)


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> Timeline:
    monkeypatch.setattr(timeline, "history", fake_histories.history)
    return timeline_from(fake_results.tree())


def told(made: Timeline) -> str:
    """Return all data of a timeline, a line for each series."""
    (verdicts,) = release_data.verdict_files("all", made.series, made).values()
    (samples,) = release_data.sample_files("all", made.series, made).values()
    files = {"rig": release_data.rig(made)}
    files |= {
        "verdicts": release_data.verdicts(verdicts, made),
        "samples": release_data.samples(samples, made),
    }
    names = {series.key: f"{series.metric}, {series.label}" for series in made.series}
    lines = []
    for name, content in files.items():
        for key, value in content.items():
            each = value.items() if key == "series" else [("", value)]
            lines += [f"{name} {names.get(k, key)}: {json.dumps(v)}" for k, v in each]
    return "\n".join(lines) + "\n"


def test_the_data_are_as_they_were(
    made: Timeline, assert_golden: Callable[[str, str], None]
) -> None:
    assert_golden(told(made), "releases_data.txt")


def test_the_samples_have_the_speed_of_the_machine_beside_what_disturbed_them() -> None:
    figure = fake_results.tree().figures[0]
    told = [
        replace(figure, slow=slow, interference=why)
        for slow, why in (((1.004, 1.4), "x"), ((), ""))
    ]
    data = release_data._samples([told])["arms"][0]
    assert data[0] == (figure.by_process, "x", [1.0, 1.4])
    assert data[1] == (figure.by_process,)
    doubtful = replace(told[0], doubt="y")
    assert release_data._figure(doubtful) == (figure.by_process, "x; y", [1.0, 1.4])


def test_a_file_is_a_single_call_whose_texts_cannot_end_it() -> None:
    text = release_data.script("name", {"a": [fake_results.HOSTILE, math.nan, math.inf, 1.5]})
    assert text.startswith('ftbench.take("name",')
    assert "\u2028" not in text
    inner = json.loads(text.removeprefix('ftbench.take("name",').removesuffix(");\n"))
    assert inner == {"a": [fake_results.HOSTILE, None, None, 1.5]}


def test_every_series_is_in_one_file_of_each_kind_however_small_they_must_be(
    made: Timeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(release_data, "_MOST_VERDICTS", 12)
    monkeypatch.setattr(release_data, "_MOST_SAMPLES", 100)
    for share in (release_data.verdict_files, release_data.sample_files):
        files = share("all", made.series, made)
        assert [series for every in files.values() for series in every] == made.series
        assert len(files) > 2


def test_the_address_of_a_series_is_put_together_again(made: Timeline) -> None:
    for figure in fake_results.tree().figures:
        begin, place, own = release_data.graph_address(figure)
        start, _, query = figure.graph.partition("?")
        parts = [place, own, f"commits={figure.release.commit_id}"]
        assert begin == start
        assert sorted(parse_qsl("&".join(parts))) == sorted(parse_qsl(query))


def test_a_verdict_of_the_newest_release_has_its_base(made: Timeline) -> None:
    base, judged, chance = release_data.rig(made)["steps"][2][0][1]
    assert made.releases[base].name == "3.13.15"
    assert judged > 0
    assert chance >= 0
    assert release_data.rig(made)["steps"][2][0][0] == 0


@given(st.floats(1e-6, 1e6))
def test_an_effect_survives_the_data_to_a_hundredth_of_a_percent(ratio: float) -> None:
    assert math.exp(coded(ratio) / PRECISION) == pytest.approx(ratio, rel=1e-4)


@pytest.mark.parametrize(
    ("ratio", "words"),
    [
        (1.0, "0.0\u202f%"),
        (1.1234, "+12.3\u202f%"),
        (0.96, "\N{MINUS SIGN}4.0\u202f%"),
        (0.9999, "0.0\u202f%"),
        (2.4, "2.40\u00d7"),
        (0.041, "0.0410\u00d7"),
    ],
)
def test_an_effect_in_words(ratio: float, words: str) -> None:
    assert change(ratio) == words
    assert change(math.exp(coded(ratio) / PRECISION)) == words


def test_no_symbol_stands_for_two_verdicts() -> None:
    assert set(SYMBOLS) == set(Word)
    assert len(set(SYMBOLS.values())) == len(Word)


def test_an_interval_in_words() -> None:
    effect = Ratio(
        value=1.1, interval=Interval(low=1.0, high=1.2), confidence=0.99, basis=Basis.PROCESSES
    )
    alone = Ratio(value=1.1, interval=None, confidence=0.99, basis=Basis.NONE)
    assert change_interval(Verdict(word=Word.WORSE, effect=effect)) == "0.0\u202f% to +20.0\u202f%"
    assert change_interval(Verdict(word=Word.UNDECIDED, effect=alone)) == "one process: no interval"
    assert change_interval(Verdict(word=Word.UNDECIDED)) == ""


@given(st.lists(st.text(), min_size=1, max_size=3), st.lists(st.text(), min_size=1, max_size=3))
def test_a_name_is_safe_and_nobody_elses(parts: list[str], others: list[str]) -> None:
    name = safe_name(*parts)
    assert len(name) < 100
    assert not set(name) - set("abcdefghijklmnopqrstuvwxyz0123456789._-")
    assert name.strip(".") == name != ""
    assert (name == safe_name(*others)) == (parts == others)


def test_names_of_parts_that_join_alike_differ() -> None:
    assert safe_name("a-b", "c") != safe_name("a", "b-c")
    assert safe_name("a_b", "c") != safe_name("a", "b_c")
    assert safe_name("must_scale") == "must_scale"
    assert safe_name("\ud800") != safe_name("\ud801")
