"""What a shell completes: names of what was measured, of what is installed, and of ours."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from click.shell_completion import ShellComplete
from fake_results import arms, write_project
from synthetic import Plan

from ftbench.cli import cli


@pytest.fixture(autouse=True)
def _in_a_project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    plan = Plan(releases=("3.13.15", "3.14.2"), machine="box", arms=arms("gil", "ft"))
    write_project(tmp_path, plan, noise=False)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("FTBENCH_PYTHONS", sys.base_prefix)
    monkeypatch.setenv("FTBENCH_CACHE", str(tmp_path / "cache"))
    for name in ("HOME", "PYENV_ROOT"):
        monkeypatch.setenv(name, str(tmp_path))


def completed(*words: str) -> list[str]:
    *args, begun = words
    found = ShellComplete(cli, {}, "ftbench", "_").get_completions(args, begun)
    return [each.value for each in found]


@pytest.mark.parametrize(
    ("words", "names"),
    [
        (("compare", "3.14"), ["3.14", "3.14.2", "3.14.2t", "3.14t"]),
        (("compare", "3.13.15", "b"), ["box"]),
        (("compare", "3.13.15", "f"), ["ft"]),
        (("report", "--release", ""), ["3.13", "3.13.15", "3.14", "3.14.2"]),
        (("advise", "--machine", ""), ["box"]),
        (("report", "--profile", ""), ["full"]),
        (("report", "--bench", "must"), ["must_scale"]),
        (("overhead", "--scenario", "life"), ["lifecycle"]),
        (("op",), ["open"]),
        (("results", "adopt", ""), ["box"]),
        (("compare", "gil", "ft", "--build", "source-"), ["source-gcc12"]),
        (("engines", "install", "jo"), ["joblib"]),
        (("duel", "3.14", "3.14t", "--mode", "thr"), ["threads"]),
        (("duel", "3.14", "3.14t", "--bench", "must"), ["must_scale"]),
        (("try", "m:f", "--mode", "threads,as"), ["threads,asyncio", "threads,asyncio-per-thread"]),
        (("pythons", "install", "3.14.7"), ["3.14.7", "3.14.7t"]),
        (("noise", f"{os.sep}opt"), [f"{os.sep}opt"]),
    ],
    ids=str,
)
def test_names_are_completed(words: tuple[str, ...], names: list[str]) -> None:
    assert completed(*words) == names


def test_without_results_nothing_is_completed(
    tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path_factory.mktemp("elsewhere"))
    assert completed("report", "--release", "") == []


@pytest.mark.parametrize("words", [("noise",), ("bench",), ("duel", "3.14"), ("try", "--python")])
def test_what_is_installed_is_completed(words: tuple[str, ...]) -> None:
    assert ".".join(map(str, sys.version_info[:3])) in completed(*words, "3.")


SHELLS = {
    "bash": """
        COMP_WORDS=(ftbench report --release 3.14); COMP_CWORD=3
        _ftbench_completion ftbench 3.14 --release
        printf '%s\\n' "${COMPREPLY[@]}"
    """,
    "zsh": """
        [[ $_comps[ftbench] == _ftbench_completion ]] || exit 1
        compadd() { [[ $1 == -U && $4 == -a ]] && print -l ${(P)5} }
        _describe() { local pair; for pair in ${(P)3}; do print -r -- ${pair%%:*}; done }
        words=(ftbench report --release 3.14); CURRENT=4
        _ftbench_completion
    """,
    "fish": """
        complete -C "ftbench report --release 3.14"
    """,
}
BEGINS = {
    "bash": 'eval "$(_FTBENCH_COMPLETE=bash_source ftbench)"',
    "zsh": 'autoload -U compinit; compinit -u; eval "$(_FTBENCH_COMPLETE=zsh_source ftbench)"',
    "fish": "_FTBENCH_COMPLETE=fish_source ftbench | source",
}


@pytest.mark.parametrize("shell", SHELLS)
def test_a_shell_completes_by_what_readme_has_it_read(
    shell: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = shutil.which(shell)
    if program is None:
        pytest.skip(f"{shell} is not installed")
    ftbench = Path(sys.executable).with_name("ftbench")
    monkeypatch.setenv("PATH", f"{ftbench.parent}{os.pathsep}{os.environ['PATH']}")
    script = f"{BEGINS[shell]}\n{SHELLS[shell]}"
    done = subprocess.run(
        [program, "-c", script], capture_output=True, text=True, check=False, timeout=120
    )
    assert done.returncode == 0, done.stderr
    assert [line.split()[0] for line in done.stdout.splitlines()] == ["3.14", "3.14.2"], done
