"""One cell in a clean process: asked for, guarded, run, watched, written down."""

# What a program of ours answers stands behind it: a `sitecustomize` or a hook of an interpreter may
# print anything before that, even without ending its line.
MARK = "ftbench answers: "
