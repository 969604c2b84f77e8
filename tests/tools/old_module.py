"""An extension module that declares nothing, as all were before builds without a GIL."""

from __future__ import annotations

import shutil
import subprocess
import sysconfig
from pathlib import Path

import pytest

from ftbench.pythons import Interpreter
from ftbench.pythons.asking import answer_of

OLD_MODULE = """
#include <Python.h>
static struct PyModuleDef module = {PyModuleDef_HEAD_INIT, "_old", NULL, -1, NULL};
PyMODINIT_FUNC PyInit__old(void) { return PyModule_Create(&module); }
"""


def with_old_module(python: Interpreter, folder: Path) -> None:
    """Make an extension module as they were before anything else than one GIL was known."""
    compiler = shutil.which("cc")
    paths = "import json, sysconfig as s; print(MARK + json.dumps(s.get_paths()['include']))"
    include = answer_of(python.executable, paths, deadline=30)
    suffix = "import json, sysconfig as s; print(MARK + json.dumps(s.get_config_var('EXT_SUFFIX')))"
    if compiler is None or not Path(include, "Python.h").exists():
        pytest.skip("there is no compiler or no Python.h")
    (folder / "helping").mkdir(exist_ok=True)
    (folder / "helping" / "__init__.py").touch()
    (folder / "helping" / "old.py").write_text("import _old\n", encoding="utf-8")
    (folder / "_old.c").write_text(OLD_MODULE, encoding="utf-8")
    target = folder / f"_old{answer_of(python.executable, suffix, deadline=30)}"
    flags = ["-shared", "-fPIC", *(sysconfig.get_config_var("LDSHARED_EXTRA") or "").split()]
    defines = ["-DPy_GIL_DISABLED=1"] if python.build.free_threaded else []
    command = [
        compiler,
        *flags,
        *defines,
        f"-I{include}",
        str(folder / "_old.c"),
        "-o",
        str(target),
    ]
    subprocess.run(command, check=True, capture_output=True)
