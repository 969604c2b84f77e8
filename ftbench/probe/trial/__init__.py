"""A user's own function in a measured process, for `ftbench try`."""
