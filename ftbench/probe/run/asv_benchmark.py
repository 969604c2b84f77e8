"""What the classes in `benchmarks/` are made of: a cell is run once and yields all its metrics."""

from __future__ import annotations

import itertools
import json
import os
import sysconfig
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from ftbench.errors import FtbenchError, NotAvailableError, WorkerFailedError, error_class
from ftbench.facts.modes import EVERY_MODE, Mode, mode_ladders, mode_of
from ftbench.facts.profiles import current_profile
from ftbench.probe.instruments.build import build_record, gil_enabled, jit_enabled
from ftbench.probe.instruments.interference import between, look
from ftbench.probe.instruments.machine import load, machine_record
from ftbench.probe.run.document import Measurement
from ftbench.probe.run.measure import DEADLINE_SECONDS, measure, utc_now
from ftbench.probe.run.outcome import LACKS
from ftbench.probe.scenarios.base import Cell, MetricSpec, scenario_named
from ftbench.probe.workers import unavailable
from ftbench.probe.workers.base import Deadline

RECORDS = "FTBENCH_RECORDS"
# What is measured where no benchmark is named: counting instructions takes long, and no machine's
# noise asks for it to be done again; of Spark a cell takes most of a minute.
USUAL = r"^(?!instructions\.|.*'spark')"
# Mode → why it is not measured on a free-threaded build with its GIL on.
EVERY_ARM: Mapping[str, str] = {}
_OWN = "each worker has a GIL of its own: the build without a GIL stands for this"
OWN_GIL: Mapping[str, str] = {mode.name: _OWN for mode in EVERY_MODE if mode.own_gil}
# Kind of a mode → why it is not measured with the JIT on.
NO_JIT = {"interpreters": "no subinterpreter has a JIT: the arm without one stands for this"}
TAKE_TURNS = {"threads": "threads take turns at a GIL: the GIL build stands for this"}
# asv's time-out is the last resort: the probe's deadlines come first and tell a story.
TIMEOUT_SECONDS = DEADLINE_SECONDS + 30.0

_GIL_AT_START = gil_enabled()
_LOAD_AT_START = load()
_LOOK_AT_START = look()
_STARTED_AT = utc_now()
_own_clock_recorded = False

# So many processes have an interval.
_COUNTS = 2

# What asv keeps as a benchmark's code, in which the site reads what the benchmark says.
_SOURCE = '''def {name}(self, *cell):
    """{says}"""
    return self.cost_of("{metric}", *cell)
'''


def _tracker(
    spec: MetricSpec, version: str, *, processes: int, computes: bool
) -> Callable[..., Any]:
    def track(self: ScenarioBenchmark, *cell: str | int) -> Any:
        return self.cost_of(spec.name, *cell)

    track.__name__ = f"track_{spec.name}"
    track.__doc__ = spec.says
    source = _SOURCE.format(name=track.__name__, says=spec.says, metric=spec.name)
    # asv takes `rounds` from functions only, and a version from them first.
    vars(track).update(
        pretty_source=source,
        unit=spec.unit,
        better=spec.better,
        rounds=processes,
        version=version + spec.version,
        **({"computes": True} if computes else {}),  # for who reads the figures
    )
    return track


def stage(record: dict[str, Any]) -> None:
    """Hand a record to the asv process, which keeps it beside the results if it saves them."""
    path = os.environ.get(RECORDS)
    if path:
        with Path(path).open("a", encoding="utf-8") as file:
            file.write(json.dumps(record) + "\n")


_STAGED = (
    *("profile", "started_at", "elapsed", "build", "machine", "notes", "effort", "interference"),
    *("speed", "pinned"),
)


def cell_record(
    group: str, params: dict[str, str], version: str, measured: Measurement
) -> dict[str, Any]:
    """Return the record that goes with a measurement's samples: all but the samples."""
    return {
        "kind": "cell",
        "group": group,
        "version": version,
        "params": params,
        **{name: getattr(measured, name) for name in _STAGED},
        "gil": [measured.gil.before, measured.gil.after],
        **({"jit": [measured.jit.before, measured.jit.after]} if measured.jit else {}),
        "invariants": {held.name: held.checked for held in measured.invariants},
        "samples": {name: len(metric.samples) for name, metric in measured.metrics.items()},
        "load": list(measured.load),
        "doubts": measured.notes.get("doubts", {}),
    }


class _OfScenario:
    scenario: ClassVar[str]
    modes: ClassVar[tuple[str, ...]]
    # The values of every other parameter.
    ladders: ClassVar[tuple[tuple[str, tuple[str | int, ...]], ...]]
    # asv measures their product, the mode as `mode` and `start_method`, where that is a mode.
    params: ClassVar[tuple[tuple[str | int, ...], ...]]
    param_names: ClassVar[tuple[str, ...]]
    version: ClassVar[str]  # asv forgets figures of another
    timeout: ClassVar[float] = TIMEOUT_SECONDS

    def __init_subclass__(cls) -> None:
        if hasattr(cls, "scenario"):  # no base of others
            ladders = {**mode_ladders(cls.modes), **dict(cls.ladders)}
            cls.param_names, cls.params = tuple(ladders), tuple(ladders.values())
            cls.version = scenario_named(cls.scenario).version

    @classmethod
    def group(cls) -> str:
        """Return how asv names the class: `lifecycle.Lifecycle`."""
        return f"{cls.__module__.rpartition('.')[2]}.{cls.__name__}"


