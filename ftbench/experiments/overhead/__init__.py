"""What the harness costs: its loops against bare ones on one interpreter, with intervals."""

from ftbench.experiments.overhead.job import OverheadJob, run

__all__ = ["OverheadJob", "run"]
