"""Claims: what the guides claim, judged on the figures of one machine and release a page."""
