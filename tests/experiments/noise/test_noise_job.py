"""The job: in which order, what is kept of it and when, and what happens to what fails."""

from __future__ import annotations

import dataclasses
import io
from collections.abc import Callable
from pathlib import Path

import pytest
from fake_measurements import BUILD, measurement
from rich.console import Console

from ftbench.asv.measuring_lock import MeasuringLock
from ftbench.errors import (
    FtbenchError,
    InterpreterError,
    NotAvailableError,
    ResultsError,
    UsageError,
    WorkerFailedError,
)
from ftbench.experiments import noise
from ftbench.experiments.harness import in_turn
from ftbench.experiments.noise import NoiseJob, NoiseResult, document_of, rows, second_build
from ftbench.experiments.suite import SuiteCell
from ftbench.facts.arms import arm_named
from ftbench.files import cache_folder
from ftbench.probe.instruments.machine import PIN_VARIABLE
from ftbench.probe.run.document import Measurement
from ftbench.pythons import Interpreter
from ftbench.report.output import Format, rendered
from ftbench.results import read_results
from ftbench.results.noise import read_noise_file

QUIET = Console(quiet=True)
Answer = Callable[[SuiteCell, int], Measurement]


def run(job: NoiseJob, console: Console) -> NoiseResult:
    (result,) = noise.run([job], console)
    return result


