"""`--format github` and the action: annotations, the step's summary, the exit code of compare."""

from __future__ import annotations

import os
import sys
import sysconfig
from pathlib import Path
from typing import Any

import pytest
import yaml
from commands import Command
from fake_results import arms, result_file, slow_down, write_project
from probing import ran
from synthetic import Plan

from ftbench.cli.report import compare
from ftbench.errors import RegressionError, UsageError
from ftbench.report.document import Document, Part, Row, Table, Tone
from ftbench.report.markup import workflow_commands

COMPARE = Command(compare)
RELEASES = ("3.13.5", "3.13.15")
ROOT = Path(__file__).parents[2]
ACTION: dict[str, Any] = yaml.safe_load((ROOT / "action.yml").read_text("utf-8"))


@pytest.fixture
def summary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project in which a release is slower, in a step of a workflow."""
    results = write_project(tmp_path, Plan(releases=RELEASES, arms=arms("ft")))
    slow_down(result_file(results, "3.13.15", "ft"), 1.5, cells=2)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(tmp_path / "summary.md"))
    return tmp_path / "summary.md"


def test_what_is_worse_is_annotated_and_summed_up(summary: Path) -> None:
    summary.write_text("# before\n", encoding="utf-8")
    assert COMPARE.code(*RELEASES, "--format", "github") == RegressionError.exit_code
    lines = COMPARE.printed(*RELEASES, "--format", "github").splitlines()
    head = "::error title=Before%3A CPython 3.13.5. After%3A CPython 3.13.15.::"
    head += "quiet-vm, ft, full profile, source-gcc12, verdict worse, "
    assert len(lines) == 2
    assert all(line.startswith(f"{head}series lifecycle, time per round: ") for line in lines)
    text = summary.read_text("utf-8")
    assert text.startswith("# before\n# Before: CPython 3.13.5.")
    assert text.count("| worse |") == 4  # of both calls


def test_nothing_worse_is_said_too_and_without_a_step_there_is_no_summary(
    summary: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("GITHUB_STEP_SUMMARY")
    said = COMPARE.printed(*reversed(RELEASES), "--format", "github", "--bench", "spawn")
    assert "::error" not in said
    assert said.startswith("::notice title=")
    assert not summary.exists()


def test_no_text_can_end_a_command_or_begin_another() -> None:
    hostile = "a%b\n::set-output name=x::y\r,:"
    row = Row(cells=(hostile, "b"), tone=Tone.BAD)
    table = Table(columns=("x", "y"), rows=(row,))
    document = Document(
        title=hostile, record={}, parts=(Part(tables=(table,)),), warnings=(hostile,)
    )
    lines = workflow_commands(document).splitlines()
    assert [line.split(" ")[0] for line in lines] == ["::error", "::warning"]
    for line in lines:
        title, _, message = line.partition(" title=")[2].partition("::")
        assert not set(",:\r\n") & set(title)
        assert "%25b" in title
        assert "%25b" in message


# What is installed here need not be fetched.
PYTHON = {
    "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
    "PYTHONPATH": sysconfig.get_path("purelib"),
}


def run(step: dict[str, Any], inputs: dict[str, str], environ: dict[str, str]) -> Any:
    """Run a step's shell as GitHub does, its expressions filled in by `inputs`."""
    given = {"github.action_path": str(ROOT), **{f"inputs.{k}": v for k, v in inputs.items()}}
    env = {name: given[text.strip("${} ")] for name, text in step["env"].items()}
    return ran(
        ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", step["run"]],
        env={**os.environ, **PYTHON, **environ, **env},
        timeout=None,
    )


@pytest.fixture(scope="module")
def runner(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a runner's folder in which the first step was run; what ftbench needs it has of us."""
    if os.name == "nt":
        pytest.skip("the action's shell is bash")
    temp = tmp_path_factory.mktemp("runner")
    install, _ = ACTION["runs"]["steps"]
    done = run(install, {}, {"RUNNER_TEMP": str(temp)})
    if "No matching distribution" in done.stderr or "connection" in done.stderr.lower():
        pytest.skip("no index of packages can be reached")
    assert done.returncode == 0, done.stderr
    assert list(temp.glob("ftbench/lib/python*/site-packages/ftbench/cli/__init__.py"))
    return temp


@pytest.mark.parametrize(
    ("inputs", "code"),
    [
        ({"before": "3.13.5", "after": "3.13.15"}, RegressionError.exit_code),
        ({"before": "3.13.5t", "after": "3.13", "options": "--arm gil"}, UsageError.exit_code),
        ({"before": "3.13.15", "after": "3.13.5", "options": "--arm ft --bench spawn"}, 0),
        ({"before": "$(touch hacked)", "after": "`touch hacked`"}, UsageError.exit_code),
    ],
)
def test_the_action_installs_compares_and_fails_with_compare(
    summary: Path, tmp_path: Path, runner: Path, inputs: dict[str, str], code: int
) -> None:
    names = {name: each.get("default", "") for name, each in ACTION["inputs"].items()}
    _, step = ACTION["runs"]["steps"]
    done = run(step, names | inputs, {"RUNNER_TEMP": str(runner)})
    assert done.returncode == code, done.stderr
    assert ("::error title=" in done.stdout) is (code == RegressionError.exit_code)
    assert summary.exists() is (code in {0, RegressionError.exit_code})
    assert not (tmp_path / "hacked").exists()


def test_no_input_is_written_into_a_shell() -> None:
    steps = ACTION["runs"]["steps"]
    assert all("${{" not in step["run"] for step in steps)
    assert {each["shell"] for each in steps} == {"bash"}
    used = {text.strip("${} ") for step in steps for text in step["env"].values()}
    used |= {step["working-directory"].strip("${} ") for step in steps[1:]}
    assert used == {"github.action_path", *(f"inputs.{name}" for name in ACTION["inputs"])}
