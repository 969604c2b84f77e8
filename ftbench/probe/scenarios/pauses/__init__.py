"""One worker collects garbage, the others tick."""
