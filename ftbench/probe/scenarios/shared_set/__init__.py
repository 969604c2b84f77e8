"""Workers insert ids into one set, by every strategy."""
