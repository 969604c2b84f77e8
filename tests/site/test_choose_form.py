"""The form of Choose is `advise`: its script, run by node, says what Python does of a question."""

from __future__ import annotations

import itertools
import json
import shlex
import shutil
from collections.abc import Iterable, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from fake_figures import crossover, latency, shared
from fake_figures import tree as tree_of
from outline import Outline
from probing import ran

from ftbench.analysis.advice.cells import Cells, cells_of, pick_of
from ftbench.analysis.advice.question import Question
from ftbench.analysis.advice.question import seconds as seconds_of
from ftbench.analysis.advice.question import share as share_of
from ftbench.analysis.advice.question import size as size_of
from ftbench.analysis.advice.question import workers as workers_of
from ftbench.analysis.advice.ranking import advise
from ftbench.cli.report import advise as in_terminal
from ftbench.errors import UsageError
from ftbench.facts.arms import WITHOUT_GIL
from ftbench.facts.modes import Mode, mode_named
from ftbench.probe.scenarios.shared_set_strategies import KINDS
from ftbench.report.answer import answer_of, asked
from ftbench.results import Figure, Machine, read_results
from ftbench.site.choose import OPTIONS, UNSAID, WORDS, model_of, pages_of
from ftbench.site.winner_map import FRAME

SCRIPT = Path(__file__).parents[2] / "ftbench" / "site" / "templates" / "choose.js"
THREADS, SPAWN = mode_named("threads"), mode_named("processes-spawn")
RESULTS = Path(__file__).parents[2] / "results"
ASK = """
const form = require(process.argv[1]);
const {model, asked} = JSON.parse(require('fs').readFileSync(0, 'utf8'));
console.log(JSON.stringify(asked.map(texts => {
    try {
        const question = form.questionOf(model, texts);
        return {...form.answer(model, question), asked: form.asWords(question), question,
            command: form.commandOf(model, texts)};
    } catch (error) {
        return {error: error.message};
    }
})));
"""
USUAL = {
    "task": "200us",
    "payload": "64KiB",
    "workers": "8",
    "shared": "0%",
    "kind": next(iter(KINDS)),
    "waiting": "0%",
    "p99": "",
}
GRID = {
    # At a measured place, between two, on a tie of decimals, at either end and beyond.
    "task": ("10us", "12us", "100us", "0.4 ms", "1.125ms", "9.9ms", "50ms", "5s"),
    "payload": ("0", "1KiB", "100kB", "2 MiB"),
    "workers": ("1", "2", "5", "8", "64"),
    "shared": ("5%", "1"),
    "kind": tuple(KINDS),
    "waiting": ("90%", "0.5"),
    "p99": ("1us", "20ms", "2s"),
}


def beats(mode: Mode, percent: int) -> bool:
    return mode.name == "interpreters" and percent > 0


def made_up(margin: float | None = 0.02) -> Cells:
    lost = ("processes-spawn", "100us_64kib")
    every: Iterable[Figure] = (
        *crossover(margin=margin),
        *latency(cannot=beats),
        *shared(WITHOUT_GIL, THREADS, lock=3e-7, atomic=1e-7, local=2e-8),
        *shared(WITHOUT_GIL, SPAWN, lock=2e-4, lock_amid=2.5e-4, shared_memory=4e-7, actor=2e-6),
    )
    return cells_of(
        each for each in every if each.params["mode"] != lost[0] or lost[1] not in each.benchmark
    )


def disturbed_and_apart() -> Cells:
    """Return cells some of which were disturbed, with shared writes of another run."""
    return cells_of(
        replace(
            each,
            runs=frozenset({"run-2"}) if each.benchmark.startswith("shared_set") else each.runs,
            interference="" if len(each.benchmark) % 2 else f"load {len(each.benchmark)}",
        )
        for each in made_up().figures
    )


def measured() -> Cells:
    return pick_of(read_results(RESULTS))[1]


def questions() -> list[dict[str, str]]:
    """Return the usual question with any one and any two of its texts changed."""
    changes = [(name, text) for name, texts in GRID.items() for text in texts]
    pairs = [pair for pair in itertools.combinations(changes, 2) if pair[0][0] != pair[1][0]]
    every = [{**USUAL, **dict(each)} for each in ((), *((one,) for one in changes), *pairs)]
    return [*every, *({**each, "payload": "0"} for each in every if each["p99"])]


def read(texts: dict[str, str]) -> Question:
    return Question(
        task=seconds_of(texts["task"]),
        payload=size_of(texts["payload"]),
        workers=workers_of(texts["workers"]),
        shared=share_of(texts["shared"]),
        shared_kind=texts["kind"],
        waiting=share_of(texts["waiting"]),
        p99=seconds_of(texts["p99"]) if texts["p99"] else None,
    )


def model_for(cells: Cells) -> dict[str, Any]:
    beside = {"words": WORDS, "map": FRAME, "options": OPTIONS, "unsaid": UNSAID, "where": ""}
    return {**(model_of(cells) or {}), **beside}


def by_script(model: dict[str, Any], every: Sequence[dict[str, str]]) -> list[dict[str, Any]]:
    node = shutil.which("node")
    if node is None:
        pytest.skip("there is no node to run the script of Choose")
    done = ran([node, "-e", ASK, str(SCRIPT)], input=json.dumps({"model": model, "asked": every}))
    assert done.returncode == 0, done.stderr
    answers: list[dict[str, Any]] = json.loads(done.stdout)
    return answers


