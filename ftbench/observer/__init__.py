"""The observer: watches the memory of a cell's process tree from outside, on the host's Python."""
