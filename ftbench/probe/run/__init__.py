"""One cell in a clean process: asked for, guarded, run, watched, written down."""

# Stands before an answer: a `sitecustomize` may print anything first, without ending its line.
MARK = "ftbench answers: "
# The answer that has a side of a duel do another round.
GO = "go"
