"""What `CPythonEnvironment` relies on in asv's base class and in the system below it."""

from __future__ import annotations

import inspect
import os
import subprocess
import sys
from pathlib import Path
from typing import Any, ClassVar

import pytest
from asv import environment as asv_environment
from asv import util
from asv.commands import run as asv_run
from asv.config import Config
from asv.environment import Environment, get_env_name

from ftbench.asv.environment import _SMALL_PARENT


class Plain(Environment):  # type: ignore[misc] # asv is untyped
    """An environment that is a folder, chosen by `"environment_type"`."""

    tool_name: ClassVar = "plain-for-the-contract"
    matches_python_fallback: ClassVar = False

    def __init__(self, *args: Any) -> None:
        self._requirements = args[2]  # as CPythonEnvironment does
        super().__init__(*args)

    @classmethod
    def matches(cls, python: str) -> bool:
        return python == "ft"

    def _setup(self) -> None:
        Path(self._path).mkdir(parents=True)


@pytest.fixture
def conf(tmp_path: Path) -> Config:
    conf = Config()
    conf.env_dir, conf.project = str(tmp_path / "env"), "CPython"
    conf.environment_type, conf.pythons = Plain.tool_name, ["gil", "ft"]
    conf.matrix = {"env_nobuild": {"PYTHON_GIL": [None, "1"], "PYTHON_JIT": [None, "1"]}}
    conf.exclude = [
        {"python": "gil", "env_nobuild": {"PYTHON_GIL": "1"}},
        {"python": "ft", "env_nobuild": {"PYTHON_JIT": "1"}},
    ]
    return conf


def test_the_matrix_gives_the_four_arms(conf: Config) -> None:
    """asv.conf.json is this; a null is a variable that is not set, not one that is empty."""
    found = {
        (each.python, tuple(each.env_vars.items()))
        for each in asv_environment.get_environments(conf, [Plain.tool_name])
        if isinstance(each, Plain)
    }
    assert found == {
        *(("gil", ()), ("gil", (("PYTHON_JIT", "1"),))),
        *(("ft", ()), ("ft", (("PYTHON_GIL", "1"),))),
    }


def test_requirements_are_part_of_the_name_in_order_and_a_variable_comes_last() -> None:
    """The names of result files; `environment_names` of the main job and the reader rely on it."""
    name = get_env_name(
        "cpython",
        "ft",
        {"profile": "full", "build": "source-gcc12"},
        {("nobuild", "PYTHON_GIL"): "1"},
    )
    assert name == "cpython-pyft-buildsource-gcc12-profilefull-PYTHON_GIL1"


def test_requirements_become_params_of_the_series() -> None:
    source = inspect.getsource(asv_run.Run.run)
    assert "params.update(env.requirements)" in source, "flavour and profile tell series apart"
    assert "params['python'] = env.python" in source, "so do the builds"


def test_arms_of_one_build_share_a_folder(conf: Config) -> None:
    """`env_nobuild`: one virtual environment serves the build with its GIL off and on."""
    plain = Plain(conf, "ft", {}, {})
    switched = Plain(conf, "ft", {}, {("nobuild", "PYTHON_GIL"): "1"})
    assert plain.dir_name == switched.dir_name
    assert plain.hashname != switched.hashname, "it names the file of staged records"


def test_which_release_is_selected_is_kept_on_disk(conf: Config) -> None:
    """With -j, `install_project` runs in another process than the benchmarks are started from."""
    one, other = Plain(conf, "ft", {}, {}), Plain(conf, "ft", {}, {})
    one.create()
    one._set_installed_commit_hash("31315f00")
    assert other._get_installed_commit_hash() == "31315f00"


def test_create_sets_up_a_folder_that_is_not_there(conf: Config) -> None:
    one = Plain(conf, "ft", {}, {})
    one.create()
    assert Path(one._path).is_dir()
    assert one._is_setup


def test_the_base_class_reads_the_requirements_before_it_sets_them(conf: Config) -> None:
    class Late(Environment):  # type: ignore[misc] # asv is untyped
        tool_name: ClassVar = "late-for-the-contract"
        matches_python_fallback: ClassVar = False

    with pytest.raises(AttributeError, match="_requirements"):
        Late(conf, "ft", {}, {})


def test_the_base_class_leaves_our_requirements_as_they_are(conf: Config) -> None:
    """It takes out what it would install itself: pip's packages."""
    given = {"build": "source-gcc12", "profile": "full"}
    assert Plain(conf, "ft", dict(given), {}).requirements == given


def test_run_executable_sets_a_clean_path_and_no_pythonpath(conf: Config) -> None:
    class Running(Plain):
        tool_name: ClassVar = "running-for-the-contract"

        def find_executable(self, executable: str) -> str:
            assert executable == "python"
            return sys.executable

    one = Running(conf, "ft", {}, {})
    code = "import os; print(os.environ.get('PYTHONPATH'), os.environ['ASV_ENV_NAME'])"
    said = one.run_executable("python", ["-c", code], env={**os.environ, "PYTHONPATH": "/no"})
    assert said.split() == ["None", one.name]


def test_process_and_user_errors_are_two_classes_that_one_can_be_both_of() -> None:
    """MissingInterpreterError is a failed build for `run`, "try another" for the discovery."""
    assert issubclass(util.ProcessError, Exception)
    assert issubclass(util.UserError, Exception)
    assert not issubclass(util.ProcessError, util.UserError)


CHILD = "import resource; print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024)"
"""Says its peak in MiB."""

BIG_PARENT = """
import subprocess, sys
big = b"x" * (200 << 20)
print(subprocess.check_output([sys.executable, *sys.argv[1:]], text=True).strip())
"""


@pytest.mark.skipif(sys.platform != "linux", reason="ru_maxrss survives exec on Linux")
def test_a_small_parent_keeps_asvs_own_peak_out_of_a_childs() -> None:
    """getrusage(2): ru_maxrss is inherited through exec, so a peakmem_ would be asv's own."""

    def peak(*between: str) -> int:
        words = [sys.executable, "-c", BIG_PARENT, *between, "-c", CHILD]
        return int(subprocess.check_output(words, text=True, timeout=60))

    assert peak() >= 200, "the kernel hands the peak down; if not, _SMALL_PARENT may go"
    assert peak(*_SMALL_PARENT) < 100, "CPythonEnvironment.run puts it before a peakmem_"
