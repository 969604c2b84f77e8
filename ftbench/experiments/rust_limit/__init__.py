"""The native limit: `shared_set` in Rust, built here and measured like a cell of the probe.

source      where the Rust is (`native/` of the checkout), and its digest
rustc       finds the compiler
building    compiles it once per source, compiler and processor
running     runs the program under the probe's guard
measuring   `measure`: a measurement of the probe's schema
"""

from __future__ import annotations

from ftbench.experiments.rust_limit.building import Program, build
from ftbench.experiments.rust_limit.measuring import measure

__all__ = ["Program", "build", "measure"]
