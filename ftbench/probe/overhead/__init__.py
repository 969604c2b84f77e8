"""What the harness itself costs: its loops against bare ones."""
