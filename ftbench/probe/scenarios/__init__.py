"""What can be measured: a module per scenario, and beside it, under its name, what its workers run.

`table` lists them and `base` says what one is; `scaling` and `reports` are what several share.
Spawned workers import this package: nothing is loaded here.
"""
