"""Verdicts over releases as the site shows them: rigs, series, compact columns, plain texts."""
