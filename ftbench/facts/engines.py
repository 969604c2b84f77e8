"""The engines: packages beside the standard library that modes and workloads need, as one table."""

from __future__ import annotations

from typing import NamedTuple


class Engine(NamedTuple):
    """What is installed under a name, and which builds it has no wheels for."""

    name: str
    title: str
    requirements: tuple[str, ...]  # pinned; what these depend on is taken as it is by then
    module: str  # what is imported, which knows its version
    size: str  # of what is installed
    usual: bool = True  # else it is installed where it is named
    # Why this version is not for all builds, and for which it is: none, unless it is `measured`.
    limit: str = ""
    measured: bool = True
    free_threaded: bool = True
    below: tuple[int, int] | None = None  # the first series without wheels
    # Beside `ftbench.pythons`, as pip has them, with hashes: one that has no wheels is built by it.
    file: str = ""

    def why_not(self, series: tuple[int, int], *, free_threaded: bool) -> str | None:
        """Return why no build of this kind can have it, None if one can."""
        too_new = self.below is not None and series >= self.below
        if not self.measured or too_new or (free_threaded and not self.free_threaded):
            return self.limit
        return None


_TABLE = (
    Engine(
        name="joblib",
        title="joblib",
        requirements=("joblib==1.6.0",),
        module="joblib",
        size="3 MB",
    ),
    Engine("numpy", "NumPy", ("numpy==2.5.5",), "numpy", "70 MB"),
    Engine("numba", "Numba", ("numba==0.68.1",), "numba", "280 MB"),
    Engine("scikit-learn", "scikit-learn", ("scikit-learn==1.9.1",), "sklearn", "260 MB"),
    Engine(
        name="opencv",
        title="OpenCV",
        requirements=("opencv-python-headless==5.0.0.93",),
        module="cv2",
        size="220 MB",
        limit="opencv-python-headless 5.0.0.93 has only abi3 wheels, which no free-threaded "
        "build can load",
        free_threaded=False,
    ),
    # Its size is that of CUDA's libraries, without which its wheels for Linux do not load.
    Engine("torch", "PyTorch", ("torch==2.14.1",), "torch", "5.4 GB", usual=False),
    Engine(
        name="dask",
        title="Dask",
        requirements=("dask==2026.8.0", "distributed==2026.8.0"),
        module="dask",
        size="43 MB",
    ),
    Engine("mpire", "mpire", ("mpire==2.10.2",), "mpire", "12 MB"),
    Engine(
        name="ray",
        title="Ray",
        requirements=("ray==2.60.0",),
        module="ray",
        size="260 MB",
        usual=False,
        limit="ray 2.60.0 has no wheels for free-threaded builds (ray#47933), nor for CPython 3.15",
        free_threaded=False,
        below=(3, 15),
    ),
    Engine(
        name="spark",
        title="Spark",
        requirements=("pyspark==4.3.0",),
        module="pyspark",
        size="490 MB",
        usual=False,
        file="pyspark.txt",
    ),
    Engine(
        name="flink",
        title="Flink",
        requirements=("apache-flink==2.3.0",),
        module="pyflink",
        size="330 MB",
        limit="apache-flink 2.3.0 has wheels for CPython 3.9 to 3.12 only",
        measured=False,
    ),
)
ENGINES = {engine.name: engine for engine in _TABLE}


def engine_named(name: str) -> Engine:
    """Return the engine called `name`; raises `UsageError` if there is none."""
    if name in ENGINES:
        return ENGINES[name]
    from ftbench.errors import unknown  # noqa: PLC0415 - few cells come here

    raise unknown("engine", name, ENGINES)
