"""Whatever an interpreter answers, and whatever lies in the cache of answers, others are found."""

from __future__ import annotations

import functools
import json
import random
import sys
from pathlib import Path
from typing import Any

import pytest
from fuzzing import FUZZ, JSON, ODD, mutated
from hypothesis import given
from hypothesis import strategies as st

from ftbench.files import cache_folder
from ftbench.probe.run import MARK
from ftbench.processes import Finished
from ftbench.pythons import asking, discovery, survey

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="its interpreters are named .exe")

sound = functools.cache(asking.ask)


class Machine:
    """One with two interpreters, which answer what they are told to."""

    def __init__(
        self, folder: Path, monkeypatch: pytest.MonkeyPatch, environ: dict[str, str]
    ) -> None:
        self.record = sound(Path(sys.executable)) | {"prefix": "odd", "virtual": False}
        self.record |= {"gil_enabled": not self.record["free_threaded"]}
        self.odd = ""
        self.environ = {**environ, "FTBENCH_PYTHONS": str(folder / "pythons")}
        for name in ("odd", "sound"):
            executable = folder / "pythons" / name / "bin" / "python3"
            executable.parent.mkdir(parents=True)
            executable.touch()
        monkeypatch.setattr(asking, "run", self.answer)
        monkeypatch.setattr(discovery, "_by_library", lambda _environ: iter(()))

    def answer(self, command: list[Any], **_: Any) -> Finished:
        usual = MARK + json.dumps({**self.record, "prefix": "sound"})
        return Finished(code=0, out=self.odd if "odd" in str(command[0]) else usual, err="")

    def found(self) -> list[str]:
        """Look around and show all of it; return the names of those that are found."""
        known = survey(self.environ)
        for each in known.interpreters:
            str((each.record(), each.name, each.release))
        str(known).encode(errors="backslashreplace")
        return [each.executable.parts[-3] for each in known.interpreters]

    @property
    def cache(self) -> Path:
        return cache_folder(self.environ) / "interpreters.json"


@pytest.fixture
def machine(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, bare_environ: dict[str, str]
) -> Machine:
    return Machine(tmp_path, monkeypatch, bare_environ)


@FUZZ
@given(text=st.text() | JSON.map(lambda value: MARK + json.dumps(value)))
def test_any_answer_is_of_one_interpreter_alone(machine: Machine, text: str) -> None:
    machine.cache.unlink(missing_ok=True)
    machine.odd = text
    assert "sound" in machine.found()


@FUZZ
@given(seed=st.integers(), odd=ODD)
def test_an_answer_with_one_fault_is_of_one_interpreter_alone(
    machine: Machine, seed: int, odd: Any
) -> None:
    machine.cache.unlink(missing_ok=True)
    chance = random.Random(seed)  # noqa: S311 - no secret
    machine.odd = MARK + json.dumps(mutated(machine.record, chance, odd))
    assert "sound" in machine.found()


@FUZZ
@given(seed=st.integers(), odd=ODD, cut=st.none() | st.binary(max_size=50))
def test_a_damaged_cache_makes_no_interpreter_unusable(
    machine: Machine, seed: int, odd: Any, cut: bytes | None
) -> None:
    machine.odd = "none"
    machine.cache.unlink(missing_ok=True)
    assert "sound" in machine.found()
    chance = random.Random(seed)  # noqa: S311 - no secret
    digest, _, text = machine.cache.read_text("utf-8").partition(" ")
    spoilt = f"{digest} {json.dumps(mutated(json.loads(text), chance, odd))}"
    machine.cache.write_bytes(spoilt.encode() if cut is None else cut)
    assert "sound" in machine.found()
