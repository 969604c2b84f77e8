from __future__ import annotations

import json
from collections.abc import Callable

import pytest
from fake_builds import fake_interpreter

from ftbench.experiments.overhead import (
    LOOPS,
    Heat,
    Loop,
    LoopCost,
    OverheadJob,
    OverheadResult,
    cost_of,
    document_of,
)
from ftbench.facts.arms import arm_named
from ftbench.probe.overhead import ARTICLE, BARE, HARNESS
from ftbench.report.output import Format, rendered


def costs(processes: int = 3) -> dict[Loop, LoopCost]:
    """One loop of each verdict, and one of two wild processes."""
    tight, loose = (1.0, 1.001, 0.999, 1.0, 0.998, 1.002), (1.0, 1.3, 0.8, 1.1, 0.7, 1.2)
    spread = {
        0: (1.001, tight),
        1: (1.05, tight),
        5: (1.0, loose),
        11: (1.0, (1.0, 1.0, 300.0, 300.0, 1.0, 1.0)),
    }
    costs = {}
    for at, (overhead, factors) in spread.items():
        loop = LOOPS[at]
        time = 1e-6 * 10 ** (at % 4)
        heats = []
        for process in range(processes):
            bare = (time, time * 1.02)
            ours = tuple(
                each * overhead * factor
                for each, factor in zip(bare, factors[2 * process :], strict=False)
            )
            samples = {HARNESS: ours, BARE: bare}
            if loop.scenario != "lifecycle":
                samples[ARTICLE] = tuple(1.5 * each for each in bare)
            heats.append(
                Heat(
                    samples=samples,
                    checked="7 of 8 ids were new, as in the serial twin",
                    every=1 if loop.scenario == "lifecycle" else 64,
                    clock=5e-8 + at * 1e-9,
                    instrument=time / 400,
                )
            )
        costs[loop] = cost_of(loop, heats)
    return costs


def report(*, load: float | None = 0.1, processes: int = 3) -> OverheadResult:
    measured = costs(processes)
    return OverheadResult(
        job=OverheadJob(
            interpreter=fake_interpreter(version="3.14.7", free_threaded=True),
            arm=arm_named("ft"),
            loops=(*measured, LOOPS[2]),
            pairs=2,
            processes=processes,
            deadline=60.0,
        ),
        costs=measured,
        skipped={LOOPS[2]: "win32 has no start method 'fork'"},
        machine={"cpu": "Quiet CPU", "cores": 2},
        load=load,
    )


def shown(given: OverheadResult) -> str:
    return rendered(document_of(given), Format.TABLE, width=80)


def test_the_table_is_as_it_was(assert_golden: Callable[[str, str], None]) -> None:
    assert_golden(shown(report()), "overhead.txt")


def test_nothing_of_the_table_is_cut_off_at_eighty_columns() -> None:
    text = shown(report())
    assert "…" not in text
    assert max(map(len, text.splitlines())) <= 80


def test_a_busy_machine_is_told_of_and_a_quiet_one_is_not() -> None:
    assert "The machine was busy: its load was 1.5 on 2 cores" in shown(report(load=1.5))
    assert "busy" not in shown(report(load=0.5))
    assert "busy" not in shown(report(load=None))


def test_a_single_process_has_no_interval_and_decides_nothing() -> None:
    one = json.loads(rendered(document_of(report(processes=1)), Format.JSON))
    several = json.loads(rendered(document_of(report()), Format.JSON))
    assert {loop["verdict"] for loop in one["loops"] if "verdict" in loop} == {"not decidable"}
    assert {loop["verdict"] for loop in several["loops"] if "verdict" in loop} != {"not decidable"}
    assert "(one" in shown(report(processes=1))
    assert "(one" not in shown(report())


def test_the_document_holds_all_samples_and_what_is_made_of_them() -> None:
    found = json.loads(rendered(document_of(report()), Format.JSON))
    assert found["schema"] == {"name": "ftbench.overhead", "version": 1}
    assert (found["arm"], found["target"], found["load"]) == ("ft", 1.02, 0.1)
    assert (found["pairs"], found["processes"]) == (2, 3)
    within, above, *_, skipped = found["loops"]
    assert (within["verdict"], above["verdict"]) == ("within", "above")
    assert [len(process) for process in within["samples"]["harness"]] == [2, 2, 2]
    low, high = within["overhead"]["interval"]
    assert low <= within["overhead"]["value"] <= high
    assert within["overhead"]["basis"] == "processes"
    assert within["against_article"] is None
    assert within["seconds"].keys() == {"harness", "bare"}
    assert (within["every"], within["clock"]) == (1, pytest.approx(5e-8))
    assert skipped["skipped"] == "win32 has no start method 'fork'"
    assert "samples" not in skipped


def test_nothing_private_is_in_the_document() -> None:
    given = report()
    assert str(given.job.interpreter.executable) not in rendered(document_of(given), Format.JSON)
