"""Verdicts over results: release against release, arm against arm, machine against machine."""
