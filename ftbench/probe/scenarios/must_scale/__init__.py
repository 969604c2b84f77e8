"""Patterns that ought to scale across threads."""
