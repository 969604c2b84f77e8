"""Stands for asv on a fleet's host: `fake_cell.py IDENTITY WORK HOST`, in the folder of the suite.

What the benchmark is called says how it goes: "fails" always, "once-..." the first time, and
"slow-..." takes 3 s. `measured.txt` in the agent's folder has a line for each that ended well.
"""

import json
import sys
import time
from pathlib import Path

# As asv 0.6.6 writes them, of one benchmark without parameters.
COLUMNS = (
    *("result", "params", "version", "started_at", "duration", "stats_ci_99_a", "stats_ci_99_b"),
    *("stats_q_25", "stats_q_75", "stats_number", "stats_repeat", "samples", "profile"),
)


def results(host: str, bench: str, started_at: float, value: float = 1.0) -> dict[str, object]:
    """Return the content of a result file of 3.14.7."""
    row = [[value], [], "1", int(started_at * 1000), 0.1, *([None],) * 6, [[value]]]
    return {
        "commit_hash": "31407f00",
        "env_name": "cpython-pygil-buildsource-profilesmoke",
        "date": 0,
        "params": {"machine": host, "python": "gil", "build": "source", "profile": "smoke"},
        "python": "gil",
        "requirements": {},
        "env_vars": {},
        "result_columns": COLUMNS,
        "results": {f"{bench}.Class.track_round": row},
        "durations": {},
        "version": 2,
    }


def main() -> int:
    """Measure nothing, and write results of it."""
    identity, asked, host = sys.argv[1:]
    bench = json.loads(Path(asked).read_text(encoding="utf-8"))["bench"]
    agent = Path.cwd().parents[1]
    begun = time.time()
    (agent / f"{bench}.begun").touch()
    time.sleep(3.0 if bench.startswith("slow") else 0.1)
    tried = (agent / f"{bench}.tried").exists()
    (agent / f"{bench}.tried").touch()
    if bench.startswith("fails") or (bench.startswith("once") and not tried):
        print("no luck today")
        return 4
    folder = Path("results", host)
    folder.mkdir(parents=True, exist_ok=True)
    for path, content in (
        (folder / "machine.json", {"machine": host, "identity": identity, "version": 1}),
        (folder / "31407f00-cpython-pygil-buildsource-profilesmoke.json",
         results(host, bench, begun)),
        (folder.parent / "benchmarks.json", {"version": 2}),
    ):  # fmt: skip
        path.write_text(json.dumps(content), encoding="utf-8")
    with (agent / "measured.txt").open("a", encoding="utf-8") as file:
        file.write(f"{bench} {begun} {time.time()}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
