"""The environment that asv benchmarks in: an arm, with the interpreters of one flavour.

asv's matrix knows the arms.  Which flavours of a build there are (who built it, with which
compiler, PGO, LTO, JIT) depends on the machine, so every arm is split into one environment per
flavour found here: another flavour is another series, in asv's own terms, and visibly so.
"""

from __future__ import annotations

import hashlib
import itertools
import json
import os
import pickle
import re
import sys
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar, Final

from asv import util
from asv.console import log
from asv.environment import Environment

from ftbench.asv import as_user_errors
from ftbench.asv.command import RUN_NAME, TAKEN_OVER, run_name
from ftbench.asv.journal import JOURNALS, STAGED, CellJournal, records_in
from ftbench.asv.measuring_lock import MEASURING_LOCK
from ftbench.errors import FtbenchError, InterpreterError, NotAvailableError
from ftbench.facts.arms import ARMS, Arm, arm_named, arm_of
from ftbench.facts.profiles import VARIABLE as PROFILE
from ftbench.probe.run import MARK
from ftbench.probe.run.asv_benchmark import RECORDS, TIMEOUT_SECONDS, CellFile, in_asv_form
from ftbench.probe.run.child import clean_environment
from ftbench.probe.run.programs import Program
from ftbench.processes import run
from ftbench.pythons import Interpreter, discover, preferred, survey, venvs
from ftbench.pythons.install import DEFAULT_RELEASE
from ftbench.releases import Release
from ftbench.results.journal import conditions
from ftbench.results.records import Record

SWITCHES: Final = (
    "import os, sys; gil = getattr(sys, '_is_gil_enabled', lambda: True)(); "
    "jit = getattr(sys, '_jit', None); jit = bool(jit and jit.is_enabled()); "
    f"os.write(1, f'{MARK}{{gil:d}}{{jit:d}}'.encode())"
)

# The environments of this asv process, by the name that asv gives their results.
ENVIRONMENTS: Final[dict[str, CPythonEnvironment]] = {}

# What all records of this asv process have in common, and those of no other run.
RUN: Final = os.environ.get(RUN_NAME) or run_name()

# Counts what this asv process has measured.
_ORDER: Final = itertools.count(1)

_TRACKED: Final = re.compile(r"([\w.]+)\.track_(\w+)(?:-(\d+))?")

# asv's child inherits the high-water mark of the memory of whoever starts it (getrusage(2),
# ru_maxrss survives exec): a small parent in between, or every peak is asv's own.
_SMALL_PARENT: Final = (
    "-c",
    "import subprocess, sys; sys.exit(subprocess.call([sys.executable, *sys.argv[1:]]))",
)


class CellServer:
    """Runs cells ahead of asv's processes, by one server in the interpreter under test."""

    def __init__(self) -> None:
        self._program: _Server | None = None

    def ours(
        self,
        command: tuple[str, str],
        environ: Mapping[str, str],
        request: tuple[str, int | None, str],
        seconds: float,
    ) -> bool:
        """Have (class, number of the cell, folder) run; return whether it is of a scenario.

        `command` is the interpreter and the folder of the benchmarks.  What does not answer in
        so many `seconds` is ended, and left to asv's own process.
        """
        if self._program and self._program.started != (command, environ):
            self.close()
        try:
            self._program = self._program or _Server(command, environ)
            answer = self._program.answer(request, seconds)
        except (TimeoutError, NotAvailableError):
            answer = b""
        if not answer:
            self.close()
        return answer.strip() == b"true"

    def close(self) -> None:
        if self._program:
            self._program.__exit__()
        self._program = None


class _Server(Program):
    def __init__(self, command: tuple[str, str], environ: Mapping[str, str]) -> None:
        self.started = command, environ
        python, benchmark_dir = command
        # Ctrl-C is for asv alone; its session stays, by which asv's guard ends all of it.
        own_group = {} if sys.platform == "win32" else {"process_group": 0}
        super().__init__(
            [python, "-P", "-m", "ftbench.probe.run.asv_server", benchmark_dir],
            environ,
            **own_group,
        )

    def answer(self, request: tuple[str, int | None, str], seconds: float) -> bytes:
        self._tell(json.dumps(request).encode())
        return self.lines.answer(seconds)


