"""One cell in a clean process: asked for, guarded, run, watched, written down."""
