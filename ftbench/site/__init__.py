"""The published site: our first page, and what makes asv's own pages work offline and by name."""
