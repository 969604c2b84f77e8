"""Advice: which mode to pay for, from what was measured and from nothing else."""
