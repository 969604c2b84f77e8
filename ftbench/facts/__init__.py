"""Facts: one table per list of them, with the standard library alone."""
