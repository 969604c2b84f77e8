"""What can be measured: a module per scenario, or a package where it has a worker side of its own.

`table` lists them and `base` says what one is; `scaling` and `reports` are what several share.
Spawned workers import this package: nothing is loaded here.
"""
