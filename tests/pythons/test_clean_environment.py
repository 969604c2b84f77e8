"""Nothing of the caller's settings reaches a measured process."""

from __future__ import annotations

import json
import sys

from hypothesis import given
from hypothesis import strategies as st
from probing import document_of, program

from ftbench.facts.variables import CLEARED, KEPT
from ftbench.probe.run.child import clean_environment

NAMES = st.sampled_from(
    ["PYTHON_GIL", "PYTHONPATH", "PYTHON", "PATH", "HOME", "MYPYTHON", "OMP_NUM_THREADS", *KEPT]
)

OF_A_SHELL = {
    "GLIBC_TUNABLES": "glibc.malloc.hugetlb=1",
    "MALLOC_ARENA_MAX": "1",
    "MALLOC_CONF": "narenas:1",
    "MallocNanoZone": "0",
    "MIMALLOC_ALLOW_LARGE_OS_PAGES": "1",
    "LD_PRELOAD": "",
    "LD_BIND_NOW": "1",
    "DYLD_INSERT_LIBRARIES": "/x/libjemalloc.dylib",
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "LOKY_MAX_CPU_COUNT": "1",
    "_PYTHON_SYSCONFIGDATA_NAME": "other",
    "LC_ALL": "C",
    "LANG": "de_DE.ISO-8859-1",
}
STAYS = {"LD_LIBRARY_PATH": "/x/lib", "FTBENCH_REPEATS": "0", "LDAP": "x", "MYPYTHON": "x"}


@given(st.dictionaries(NAMES, st.text()), st.dictionaries(NAMES, st.text()))
def test_only_what_is_added_may_begin_with_what_is_cleared(
    environ: dict[str, str], extra: dict[str, str]
) -> None:
    before = dict(environ)
    clean = clean_environment(environ, extra)
    assert environ == before
    assert {name for name in clean if name.startswith(CLEARED)} <= {*extra, *KEPT}
    assert {name for name in before if not name.startswith(CLEARED) or name in KEPT} <= set(clean)
    assert extra.items() <= clean.items()


def test_what_would_get_into_a_figure_is_cleared_and_the_rest_stays() -> None:
    assert clean_environment({**OF_A_SHELL, **STAYS}) == STAYS


_TELLS_ITS_ENVIRONMENT = """
import os
from ftbench.probe.run import cell
real = cell.measure
def measured(*asked):
    document = real(*asked)
    document["notes"].update(environ=sorted(os.environ))
    return document
cell.measure = measured
cell.main()
"""


def test_a_measured_process_gets_none_of_it_and_can_still_start() -> None:
    shell = {name: value for name, value in OF_A_SHELL.items() if not name.startswith("_PYTHON")}
    document = document_of(
        sys.executable,
        *("lifecycle", "--mode", "threads"),
        how=program(_TELLS_ITS_ENVIRONMENT),
        environ={**shell, **STAYS},
    )
    seen = set(document["notes"]["environ"])
    assert seen.isdisjoint(OF_A_SHELL)
    assert set(STAYS) <= seen
    assert "LD_LIBRARY_PATH" in document["machine"]["libraries"]
    assert "/x/lib" not in json.dumps(document)
