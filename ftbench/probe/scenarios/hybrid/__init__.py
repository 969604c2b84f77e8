"""Threads fetch, workers crunch."""
