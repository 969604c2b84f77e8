"""A quantity has one value on every page and in every document: the committed results, all of them.

Whatever a page says of a series it links to its samples: what is written there is held against the
JSON of `ftbench report`, what is judged against that of `ftbench compare`; so are advice and
exports.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from html import unescape
from pathlib import Path
from typing import Any

import duckdb
import pytest
from commands import Command
from outline import Outline
from prometheus_client.openmetrics.parser import text_string_to_metric_families

from ftbench.cli.report import advise, compare, export, report
from ftbench.facts.units import _SCALES, digits
from ftbench.results.selection import Rig
from ftbench.site.filters import change
from ftbench.site.timeline import key_of

ROOT = Path(__file__).parents[2]
SAMPLES = re.compile(
    r'<a href="[^"]*releases/([^/"]+)/series-[^"?]*\?arm=([^&"]+)&amp;release=([^&#"]+)#(s-\w+)">'
    r"(?:≈ )?([\d\N{NARROW NO-BREAK SPACE}.,]+)"
)
RIG = re.compile(
    r"<b>CPython [^<]*</b> on <b>([^<]+)</b>.*?, (\w+) profile, (\S+) builds", re.DOTALL
)
Place = tuple[str, str, str, str]
"""The slug of a rig, an arm, a release and the key of a series."""


def record(command: Any, *words: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(Command(command).call(*words, "--format", "json").output)
    return found


@pytest.fixture(scope="module")
def reports(committed: Path) -> Mapping[Place, dict[str, Any]]:
    """Return every figure that `ftbench report` has, of every page of Choose."""
    found = {}
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(ROOT)
        first = record(advise, "--task", "1ms")
        pages = [path.stem.split("_") for path in sorted((committed / "choose").glob("*.html"))]
        pages += [
            [*(first[of] for of in ("machine", "release", "profile")), first["builds"]["gil"]]
        ]
        for machine, release, profile, flavour in pages:
            asked = {"--machine": machine, "--release": release, "--profile": profile}
            said = record(report, *(word for pair in asked.items() for word in pair))
            rig = Rig(machine=said["machine"], profile=said["profile"], flavour=flavour)
            for each in said["figures"]:
                key = key_of(each["benchmark"], each["params"].items())
                found[rig.slug, each["arm"], said["release"], key] = each
    return found


def written(committed: Path) -> Iterator[tuple[str, Place, str]]:
    """Yield what pages write of figures: the page, the figure's place, the number."""
    for path in sorted(committed.rglob("*.html")):
        for slug, arm, release, key, text in SAMPLES.findall(path.read_text("utf-8")):
            yield str(path.relative_to(committed)), (slug, arm, release, key), text


def fits(text: str, figure: Mapping[str, Any], *, rate: bool) -> bool:
    """Tell whether a number is a figure's, in a unit that its quantity may be written in."""
    sizes = [scale.size for scale in _SCALES.get(figure["unit"], ())] or [1.0]
    values = [figure["median"] / size for size in sizes]
    values += [1 / figure["median"]] if rate else []
    return text in set(map(digits, values))


def test_a_figure_is_the_same_number_on_every_page_and_in_the_report(
    committed: Path, reports: Mapping[Place, dict[str, Any]]
) -> None:
    known = [(*each, reports[each[1]]) for each in written(committed) if each[1] in reports]
    wrong = [
        (page, place, text, figure["median"])
        for page, place, text, figure in known
        if not fits(text, figure, rate="article" in page)
    ]
    assert wrong == []
    pages = {page.partition("/")[0].partition(".")[0] for page, *_ in known}
    assert {"choose", "claims"} <= pages
    assert len(known) > 1_000


def test_what_is_judged_has_the_same_effect_and_word_on_its_page_as_in_compare(
    committed: Path,
) -> None:
    pages = sorted((committed / "releases").glob("*/*-against-*.html"))
    checked = 0
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(ROOT)
        for path in pages:
            machine, profile, _ = path.parent.name.split("_")
            after, before = path.stem.split("-against-")
            words = ("--machine", machine, "--profile", profile)
            for judged in record(compare, before, after, *words)["comparisons"]:
                checked += agree(path, judged)
    assert len(pages) > 6
    assert checked > 100


def agree(path: Path, judged: Mapping[str, Any]) -> int:
    """Hold a page against what `compare` says of one arm; return how many effects it has of it."""
    source, arm = path.read_text("utf-8"), judged["arm"]
    by_key = {key_of(each["benchmark"], each["params"].items()): each for each in judged["series"]}
    count = 0
    for row in re.findall(r"<tr[^>]*><th scope=\"row\"><b>.*?</tr>", source, re.DOTALL):
        found = re.search(rf"\?arm={arm}&amp;[^#\"]*#(s-\w+)", row)
        effect = re.search(r'<td class="value">([^<]+?)(?= <small>|</td>)', row)
        if found and effect:
            series = by_key[found[1]]
            assert unescape(effect[1]) == change(series["effect"]), (path, found[1])
            word = re.search(r"</span>([^<]+)</span></td><td class=\"value\">", row)
            assert word, row
            assert word[1] == series["verdict"] or word[1].startswith("suspect")
            count += 1
    words = [each["verdict"] for each in judged["series"]]
    title = {"gil": "GIL build", "ft": "free-threaded", "ft-gil1": "free-threaded, GIL on"}[arm]
    (tallies,) = (table for table in Outline(path).tables if "alarms by chance" in table[0])
    (ours,) = (row for row in tallies[1:] if row[0].endswith(f" {title}"))
    counts = {
        head.split(" ", 1)[-1]: int(n) for head, n in zip(tallies[0][2:9], ours[2:9], strict=True)
    }
    assert counts == {word.rpartition(": ")[2]: words.count(word) for word in judged["counts"]}, (
        path
    )
    return count


