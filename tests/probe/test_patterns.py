"""The patterns of must_scale: one table, and the same work however often it is done."""

from __future__ import annotations

import builtins
import inspect
import re
import subprocess
import sys
from pathlib import Path

import pytest

from ftbench.errors import NotAvailableError
from ftbench.probe.scenarios import must_scale, must_scale_mended, must_scale_patterns
from ftbench.probe.scenarios.must_scale import KNOWN_NOT, LEDGER, MUST
from ftbench.probe.scenarios.must_scale_patterns import work_of

TURNS = 100
_TABLE = Path(__file__).resolve().parents[2] / "docs" / "must_scale.md"
# What Tools/ftscalingbench of CPython 3.15.0rc1 registers, in its order.
UPSTREAM = """
object_cfunction cmodule_function object_lookup_special context_manager mult_constant
generator pymethod pyfunction module_function load_string_const load_tuple_const
create_pyobject create_closure create_dict create_frozendict thread_local_read
method_caller instantiate_dataclass instantiate_namedtuple instantiate_typing_namedtuple
super_call classmethod_call staticmethod_call descriptor deepcopy setattr_non_interned
enum_attr
"""
EACH_PATTERN = pytest.mark.parametrize("pattern", [p for p in LEDGER if p != "frozendicts"])


def test_every_pattern_is_in_a_ledger() -> None:
    public = {
        name
        for module in (must_scale_patterns, must_scale_mended)
        for name, each in vars(module).items()
        if inspect.isfunction(each)
        and each.__module__ == module.__name__
        and not name.startswith("_")
    }
    assert public - {"work_of"} == LEDGER.keys()


def test_each_pattern_of_cpythons_own_list_has_one_here_that_must_scale() -> None:
    _, *rows = re.findall(r"^\| `(\w+)` \| `(\w+)` \|$", _TABLE.read_text("utf-8"), re.MULTILINE)
    assert [theirs for theirs, _ in rows] == UPSTREAM.split()
    assert {LEDGER[ours].ledger for _, ours in rows} == {MUST}


def test_what_only_newer_builds_have_is_not_available_elsewhere() -> None:
    if hasattr(builtins, "frozendict"):
        pytest.skip("this build has it")
    with pytest.raises(NotAvailableError, match="This build has no builtins"):
        work_of("frozendicts")(TURNS)


def test_a_process_loads_the_further_patterns_for_themselves_alone() -> None:
    script = (
        "import sys; from ftbench.probe.scenarios.must_scale import do; do({!r}, 1); "
        "sys.exit('ftbench.probe.scenarios.must_scale_mended' in sys.modules)"
    )
    for pattern, loaded in (("closures", 0), ("instances", 1)):
        program = [sys.executable, "-c", script.format(pattern)]
        assert subprocess.run(program, check=False).returncode == loaded


def test_there_are_two_ledgers_and_each_entry_has_a_reason() -> None:
    assert {entry.ledger for entry in LEDGER.values()} == {MUST, KNOWN_NOT}
    known = {name: entry.reason for name, entry in LEDGER.items() if entry.ledger == KNOWN_NOT}
    assert all(name.startswith(("shared_", "no_bytecode")) for name in known)
    assert len(set(known.values())) == len(known)
    for entry in LEDGER.values():
        assert entry.reason
        assert entry.turns > TURNS


@EACH_PATTERN
def test_a_pattern_comes_to_the_same_however_often_and_whoever_has_it(pattern: str) -> None:
    expected = work_of(pattern)(TURNS)
    assert expected > 0
    for _ in range(2):
        assert must_scale.do(pattern, TURNS)[3] == expected


@EACH_PATTERN
def test_more_turns_are_more_work(pattern: str) -> None:
    work = work_of(pattern)
    assert work(2 * TURNS) > work(TURNS)
