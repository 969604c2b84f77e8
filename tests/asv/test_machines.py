"""How this machine is called in the results, and what asv is told of it."""

from __future__ import annotations

import json
import platform
from pathlib import Path

import pytest
from asv.machine import Machine
from hypothesis import given
from hypothesis import strategies as st

from ftbench.asv.command import machine_name, register
from ftbench.errors import AsvError, UsageError


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    return tmp_path / ".asv-machine.json"


@pytest.mark.parametrize(
    ("cpu", "cores", "name"),
    [
        ("AMD Ryzen 9 9950X 16-Core Processor", 32, "amd-ryzen-9-9950x-32cpu"),
        ("Intel(R) Xeon(R) Processor @ 2.50GHz", 2, "intel-xeon-2.50ghz-2cpu"),
        ("Intel(R) Core(TM) i5-2520M CPU @ 2.50GHz", 4, "intel-core-i5-2520m-2.50ghz-4cpu"),
        ("Apple M3 Pro", 12, "apple-m3-pro-12cpu"),
        ("", 1, "unknown-1cpu"),
    ],
)
def test_a_machine_is_called_by_its_cpu_and_cores(cpu: str, cores: int, name: str) -> None:
    assert machine_name(cpu, cores) == name


@given(st.text(), st.integers(min_value=1, max_value=4096))
def test_every_name_can_be_a_folder_on_every_system(cpu: str, cores: int) -> None:
    name = machine_name(cpu, cores)
    assert name
    assert set(name) <= set("abcdefghijklmnopqrstuvwxyz0123456789.-")
    assert name[-1].isalnum()


def test_asv_is_told_all_that_it_asks_for_and_no_host_name(home: Path) -> None:
    name = register()
    fields = json.loads(home.read_text(encoding="utf-8"))[name]
    assert set(fields) == {field for field, _ in Machine.fields}
    assert all(fields.values())
    assert fields["machine"] == name
    assert platform.node() not in fields.values()


def test_asv_finds_the_machine_under_its_name(home: Path) -> None:
    name = register("a-name-of-mine")
    assert name == "a-name-of-mine"
    assert Machine.load(machine_name=name).machine == name


def test_an_entry_that_is_there_is_kept(home: Path) -> None:
    kept = {"machine": "box", "cpu": "as I call it"}
    home.write_text(json.dumps({"box": kept, "version": 1}), encoding="utf-8")
    register("box")
    register("another")
    known = json.loads(home.read_text(encoding="utf-8"))
    assert known["box"] == kept
    assert set(known) == {"box", "another", "version"}


@pytest.mark.parametrize(
    "name",
    [
        "",
        ".",
        "..",
        "../elsewhere",
        "a/b",
        "a\\b",
        "a b",
        "/root",
        "x\n",
        "x.",
        "-x",
        "v" * 101,
        "version",
    ],
)
def test_a_name_that_is_no_folder_of_the_results_is_refused(home: Path, name: str) -> None:
    """It would write outside of them, or where nobody reads."""
    with pytest.raises(UsageError, match="cannot be a machine's name"):
        register(name)
    assert not home.exists()


@pytest.mark.parametrize("text", ["{", "[1]", "3", '"text"'])
def test_an_unreadable_list_of_machines_is_named_and_left(home: Path, text: str) -> None:
    home.write_text(text, encoding="utf-8")
    with pytest.raises(AsvError, match=r"asv-machine\.json") as raised:
        register()
    assert "mend it or move it away" in str(raised.value)
    assert home.read_text(encoding="utf-8") == text


def test_a_list_of_machines_that_cannot_be_written_is_an_error(home: Path) -> None:
    home.mkdir()
    with pytest.raises(AsvError, match="cannot be used"):
        register()