CELL_SERVER: Final = CellServer()


class MissingInterpreterError(util.ProcessError, util.UserError):
    """This environment has no interpreter of a release: skipped, recorded as nothing.

    asv's `run` takes a `ProcessError` for a failed build and goes on with the next environment;
    its discovery takes a `UserError` for "try another release".
    """

    def __init__(self, message: str, *, elsewhere: bool) -> None:
        util.ProcessError.__init__(self, ["ftbench"], 1, "", message)
        self.message = message
        self.elsewhere = elsewhere

    def __str__(self) -> str:
        return self.message


class CPythonEnvironment(Environment):
    """One arm with one flavour; asv's `python` is `gil` or `ft`."""

    tool_name: ClassVar = "cpython"
    matches_python_fallback: ClassVar = False

    def __init__(
        self,
        conf: Any,
        python: str,
        requirements: dict[str, str],
        tagged_env_vars: dict[tuple[str, str], str],
    ) -> None:
        """Take asv's view of the environment; `requirements` names flavour and profile."""
        environment = {name: value for (_, name), value in tagged_env_vars.items()}
        arm = arm_of(python, environment)
        if arm is None:
            arms = "; ".join(f"{a.name}: {a.python} {dict(a.environment) or ''}" for a in ARMS)
            raise util.UserError(f"{python} with {environment} is no arm. There is: {arms}.")
        self._arm_name = arm.name  # with -j, asv pickles its environments
        self._requirements = requirements  # asv's base class reads it before it sets it
        super().__init__(conf, python, requirements, tagged_env_vars)
        # asv's own requirements (pip, build, pympler) are for tools that install packages.
        self._base_requirements: dict[str, str] = {}
        self._staged_name = f"staged-{self.hashname}-"
        self.staged = Path(self._path) / f"{self._staged_name}{os.getpid()}.jsonl"
        self._conf = conf
        # Whether some release would be measured with this flavour unless one is asked for, and
        # whether this environment takes releases of which another flavour is preferred.
        self.preferred = True
        self.takes_any = False

    @classmethod
    def matches(cls, python: str) -> bool:
        return any(arm.python == python for arm in ARMS)

    @property
    def arm(self) -> Arm:
        return arm_named(self._arm_name)

    @property
    def series(self) -> list[str]:
        return list(self._conf.branches)

    def of(self, requirements: dict[str, str], *, preferred: bool) -> CPythonEnvironment:
        other = type(self)(self._conf, self.python, requirements, self._tagged_env_vars)
        other.preferred = preferred
        return other

    @property
    def flavour(self) -> str:
        return str(self._requirements["build"])

    def create(self) -> None:
        with as_user_errors():
            MEASURING_LOCK.acquire()
        super().create()

    def check_presence(self) -> bool:
        return Path(self._path).is_dir()

    def _setup(self) -> None:
        try:
            Path(self._path).mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise util.UserError(
                f"{self._path} cannot be made: {error}. asv.conf.json names the folder (env_dir)."
            ) from error

    @property
    def installed_commit_hash(self) -> None:
        """None: asv asks for every release anew, and gets an answer within a second."""

    def install_project(self, _conf: Any, _repo: Any, commit_hash: str) -> None:
        """Select a release: find its interpreter, check it, make its virtual environment.

        Raises `MissingInterpreterError` where there is none, `UserError` for a broken one.
        """
        interpreter = self.interpreter(commit_hash)
        self._set_commit_hash(commit_hash)
        with as_user_errors():
            venvs.ready(self._venv(commit_hash), interpreter)
            self._check_switches(interpreter)
        for left in Path(self._path).glob(f"{self._staged_name}*"):  # by a run that was killed
            left.unlink()
        self._set_installed_commit_hash(commit_hash)

    def interpreter(self, commit_hash: str) -> Interpreter:
        release = _release_of(commit_hash)
        known = survey()
        of_flavour = [each for each in known.interpreters if each.build.flavour == self.flavour]
        best = preferred(known.interpreters, release, self.arm.free_threaded)
        own = preferred(of_flavour, release, self.arm.free_threaded)
        if own is not None and (self.takes_any or own == best) and own.serves(self.arm):
            return own
        flavour = f" of flavour {self.flavour}" if best else ""
        raise MissingInterpreterError(
            f"CPython {release} has no {_kind(self.arm)}{flavour} here: skipped, nothing "
            f"recorded. To get one: ftbench pythons install {_wanted(release, self.arm)}"
            + "".join(f"\nNot looked at: {each.reason}" for each in known.broken),
            elsewhere=best is not None and not self.takes_any,
        )

    def _venv(self, commit_hash: str) -> Path:
        return Path(self._path) / f"{commit_hash}-{self.flavour}"

    def _check_switches(self, interpreter: Interpreter) -> None:
        answer = run(
            [interpreter.executable, "-c", SWITCHES],
            environ=clean_environment(os.environ, self.arm.variables),
            deadline=venvs.DEADLINE_SECONDS,
        )
        gil, jit = self.arm.gil, self.arm.jit
        if answer.out.rpartition(MARK)[2].split()[:1] != [f"{gil:d}{jit:d}"]:
            raise InterpreterError(
                f"{interpreter.executable} does not run with its GIL {'on' if gil else 'off'}"
                f"{' and its JIT on' if jit else ''}, as the arm {self.arm.name} needs; it says "
                f"{(answer.out + answer.err).strip()!r}. Nothing is recorded.",
                hint="Make another: ftbench pythons install "
                f"{_wanted(interpreter.release, self.arm)}",
            )

    def find_executable(self, executable: str) -> str:
        commit_hash = self._get_installed_commit_hash()
        if executable != "python" or commit_hash is None:
            raise OSError(f"{executable}: no such program in {self.name}")
        return str(venvs.python_of(self._venv(commit_hash)))

    def run(self, args: Sequence[str], **kwargs: Any) -> Any:
        """Run Python with `args`, as clean as the arm has it.

        asv's call of a benchmark is: script, "run", benchmark_dir,
        "module.Class.track_metric-index", params, profile, result file; its answer is the result
        file.  What failed is left to the benchmark's own process, which tells the story.
        """
        kwargs.pop("env", None)
        environ = clean_environment(
            os.environ,
            {
                **self.arm.variables,
                **venvs.host_variables(),
                PROFILE: str(self._requirements["profile"]),
                RECORDS: str(self.staged),
            },
        )
        cwd = str(kwargs.get("cwd") or "")
        match = _TRACKED.fullmatch(args[3]) if cwd and args[3:] else None
        group, metric, index = match.groups() if match else ("", "", None)

        def served(number: int | None) -> bool:
            command = self.find_executable("python"), args[2]
            seconds = kwargs.get("timeout") or TIMEOUT_SECONDS
            return CELL_SERVER.ours(command, environ, (group, number, cwd), seconds)

        if group and args[1] == "setup_cache" and served(None):
            Path(cwd, "cache.pickle").write_bytes(pickle.dumps(None))
            return "", "", 0
        if list(args[1:2]) != ["run"] or args[5] != "None":  # discovery, asv's profiler
            return self._started(args, environ, kwargs)
        files = {"result": Path(args[-1]), STAGED: self.staged}
        if index:
            cell = CellFile(Path(cwd), group, int(index))
            files["cell"] = cell.path
            # A figure that the run of its cell has yielded already needs no process.
            if _figure_from_cell(cell, metric, args[-1]):
                return "", "", 0
        if RUN_NAME in os.environ:
            print(f"[cell {self._arm_name} {args[3]}]", file=sys.stderr, flush=True)
        journal = self._journal()
        if journal.take(args[3], files):
            return "", "", 0
        begin = self.staged.stat().st_size if self.staged.exists() else 0
        done: Any = "", "", 0
        if not (index and served(int(index)) and _figure_from_cell(cell, metric, args[-1])):
            done = self._started(args, environ, kwargs)
        if done[2] == 0:
            journal.keep(args[3], files, begin)
        return done

    def _started(
        self, args: Sequence[str], environ: Mapping[str, str], options: Mapping[str, Any]
    ) -> Any:
        if any("peakmem_" in arg for arg in args):
            args = [*_SMALL_PARENT, *args]
        log.debug(f"Running {' '.join(args)} in {self.name}")
        return self.run_executable("python", [*args], env=environ, **options)

    def _journal(self) -> CellJournal:
        """Return the journal of the selected release; says what it takes over when it is opened."""
        commit_hash = str(self._get_installed_commit_hash())
        if (self.name, commit_hash) not in JOURNALS:
            sources = sorted(Path(self._conf.benchmark_dir).glob("*.py"))
            texts = [
                venvs.stamp_of(self._venv(commit_hash)),
                *(each.read_text() for each in sources),
            ]
            # Under other conditions nothing is taken over, and nothing lost.
            path = Path(self._path, f"measured-{self.hashname}-{commit_hash}-{conditions()}.jsonl")
            stamp = hashlib.sha256("\0".join(texts).encode()).hexdigest()
            JOURNALS[self.name, commit_hash] = journal = CellJournal(path, stamp, RUN)
            if earlier := journal.earlier(JOURNALS.planned):
                log.info(
                    f"{self._arm_name}: {len(earlier)} of {sum(JOURNALS.planned.values())} cells "
                    f"were measured by {max(each['at'] for each in earlier)} in a run that was "
                    f"ended; {TAKEN_OVER}, and intervals hold the drift between both sittings. To "
                    f"measure them anew, remove {path}"
                )
        return JOURNALS[self.name, commit_hash]

    def take_staged(self) -> list[Record]:
        try:
            staged = self.staged.read_bytes()
        except FileNotFoundError:
            return []
        self.staged.unlink()
        records: list[Record] = [{"run": RUN} | each for each in records_in(staged)]
        for record in records:
            if record.get("kind") == "cell":
                record["order"] = next(_ORDER)
        return records


