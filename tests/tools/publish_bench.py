"""Measures `asv publish` on made-up histories: seconds, memory, sizes of pages.

`python tests/tools/publish_bench.py --releases 10,30,60 [--out FILE]` makes a project of so many
releases on three arms and two machines (`--machines`) with about 600 series each (`--kept` leaves
fewer), publishes it, and prints a line per size; FILE gets the record.  Run it on an idle machine:
wall time is part of the record.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import resource
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import synthetic
from fake_histories import Change, History
from synthetic import Plan

from ftbench.observer import Reader, best_reader
from ftbench.releases import known_releases
from ftbench.results.ladders import existing

# Of every scenario some metrics, as a suite that tracks about 600 series would have.
KEPT = (
    "Lifecycle.track_round",
    "Lifecycle.track_cpu",
    "Footprint.track_pss",
    "Footprint.track_peak",
    "Footprint.track_per_worker",
    "Pools.track_cold",
    "Pools.track_dispatch",
    "SharedSet.track_op",
    "SharedSet.track_cpu",
    "ShardedWriters.track_op",
    "ShardedWriters.track_ack_p99",
    "Data.track_trip_1kib",
    "Data.track_trip_1mib",
    "CpuScaling.track_relative_8",
    "CpuScaling.track_unit_1",
    "Grain.track_relative_10us",
    "Grain.track_relative_1ms",
    "Crossover.track_task_100us_1kib",
    "Io.track_p99",
    "Hybrid.track_item",
    "Native.track_relative_4",
    "SingleThread.track_kernel",
    "MustScale.track_relative_4",
    "Failure.track_detect",
    "Pauses.track_max",
)
HISTORY = History(
    processes=2,
    between=0.01,
    within=0.02,
    drift=0.001,
    changes=(
        Change(release="3.14.2", factor=1.2, ends="SharedSet.track_op", arms=("ft",)),
        Change(release="3.13.5", factor=0.9, ends="track_round"),
    ),
    marked=lambda group, _params, process: group == "io.Io" and process == 1,
    noise=10,
)
_EVERY_SECONDS = 0.2


def make(folder: Path, releases: int, machines: int = 2, kept: int = len(KEPT)) -> int:
    """Write a project of so much; return how many series each of its files has."""
    names = [each.release.name for each in known_releases()][:releases]
    if len(names) < releases:
        raise SystemExit(f"Only {len(names)} releases are known.")
    plans = [
        Plan(releases=names, machine=f"vm-{seed:02d}", seed=seed, samples=6, history=HISTORY)
        for seed in range(machines)
    ]
    synthetic.write_project(folder, *plans, only=KEPT[:kept])
    listed = json.loads((folder / "results" / "benchmarks.json").read_text(encoding="utf-8"))
    return sum(sum(existing(each["params"])) for each in listed.values() if isinstance(each, dict))


def publish(folder: Path) -> dict[str, Any]:
    """Run `asv publish`; return seconds, CPU seconds, peak memory of the whole tree, sizes."""
    before, begun = _children_cpu(), time.perf_counter()
    with tempfile.TemporaryFile("w+", encoding="utf-8") as said:
        process = subprocess.Popen(
            [sys.executable, "-m", "asv", "publish"],
            cwd=folder,
            env=os.environ | {"PYTHONPATH": str(synthetic.ROOT)},
            stdout=said,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        peak = _watched(process, best_reader())
        seconds = time.perf_counter() - begun
        if process.returncode:
            said.seek(0)
            raise SystemExit(said.read())
    return {
        "seconds": round(seconds, 1),
        "cpu_seconds": round(_children_cpu() - before, 1),
        "peak_pss_mib": round(peak / 2**20),
        **_sizes(folder / "html"),
    }


def _children_cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _watched(process: subprocess.Popen[bytes], reader: Reader) -> int:
    """Wait for the end; return the most bytes that the process and its children had at a time.

    Of memory that several of them share, each has its part.
    """
    peak = 0
    while process.poll() is None:
        total = 0
        for pid in reader.group(process.pid):
            with suppress(ProcessLookupError):
                memory = reader.read(pid)
                total += memory.rss if memory.pss is None else memory.pss
        peak = max(peak, total)
        time.sleep(_EVERY_SECONDS)
    reader.close()
    return peak


def _sizes(html: Path) -> dict[str, Any]:
    """Return how many pages of ours there are, and how large they are, in bytes."""
    ours = {path: path.stat().st_size for path in html.rglob("*.html")}
    largest = max(ours, key=lambda path: ours[path])
    return {
        "pages": len(ours),
        "largest_page": str(largest.relative_to(html).parts[0]),
        "largest_page_kib": round(ours[largest] / 2**10),
        "site_mib": round(sum(p.stat().st_size for p in html.rglob("*") if p.is_file()) / 2**20),
    }


def machine() -> dict[str, Any]:
    """Return what the figures were taken on."""
    cpu = platform.processor()
    with suppress(OSError):
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
        named = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
        cpu = next(named, cpu)
    return {
        "cpu": cpu,
        "cores": os.cpu_count(),
        "system": platform.system(),
        "python": platform.python_version(),
        "load": round(os.getloadavg()[0], 2),
    }


def main() -> None:
    """Do what the module's docstring says."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--releases", default="10,30,60", help="sizes, with commas between")
    parser.add_argument("--machines", type=int, default=2)
    parser.add_argument("--kept", type=int, default=len(KEPT), help="so many metrics")
    parser.add_argument("--out", type=Path, help="where the record goes")
    parser.add_argument("--machine", default="", help="what to call this machine in the record")
    options = parser.parse_args()
    record: dict[str, Any] = {
        "kind": "publish",
        "at": datetime.now(UTC).date().isoformat(),
        "machine": {"name": options.machine} | machine(),
        "sizes": [],
    }
    for count in map(int, options.releases.split(",")):
        with tempfile.TemporaryDirectory() as folder:
            series = make(Path(folder), count, options.machines, options.kept)
            made = {"releases": count, "arms": 3, "machines": options.machines, "series": series}
            record["sizes"].append(made | publish(Path(folder)))
        print(json.dumps(record["sizes"][-1]))
        if options.out:
            options.out.write_text(json.dumps(record, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