class ScenarioBenchmark(_OfScenario):
    """Base of a class that measures a scenario: a `track_` method for each tracked metric."""

    # `EVERY_ARM` of who asks what workers themselves cost.
    not_with_gil: ClassVar[Mapping[str, str]] = OWN_GIL

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        if not hasattr(cls, "scenario"):
            return
        scenario = scenario_named(cls.scenario)
        processes = current_profile().processes
        if scenario.counted:  # dear, and always the same
            processes = min(processes, _COUNTS)
        for spec in scenario.metrics:
            if spec.tracked:
                computes = scenario.computes and spec.name in scenario.slowed
                track = _tracker(spec, cls.version, processes=processes, computes=computes)
                track.__qualname__ = f"{cls.__qualname__}.{track.__name__}"
                setattr(cls, track.__name__, track)

    if TYPE_CHECKING:

        def __getattr__(self, track: str) -> Any:
            """The `track_` methods of the scenario's metrics."""

    def setup_cache(self) -> None:
        """Have asv make a directory that all metrics of this class share."""

    def setup(self, *cell: str | int) -> None:
        """Skip, with its reason, a mode that this build or system lacks."""
        mode, params = self._split(cell)
        with_gil = sysconfig.get_config_var("Py_GIL_DISABLED") and gil_enabled()
        stands = self.not_with_gil.get(mode.name) if with_gil else None
        stands = NO_JIT.get(mode.kind, stands) if jit_enabled() else stands
        if reason := unavailable(mode) or stands or self.why_not(mode, params):
            self._file(cell).keep("setup", self._skipped(cell, reason))
            raise NotImplementedError(reason)

    @classmethod
    def why_not(cls, mode: Mode, params: Mapping[str, str | int]) -> str | None:
        """Return why a cell is not measured on any build, None if it is.

        A subclass leaves out what another cell stands for; the probe measures it all the same.
        """
        scenario = scenario_named(cls.scenario)
        return scenario.why_not(mode, scenario.parse(params))

    @classmethod
    def cells(cls) -> Iterator[tuple[tuple[str | int, ...], Mode, dict[str, str | int]]]:
        """Yield every cell that asv measures: its values, its mode and its other parameters."""
        for cell in itertools.product(*cls.params):
            if cls._mode(cell):
                yield cell, *cls._split(cell)

    @classmethod
    def _split(cls, cell: tuple[str | int, ...]) -> tuple[Mode, dict[str, str | int]]:
        mode = cls._mode(cell)
        if mode is None:  # asv takes this error for skipped
            raise NotImplementedError(f"{cell[0]} with the start method {cell[1]} is no mode")
        rest = len(cls.ladders)
        return mode, dict(zip(cls.param_names[-rest:], cell[-rest:], strict=True))

    @classmethod
    def _mode(cls, cell: tuple[str | int, ...]) -> Mode | None:
        return mode_of(*map(str, cell[: -len(cls.ladders)]))

    def cost_of(self, metric: str, *cell: str | int) -> Any:
        """Return the samples of `metric` in `cell` in asv's form, measuring if need be."""
        file = self._file(cell)
        kept = file.keep(metric, file.take(metric) or self._run(cell))
        if failure := kept.get("failure"):  # asv shows the story with --show-stderr
            raise error_class(failure["code"])(failure["message"], story=failure["story"])
        return in_asv_form(kept, metric)

    def run_cell(self, cell: tuple[str | int, ...]) -> None:
        """Run `cell` ahead of its metrics, which find in its file what it yielded."""
        with suppress(NotImplementedError):  # a skip is kept, too
            self.setup(*cell)
            self._file(cell).keep("run", self._run(cell))

    def _identity(self, cell: tuple[str | int, ...]) -> dict[str, Any]:
        mode, params = self._split(cell)
        texts = {name: str(value) for name, value in params.items()}
        return {"group": self.group(), "params": {"mode": mode.name, **texts}}

    def _file(self, cell: tuple[str | int, ...]) -> CellFile:
        # asv counts its cells in the order of the product.
        index = list(itertools.product(*self.params)).index(cell)
        return CellFile(Path.cwd(), self.group(), index)

    def _skipped(self, cell: tuple[str | int, ...], reason: str) -> dict[str, Any]:
        stage({"kind": "skip", **self._identity(cell), "reason": reason})
        return {"skip": reason}

    def _measured(self, mode: Mode, params: Mapping[str, str | int]) -> Measurement:
        return measure(self.scenario, mode=mode.name, params=params)

    def _run(self, cell: tuple[str | int, ...]) -> dict[str, Any]:
        identity = self._identity(cell)
        mode, params = self._split(cell)
        try:
            measured = self._measured(mode, params)
        except NotAvailableError as error:
            return self._skipped(cell, f"{error.message} {error.hint}".rstrip())
        except FtbenchError as error:
            failure = {"error": type(error).__name__, "message": error.message}
            stage({"kind": "failure", **identity, **failure})
            return {"failure": {**failure, "code": error.exit_code, "story": error.story}}
        stage(cell_record(**identity, version=self.version, measured=measured))
        for name, why in measured.notes.get(LACKS, {}).items():
            stage({"kind": "skip", **identity, "metric": name, "reason": why})
        return {"metrics": {name: m.samples for name, m in measured.metrics.items()}}


