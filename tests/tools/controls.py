"""Prints what the patterns of must_scale cost two threads, in both arms, by time and by CPU time.

    python tests/tools/controls.py PYTHON [PYTHON ...] [--profile quick] [--only constants]

The share-nothing control ought to come out at 1.00, within 0.05, on two cores: by CPU time on a
busy machine too.  A row that does not ends with a mark.  Wants the harness importable.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
from pathlib import Path
from typing import Any

from ftbench.probe.scenarios.must_scale import LEDGER
from ftbench.results.health import CONTROL_WITHIN

ROOT = Path(__file__).parent.parent.parent
COLUMNS = ("control_2", "control_cpu_2", "relative_2", "relative_cpu_2")


def document(python: str, pattern: str, profile: str) -> dict[str, Any]:
    """Return what the probe says of a pattern."""
    words = ["-m", "ftbench.probe", "must_scale", "--set", f"pattern={pattern}"]
    done = subprocess.run(
        [python, *words, "--profile", profile, "--json"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        sys.exit(done.stderr)
    read: dict[str, Any] = json.loads(done.stdout)
    return read


def main() -> None:
    """Measure every pattern by each interpreter, print a row of each."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("pythons", nargs="+", metavar="PYTHON")
    parser.add_argument("--profile", default="quick")
    parser.add_argument("--only", default="", help="patterns whose name has this")
    args = parser.parse_args()
    for python in args.pythons:
        print(f"\n{python}\n\n| pattern | {' | '.join(COLUMNS)} | on CPU, control | kept, lost | |")
        print("|---" * (len(COLUMNS) + 4) + "|", flush=True)
        for pattern in (each for each in LEDGER if args.only in each):
            said = document(python, pattern, args.profile)
            middles = [statistics.median(said["metrics"][name]["samples"]) for name in COLUMNS]
            notes = said["notes"]
            off = [
                name
                for name, ratio in zip(COLUMNS[:2], middles, strict=False)
                if abs(ratio - 1) > CONTROL_WITHIN
            ]
            print(
                f"| {pattern} | {' | '.join(f'{ratio:.3f}' for ratio in middles)} |"
                f" {notes['on_cpu']['control_2']:.0%} | {notes['pairs']['control_2']},"
                f" {notes['lost']['control_2']} | {', '.join(off)} |",
                flush=True,
            )


if __name__ == "__main__":
    main()