def test_of_one_series_both_sides_of_an_effect_are_its_figures(
    reports: Mapping[Place, dict[str, Any]],
) -> None:
    """Unless it is by duel, which is another sitting."""
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(ROOT)
        said = record(compare, "3.13.15", "3.14.7", "--profile", "full")
    checked = 0
    for judged in said["comparisons"]:
        rig = Rig(machine=judged["machine"], profile="full", flavour=judged["builds"][0])
        for series in judged["series"]:
            key = key_of(series["benchmark"], series["params"].items())
            for side, release in (("before", "3.13.15"), ("after", "3.14.7")):
                figure = reports.get((rig.slug, judged["arm"], release, key))
                if figure and not series["pairs"]:
                    assert series[side]["location"] == pytest.approx(figure["median"], rel=1e-9)
                    checked += 1
    assert checked > 100


def test_a_price_is_the_ratio_of_the_figures_of_its_kernels(
    committed: Path, tmp_path: Path, reports: Mapping[Place, dict[str, Any]]
) -> None:
    """Those by duel are marked as such: they are of a sitting of their own."""
    checked = 0
    for path in (committed / "price.html", *(committed / "price").glob("*.html")):
        section = tmp_path / "tax.html"  # other kernels and patterns have the same names
        source = path.read_text("utf-8").partition('aria-labelledby="tax-title"')[2]
        section.write_text(source.partition("</section>")[0], "utf-8")
        for table in Outline(section).tables:
            if not table[1:] or "free-threaded" not in " ".join(table[1]) or len(table) < 8:
                continue
            checked += kernels_agree(table, path, reports)
    assert checked > 10


