"""`ftbench pythons`: one line each, or one document."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner
from fake_builds import fake_interpreter
from fake_results import arms, write_project
from synthetic import Plan

from ftbench.cli import cpythons
from ftbench.errors import UsageError
from ftbench.pythons import Interpreter, PythonBuild, Survey, Unusable
from ftbench.pythons import install as install_module
from ftbench.pythons.interpreter import Spec
from ftbench.report.output import Format, rendered

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


def test_releases_say_what_is_installed_and_what_was_measured_on_which_machine(
    found: Survey, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of those that are not listed, too; none of it has to be there."""
    monkeypatch.setattr(cpythons, "discover", lambda: found.interpreters)
    monkeypatch.chdir(tmp_path)
    bare = CliRunner().invoke(cpythons.releases, []).output
    plans = [
        Plan(releases=("3.14.2",), machine=machine, profile=profile, arms=arms("ft"))
        for machine, profile in (("a", "full"), ("a", "quick"), ("b", "full"))
    ]
    write_project(tmp_path, *plans, noise=False, only="track_round")
    text = CliRunner().invoke(cpythons.releases, []).output
    rows = [line.split() for line in text.splitlines()]
    at = rows.index(["3.14.2", "2025-12-05", "3.14.2,", "3.14.2t", "a", "full,", "quick"])
    assert rows[at + 1] == ["b", "full"]
    assert bare.splitlines()[at].split() == ["3.14.2", "2025-12-05", "3.14.2,", "3.14.2t"]
    document = json.loads(CliRunner().invoke(cpythons.releases, ["--format", "json"]).output)
    (one,) = (each for each in document if each["version"] == "3.14.2")
    assert one["installed"] == ["3.14.2", "3.14.2t"]
    assert one["measured"] == {"a": ["full", "quick"], "b": ["full"]}
    assert len(one["commit"]) == 40


def test_a_path_is_never_broken_in_a_narrow_terminal(
    found: Survey,
) -> None:
    long = fake_interpreter(f"/{'very/' * 30}long/bin/python3")
    document = cpythons._pythons(replace(found, interpreters=(long,)))
    lines = rendered(document, Format.TABLE, width=80).splitlines()
    assert str(long.executable) in (line.strip() for line in lines)
    assert all(len(line) <= 80 for line in lines if len(line.split()) > 1)
