"""The measured process holds what it measures and the probe; nothing of the host side."""

from __future__ import annotations

import ast
import json
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from probing import document_of, environment, footprint_by, has_mode, program, ran, words_of

import ftbench
from ftbench.facts.modes import MODES, Mode
from ftbench.pythons import Interpreter
from ftbench.pythons.venvs import measured_files

PACKAGE = Path(ftbench.__file__).parent

OF_EVERY_CELL = {
    "ftbench",
    "ftbench.errors",
    "ftbench.probe",
    "ftbench.probe.instruments",
    "ftbench.probe.instruments.build",
    "ftbench.probe.instruments.constants",
    "ftbench.probe.run.outcome",
    "ftbench.probe.run",
    "ftbench.probe.run.cell",
    "ftbench.probe.run.observing",
    "ftbench.probe.run.streams",
    "ftbench.facts",
    "ftbench.facts.modes",
    "ftbench.facts.profiles",
    "ftbench.probe.scenarios",
    "ftbench.probe.scenarios.base",
    "ftbench.probe.entry_points",
    "ftbench.probe.instruments.clocks",
    "ftbench.probe.workers",
    "ftbench.probe.workers.base",
    "ftbench.probe.workers.shared_state",
}
# The file of its mode; subinterpreters run in threads.
OF_A_MODE = {"interpreters": {"interpreters", "threads"}}
DRAWING = {"pool_tasks"} | {
    *("workloads", "workloads.ids", "workloads.inserting", "workloads.locks"),
}
OF_A_TEAMS_CELL = DRAWING | {"scenarios.reports"}
# What a cell loads beside that: its own scenario alone.
OF_A_CELL = {
    "lifecycle": {"scenarios.lifecycle"},
    "shared_set": OF_A_TEAMS_CELL | {"scenarios.shared_set", "scenarios.shared_set_strategies"},
    "sharded_writers": OF_A_TEAMS_CELL
    | {"scenarios.sharded_writers", "scenarios.sharded_writers_loops"},
}
OF_A_WORKER = {"ftbench", "ftbench.probe", "ftbench.probe.entry_points"}
LUGGAGE = {"dataclasses", "argparse", "typing", "difflib"}

# Modules that are no one's luggage: the program itself and the build's own variables.
_FOREIGN = """
def foreign():
    import sys
    own = ("__main__", "__mp_main__", "sitecustomize", "usercustomize")
    names = sys.stdlib_module_names.union(own)
    tops = {name.partition(".")[0] for name in sys.modules}
    return sorted(n for n in tops - names if not n.startswith("_sysconfigdata"))
"""
_TELLS_ITS_MODULES = (
    _FOREIGN
    + """
import sys
from ftbench.probe.run import cell
real = cell.measure
def measured(*asked):
    document = real(*asked)
    document["notes"].update(foreign=foreign(), modules=sorted(sys.modules))
    return document
cell.measure = measured
cell.main()
"""
)


def _ours(modules: list[str]) -> set[str]:
    return {name for name in modules if name.partition(".")[0] == "ftbench"}


@pytest.mark.parametrize("mode", MODES, ids=lambda mode: mode.name)
@pytest.mark.parametrize("scenario", OF_A_CELL)
def test_a_cell_loads_the_probe_and_the_standard_library(
    gil_python: Interpreter, scenario: str, mode: Mode
) -> None:
    if not has_mode(gil_python, mode):
        pytest.skip(f"no {mode.name} here")
    notes = document_of(
        gil_python.executable,
        scenario,
        *words_of(mode),
        "--workers",
        "1",
        # A strategy without a manager, and one that every mode has.
        *(["--set", "strategy=local"] if scenario == "shared_set" else []),
        how=program(_TELLS_ITS_MODULES),
    )["notes"]
    own = {f"ftbench.probe.{module}" for module in OF_A_CELL[scenario]}
    own |= {f"ftbench.probe.workers.{file}" for file in OF_A_MODE.get(mode.kind, {mode.kind})}
    assert _ours(notes["modules"]) == OF_EVERY_CELL | own
    assert notes["foreign"] == ["ftbench"]
    processes = mode.kind == "processes"
    assert ("multiprocessing" in notes["modules"]) is processes, "who does not need it pays nothing"


