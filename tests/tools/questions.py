"""Asks `ftbench advise --verify` questions that span the map; prints a Markdown table.

    python tests/tools/questions.py --release 3.14.7 --profile quick [--arm ft]

For a quiet machine whose results are those of the project in the current folder.  Further words
are handed on to `ftbench advise`.
"""

from __future__ import annotations

import json
import subprocess
import sys

QUESTIONS = (
    "--task 10us",
    "--task 200us --shared-writes 5%",
    "--task 1ms --payload 64KiB",
    "--task 10ms --payload 1MiB",
    "--task 100us --shared-writes 100%",
    "--task 1ms --shared-writes 100% --shared-kind sent",
    "--task 1ms --shared-writes 100% --shared-kind merged-at-end",
)
FTBENCH = (sys.executable, "-c", "from ftbench.cli import main; main()")
SETTLED = (0, 10)  # exit codes: the ranking held, or did not


def main() -> None:
    """Ask all, in turn; what went wrong is told and the next one asked."""
    print("| question | first | then | then / first | 99 % interval | the ranking |")
    print("|---|---|---|---|---|---|", flush=True)
    for question in QUESTIONS:
        command = [*FTBENCH, "advise", *question.split(), *sys.argv[1:]]
        ended = subprocess.run(
            [*command, "--verify", "--format", "json"], capture_output=True, text=True, check=False
        )
        if ended.returncode not in SETTLED:
            print(f"{question}: {ended.stderr}", file=sys.stderr, flush=True)
            continue
        for pair in json.loads(ended.stdout)["verified"]:
            names = (f"{pair[each]['arm']}, {pair[each]['mode']}" for each in ("better", "worse"))
            reach = " to ".join(f"{end:.2f}" for end in pair["interval"] or ())
            cells = (f"`{question}`", *names, f"{pair['ratio']:.2f}", reach, pair["outcome"])
            print(f"| {' | '.join(cells)} |", flush=True)


if __name__ == "__main__":
    main()
