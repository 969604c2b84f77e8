"""Proof of power: equal things raise no alarm, and a known slowdown is found.

job       processes of every cell, as it is and slowed by known shares, in turn
trials    comparisons drawn from them, judged as releases are
report    what was found and what was missed
"""

from __future__ import annotations

from ftbench.experiments.selftest.job import SelftestJob, SelftestResult, run

__all__ = ["SelftestJob", "SelftestResult", "run"]