# What the parent of busy workers has loaded; the notes are the cell's.
_TELLS_WHAT_IT_WEIGHS = """
import sys
from ftbench.probe.scenarios import footprint_workers as workers
through, seen = workers.observe_through, {}
def telling(*asked):
    observe = through(*asked)
    def told(phase, *rest):
        seen[phase] = sorted(sys.modules)
        observe(phase, *rest)
    return told
if __name__ == "__main__":
    workers.observe_through = telling
    workers.begin(*sys.argv[2:])
    from ftbench.probe.run import cell
    real = cell.measure
    def measured(*asked):
        document = real(*asked)
        document["notes"].update(modules=seen)
        return document
    cell.measure = measured
    cell.main()
"""


@pytest.mark.parametrize("mode", MODES, ids=lambda mode: mode.name)
def test_what_is_weighed_has_loaded_what_a_bare_program_has(
    gil_python: Interpreter, mode: Mode, tmp_path: Path
) -> None:
    if not has_mode(gil_python, mode):
        pytest.skip(f"no {mode.name} here")
    how = footprint_by(tmp_path, _TELLS_WHAT_IT_WEIGHS)
    words = [*words_of(mode), "--workers", "2"]
    modules = document_of(gil_python.executable, "footprint", *words, how=how)["notes"]["modules"]
    assert list(modules) == ["baseline", "half", "busy", "left"]
    ours = {"run", "run.observing", "scenarios", "scenarios.footprint_workers", "entry_points"}
    for loaded in modules.values():
        assert _ours(loaded) == _below_probe(ours)
        assert not (LUGGAGE | {"sysconfig", "platform"}) & set(loaded)
    if mode.name == "threads":
        assert not {"json", "re", "enum", "multiprocessing"} & set(modules["busy"])
    assert "multiprocessing" not in modules["baseline"]


# A worker of the crew's own making that tells its modules instead of running a task.
_OF_A_PROCESS = """
import json, sys
from ftbench.probe.workers import crew_of
from ftbench.probe.workers.base import Deadline
from ftbench.facts.modes import mode_named
crew = crew_of(mode_named(sys.argv[1]), Deadline(30))
crew._start(eval, ("tuple(__import__('sys').modules)",))
crew.join()
crew._receive()
print(json.dumps(crew._messages[0][1].split()))
"""
_OF_AN_INTERPRETER = """
import json, sys
from ftbench.probe.workers import crew_of
from ftbench.probe.workers.base import Deadline
from ftbench.facts.modes import mode_named
crew = crew_of(mode_named(sys.argv[1]), Deadline(30))
tells = "__import__('ftbench.probe.entry_points') and tuple(__import__('sys').modules)"
crew._start(eval, (tells,))
crew.join()
print(json.dumps(crew.reports()[0]))
"""


def _modules_of_a_worker(python: Interpreter, script: str, mode: str) -> list[str]:
    done = ran([str(python.executable), "-P", "-c", script, mode], env=environment())
    assert done.returncode == 0, done.stderr
    modules: list[str] = json.loads(done.stdout)
    return modules


@pytest.mark.parametrize("method", ["spawn", "forkserver"])
def test_a_started_worker_loads_one_small_module_of_ours(
    gil_python: Interpreter, method: str
) -> None:
    if sys.platform == "win32" and method != "spawn":
        pytest.skip("Windows has spawn only")
    modules = _modules_of_a_worker(gil_python, _OF_A_PROCESS, f"processes-{method}")
    assert _ours(modules) == OF_A_WORKER
    # json may be there: CPython's own resource tracker uses it.
    assert not LUGGAGE & set(modules)


def test_a_subinterpreter_loads_one_small_module_of_ours(new_python: Interpreter) -> None:
    modules = _modules_of_a_worker(new_python, _OF_AN_INTERPRETER, "interpreters")
    assert _ours(modules) == OF_A_WORKER
    assert not {"dataclasses", "json", "argparse", "typing"} & set(modules)


