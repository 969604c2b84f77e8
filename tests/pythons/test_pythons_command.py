"""`ftbench pythons`: one line each, or one document."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner
from fake_builds import fake_interpreter

from ftbench.cli import cpythons
from ftbench.errors import UsageError
from ftbench.pythons import Interpreter, PythonBuild, Survey, Unusable
from ftbench.pythons import install as install_module
from ftbench.pythons.interpreter import Spec

FOUND = Survey(
    interpreters=(
        fake_interpreter("/opt/a/bin/python3", pgo=True, lto=True, free_threaded=True),
        fake_interpreter("/opt/b/bin/python3", packager="installer", pgo=None, lto=None),
    ),
    too_old=(Unusable(executable=Path("/old"), reason="CPython 3.6.1 is too old", too_old=True),),
    broken=(Unusable(executable=Path("/bad"), reason="it ended with 1"),),
)


@pytest.fixture
def found(monkeypatch: pytest.MonkeyPatch) -> Survey:
    monkeypatch.setattr(cpythons, "survey", lambda: FOUND)
    return FOUND


def test_one_line_each_uncut_and_what_cannot_be_measured_after_them(found: Survey) -> None:
    result = CliRunner().invoke(cpythons.pythons, [])
    assert result.exit_code == 0
    rows = [line for line in result.output.splitlines() if line.startswith("3.14.2")]
    lines = [line.split() for line in rows]
    executables = [str(one.executable) for one in found.interpreters]
    assert lines[0][:6] == ["3.14.2t", "source-gcc12-pgo-lto", "folder", "yes", "yes", "none"]
    assert lines[1][3:5] == ["?", "?"]  # unknown is neither yes nor no
    assert [line[-1] for line in lines] == executables
    assert result.output.splitlines()[-2:] == [
        f"broken: {Path('/bad')} (it ended with 1)",
        f"too old: {Path('/old')} (CPython 3.6.1 is too old)",
    ]


def test_json_holds_the_whole_record(found: Survey) -> None:
    document = json.loads(CliRunner().invoke(cpythons.pythons, ["--format", "json"]).output)
    assert document["schema"] == {"name": "ftbench.pythons", "version": 1}
    builds = [PythonBuild.from_record(one["build"]) for one in document["interpreters"]]
    assert builds == [one.build for one in found.interpreters]
    assert [one["digest"] for one in document["interpreters"]] == [b.digest for b in builds]
    assert document["broken"] == [{"executable": str(Path("/bad")), "reason": "it ended with 1"}]


def test_replicas_are_listed_as_what_they_are(monkeypatch: pytest.MonkeyPatch) -> None:
    one = fake_interpreter("/r/bin/python3", code_flags=("-O3", "-DFTBENCH_REPLICA=1"))
    found = Survey(interpreters=(), too_old=(), broken=(), replicas=(one,))
    monkeypatch.setattr(cpythons, "survey", lambda: found)
    said = CliRunner().invoke(cpythons.pythons, []).output
    assert f"{one.build.flavour}, a replica" in said
    document = json.loads(CliRunner().invoke(cpythons.pythons, ["--format", "json"]).output)
    assert document["interpreters"] == []
    assert [each["digest"] for each in document["replicas"]] == [one.build.digest]


def test_install_makes_replicas_beside_a_build_from_source(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Of the same kind, whatever else of the release is installed."""

    def made(spec: Spec, _console: object, **options: object) -> Interpreter:
        assert options["optimized"] is True
        return fake_interpreter(f"/{spec}/{options['replica']}/bin/python3")

    monkeypatch.setattr(install_module, "_from_source", made)
    words = ["install", "3.14.2t", "--optimized", "--replicas", "2"]
    lines = CliRunner().invoke(cpythons.pythons, words, catch_exceptions=False).output.splitlines()
    assert [line.rpartition(": ")[2] for line in lines] == [
        str(Path(f"/3.14.2t/{number}/bin/python3")) for number in range(3)
    ]
    assert [("replica" in line, "2 of 2" in line) for line in lines] == [
        (False, False),
        (True, False),
        (True, True),
    ]


def test_install_refuses_a_bad_spec_before_it_does_anything() -> None:
    result = CliRunner().invoke(cpythons.pythons, ["install", "3.14t", "nonsense"])
    assert isinstance(result.exception, UsageError)
    assert result.output == ""
