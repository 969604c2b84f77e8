"""Whether the measuring stick beside a process says how slow that process was: docs/stick.md.

    python tests/tools/stick_spread.py [RESULTS]

Of each scenario's times: how far the processes of a cell are apart, the same over the stick's
seconds beside each, and what share of the stick's differences the cells have too.
"""

from __future__ import annotations

import math
import sys
from collections import defaultdict
from pathlib import Path
from statistics import covariance, fmean, median, pstdev, variance

from ftbench.results import Figure, read_results

_LEAST = 3


def logs(figure: Figure) -> tuple[list[float], list[float]]:
    """Return the logarithms of each process's seconds, and of its stick's."""
    cell = [math.log(median(own)) for own in figure.by_process]  # in one run, all by one factor
    return cell, [math.log(seconds) for *_, seconds in figure.speeds]


def usable(figure: Figure) -> bool:
    """Tell whether the processes of a figure have a stick each, in one run, and all took time."""
    processes = figure.by_process
    same = len(processes) == len(figure.speeds) >= _LEAST and len(figure.runs) == 1
    return same and figure.unit == "seconds" and all(min(own) > 0 for own in processes)


def main(results: Path) -> None:
    """Print a row for each scenario."""
    figures = [figure for figure in read_results(results).figures if usable(figure)]
    by_scenario: dict[str, list[tuple[list[float], list[float]]]] = defaultdict(list)
    for figure in figures:
        by_scenario[figure.benchmark.partition(".")[0]].append(logs(figure))
    print("| scenario | series | of seconds | over the stick | of the stick | share in common |")
    print("|---|---|---|---|---|---|")
    for name, pairs in sorted(by_scenario.items()):
        apart = [math.sqrt(variance(cell)) for cell, _ in pairs]
        over = [
            math.sqrt(variance([a - b for a, b in zip(cell, stick, strict=True)]))
            for cell, stick in pairs
        ]
        sticks = [math.sqrt(variance(stick)) for _, stick in pairs]
        common = fmean(covariance(*pair) for pair in pairs)
        share = common / fmean(variance(stick) for _, stick in pairs)
        spreads = " | ".join(f"{median(each):.1%}" for each in (apart, over, sticks))
        print(f"| `{name}` | {len(pairs)} | {spreads} | {share:.2f} |")
    speeds = {id(figure.speeds): figure.speeds for figure in figures}.values()
    every = [math.log(seconds) for of in speeds for *_, seconds in of]
    print(f"{len(every)} processes; the stick's seconds: {pstdev(every):.1%} (logarithms)")


if __name__ == "__main__":
    main(Path(sys.argv[1] if sys.argv[1:] else "results"))
