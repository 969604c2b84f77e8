"""Draws `docs/try.md` anew: runs each command of its console blocks, and puts the answer below it.

    python tests/tools/examples.py --python PATH --python PATH --minutes 33
    python tests/tools/examples.py --only shop --python PATH

A block is one command, `$ ftbench try ...`, and its answer: all of it for the sample, for the
others its first lines and what to write.  It runs in `examples/`, on the builds named, with its
share of the minutes.  For a quiet machine; run it from the project's root.  The words around the
blocks stay: read them again afterwards.
"""

from __future__ import annotations

import argparse
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from ftbench.files import write_whole

ROOT = Path(__file__).parent.parent.parent
PAGE = ROOT / "docs" / "try.md"
BLOCK = re.compile(
    r"(?m)^```console\n\$ (?P<command>ftbench try [^\n]*)\n(?P<answer>(?:.*\n)*?)```$"
)
# Of the time that a trial takes, its budget is the measuring: what comes before and after is not.
REST = 25.0
SAMPLE = "ftbench try thumbnails"
_MAIN = "from ftbench.cli import main; main()"


def brief(text: str) -> str:
    """Return of an answer what it begins with, what to write and how it ended."""
    parts = text.split("\n\n")
    kept = [each for each in parts[1:] if each.startswith(("What to write", "$ "))]
    return "\n\n".join([parts[0], *kept])


def answer(command: str, builds: Sequence[str], budget: float) -> str:
    """Return what the page has of what a command prints, and its exit code unless that is 0."""
    words = shlex.split(command)[1:]
    words += [word for build in builds for word in ("--python", build)]
    words += [] if "--budget" in words else ["--budget", f"{budget:.0f}s"]
    done = subprocess.run(
        [sys.executable, "-c", _MAIN, *words],
        cwd=ROOT / "examples",
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        text=True,
        check=False,
    )
    text = "\n".join(line.rstrip() for line in done.stdout.splitlines()).strip()
    ended = f"$ echo $?\n{done.returncode}" if done.returncode else ""
    text = "\n\n".join(filter(None, (text, ended)))
    return text if command == SAMPLE else brief(text)


def main() -> None:
    """Run all commands, or those of some trials; write the page after each."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--python", action="append", default=[], metavar="PATH")
    parser.add_argument("--only", default="", help="what the command has")
    parser.add_argument("--minutes", type=float, default=33.0)
    asked = parser.parse_args()
    text = PAGE.read_text("utf-8")
    blocks = [each["command"] for each in BLOCK.finditer(text) if asked.only in each["command"]]
    budget = max(60 * asked.minutes / max(len(blocks), 1) - REST, 10.0)
    for command in blocks:
        print(command, file=sys.stderr, flush=True)
        block = f"```console\n$ {command}\n{answer(command, asked.python, budget)}\n```"
        old = next(each[0] for each in BLOCK.finditer(text) if each["command"] == command)
        text = text.replace(old, block)
        write_whole(PAGE, text)


if __name__ == "__main__":
    main()