def test_the_price_of_one_thread_is_the_same_on_choose_by_duel_or_by_figures(
    committed: Path,
) -> None:
    checked, by_duel = 0, 0
    for path in (committed / "price.html", *(committed / "price").glob("*.html")):
        rig = RIG.search(path.read_text("utf-8"))
        tables = (each for each in Outline(path).tables if each[2:] and each[2][0] == "calls")
        table = next(tables, [])
        for place, arm in enumerate(table[1][1:] if rig and table else ()):
            releases = table[0][1:]
            release = releases[place * len(releases) // len(table[1][1:])]
            name = "_".join((rig[1], release, rig[2], rig[3])) if rig else ""
            page = committed / "choose" / name / "single_thread.html"
            ratios = ratios_of(page) if page.is_file() else {}
            for row in table[2:]:
                other = ratios.get((row[0], arm.partition(" ")[2]))
                if other is not None and row[1 + place][:1].isdigit():
                    assert abs(float(row[1 + place].split()[0]) - other) < 0.006, (page, row)
                    checked += 1
                    by_duel += "duel" in row[1 + place]
    assert checked > 20
    assert by_duel > 10


def ratios_of(page: Path) -> dict[tuple[str, str], float]:
    """Return the ratios to the GIL build of a page of Choose, by kernel and arm."""
    table = Outline(page).tables[0]
    arms = [each.split(" ", 1)[1] for each in table[0][1:]]
    return {
        (row[0], arm): float(found[1])
        for row in table[2:]
        for arm, text in zip(arms, row[1:], strict=False)
        if (found := re.search(r"([\d.]+)\N{MULTIPLICATION SIGN}", text))
    }


PRICED = (
    "single_thread.SingleThread.track_kernel",
    "instructions.SingleThread.track_instructions",
)


def kernels_agree(
    table: list[list[str]], path: Path, reports: Mapping[Place, dict[str, Any]]
) -> int:
    """Hold a table of prices by kernel against the figures; return how many ratios it has."""
    releases, arms = table[0][1:], table[1][1:]
    each = len(arms) // max(len(releases), 1)
    rig = RIG.search(path.read_text("utf-8"))
    assert rig
    slug = Rig(machine=rig[1], profile=rig[2], flavour=rig[3]).slug
    names = {"free-threaded": "ft", "free-threaded, GIL on": "ft-gil1"}
    count = 0
    for row in table[2:]:
        for place, text in enumerate(row[1:]):
            arm = next((names[name] for name in names if arms[place].endswith(name)), "")
            ratios = set()
            for benchmark in PRICED:
                key = key_of(benchmark, {"mode": "serial", "kernel": row[0]}.items())
                of = [
                    reports.get((slug, one, releases[place // each], key)) for one in (arm, "gil")
                ]
                medians = [figure["median"] for figure in of if figure and figure["median"]]
                ratios |= {digits(medians[0] / medians[1])} if len(medians) == len(of) else set()
            if ratios and "duel" not in text and text[:1].isdigit():
                assert text.split()[0] in ratios, (path, row[0], arms[place])
                count += 1
    return count


CELL = re.compile(r"(\w+)\(([\w-]+), (\d+)\)")


@pytest.mark.parametrize("size", ["100us", "1ms", "10ms"])
def test_advice_at_a_measured_task_is_the_figures_of_its_cells(
    reports: Mapping[Place, dict[str, Any]], monkeypatch: pytest.MonkeyPatch, size: str
) -> None:
    monkeypatch.chdir(ROOT)
    said = record(advise, "--task", size)
    rig = Rig(machine=said["machine"], profile=said["profile"], flavour=said["builds"]["gil"])

    def figure(arm: str, name: str, mode: str, workers: str) -> float:
        params = {"mode": mode, "workers": workers}
        key = key_of(f"crossover.Crossover.track_{name}", params.items())
        median: float = reports[rig.slug, arm, said["release"], key]["median"]
        return median

    task = figure("gil", f"task_{size}_0", "serial", "1")
    checked = 0
    for each in record(advise, "--task", f"{task:.20f}s")["ranked"]:
        for cost in (each["seconds"], each["memory"]):
            if cost and len(cost["cells"]) == 1:
                (cell,) = cost["cells"]
                name, mode, workers = CELL.fullmatch(cell).groups()  # type: ignore[union-attr]
                assert cost["value"] == pytest.approx(figure(each["arm"], name, mode, workers))
                checked += 1
    assert checked > 10


def test_openmetrics_has_the_medians_ends_and_verdicts(
    reports: Mapping[Place, dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(ROOT)
    text = Command(export).printed("--to", "openmetrics", "--no-timestamps")
    checked, verdicts = 0, {}
    for family in text_string_to_metric_families(text):  # type: ignore[no-untyped-call]
        part = re.fullmatch(r"ftbench_(verdict|cost(_lower|_upper)?_(seconds|bytes))", family.name)
        for sample in family.samples if part else ():
            labels = sample.labels
            rig = Rig(machine=labels["machine"], profile=labels["profile"], flavour=labels["build"])
            params = [(n[6:], value) for n, value in labels.items() if n.startswith("param_")]
            key = key_of(labels["benchmark"], params)
            if family.name == "ftbench_verdict":
                place = labels["arm"], labels["against"], labels["release"], rig.profile, key
                verdicts[rig.machine, *place] = sample.value
                continue
            figure = reports.get((rig.slug, labels["arm"], labels["release"], key))
            if figure:
                ends = figure["interval"] or [None, None]
                known = {"": figure["median"], "_lower": ends[0], "_upper": ends[1]}
                assert sample.value == known[part[2] or ""]  # type: ignore[index]
                checked += 1
    assert checked > 1_000
    words = {-1: "better", 0: "same", 1: "worse"}
    count = 0
    for judged in record(compare, "3.13.15", "3.14.7")["comparisons"]:
        for series in judged["series"]:
            key = key_of(series["benchmark"], series["params"].items())
            place = judged["arm"], "3.13.15", "3.14.7", judged["profile"], key
            value = verdicts.get((judged["machine"], *place))
            assert (series["verdict"] in words.values()) is (value is not None)
            assert value is None or words[int(value)] == series["verdict"]
            count += value is not None
    assert count > 5


def test_parquet_and_pyperf_have_the_samples_that_are_compared(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(ROOT)
    releases = ("3.13.15", "3.14.7")
    place = ("--machine", "amd-epyc-2cpu", "--profile", "full", "--arm", "ft")
    (judged,) = record(compare, *releases, *place)["comparisons"]
    path = tmp_path / "all.parquet"
    assert Command(export).code("--to", "parquet", *place, "-o", path) == 0
    query = (
        f"select release, benchmark, params, process, value from '{path}' order by process, round"  # noqa: S608
    )
    found: dict[tuple[str, str], dict[int, list[float]]] = {}
    for release, benchmark, params, process, value in duckdb.connect().execute(query).fetchall():
        key = key_of(benchmark, params.items())
        found.setdefault((release, key), {}).setdefault(process, []).append(value)
    checked = 0
    for side, release in zip(("before", "after"), releases, strict=True):
        suite = json.loads(Command(export).printed("--to", "pyperf", "--release", release, *place))
        pyperfs = {
            each["metadata"]["name"]: [run["values"] for run in each["runs"]]
            for each in suite["benchmarks"]
        }
        for series in judged["series"]:
            processes = series[side]["processes"]
            key = key_of(series["benchmark"], series["params"].items())
            assert [*found[release, key].values()] == processes
            params = ", ".join(f"{name}={value}" for name, value in series["params"].items())
            theirs = pyperfs.get(f"{series['benchmark']}({params})")
            assert (theirs is None) is (series["unit"] == "ratio")
            least = min(map(len, processes))
            assert theirs is None or theirs == [own[:least] for own in processes]
            checked += 1
    assert checked > 20
