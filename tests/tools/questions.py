"""Asks `ftbench advise --verify` questions that span the map; prints a Markdown table.

    python tests/tools/questions.py --release 3.14.7 --profile quick [--arm ft]

For a quiet machine whose results are those of the project in the current folder.  Rows are printed
as soon as they are known; a question has its share of the eight minutes that are left, and what has
not ended by then is told and left out: exit code 1.  Further words are handed on to
`ftbench advise`.
"""

from __future__ import annotations

import json
import os
import sys
import time

from ftbench.errors import FtbenchError
from ftbench.processes import run

QUESTIONS = (
    "--task 10us",
    "--task 200us --shared-writes 5%",
    "--task 1ms --payload 64KiB",
    "--task 9ms --payload 1MiB",
    "--task 100us --shared-writes 100%",
    "--task 1ms --shared-writes 100% --shared-kind sent",
    "--task 1ms --shared-writes 100% --shared-kind merged-at-end",
)
FTBENCH = (sys.executable, "-c", "from ftbench.cli import main; main()")
SECONDS = 480.0
SETTLED = (0, 10)  # exit codes: the ranking held, or did not


def main() -> None:
    """Ask all, in turn; what went wrong is told and the next one asked."""
    print("| question | first | then | then / first | 99 % interval | the ranking |")
    print("|---|---|---|---|---|---|", flush=True)
    end, failed = time.monotonic() + SECONDS, False
    for done, question in enumerate(QUESTIONS):
        command = [*FTBENCH, "advise", *question.split(), *sys.argv[1:], "--verify"]
        share = max(1.0, end - time.monotonic()) / (len(QUESTIONS) - done)
        try:
            ended = run([*command, "--format", "json"], environ=os.environ, deadline=share)
        except FtbenchError as error:
            failed = True
            print(f"{question}: {error.message}", file=sys.stderr, flush=True)
            continue
        if ended.code not in SETTLED:
            failed = True
            print(f"{question}: {ended.err}", file=sys.stderr, flush=True)
            continue
        for pair in json.loads(ended.out)["verified"]:
            names = (f"{pair[each]['arm']}, {pair[each]['mode']}" for each in ("better", "worse"))
            reach = " to ".join(f"{end:.2f}" for end in pair["interval"] or ())
            cells = (f"`{question}`", *names, f"{pair['ratio']:.2f}", reach, pair["outcome"])
            print(f"| {' | '.join(cells)} |", flush=True)
    sys.exit(failed)


if __name__ == "__main__":
    main()
