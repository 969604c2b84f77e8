"""Names are understood alike by every command, and a wrong one is told with what was meant."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from fake_results import arms, write_project
from synthetic import Plan

import ftbench.cli as module
from ftbench.errors import NothingError, UsageError

READING = (
    ("report",),
    ("advise", "--task", "200us"),
    ("compare", "gil", "ft"),
    *(("export", "--to", form) for form in ("pyperf", "openmetrics")),
    ("export", "--to", "parquet", "-o", "all.parquet"),
)
NOTHING, WRONG = NothingError.exit_code, UsageError.exit_code


@pytest.fixture(autouse=True)
def _in_a_project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    plan = Plan(releases=("3.13.15", "3.14.2"), machine="big-box", arms=arms("gil", "ft"))
    write_project(tmp_path, plan, noise=False, only=("e.track_round", "Crossover.track_"))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("FTBENCH_PYTHONS", "")
    monkeypatch.setenv("FTBENCH_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("PATH", "")


def ended(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], *words: str
) -> tuple[int, str]:
    """Return how `ftbench WORDS` ends, and what it says of it."""
    monkeypatch.setattr(sys, "argv", ["ftbench", *words])
    with pytest.raises(SystemExit) as raised:
        module.main()
    return int(raised.value.code or 0), capsys.readouterr().err


@pytest.mark.parametrize("command", READING, ids=" ".join)
@pytest.mark.parametrize(
    ("words", "meant"),
    [
        (("--release", "3.14.22"), "3.14.2"),
        (("--release", "3.99"), ""),
        (("--machine", "bigbox"), "big-box"),
        (("--machine", "BIG"), "big-box"),
        (("--profile", "fulll"), "full"),
        (("--arm", "ft-gil"), "ft-gil1"),
        (("--bench", "lifecylce"), "lifecycle"),
    ],
    ids=str,
)
def test_a_wrong_name_is_told_with_what_was_meant(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    command: tuple[str, ...],
    words: tuple[str, ...],
    meant: str,
) -> None:
    if (command[0], words[0]) == ("advise", "--bench"):
        pytest.skip("it has no such option")
    code, said = ended(monkeypatch, capsys, *command, *words)
    assert code == (NOTHING if words[0] == "--release" else WRONG), said
    assert f"Did you mean {meant!r}?" in said if meant else "Did you mean" not in said
    if code == NOTHING:
        assert "There are some of 3.13.15, 3.14.2." in said
        assert "ftbench bench" not in said  # it is not installed here


@pytest.mark.parametrize("command", READING[:2] + READING[3:], ids=" ".join)
@pytest.mark.parametrize("release", ["3.14.2t", "3.14t", "v3.14.2t", "3.14+freethreaded"])
def test_a_release_is_named_by_its_series_and_with_its_build(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    command: tuple[str, ...],
    release: str,
) -> None:
    assert ended(monkeypatch, capsys, *command, "--release", release)[0] in {0, NOTHING}
    code, said = ended(monkeypatch, capsys, *command, "--release", release, "--arm", "gil")
    assert (code, "Leave --arm out" in said) == (WRONG, True)


@pytest.mark.parametrize(
    ("words", "meant"),
    [
        (("advize",), "advise"),
        (("reprot", "--every"), "report"),
        (("pythons", "instal"), "install"),
        (("results", "migrat"), "migrate"),
        (("export", "--to", "parqet"), "parquet"),
        (("report", "--format", "jsn"), "json"),
        (("report", "--relase", "3.14"), "--release"),
        (("bench", "--profile", "ful"), "full"),
        (("try", "json:dumps", "--input", "1", "--mode", "thread"), "threads"),
        (("compare", "3.13.15", "fft"), "ft"),
        (("compare", "machine:big", "machine:other"), "big-box"),
        (("engines", "install", "jobli"), "joblib"),
        (("overhead", "--scenario", "lifecylce"), "lifecycle"),
    ],
    ids=str,
)
def test_a_wrong_command_option_or_choice_is_told_with_what_was_meant(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    words: tuple[str, ...],
    meant: str,
) -> None:
    code, said = ended(monkeypatch, capsys, *words)
    assert code == WRONG, said
    assert said.count(f"Did you mean {meant!r}?") == 1, said
