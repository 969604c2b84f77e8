"""`ftbench reproduce`: the article's own measurements, its way and the corrected way, judged.

plan     what the article ran, or a fraction of it, as a list of runs
runner   takes the runs, one after the other
record   what came of them, and its JSON: the only source of all that follows
figures  the figures of the tables: its way here, and the corrected one
report   the tables and the claims on them, as a report
"""