# A member of a team that tells its modules in its round; its loop's module comes with `prepare`.
_OF_A_MEMBER = """
import json, sys
from ftbench.probe.workers.base import Deadline, Member
from ftbench.facts.modes import mode_named
from ftbench.probe.workloads import inserting
from ftbench.probe.scenarios import sharded_writers_loops as routing
from ftbench.probe.workers import team_of
mode, loop = sys.argv[1].split()
run = (eval, ("tuple(__import__('sys').modules)",))
prepare = {
    "inserting": (inserting.get_ready, (0, (8, 0.0, 8, 9), ())),
    "routing": (routing.clear, (0,)),
    "table": (inserting.fill, (memoryview(bytearray(8)) if mode == "interpreters" else b"", (), 1)),
}[loop]
team = team_of(mode_named(mode), Deadline(30), [Member(role="worker", run=run, prepare=prepare)])
[modules] = team.round().reports
team.end()
print(json.dumps(modules))
"""
_OF_A_MANAGER = """
import functools, json, sys
from multiprocessing.managers import ListProxy, SyncManager
from ftbench.probe.workers import shared_state_of
from ftbench.facts.modes import mode_named
tells = functools.partial(eval, "sorted(__import__('sys').modules)")
if __name__ == "__main__":
    SyncManager.register("modules", tells, ListProxy)
    state = shared_state_of(mode_named(sys.argv[1]))
    modules = state._served().modules()._getvalue()
    state.close()
    print(json.dumps(modules))
"""
OF_A_LOOP = {
    "inserting": DRAWING,
    "routing": DRAWING | {"scenarios", "scenarios.sharded_writers_loops"},
    "table": DRAWING,
}
SPAWNED = pytest.mark.parametrize("method", ["spawn", "forkserver"])


def _below_probe(modules: set[str]) -> set[str]:
    return {"ftbench", "ftbench.probe"} | {f"ftbench.probe.{module}" for module in modules}


@SPAWNED
@pytest.mark.parametrize("loop", OF_A_LOOP)
def test_a_spawned_member_of_a_team_loads_its_loop_and_no_more(
    gil_python: Interpreter, method: str, loop: str
) -> None:
    if sys.platform == "win32" and method != "spawn":
        pytest.skip("Windows has spawn only")
    modules = _modules_of_a_worker(gil_python, _OF_A_MEMBER, f"processes-{method} {loop}")
    assert _ours(modules) == _below_probe(OF_A_LOOP[loop]) | {"ftbench.probe.entry_points"}
    assert not LUGGAGE & set(modules)


@pytest.mark.parametrize("loop", OF_A_LOOP)
def test_a_member_in_a_subinterpreter_loads_its_loop_and_no_more(
    new_python: Interpreter, loop: str
) -> None:
    modules = _modules_of_a_worker(new_python, _OF_A_MEMBER, f"interpreters {loop}")
    assert _ours(modules) == _below_probe(OF_A_LOOP[loop])
    assert not (LUGGAGE | {"json", "multiprocessing"}) & set(modules)


@SPAWNED
def test_a_manager_loads_nothing_of_ours(gil_python: Interpreter, method: str) -> None:
    if sys.platform == "win32" and method != "spawn":
        pytest.skip("Windows has spawn only")
    modules = _modules_of_a_worker(gil_python, _OF_A_MANAGER, f"processes-{method}")
    assert not _ours(modules)


def _imports(source: str) -> Iterator[str]:
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports are absolute"
            assert node.module is not None
            yield node.module


def _module_name(file: Path) -> str:
    parts = ("ftbench", *file.with_suffix("").parts)
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


# What the host alone has, and loads when somebody asks for it.
HOSTS = {("__init__.py", "ftbench.experiments.trial.api")}


def test_what_is_copied_into_environments_imports_only_itself_and_the_standard_library() -> None:
    files = list(measured_files())
    assert Path("probe/run/cell.py") in files
    measured = {_module_name(file) for file in files}
    for file in files:
        for name in _imports((PACKAGE / file).read_text("utf-8")):
            top = name.partition(".")[0]
            allowed = name in measured if top == "ftbench" else top in sys.stdlib_module_names
            assert allowed or (str(file), name) in HOSTS, f"{file} imports {name}"


def test_the_copy_stands_alone_in_an_interpreter_without_site_packages(
    gil_python: Interpreter, tmp_path: Path
) -> None:
    for file in measured_files():
        target = tmp_path / "ftbench" / file
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(PACKAGE / file, target)
    modules = sorted(_module_name(f) for f in measured_files() if f.name != "__main__.py")
    script = _FOREIGN + f"import {', '.join(modules)}\nprint(foreign())"
    done = ran(
        [str(gil_python.executable), "-S", "-P", "-c", script],
        env=environment({"PYTHONPATH": str(tmp_path)}),
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == "['ftbench']"
