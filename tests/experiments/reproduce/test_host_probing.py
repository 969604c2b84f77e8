"""One cell on an interpreter of this machine, as the host runs it."""

from __future__ import annotations

import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import psutil
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ftbench.errors import FtbenchError, GilStateError, UsageError, error_class
from ftbench.experiments import harness
from ftbench.experiments.harness import environment_folder, probe
from ftbench.probe.run.document import Measurement
from ftbench.pythons import Interpreter


def lifecycle(python: Interpreter, *, gil: bool, task: str = "empty") -> Measurement:
    return probe(
        python,
        "lifecycle",
        mode="threads",
        params={"workers": 2, "task": task},
        profile="rounds=3",
        gil=gil,
        deadline=30.0,
    )


def test_a_cell_is_measured_as_it_was_asked_for(ft_python: Interpreter) -> None:
    for gil in (True, False):
        measured = lifecycle(ft_python, gil=gil)
        assert measured.gil.asked is measured.gil.after is gil
        assert measured.params == {"workers": 2, "task": "empty"}
        assert (measured.profile, len(measured.metrics["round"].samples)) == ("rounds=3", 3)
        assert measured.build == ft_python.build.record()


def test_an_error_of_the_probe_is_of_its_class_with_its_story(gil_python: Interpreter) -> None:
    with pytest.raises(GilStateError, match="cannot run without its GIL") as caught:
        lifecycle(gil_python, gil=False)
    assert "3.14t" in caught.value.story
    with pytest.raises(UsageError, match="task 'emty' is not known"):
        lifecycle(gil_python, gil=True, task="emty")


_ASKS = """
import sys
from pathlib import Path
from ftbench.experiments.harness import probe

probe(Path(sys.argv[1]), "lifecycle", mode="threads", params={}, profile="rounds=100000", gil=True)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX alone kills so")
def test_nothing_is_left_of_a_cell_whose_asker_was_killed() -> None:
    asker = subprocess.Popen([sys.executable, "-c", _ASKS, sys.executable])
    below: list[psutil.Process] = []
    folders: list[str] = []
    end = time.monotonic() + 30
    while len(folders) < 2 and time.monotonic() < end:  # of the probe, and of its cell
        time.sleep(0.05)
        below = psutil.Process(asker.pid).children(recursive=True)
        with suppress(psutil.NoSuchProcess):
            words = [each.cmdline() for each in below]
            folders = [each[5] for each in words if "ftbench.probe.run.guard" in each]
    asker.kill()
    asker.wait()
    assert len(folders) == 2
    _gone, alive = psutil.wait_procs(below, timeout=20)
    assert alive == []
    assert not any(Path(each).exists() for each in folders)


@given(st.integers(1, 255), st.text(), st.text())
def test_whatever_the_probe_says_in_the_end_is_an_error(code: int, before: str, said: str) -> None:
    words = f"{before}\nftbench.probe: {said}"
    error = harness._error_of(code, words)
    assert type(error) is error_class(code)
    assert error.message


def test_a_probe_without_a_word_is_an_error_with_its_code() -> None:
    error = harness._error_of(137, "")
    assert type(error) is FtbenchError
    assert "137" in error.message


def test_a_crash_is_told_by_its_last_line() -> None:
    err = "Traceback (most recent call last):\n  File x\nImportError: no module\n"
    error = harness._error_of(1, err)
    assert "ImportError: no module" in str(error)


def test_two_builds_have_two_environments(pair: tuple[Interpreter, Interpreter]) -> None:
    gil, free_threaded = map(environment_folder, pair)
    assert gil != free_threaded
    assert gil.parent == free_threaded.parent
