"""The native limit: `shared_set` in Rust, built here and measured like a cell of the probe.

building   finds the source (`native/` of the checkout) and rustc, and compiles
measuring  `measure`: a run under the guard, as a measurement of the probe's schema
"""

from __future__ import annotations

from ftbench.experiments.rust_limit.building import Program, build
from ftbench.experiments.rust_limit.measuring import measure

__all__ = ["Program", "build", "measure"]
