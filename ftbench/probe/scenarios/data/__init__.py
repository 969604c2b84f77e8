"""A payload goes to another worker and comes back."""