def record_own_clock(group: str, params: dict[str, str]) -> None:
    """In `teardown`, record what goes with asv's own figure; raises where threads stay behind."""
    global _own_clock_recorded  # noqa: PLW0603 - asv calls teardown once per sample, we record once
    if _own_clock_recorded:
        return
    _own_clock_recorded = True
    import threading  # noqa: PLC0415

    if threading.active_count() != 1:
        raise WorkerFailedError(f"{threading.active_count() - 1} threads were left behind.")
    stage(
        {
            "kind": "cell",
            "group": group,
            "params": params,
            "profile": current_profile().name,
            "started_at": _STARTED_AT,
            "build": build_record(),
            "machine": machine_record(),
            "gil": [_GIL_AT_START, gil_enabled()],
            "invariants": {"threads": "no thread stays behind"},
            "samples": {},
            "load": [_LOAD_AT_START, load()],
            "interference": between(_LOOK_AT_START, look()),
            "notes": {},
        }
    )


class Witness(_OfScenario):
    """Base of a class by which asv's own clock or peak sees what the probe sees of a scenario.

    A subclass has `ladders` as a `ScenarioBenchmark` has them, and prepares a cell in `ready`.
    """

    # Where a worker is a thread, and where it is the cheapest of processes.
    modes: ClassVar[tuple[str, ...]] = ("threads", "processes-fork")
    timeout = 60.0
    # As little as asv can be asked for: each of some milliseconds.
    rounds, repeat, number, warmup_time = 1, 3, 1, 0.0

    def setup(self, *cell: str | int) -> None:
        """Get a cell ready; raises `NotImplementedError` where there is no such mode."""
        words, own = list(map(str, cell)), len(self.ladders)
        mode = mode_of(*words[:-own])
        if mode is None:
            raise NotImplementedError(f"{' with the start method '.join(words[:-own])} is no mode")
        self.given = dict(zip(self.param_names[-own:], words[-own:], strict=True))
        self.named = {"mode": mode.name, **self.given}
        if reason := unavailable(mode):
            named = {"group": self.group(), "params": self.named}
            stage({"kind": "skip", **named, "reason": reason})
            raise NotImplementedError(reason)
        scenario = scenario_named(self.scenario)
        self.cell = Cell(
            mode=mode,
            params=scenario.parse(self.given),
            profile=current_profile(),
            deadline=Deadline(self.timeout),
            observe=lambda *_: None,
        )
        self.ready(self.cell)

    def ready(self, cell: Cell) -> None:
        """Get ready what is to be timed."""

    def end(self) -> None:
        """Let go of what `ready` made."""

    def teardown(self, *_cell: str | int) -> None:
        """End it, and record the build, the machine and the GIL that the figure was taken with."""
        self.end()
        record_own_clock(self.group(), self.named)


Kept = dict[str, Any]


class CellFile:
    """The file of cell number `index` (asv's count) of the benchmark class `group`."""

    # {"metrics": {name: samples}}, {"failure": ...} or {"skip": reason}; "taken" names metrics.

    def __init__(self, folder: Path, group: str, index: int) -> None:
        self.path = folder / f"cell-{group}-{index}.json"

    def take(self, metric: str) -> Kept | None:
        """Return what is there, None if there is nothing or `metric` has taken it already."""
        try:
            kept: Kept = json.loads(self.path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            return None
        if metric in kept["taken"]:
            return None
        if "failure" in kept:
            return kept  # in the asv process: the benchmark's own process reports it
        return self.keep(metric, kept)

    def keep(self, metric: str, kept: Mapping[str, Any]) -> Kept:
        """Write down what there is, and that `metric` has taken it."""
        taken = dict.fromkeys([*kept.get("taken", ()), metric])
        written = {**kept, "taken": list(taken)}
        # Renamed into place: a benchmark can be killed at any moment.
        beside = self.path.with_name(f"{self.path.name}.{os.getpid()}.new")
        beside.write_text(json.dumps(written), encoding="utf-8")
        # A file that is replaced is written to the disk at once, as one that is truncated is.
        self.path.unlink(missing_ok=True)
        beside.replace(self.path)
        return written


def in_asv_form(kept: Kept, metric: str) -> Any:
    """Return what a `track_` method returns: the samples of `metric`, NaN where there are none."""
    samples = kept.get("metrics", {}).get(metric)
    # asv reads NaN as skipped: the cell or the metric does not exist here.
    return float("nan") if samples is None else {"samples": list(samples), "number": 1}