def _figure_from_cell(cell: CellFile, metric: str, result_file: str) -> bool:
    kept = cell.take(metric)
    if kept is None or "failure" in kept:
        return False
    answer = in_asv_form(kept, metric)
    # asv has made the file.  To truncate even an empty one has ext4 write it to the disk at once,
    # and asv wait for that when it removes it: milliseconds for every figure.
    with Path(result_file).open("a", encoding="utf-8") as file:
        file.write(json.dumps(answer))
    return True


def flavours(arm: Arm, series: Collection[str]) -> dict[str, bool]:
    """Return the flavours that an arm has here: flavour → whether a release prefers it.

    Only releases of `series` count; the flavours of the newest release come first.
    """
    ours = [
        each
        for each in discover()
        if each.release.series in series and each.build.free_threaded is arm.free_threaded
    ]
    flavours: dict[str, bool] = {}
    for each in sorted(ours, key=lambda interpreter: interpreter.release, reverse=True):
        flavour, best = each.build.flavour, preferred(ours, each.release, arm.free_threaded)
        if each.serves(arm):
            flavours[flavour] = flavours.get(flavour, False) or each == best
    return flavours


def nothing_for(arm: Arm) -> str:
    """Say that an arm has no interpreter of any listed series."""
    said = f"There is no {_kind(arm)} here: the arm {arm.name} is left out."
    if arm.jit:  # it is built in by whoever makes a CPython
        return f"{said} 'ftbench pythons' says which builds have one."
    return f"{said} To get one: ftbench pythons install {_wanted(DEFAULT_RELEASE, arm)}"


def _kind(arm: Arm) -> str:
    if arm.jit:
        return "GIL build with a JIT"
    return "free-threaded build" if arm.free_threaded else "GIL build"


def _wanted(release: Release, arm: Arm) -> str:
    return f"{release}{'t' * arm.free_threaded}"


def _release_of(commit_hash: str) -> Release:
    try:
        return Release.from_commit_id(commit_hash)
    except FtbenchError as error:
        # `asv run TAGS` hands over names where ids belong, and results of two releases would
        # end in one file.
        raise util.UserError(
            f"{commit_hash!r} is a name where asv needs an id: asv run TAGS does not work with "
            "releases. Did you mean: asv run installed?"
        ) from error
