"""What results mean: modes side by side, verdicts, claims, advice."""
