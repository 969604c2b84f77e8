"""Says where asv's own instruments and the probe differ by more than a tenth, and why.

    python tests/tools/witnesses.py [FOLDER]

The folder has results as asv keeps them, the project's own unless it is named.
"""

from __future__ import annotations

import sys
from pathlib import Path

from ftbench.report.witnesses import table
from ftbench.results import read_results


def main() -> None:
    """Print the table, tabs between its columns."""
    here = Path(__file__).parents[2] / "results"
    tree = read_results(Path(sys.argv[1]) if sys.argv[1:] else here)
    found = table(tree.figures)
    for row in (found.columns, *(row.cells for row in found.rows)):
        print("\t".join(row))


if __name__ == "__main__":
    main()
