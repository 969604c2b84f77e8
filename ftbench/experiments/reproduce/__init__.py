"""`ftbench reproduce`: the article's own measurements, its way and the corrected way, judged.

plan     what the article ran, or a fraction of it, as a list of runs
runner   takes the runs, one after the other
record   what came of them, and its JSON: the only source of all that follows
figures  the tables: the article's figure, its way here, the corrected one; the claims on them
report   all this as a report
"""
