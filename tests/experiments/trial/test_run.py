"""A trial goes through its phases: what fails is told and stops no other, what is kept goes on."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from ftbench.errors import (
    DeadlineError,
    FtbenchError,
    GilStateError,
    NotAvailableError,
    ResultsDifferError,
    UsageError,
    WorkerFailedError,
)
from ftbench.experiments.trial import cells, question
from ftbench.experiments.trial.cells import Build, calibrated
from ftbench.experiments.trial.run import Run, raise_worst
from ftbench.facts.arms import arm_named
from ftbench.facts.trial_modes import trial_mode_named
from ftbench.probe.run.document import Measurement, Switch
from ftbench.probe.run.outcome import Metric
from ftbench.pythons import Interpreter
from ftbench.pythons.engines import State
from ftbench.pythons.wheels import Packages
from ftbench.results.journal import Journal
from ftbench.results.trials import Trial

PLAIN = {"coroutine": False, "seconds": 0.003}
WAYS = ["serial", "threadpool", "processpool-fork", "processpool-forkserver", "processpool-spawn"]
WAYS += ["interpreterpool", "to-thread", "loky"]
MIB = 2**20


class Fake:
    """Stands for the probe: what each step yields, and what was asked."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str, str, dict[str, Any]]] = []
        self.look: dict[str, Any] = dict(PLAIN)
        self.serial: dict[str, Any] = {}
        self.shake: dict[str, Any] = {}
        self.errors: Callable[[str, str, str], Exception | None] = lambda *_: None
        self.call = 0.003

    def __call__(self, interpreter: str, scenario: str, *, mode: str, **more: Any) -> Measurement:
        params = more["params"]
        asked = json.loads(Path(params["asked"]).read_text())
        self.asked.append((str(interpreter), scenario, params["way"], asked))
        assert mode == trial_mode_named(params["way"]).mode
        if error := self.errors(str(interpreter), scenario, params["way"]):
            raise error
        inputs = Path(asked["inputs"]).read_text().splitlines() if asked["inputs"] else [""]
        samples: dict[str, tuple[float, ...]] = {}
        notes: dict[str, Any] = {}
        match scenario:
            case "trial_look":
                notes = {"look": self.look}
            case "trial_serial":
                samples = {"call": (self.call,) * len(inputs)}
                notes = {"digests": ["same"] * len(inputs), "unpicklable": "", "wrong": 0}
                notes |= {"cpu_share": 0.99, "kind": "CPU-bound", "changed": 0}
                notes |= {"bytes_in": 20, "bytes_out": 30, **self.serial}
            case "trial_shake":
                notes = {"calls": 800, "wrong": 0, "story": "", **self.shake}
            case "trial":
                samples = dict.fromkeys(("call", "loop", "cpu", "latency", "start"), (0.002,))
                samples |= {"cold": (0.3,), "shutdown": (0.01,)}
            case "trial_memory":
                samples = {"rss": (90.0 * MIB,), "pss": (40.0 * MIB, 42.0 * MIB)}
        return Measurement(
            scenario=scenario,
            mode=mode,
            params=params,
            profile=more["profile"],
            metrics={n: Metric(unit="seconds", samples=each) for n, each in samples.items()},
            invariants=(),
            gil=Switch(asked=False, before=False, after=False),
            build={"version": "3.14.7"},
            machine={},
            load=(0.1, 0.1),
            started_at="2026-11-30T12:00:00Z",
            elapsed=1.0,
            notes=notes,
            speed={"stick": "crunch", "seconds": 0.001},
        )

    def ways(self, scenario: str, build: str = "") -> list[str]:
        return [way for on, each, way, _ in self.asked if each == scenario and build in on]


@pytest.fixture
def fake() -> Fake:
    return Fake()


