"""What is no file, no text or has no end is named, and the rest of `results/` is shown."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from commands import Command
from fake_results import arms
from synthetic import Plan, publish, write_project

from ftbench.cli import cli
from ftbench.results import read_results, safe_loading
from ftbench.results.records import DUELS, NOISE, records_path

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="pipes and links of POSIX")
RELEASES = ("3.13.5", "3.13.15")
DEEP = "[" * 900 + "]" * 900


def huge(path: Path) -> None:
    with path.open("wb") as file:
        file.truncate(2**40)


def unreadable(path: Path) -> None:
    path.write_text("{}", encoding="utf-8")
    path.chmod(0)
    if os.access(path, os.R_OK):
        path.unlink()
        path.symlink_to("/proc/self/mem")  # which nobody can read from its beginning


def link_to(target: str) -> Callable[[Path], None]:
    return lambda path: path.symlink_to(target)


def text(content: str) -> Callable[[Path], object]:
    return lambda path: path.write_bytes(content.encode("utf-8", "surrogateescape"))


MAKERS: dict[str, Callable[[Path], object]] = {
    "a pipe": os.mkfifo,
    "a folder": Path.mkdir,
    "a device": link_to("/dev/zero"),
    "a link to nothing": link_to("nowhere"),
    "a link to itself": lambda path: path.symlink_to(path.name),
    "a terabyte": huge,
    "unreadable": unreadable,
    "empty": text(""),
    "not UTF-8": text('{"version": 2, "x": "\udcff"}'),
    "deep": text(f'{{"version": 2, "params": {DEEP}}}'),
    "deeper": text("[" * 200_000),
    "an unending number": text('{"version": 2, "date": ' + "1" * 100_000 + "}"),
}


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    write_project(tmp_path, Plan(releases=RELEASES, arms=arms("gil", "ft")), only="e.track_round")
    return tmp_path


@pytest.fixture
def results(project: Path) -> Path:
    return project / "results"


@pytest.fixture
def victim(results: Path) -> Path:
    return max(results.glob("*/313*.json"))


@pytest.mark.parametrize("make", MAKERS.values(), ids=MAKERS)
def test_what_is_no_result_file_is_named(
    results: Path, victim: Path, make: Callable[[Path], object]
) -> None:
    victim.unlink()
    sound = read_results(results).figures
    make(victim)
    tree = read_results(results)
    assert tree.figures == sound
    assert [warning.path for warning in tree.warnings] == [victim]
    assert len(list(safe_loading.iter_results(str(results)))) == 3


@pytest.mark.parametrize("make", [*MAKERS.values()][:7], ids=[*MAKERS][:7])
@pytest.mark.parametrize("beside", [records_path, NOISE.beside, DUELS.beside])
def test_what_are_no_records_is_named(
    results: Path, victim: Path, make: Callable[[Path], object], beside: Callable[[Path], Path]
) -> None:
    path = beside(victim)
    path.unlink(missing_ok=True)
    figures = len(read_results(results).figures)
    make(path)
    tree = read_results(results)
    assert len(tree.figures) == figures
    # A link to nothing is nothing.
    nothing = path.is_symlink() and not path.exists() and path.readlink() == Path("nowhere")
    assert [warning.path for warning in tree.warnings] == ([] if nothing else [path])


@pytest.mark.parametrize("make", MAKERS.values(), ids=MAKERS)
@pytest.mark.parametrize("name", ["machine.json", "../benchmarks.json"])
def test_what_is_no_machine_and_no_list_is_named(
    victim: Path, results: Path, make: Callable[[Path], object], name: str
) -> None:
    path = victim.parent / name
    path.unlink()
    make(path)
    tree = read_results(results)
    assert {warning.path.name for warning in tree.warnings} == {path.name}


def stored(victim: Path) -> tuple[dict[str, Any], dict[str, Any]]:
    document = json.loads(victim.read_text("utf-8"))
    (row,) = document["results"].values()
    return document, dict(zip(document["result_columns"], row, strict=False))


NUMBERS = [
    "1e999",
    "-1e999",
    "1" + "0" * 400,
    "1e31",
    "1e-31",
    "5e-324",
    '"5"',
    "true",
    "[1]",
    "{}",
]


@pytest.mark.parametrize("number", NUMBERS)
@pytest.mark.parametrize("column", ["result", "samples", "stats_ci_99_a", "started_at"])
def test_a_number_that_none_can_be_is_named(
    results: Path, victim: Path, number: str, column: str
) -> None:
    document, row = stored(victim)
    if column == "started_at":
        row[column] = "NUMBER"
    else:
        first = next(place for place, value in enumerate(row["samples"]) if value)
        row[column][first] = ["NUMBER"] if column == "samples" else "NUMBER"
    (name,) = document["results"]
    document["results"][name] = list(row.values())
    victim.write_text(json.dumps(document).replace('"NUMBER"', number), encoding="utf-8")
    tree = read_results(results)
    small = column == "samples" and number in {"1e-31", "5e-324"}
    an_end = column == "stats_ci_99_a" and "1e999" in number  # as asv writes of few samples
    a_time = column == "started_at" and number in {"1e-31", "5e-324"}
    if not (small or an_end or a_time):
        assert [warning.path for warning in tree.warnings] == [victim]
        assert len(tree.sources) == 3


def test_a_million_series_are_named_and_the_rest_is_shown(results: Path, victim: Path) -> None:
    figures = len(read_results(results).figures)
    path = results / "benchmarks.json"
    listed = json.loads(path.read_text("utf-8"))
    (entry,) = (each for name, each in listed.items() if name != "version")
    for count, size in ((2, 1000), (6, 10), (20, 9)):
        params = [[str(value) for value in range(size)]] * count
        name = f"huge.Huge.track_{count}"
        names = [f"p{number}" for number in range(count)]
        listed[name] = {**entry, "name": name, "params": params, "param_names": names}
    path.write_text(json.dumps(listed), encoding="utf-8")
    tree = read_results(results)
    assert len(tree.figures) == figures
    assert ["huge.Huge.track_2" in str(warning) for warning in tree.warnings] == [True]
    document, _ = stored(victim)
    document["results"]["huge.Huge.track_20"] = [None, params]
    victim.write_text(json.dumps(document), encoding="utf-8")
    assert [warning.path for warning in read_results(results).warnings] == [path, victim]


def test_results_of_no_list_are_named(results: Path) -> None:
    (results / "benchmarks.json").unlink()
    (warning,) = read_results(results).warnings
    assert warning.path == results / "benchmarks.json"


def test_a_folder_of_results_without_a_machine_is_named(results: Path, victim: Path) -> None:
    (victim.parent / "machine.json").unlink()
    (warning,) = read_results(results).warnings
    assert warning.path == victim.parent / "machine.json"


def test_a_name_of_any_bytes_is_told(results: Path, victim: Path) -> None:
    figures = len(read_results(results).figures)
    victim.with_name("\udcff\n.json").write_text("{", encoding="utf-8")
    tree = read_results(results)
    assert len(tree.figures) == figures
    (warning,) = tree.warnings
    assert r"\udcff" in str(warning).encode().decode()


def test_every_command_ends_with_the_rest(project: Path, results: Path, victim: Path) -> None:
    words = (("compare", *RELEASES, "--arm", "gil"), ("report", "--release", "3.13.15"))
    sound = [Command(cli).call(*each, "--format", "json") for each in words]
    asked = [json.loads(each.stdout) for each in sound]
    for number, make in enumerate(MAKERS.values()):
        make(victim.with_name(f"31315f00-{number}.json"))
        make(NOISE.beside(victim.with_name(f"31315f00-{number}.json")))
        make(DUELS.beside(victim.with_name(f"31315f00-{number}.json")))
    others = victim.parent.with_name("others")
    others.mkdir()
    os.mkfifo(others / "machine.json")
    for each, was, before in zip(words, asked, sound, strict=True):
        called = Command(cli).call(*each, "--format", "json")
        assert called.exit_code == before.exit_code
        said = json.loads(called.stdout)
        assert len(said["warnings"]) > len(MAKERS)
        assert said | {"warnings": []} == was
    done = publish(project, FTBENCH_SITE_ASSETS=str(project / "none"))
    assert done.returncode == 0, done.stdout + done.stderr
    for number in range(len(MAKERS)):
        assert f"31315f00-{number}.json" in done.stdout
    assert (project / "html" / "choose.html").is_file()
