"""Variables of the caller's shell that would get into figures: no child of ours gets them."""

from __future__ import annotations

TYPE_CHECKING = False  # as in `errors`
if TYPE_CHECKING:
    from typing import Final

# How their names begin.  Windows' names are case-insensitive; `os.environ` has them in upper case.
CLEARED: Final = (
    # PYTHON_GIL=0 makes a GIL build refuse to start, PYTHON_GIL=1 turns a free-threaded build into
    # another arm, PYTHONHOME breaks it, PYTHONDONTWRITEBYTECODE makes every spawned child compile.
    *("PYTHON", "_PYTHON", "__PYVENV_LAUNCHER__"),
    # Allocators: how much memory a thread has, and what that costs.
    *("MALLOC", "Malloc", "GLIBC_TUNABLES", "HUGETLB_"),
    *("MIMALLOC_", "JE_MALLOC", "_RJEM_", "TCMALLOC_", "SCUDO_"),
    # A preload may be an allocator, a tracer or a false clock; LD_BIND_NOW makes starts dearer.
    *("LD_", "DYLD_"),
    # Threads of a library's own beside our workers.
    *("OMP_", "GOMP_", "KMP_", "OPENBLAS_", "GOTO_", "MKL_", "BLIS_", "VECLIB_", "NUMEXPR_"),
    # The pools that are measured.
    *("LOKY_", "JOBLIB_", "DASK_", "RAY_", "SPARK_", "PYSPARK_"),
    # Which code hashes.
    "OPENSSL_",
    # Every process counts the lines that it runs.
    *("COVERAGE_", "COV_CORE_"),
    # With none, a CPython has UTF-8, as 3.15 always does; with another it loads other codecs.
    *("LANG", "LC_"),
)

# A build may not start without the libraries that these lead to: they stay, and are recorded.
KEPT: Final = (
    "LD_LIBRARY_PATH",
    *("DYLD_LIBRARY_PATH", "DYLD_FALLBACK_LIBRARY_PATH"),
    *("DYLD_FRAMEWORK_PATH", "DYLD_FALLBACK_FRAMEWORK_PATH"),
)

# What libraries read of how many threads they may have: a worker of a trial is given one.
NATIVE_THREADS: Final = (
    *("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "BLIS_NUM_THREADS"),
    *("NUMEXPR_NUM_THREADS", "VECLIB_MAXIMUM_THREADS", "RAYON_NUM_THREADS", "POLARS_MAX_THREADS"),
)


def is_cleared(name: str) -> bool:
    """Tell whether a variable is not handed on."""
    return name.startswith(CLEARED) and name not in KEPT
