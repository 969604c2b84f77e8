"""The main program of a cell of footprint, which workers of some modes import, as any program's.

The rest of the probe weighs more than a worker: it is loaded when all has been looked at.
"""

from __future__ import annotations

import sys

from ftbench.probe.scenarios.footprint_workers import begin

if __name__ == "__main__":
    begin(*sys.argv[2:])
    from ftbench.probe.run.cell import main

    main()