class Stand:
    """What a trial is tried on: two builds that nobody asks, and a journal."""

    def __init__(self, folder: Path, pair: tuple[Interpreter, Interpreter], fake: Fake) -> None:
        (folder / "crunch.py").write_text("def score(n=1): return n\n")
        self.folder, self.pair, self.fake, self.said = folder, pair, fake, io.StringIO()
        self.first: list[Trial] = []
        self.sittings = 0

    def run(self, **options: Any) -> Trial:
        self.sittings += 1
        asked = question.asked(
            "crunch.py:score", folder=self.folder, workers=["2"], **{"budget": 0.0, **options}
        )
        builds = [
            Build(name=one.name, interpreter=one, arm=arm_named(arm))
            for one, arm in zip(self.pair, ("gil", "ft"), strict=True)
        ]
        place = self.folder / f"trial-{self.sittings}"
        place.mkdir()
        return Run(
            question=asked,
            builds=builds,
            console=Console(file=self.said, width=200),
            journal=Journal(self.folder / "journal", "stamp", f"run {self.sittings}"),
            folder=place,
            shown=self.first.append,
            probe=lambda interpreter, *words, **more: self.fake(interpreter.name, *words, **more),
        ).trial()

    @property
    def told(self) -> str:
        return " ".join(self.said.getvalue().split())


@pytest.fixture
def stand(
    tmp_path: Path,
    pair: tuple[Interpreter, Interpreter],
    fake: Fake,
    monkeypatch: pytest.MonkeyPatch,
) -> Stand:
    there = State(packages=Packages(folder="cache"))  # whatever this machine has
    monkeypatch.setattr(cells, "state_of", lambda *_: there)
    return Stand(tmp_path, pair, fake)


def test_an_engine_that_is_not_there_is_skipped_by_its_reason_and_no_process_is_started(
    stand: Stand, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cells, "state_of", lambda *_: State(reason="no joblib here"))
    trial = stand.run()
    assert {cell.skipped for cell in trial.cells if cell.mode == "loky"} == {"no joblib here"}
    assert "loky" not in stand.fake.ways("trial")


def test_all_phases_are_gone_through_and_told(stand: Stand) -> None:
    trial = stand.run(values=["1", "2"])
    steps = list(dict.fromkeys(scenario for _, scenario, *_ in stand.fake.asked))
    assert steps == ["trial_look", "trial_serial", "trial_shake", "trial", "trial_memory"]
    words = "pre-flight determinism kind calibration thread-safety memory"
    places = [stand.told.index(word.replace("-safety", " safety")) for word in words.split()]
    assert places == sorted(places)
    assert [cell.mode for cell in trial.cells] == WAYS * 2
    assert {len(cell.processes) for cell in trial.cells} == {1}
    assert {cell.memory for cell in trial.cells} == {(41.0 * MIB,)}
    assert {cell.memory_kind for cell in trial.cells} == {"pss"}
    assert (trial.inputs, trial.serial_seconds, trial.cpu_share) == (2, 0.003, 0.99)
    assert (trial.bytes_in, trial.bytes_out, trial.stick) == (20, 30, "crunch")
    assert trial.target == "crunch.py:score"
    assert trial.source
    assert len(trial.machine["identity"]) == 16
    assert {b.shake["threads"]["calls"] for b in trial.builds} == {800}
    raise_worst(trial)


def test_a_trial_is_written_and_read_again(stand: Stand, tmp_path: Path) -> None:
    from ftbench.results.trials import read_trial, write_trial  # noqa: PLC0415

    trial = stand.run(executor="crunch.py:score", before="crunch.py:score")
    write_trial(tmp_path / "kept.json", trial)
    assert read_trial(tmp_path / "kept.json") == trial
    assert trial.asked["executor"] == "crunch.py:score"
    assert "custom" in {cell.mode for cell in trial.cells}


