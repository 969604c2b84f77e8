"""What makes no sense is refused at once, with what was meant and what to do."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from probing import run_probe

from ftbench.errors import UsageError
from ftbench.probe.__main__ import main
from ftbench.probe.run.measure import measure


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["lifecycl"], ["scenario 'lifecycl'", "Did you mean 'lifecycle'?", "footprint"]),
        (["lifecycle", "--mode", "thread"], ["mode 'thread'", "Did you mean 'threads'?"]),
        (
            ["lifecycle", "--mode", "processes", "--start-method", "forked"],
            ["start method 'forked'", "Did you mean 'fork'?", "spawn"],
        ),
        (["lifecycle", "--start-method", "fork"], ["--mode processes"]),
        (["lifecycle", "--set", "worker=2"], ["'worker'", "Did you mean 'workers'?"]),
        (["footprint", "--set", "task=empty"], ["footprint parameter 'task'", "workers"]),
        (["lifecycle", "--set", "task=artcle"], ["Did you mean 'article'?"]),
        (["lifecycle", "--set", "workers"], ["KEY=VALUE", "'workers'"]),
        (["lifecycle", "--profile", "fulll"], ["profile 'fulll'", "Did you mean 'full'?"]),
        (["lifecycle", "--workers", "0"], ["workers must be from 1 to", "not 0"]),
        (["lifecycle", "--workers", "10000"], ["not 10000", "fixed ladder"]),
        (["lifecycle", "--workers", "many"], ["whole number", "'many'"]),
        (["lifecycle", "--deadline", "0"], ["above 0"]),
        (["lifecycle", "--deadline", "nan"], ["above 0"]),
        (["lifecycle", "--deadline", "inf"], ["at most"]),
    ],
)
def test_a_bad_request_is_code_2(
    capsys: pytest.CaptureFixture[str], words: list[str], said: list[str]
) -> None:
    assert main(words) == 2
    out, err = capsys.readouterr()
    assert out == ""
    for each in said:
        assert each in err


def test_a_profile_that_is_none_in_the_environment_is_code_2(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FTBENCH_PROFILE", "quik")
    assert main(["lifecycle"]) == 2
    assert "Did you mean 'quick'?" in capsys.readouterr().err


def test_the_process_itself_ends_with_the_code() -> None:
    done = run_probe(sys.executable, "lifecycle", "--workers", "0")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("ftbench.probe: workers must be from 1 to ")


def test_from_python_it_is_an_error_of_ours() -> None:
    with pytest.raises(UsageError, match="Did you mean 'threads'"):
        measure("lifecycle", mode="thread")


@pytest.mark.skipif(sys.version_info >= (3, 13), reason="CPython itself refuses from 3.13 on")
def test_a_gil_switched_off_in_the_callers_shell_is_code_6(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHON_GIL", "0")
    assert main(["lifecycle"]) == 6
    assert "cannot run without its GIL" in capsys.readouterr().err


def test_a_host_python_that_is_not_there_is_code_3(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("FTBENCH_HOST_PYTHON", str(tmp_path / "no-python"))
    assert main(["footprint", "--workers", "1"]) == 3
    assert "no-python" in capsys.readouterr().err