@pytest.fixture
def asked(
    monkeypatch: pytest.MonkeyPatch, cells: tuple[SuiteCell, ...], tmp_path: Path
) -> Callable[[Answer], list[str]]:
    """Return a function that has the probe answer as told, and lists which cells it was asked."""
    monkeypatch.setattr(MeasuringLock, "acquire", lambda _lock: None)
    monkeypatch.setenv("FTBENCH_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(noise, "introduce", lambda *_: None)

    def answered_by(answer: Answer) -> list[str]:
        seen: list[str] = []

        def probe(_interpreter: Interpreter, _name: str, **options: object) -> Measurement:
            (cell,) = [each for each in cells if each.params == options["params"]]
            seen.append(cell.title)
            return answer(cell, seen.count(cell.title))

        monkeypatch.setattr(noise, "probe", probe)
        return seen

    return answered_by


@pytest.fixture
def plan(tmp_path: Path, interpreter: Interpreter, cells: tuple[SuiteCell, ...]) -> NoiseJob:
    """Two replicates of three cells."""
    return NoiseJob(
        interpreter=interpreter,
        arm=arm_named("ft-gil1"),
        cells=cells,
        profile="full",
        replicates=2,
        results=tmp_path,
        machine="vm",
    )


def fine(cell: SuiteCell, number: int) -> Measurement:
    """Answer with the number of the process."""
    return measurement(cell, round=(float(number),) * 3, cpu=(0.5, 0.25, 0.75))


@pytest.mark.parametrize(
    ("sides", "replicates", "order"),
    [("AB", 2, "ABBA"), ("AB", 4, "ABBAABBA"), ("AB", 3, "ABBAAB"), ("ABC", 2, "ABCCBA")],
)
def test_sides_take_turns_forth_and_back(sides: str, replicates: int, order: str) -> None:
    """So that a drift of the machine is in all of them."""
    assert "".join(in_turn(sides, replicates)) == order


def test_whole_passes_are_made_and_each_process_keeps_its_median(
    plan: NoiseJob, asked: Callable[[Answer], list[str]]
) -> None:
    """All cells, then all cells again; a number per process in the order of measuring."""
    seen = asked(fine)
    report = run(plan, QUIET)
    assert seen == [cell.title for cell in plan.cells] * 4
    assert {series.order for series in report.series} == {"ABBA"}
    rounds = [series for series in report.series if series.benchmark.endswith("track_round")]
    assert [series.medians for series in rounds] == [(1.0, 2.0, 3.0, 4.0)] * 3
    assert report.lost == ()


def test_it_is_kept_beside_the_results_of_the_same_environment(
    plan: NoiseJob, asked: Callable[[Answer], list[str]]
) -> None:
    """The name is asv's, and the results tree has it."""
    asked(fine)
    report = run(plan, QUIET)
    name = "31402f00-cpython-pyft-buildsource-gcc12-profilefull-PYTHON_GIL1.noise.jsonl"
    assert plan.path == plan.results / "vm" / name
    assert read_results(plan.results).noise == report.series
    file = read_noise_file(plan.path)
    assert file is not None
    assert list(file.builds.values()) == [BUILD]
    assert file.cells[0].load == 0.5


def test_a_cell_that_is_not_here_is_skipped_once_and_the_rest_is_kept(
    plan: NoiseJob, asked: Callable[[Answer], list[str]]
) -> None:
    """With its reason, and it is not asked for again."""

    def answer(cell: SuiteCell, number: int) -> Measurement:
        if cell == plan.cells[0]:
            raise NotAvailableError("there is none")
        return fine(cell, number)

    seen = asked(answer)
    report = run(plan, QUIET)
    assert seen.count(plan.cells[0].title) == 1
    assert [(lost.cell, lost.skipped, lost.reason) for lost in report.lost] == [
        (plan.cells[0], True, "there is none")
    ]
    assert len(report.series) == 4


def test_one_failure_costs_a_cell_one_process(
    plan: NoiseJob, asked: Callable[[Answer], list[str]]
) -> None:
    """The letter of that process is missing; a second failure ends the tries."""

    def answer(cell: SuiteCell, number: int) -> Measurement:
        if (cell == plan.cells[0] and number == 2) or cell == plan.cells[1]:
            raise WorkerFailedError("a worker died")
        return fine(cell, number)

    seen = asked(answer)
    report = run(plan, QUIET)
    assert seen.count(plan.cells[1].title) == 2
    assert [series.order for series in report.series] == ["ABA", "ABA", "ABBA", "ABBA"]
    assert [lost.skipped for lost in report.lost] == [False] * 3


def test_what_the_stick_took_beside_each_process_is_on_record(
    plan: NoiseJob, asked: Callable[[Answer], list[str]]
) -> None:
    def answer(cell: SuiteCell, number: int) -> Measurement:
        speed = {"stick": "a", "seconds": 0.002 * number}
        return dataclasses.replace(fine(cell, number), speed=speed)

    asked(answer)
    run(plan, QUIET)
    file = read_noise_file(plan.path)
    assert file is not None
    for cell in file.cells:
        assert [each["seconds"] for each in cell.speeds] == [0.002, 0.004, 0.006, 0.008]


def test_processes_that_others_disturbed_are_counted(
    plan: NoiseJob, asked: Callable[[Answer], list[str]]
) -> None:
    """In the report, and by the cell in the file."""

    def answer(cell: SuiteCell, number: int) -> Measurement:
        marked = cell == plan.cells[0] and number > 1
        return dataclasses.replace(fine(cell, number), interference={"marked": marked})

    asked(answer)
    report = run(plan, QUIET)
    assert (len(report.processes), report.disturbed) == (12, 3)
    file = read_noise_file(plan.path)
    assert file is not None
    assert [cell.disturbed for cell in file.cells] == [3, 0, 0]


def test_a_metric_that_one_process_lacks_is_left_out(
    plan: NoiseJob, asked: Callable[[Answer], list[str]]
) -> None:
    """Every series has a number per process."""

    def answer(cell: SuiteCell, number: int) -> Measurement:
        return fine(cell, number) if number > 1 else measurement(cell, round=(1.0,))

    asked(answer)
    report = run(plan, QUIET)
    assert {series.benchmark for series in report.series} == {"lifecycle.Lifecycle.track_round"}


def test_an_interpreter_that_cannot_carry_the_probe_ends_it(
    plan: NoiseJob, asked: Callable[[Answer], list[str]]
) -> None:
    """All cells would meet the same."""

    def answer(_cell: SuiteCell, _number: int) -> Measurement:
        raise InterpreterError("broken")

    seen = asked(answer)
    with pytest.raises(InterpreterError):
        run(plan, QUIET)
    assert len(seen) == 1
    assert not plan.path.exists()


def cut_at(count: int) -> Answer:
    """Return what answers so many times, and is then interrupted."""
    asked = []

    def answer(cell: SuiteCell, number: int) -> Measurement:
        asked.append(cell)
        if len(asked) > count:
            raise KeyboardInterrupt
        return fine(cell, number)

    return answer


@pytest.mark.parametrize("count", [1, 5, 11])
def test_a_run_that_was_ended_is_gone_on_with_as_another_sitting(
    plan: NoiseJob, asked: Callable[[Answer], list[str]], count: int
) -> None:
    """Each process was kept as soon as it had measured; what is of which sitting is on record."""
    asked(cut_at(count))
    with pytest.raises(KeyboardInterrupt):
        run(plan, QUIET)
    assert not plan.path.exists()
    seen = asked(fine)
    console = Console(file=io.StringIO(), width=80)
    report = run(plan, console)
    assert len(seen) == 12 - count
    assert f"{count} of 12 processes were measured by 2" in told_by(console)
    assert "reused, as a separate sitting" in told_by(console)
    assert list(report.sittings.values()) == [count, 12 - count]
    (table,) = document_of([report]).parts[0].tables
    assert f"of 2 sittings: {count} from" in " ".join(table.notes)
    file = read_noise_file(plan.path)
    assert file is not None
    assert sum(len(cell.order) for cell in file.cells) == 12
    assert len({cell.sitting for cell in file.cells}) == 2
    for cell in plan.cells:
        orders = [each.order for each in file.cells if each.params == cell.texts]
        assert "".join(orders) == "ABBA"


def test_arms_that_were_measured_before_a_kill_are_not_measured_again(
    plan: NoiseJob, asked: Callable[[Answer], list[str]]
) -> None:
    arms = [plan, dataclasses.replace(plan, arm=arm_named("ft"))]
    asked(cut_at(17))
    with pytest.raises(KeyboardInterrupt):
        list(noise.run(arms, QUIET))
    seen = asked(fine)
    results = list(noise.run(arms, QUIET))
    assert len(seen) == 24 - 17
    assert [len(result.sittings) for result in results] == [1, 2]
    file = read_noise_file(plan.path)
    assert file is not None
    assert [cell.order for cell in file.cells] == ["ABBA"] * 3
    assert list((cache_folder() / "journals").iterdir()) == []


def test_a_later_arm_that_cannot_be_written_is_refused_before_the_first(
    plan: NoiseJob, asked: Callable[[Answer], list[str]]
) -> None:
    arms = [plan, dataclasses.replace(plan, arm=arm_named("ft"))]
    seen = asked(fine)
    arms[1].path.parent.mkdir()
    arms[1].path.write_text("{")
    with pytest.raises(ResultsError, match="cannot be read"):
        list(noise.run(arms, QUIET))
    assert seen == []


def told_by(console: Console) -> str:
    """Return what was printed."""
    assert isinstance(console.file, io.StringIO)
    return " ".join(console.file.getvalue().split())


def test_what_was_kept_is_taken_over_once(
    plan: NoiseJob, asked: Callable[[Answer], list[str]]
) -> None:
    """A run that has ended well leaves nothing to go on with."""
    asked(fine)
    run(plan, QUIET)
    assert list((cache_folder() / "journals").iterdir()) == []


@pytest.mark.parametrize("change", ["fresh", "replicates", "build", "conditions", "profile"])
def test_nothing_is_taken_over_of_another_request_build_or_condition(
    plan: NoiseJob,
    asked: Callable[[Answer], list[str]],
    monkeypatch: pytest.MonkeyPatch,
    change: str,
) -> None:
    """And where the request was the same, it is said."""
    asked(cut_at(5))
    with pytest.raises(KeyboardInterrupt):
        run(plan, QUIET)
    seen, console = asked(fine), Console(file=io.StringIO(), width=80)
    if change == "fresh":
        plan = dataclasses.replace(plan, fresh=True)
    elif change == "replicates":
        plan = dataclasses.replace(plan, replicates=3)
    elif change == "profile":
        plan = dataclasses.replace(plan, profile="quick")
    elif change == "build":
        build = dataclasses.replace(plan.interpreter.build, libc="glibc 2.41")
        interpreter = dataclasses.replace(plan.interpreter, build=build)
        plan = dataclasses.replace(plan, interpreter=interpreter)
    else:
        monkeypatch.setenv(PIN_VARIABLE, "core")
    assert len(run(plan, console).sittings) == 1
    assert len(seen) == 6 * plan.replicates
    said = "nothing of it is reused" in told_by(console)
    assert said is (change in {"build", "conditions"})


def test_a_second_run_adds_a_sitting_and_a_fresh_one_begins_anew(
    plan: NoiseJob, asked: Callable[[Answer], list[str]]
) -> None:
    """The report shows the cells of this run alone, with all that is on record of them."""
    asked(fine)
    run(dataclasses.replace(plan, cells=plan.cells[:2]), QUIET)
    again = dataclasses.replace(plan, cells=plan.cells[1:])
    report = run(again, QUIET)
    orders = sorted(row.order for row in rows(report.series))
    assert orders == ["ABBA"] * 2 + ["ABBA ABBA"] * 2
    file = read_noise_file(plan.path)
    assert file is not None
    assert [cell.order for cell in file.cells] == ["ABBA"] * 4
    run(dataclasses.replace(again, fresh=True), QUIET)
    file = read_noise_file(plan.path)
    assert file is not None
    assert [cell.params["workers"] for cell in file.cells] == ["1", "2", "8"]


def test_another_build_of_the_same_flavour_is_never_mixed_in(
    plan: NoiseJob, asked: Callable[[Answer], list[str]]
) -> None:
    """Refused before anything is measured."""
    seen = asked(fine)
    run(plan, QUIET)
    build = dataclasses.replace(plan.interpreter.build, libc="glibc 2.41")
    other = dataclasses.replace(plan.interpreter, build=build)
    count = len(seen)
    with pytest.raises(ResultsError, match="another build"):
        run(dataclasses.replace(plan, interpreter=other), QUIET)
    assert len(seen) == count


def test_a_damaged_file_is_refused_before_anything_is_measured(
    plan: NoiseJob, asked: Callable[[Answer], list[str]]
) -> None:
    """And left as it is."""
    seen = asked(fine)
    plan.path.parent.mkdir()
    plan.path.write_text("{")
    with pytest.raises(ResultsError, match="cannot be read"):
        run(plan, QUIET)
    assert seen == []
    assert plan.path.read_text() == "{"


@pytest.mark.parametrize("reason", [NotAvailableError("no such module"), WorkerFailedError("died")])
def test_a_run_that_measured_nothing_is_an_error_and_leaves_no_file(
    plan: NoiseJob, asked: Callable[[Answer], list[str]], reason: FtbenchError
) -> None:
    """Skipped or failed, as the cells were, with the reason said once."""

    def failing(_cell: SuiteCell, _number: int) -> Measurement:
        raise reason

    asked(failing)
    with pytest.raises(type(reason), match="No cell could be measured") as raised:
        run(plan, QUIET)
    assert raised.value.story == reason.message
    assert not plan.path.exists()


def test_what_makes_no_sense_to_any_cell_ends_the_run_at_once(
    plan: NoiseJob, asked: Callable[[Answer], list[str]]
) -> None:
    def refused(_cell: SuiteCell, _number: int) -> Measurement:
        raise UsageError("FTBENCH_PIN 'abc' is not known.")

    seen = asked(refused)
    with pytest.raises(UsageError, match="FTBENCH_PIN"):
        run(plan, QUIET)
    assert len(seen) == 1


def test_a_second_build_of_the_same_source_is_side_b(
    plan: NoiseJob, monkeypatch: pytest.MonkeyPatch, asked: Callable[[Answer], list[str]]
) -> None:
    """Measured in turn; what it adds is told, and kept in the file."""
    asked(fine)
    other = dataclasses.replace(plan.interpreter, executable=Path(__file__))
    measured_on = []

    def probe(interpreter: Interpreter, _name: str, **options: object) -> Measurement:
        (cell,) = [each for each in plan.cells if each.params == options["params"]]
        measured_on.append(interpreter)
        steady = 1 + len(measured_on) / 1e4
        return measurement(cell, round=(steady * (1.1 if interpreter is other else 1.0),))

    monkeypatch.setattr(noise, "probe", probe)
    report = run(second_build(dataclasses.replace(plan, cells=plan.cells[:1]), other), QUIET)
    assert [each is other for each in measured_on] == [False, True, True, False]
    (row,) = rows(report.series)
    assert row.apart.builds == pytest.approx(0.1, rel=1e-2)
    assert row.apart.sittings is None
    assert row.floor is not None
    assert row.floor.spread < 1e-3
    (kept,) = read_results(plan.results).noise
    assert kept.against
    text = " ".join(rendered(document_of([report]), Format.TABLE, width=100).split())
    assert "found from sittings builds" in text
    assert "that of a verdict on these builds does not" in text
    (told,) = document_of([report]).record
    assert told["series"][0]["apart"] == {"sittings": None, "builds": row.apart.builds}


@pytest.mark.parametrize("change", ["itself", "release", "flavour"])
def test_what_is_no_second_build_of_the_same_source_is_refused(plan: NoiseJob, change: str) -> None:
    build = plan.interpreter.build
    other = dataclasses.replace(plan.interpreter, executable=Path(__file__))
    if change == "itself":
        other = plan.interpreter
    elif change == "release":
        other = dataclasses.replace(other, build=dataclasses.replace(build, version="3.14.3"))
    else:
        other = dataclasses.replace(other, build=dataclasses.replace(build, compiler="Clang 18"))
    with pytest.raises(UsageError, match="--against takes a second build"):
        second_build(plan, other)


@pytest.mark.parametrize("fresh", [False, True])
def test_several_builds_are_measured_each_against_the_first_and_all_are_kept(
    plan: NoiseJob,
    monkeypatch: pytest.MonkeyPatch,
    asked: Callable[[Answer], list[str]],
    *,
    fresh: bool,
) -> None:
    """`fresh` forgets what was on record before, not the build before."""
    asked(fine)
    build = plan.interpreter.build
    flags = [(*build.code_flags, f"-DFTBENCH_REPLICA={number}") for number in (1, 2, 3)]
    others = [
        dataclasses.replace(
            plan.interpreter,
            executable=plan.results / f"python{number}",
            build=dataclasses.replace(build, code_flags=flag),
        )
        for number, flag in enumerate(flags)
    ]

    for other in others:
        other.executable.touch()

    def probe(interpreter: Interpreter, _name: str, **options: object) -> Measurement:
        (cell,) = [each for each in plan.cells if each.params == options["params"]]
        number = others.index(interpreter) + 1 if interpreter in others else 0
        found = measurement(cell, round=(1 + 0.01 * number,))
        return dataclasses.replace(found, build=interpreter.build.record())

    monkeypatch.setattr(noise, "probe", probe)
    one = dataclasses.replace(plan, cells=plan.cells[:1], fresh=fresh)
    reports = list(noise.run([second_build(one, other) for other in others], QUIET))
    kept = read_results(plan.results).noise
    assert len({each.against for each in kept}) == 3
    (part,) = document_of(reports).parts
    assert part.tables[0].rows
    (row,) = rows(reports[-1].series)
    assert row.floor is not None
    assert row.floor.builds is not None
    assert row.floor.builds > 0.03
    (told,) = document_of(reports).record
    assert told["series"][0]["builds"] == row.floor.builds