def test_rounds_go_on_until_the_budget_is_spent(stand: Stand) -> None:
    """The first round is whole whatever the budget; with fewer than three it is said plainly."""
    trial = stand.run()
    assert len(stand.first) == 1
    assert any("telling modes apart takes three: --budget" in note for note in trial.notes)
    assert stand.fake.ways("trial")[:8] != WAYS  # in drawn order
    more = stand.run(budget=3600.0, memory=False)
    assert {len(cell.processes) for cell in more.cells} == {30}
    assert not any("--budget" in note for note in more.notes)
    assert "trial_memory" not in {s for _, s, *_ in stand.fake.asked[len(stand.fake.asked) // 2 :]}


def test_memory_is_seen_in_as_many_processes_as_are_asked_for(stand: Stand) -> None:
    trial = stand.run(memory=3)
    assert {cell.memory for cell in trial.cells} == {(41.0 * MIB,) * 3}


def test_a_trial_that_was_ended_goes_on(stand: Stand) -> None:
    """Each process that was measured is taken over, also of a round that was cut."""
    left = 16 + 5

    def errors(_build: str, scenario: str, _way: str) -> Exception | None:
        nonlocal left
        if scenario == "trial":
            left -= 1
            if left < 0:
                raise KeyboardInterrupt
        return None

    stand.fake.errors = errors
    with pytest.raises(KeyboardInterrupt):
        stand.run(budget=3600.0)
    before = len(stand.fake.ways("trial"))
    assert before == 16 + 5 + 1
    stand.fake.errors = lambda *_: None
    trial = stand.run(budget=3600.0)
    assert {len(cell.processes) for cell in trial.cells} == {30}
    assert len(stand.fake.ways("trial")) == before + 30 * 16 - 21
    assert "reused" in stand.told
    assert any("of 2 sittings" in note for note in trial.notes)


@pytest.mark.parametrize(
    ("error", "code", "tries"),
    [
        (ResultsDifferError("'threadpool': results", story="input: 1"), 13, 1),
        (WorkerFailedError("It crashed.", story="SIGSEGV"), 4, 1),
        (GilStateError("The GIL came back."), 6, 1),
        (DeadlineError("It hangs."), 5, 2),
    ],
)
def test_a_cell_that_fails_stops_no_other(
    stand: Stand, error: FtbenchError, code: int, tries: int
) -> None:
    """It has its story and its exit code; one that hangs is tried once more."""
    stand.fake.errors = lambda build, scenario, way: (
        error if (scenario, way) == ("trial", "threadpool") and build.endswith("t") else None
    )
    trial = stand.run(budget=3600.0)
    (failed,) = [cell for cell in trial.cells if cell.failed]
    assert (failed.mode, failed.exit_code, failed.story) == ("threadpool", code, error.story)
    assert failed.memory == ()
    assert len(stand.fake.ways("trial", "t")) - 7 * 30 == tries
    assert all(len(cell.processes) == 30 for cell in trial.cells if cell is not failed)
    with pytest.raises(type(error), match="1 of 16 cells failed"):
        raise_worst(trial)


def test_who_hangs_once_of_many_rounds_is_measured(stand: Stand) -> None:
    left = 1

    def errors(_build: str, scenario: str, way: str) -> Exception | None:
        nonlocal left
        if (scenario, way) == ("trial", "loky") and left:
            left = 0
            return DeadlineError("It hangs.")
        return None

    stand.fake.errors = errors
    trial = stand.run(budget=3600.0)
    assert not [cell for cell in trial.cells if cell.failed]
    assert min(len(cell.processes) for cell in trial.cells) == 29


def test_what_is_not_there_is_skipped_and_never_counts(stand: Stand) -> None:
    stand.fake.errors = lambda _build, scenario, way: (
        NotAvailableError("subinterpreters are new in CPython 3.14.")
        if (scenario, way) == ("trial", "to-thread")
        else None
    )
    stand.fake.serial = {"unpicklable": "TypeError: cannot pickle 'generator' object"}
    trial = stand.run()
    skipped = {cell.mode: cell.skipped for cell in trial.cells if cell.skipped}
    assert skipped["to-thread"] == "subinterpreters are new in CPython 3.14"
    assert "generator" in skipped["interpreterpool"]
    assert "generator" in skipped["processpool-fork"]
    assert "generator" in skipped["loky"]
    assert set(stand.fake.ways("trial")) == {"serial", "threadpool", "to-thread"}
    raise_worst(trial)


def test_what_can_be_tried_nowhere_is_an_error(stand: Stand) -> None:
    stand.fake.errors = lambda *_: NotAvailableError("no wheel for cp314t: numpy")
    with pytest.raises(NotAvailableError, match="No build can run it") as raised:
        stand.run()
    assert "numpy" in raised.value.story
    stand.fake.errors = lambda *_: DeadlineError("Importing crunch takes too long.", hint="guard")
    with pytest.raises(DeadlineError, match="takes too long"):
        stand.run()


@pytest.mark.parametrize(
    "error",
    [GilStateError("numpy switched the GIL on."), UsageError("crunch.py cannot be imported.")],
)
def test_a_build_that_fails_before_stops_no_other(stand: Stand, error: FtbenchError) -> None:
    """Its plain loop stands for it among the failed; one may lack a package, or know no syntax."""
    stand.fake.errors = lambda build, *_: error if build.endswith("t") else None
    trial = stand.run()
    failed = [cell for cell in trial.cells if cell.failed]
    assert [(cell.mode, cell.exit_code) for cell in failed] == [("serial", error.exit_code)]
    assert {cell.build for cell in trial.cells if cell.processes} == {stand.pair[0].name}
    with pytest.raises(type(error)):
        raise_worst(trial)


def test_other_results_each_time_are_told_with_a_way_out(stand: Stand) -> None:
    first = {"input": "3", "got": "0.1", "wanted": "0.2", "why": ""}
    stand.fake.serial = {"wrong": 1, "first": first}
    with pytest.raises(ResultsDifferError, match="another result each time") as raised:
        stand.run()
    assert "--check" in raised.value.hint
    assert "wanted: 0.2" in raised.value.story
    assert "trial" not in {scenario for _, scenario, *_ in stand.fake.asked}
    assert stand.run(check="none").cells
    assert len(stand.fake.ways("trial_serial")) == 4 + 2


def test_side_effects_are_told_and_want_a_yes(stand: Stand) -> None:
    stand.fake.look = {**PLAIN, "effects": ["writes files (/tmp/a)"]}
    with pytest.raises(UsageError, match="writes files") as raised:
        stand.run()
    assert "calls or more" in raised.value.message
    assert raised.value.hint.endswith("--yes")
    assert {scenario for _, scenario, *_ in stand.fake.asked} == {"trial_look"}
    assert any("writes files" in note for note in stand.run(yes=True).notes)


def test_wrong_results_of_a_shake_fail_the_modes_of_threads(stand: Stand) -> None:
    stand.fake.shake = {"wrong": 3, "story": "got: 1"}
    trial = stand.run()
    failed = {cell.mode for cell in trial.cells if cell.failed}
    assert failed == {"threadpool", "to-thread"}
    assert {cell.exit_code for cell in trial.cells if cell.failed} == {13}
    assert not failed & set(stand.fake.ways("trial"))
    with pytest.raises(ResultsDifferError, match="3 wrong of 800 calls"):
        raise_worst(trial)


def test_a_crash_of_a_shake_fails_the_modes_of_threads_alone(stand: Stand) -> None:
    stand.fake.errors = lambda _build, scenario, _way: (
        WorkerFailedError("It ended with code 139.") if scenario == "trial_shake" else None
    )
    trial = stand.run()
    assert {cell.exit_code for cell in trial.cells if cell.failed} == {4}
    assert {cell.mode for cell in trial.cells if cell.processes} == {
        way for way in WAYS if way not in {"threadpool", "to-thread"}
    }


def test_coroutine_functions_have_modes_of_their_own(stand: Stand) -> None:
    stand.fake.look = {**PLAIN, "coroutine": True}
    own = ["serial", "asyncio", "asyncio-per-thread"]
    assert [cell.mode for cell in stand.run().cells] == own * 2
    assert set(stand.fake.ways("trial_shake")) == set(own[1:])
    trial = stand.run(modes=["threadpool,asyncio"])
    skipped = {cell.mode: cell.skipped for cell in trial.cells if cell.skipped}
    assert skipped == {"threadpool": "it is for plain functions"}


def test_many_inputs_are_thinned_for_a_round_to_be_short(stand: Stand) -> None:
    stand.fake.call = 0.1
    trial = stand.run(values=[str(n) for n in range(100)])
    assert (trial.inputs, trial.calls) == (20, 20)
    assert any("20 of 100 inputs were taken" in note for note in trial.notes)
    assert len(stand.fake.ways("trial_serial")) == 6
    stand.fake.call = 0.001
    assert stand.run(values=[str(n) for n in range(100)]).inputs == 100


def test_of_many_inputs_that_a_function_makes_a_round_takes_the_first(stand: Stand) -> None:
    stand.fake.call, stand.fake.serial = 0.01, {"digests": ["same"] * 5_000}
    trial = stand.run(inputs_from="crunch.py:score")
    assert (trial.inputs, trial.calls) == (5_000, 200)
    assert any("the first 200 of 5000 inputs" in note for note in trial.notes)


@pytest.mark.parametrize(
    ("seconds", "inputs", "workers", "calls", "chunk"),
    [
        (0.003, 1, 2, 67, 1),
        (0.003, 30, 2, 90, 1),  # whole passes over the inputs
        (1.0, 1, 4, 4, 1),  # a call for each worker
        (0.01, 5_000, 4, 200, 1),  # those that a function makes cannot be thinned
        (1e-5, 1, 2, 4_000, 100),
        (1e-7, 1, 2, 4_000, 500),
        (1e-4, 1, 64, 2_000, 7),
        (0.0, 1, 2, 4_000, 500),
    ],
)
def test_a_round_lasts_long_enough(
    seconds: float, inputs: int, workers: int, calls: int, chunk: int
) -> None:
    assert calibrated(seconds, inputs, workers) == (calls, chunk)


def test_a_call_of_microseconds_is_warned_of(stand: Stand) -> None:
    stand.fake.call = 1e-5
    assert any("a pool can pay only in chunks" in note for note in stand.run().notes)


def test_a_build_without_a_wheel_is_skipped_and_the_other_is_tried(
    stand: Stand, monkeypatch: pytest.MonkeyPatch
) -> None:
    def packages(_needs: object, interpreter: Interpreter, _console: Console) -> Packages:
        if interpreter.build.free_threaded:
            raise NotAvailableError("No wheel for cp314t: tiny has none that fits.")
        return Packages(folder="there", versions={"tiny": "1.0"})

    monkeypatch.setattr("ftbench.experiments.trial.run.packages_of", packages)
    trial = stand.run()
    gil, free_threaded = trial.builds
    assert not gil.skipped
    assert free_threaded.skipped.startswith("No wheel for cp314t")
    assert {cell.build for cell in trial.cells if cell.processes} == {gil.name}


def test_builds_with_other_versions_of_a_package_are_said_to_be(
    stand: Stand, monkeypatch: pytest.MonkeyPatch
) -> None:
    def packages(_needs: object, interpreter: Interpreter, _console: Console) -> Packages:
        old = interpreter.build.free_threaded
        return Packages(folder="there", versions={"tiny": "1.0" if old else "2.0", "deep": "3"})

    monkeypatch.setattr("ftbench.experiments.trial.run.packages_of", packages)
    (note,) = (each for each in stand.run().notes if "differ because" in each)
    assert note.startswith("tiny is 2.0 on ")
    assert "deep" not in note
