"""The benchmarks: thin classes of params and metrics; the work is in `ftbench.probe`."""
