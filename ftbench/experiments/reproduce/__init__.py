"""`ftbench reproduce`: the article's own measurements, its way and the corrected way, judged.

knobs    what the article ran, and a fraction of it
plan     the runs that this takes, as values
runner   runs them, one after the other
record   what came of them, and its JSON: the only source of all that follows
figures  the tables: the article's figure, its way here, the corrected one; the claims
text     all this in a terminal
page     all this as one HTML file
job      the whole: measures, tells, raises what failed
"""
