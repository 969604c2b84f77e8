"""Spark on this machine: a Java process with N threads, each with a Python process that stays.

A task is a partition with a chunk of the items.  The Java process outlives a context, as it does in
every program: later contexts have that of the first.  There is no user interface and no log.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from typing import Any

from ftbench.facts.modes import Mode
from ftbench.probe.workers import Workers, engines
from ftbench.probe.workers.pools import CallingPool, Task

_JAVA = 17


class SparkPool(CallingPool):
    """A context's datasets (RDD); a job is submitted and awaited for every task or map."""

    # A worker is made where a task finds none idle: shorter ones keep too few busy at a time.
    nap = 0.1

    def _map(self, function: Task, items: Sequence[Any], chunk: int, _seconds: float) -> list[Any]:
        tasks = self._library.parallelize(items, -(-len(items) // chunk))
        results: list[Any] = tasks.map(function).collect()
        return results

    def _end(self) -> None:
        self._library.stop()


def _context(_mode: Mode, workers: int) -> Any:
    folder = tempfile.gettempdir()
    no_traces = "-XX:-UsePerfData"  # else Java writes beside our folder, whatever it is told
    os.environ |= {"PYSPARK_PYTHON": sys.executable, "SPARK_LAUNCHER_OPTS": no_traces}
    pyspark = engines.load("spark")
    settings = {
        "spark.driver.host": "127.0.0.1",
        "spark.driver.bindAddress": "127.0.0.1",
        "spark.driver.extraJavaOptions": f"{no_traces} -Djava.io.tmpdir={folder}",
        "spark.local.dir": folder,
        "spark.log.level": "OFF",
        "spark.ui.enabled": "false",
        "spark.ui.showConsoleProgress": "false",
    }
    conf = pyspark.SparkConf().setMaster(f"local[{workers}]").setAppName("ftbench")
    return pyspark.SparkContext(conf=conf.setAll(settings.items()))


def _unavailable(mode: Mode) -> str | None:
    home = os.environ.get("JAVA_HOME")
    java = [f"{home}/bin/java" if home else "java", "-XX:-UsePerfData", "-version"]
    try:
        said = subprocess.run(java, capture_output=True, text=True, check=False, timeout=30).stderr
    except OSError:
        said = "there is none"
    except subprocess.TimeoutExpired as late:
        said = f"'{java[0]} -version' did not end within {late.timeout:g} s"
    found = re.search(r'version "(\d+)', said)
    if found and int(found[1]) >= _JAVA:
        return engines.unavailable(mode)
    return f"Spark needs Java {_JAVA} or newer: {said.partition(chr(10))[0]}"


WORKERS = Workers(
    pools={"spark": _context}, pool_types={"spark": SparkPool}, unavailable=_unavailable
)