@pytest.mark.parametrize(
    "cells",
    [made_up(), made_up(margin=1.5), made_up(margin=None), disturbed_and_apart(), measured()],
    ids=["made up", "hardly told apart", "one process", "disturbed, apart", "as committed"],
)
def test_the_form_ranks_as_advise_does_with_the_same_values_and_words(cells: Cells) -> None:
    every, ranked = questions(), 0
    for texts, theirs in zip(every, by_script(model_for(cells), every), strict=True):
        question = read(texts)
        advice = advise(cells, question)
        ours = json.loads(json.dumps(asdict(answer_of(advice))))
        assert theirs["asked"] == asked(question), texts
        assert {name: theirs[name] for name in ours} == ours, texts
        values = [each.cost.value for each in advice.ranked]
        assert theirs["values"] == pytest.approx(values, rel=1e-12), texts
        ranked += bool(values)
    assert ranked > len(every) / 4


def test_the_command_below_the_ranking_asks_what_the_form_asks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tree = read_results(RESULTS)
    monkeypatch.setattr("ftbench.analysis.advice.cells.load_project", lambda: tree)
    pick, _ = pick_of(tree)
    pages = pages_of(pick, tree, where="choose.html", drawn=False)
    page = next(pages.write(tmp_path, {pick: {"": "choose.html"}}))
    (model,) = page.parent.rglob("model.js")
    given = json.loads(model.read_text("utf-8").partition(" = ")[2].rstrip(";\n"))
    shared = {**USUAL, "shared": "5%"}
    changes = {"task": "0.4 ms", "payload": "1KiB", "workers": " 2 ", "shared": "12%"}
    changes |= {"kind": "merged-at-end", "waiting": "90%", "p99": "20 ms"}
    assert changes.keys() == USUAL.keys()
    every = [USUAL, *({**shared, name: text} for name, text in changes.items())]
    every += [{**USUAL, "payload": "0", "p99": p99} for p99 in ("1us", "20ms")]
    for texts, theirs in zip(every, by_script(given, every), strict=True):
        name, command, *words = shlex.split(theirs["command"])
        assert (name, command) == ("ftbench", "advise")
        done = CliRunner().invoke(in_terminal, [*words, "--format", "json"])
        told = json.loads(done.stdout)
        question = {**asdict(read(texts)), "by": "seconds"}
        assert (told["question"], told["machine"]) == (question, pick.machine)
        values = [each["seconds"]["value"] for each in told["ranked"]]
        assert theirs["values"] == pytest.approx(values, rel=1e-12), texts
    usual = given["map"]["workers"]
    said = f'id="command">ftbench advise --task 200us --payload 64KiB --workers {usual} --release '
    assert said in page.read_text("utf-8")


@pytest.mark.parametrize(("cores", "workers"), [("1", 2), ("2", 2), ("3", 8), ("64", 8), ("", 8)])
def test_the_form_begins_with_the_fewest_workers_measured_that_use_all_cores(
    tmp_path: Path, cores: str, workers: int
) -> None:
    tree = tree_of(crossover())
    pick, _ = pick_of(tree)
    tree = replace(tree, machines=(Machine(name=pick.machine, num_cpu=cores),))
    page = next(pages_of(pick, tree, where="choose.html").write(tmp_path, {pick: {"": "x.html"}}))
    shown = Outline(page)
    assert f"64.0 KiB payload, {workers} workers" in shown.text.replace("\u00a0", " ")
    assert f'<input name="workers" value="{workers}"' in shown.source


@pytest.mark.parametrize(
    ("name", "text", "read"),
    [
        ("task", "200", seconds_of),
        ("task", "0ms", seconds_of),
        ("task", "a while", seconds_of),
        ("task", "5 MS", seconds_of),
        ("payload", "64kib", size_of),
        ("payload", "-1", size_of),
        ("shared", "5", share_of),
        ("shared", "500%", share_of),
        ("waiting", "half", share_of),
        ("p99", "20", seconds_of),
        *(("workers", text, workers_of) for text in ("0", "257", "2.5", "0x10", "many", "")),
        ("workers", "9" * 5000, workers_of),
    ],
)
def test_what_is_written_wrong_is_told_as_in_a_terminal(name: str, text: str, read: Any) -> None:
    with pytest.raises(UsageError) as caught:
        read(text)
    told = f"{caught.value.message} {caught.value.hint}".strip()
    [said] = by_script(model_for(made_up()), [{**USUAL, name: text}])
    assert said == {"error": told}
    option = f"{OPTIONS[name]}={text}"
    assert told in CliRunner().invoke(in_terminal, ["--task", "1ms", option]).output


@pytest.mark.parametrize("text", ["1", " 256 ", "0008"])
def test_numbers_of_workers_are_read_as_in_a_terminal(text: str) -> None:
    [said] = by_script(model_for(made_up()), [{**USUAL, "workers": text}])
    assert said["question"]["workers"] == workers_of(text) == int(text)


def test_without_a_plain_loop_there_is_no_model() -> None:
    assert model_of(cells_of(())) is None
    loops = (each for each in crossover() if each.params["mode"] == "serial")
    assert model_of(cells_of(loops)) is None
